//! Answers and errors in the form of their protocol, as AWS writes them.

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::xml::{self, Lists};
use crate::sandbox::call::AwsError;
use crate::sandbox::protocol::{Errors, Protocol};
use crate::sandbox::service;

/// The answer of a call.
pub(super) fn answer(
    protocol: &Protocol,
    action: &str,
    reply: service::Reply,
    request_id: &str,
) -> Response<Body> {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
    let mut response = match reply.body {
        service::Body::Tree(tree) => tree_of(protocol, action, status, tree, request_id),
        service::Body::Bytes(bytes) => {
            self::reply(status, "application/octet-stream", bytes.into())
        }
        service::Body::Later(patience) => {
            tree_of(protocol, action, status, patience.instead, request_id)
        }
        // A feed has its own way out (`feed`).
        service::Body::Feed(_) => self::reply(status, "application/octet-stream", Bytes::new()),
    };
    for (name, value) in &reply.headers {
        header(&mut response, name, value);
    }
    identified(response, request_id)
}

fn tree_of(
    protocol: &Protocol,
    action: &str,
    status: StatusCode,
    tree: Value,
    request_id: &str,
) -> Response<Body> {
    match protocol {
        Protocol::Query { namespace, .. } => reply(
            status,
            "text/xml",
            xml::answer(action, namespace, &tree, request_id).into(),
        ),
        Protocol::Json { .. } | Protocol::RestJson { .. } => reply(
            status,
            json_type(protocol),
            without_nulls(tree).to_string().into(),
        ),
        Protocol::RestXml { namespace, .. } => {
            match tree.as_object().and_then(|fields| fields.iter().next()) {
                Some((root, fields)) => reply(
                    status,
                    "application/xml",
                    xml::document(root, namespace, fields, Lists::Flat).into(),
                ),
                None => reply(status, "application/xml", Bytes::new()),
            }
        }
    }
}

/// An error.
pub(super) fn error(protocol: &Protocol, error: &AwsError, request_id: &str) -> Response<Body> {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
    let kind = if error.status >= 500 {
        "Receiver"
    } else {
        "Sender"
    };
    let wrapped = json!({
        "Error": { "Type": kind, "Code": error.code, "Message": error.message }, "RequestId": request_id,
    });
    let response = match protocol {
        Protocol::Query { namespace, .. } => reply(
            status,
            "text/xml",
            xml::document("ErrorResponse", namespace, &wrapped, Lists::Members).into(),
        ),
        Protocol::RestXml {
            namespace,
            errors: Errors::Wrapped,
            ..
        } => reply(
            status,
            "application/xml",
            xml::document("ErrorResponse", namespace, &wrapped, Lists::Flat).into(),
        ),
        Protocol::RestXml {
            errors: Errors::Bare,
            ..
        } => {
            let bare =
                json!({ "Code": error.code, "Message": error.message, "RequestId": request_id });
            reply(
                status,
                "application/xml",
                xml::document("Error", "", &bare, Lists::Flat).into(),
            )
        }
        Protocol::Json { .. } | Protocol::RestJson { .. } => {
            let text = json!({ "__type": error.code, "message": error.message }).to_string();
            let mut response = reply(status, json_type(protocol), text.into());
            header(&mut response, "x-amzn-errortype", &error.code);
            response
        }
    };
    identified(response, request_id)
}

/// A body that breaks off: the connection is closed under the caller, whatever was read of it.
pub(super) fn cut() -> Response<Body> {
    let broken = futures_util::stream::once(async {
        Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionAborted))
    });
    let mut response = Response::new(Body::from_stream(broken));
    response
        .headers_mut()
        .insert("content-length", HeaderValue::from_static("4096"));
    response
}

pub(super) fn reply(status: StatusCode, kind: &'static str, bytes: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert("content-type", HeaderValue::from_static(kind));
    response
}

/// Every answer says which request it is of, under both of the names that AWS uses.
pub(super) fn identified(mut response: Response<Body>, request_id: &str) -> Response<Body> {
    header(&mut response, "x-amzn-requestid", request_id);
    header(&mut response, "x-amz-request-id", request_id);
    response
}

fn header(response: &mut Response<Body>, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
        response.headers_mut().insert(name, value);
    }
}

fn json_type(protocol: &Protocol) -> &'static str {
    match protocol {
        Protocol::Json { version: "1.0", .. } => "application/x-amz-json-1.0",
        Protocol::Json { .. } => "application/x-amz-json-1.1",
        Protocol::RestJson { .. } | Protocol::RestXml { .. } | Protocol::Query { .. } => {
            "application/json"
        }
    }
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name, without_nulls(value)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}
