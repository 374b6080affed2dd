//! `cloudfront.deployed {id}`: waits until all of CloudFront knows a distribution as it is, enabled
//! or not.

use std::sync::Arc;

use serde_json::json;

use super::{ById, gone};
use crate::aws::Cloud;
use crate::domain::failure::Failure;
use crate::domain::plan::{Cancel, Output};
use crate::exec::Job;
use crate::exec::again::{Again, say};
use crate::exec::wait::until;

/// Waits for distributions.
pub(super) struct Deployed;

impl Again for Deployed {
    type Params = ById;
    const KIND: &'static str = "cloudfront.deployed";
    const NEEDS: &'static [&'static str] = &["id"];
    const CANCEL: Cancel = Cancel::Full;

    async fn run(job: &Job, cloud: &Arc<Cloud>, params: ById) -> Result<Output, Failure> {
        let id = params.id.as_str();
        let leaves = "it only waited, nothing was changed";
        let seen = until(job, cloud, leaves, || async move {
            Ok(match cloud.distribution(id).await? {
                None => Some(None),
                Some(seen) => seen.is_deployed().then_some(Some(seen)),
            })
        });
        let seen = seen.await?.ok_or_else(|| gone(job, id))?;
        say(job, id, "Deployed");
        Ok(Output::public(json!({
            "id": id,
            "status": seen.status,
            "enabled": seen.enabled,
            "domain_name": seen.domain_name,
        })))
    }
}
