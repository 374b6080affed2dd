//! How events change a deployment.

use std::sync::Arc;

use crate::domain::end::End;
use crate::domain::hold::{Decision, Verdict};
use crate::domain::ids::{HoldId, StepId};
use crate::domain::lifecycle::Illegal;
use crate::domain::lifecycles::of_system;
use crate::domain::plan::Output;
use crate::domain::time::Time;

use super::follow::{STOPPED, ordinary, refresh, void_holds};
use super::{Deployment, DeploymentEvent, Phase, StepRun, StepState, Stopping};

pub(super) fn apply(d: &mut Deployment, event: &DeploymentEvent, at: Time) -> Result<(), Illegal> {
    let tag = event.tag();
    match event {
        DeploymentEvent::Created { request } => {
            // What another program's system would do next is not for this one to decide.
            of_system(&request.spec.system)?;
            // A child is known by its id: the step that asked for it finds it again after a
            // restart.
            if request
                .parent
                .as_ref()
                .is_some_and(|parent| parent.child() != d.id)
            {
                return Err(d.broken_log(tag));
            }
            d.take_edge(tag, at)?;
            d.request = Some(Arc::new((**request).clone()));
            d.created_at = at;
        }
        DeploymentEvent::Triggered => {
            d.take_edge(tag, at)?;
            d.started_at = Some(at);
        }
        DeploymentEvent::StackWait | DeploymentEvent::RunSteps => d.take_edge(tag, at)?,
        DeploymentEvent::StackAvailable { found } => {
            d.take_edge(tag, at)?;
            d.found = Some(found.clone());
        }
        DeploymentEvent::StackWaitFailure { failure } | DeploymentEvent::Error { failure } => {
            d.take_edge(tag, at)?;
            finish(
                d,
                End::Failed {
                    failure: failure.clone(),
                },
                at,
            );
        }
        DeploymentEvent::Planned {
            plan,
            digest,
            carried,
        } => {
            if d.phase != Phase::Available || d.plan.is_some() {
                return Err(d.broken_log(tag));
            }
            let attempts = d.attempts();
            d.steps = plan
                .steps
                .iter()
                .map(|step| (step.id.clone(), StepRun::anew(attempts)))
                .collect();
            d.plan = Some(Arc::new((**plan).clone()));
            d.plan_digest = Some(*digest);
            for (step, output) in carried {
                let run = run_mut(d, step, tag)?;
                run.reason = Some("carried over".to_owned());
                done(run, output, at);
            }
        }
        DeploymentEvent::PlanVoid { step, failure } => {
            run_mut(d, step, tag)?;
            d.take_edge(tag, at)?;
            d.void_plan(failure, at);
        }
        DeploymentEvent::StepStarted {
            step,
            attempt,
            subject,
            deadline,
            ..
        } => {
            if d.is_over() {
                return Err(d.broken_log(tag));
            }
            // A part has its own limits, and waits in its queue and for people as long as it must.
            let plan = d.plan.as_ref();
            let own = plan.and_then(|plan| plan.step(step)?.kind.part());
            let deadline = own.is_none().then_some(*deadline);
            let run = run_mut(d, step, tag)?;
            run.state = StepState::Active;
            run.attempt = *attempt;
            run.started_at = Some(at);
            run.ended_at = None;
            run.deadline = deadline;
            run.retry_at = None;
            run.failure = None;
            run.subject = *subject;
            if *attempt > 1 {
                run.notes.clear();
            }
        }
        DeploymentEvent::StepNoted { step, key, value } => {
            run_mut(d, step, tag)?
                .notes
                .insert(key.clone(), value.clone());
        }
        DeploymentEvent::StepLost { step, failure } => {
            let run = run_mut(d, step, tag)?;
            run.state = StepState::Lost;
            // Lost for another reason than before: what was left of its time is known already.
            if let Some(deadline) = run.deadline.take() {
                run.left_ms = Some(u64::try_from(deadline.since(at).as_millis()).unwrap_or(0));
            }
            run.failure = Some(failure.clone());
        }
        DeploymentEvent::StepFound { step, deadline } => {
            let run = run_mut(d, step, tag)?;
            run.state = StepState::Active;
            run.deadline = Some(*deadline);
            run.left_ms = None;
            run.failure = None;
        }
        DeploymentEvent::StepDone { step, output } => {
            let run = run_mut(d, step, tag)?;
            run.touched = true;
            done(run, output, at);
        }
        DeploymentEvent::StepFailed {
            step,
            failure,
            retry_at,
        } => {
            let run = run_mut(d, step, tag)?;
            run.state = if retry_at.is_some() {
                StepState::Waiting
            } else {
                StepState::Failed
            };
            run.retry_at = *retry_at;
            run.ended_at = Some(at);
            run.deadline = None;
            run.touched |= !failure.as_before;
            run.changed_at = run.changed_at.max(failure.changed_at);
            run.failure = Some(failure.clone());
        }
        DeploymentEvent::StepCancelled {
            step,
            reason,
            as_before,
            changed_at,
        } => {
            let run = run_mut(d, step, tag)?;
            run.touched |= !as_before;
            run.changed_at = run.changed_at.max(*changed_at);
            run.state = StepState::Cancelled;
            run.ended_at = Some(at);
            run.deadline = None;
            run.reason = Some(reason.clone());
        }
        DeploymentEvent::DecisionAgain { step } => {
            let spent = d.holds.iter().filter(|hold| hold.id.step == *step).count();
            let run = run_mut(d, step, tag)?;
            run.spent = u32::try_from(spent).unwrap_or(u32::MAX);
            (run.branch, run.output, run.passed) = (None, None, None);
            run.again();
            let plan = d.plan.clone();
            let ways = plan.iter().flat_map(|plan| &plan.steps).filter(|way| {
                way.only_if
                    .as_ref()
                    .is_some_and(|(chooser, _)| chooser == step)
            });
            for way in ways {
                run_mut(d, &way.id, tag)?.again();
            }
        }
        DeploymentEvent::HoldOpened { hold } => {
            run_mut(d, &hold.id.step, tag)?.state = StepState::Held;
            d.holds.push((**hold).clone());
        }
        DeploymentEvent::HoldPassed {
            step,
            subject,
            reason,
        } => {
            let run = run_mut(d, step, tag)?;
            run.passed = Some(*subject);
            run.reason = Some(reason.clone());
        }
        DeploymentEvent::HoldDecided { hold, decision } => decided(d, hold, decision, at)?,
        DeploymentEvent::Stopping { stopping } => {
            d.stopping = Some(stopping.clone());
            if matches!(stopping, Stopping::Cancelling { .. }) {
                let ids: Vec<StepId> = ordinary(d).map(|step| step.id.clone()).collect();
                for id in ids {
                    let run = run_mut(d, &id, tag)?;
                    run.cancelling = run.is_live();
                }
            }
        }
        DeploymentEvent::Done => {
            d.take_edge(tag, at)?;
            finish(d, End::Done, at);
        }
        DeploymentEvent::Partial { arrived, missing } => {
            if arrived.is_empty()
                || missing.is_empty()
                || arrived.iter().any(|stack| missing.contains(stack))
            {
                return Err(d.broken_log(tag));
            }
            d.take_edge(tag, at)?;
            finish(
                d,
                End::Partial {
                    arrived: arrived.clone(),
                    missing: missing.clone(),
                },
                at,
            );
        }
        DeploymentEvent::Terminated { reason, by } => {
            d.take_edge(tag, at)?;
            finish(
                d,
                End::Terminated {
                    reason: reason.clone(),
                    by: by.clone(),
                },
                at,
            );
        }
        DeploymentEvent::Abandoned { still, by } => {
            if let Some(Stopping::Cancelling { reason, .. }) = &d.stopping {
                d.stopping = Some(Stopping::Cancelling {
                    reason: format!("{reason}; abandoned: {}", may_go_on(still)),
                    by: by.clone(),
                    at,
                });
            }
            for id in still {
                let run = run_mut(d, id, tag)?;
                run.state = StepState::Cancelled;
                run.touched = true;
                run.ended_at = Some(at);
                run.reason = Some(format!("abandoned by {by}: it may still be running"));
            }
        }
    }
    if d.phase == Phase::Running {
        refresh(d, at);
    }
    Ok(())
}

/// What is said of steps that nobody waits for any more.
fn may_go_on(steps: &[StepId]) -> String {
    if steps.is_empty() {
        return "nothing was running any more".to_owned();
    }
    let names: Vec<_> = steps.iter().map(ToString::to_string).collect();
    format!("what {} began may go on outside", names.join(", "))
}

fn run_mut<'a>(d: &'a mut Deployment, step: &StepId, on: &str) -> Result<&'a mut StepRun, Illegal> {
    let illegal = Illegal::NoEdge {
        lifecycle: format!("step {step} of a deployment"),
        from: d.phase.to_string(),
        on: on.to_owned(),
    };
    d.steps.get_mut(step).ok_or(illegal)
}

fn done(run: &mut StepRun, output: &Output, at: Time) {
    run.state = StepState::Done;
    run.ended_at = Some(at);
    run.deadline = None;
    run.failure = None;
    run.branch = output
        .public
        .get("branch")
        .and_then(|branch| branch.as_str())
        .map(str::to_owned);
    run.output = Some(output.clone());
}

fn decided(d: &mut Deployment, id: &HoldId, decision: &Decision, at: Time) -> Result<(), Illegal> {
    let broken = d.broken_log("hold_decided");
    let hold = d
        .holds
        .iter_mut()
        .find(|hold| hold.id == *id && hold.is_open())
        .ok_or(broken)?;
    hold.decision = Some(decision.clone());
    let run = run_mut(d, &id.step, "hold_decided")?;
    if run.state != StepState::Held {
        return Ok(());
    }
    match &decision.verdict {
        Verdict::Approved { .. } | Verdict::Void => run.state = StepState::Ready,
        Verdict::Rejected | Verdict::Expired => {
            run.state = StepState::Cancelled;
            run.ended_at = Some(at);
            run.reason = Some(match decision.verdict {
                Verdict::Expired => "nobody decided in time".to_owned(),
                Verdict::Rejected | Verdict::Approved { .. } | Verdict::Void => {
                    format!("rejected by {}: {}", decision.by, decision.note)
                }
            });
        }
    }
    Ok(())
}

/// Everything that waits becomes void when the deployment is over; a good end skips what only a bad
/// end needs.
fn finish(d: &mut Deployment, end: End, at: Time) {
    for run in d.steps.values_mut() {
        if !run.state.is_over() && !run.is_live() {
            let (state, reason) = match end {
                End::Done => (StepState::Skipped, "not needed: it ended well"),
                End::Partial { .. } | End::Failed { .. } | End::Terminated { .. } => {
                    (StepState::Cancelled, "the deployment ended first")
                }
            };
            run.state = state;
            run.reason.get_or_insert_with(|| reason.to_owned());
        }
    }
    void_holds(d, at, STOPPED, |_| true);
    d.ended_at = Some(at);
    d.end = Some(end);
}
