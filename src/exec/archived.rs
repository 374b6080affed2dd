//! The files of a commit, as an archive, put where a build reads them: the same whoever packed it.

use serde_json::{Value, json};

use super::Job;
use super::again::begin;
use crate::aws::s3::Object;
use crate::aws::{Cloud, Trouble};
use crate::domain::failure::Failure;
use crate::domain::refs::Commit;

/// The longest archive of source files, in bytes.
pub(super) const LONGEST: u64 = 512 << 20;

/// Where the archive of a commit goes.
pub(super) struct To<'a> {
    pub(super) commit: &'a Commit,
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
}

/// Begins the attempt, and puts the archive there. Its output is `{commit, bucket, key, bytes}`.
pub(super) async fn put(
    job: &Job,
    cloud: &Cloud,
    to: To<'_>,
    bytes: &[u8],
) -> Result<Value, Failure> {
    let To {
        commit,
        bucket,
        key,
    } = to;
    let place = json!({ "commit": commit, "bucket": bucket, "key": key });
    begin(job, place.clone()).await?;
    let object = Object {
        bytes,
        content_type: "application/zip",
        cache_control: "no-cache",
        unless_there: false,
    };
    let put = cloud.put_object(bucket, key, &object).await;
    put.map_err(Trouble::held_open)?;
    let mut output = place;
    output["bytes"] = json!(bytes.len());
    Ok(output)
}
