//! Objects in buckets, path style: as much as a nested template needs. The action is the HTTP method.

use serde_json::{Value, json};

use super::call::{Answer, AwsError, Call};
use super::world::{Cx, Realm};

/// Answers a call; `params` are `Path` (`bucket/key`) and `Body`. The answer's `Body` is written as it is.
pub fn call(realm: &mut Realm, cx: &mut Cx<'_>, call: &Call) -> Answer {
    let params = call.params();
    let path = params.text("Path").unwrap_or("").trim_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    if bucket.is_empty() {
        return Err(AwsError::new("NotImplemented", "the embedded cloud lists no buckets"));
    }
    let place = format!("{bucket}/{key}");
    match call.action.as_str() {
        "PUT" => {
            if !key.is_empty() && !realm.objects.contains_key(&format!("{bucket}/")) {
                return Err(missing("NoSuchBucket", "The specified bucket does not exist"));
            }
            realm.objects.insert(place.clone(), params.text("Body").unwrap_or("").to_owned());
            cx.effect = Some(format!("object {place}"));
            Ok(json!({}))
        }
        "GET" | "HEAD" => {
            let body = realm.objects.get(&place).ok_or_else(|| missing("NoSuchKey", "The specified key does not exist."))?;
            Ok(json!({ "Body": body }))
        }
        "DELETE" => {
            if realm.objects.remove(&place).is_some() {
                cx.effect = Some(format!("object {place} deleted"));
            }
            Ok(Value::Null)
        }
        method => Err(AwsError::new("MethodNotAllowed", format!("{method} is not answered here"))),
    }
}

/// The object that a URL names by its last two or more path parts: `http://host/bucket/key`, or `https://bucket.s3.host/key`.
#[must_use]
pub fn at_url<'a>(realm: &'a Realm, url: &str) -> Option<&'a str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (host, path) = rest.split_once('/')?;
    let path = path.split('?').next().unwrap_or(path);
    let virtual_host = host.split_once(".s3").map(|(bucket, _)| format!("{bucket}/{path}"));
    realm.objects.get(path).or_else(|| realm.objects.get(&virtual_host?)).map(String::as_str)
}

fn missing(code: &str, message: &str) -> AwsError {
    AwsError { code: code.to_owned(), message: message.to_owned(), status: 404 }
}
