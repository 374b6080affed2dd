//! Hands for the objects of S3: one is put or fetched, a site is published, all below a prefix go.

mod clear;
mod fetch;
mod prefix;
mod publish;
mod put;
mod web;

use std::sync::Arc;

use super::Executor;
use super::again::Hand;
use crate::aws::{Clients, Cloud, Trouble};
use crate::domain::failure::Failure;

/// All executors of S3.
#[must_use]
pub fn executors(clients: &Arc<Clients>) -> Vec<Arc<dyn Executor>> {
    vec![
        Hand::<put::Put>::executor(clients),
        Hand::<publish::Publish>::executor(clients),
        Hand::<clear::Clear>::executor(clients),
        Hand::<fetch::Fetch>::executor(clients),
    ]
}

/// What a call about objects of a bucket ran into: whatever may pass is waited for under the same
/// attempt.
fn failed(cloud: &Cloud, bucket: &str, trouble: Trouble) -> Failure {
    let (code, region) = (trouble.code.clone(), &cloud.region);
    let failure = trouble.held_open();
    match code.as_str() {
        "NoSuchBucket" => Failure {
            summary: format!("there is no bucket {bucket}"),
            ..failure
        }
        .hint(format!(
            "make it (aws s3 mb s3://{bucket} --region {region}), or name another in the estate file, then deploy again"
        )),
        "PermanentRedirect" | "TemporaryRedirect" | "AuthorizationHeaderMalformed" => Failure {
            summary: format!("the bucket {bucket} is not in {region}"),
            ..failure
        }
        .hint(format!("name a bucket of {region} in the estate file, then deploy again")),
        _ => failure,
    }
}

#[cfg(test)]
mod tests;
