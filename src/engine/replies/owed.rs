//! What is owed, as it follows from the log.

use std::time::Duration;

use crate::domain::cause::Via;
use crate::domain::check::{self, Check};
use crate::domain::deployment::Deployment;
use crate::domain::ids::{DeploymentId, DeploymentNo, StackId};
use crate::domain::time::Time;
use crate::systems::{ReplyTo, System, asked_commit};

/// How long after its end a deployment owes a reply: whoever looks at a commit does so by then.
pub(super) const KEPT: Duration = Duration::from_hours(24);

/// What a deployment owes.
pub(super) struct Owed {
    pub(super) to: ReplyTo,
    pub(super) check: Check,
    pub(super) of: DeploymentId,
    pub(super) no: DeploymentNo,
    pub(super) stack: StackId,
}

/// What a deployment owes now, and to whom.
pub(super) fn of(
    d: &Deployment,
    systems: fn(&str) -> Option<&'static dyn System>,
    now: Time,
) -> Option<Owed> {
    let request = d.request.as_ref()?;
    if request.cause.via != Via::Push || d.ended_at.is_some_and(|at| now.since(at) >= KEPT) {
        return None;
    }
    let to = systems(&request.spec.system)?.replies(&request.spec)?;
    if !check::is_of_push(d, to.host) {
        return None;
    }
    let check = check::of(d, asked_commit(&request.flags)?, to.called.clone())?;
    Some(Owed {
        to,
        check,
        of: d.id,
        no: request.no,
        stack: request.stack.clone(),
    })
}

/// Whether the stack of a deployment owes replies to those who push, whoever asked for this one.
pub(super) fn answers(d: &Deployment, systems: fn(&str) -> Option<&'static dyn System>) -> bool {
    d.request
        .as_ref()
        .and_then(|request| systems(&request.spec.system)?.replies(&request.spec))
        .is_some()
}
