//! One object: its bytes, what was told of it when it was put, and how both are given back.

use std::collections::BTreeMap;

use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Bucket;
use crate::domain::time::Time;
use crate::sandbox::call::{AwsError, Blob, Params};
use crate::sandbox::service::{Body, Reply};

/// What a put tells in headers, beside the bytes: what is kept, and two things that are not served.
pub(super) const HEADERS: &[(&str, &str)] = &[
    ("cache-control", "CacheControl"),
    ("content-disposition", "ContentDisposition"),
    ("content-encoding", "ContentEncoding"),
    ("content-language", "ContentLanguage"),
    ("content-type", "ContentType"),
    ("expires", "Expires"),
    ("x-amz-meta-*", "Metadata"),
    ("x-amz-copy-source", "CopySource"),
    ("x-amz-decoded-content-length", "Chunks"),
];

/// So many keys one call may delete.
const KEYS: usize = 1_000;

/// An object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Object {
    /// Its bytes.
    pub blob: Blob,
    /// Their MD5 digest in quotes.
    pub etag: String,
    /// When it was put.
    pub modified: Time,
    /// The headers that it was put with, and that it is given back with, by name.
    pub headers: BTreeMap<String, String>,
}

impl Object {
    /// An object as it is put now.
    pub(super) fn of(blob: &Blob, params: Params<'_>, now: Time) -> Self {
        let mut headers = BTreeMap::new();
        for (header, name) in HEADERS {
            match params.0.get(name) {
                Some(Value::String(value)) => {
                    headers.insert((*header).to_owned(), value.clone());
                }
                Some(Value::Object(fields)) => {
                    let begin = header.trim_end_matches('*');
                    headers.extend(fields.iter().filter_map(|(rest, value)| {
                        Some((format!("{begin}{rest}"), value.as_str()?.to_owned()))
                    }));
                }
                _ => {}
            }
        }
        headers
            .entry("content-type".to_owned())
            .or_insert_with(|| "binary/octet-stream".to_owned());
        Self {
            etag: format!("\"{}\"", hex::encode(Md5::digest(&blob.0))),
            blob: blob.clone(),
            modified: now,
            headers,
        }
    }

    /// The whole object.
    pub(super) fn whole(&self) -> Reply {
        let modified = self.modified.text("%a, %d %b %Y %H:%M:%S GMT");
        let reply = Reply::of(Body::Bytes(self.blob.0.clone()))
            .header("etag", self.etag.clone())
            .header("last-modified", modified)
            .header("accept-ranges", "bytes");
        self.headers.iter().fold(reply, |reply, (name, value)| {
            reply.header(name.clone(), value.clone())
        })
    }

    /// The part that a range names (`bytes=0-99`, `bytes=100-`); the whole without one, and where
    /// it is of another form.
    pub(super) fn part(&self, range: Option<&str>) -> Result<Reply, AwsError> {
        let length = self.blob.0.len();
        let ends = range.and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
        let Some((Ok(from), to)) = ends.map(|(from, to)| (from.parse::<usize>(), to)) else {
            return Ok(self.whole());
        };
        let to = to
            .parse()
            .unwrap_or(usize::MAX)
            .min(length.saturating_sub(1));
        let bytes = self.blob.0.get(from..=to).filter(|bytes| !bytes.is_empty());
        let bytes = bytes.ok_or_else(|| AwsError {
            status: 416,
            ..AwsError::new("InvalidRange", "The requested range is not satisfiable")
        })?;
        let reply = Reply {
            body: Body::Bytes(bytes.to_vec()),
            ..self.whole()
        };
        Ok(reply
            .status(206)
            .header("content-range", format!("bytes {from}-{to}/{length}")))
    }
}

/// Deletes many: how many were there, and the answer. What was not there counts as deleted.
pub(super) fn delete(bucket: &mut Bucket, params: Params<'_>) -> Result<(usize, Value), AwsError> {
    let malformed = || {
        AwsError::new(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
        )
    };
    let asked = Params(params.0.get("Delete").ok_or_else(malformed)?);
    let keys: Option<Vec<&str>> = asked
        .list("Object")
        .iter()
        .map(|one| Params(one).text("Key"))
        .collect();
    let keys = keys
        .filter(|keys| (1..=KEYS).contains(&keys.len()))
        .ok_or_else(malformed)?;
    let gone = keys
        .iter()
        .filter(|key| bucket.objects.remove(**key).is_some())
        .count();
    let told = if asked.flag("Quiet") {
        Vec::new()
    } else {
        keys
    };
    let told: Vec<Value> = told.into_iter().map(|key| json!({ "Key": key })).collect();
    Ok((gone, json!({ "DeleteResult": { "Deleted": told } })))
}
