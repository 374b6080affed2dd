//! Hands for CloudFront: one file a step kind. A distribution is changed only as it was read
//! directly before, and one that is there already is taken up instead of being made twice.

mod configuration;
mod create;
mod delete;
mod deployed;
mod disable;
mod invalidate;
mod names;
mod oac;

use std::sync::Arc;

use serde::Deserialize;

use super::again::Hand;
use super::{Executor, Job};
use crate::aws::cloudfront::{Distribution, Wanted};
use crate::aws::{Clients, Cloud, Trouble};
use crate::domain::failure::Failure;

/// How often a distribution is read again that somebody else changed in between.
const TRIES: u32 = 5;

/// All executors of CloudFront.
#[must_use]
pub fn executors(clients: &Arc<Clients>) -> Vec<Arc<dyn Executor>> {
    vec![
        Hand::<oac::Oac>::executor(clients),
        Hand::<create::Create>::executor(clients),
        Hand::<names::Lead>::executor(clients),
        Hand::<deployed::Deployed>::executor(clients),
        Hand::<disable::Disable>::executor(clients),
        Hand::<delete::Delete>::executor(clients),
        Hand::<invalidate::Invalidate>::executor(clients),
    ]
}

/// The parameters of a step about a distribution that is there.
#[derive(Deserialize)]
pub(super) struct ById {
    id: String,
}

/// Whether a change was refused because the distribution is another by now.
fn is_outdated(trouble: &Trouble) -> bool {
    trouble.is("PreconditionFailed") || trouble.is("InvalidIfMatchVersion")
}

/// Has a distribution be so, whoever changes it at the same time. None where it is gone.
async fn change(
    cloud: &Cloud,
    id: &str,
    wanted: Wanted<'_>,
) -> Result<Option<Distribution>, Failure> {
    for _ in 0..TRIES {
        let seen = cloud.distribution(id).await.map_err(Trouble::held_open)?;
        let Some(seen) = seen else { return Ok(None) };
        if seen.is(wanted) {
            return Ok(Some(seen));
        }
        match cloud.change_distribution(&seen, wanted).await {
            Ok(after) => return Ok(Some(after)),
            // Read again: an answer that was lost may have done it.
            Err(trouble) if is_outdated(&trouble) || trouble.is_unsure() => {}
            Err(trouble) if trouble.is("NoSuchDistribution") => return Ok(None),
            Err(trouble) => return Err(refused(trouble)),
        }
    }
    Err(contended(id))
}

/// What CloudFront does not take, with what to do about it.
fn refused(trouble: Trouble) -> Failure {
    let hint = match trouble.code.as_str() {
        "CNAMEAlreadyExists" => {
            "the host leads to another distribution already: take it from that one, then deploy again"
        }
        "InvalidViewerCertificate" => {
            "the certificate must be issued and cover every host that leads to the distribution"
        }
        _ => return trouble.held_open(),
    };
    trouble.held_open().hint(hint)
}

fn contended(id: &str) -> Failure {
    Failure::new(format!(
        "the distribution {id} was changed by somebody else each time before it could be changed"
    ))
    .hint("find out what else changes it, then run it again")
}

/// There is no such distribution.
fn gone(job: &Job, id: &str) -> Failure {
    Failure::new(format!("{}: there is no distribution {id}", job.step))
        .hint("somebody deleted it meanwhile; deploy again to make it")
}

#[cfg(test)]
mod tests;
