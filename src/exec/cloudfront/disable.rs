//! `cloudfront.disable {id}`: has a distribution serve nothing from now on, which must be so before
//! it can be deleted. One that is disabled or gone already is well disabled.

use std::sync::Arc;

use serde_json::json;

use super::{ById, change};
use crate::aws::cloudfront::Wanted;
use crate::aws::{Cloud, Trouble};
use crate::domain::failure::Failure;
use crate::domain::plan::{Cancel, Output};
use crate::exec::Job;
use crate::exec::again::{Again, before, begin, say};

/// Disables distributions.
pub(super) struct Disable;

impl Again for Disable {
    type Params = ById;
    const KIND: &'static str = "cloudfront.disable";
    const NEEDS: &'static [&'static str] = &["id"];
    const CANCEL: Cancel = Cancel::None;

    async fn run(job: &Job, cloud: &Arc<Cloud>, params: ById) -> Result<Output, Failure> {
        let id = params.id.as_str();
        let seen = cloud.distribution(id).await;
        let seen = seen.map_err(|trouble| before(job, Trouble::held_open(trouble)))?;
        let status = match seen {
            Some(seen) if !seen.enabled => Some(seen.status),
            Some(_) => {
                begin(job, json!({ "id": id })).await?;
                let off = Wanted {
                    enabled: false,
                    comment: None,
                    names: None,
                };
                change(cloud, id, off).await?.map(|after| after.status)
            }
            None => None,
        };
        let says = match &status {
            Some(status) => format!("disabled ({status})"),
            None => "is gone already".to_owned(),
        };
        say(job, id, &says);
        Ok(Output::public(json!({
            "id": id,
            "gone": status.is_none(),
            "status": status,
        })))
    }
}
