//! Objects in buckets, path style: what nested templates and websites need. What more S3 can do
//! with a bucket or an object (policies, versions, parts, copies) is refused by its name.

mod list;
mod object;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::object::Object;
use crate::domain::time::Time;
use crate::sandbox::call::{AwsError, Blob, Call, Params};
use crate::sandbox::door::{Ready, Thing};
use crate::sandbox::protocol::{Errors, Protocol, Route};
use crate::sandbox::realm::Cx;
use crate::sandbox::service::{Body, Offer, Reply, Scope, Service};

/// S3. The buckets of an account are in all its regions.
pub const OFFER: Offer = Offer {
    scope: Scope::Account,
    subjects: &["Bucket"],
    types: include_str!("resources.yaml"),
    ..Offer::of::<S3>(
        "s3",
        Protocol::RestXml {
            routes: ROUTES,
            namespace: "http://s3.amazonaws.com/doc/2006-03-01/",
            errors: Errors::Bare,
        },
    )
};

const ROUTES: &[Route] = &[
    Route::new("GET", "/", "ListBuckets"),
    Route::new("PUT", "/{Bucket}", "CreateBucket"),
    Route::new("HEAD", "/{Bucket}", "HeadBucket"),
    Route::new("DELETE", "/{Bucket}", "DeleteBucket"),
    Route::new("GET", "/{Bucket}?list-type=2", "ListObjectsV2"),
    Route::new("POST", "/{Bucket}?delete", "DeleteObjects"),
    Route::new("PUT", "/{Bucket}/{Key+}", "PutObject")
        .raw()
        .headers(object::HEADERS),
    Route::new("GET", "/{Bucket}/{Key+}", "GetObject").headers(&[("range", "Range")]),
    Route::new("HEAD", "/{Bucket}/{Key+}", "HeadObject"),
    Route::new("DELETE", "/{Bucket}/{Key+}", "DeleteObject"),
];

/// What makes another call of a path that is known: a name in the query, where a copy comes from,
/// a body in signed chunks. Taken for the call without it, a policy would be a bucket and a copy an
/// empty object.
const OTHERS: &[&str] = &[
    "Chunks",
    "CopySource",
    "accelerate",
    "acl",
    "analytics",
    "attributes",
    "cors",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "partNumber",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "renameObject",
    "replication",
    "requestPayment",
    "restore",
    "retention",
    "select",
    "session",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
];

/// The region where a bucket is that names none, and where making one again is no error.
const FIRST: &str = "us-east-1";

/// The buckets of one account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct S3 {
    /// By name.
    pub buckets: BTreeMap<String, Bucket>,
}

/// A bucket.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Bucket {
    /// When it was made.
    pub created: Time,
    /// Where it is.
    pub region: String,
    /// By key, in the order of their bytes.
    pub objects: BTreeMap<String, Object>,
}

impl Service for S3 {
    fn call(&mut self, call: &Call, cx: &mut Cx<'_>) -> Result<Reply, AwsError> {
        let params = call.params();
        if let Some(other) = OTHERS.iter().find(|name| params.has(name)) {
            let action = format!("{} with {other}", call.action);
            return Err(AwsError::unanswered(&Call::new(
                &call.service,
                &action,
                Value::Null,
            )));
        }
        let name = params.text("Bucket").unwrap_or("");
        let key = params.text("Key").unwrap_or("");
        match call.action.as_str() {
            "ListBuckets" => Ok(list::buckets(self, &cx.caller.who.account).into()),
            "CreateBucket" => self.create(name, params, cx),
            "HeadBucket" => {
                let region = self.bucket(name)?.region.clone();
                Ok(nothing().header("x-amz-bucket-region", region))
            }
            "DeleteBucket" => {
                if !self.bucket(name)?.objects.is_empty() {
                    return Err(conflict(
                        "BucketNotEmpty",
                        "The bucket you tried to delete is not empty",
                    ));
                }
                self.buckets.remove(name);
                cx.effect = Some(format!("bucket {name} deleted"));
                Ok(nothing().status(204))
            }
            "ListObjectsV2" => list::objects(name, self.bucket(name)?, params).map(Reply::from),
            "DeleteObjects" => {
                let (gone, answer) = object::delete(self.bucket(name)?, params)?;
                cx.effect = (gone > 0).then(|| format!("{gone} objects of {name} deleted"));
                Ok(answer.into())
            }
            "PutObject" => {
                let object = Object::of(&call.body, params, cx.now);
                let reply = nothing().header("etag", object.etag.clone());
                self.bucket(name)?.objects.insert(key.to_owned(), object);
                cx.effect = Some(format!("object {name}/{key}"));
                Ok(reply)
            }
            "GetObject" => self.object(name, key)?.part(params.text("Range")),
            "HeadObject" => Ok(self.object(name, key)?.whole()),
            "DeleteObject" => {
                if self.bucket(name)?.objects.remove(key).is_some() {
                    cx.effect = Some(format!("object {name}/{key} deleted"));
                }
                Ok(nothing().status(204))
            }
            _ => Err(AwsError::unanswered(call)),
        }
    }

    fn make(&mut self, thing: &Thing<'_>, is_new: bool, cx: &mut Cx<'_>) -> Result<Ready, String> {
        if is_new && self.buckets.contains_key(thing.name) {
            return Err(format!("{} already exists", thing.name));
        }
        self.buckets
            .entry(thing.name.to_owned())
            .or_insert_with(|| Bucket::new(cx.now, &cx.place.region));
        Ok(Ready::InTime)
    }

    fn stands(&self, thing: &Thing<'_>) -> bool {
        self.buckets.contains_key(thing.physical)
    }

    fn remove(&mut self, thing: &Thing<'_>, _: &mut Cx<'_>) -> Result<Ready, String> {
        self.buckets.remove(thing.name);
        Ok(Ready::InTime)
    }
}

impl S3 {
    /// What the object holds that a URL names: `http://host/bucket/key`, or
    /// `https://bucket.s3.host/key`.
    #[must_use]
    pub fn at_url(&self, url: &str) -> Option<&Blob> {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let (host, path) = rest.split_once('/')?;
        let path = path.split('?').next().unwrap_or(path);
        let object = |bucket: &str, key: &str| {
            let object = self.buckets.get(bucket)?.objects.get(key)?;
            Some(&object.blob)
        };
        let in_path = path
            .split_once('/')
            .and_then(|(bucket, key)| object(bucket, key));
        in_path.or_else(|| object(host.split_once(".s3")?.0, path))
    }

    /// Puts an object as another service does; nothing happens where there is no such bucket.
    pub fn put(&mut self, bucket: &str, key: &str, blob: &Blob, now: Time) {
        if let Some(bucket) = self.buckets.get_mut(bucket) {
            let object = Object::of(blob, Params(&Value::Null), now);
            bucket.objects.insert(key.to_owned(), object);
        }
    }

    fn create(
        &mut self,
        name: &str,
        params: Params<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<Reply, AwsError> {
        let wanted = params
            .0
            .pointer("/CreateBucketConfiguration/LocationConstraint");
        let region = wanted.and_then(Value::as_str).unwrap_or(FIRST);
        match self.buckets.get(name) {
            Some(bucket) if bucket.region != FIRST || region != FIRST => {
                return Err(conflict(
                    "BucketAlreadyOwnedByYou",
                    "Your previous request to create the named bucket succeeded and you already own it.",
                ));
            }
            Some(_) => {}
            None => {
                self.buckets
                    .insert(name.to_owned(), Bucket::new(cx.now, region));
                cx.effect = Some(format!("bucket {name}"));
            }
        }
        Ok(nothing().header("location", format!("/{name}")))
    }

    fn bucket(&mut self, name: &str) -> Result<&mut Bucket, AwsError> {
        self.buckets
            .get_mut(name)
            .ok_or_else(|| AwsError::missing("NoSuchBucket", "The specified bucket does not exist"))
    }

    fn object(&mut self, bucket: &str, key: &str) -> Result<&Object, AwsError> {
        self.bucket(bucket)?
            .objects
            .get(key)
            .ok_or_else(|| AwsError::missing("NoSuchKey", "The specified key does not exist."))
    }
}

impl Bucket {
    /// An empty one.
    #[must_use]
    pub fn new(created: Time, region: &str) -> Self {
        Self {
            created,
            region: region.to_owned(),
            objects: BTreeMap::new(),
        }
    }
}

fn conflict(code: &str, message: &str) -> AwsError {
    AwsError {
        status: 409,
        ..AwsError::new(code, message)
    }
}

fn nothing() -> Reply {
    Reply::of(Body::Bytes(Vec::new()))
}
