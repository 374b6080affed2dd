//! `cloudfront.delete {id}`: deletes a distribution that is disabled, once all of CloudFront knows
//! that it is. One that is gone already is well deleted.

use std::sync::Arc;

use serde_json::json;

use super::{ById, TRIES, contended, is_outdated};
use crate::aws::Cloud;
use crate::aws::cloudfront::Distribution;
use crate::domain::failure::Failure;
use crate::domain::plan::{Cancel, Output};
use crate::exec::Job;
use crate::exec::again::{Again, before, begin, say};
use crate::exec::wait::until;

/// Deletes distributions.
pub(super) struct Delete;

impl Again for Delete {
    type Params = ById;
    const KIND: &'static str = "cloudfront.delete";
    const NEEDS: &'static [&'static str] = &["id"];
    const CANCEL: Cancel = Cancel::BestEffort;

    async fn run(job: &Job, cloud: &Arc<Cloud>, params: ById) -> Result<Output, Failure> {
        let id = params.id.as_str();
        let mut tries = 0;
        while let Some(seen) = still(job, cloud, id).await? {
            begin(job, json!({ "id": id })).await?;
            match cloud.delete_distribution(&seen).await {
                Ok(_) => break,
                // It is another by now: it is looked at again.
                Err(trouble) if is_outdated(&trouble) || trouble.is("DistributionNotDisabled") => {
                    tries += 1;
                    if tries >= TRIES {
                        return Err(contended(id));
                    }
                }
                Err(trouble) => return Err(trouble.held_open()),
            }
        }
        say(job, id, "deleted");
        Ok(Output::public(json!({ "id": id })))
    }
}

/// The distribution once it can be deleted; none where it is gone.
async fn still(job: &Job, cloud: &Cloud, id: &str) -> Result<Option<Distribution>, Failure> {
    let leaves = "the distribution is disabled, and was not deleted";
    let seen = until(job, cloud, leaves, || async move {
        Ok(match cloud.distribution(id).await? {
            Some(seen) if seen.enabled || seen.is_deployed() => Some(Some(seen)),
            Some(_) => None,
            None => Some(None),
        })
    });
    match seen.await.map_err(|failure| before(job, failure))? {
        Some(seen) if seen.enabled => Err(before(
            job,
            Failure::new(format!(
                "the distribution {id} is enabled, and only a disabled one can be deleted"
            ))
            .hint("somebody enabled it again: find out who, then tear it down again"),
        )),
        seen => Ok(seen),
    }
}
