//! `cloudfront.invalidate {id, paths}`: takes paths out of all caches, so that what was published
//! is what is served, and waits until that is so everywhere.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::gone;
use crate::aws::Cloud;
use crate::aws::cloudfront::Invalidation;
use crate::domain::failure::{Failure, Retry};
use crate::domain::plan::{Cancel, Output};
use crate::exec::Job;
use crate::exec::again::{Again, begin, say};
use crate::exec::wait::until;
use crate::forms::cloudfront::EVERYTHING;

/// Takes paths out of caches.
pub(super) struct Invalidate;

#[derive(Deserialize)]
pub(super) struct Params {
    id: String,
    #[serde(default = "everything")]
    paths: Vec<String>,
}

fn everything() -> Vec<String> {
    vec![EVERYTHING.to_owned()]
}

impl Again for Invalidate {
    type Params = Params;
    const KIND: &'static str = "cloudfront.invalidate";
    const NEEDS: &'static [&'static str] = &["id"];
    const CANCEL: Cancel = Cancel::BestEffort;

    async fn run(job: &Job, cloud: &Arc<Cloud>, params: Params) -> Result<Output, Failure> {
        let id = params.id.as_str();
        let reference = job.token(1);
        begin(job, json!({ "id": id, "reference": reference })).await?;
        // The same reference once more is the same invalidation.
        let made = match cloud.invalidate(id, &reference, &params.paths).await {
            Ok(made) => made,
            Err(trouble) if trouble.is("NoSuchDistribution") => return Err(gone(job, id)),
            Err(trouble) if trouble.is("TooManyInvalidationsInProgress") => {
                return Err(Failure::from(trouble).retry(Retry::After(Duration::from_secs(30))));
            }
            Err(trouble) => return Err(trouble.held_open()),
        };
        say(job, id, &format!("invalidation {} accepted", made.id));
        if !is_over(&made) {
            let leaves = "CloudFront goes on to take the paths out of its caches";
            let seen = &made.id;
            let ended = until(job, cloud, leaves, || async move {
                let seen = cloud.invalidation(id, seen).await?;
                Ok(seen.filter(is_over))
            });
            ended.await?;
        }
        say(job, id, "invalidation completed");
        Ok(Output::public(json!({ "id": made.id })))
    }
}

/// Whether every cache is without the paths. Not every cloud writes the word as AWS does.
fn is_over(invalidation: &Invalidation) -> bool {
    invalidation.status.eq_ignore_ascii_case("Completed")
}
