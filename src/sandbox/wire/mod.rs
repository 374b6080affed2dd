//! The wire: HTTP requests become calls, answers become XML, JSON or an event stream. Knows no stack and no log group.

pub mod query;
pub mod tail;
pub mod xml;

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use serde_json::{Value, json};

use super::call::{AwsError, Call, Service};
use super::levers;
use super::shared::Shared;
use super::world::Outcome;

const LARGEST: usize = 2 * 1024 * 1024;

/// The routes: the levers by path, everything else by its form.
pub fn router(shared: Shared) -> Router {
    Router::new()
        .route("/_holdpoint/health", axum::routing::get(|| async { "ok\n" }))
        .route("/_holdpoint/ledger", axum::routing::get(ledger))
        .route("/_holdpoint/{lever}", axum::routing::post(lever))
        .fallback(any)
        .layer(axum::extract::DefaultBodyLimit::max(LARGEST))
        .with_state(shared)
}

async fn ledger(State(shared): State<Shared>) -> Response<Body> {
    reply(StatusCode::OK, "application/x-ndjson", shared.look(|world| world.ledger.lines()))
}

/// `POST /_holdpoint/chaos` and the others pull the lever of that name.
async fn lever(State(shared): State<Shared>, axum::extract::Path(lever): axum::extract::Path<String>, body: Bytes) -> Response<Body> {
    let action = match lever.as_str() {
        "chaos" => "Chaos",
        "calm" => "Calm",
        "fail" => "Fail",
        "story" => "Story",
        "break-tails" => "BreakTails",
        _ => return reply(StatusCode::NOT_FOUND, "text/plain", format!("there is no lever {lever}\n")),
    };
    let params = if body.is_empty() { json!({}) } else { serde_json::from_slice(&body).unwrap_or(Value::Null) };
    let call = levers::lever(action, params);
    match shared.call_soon(call).await.answer {
        Ok(answer) => reply(StatusCode::OK, "application/json", answer.to_string()),
        Err(error) => reply(StatusCode::BAD_REQUEST, "text/plain", format!("{error}\n")),
    }
}

async fn any(State(shared): State<Shared>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let Some(call) = read(&method, &uri, &headers, &body) else {
        let error = AwsError::validation("the embedded cloud cannot tell which service this request is for");
        return render(Service::Sts, "Unknown", &Err(error), "none");
    };
    let outcome = shared.call_soon(call.clone()).await;
    if outcome.delay > Duration::ZERO {
        shared.pause(outcome.delay).await;
    }
    if outcome.cut {
        return cut();
    }
    if call.action == "StartLiveTail" && outcome.answer.is_ok() {
        return tail::stream(shared, &call, &outcome.request_id);
    }
    let Outcome { answer, request_id, .. } = outcome;
    render(call.service, &call.action, &answer, &request_id)
}

/// Which service and action a request is for, by its form: a target header, an `Action` in a form body, or a path.
fn read(method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Option<Call> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    let (access_key, region, scope) = credential(header("authorization"));
    let call = |service, action: &str, params| Call {
        service,
        action: action.to_owned(),
        params,
        access_key: access_key.to_owned(),
        region: region.to_owned(),
    };
    if let Some((target, action)) = header("x-amz-target").rsplit_once('.') {
        let service = match target {
            "Logs_20140328" => Service::Logs,
            "AmazonEC2ContainerServiceV20141113" => Service::Ecs,
            _ => return None,
        };
        let params = if body.is_empty() { json!({}) } else { serde_json::from_slice(body).ok()? };
        return Some(call(service, action, params));
    }
    if header("content-type").starts_with("application/x-www-form-urlencoded") {
        let params = query::tree(std::str::from_utf8(body).ok()?);
        let action = params.get("Action").and_then(Value::as_str)?.to_owned();
        let service = match (scope, params.get("Version").and_then(Value::as_str)) {
            ("sts", _) | (_, Some("2011-06-15")) => Service::Sts,
            _ => Service::CloudFormation,
        };
        return Some(call(service, &action, params));
    }
    let path = query::decode(uri.path());
    let text = String::from_utf8_lossy(body).into_owned();
    (scope == "s3" || path.len() > 1).then(|| call(Service::S3, method.as_str(), json!({"Path": path, "Body": text})))
}

/// Access key, region and service of a signature; nothing is verified.
fn credential(authorization: &str) -> (&str, &str, &str) {
    let scope = authorization.split_once("Credential=").map_or("", |(_, rest)| rest.split(',').next().unwrap_or(""));
    let mut parts = scope.split('/');
    let key = parts.next().unwrap_or("");
    let region = parts.nth(1).unwrap_or("us-east-1");
    (key, region, parts.next().unwrap_or(""))
}

fn render(service: Service, action: &str, answer: &Result<Value, AwsError>, request_id: &str) -> Response<Body> {
    let status =
        answer.as_ref().err().map_or(StatusCode::OK, |error| StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST));
    let mut response = match service {
        Service::CloudFormation | Service::Sts => {
            let namespace = match service {
                Service::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
                _ => "http://cloudformation.amazonaws.com/doc/2010-05-15/",
            };
            let text = match answer {
                Ok(result) => xml::answer(action, namespace, result, request_id),
                Err(error) => xml::error(namespace, error, request_id),
            };
            reply(status, "text/xml", text)
        }
        Service::Logs | Service::Ecs | Service::Practice => {
            let text = match answer {
                Ok(result) => without_nulls(result.clone()).to_string(),
                Err(error) => json!({ "__type": error.code, "message": error.message }).to_string(),
            };
            let mut response = reply(status, "application/x-amz-json-1.1", text);
            if let Some(code) = answer.as_ref().err().and_then(|error| error.code.parse().ok()) {
                response.headers_mut().insert("x-amzn-errortype", code);
            }
            response
        }
        Service::S3 => match answer {
            Ok(result) => reply(status, "application/octet-stream", result.get("Body").and_then(Value::as_str).unwrap_or("").to_owned()),
            Err(error) => {
                let tree = json!({ "Code": error.code, "Message": error.message, "RequestId": request_id });
                reply(status, "application/xml", xml::plain("Error", &tree))
            }
        },
    };
    if let Ok(id) = request_id.parse() {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    response
}

/// A body that breaks off: the connection is closed under the caller, whatever was read of it.
fn cut() -> Response<Body> {
    let broken = futures_util::stream::once(async { Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionAborted)) });
    let mut response = Response::new(Body::from_stream(broken));
    response.headers_mut().insert("content-length", axum::http::HeaderValue::from_static("4096"));
    response
}

pub(super) fn reply(status: StatusCode, kind: &'static str, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", axum::http::HeaderValue::from_static(kind));
    response
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name, without_nulls(value))).collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}
