//! `s3.fetch {bucket, key, what}`: brings an object beside the store, where later steps read it as
//! an artifact, whatever becomes of the object. Its output is `{archive, bytes}`.

use std::fs::File;
use std::io::{self, Write as _};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::failed;
use crate::aws::Cloud;
use crate::domain::failure::{Failure, Retry};
use crate::domain::plan::{Cancel, Output};
use crate::exec::Job;
use crate::exec::again::{Again, say};
use crate::os::{disk, files, open};
use crate::text::archive::LONGEST_SITE;

/// How much is read by one call.
const PART: u64 = 8 << 20;

/// Fetches objects.
pub(super) struct Fetch;

#[derive(Deserialize)]
pub(super) struct Params {
    bucket: String,
    key: String,
    what: String,
}

impl Again for Fetch {
    type Params = Params;
    const KIND: &'static str = "s3.fetch";
    const NEEDS: &'static [&'static str] = &["bucket", "key", "what"];
    const CANCEL: Cancel = Cancel::Full;

    async fn run(job: &Job, cloud: &Arc<Cloud>, params: Params) -> Result<Output, Failure> {
        let Params { bucket, key, what } = &params;
        let wrong = |trouble| failed(cloud, bucket, trouble).as_before();
        let on = format!("{bucket}/{key}");
        let head = cloud.object_head(bucket, key).await.map_err(wrong)?;
        let head = head.ok_or_else(|| {
            Failure::new(format!("there is no {on}"))
                .hint("it was kept for a time only, or somebody deleted it: deploy again, and it is built anew")
                .as_before()
        })?;
        if head.length > LONGEST_SITE {
            let says = format!(
                "{on} has {} bytes, and {LONGEST_SITE} are taken",
                head.length
            );
            return Err(Failure::new(says).as_before());
        }
        let path = job.folder.join("fetched");
        files::private_folder(&job.folder).map_err(|why| kept(&on, &io::Error::from(why)))?;
        let _ = std::fs::remove_file(&path);
        let mut to = open::fresh(&path, 0o600).map_err(|why| kept(&on, &why))?;
        let mut from = 0;
        while from < head.length {
            if job.port.is_cancelled() {
                return Err(Failure::new("cancelled; nothing was changed").as_before());
            }
            let end = head.length.min(from + PART);
            let part = cloud.object_part(bucket, key, &head, from..end).await;
            let part = part.map_err(|trouble| {
                if trouble.is("PreconditionFailed") {
                    return Failure::new(format!("{on} was replaced while it was read"))
                        .hint("deploy again")
                        .as_before();
                }
                wrong(trouble)
            })?;
            to = written(to, part).await.map_err(|why| kept(&on, &why))?;
            from = end;
        }
        let content = open::read(&path).map_err(|why| kept(&on, &why))?;
        let archive = job.port.put(Box::new(content), what).await?;
        // One that stays goes with the folder of the job.
        let _ = std::fs::remove_file(&path);
        say(job, &on, &format!("{} bytes", head.length));
        Ok(Output::public(
            json!({ "archive": archive, "bytes": head.length }),
        ))
    }
}

async fn written(mut to: File, part: Vec<u8>) -> io::Result<File> {
    let written = tokio::task::spawn_blocking(move || to.write_all(&part).map(|()| to));
    written.await.map_err(io::Error::other)?
}

fn kept(on: &str, why: &io::Error) -> Failure {
    let retry = if disk::is_full(why) {
        Retry::Contact
    } else {
        Retry::Never
    };
    Failure::new(format!("{on} cannot be kept here: {why}"))
        .retry(retry)
        .as_before()
}
