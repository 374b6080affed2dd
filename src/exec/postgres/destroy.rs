//! `postgres.destroy {database, oid}`: ends the sessions of a database, drops it, its users and its
//! role; only the database of that number, where one was seen. Its output is `{did}`, how many things.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::admin;
use crate::aws::Cloud;
use crate::domain::failure::Failure;
use crate::domain::plan::{Cancel, Output};
use crate::exec::Job;
use crate::exec::again::{Again, before, begin, is_fresh, say};
use crate::forms::postgres::Database;

/// Takes databases away.
pub(super) struct Destroy;

#[derive(Deserialize)]
pub(super) struct Params {
    database: Database,
    oid: Option<u32>,
}

impl Again for Destroy {
    type Params = Params;
    const KIND: &'static str = "postgres.destroy";
    const NEEDS: &'static [&'static str] = &["database"];
    const CANCEL: Cancel = Cancel::None;

    async fn run(job: &Job, cloud: &Arc<Cloud>, params: Params) -> Result<Output, Failure> {
        let admin = admin(job, cloud, &params.database).await?;
        let home = admin.alone().await;
        let home = home.map_err(|trouble| before(job, trouble.failure()))?;
        let is_first = is_fresh(job);
        begin(job, json!({ "database": admin.name() })).await?;
        let done = admin.destroy(&home, params.oid).await;
        let done = done.map_err(|trouble| {
            let failure = trouble.failure();
            // Another database is there: none was touched.
            if is_first && failure.retry == crate::domain::failure::Retry::Replan {
                failure.as_before()
            } else {
                failure
            }
        })?;
        let name = admin.name().as_str();
        for did in &done.did {
            say(job, name, did);
        }
        if done.did.is_empty() {
            say(job, name, &format!("{name} was gone already"));
        }
        Ok(Output::public(json!({ "did": done.did.len() })))
    }
}
