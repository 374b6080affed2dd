//! Ends of steps that nobody outside told: for good, by a cancel, by the time.

use crate::domain::decide::on_deployment;
use crate::domain::deployment::{Deployment, DeploymentEvent};
use crate::domain::event::Append;
use crate::domain::failure::{Failure, Retry};
use crate::domain::folds::Folds;
use crate::domain::ids::StepId;
use crate::domain::plan::{Role, Step};

/// A step has failed for good. Where it was to bring a service back, nobody is served: who chose
/// that way decides anew.
pub(in crate::domain::decide) fn failed(
    append: &mut Append,
    folds: &Folds,
    d: &Deployment,
    step: &Step,
    failure: Failure,
) {
    let event = DeploymentEvent::StepFailed {
        step: step.id.clone(),
        failure,
        retry_at: None,
    };
    on_deployment(append, folds, d.id, event);
    let chooser = step
        .only_if
        .as_ref()
        .filter(|_| step.role == Role::Restore && !d.is_over())
        .and_then(|(chooser, _)| d.plan.as_ref()?.step(chooser));
    if let Some(chooser) = chooser.filter(|chooser| chooser.hold.is_some()) {
        let step = chooser.id.clone();
        on_deployment(append, folds, d.id, DeploymentEvent::DecisionAgain { step });
    }
}

/// An attempt is to be cancelled of which nothing was begun outside: it is over.
#[must_use]
pub fn withdraw(folds: &Folds, d: &Deployment, id: &StepId) -> Append {
    let mut append = Append::default();
    on_deployment(
        &mut append,
        folds,
        d.id,
        DeploymentEvent::StepCancelled {
            step: id.clone(),
            reason: "cancelled before anything of it was begun".to_owned(),
            as_before: true,
            changed_at: None,
        },
    );
    append
}

/// An attempt's time is over.
#[must_use]
pub fn time_out(folds: &Folds, d: &Deployment, id: &StepId) -> Append {
    let mut append = Append::default();
    let (Some(step), Some(run)) = (
        d.plan.as_ref().and_then(|plan| plan.step(id)),
        d.steps.get(id),
    ) else {
        return append;
    };
    let failure = Failure::new(format!(
        "{}: no end after {}",
        step.title,
        crate::domain::time::short(step.timeout)
    ))
    .hint("what was started outside may still be going on; look at it before you deploy again");
    // What was to be ended and does not end goes on, for all that is known.
    let goes_on = run.cancelling || step.ends_at_limit;
    let event = match (goes_on, step.changes()) {
        (true, true) => DeploymentEvent::StepLost {
            step: id.clone(),
            failure: failure
                .hint("check what became of it, then resolve the step as done or failed")
                .retry(Retry::AskAPerson),
        },
        (true, false) if run.cancelling => DeploymentEvent::StepCancelled {
            step: id.clone(),
            reason: failure.summary,
            as_before: false,
            changed_at: None,
        },
        (true | false, _) => {
            failed(&mut append, folds, d, step, failure);
            return append;
        }
    };
    on_deployment(&mut append, folds, d.id, event);
    append
}
