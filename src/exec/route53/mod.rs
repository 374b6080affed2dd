//! Hands for the records of a site's host in Route 53: aliases to its distribution. A record that
//! is none is somebody else's, and is not touched.

mod prove;
mod remove;
mod upsert;

use std::sync::Arc;

use serde_json::json;

use super::again::{Hand, say};
use super::wait::until;
use super::{Executor, Job};
use crate::aws::route53::{Change, Record};
use crate::aws::{Clients, Cloud};
use crate::domain::failure::Failure;

/// All executors of Route 53.
#[must_use]
pub fn executors(clients: &Arc<Clients>) -> Vec<Arc<dyn Executor>> {
    vec![
        Hand::<upsert::Upsert>::executor(clients),
        Hand::<prove::Prove>::executor(clients),
        Hand::<remove::Remove>::executor(clients),
    ]
}

/// Notes a change that was accepted, and waits until every server has it.
async fn spread(job: &Job, cloud: &Cloud, name: &str, change: Change) -> Result<(), Failure> {
    job.port.note("sent", json!({ "id": change.id })).await?;
    say(job, name, "change accepted");
    if change.in_sync {
        return Ok(());
    }
    followed(job, cloud, &change.id).await
}

/// Waits until every server has a change. One that is not known any more was made long ago.
async fn followed(job: &Job, cloud: &Cloud, id: &str) -> Result<(), Failure> {
    let leaves = "the records are changed, and Route 53 goes on to tell all its servers";
    until(job, cloud, leaves, || async move {
        let change = cloud.record_change(id).await?;
        Ok(change.is_none_or(|change| change.in_sync).then_some(()))
    })
    .await
}

/// Where a record leads, for people.
fn leads(record: &Record) -> String {
    match &record.alias {
        Some((_, to)) => format!("an {} alias to {to}", record.kind),
        None => format!("a record of type {}", record.kind),
    }
}

#[cfg(test)]
mod tests;
