//! `s3.clear {bucket, prefix}`: deletes all objects below a prefix. What is gone already is well
//! deleted, and so is all of a bucket that is gone.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::failed;
use super::prefix::Prefix;
use crate::aws::Cloud;
use crate::aws::s3::{Listed, Stays};
use crate::domain::failure::Failure;
use crate::domain::plan::{Cancel, Output};
use crate::exec::Job;
use crate::exec::again::{Again, before, begin, say};
use crate::text::counted::counted;
use crate::text::safe::Safe;

/// Deletes everything below a prefix.
pub(super) struct Clear;

#[derive(Deserialize)]
pub(super) struct Params {
    bucket: String,
    prefix: String,
}

impl Again for Clear {
    type Params = Params;
    const KIND: &'static str = "s3.clear";
    const NEEDS: &'static [&'static str] = &["bucket", "prefix"];
    const CANCEL: Cancel = Cancel::BestEffort;

    fn check(params: &Value) -> Result<(), String> {
        Prefix::check(params)
    }

    async fn run(job: &Job, cloud: &Arc<Cloud>, params: Params) -> Result<Output, Failure> {
        let bucket = params.bucket.as_str();
        let prefix = Prefix::read(&params.prefix).map_err(|why| Failure::new(why).as_before())?;
        let on = format!("{bucket}/{prefix}");
        let (mut deleted, mut last) = (0, String::new());
        loop {
            let page = cloud.objects_page(bucket, prefix.as_str(), None).await;
            let objects = match page {
                Ok((objects, _)) => objects,
                Err(trouble) if trouble.is("NoSuchBucket") => Vec::new(),
                Err(trouble) => return Err(before(job, failed(cloud, bucket, trouble))),
            };
            let Some(first) = objects.first() else {
                say(job, &on, &format!("{} deleted", counted(deleted, "object")));
                return Ok(Output::public(json!({ "deleted": deleted })));
            };
            if first.key == last {
                return Err(Failure::new(format!(
                    "{bucket}/{}: S3 deleted it, and lists it still",
                    Safe::new(&last)
                ))
                .hint("check what answers as S3 at the endpoint of this environment"));
            }
            last.clone_from(&first.key);
            begin(job, json!({ "bucket": bucket, "prefix": prefix.as_str() })).await?;
            if job.port.is_cancelled() {
                return Err(Failure::new(format!(
                    "cancelled; {} below {on} were deleted, and others are left",
                    counted(deleted, "object")
                )));
            }
            delete(cloud, bucket, &keys(&objects)).await?;
            deleted += objects.len() as u64;
            say(
                job,
                &on,
                &format!("{} deleted so far", counted(deleted, "object")),
            );
        }
    }
}

fn keys(objects: &[Listed]) -> Vec<String> {
    objects.iter().map(|object| object.key.clone()).collect()
}

/// Deletes objects, a batch at most; that one of them stays is a failure.
pub(super) async fn delete(cloud: &Cloud, bucket: &str, keys: &[String]) -> Result<(), Failure> {
    let stay = cloud
        .delete_objects(bucket, keys)
        .await
        .map_err(|trouble| failed(cloud, bucket, trouble))?;
    let Some(Stays { key, code, why }) = stay.first() else {
        return Ok(());
    };
    let (many, key, code) = (stay.len(), Safe::new(key), Safe::new(code));
    Err(Failure::new(format!(
        "{} of {bucket} could not be deleted: {key}: {code}",
        counted(many as u64, "object")
    ))
    .detail(why.to_string())
    .hint(format!(
        "allow s3:DeleteObject on {bucket} to the role of this environment, then run it again"
    )))
}
