//! `cloudfront.names {id, puts, takes, certificate_arn}`: has hosts lead to a distribution, or lead
//! there no more, with the certificate for those that do. Hosts that are named nowhere stay.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::{change, gone};
use crate::aws::Cloud;
use crate::aws::cloudfront::{Names, Wanted};
use crate::domain::failure::Failure;
use crate::domain::plan::{Cancel, Output};
use crate::exec::Job;
use crate::exec::again::{Again, begin, say};

/// Has hosts lead to distributions.
pub(super) struct Lead;

#[derive(Deserialize)]
pub(super) struct Params {
    id: String,
    puts: Vec<String>,
    #[serde(default)]
    takes: Vec<String>,
    certificate_arn: String,
}

impl Again for Lead {
    type Params = Params;
    const KIND: &'static str = "cloudfront.names";
    const NEEDS: &'static [&'static str] = &["id", "puts", "certificate_arn"];
    const CANCEL: Cancel = Cancel::None;

    async fn run(job: &Job, cloud: &Arc<Cloud>, params: Params) -> Result<Output, Failure> {
        let id = params.id.as_str();
        begin(job, json!({ "id": id, "puts": params.puts })).await?;
        let wanted = Wanted {
            enabled: true,
            comment: None,
            names: Some(Names {
                puts: &params.puts,
                takes: &params.takes,
                certificate: &params.certificate_arn,
            }),
        };
        let after = change(cloud, id, wanted)
            .await?
            .ok_or_else(|| gone(job, id))?;
        say(
            job,
            id,
            &format!("leads to it: {}", after.aliases.join(", ")),
        );
        Ok(Output::public(
            json!({ "id": id, "domain_name": after.domain_name, "aliases": after.aliases }),
        ))
    }
}
