//! Hands for Certificate Manager: one file a step kind. A certificate that was asked for from here
//! says so by its tag, and no other is touched.

mod delete;
mod issued;
mod request;

use std::sync::Arc;

use super::again::Hand;
use super::{Executor, Job};
use crate::aws::acm::{self, Certificate};
use crate::aws::{Clients, Cloud, Trouble};
use crate::domain::failure::Failure;
use crate::forms::acm::Proof;

/// Where a certificate waits for its names to be proven.
const PENDING: &str = "PENDING_VALIDATION";
/// Where it can be used.
const ISSUED: &str = "ISSUED";

/// All executors of Certificate Manager.
#[must_use]
pub fn executors(clients: &Arc<Clients>) -> Vec<Arc<dyn Executor>> {
    vec![
        Hand::<request::Request>::executor(clients),
        Hand::<issued::Issued>::executor(clients),
        Hand::<delete::Delete>::executor(clients),
    ]
}

/// The certificates that this owner asked for, of which this is the first name.
async fn asked_for(cloud: &Cloud, first: &str, owner: &str) -> Result<Vec<Certificate>, Trouble> {
    let mut all = Vec::new();
    for (arn, name) in cloud.certificates().await? {
        if !name.eq_ignore_ascii_case(first) {
            continue;
        }
        if cloud.certificate_owner(&arn).await?.as_deref() == Some(owner)
            && let Some(one) = cloud.certificate(&arn).await?
        {
            all.push(one);
        }
    }
    Ok(all)
}

/// The records that prove its names; none until all of them are known.
fn proofs(one: &Certificate) -> Option<Vec<Proof>> {
    let all: Option<Vec<Proof>> = one.proofs.iter().map(proof).collect();
    all.filter(|all| !all.is_empty())
}

/// The record that proves a name, once it is known.
fn proof(told: &acm::Proof) -> Option<Proof> {
    let record = told.record.clone()?;
    Some(Proof {
        of: told.name.clone(),
        name: record.name,
        kind: record.kind,
        value: record.value,
    })
}

/// There is no such certificate any more.
fn gone(job: &Job, arn: &str) -> Failure {
    Failure::new(format!("{}: the certificate {arn} is gone", job.step))
        .hint("somebody deleted it meanwhile; deploy again to ask for another one")
}

/// It will never be issued.
fn refused(one: &Certificate) -> Failure {
    let (names, status) = (one.names.join(", "), &one.status);
    let hint = match status.as_str() {
        "VALIDATION_TIMED_OUT" => {
            "its names were not proven within 72 hours: deploy again, then make the record that is told"
        }
        _ => "aws acm describe-certificate says more; deploy again to ask for another one",
    };
    let failure = Failure::new(format!("the certificate for {names} is {status}")).hint(hint);
    if one.failure_reason.is_empty() {
        failure
    } else {
        failure.detail(one.failure_reason.clone())
    }
}

#[cfg(test)]
mod tests;
