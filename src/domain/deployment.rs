//! The deployment machine: one attempt, its plan, its steps, its holds.

mod brings;
mod event;
mod follow;
mod phase;
mod phase_run;
mod rules;
mod scale;
mod step;
mod voided;
mod wants;
mod written;

pub use event::{DeploymentEvent, Request, Shown, Stopping};
pub use phase::Phase;
pub use phase_run::{PHASES, PhaseRun};
pub use step::{Branch, StepRun, StepState};
pub use voided::Voided;
pub use wants::{CANCEL_LIMIT, DeploymentWant};
pub use written::{WRITTEN, Written};

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::cause::Parent;
use super::digest::Digest;
use super::end::End;
use super::failure::Failure;
use super::hold::Hold;
use super::ids::{DeploymentId, DeploymentNo, StackId, StepId};
use super::lifecycle::Travelled;
use super::lifecycle::{Illegal, PhaseClass};
use super::lifecycles::DEPLOYMENT;
use super::look::{Sights, Subject};
use super::plan::{ChangeRow, Changes, Leaves, Output, Plan, Role, Step, united};
use super::time::Time;

/// A deployment as folded from its stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// Which.
    pub id: DeploymentId,
    /// Stream version.
    pub version: u64,
    /// The phase.
    pub phase: Phase,
    /// Since when.
    pub since: Time,
    /// What was asked; absent before `created`.
    pub request: Option<Arc<Request>>,
    /// When it was asked for.
    pub created_at: Time,
    /// When its stack started it.
    pub started_at: Option<Time>,
    /// When it ended.
    pub ended_at: Option<Time>,
    /// How the real things were found when it started.
    pub found: Option<Sights>,
    /// The plan.
    pub plan: Option<Arc<Plan>>,
    /// Its digest.
    pub plan_digest: Option<Digest>,
    /// The steps' states, by step id.
    pub steps: BTreeMap<StepId, StepRun>,
    /// Holds in the order in which they opened.
    pub holds: Vec<Hold>,
    /// The plans that became void, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub voided: Vec<Voided>,
    /// Set when no new ordinary step may start.
    pub stopping: Option<Stopping>,
    /// How it ended.
    pub end: Option<End>,
    /// The last phase edges it took, oldest first.
    pub travelled: Vec<Travelled>,
}

impl Deployment {
    /// A deployment of which nothing is known yet.
    #[must_use]
    pub fn new(id: DeploymentId) -> Self {
        Self {
            id,
            version: 0,
            phase: Phase::New,
            since: Time::default(),
            request: None,
            created_at: Time::default(),
            started_at: None,
            ended_at: None,
            found: None,
            plan: None,
            plan_digest: None,
            steps: BTreeMap::new(),
            holds: Vec::new(),
            voided: Vec::new(),
            stopping: None,
            end: None,
            travelled: Vec::new(),
        }
    }

    /// Its number; 0 before `created`.
    #[must_use]
    pub fn no(&self) -> DeploymentNo {
        self.request
            .as_ref()
            .map_or(DeploymentNo(0), |request| request.no)
    }

    /// Its stack.
    #[must_use]
    pub fn stack(&self) -> Option<&StackId> {
        self.request.as_ref().map(|request| &request.stack)
    }

    /// The step that asked for it, where it is a child.
    #[must_use]
    pub fn parent(&self) -> Option<&Parent> {
        self.request.as_ref()?.parent.as_ref()
    }

    /// The deployments of parts that its steps asked for and wait for.
    pub fn parts(&self) -> impl Iterator<Item = DeploymentId> {
        let live = self
            .runs()
            .filter(|(step, run)| run.is_live() && step.kind.part().is_some());
        live.map(|(step, run)| self.asking(&step.id, run.attempt).child())
    }

    /// An attempt of one of its steps, as the parent of what that asks for.
    #[must_use]
    pub fn asking(&self, step: &StepId, attempt: u32) -> Parent {
        Parent {
            deployment: self.id,
            step: step.clone(),
            attempt,
        }
    }

    /// True once it is DONE, PARTIAL, FAILED or TERMINATED.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.end.is_some()
    }

    /// What the phase means.
    #[must_use]
    pub fn class(&self) -> PhaseClass {
        DEPLOYMENT
            .phase(self.phase.name())
            .map_or(PhaseClass::Rest, |phase| phase.class)
    }

    /// Holds that wait for a person.
    pub fn open_holds(&self) -> impl Iterator<Item = &Hold> {
        self.holds.iter().filter(|hold| hold.is_open())
    }

    /// The plan's steps with their runs.
    pub fn runs(&self) -> impl Iterator<Item = (&Step, &StepRun)> {
        self.plan
            .iter()
            .flat_map(|plan| &plan.steps)
            .filter_map(|step| self.steps.get(&step.id).map(|run| (step, run)))
    }

    /// What is known now to change: what the plan says, and over it what the steps found in its
    /// turn, the newest word about each thing.
    #[must_use]
    pub fn changes(&self) -> Vec<Changes> {
        let mut found: Vec<_> = self
            .runs()
            .filter_map(|(_, run)| Some((run.ended_at, run.output.as_ref()?.changes.as_ref()?)))
            .collect();
        found.sort_by_key(|(at, _)| *at);
        united(
            self.plan.as_ref().map_or(&[], |plan| &plan.changes),
            found.into_iter().map(|(_, changes)| changes),
        )
    }

    /// The change rows as known now; `None` where a step may change what nothing is known of.
    #[must_use]
    pub fn rows(&self) -> Option<Vec<ChangeRow>> {
        self.plan.as_ref()?.rows_of(&self.changes())
    }

    /// What holds data and goes, as known now: logical names.
    #[must_use]
    pub fn loses(&self) -> Vec<String> {
        self.changes()
            .into_iter()
            .flat_map(|changes| changes.loses)
            .collect()
    }

    /// Outputs of the steps that are done.
    #[must_use]
    pub fn outputs(&self) -> BTreeMap<StepId, Output> {
        self.steps
            .iter()
            .filter_map(|(id, run)| Some((id.clone(), run.output.clone()?)))
            .collect()
    }

    /// True when a step that can change something outside was started, and it is not known that it
    /// left everything as it was.
    #[must_use]
    pub fn changed_anything(&self) -> bool {
        self.runs()
            .any(|(step, run)| step.changes() && run.may_have_changed())
    }

    /// When a thing was last changed, by its own clock, as the steps saw it last.
    #[must_use]
    pub fn left_at(&self, about: &Subject) -> Option<Time> {
        self.runs()
            .filter(|(step, _)| step.about.as_ref() == Some(about))
            .filter_map(|(_, run)| {
                let gave = run.output.as_ref().and_then(|output| output.changed_at);
                gave.max(run.changed_at)
            })
            .max()
    }

    /// True where it was given up while something went on outside that was to bring its release
    /// into service, or to take what served away: nobody knows what became of that.
    #[must_use]
    pub fn is_in_the_dark(&self) -> bool {
        let given_up = matches!(self.end, Some(End::Terminated { .. }));
        given_up
            && self.runs().any(|(step, run)| {
                let brings = matches!(step.leaves, Some(Leaves::New | Leaves::Nothing));
                brings && run.state == StepState::Cancelled && run.touched
            })
    }

    /// What its steps left in service: what the last one said that ended well. `None` where none of
    /// them touched that.
    #[must_use]
    pub fn leaves(&self) -> Option<Leaves> {
        let done = self.runs().filter(|(_, run)| run.state == StepState::Done);
        done.filter_map(|(step, run)| Some((run.ended_at, step.leaves?)))
            .max_by_key(|(at, _)| *at)
            .map(|(_, leaves)| leaves)
    }

    /// True where all that its steps changed was brought back: what served before serves again.
    #[must_use]
    pub fn is_restored(&self) -> bool {
        let mut begun = self
            .runs()
            .filter(|(step, run)| step.changes() && run.may_have_changed());
        // A step that brings back what served before brings back all of it; counts are back when
        // the last scaling step of each has brought them.
        self.leaves() == Some(Leaves::Old)
            || begun.all(|(step, run)| step.scales() && run.state == StepState::Done)
                && !self.goes_down()
    }

    /// True where the plan was to remove what it is about, and that has gone through: every part
    /// of it. What serves nobody any more is not gone yet.
    #[must_use]
    pub fn has_removed(&self) -> bool {
        self.plan.as_ref().is_some_and(|plan| plan.removes())
            && self.leaves() == Some(Leaves::Nothing)
            && self.changing().all(|(_, run)| run.state.is_finished())
            && !self
                .steps
                .values()
                .any(|run| run.state == StepState::Failed)
    }

    /// The steps that change something on the way to the good end.
    pub fn changing(&self) -> impl Iterator<Item = (&Step, &StepRun)> {
        self.runs()
            .filter(|(step, _)| step.changes() && step.finaliser.is_none())
    }

    /// The step that failed first. Where what was to bring the service back failed as well, that:
    /// it is why nobody is served.
    #[must_use]
    pub fn first_failed(&self) -> Option<(&Step, &StepRun)> {
        let restore = self
            .runs()
            .find(|(step, run)| step.role == Role::Restore && run.failure.is_some());
        let first = || {
            self.runs()
                .filter(|(_, run)| run.state == StepState::Failed)
                .min_by_key(|(_, run)| run.ended_at)
        };
        restore.or_else(first)
    }

    /// The failure of the step that failed first, else of the deployment.
    #[must_use]
    pub fn first_failure(&self) -> Option<&Failure> {
        self.first_failed()
            .and_then(|(_, run)| run.failure.as_ref())
            .or(match &self.end {
                Some(End::Failed { failure }) => Some(failure),
                Some(End::Done | End::Partial { .. } | End::Terminated { .. }) | None => None,
            })
    }

    /// Takes one event that was recorded at `at`.
    ///
    /// # Errors
    /// [`Illegal`] when the table has no such edge, or the event names a step or hold that does not
    /// exist.
    pub fn apply(&mut self, event: &DeploymentEvent, at: Time) -> Result<(), Illegal> {
        rules::apply(self, event, at)?;
        self.version += 1;
        Ok(())
    }

    pub(crate) fn take_edge(&mut self, on: &str, at: Time) -> Result<(), Illegal> {
        let from = self.phase.name();
        let to = DEPLOYMENT.next(from, on)?;
        self.phase = Phase::named(to).ok_or_else(|| self.broken_log(on))?;
        self.travelled.push(Travelled {
            from: from.to_owned(),
            on: on.to_owned(),
            to: to.to_owned(),
            at,
        });
        self.since = at;
        Ok(())
    }

    fn broken_log(&self, on: &str) -> Illegal {
        Illegal::NoEdge {
            lifecycle: DEPLOYMENT.name.to_owned(),
            from: self.phase.to_string(),
            on: on.to_owned(),
        }
    }
}
