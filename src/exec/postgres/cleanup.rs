//! `postgres.cleanup {database, migrated}`: gives what users of a database made there to its role; and
//! remembers by what it was migrated, where that is named. Its output is `{given, others}`, how many
//! things.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::admin;
use crate::aws::Cloud;
use crate::domain::failure::Failure;
use crate::domain::plan::{Cancel, Output};
use crate::exec::Job;
use crate::exec::again::{Again, before, begin, say};
use crate::forms::postgres::{Database, Mark};

/// Gives to the role.
pub(super) struct Cleanup;

#[derive(Deserialize)]
pub(super) struct Params {
    database: Database,
    migrated: Option<String>,
}

impl Again for Cleanup {
    type Params = Params;
    const KIND: &'static str = "postgres.cleanup";
    const NEEDS: &'static [&'static str] = &["database"];
    const CANCEL: Cancel = Cancel::None;

    async fn run(job: &Job, cloud: &Arc<Cloud>, params: Params) -> Result<Output, Failure> {
        let admin = admin(job, cloud, &params.database).await?;
        let lock = admin.alone().await;
        let lock = lock.map_err(|trouble| before(job, trouble.failure()))?;
        let name = admin.name().as_str();
        begin(job, json!({ "database": name })).await?;
        let owned = admin.own().await?;
        if let Some(migrated) = params.migrated {
            let mark = admin.mark(&lock).await?.unwrap_or_default();
            admin.remember(&lock, Mark { migrated, ..mark }).await?;
        }
        drop(lock);
        for given in &owned.given {
            say(job, name, &format!("gave to the role {name}: {given}"));
        }
        if owned.given.is_empty() {
            say(
                job,
                name,
                &format!("all that users of {name} made belongs to its role"),
            );
        }
        for other in &owned.others {
            say(job, name, &format!("left as it is: {other}"));
        }
        let (given, others) = (owned.given.len(), owned.others.len());
        Ok(Output::public(json!({ "given": given, "others": others })))
    }
}
