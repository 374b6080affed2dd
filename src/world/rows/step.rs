//! The step that a deployment is at.

use crate::domain::deployment::{Deployment, StepRun, StepState};
use crate::domain::ids::StepId;
use crate::domain::plan::Step;
use crate::domain::time::Time;
use crate::world::usual;

/// Where a deployment stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepAt {
    /// The step.
    pub id: StepId,
    /// Its title.
    pub title: String,
    /// Its place among the steps that are not skipped, from 1; of parts, how many are there.
    pub nth: usize,
    /// How many those are.
    pub of: usize,
    /// Since when it runs or waits.
    pub since: Option<Time>,
}

/// The first step that nobody has contact with.
#[must_use]
pub fn lost_step(d: &Deployment) -> Option<(&Step, &StepRun)> {
    d.runs().find(|(_, run)| run.state == StepState::Lost)
}

/// How far a whole is: how many of its parts are there.
fn parts_at(d: &Deployment) -> Option<StepAt> {
    let parts: Vec<StepState> = d
        .runs()
        .filter(|(step, _)| step.kind.part().is_some())
        .map(|(_, run)| run.state)
        .collect();
    let there = |state: &&StepState| **state == StepState::Done;
    let under_way = !d.is_over() && parts.iter().any(|state| !state.is_over());
    under_way.then(|| StepAt {
        id: "parts".into(),
        title: "parts there".to_owned(),
        nth: parts.iter().filter(there).count(),
        of: parts.len(),
        since: d.started_at,
    })
}

/// The step that a deployment is at: of a whole, its parts together; else the first that is held or lost, else the first that runs,
/// waits, or is next.
#[must_use]
pub fn step_at(d: &Deployment) -> Option<StepAt> {
    let runs: Vec<_> = d
        .runs()
        .filter(|(step, run)| run.state != StepState::Skipped && usual::expected(d, step))
        .collect();
    if let Some(parts) = parts_at(d) {
        return Some(parts);
    }
    let rank = |state: StepState| match state {
        StepState::Held => 0,
        StepState::Lost => 1,
        StepState::Active => 2,
        StepState::Waiting => 3,
        StepState::Ready => 4,
        StepState::Blocked => 5,
        StepState::Done | StepState::Failed | StepState::Skipped | StepState::Cancelled => 6,
    };
    let (at, (step, run)) = runs
        .iter()
        .enumerate()
        .filter(|(_, (_, run))| !run.state.is_over())
        .min_by_key(|(nth, (_, run))| (rank(run.state), *nth))?;
    let opened = d
        .open_holds()
        .find(|hold| hold.id.step == step.id)
        .map(|hold| hold.opened_at);
    Some(StepAt {
        id: step.id.clone(),
        title: step.title.clone(),
        nth: at + 1,
        of: runs.len(),
        since: opened.or(run.started_at),
    })
}
