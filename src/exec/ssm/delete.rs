//! `ssm.delete {name}`: deletes a parameter. One that is gone already counts as deleted.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use crate::aws::{Cloud, Trouble};
use crate::domain::failure::Failure;
use crate::domain::plan::{Cancel, Output};
use crate::exec::Job;
use crate::exec::again::{Again, begin, say};

/// Deletes a parameter.
pub(super) struct Delete;

#[derive(Deserialize)]
pub(super) struct Params {
    name: String,
}

impl Again for Delete {
    type Params = Params;
    const KIND: &'static str = "ssm.delete";
    const NEEDS: &'static [&'static str] = &["name"];
    const CANCEL: Cancel = Cancel::BestEffort;

    async fn run(job: &Job, cloud: &Arc<Cloud>, params: Params) -> Result<Output, Failure> {
        let name = &params.name;
        begin(job, json!({ "name": name })).await?;
        let was_there = cloud
            .delete_parameter(name)
            .await
            .map_err(Trouble::held_open)?;
        let says = if was_there {
            "deleted"
        } else {
            "was gone already"
        };
        say(job, name, &format!("{name} {says}"));
        Ok(Output::public(json!({ "deleted": was_there })))
    }
}
