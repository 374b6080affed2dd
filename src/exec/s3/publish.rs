//! `s3.publish {archive, bucket, prefix, rules}`: makes what is live below a prefix what is in an
//! archive. Every entry is checked before anything is uploaded; what is live and the same is not
//! uploaded again; pages come after all that they may name; what no archive has goes last. Started
//! again it goes on with what is not there yet.

mod kept;
mod parts;

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use self::kept::{File, Kept};
use self::parts::at_once;
use super::clear::delete;
use super::failed;
use super::prefix::Prefix;
use super::web::{Rules, content_type};
use crate::aws::Cloud;
use crate::aws::s3::{BATCH, Object};
use crate::domain::artifact::Artifact;
use crate::domain::failure::Failure;
use crate::domain::plan::{Cancel, Output};
use crate::exec::Job;
use crate::exec::again::{Again, before, begin, say};
use crate::text::archive::{INDEX, without_index};
use crate::text::counted::counted;

/// How much of files is in memory at once, in KiB: one of the largest, or many small ones.
const ROOM: u32 = 192 << 10;

/// Publishes a site.
pub(super) struct Publish;

#[derive(Deserialize)]
pub(super) struct Params {
    archive: Artifact,
    bucket: String,
    prefix: String,
    #[serde(default)]
    rules: Option<Rules>,
}

impl Again for Publish {
    type Params = Params;
    const KIND: &'static str = "s3.publish";
    const NEEDS: &'static [&'static str] = &["archive", "bucket", "prefix"];
    const CANCEL: Cancel = Cancel::BestEffort;

    fn check(params: &Value) -> Result<(), String> {
        Prefix::check(params)
    }

    async fn run(job: &Job, cloud: &Arc<Cloud>, params: Params) -> Result<Output, Failure> {
        let prefix = Prefix::read(&params.prefix).map_err(|why| Failure::new(why).as_before())?;
        let kept = Kept::bring(job, &params.archive).await;
        let kept = kept.map_err(|failure| before(job, failure))?;
        let site = Site {
            job,
            cloud,
            bucket: &params.bucket,
            prefix: &prefix,
            rules: params.rules.unwrap_or_default(),
            kept: &kept,
            room: Semaphore::new(ROOM as usize),
        };
        let published = site.publish(&params.archive).await;
        kept.forget().await;
        published
    }
}

/// A site on its way.
struct Site<'a> {
    job: &'a Job,
    cloud: &'a Cloud,
    bucket: &'a str,
    prefix: &'a Prefix,
    rules: Rules,
    kept: &'a Kept,
    room: Semaphore,
}

impl Site<'_> {
    async fn publish(&self, archive: &Artifact) -> Result<Output, Failure> {
        let files = &self.kept.files;
        let on = format!("{}/{}", self.bucket, self.prefix);
        if let Some(hint) = without_index(files.iter().map(File::name)) {
            let says = format!("the archive has no {INDEX} at its top");
            return Err(before(self.job, Failure::new(says).hint(hint)));
        }
        let live = self.cloud.objects(self.bucket, self.prefix.as_str()).await;
        let live = live.map_err(|why| before(self.job, failed(self.cloud, self.bucket, why)))?;
        let parts = self
            .parts(&live)
            .await
            .map_err(|failure| before(self.job, failure))?;
        let (many, unchanged) = (files.len(), parts.unchanged);
        let (changed, gone) = (parts.assets.len() + parts.pages.len(), parts.gone.len());
        say(
            self.job,
            &on,
            &format!(
                "{} in the archive: {changed} to upload, {unchanged} unchanged; {gone} live ones are not in it",
                counted(many as u64, "file")
            ),
        );
        begin(
            self.job,
            json!({ "bucket": self.bucket, "prefix": self.prefix.as_str(), "archive": archive.digest }),
        )
        .await?;
        // No page names an asset that is not there yet, and no page that is still open loses one
        // before the new pages are there.
        self.upload("assets", &parts.assets).await?;
        self.upload("pages", &parts.pages).await?;
        for (nth, keys) in parts.gone.chunks(BATCH).enumerate() {
            if self.job.port.is_cancelled() {
                return Err(Failure::new(format!(
                    "cancelled; {on} is published, and {} that are not in it are still there",
                    counted((gone - nth * BATCH) as u64, "object")
                )));
            }
            delete(self.cloud, self.bucket, keys).await?;
        }
        say(self.job, &on, "published");
        let uploaded = parts.assets.iter().chain(&parts.pages);
        let bytes: u64 = uploaded.map(|file| file.size()).sum();
        Ok(Output::public(json!({
            "objects": many,
            "uploaded": changed,
            "unchanged": unchanged,
            "deleted": gone,
            "bytes": bytes,
        })))
    }

    /// Uploads files, many at once.
    async fn upload(&self, what: &str, files: &[&File]) -> Result<(), Failure> {
        let (all, mut done, mut shown) = (files.len(), 0, 0);
        let on = format!("{}/{}", self.bucket, self.prefix);
        let go_on = || !self.job.port.is_cancelled();
        at_once(
            files,
            go_on,
            |file| self.put(file),
            |()| {
                done += 1;
                // Ten lines at most.
                if done * 10 / all > shown || done == all {
                    shown = done * 10 / all;
                    say(self.job, &on, &format!("{done} of {all} {what} uploaded"));
                }
            },
        )
        .await?;
        if done < all {
            return Err(Failure::new(format!(
                "cancelled; {done} of {all} {what} of {on} were uploaded, and nothing was deleted"
            ))
            .hint("deploy again: it goes on with what is not there"));
        }
        Ok(())
    }

    async fn put(&self, file: &File) -> Result<(), Failure> {
        // The semaphore is never closed; without a permit the file goes all the same.
        let kib = u32::try_from(file.size() >> 10).unwrap_or(ROOM).min(ROOM) + 1;
        let _room = self.room.acquire_many(kib.min(ROOM)).await.ok();
        let bytes = self.kept.content(file).await?;
        let object = Object {
            bytes: &bytes,
            content_type: content_type(file.name()),
            cache_control: self.rules.cache_control(file.name()),
            unless_there: false,
        };
        let key = self.prefix.key(file.name());
        let put = self.cloud.put_object(self.bucket, &key, &object).await;
        put.map(|_| ())
            .map_err(|trouble| failed(self.cloud, self.bucket, trouble))
    }
}
