//! Which call a request is: by the target header of the JSON protocols, by `Action` and `Version`
//! of the query protocol, else by method and path. A request that fits nothing still becomes a
//! call, so that the world can refuse it by what it asked for and the ledger shows it; its answer
//! is written in the form that its client most likely reads.

use axum::http::HeaderMap;
use serde_json::{Map, Value, json};

use super::{path, query, xml};
use crate::sandbox::call::{AwsError, Blob, Call};
use crate::sandbox::protocol::{Errors, Protocol, Route};
use crate::sandbox::service::Offer;

/// A request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

/// What a request says of its caller; nothing of it is verified.
#[derive(Debug, Default)]
struct Signature {
    key: String,
    region: String,
    service: String,
}

/// The services that AWS speaks REST-XML with; every other REST service speaks JSON.
const XML: [&str; 4] = ["s3", "s3-outposts", "cloudfront", "route53"];

impl Asked<'_> {
    /// The call, and the protocol that its answer is written in; an error where the body cannot be
    /// read.
    pub(super) fn read(&self, offers: &[&Offer]) -> Result<(Call, Protocol), (AwsError, Protocol)> {
        let signature = self.signature();
        let (call, protocol) =
            if let Some((target, action)) = self.header("x-amz-target").rsplit_once('.') {
                self.json(offers, target, action, &signature)?
            } else if self
                .header("content-type")
                .starts_with("application/x-www-form-urlencoded")
            {
                form(offers, self.body, &signature)?
            } else if self.path == "/"
                && form_urlencoded::parse(self.query.as_bytes()).any(|(name, _)| name == "Action")
            {
                form(offers, self.query.as_bytes(), &signature)?
            } else {
                self.rest(offers, &signature)?
            };
        Ok((call.by(&signature.key, &signature.region), protocol))
    }

    fn json(
        &self,
        offers: &[&Offer],
        target: &str,
        action: &str,
        signature: &Signature,
    ) -> Result<(Call, Protocol), (AwsError, Protocol)> {
        let offer = offers.iter().find(
            |offer| matches!(offer.protocol, Protocol::Json { target: own, .. } if own == target),
        );
        let version = if self.header("content-type").ends_with("1.0") {
            "1.0"
        } else {
            "1.1"
        };
        let protocol = offer.map_or(
            Protocol::Json {
                version,
                target: "",
            },
            |offer| offer.protocol,
        );
        let name = offer.map_or(
            if signature.service.is_empty() {
                target
            } else {
                &signature.service
            },
            |offer| offer.name,
        );
        let params = self.tree().map_err(|error| (error, protocol))?;
        Ok((Call::new(name, action, params), protocol))
    }

    /// An unsigned request is for the service whose route fits best, as an anonymous one of AWS is
    /// known by its host.
    fn rest(
        &self,
        offers: &[&Offer],
        signature: &Signature,
    ) -> Result<(Call, Protocol), (AwsError, Protocol)> {
        let signed =
            |offer: &&&Offer| signature.service.is_empty() || offer.signing == signature.service;
        let fits = offers.iter().filter(signed).flat_map(|offer| {
            let routes = offer
                .protocol
                .routes()
                .iter()
                .filter(|route| route.method == self.method);
            routes.filter_map(|route| {
                Some((path::fit(route.path, self.path, self.query)?, *offer, route))
            })
        });
        if let Some((fit, offer, route)) = fits.max_by_key(|(fit, ..)| fit.rank) {
            let (params, body) = self
                .input(route, fit.labels, &offer.protocol)
                .map_err(|error| (error, offer.protocol))?;
            return Ok((
                Call {
                    body,
                    ..Call::new(offer.name, route.action, params)
                },
                offer.protocol,
            ));
        }
        let action = format!("{} {}", self.method, self.path);
        let offer = offers
            .iter()
            .find(|offer| offer.signing == signature.service);
        let xml = Protocol::RestXml {
            routes: &[],
            namespace: "",
            errors: Errors::Wrapped,
        };
        let guess = match signature.service.as_str() {
            "s3" => Protocol::RestXml {
                routes: &[],
                namespace: "",
                errors: Errors::Bare,
            },
            name if XML.contains(&name) => xml,
            _ => Protocol::RestJson { routes: &[] },
        };
        let (name, protocol) = offer.map_or((signature.service.as_str(), guess), |offer| {
            (offer.name, offer.protocol)
        });
        Ok((Call::new(name, &action, json!({})), protocol))
    }

    /// The parameters of a REST call: its body, then its query, its headers, its path.
    fn input(
        &self,
        route: &Route,
        labels: Vec<(String, String)>,
        protocol: &Protocol,
    ) -> Result<(Value, Blob), AwsError> {
        let (tree, body) = match protocol {
            _ if route.raw => (Value::Null, Blob(self.body.to_vec())),
            Protocol::RestXml { .. } => (xml::read(self.body)?, Blob::default()),
            _ => (self.tree()?, Blob::default()),
        };
        let Value::Object(mut params) = (if tree.is_null() { json!({}) } else { tree }) else {
            return Err(AwsError::new(
                "SerializationException",
                "the body is not an object",
            ));
        };
        for (name, value) in form_urlencoded::parse(self.query.as_bytes()) {
            add(&mut params, &name, value.into_owned());
        }
        let told = route
            .headers
            .iter()
            .filter_map(|(header, name)| Some(((*name).to_owned(), self.told(header)?)));
        params.extend(told);
        params.extend(
            labels
                .into_iter()
                .map(|(name, value)| (name, Value::String(value))),
        );
        Ok((Value::Object(params), body))
    }

    /// What a header says; with `*` at the end of its name, what all say that begin so.
    fn told(&self, header: &str) -> Option<Value> {
        let text = |name: &str| Value::String(self.header(name).to_owned());
        let Some(begin) = header.strip_suffix('*') else {
            return self.headers.contains_key(header).then(|| text(header));
        };
        let names = self.headers.keys().map(axum::http::HeaderName::as_str);
        let fields: Map<String, Value> = names
            .filter_map(|name| Some((name.strip_prefix(begin)?.to_owned(), text(name))))
            .collect();
        (!fields.is_empty()).then_some(Value::Object(fields))
    }

    fn tree(&self) -> Result<Value, AwsError> {
        if self.body.is_empty() {
            return Ok(json!({}));
        }
        serde_json::from_slice(self.body).map_err(|error| {
            AwsError::new(
                "SerializationException",
                format!("the body is not JSON that can be read: {error}"),
            )
        })
    }

    fn signature(&self) -> Signature {
        let presigned = form_urlencoded::parse(self.query.as_bytes())
            .find(|(name, _)| name == "X-Amz-Credential");
        let header = self
            .header("authorization")
            .split_once("Credential=")
            .and_then(|(_, rest)| rest.split(',').next());
        let Some(scope) = header
            .map(str::to_owned)
            .or_else(|| presigned.map(|(_, scope)| scope.into_owned()))
        else {
            return Signature {
                region: "us-east-1".to_owned(),
                ..Signature::default()
            };
        };
        let mut parts = scope.split('/').map(str::to_owned);
        let key = parts.next().unwrap_or_default();
        Signature {
            key,
            region: parts.nth(1).unwrap_or_else(|| "us-east-1".to_owned()),
            service: parts.next().unwrap_or_default(),
        }
    }

    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    }
}

fn form(
    offers: &[&Offer],
    form: &[u8],
    signature: &Signature,
) -> Result<(Call, Protocol), (AwsError, Protocol)> {
    let params = query::tree(form);
    let text = |name: &str| params.get(name).and_then(Value::as_str).unwrap_or("");
    let (action, wanted) = (text("Action").to_owned(), text("Version").to_owned());
    let fits = |offer: &&&Offer| {
        let Protocol::Query { version, .. } = offer.protocol else {
            return false;
        };
        (wanted.is_empty() || version == wanted)
            && (signature.service.is_empty() || offer.signing == signature.service)
    };
    let offer = offers.iter().find(fits);
    let protocol = offer.map_or(
        Protocol::Query {
            version: "",
            namespace: "",
        },
        |offer| offer.protocol,
    );
    if action.is_empty() {
        return Err((
            AwsError::new("MissingAction", "the form names no Action"),
            protocol,
        ));
    }
    let asked_for = format!("{} {wanted}", signature.service);
    let name = offer.map_or(asked_for.trim(), |offer| offer.name);
    Ok((Call::new(name, &action, params), protocol))
}

/// A name that comes again makes a list. What belongs to the signature is no parameter.
fn add(params: &mut Map<String, Value>, name: &str, value: String) {
    if name.starts_with("X-Amz-") {
        return;
    }
    let value = Value::String(value);
    match params.get_mut(name) {
        Some(Value::Array(items)) => items.push(value),
        Some(one) => *one = json!([one.take(), value]),
        None => {
            params.insert(name.to_owned(), value);
        }
    }
}
