//! What hands read of a job: the clients of where it acts, its parameters, what it noted.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Job;
use crate::aws::{Clients, Cloud};
use crate::domain::failure::{Failure, Retry};
use crate::forms::role::ASSUMES;

/// The clients of the job's environment, with the role that its parameters name.
pub(super) async fn cloud(clients: &Clients, job: &Job) -> Result<Arc<Cloud>, Failure> {
    let place = job.place.as_ref().ok_or_else(|| {
        Failure::new(format!("{}: the environment {} says nothing about AWS", job.step, job.env))
            .hint("add aws: {region: ..., profile: ...} to it in the estate file, then run holdpoint apply")
    })?;
    let role = match job.params.get(ASSUMES) {
        None | Some(Value::Null) => None,
        Some(Value::String(role)) => Some(role.as_str()),
        Some(other) => {
            let says = format!("{}: {other} names no role", job.step);
            return Err(Failure::new(says).hint("deploy again: the plan is made anew"));
        }
    };
    clients.assuming(place, role).await
}

/// The parameters of a job in the form of its kind.
pub(super) fn params<P: DeserializeOwned>(job: &Job) -> Result<P, Failure> {
    serde_json::from_value(job.params.clone()).map_err(|why| {
        Failure::new(format!(
            "the parameters of step {} cannot be read: {why}",
            job.step
        ))
        .hint("deploy again: the plan is made anew")
    })
}

/// What an attempt noted under a name. A note that cannot be read is no missing note: what it
/// stands for may have been done.
pub(super) fn noted<T: DeserializeOwned>(job: &Job, name: &str) -> Result<Option<T>, Failure> {
    let read = |note: &Value| {
        serde_json::from_value(note.clone()).map_err(|why| {
            Failure::new(format!(
                "the note {name:?} of step {} cannot be read: {why}",
                job.step
            ))
            .hint("check in AWS what became of it, then resolve the step as done or failed")
            .retry(Retry::AskAPerson)
        })
    };
    job.notes.get(name).map(read).transpose()
}

/// Checks that parameters are there when the plan is made; references to outputs stand for values
/// that come later.
pub(super) fn require(params: &Value, names: &[&str]) -> Result<(), String> {
    let missing: Vec<_> = names
        .iter()
        .filter(|name| params.get(**name).is_none_or(Value::is_null))
        .copied()
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(format!("missing: {}", missing.join(", ")))
    }
}
