//! Objects in buckets, path style: as much as a nested template needs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sandbox::call::{AwsError, Blob, Call};
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
    Route::new("PUT", "/{Bucket}", "CreateBucket"),
    Route::new("HEAD", "/{Bucket}", "HeadBucket"),
    Route::new("DELETE", "/{Bucket}", "DeleteBucket"),
    Route::new("PUT", "/{Bucket}/{Key+}", "PutObject").raw(),
    Route::new("GET", "/{Bucket}/{Key+}", "GetObject"),
    Route::new("HEAD", "/{Bucket}/{Key+}", "HeadObject"),
    Route::new("DELETE", "/{Bucket}/{Key+}", "DeleteObject"),
];

/// The buckets of one account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct S3 {
    /// Objects by bucket and key.
    pub buckets: BTreeMap<String, BTreeMap<String, Blob>>,
}

impl Service for S3 {
    fn call(&mut self, call: &Call, cx: &mut Cx<'_>) -> Result<Reply, AwsError> {
        let params = call.params();
        let bucket = params.text("Bucket").unwrap_or("");
        let key = params.text("Key").unwrap_or("");
        match call.action.as_str() {
            "CreateBucket" => {
                if !self.buckets.contains_key(bucket) {
                    self.buckets.insert(bucket.to_owned(), BTreeMap::new());
                    cx.effect = Some(format!("bucket {bucket}"));
                }
                Ok(nothing().header("location", format!("/{bucket}")))
            }
            "HeadBucket" => self.bucket(bucket).map(|_| nothing()),
            "DeleteBucket" => {
                if !self.bucket(bucket)?.is_empty() {
                    let error = AwsError::new(
                        "BucketNotEmpty",
                        "The bucket you tried to delete is not empty",
                    );
                    return Err(AwsError {
                        status: 409,
                        ..error
                    });
                }
                self.buckets.remove(bucket);
                cx.effect = Some(format!("bucket {bucket} deleted"));
                Ok(nothing().status(204))
            }
            "PutObject" => {
                self.bucket(bucket)?
                    .insert(key.to_owned(), call.body.clone());
                cx.effect = Some(format!("object {bucket}/{key}"));
                Ok(nothing())
            }
            "GetObject" | "HeadObject" => {
                let object = self.bucket(bucket)?.get(key);
                let object = object.ok_or_else(|| {
                    AwsError::missing("NoSuchKey", "The specified key does not exist.")
                })?;
                Ok(Reply::of(Body::Bytes(object.0.clone()))
                    .header("content-type", "application/octet-stream"))
            }
            "DeleteObject" => {
                if self.bucket(bucket)?.remove(key).is_some() {
                    cx.effect = Some(format!("object {bucket}/{key} deleted"));
                }
                Ok(nothing().status(204))
            }
            _ => Err(AwsError::unanswered(call)),
        }
    }

    fn make(&mut self, thing: &Thing<'_>, _: bool, _: &mut Cx<'_>) -> Result<Ready, String> {
        self.buckets.entry(thing.name.to_owned()).or_default();
        Ok(Ready::InTime)
    }

    fn remove(&mut self, thing: &Thing<'_>, _: &mut Cx<'_>) -> Result<Ready, String> {
        self.buckets.remove(thing.name);
        Ok(Ready::InTime)
    }
}

impl S3 {
    /// The object that a URL names: `http://host/bucket/key`, or `https://bucket.s3.host/key`.
    #[must_use]
    pub fn at_url(&self, url: &str) -> Option<&Blob> {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let (host, path) = rest.split_once('/')?;
        let path = path.split('?').next().unwrap_or(path);
        let object = |bucket: &str, key: &str| self.buckets.get(bucket)?.get(key);
        let in_path = path
            .split_once('/')
            .and_then(|(bucket, key)| object(bucket, key));
        in_path.or_else(|| object(host.split_once(".s3")?.0, path))
    }

    fn bucket(&mut self, name: &str) -> Result<&mut BTreeMap<String, Blob>, AwsError> {
        self.buckets
            .get_mut(name)
            .ok_or_else(|| AwsError::missing("NoSuchBucket", "The specified bucket does not exist"))
    }
}

fn nothing() -> Reply {
    Reply::of(Body::Bytes(Vec::new()))
}
