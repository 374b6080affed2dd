//! Steps: starting an attempt with exactly what was approved, and recording what came of it.

mod over;

pub(super) use over::failed;
pub use over::{time_out, withdraw};

use std::time::Duration;

use serde_json::{Value, json};

use crate::domain::deployment::{Deployment, DeploymentEvent, StepState};
use crate::domain::event::Append;
use crate::domain::failure::{Failure, Retry};
use crate::domain::folds::Folds;
use crate::domain::hold::Verdict;
use crate::domain::ids::StepId;
use crate::domain::plan::{Output, Plan, Step, StepKind, When, resolve};
use crate::domain::stack::{Stack, StackEvent};
use crate::domain::time::Time;

use super::{Cx, on_deployment, on_stack, parts};

/// How a step that needs no executor is carried out: by its system, its kind and its parameters.
pub type PureStep<'a> = &'a dyn Fn(&str, &str, &Value) -> Result<Output, Failure>;

/// Starts an attempt: the parameters with outputs filled in, and the approval checked against what
/// is true now. A step whose approval no longer fits opens its hold again instead. Pure steps end
/// in the same append; the step of a part asks in it for its deployment.
#[must_use]
pub fn start(
    folds: &Folds,
    d: &Deployment,
    id: &StepId,
    cx: &Cx<'_>,
    pure_step: PureStep<'_>,
) -> Append {
    let mut append = Append::default();
    let (Some(request), Some(step), Some(run)) = (
        &d.request,
        d.plan.as_ref().and_then(|plan| plan.step(id)),
        d.steps.get(id),
    ) else {
        return append;
    };
    let outputs = d.outputs();
    let attempt = run.attempt + 1;
    let params = match resolve(&step.params, &outputs) {
        Ok(params) => params,
        Err(why) => {
            started(
                &mut append,
                folds,
                d,
                step,
                attempt,
                None,
                Value::Null,
                cx.now,
            );
            let failure = Failure::new(format!("{id}: {why}"))
                .hint("this is a defect of the plan; deploy again and report it");
            on_deployment(
                &mut append,
                folds,
                d.id,
                DeploymentEvent::StepFailed {
                    step: id.clone(),
                    failure,
                    retry_at: None,
                },
            );
            return append;
        }
    };
    let subject = step.hold.as_ref().map(|_| super::subject(folds, d, step));
    if let Some(subject) = subject {
        let covered = run.passed == Some(subject)
            || d.holds
                .iter()
                .any(|hold| hold.id.step == *id && hold.approves(&subject));
        if !covered {
            return super::hold_want(folds, d, id, cx);
        }
    }
    started(
        &mut append,
        folds,
        d,
        step,
        attempt,
        subject,
        params.clone(),
        cx.now,
    );
    let result = match &step.kind {
        StepKind::Decision => Some(Ok(Output::public(json!({ "branch": choice(d, id) })))),
        StepKind::Weigh(name) => Some(pure_step(&request.spec.system, name, &params)),
        StepKind::Part(part) => {
            let asked = parts::ask(&mut append, folds, d, (step, part, attempt), cx);
            asked.err().map(Err)
        }
        StepKind::Act(_) => None,
    };
    if let Some(result) = result {
        match result {
            Ok(output) => done(&mut append, folds, d, step, output),
            Err(failure) => {
                let event = DeploymentEvent::StepFailed {
                    step: id.clone(),
                    failure,
                    retry_at: None,
                };
                on_deployment(&mut append, folds, d.id, event);
            }
        }
    }
    append
}

#[allow(clippy::too_many_arguments)]
fn started(
    append: &mut Append,
    folds: &Folds,
    d: &Deployment,
    step: &Step,
    attempt: u32,
    subject: Option<crate::domain::digest::Digest>,
    params: Value,
    now: Time,
) {
    let event = DeploymentEvent::StepStarted {
        step: step.id.clone(),
        attempt,
        subject,
        params,
        deadline: now + step.given_up_after(),
    };
    on_deployment(append, folds, d.id, event);
    reached(append, folds, d, step, When::Started);
}

/// A step ended well.
pub(super) fn done(
    append: &mut Append,
    folds: &Folds,
    d: &Deployment,
    step: &Step,
    output: Output,
) {
    on_deployment(
        append,
        folds,
        d.id,
        DeploymentEvent::StepDone {
            step: step.id.clone(),
            output,
        },
    );
    reached(append, folds, d, step, When::Done);
}

/// Moves the phase of the stack where the step reaches a mark, in the append that says so. Two
/// steps may name one mark, and a retry may come by it again: where the table has no such edge from
/// where the stack stands, it is where it should be.
fn reached(append: &mut Append, folds: &Folds, d: &Deployment, step: &Step, now: When) {
    let (Some((when, mark)), Some(stack)) = (&step.reaches, d.stack().map(|id| folds.stack(id)))
    else {
        return;
    };
    if *when == now && !d.is_over() && stack.current == Some(d.id) && stack.takes(&mark.edge()) {
        on_stack(
            append,
            folds,
            &stack.id,
            StackEvent::Reached {
                deployment: d.id,
                mark: mark.clone(),
            },
        );
    }
}

/// The marks of steps that a retry carries over, in the order of its plan: what they did before,
/// they need not do again.
pub(super) fn passed(
    append: &mut Append,
    folds: &Folds,
    d: &Deployment,
    plan: &Plan,
    carried: &[(StepId, Output)],
) {
    let Some(mut stack) = d.stack().map(|id| Stack::clone(&folds.stack(id))) else {
        return;
    };
    let marks = plan
        .steps
        .iter()
        .filter(|step| carried.iter().any(|(id, _)| *id == step.id))
        .filter_map(|step| step.reaches.as_ref());
    for (_, mark) in marks {
        let event = StackEvent::Reached {
            deployment: d.id,
            mark: mark.clone(),
        };
        if stack.takes(&mark.edge()) && stack.apply(&event, stack.since).is_ok() {
            on_stack(append, folds, &stack.id, event);
        }
    }
}

/// The choice of the newest approval of this step's hold.
fn choice(d: &Deployment, id: &StepId) -> Option<String> {
    let decision = d
        .holds
        .iter()
        .rev()
        .find(|hold| hold.id.step == *id)?
        .decision
        .as_ref()?;
    match &decision.verdict {
        Verdict::Approved { choice, .. } => choice.clone(),
        Verdict::Rejected | Verdict::Expired | Verdict::Void => None,
    }
}

/// Records how an attempt ended. Late results, of a deployment that is over, are recorded and start
/// nothing.
#[must_use]
pub fn outcome(
    folds: &Folds,
    d: &Deployment,
    id: &StepId,
    attempt: u32,
    result: Result<Output, Failure>,
    now: Time,
) -> Append {
    let mut append = Append::default();
    let (Some(step), Some(run)) = (
        d.plan.as_ref().and_then(|plan| plan.step(id)),
        d.steps.get(id),
    ) else {
        return append;
    };
    if run.attempt != attempt || run.state.is_over() {
        return append;
    }
    let step_id = id.clone();
    let event = match result {
        Ok(output) => {
            done(&mut append, folds, d, step, output);
            return append;
        }
        Err(failure) => match failure.retry {
            // What goes on outside is cancelled once it has ended there, not when it is out of
            // sight.
            Retry::Contact | Retry::AskAPerson
                if !d.is_over() && (step.changes() || !run.cancelling) =>
            {
                if run.state == StepState::Lost && run.failure.as_ref() == Some(&failure) {
                    return append;
                }
                DeploymentEvent::StepLost {
                    step: step_id,
                    failure,
                }
            }
            Retry::Replan if !run.cancelling && d.may_replan(id) => DeploymentEvent::PlanVoid {
                step: step_id,
                failure,
            },
            Retry::Never | Retry::After(_) | Retry::Contact | Retry::AskAPerson | Retry::Replan
                if run.cancelling =>
            {
                DeploymentEvent::StepCancelled {
                    step: step_id,
                    reason: cut(&failure),
                    as_before: failure.as_before,
                    changed_at: failure.changed_at,
                }
            }
            Retry::After(wait)
                if attempt - run.before < step.retry.attempts && d.stopping.is_none() =>
            {
                DeploymentEvent::StepFailed {
                    step: step_id,
                    failure,
                    retry_at: Some(now + wait),
                }
            }
            Retry::After(_) | Retry::Never | Retry::Contact | Retry::AskAPerson | Retry::Replan => {
                failed(&mut append, folds, d, step, failure);
                return append;
            }
        },
    };
    on_deployment(&mut append, folds, d.id, event);
    append
}

/// What a step left that was cut: with what is to be done about that, where something is.
fn cut(failure: &Failure) -> String {
    let (summary, hint) = (&failure.summary, &failure.hint);
    if hint.is_empty() || failure.as_before {
        summary.clone()
    } else {
        format!("{summary}; {hint}")
    }
}

/// Contact with a lost step is back: its time limit goes on where it stopped.
#[must_use]
pub fn found(folds: &Folds, d: &Deployment, id: &StepId, now: Time) -> Append {
    let mut append = Append::default();
    let Some(run) = d.steps.get(id).filter(|run| run.state == StepState::Lost) else {
        return append;
    };
    let left = run
        .left_ms
        .map_or(Duration::from_mins(15), Duration::from_millis);
    on_deployment(
        &mut append,
        folds,
        d.id,
        DeploymentEvent::StepFound {
            step: id.clone(),
            deadline: now + left,
        },
    );
    append
}

/// Makes an executor's note durable.
#[must_use]
pub fn noted(folds: &Folds, d: &Deployment, id: &StepId, key: &str, value: Value) -> Append {
    let mut append = Append::default();
    on_deployment(
        &mut append,
        folds,
        d.id,
        DeploymentEvent::StepNoted {
            step: id.clone(),
            key: key.to_owned(),
            value,
        },
    );
    append
}
