//! Plans that became void: what a step is about was changed by somebody else before it was touched.

use serde::{Deserialize, Serialize};

use crate::domain::failure::Failure;
use crate::domain::ids::StepId;
use crate::domain::plan::{ChangeRow, When};
use crate::domain::time::Time;

use super::follow::void_holds;
use super::{Deployment, Phase, StepRun};

/// How often a plan is made again for what is changed all the time: then the step fails.
const OFTEN: usize = 5;

/// A plan that became void.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Voided {
    /// What became different.
    pub failure: Failure,
    /// What was known to change then, and was approved so.
    pub rows: Vec<ChangeRow>,
}

impl Deployment {
    /// True while a plan can become void: no step has changed anything, none is under way but the
    /// one that found the difference, and that one has not moved the phase of its stack.
    pub(crate) fn may_replan(&self, id: &StepId) -> bool {
        let ordinary = self
            .plan
            .as_ref()
            .and_then(|plan| plan.step(id))
            .is_some_and(|step| {
                let moved = matches!(step.reaches, Some((When::Started, _)));
                step.finaliser.is_none() && !moved
            });
        ordinary
            && self.phase == Phase::Running
            && self.stopping.is_none()
            && self.voided.len() < OFTEN
            && self.runs().all(|(step, run)| {
                !(step.changes() && run.touched) && (step.id == *id || !run.is_live())
            })
    }

    /// What its plan would change that the void one did not; nothing where none became void.
    #[must_use]
    pub fn new_rows(&self) -> Vec<ChangeRow> {
        let Some(before) = self.voided.last() else {
            return Vec::new();
        };
        let now = self.changes().into_iter().flat_map(|changes| changes.rows);
        now.filter(|row| !before.rows.contains(row)).collect()
    }

    /// The plan and all that was decided of it are void. Attempts go on counting: what an earlier
    /// one has called by its number is not taken for a call of a later one.
    pub(super) fn void_plan(&mut self, failure: &Failure, at: Time) {
        let rows = self
            .changes()
            .into_iter()
            .flat_map(|changes| changes.rows)
            .collect();
        self.voided.push(Voided {
            failure: failure.clone(),
            rows,
        });
        void_holds(self, at, "the plan became void", |_| true);
        self.plan = None;
        self.plan_digest = None;
        let attempts = self.attempts();
        for run in self.steps.values_mut() {
            *run = StepRun::anew(attempts);
        }
    }

    /// The highest number of an attempt of any step.
    pub(super) fn attempts(&self) -> u32 {
        self.steps
            .values()
            .map(|run| run.attempt)
            .max()
            .unwrap_or(0)
    }
}
