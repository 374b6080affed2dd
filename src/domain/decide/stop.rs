//! Ending what was asked for: cancelled, abandoned, undone.

use crate::domain::ask::{Answer, Confirm};
use crate::domain::deployment::{CANCEL_LIMIT, Deployment, DeploymentEvent, Phase, Stopping};
use crate::domain::event::Append;
use crate::domain::folds::Folds;
use crate::domain::ids::{DeploymentId, StackId, StepId};
use crate::domain::person::Person;
use crate::domain::refused::Refused;
use crate::domain::stack::StackEvent;
use crate::domain::time::short;

use super::specs::unknown_deployment;
use super::{Cx, Decided, on_deployment, on_stack, readable};

pub(super) fn cancel(folds: &Folds, id: DeploymentId, confirm: &Confirm, cx: &Cx<'_>) -> Decided {
    let d = may_cancel(folds, id, cx)?;
    let reason = if confirm.reason.is_empty() {
        "cancelled".to_owned()
    } else {
        format!("cancelled: {}", confirm.reason)
    };
    let mut append = Append::default();
    let says = match (d.phase, d.stack()) {
        (Phase::Queued, Some(stack)) => {
            leave_queue(&mut append, folds, stack, id, reason, &cx.person);
            format!("{} left the queue", d.no())
        }
        (Phase::Running, _) => {
            let stopping = Stopping::Cancelling {
                reason,
                by: cx.person.clone(),
                at: cx.now,
            };
            on_deployment(
                &mut append,
                folds,
                id,
                DeploymentEvent::Stopping { stopping },
            );
            format!("{} is being cancelled", d.no())
        }
        (
            Phase::New
            | Phase::Queued
            | Phase::Triggered
            | Phase::Waiting
            | Phase::Available
            | Phase::Done
            | Phase::Partial
            | Phase::Failed
            | Phase::Terminated,
            _,
        ) => {
            on_deployment(
                &mut append,
                folds,
                id,
                DeploymentEvent::Terminated {
                    reason,
                    by: cx.person.clone(),
                },
            );
            format!("{} is cancelled", d.no())
        }
    };
    Ok((append, Answer::said(says)))
}

/// What can be cancelled; whoever asks for the card is told as well as who confirmed it.
///
/// # Errors
/// A refusal where it is over, or is being cancelled already.
pub(super) fn may_cancel<'a>(
    folds: &'a Folds,
    id: DeploymentId,
    cx: &Cx<'_>,
) -> Result<&'a Deployment, Refused> {
    let d = live(folds, id)?;
    let Some(Stopping::Cancelling { at, .. }) = &d.stopping else {
        return Ok(d);
    };
    let due = *at + CANCEL_LIMIT;
    let command = format!("`holdpoint cancel '{}' --abandon`", d.no());
    let hint = if cx.now < due {
        let from = due.text("%H:%M:%SZ");
        format!("it can be given up after {from}: {command}")
    } else {
        format!("give it up: {command}")
    };
    let says = format!("{} is being cancelled already", d.no());
    Err(Refused::new("stopping", says).hint(hint))
}

/// The same of a cancel that is given up.
///
/// # Errors
/// A refusal where it is over, was not cancelled, or still has time.
pub(super) fn may_abandon<'a>(
    folds: &'a Folds,
    id: DeploymentId,
    cx: &Cx<'_>,
) -> Result<&'a Deployment, Refused> {
    let d = live(folds, id)?;
    let Some(Stopping::Cancelling { at, .. }) = &d.stopping else {
        return Err(Refused::new(
            "not-cancelling",
            format!("{} was not cancelled: cancel it first", d.no()),
        ));
    };
    let due = *at + CANCEL_LIMIT;
    if cx.now < due {
        return Err(Refused::new(
            "too-soon",
            format!(
                "{} may be abandoned in {}",
                d.no(),
                short(due.since(cx.now))
            ),
        ));
    }
    Ok(d)
}

pub(super) fn abandon(folds: &Folds, id: DeploymentId, cx: &Cx<'_>) -> Decided {
    let d = may_abandon(folds, id, cx)?;
    let still: Vec<StepId> = d
        .runs()
        .filter(|(_, run)| run.is_live())
        .map(|(step, _)| step.id.clone())
        .collect();
    let mut append = Append::default();
    let says = format!(
        "{} is abandoned; may still be running: {}",
        d.no(),
        names(&still)
    );
    on_deployment(
        &mut append,
        folds,
        id,
        DeploymentEvent::Abandoned {
            still,
            by: cx.person.clone(),
        },
    );
    Ok((append, Answer::said(says)))
}

/// A deployment that waits ends without having started.
pub(super) fn leave_queue(
    append: &mut Append,
    folds: &Folds,
    stack: &StackId,
    deployment: DeploymentId,
    reason: String,
    by: &Person,
) {
    on_stack(append, folds, stack, StackEvent::Dequeued { deployment });
    let by = by.clone();
    let event = DeploymentEvent::Terminated { reason, by };
    on_deployment(append, folds, deployment, event);
}

fn names(steps: &[StepId]) -> String {
    if steps.is_empty() {
        "nothing".to_owned()
    } else {
        steps
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    }
}

fn live(folds: &Folds, id: DeploymentId) -> Result<&Deployment, Refused> {
    let d = folds
        .deployments
        .get(&id)
        .ok_or_else(|| unknown_deployment(id))?;
    if d.is_over() {
        return Err(Refused::new(
            "over",
            format!("{} is over: {}", d.no(), d.phase),
        ));
    }
    if let Some(stack) = d.stack() {
        readable(folds, stack)?;
    }
    Ok(d)
}

/// Withdraws a deployment that has not started: the undo of an armed key.
///
/// # Errors
/// A refusal when it has started.
pub fn undo(folds: &Folds, id: DeploymentId, cx: &Cx<'_>) -> Decided {
    let d = live(folds, id)?;
    let Some(stack) = d.stack().filter(|_| d.phase == Phase::Queued) else {
        return Err(Refused::new(
            "started",
            format!("{} has started: cancel it instead", d.no()),
        ));
    };
    let mut append = Append::default();
    let reason = "undone".to_owned();
    leave_queue(&mut append, folds, stack, id, reason, &cx.person);
    Ok((
        append,
        Answer::said(format!("{} was undone; nothing had started", d.no())),
    ))
}
