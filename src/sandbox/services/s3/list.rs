//! What is there: the buckets of an account, and a page of the objects of a bucket.

use std::ops::Bound;

use serde_json::{Value, json};

use super::{Bucket, S3};
use crate::sandbox::call::{Answer, AwsError, Params};
use crate::sandbox::values::iso;

/// A page has so many rows at the most.
const PAGE: usize = 1_000;

pub(super) fn buckets(s3: &S3, account: &str) -> Value {
    let rows: Vec<Value> = s3
        .buckets
        .iter()
        .map(|(name, bucket)| {
            json!({ "Name": name, "CreationDate": iso(bucket.created), "BucketRegion": bucket.region })
        })
        .collect();
    json!({ "ListAllMyBucketsResult": { "Buckets": { "Bucket": rows }, "Owner": { "ID": account } } })
}

/// A page of `ListObjectsV2`: keys that begin with the prefix, in the order of their bytes, those
/// that have the delimiter after it as one row each.
pub(super) fn objects(name: &str, bucket: &Bucket, params: Params<'_>) -> Answer {
    let is_encoded = params.text("encoding-type") == Some("url");
    let written = |text: &str| {
        if is_encoded {
            encoded(text)
        } else {
            text.to_owned()
        }
    };
    let prefix = params.text("prefix").unwrap_or("");
    let delimiter = params.text("delimiter");
    let most = most(params)?;
    let token = params.text("continuation-token");
    let seen = token.map(read).transpose()?;
    let after = seen.as_deref().or(params.text("start-after"));
    let from = match after {
        Some(after) if after >= prefix => Bound::Excluded(after),
        _ => Bound::Included(prefix),
    };
    let (mut rows, mut prefixes) = (Vec::new(), Vec::new());
    let (mut last, mut more) = ("", false);
    let keys = bucket
        .objects
        .range::<str, _>((from, Bound::Unbounded))
        .take_while(|(key, _)| key.starts_with(prefix));
    for (key, object) in keys {
        let common = delimiter.and_then(|delimiter| {
            let end = key[prefix.len()..].find(delimiter)? + delimiter.len();
            Some(&key[..prefix.len() + end])
        });
        if common.is_some_and(|common| common == last || Some(common) == seen.as_deref()) {
            continue;
        }
        if rows.len() + prefixes.len() == most {
            more = most > 0;
            break;
        }
        if let Some(common) = common {
            last = common;
            prefixes.push(json!({ "Prefix": written(common) }));
        } else {
            last = key;
            rows.push(json!({
                "Key": written(key), "LastModified": iso(object.modified), "ETag": object.etag,
                "Size": object.blob.0.len(), "StorageClass": "STANDARD",
            }));
        }
    }
    Ok(json!({ "ListBucketResult": {
        "Name": name, "Prefix": written(prefix), "Delimiter": delimiter.map(written),
        "EncodingType": is_encoded.then_some("url"), "MaxKeys": most,
        "KeyCount": rows.len() + prefixes.len(), "IsTruncated": more,
        "ContinuationToken": token, "NextContinuationToken": more.then(|| hex::encode(last)),
        "StartAfter": params.text("start-after").map(written),
        "Contents": rows, "CommonPrefixes": prefixes,
    } }))
}

fn most(params: Params<'_>) -> Result<usize, AwsError> {
    let Some(given) = params.text("max-keys") else {
        return Ok(PAGE);
    };
    let most: usize = given.parse().map_err(|_| {
        AwsError::new(
            "InvalidArgument",
            "Argument maxKeys must be an integer between 0 and 2147483647",
        )
    })?;
    Ok(most.min(PAGE))
}

/// A token is the last row of the page before.
fn read(token: &str) -> Result<String, AwsError> {
    let bytes = hex::decode(token).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| {
            AwsError::new(
                "InvalidArgument",
                "The continuation token provided is incorrect",
            )
        })
}

/// As S3 encodes keys in answers: a form's value, but with its slashes.
fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes())
        .collect::<String>()
        .replace("%2F", "/")
}
