//! What can happen to a deployment. Stored for ever: fields are added with defaults, never renamed.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::cause::{Cause, Parent};
use crate::domain::digest::Digest;
use crate::domain::environment::OnFailure;
use crate::domain::failure::Failure;
use crate::domain::flag::Flags;
use crate::domain::hold::{Decision, Hold};
use crate::domain::ids::{DeploymentId, DeploymentNo, HoldId, StackId, StepId};
use crate::domain::look::{Sights, Subject};
use crate::domain::person::Person;
use crate::domain::place::Places;
use crate::domain::plan::{ChangeRow, Changes, Output, Plan, PlanShown};
use crate::domain::purpose::Purpose;
use crate::domain::request::Spec;
use crate::domain::time::Time;

/// What was asked, with everything that a start depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Its number.
    pub no: DeploymentNo,
    /// Its stack.
    pub stack: StackId,
    /// What for.
    pub purpose: Purpose,
    /// What is deployed.
    pub spec: Spec,
    /// What was chosen beside it: every flag that its system had then.
    #[serde(default, skip_serializing_if = "Flags::is_empty")]
    pub flags: Flags,
    /// Why.
    pub cause: Cause,
    /// A child: the deployment whose step asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// How often the environment's record had changed; holds and approvals name it.
    pub env_version: u64,
    /// Where its steps act, as the environment's record had it.
    #[serde(default, skip_serializing_if = "Places::is_empty")]
    pub places: Places,
    /// What a failure does.
    pub on_failure: OnFailure,
    /// The undo window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Time>,
    /// Predecessors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<DeploymentId>,
    /// What the person saw; a plan that changes more is more dangerous than seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Shown>,
}

/// What a person had on the card when they asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// The subject of the card.
    pub card: Digest,
    /// The guard they met.
    pub level: crate::domain::level::Level,
    /// The branch that was expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// What was known to change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Changes>,
    /// The hold kinds whose subjects were on the card and need no second approval while unchanged,
    /// with the digest of what was shown of each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub covers: Vec<(StepId, Digest)>,
    /// What the plan would come to; `None` in what was asked before this was kept, and where there
    /// was no plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanShown>,
}

impl Shown {
    /// The rows that the card showed of one thing; `None` when they could not be known.
    #[must_use]
    pub fn rows(&self, about: &Subject) -> Option<&[ChangeRow]> {
        self.changes
            .iter()
            .find(|changes| changes.about == *about)
            .map(|changes| changes.rows.as_slice())
    }
}

/// Why no new ordinary step starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Stopping {
    /// A step failed; those that run end first.
    Failing,
    /// A person cancelled, rejected, or a hold expired; those that run are cancelled.
    Cancelling {
        /// The reason.
        reason: String,
        /// Who.
        by: Person,
        /// When.
        at: Time,
    },
}

/// What can happen to a deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum DeploymentEvent {
    /// Asked for and queued.
    Created {
        /// What was asked.
        request: Box<Request>,
    },
    /// Its stack started it.
    Triggered,
    /// It waits until the real stack is quiet.
    StackWait,
    /// The real stack is quiet (or missing).
    StackAvailable {
        /// What was seen.
        found: Sights,
    },
    /// The real stack cannot get quiet.
    StackWaitFailure {
        /// Why, and what to do.
        failure: Failure,
    },
    /// The plan was made.
    Planned {
        /// The plan.
        plan: Box<Plan>,
        /// Its digest.
        digest: Digest,
        /// Outputs carried over from a retried deployment.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        carried: Vec<(StepId, Output)>,
    },
    /// A step found what it is about to be another than when it was planned, and touched nothing:
    /// the plan and whatever was approved of it are void, and a new one is made.
    PlanVoid {
        /// Which step.
        step: StepId,
        /// What became different.
        failure: Failure,
    },
    /// Its steps may run.
    RunSteps,
    /// An attempt of a step starts; recorded before anything is called.
    StepStarted {
        /// Which.
        step: StepId,
        /// 1 for the first.
        attempt: u32,
        /// The approved subject, where a hold guards it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subject: Option<Digest>,
        /// The parameters with outputs filled in.
        params: Value,
        /// When it times out.
        deadline: Time,
    },
    /// The executor noted something before its next call.
    StepNoted {
        /// Which.
        step: StepId,
        /// The key.
        key: String,
        /// The value.
        value: Value,
    },
    /// Contact was lost, or nobody can tell what happened.
    StepLost {
        /// Which.
        step: StepId,
        /// Why, and what to do.
        failure: Failure,
    },
    /// Contact is back, or a person said that it still runs.
    StepFound {
        /// Which.
        step: StepId,
        /// The new time limit.
        deadline: Time,
    },
    /// It ended well.
    StepDone {
        /// Which.
        step: StepId,
        /// What it gave.
        output: Output,
    },
    /// An attempt failed.
    StepFailed {
        /// Which.
        step: StepId,
        /// Why.
        failure: Failure,
        /// When the next attempt is due; none: it has failed for good.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_at: Option<Time>,
    },
    /// A step that ran was cancelled and has ended.
    StepCancelled {
        /// Which.
        step: StepId,
        /// What it left.
        reason: String,
        /// What it is about is as it was before.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        as_before: bool,
        /// When what it is about was last changed by it, as that itself says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        changed_at: Option<Time>,
    },
    /// The way that a person chose has failed: the decision is open again.
    DecisionAgain {
        /// The step where it is taken.
        step: StepId,
    },
    /// A person must decide.
    HoldOpened {
        /// The hold.
        hold: Box<Hold>,
    },
    /// A step's hold is not needed: its condition is not met, or the ask's guard covered exactly
    /// this subject.
    HoldPassed {
        /// Which step.
        step: StepId,
        /// What is covered.
        subject: Digest,
        /// Why.
        reason: String,
    },
    /// A person decided; or time did; or it became void.
    HoldDecided {
        /// Which.
        hold: HoldId,
        /// What.
        decision: Decision,
    },
    /// No new ordinary step starts.
    Stopping {
        /// Why.
        stopping: Stopping,
    },
    /// All finished.
    Done,
    /// Some parts of a whole have the release, others do not; neither list is empty.
    Partial {
        /// The stacks that have it.
        arrived: Vec<StackId>,
        /// The stacks that do not.
        missing: Vec<StackId>,
    },
    /// It failed.
    Error {
        /// Why.
        failure: Failure,
    },
    /// It was ended.
    Terminated {
        /// Why.
        reason: String,
        /// Who.
        by: Person,
    },
    /// A cancel that did not end was given up on: the running steps are cut loose.
    Abandoned {
        /// What still runs.
        still: Vec<StepId>,
        /// Who.
        by: Person,
    },
}

impl DeploymentEvent {
    /// The stored tag.
    #[must_use]
    pub fn tag(&self) -> &'static str {
        match self {
            DeploymentEvent::Created { .. } => "created",
            DeploymentEvent::Triggered => "triggered",
            DeploymentEvent::StackWait => "stack_wait",
            DeploymentEvent::StackAvailable { .. } => "stack_available",
            DeploymentEvent::StackWaitFailure { .. } => "stack_wait_failure",
            DeploymentEvent::Planned { .. } => "planned",
            DeploymentEvent::PlanVoid { .. } => "plan_void",
            DeploymentEvent::RunSteps => "run_steps",
            DeploymentEvent::StepStarted { .. } => "step_started",
            DeploymentEvent::StepNoted { .. } => "step_noted",
            DeploymentEvent::StepLost { .. } => "step_lost",
            DeploymentEvent::StepFound { .. } => "step_found",
            DeploymentEvent::StepDone { .. } => "step_done",
            DeploymentEvent::StepFailed { .. } => "step_failed",
            DeploymentEvent::StepCancelled { .. } => "step_cancelled",
            DeploymentEvent::DecisionAgain { .. } => "decision_again",
            DeploymentEvent::HoldOpened { .. } => "hold_opened",
            DeploymentEvent::HoldPassed { .. } => "hold_passed",
            DeploymentEvent::HoldDecided { .. } => "hold_decided",
            DeploymentEvent::Stopping { .. } => "stopping",
            DeploymentEvent::Done => "done",
            DeploymentEvent::Partial { .. } => "partial",
            DeploymentEvent::Error { .. } => "error",
            DeploymentEvent::Terminated { .. } => "terminated",
            DeploymentEvent::Abandoned { .. } => "abandoned",
        }
    }
}
