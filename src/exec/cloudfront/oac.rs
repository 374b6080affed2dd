//! `cloudfront.oac {name}`: finds the origin access control of that name, or makes it. It is how a
//! distribution proves to a bucket who reads.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use crate::aws::cloudfront::OriginAccess;
use crate::aws::{Cloud, Trouble};
use crate::domain::failure::Failure;
use crate::domain::plan::{Cancel, Output};
use crate::exec::Job;
use crate::exec::again::{Again, before, begin, say};

/// Finds or makes origin access controls.
pub(super) struct Oac;

#[derive(Deserialize)]
pub(super) struct Params {
    name: String,
}

impl Again for Oac {
    type Params = Params;
    const KIND: &'static str = "cloudfront.oac";
    const NEEDS: &'static [&'static str] = &["name"];
    const CANCEL: Cancel = Cancel::None;

    async fn run(job: &Job, cloud: &Arc<Cloud>, params: Params) -> Result<Output, Failure> {
        let name = params.name.as_str();
        if let Some(id) = find(cloud, name)
            .await
            .map_err(|failure| before(job, failure))?
        {
            return Ok(Output::public(json!({ "id": id })));
        }
        begin(job, json!({ "name": name })).await?;
        let id = match cloud.create_origin_access(name).await {
            Ok(id) => id,
            // Somebody made it meanwhile, or an earlier call did.
            Err(trouble) if trouble.is("OriginAccessControlAlreadyExists") => find(cloud, name)
                .await?
                .ok_or_else(|| trouble.held_open())?,
            Err(trouble) => return Err(trouble.held_open()),
        };
        say(job, name, &format!("origin access control {id}"));
        Ok(Output::public(json!({ "id": id })))
    }
}

async fn find(cloud: &Cloud, name: &str) -> Result<Option<String>, Failure> {
    let all = cloud.origin_accesses().await.map_err(Trouble::held_open)?;
    let Some(OriginAccess { id, of, signs, .. }) = all.into_iter().find(|one| one.name == name)
    else {
        return Ok(None);
    };
    if of == "s3" && signs == "always" {
        return Ok(Some(id));
    }
    Err(Failure::new(format!(
        "the origin access control {name} ({id}) is for {of} and signs {signs}: a site needs one for s3 that signs always"
    ))
    .hint("rename it in CloudFront; then one is made under this name"))
}
