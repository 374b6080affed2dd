//! What a deployment wants at a given time, from its state alone: a restart asks again and carries
//! on.

use std::time::Duration;

use crate::domain::end::End;
use crate::domain::failure::{Failure, Retry};
use crate::domain::ids::{HoldId, StepId};
use crate::domain::purpose::Purpose;
use crate::domain::time::Time;
use crate::domain::wants::Wants;

use super::{Deployment, Phase, StepState, Stopping};

/// How long a cancel may take before a person may abandon it.
pub const CANCEL_LIMIT: Duration = Duration::from_mins(10);

/// One thing that a deployment wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeploymentWant {
    /// Record that it waits for its real stack.
    Await,
    /// Look at the real stack until it is quiet.
    Settle,
    /// Make the plan.
    Plan,
    /// Open the step's hold, or pass it where it is not needed.
    Hold(StepId),
    /// Start an attempt of a step.
    Start(StepId),
    /// Have a live task for this attempt.
    Attend {
        /// Which step.
        step: StepId,
        /// Which attempt.
        attempt: u32,
        /// A cancel was asked for.
        cancel: bool,
    },
    /// End an attempt that is to be cancelled: nothing of it was begun outside.
    Withdraw(StepId),
    /// The attempt's time is over.
    TimeOut(StepId),
    /// The hold's time is over.
    Expire(HoldId),
    /// Stop: a step has failed.
    Stop(Stopping),
    /// End.
    Finish(End),
}

impl Deployment {
    /// What it wants at `now`, and when to ask again.
    #[must_use]
    pub fn wants(&self, now: Time) -> Wants<DeploymentWant> {
        let mut wants = Wants::default();
        match self.phase {
            Phase::Triggered => wants.now.push(DeploymentWant::Await),
            Phase::Waiting => wants.now.push(DeploymentWant::Settle),
            Phase::Available => wants.now.push(DeploymentWant::Plan),
            Phase::Running => self.running(now, &mut wants),
            Phase::New
            | Phase::Queued
            | Phase::Done
            | Phase::Partial
            | Phase::Failed
            | Phase::Terminated => {}
        }
        wants
    }

    fn running(&self, now: Time, wants: &mut Wants<DeploymentWant>) {
        let finish_independent = self
            .plan
            .as_ref()
            .is_some_and(|plan| plan.finish_independent);
        let (mut alive, mut failed, mut blocked) = (false, false, false);
        for (step, run) in self.runs() {
            match run.state {
                StepState::Ready => {
                    alive = true;
                    let held =
                        step.hold.is_some() && run.passed.is_none() && !self.approved(&step.id);
                    wants.now.push(if held {
                        DeploymentWant::Hold(step.id.clone())
                    } else {
                        DeploymentWant::Start(step.id.clone())
                    });
                }
                StepState::Held => alive = true,
                StepState::Active | StepState::Lost
                    if run.cancelling && !run.has_begun() && step.kind.part().is_none() =>
                {
                    alive = true;
                    wants.now.push(DeploymentWant::Withdraw(step.id.clone()));
                }
                StepState::Active | StepState::Lost => {
                    alive = true;
                    wants.now.push(DeploymentWant::Attend {
                        step: step.id.clone(),
                        attempt: run.attempt,
                        cancel: run.cancelling,
                    });
                    if let Some(deadline) = run.deadline {
                        wants.at(now, deadline, || DeploymentWant::TimeOut(step.id.clone()));
                    }
                }
                StepState::Waiting => {
                    alive = true;
                    wants.at(now, run.retry_at.unwrap_or(now), || {
                        DeploymentWant::Start(step.id.clone())
                    });
                }
                StepState::Failed => failed = true,
                StepState::Blocked => blocked |= step.finaliser.is_none(),
                StepState::Done | StepState::Skipped | StepState::Cancelled => {}
            }
        }
        for hold in self.open_holds() {
            if let Some(at) = hold.expires_at {
                wants.at(now, at, || DeploymentWant::Expire(hold.id.clone()));
            }
        }
        if self.stopping.is_none() && failed && (!finish_independent || !alive) {
            wants.now.push(DeploymentWant::Stop(Stopping::Failing));
        } else if !alive {
            wants
                .now
                .push(DeploymentWant::Finish(self.outcome(blocked)));
        }
    }

    /// How it ends, once nothing is alive. Total: a blocked leftover is never a success.
    fn outcome(&self, blocked: bool) -> End {
        match &self.stopping {
            // The cancel came too late: it is done.
            Some(Stopping::Cancelling { .. }) if self.has_removed() => End::Done,
            Some(Stopping::Cancelling { reason, by, .. }) => End::Terminated {
                reason: reason.clone(),
                by: by.clone(),
            },
            Some(Stopping::Failing) => self.in_part().unwrap_or_else(|| End::Failed {
                failure: self
                    .first_failure()
                    .cloned()
                    .unwrap_or_else(|| Failure::new("a step failed")),
            }),
            None if blocked => {
                let stuck: Vec<_> = self
                    .runs()
                    .filter(|(step, run)| {
                        run.state == StepState::Blocked && step.finaliser.is_none()
                    })
                    .map(|(step, _)| step.id.to_string())
                    .collect();
                End::Failed {
                    failure: Failure::new(format!(
                        "deadlock: {} can never start",
                        stuck.join(", ")
                    ))
                    .hint("the plan cannot be carried out; cancel nothing, deploy again")
                    .retry(Retry::Never),
                }
            }
            None => End::Done,
        }
    }

    /// How a whole ends of which some parts have the release, and others do not. What is torn down
    /// in part has failed.
    fn in_part(&self) -> Option<End> {
        let request = self.request.as_ref()?;
        let parts = self
            .runs()
            .filter_map(|(step, run)| Some((step.kind.part()?, run.state)));
        let (mut arrived, mut missing) = (Vec::new(), Vec::new());
        for (part, state) in parts {
            let all = if state == StepState::Done {
                &mut arrived
            } else {
                &mut missing
            };
            all.push(part.clone());
        }
        let both = !arrived.is_empty() && !missing.is_empty();
        (both && request.purpose == Purpose::Deploy).then_some(End::Partial { arrived, missing })
    }

    /// True when the newest hold of the step was approved. Whether for the right subject is checked
    /// where the step starts.
    #[must_use]
    pub fn approved(&self, step: &StepId) -> bool {
        let spent = self.steps.get(step).map_or(0, |run| run.spent);
        self.holds
            .iter()
            .rev()
            .find(|hold| hold.id.step == *step)
            .is_some_and(|hold| hold.is_approved() && hold.id.nth > spent)
    }
}
