//! What a deployment does to the counts of its services: by the roles and counts of its steps, for
//! each thing that they are about.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::end::End;
use crate::domain::look::Subject;
use crate::domain::plan::{Counts, Role, Step};
use crate::domain::time::Time;

use super::{Deployment, StepRun, StepState};

impl Deployment {
    /// The scaling steps that are done, the oldest first.
    fn scaled(&self) -> Vec<(&Step, &StepRun)> {
        let mut done: Vec<_> = self
            .runs()
            .filter(|(step, run)| step.scales() && run.state == StepState::Done)
            .collect();
        done.sort_by_key(|(_, run)| run.ended_at);
        done
    }

    /// Since when one of its services is at zero, as long as it has not brought that one up again.
    #[must_use]
    pub fn down_since(&self) -> Option<Time> {
        let mut down: BTreeMap<Option<&Subject>, Option<Time>> = BTreeMap::new();
        for (step, run) in self.scaled() {
            down.insert(
                step.about.as_ref(),
                run.ended_at.filter(|_| at_zero(step, run)),
            );
        }
        down.into_values().flatten().min()
    }

    /// Whether one of its services is down, or on the way down: a cancel leaves it there.
    #[must_use]
    pub fn goes_down(&self) -> bool {
        let mut down: BTreeMap<Option<&Subject>, bool> = BTreeMap::new();
        for (step, _) in self.scaled() {
            down.insert(step.about.as_ref(), step.role == Role::ScaleDown);
        }
        let going = |(step, run): (&Step, &StepRun)| step.role == Role::ScaleDown && run.is_live();
        down.into_values().any(|down| down) || self.runs().any(going)
    }

    /// How long a deployment that ended well had a service at zero: a bad end waits for people, and
    /// tells nothing of the next one.
    #[must_use]
    pub fn was_at_zero_for(&self) -> Option<Duration> {
        if !matches!(self.end, Some(End::Done)) {
            return None;
        }
        let scaled = self.scaled();
        let out = |(step, run): &(&Step, &StepRun)| {
            let up = scaled.iter().rfind(|(other, other_run)| {
                other.about == step.about && other_run.ended_at > run.ended_at
            })?;
            Some(up.1.ended_at?.since(run.ended_at?))
        };
        scaled
            .iter()
            .filter(|(step, _)| step.role == Role::ScaleDown)
            .filter_map(out)
            .max()
    }

    /// How many tasks its services have when all is well, as its scaling steps say.
    #[must_use]
    pub fn wanted(&self) -> u32 {
        let mut wanted: BTreeMap<Option<&Subject>, u32> = BTreeMap::new();
        for step in self
            .plan
            .iter()
            .flat_map(|plan| &plan.steps)
            .filter(|step| step.scales())
        {
            let most = wanted.entry(step.about.as_ref()).or_default();
            *most = step.counts.total().max(*most);
        }
        wanted.into_values().sum()
    }
}

/// Whether a scaling step left nothing running: by the counts that it told, else by those that it
/// was to bring.
fn at_zero(step: &Step, run: &StepRun) -> bool {
    let told = run
        .output
        .as_ref()
        .and_then(|output| output.counts.as_ref());
    match told.unwrap_or(&step.counts) {
        counts if Counts::is_empty(counts) => step.role == Role::ScaleDown,
        counts => counts.total() == 0,
    }
}
