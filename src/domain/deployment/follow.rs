//! What follows from events by itself: which steps are READY, SKIPPED, CANCELLED.

use std::collections::BTreeMap;

use crate::domain::hold::{Decision, Verdict};
use crate::domain::ids::StepId;
use crate::domain::person::Person;
use crate::domain::plan::{Finaliser, Leaves, Step};
use crate::domain::time::Time;

use super::{Deployment, StepRun, StepState, Stopping};

/// Why holds are void where nothing more is started.
pub(super) const STOPPED: &str = "the deployment stopped";

pub(super) fn void_holds(d: &mut Deployment, at: Time, why: &str, which: impl Fn(&StepId) -> bool) {
    for hold in d
        .holds
        .iter_mut()
        .filter(|hold| hold.is_open() && which(&hold.id.step))
    {
        hold.decision = Some(Decision {
            verdict: Verdict::Void,
            by: Person::Engine,
            at,
            note: why.to_owned(),
        });
    }
}

pub(super) fn ordinary(d: &Deployment) -> impl Iterator<Item = &Step> {
    d.plan
        .iter()
        .flat_map(|plan| &plan.steps)
        .filter(|step| step.finaliser.is_none())
}

/// Brings every waiting step up to date. The plan's order is topological, so one pass settles all.
pub(super) fn refresh(d: &mut Deployment, at: Time) {
    let Some(plan) = d.plan.clone() else { return };
    if d.stopping.is_some() {
        let mut cancelled = Vec::new();
        // What kept back a step that waits, where it was no wish to stop.
        let is_failing = d.stopping == Some(Stopping::Failing);
        let failed = |id: &&StepId| {
            let run = d.steps.get(*id);
            run.is_some_and(|run| matches!(run.state, StepState::Failed | StepState::Blocked))
        };
        let kept = |step: &Step| {
            let before = step.after.iter().find(failed);
            let before = before.filter(|_| plan.finish_independent && is_failing)?;
            Some((step.id.clone(), before.clone()))
        };
        let before: BTreeMap<StepId, StepId> = plan.steps.iter().filter_map(kept).collect();
        for step in plan.steps.iter().filter(|step| step.finaliser.is_none()) {
            if let Some(run) = d.steps.get_mut(&step.id)
                && matches!(
                    run.state,
                    StepState::Blocked | StepState::Ready | StepState::Held | StepState::Waiting
                )
            {
                run.state = StepState::Cancelled;
                run.ended_at = Some(at);
                let why = before.get(&step.id).map_or_else(
                    || "the deployment is stopping".to_owned(),
                    |before| format!("{before} did not succeed"),
                );
                run.reason.get_or_insert(why);
                cancelled.push(step.id.clone());
            }
        }
        void_holds(d, at, STOPPED, |step| cancelled.contains(step));
    }
    let order: Vec<StepId> = plan
        .order()
        .map(|ids| ids.into_iter().cloned().collect())
        .unwrap_or_default();
    for id in order {
        let (Some(step), Some(run)) = (plan.step(&id), d.steps.get(&id)) else {
            continue;
        };
        if run.state != StepState::Blocked {
            continue;
        }
        if let Some((state, reason)) = verdict(d, step)
            && let Some(run) = d.steps.get_mut(&id)
        {
            run.state = state;
            if let Some(reason) = reason {
                run.reason = Some(reason);
                run.ended_at = Some(at);
            }
        }
    }
}

/// What becomes of a blocked step now, if anything.
fn verdict(d: &Deployment, step: &Step) -> Option<(StepState, Option<String>)> {
    let plan = d.plan.as_ref()?;
    let state_of = |id: &StepId| d.steps.get(id).map(|run| run.state);
    let (ordinary_needs, finaliser_needs): (Vec<&StepId>, Vec<&StepId>) = step
        .after
        .iter()
        .partition(|id| plan.step(id).is_some_and(|need| need.finaliser.is_none()));
    let needs: Vec<&StepId> = match step.finaliser {
        None => step.after.iter().collect(),
        Some(kind) => {
            let over = ordinary(d).all(|other| state_of(&other.id).is_some_and(StepState::is_over));
            if !over {
                return None;
            }
            if kind == Finaliser::BadEnd {
                d.stopping.as_ref()?;
                let touched = ordinary_needs.is_empty()
                    || ordinary_needs
                        .iter()
                        .any(|id| d.steps.get(*id).is_some_and(StepRun::may_have_changed));
                if !touched {
                    return Some((
                        StepState::Skipped,
                        Some("what it restores was never touched".to_owned()),
                    ));
                }
                if d.leaves() == Some(Leaves::Nothing) {
                    return Some((
                        StepState::Skipped,
                        Some("what it would restore is gone".to_owned()),
                    ));
                }
            }
            finaliser_needs
        }
    };
    let states: Vec<StepState> = needs.iter().filter_map(|id| state_of(id)).collect();
    if !states.iter().all(|state| state.is_finished()) {
        // A finaliser behind one that failed or was rejected will never run; an ordinary step stays
        // BLOCKED.
        let never = step.finaliser.is_some() && states.iter().all(|state| state.is_over());
        return never.then(|| {
            (
                StepState::Skipped,
                Some("the step before it did not succeed".to_owned()),
            )
        });
    }
    if !states.is_empty() && states.iter().all(|state| *state == StepState::Skipped) {
        return Some((
            StepState::Skipped,
            Some("all steps before it were skipped".to_owned()),
        ));
    }
    if let Some((chooser, branch)) = &step.only_if {
        let chosen = d.steps.get(chooser).and_then(|run| run.branch.as_deref());
        if chosen != Some(branch.as_str()) {
            let reason = format!("another way taken: {}", chosen.unwrap_or("none"));
            return Some((StepState::Skipped, Some(reason)));
        }
    }
    Some((StepState::Ready, None))
}
