//! `acm.delete {names, owner}`: deletes the certificates that were asked for from here and have one
//! of these as their own name. Where CloudFront lets go of one only slowly, it is waited for.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::asked_for;
use crate::aws::{Cloud, Trouble};
use crate::domain::failure::Failure;
use crate::domain::plan::{Cancel, Output};
use crate::exec::Job;
use crate::exec::again::{Again, before, begin, say};
use crate::exec::wait::until;

/// Deletes certificates.
pub(super) struct Delete;

#[derive(Deserialize)]
pub(super) struct Params {
    names: Vec<String>,
    owner: String,
}

impl Again for Delete {
    type Params = Params;
    const KIND: &'static str = "acm.delete";
    const NEEDS: &'static [&'static str] = &["names", "owner"];
    const CANCEL: Cancel = Cancel::BestEffort;

    async fn run(job: &Job, cloud: &Arc<Cloud>, params: Params) -> Result<Output, Failure> {
        let mut deleted = Vec::new();
        for name in &params.names {
            let ours = asked_for(cloud, name, &params.owner).await;
            let ours = ours.map_err(|trouble| before(job, Trouble::held_open(trouble)))?;
            if ours.is_empty() {
                say(job, name, "no certificate of it was asked for from here");
            }
            for one in ours {
                begin(job, json!({ "names": params.names })).await?;
                let arn = one.arn.as_str();
                let leaves = format!("the certificate {arn} was not deleted");
                until(job, cloud, &leaves, || async {
                    match cloud.delete_certificate(arn).await {
                        Ok(_) => Ok(Some(())),
                        Err(trouble) if trouble.is("ResourceInUseException") => Ok(None),
                        Err(trouble) => Err(trouble),
                    }
                })
                .await?;
                say(job, name, &format!("certificate {arn} deleted"));
                deleted.push(one.arn);
            }
        }
        Ok(Output::public(json!({ "deleted": deleted })))
    }
}
