//! Asks: what consoles, verbs and triggers want done, and what the engine answers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::card::Card;
use super::digest::Digest;
use super::environment::EnvironmentRecord;
use super::ids::{AskId, DeploymentId, DeploymentNo, EnvName, HoldId, StackId, StepId};
use super::level::Verb;
use super::request::{SourceBundle, Spec};
use super::time::Time;

/// One row of the inbox, as a client writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InboxAsk {
    /// The idempotency key: the same id twice is one ask.
    pub id: AskId,
    /// From where: `console`, `shell`.
    pub via: String,
    /// What.
    pub ask: Ask,
}

/// What may be asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Ask {
    /// Look, plan, and answer with the card; changes nothing.
    Preview {
        /// What would be done.
        intent: Intent,
        /// What the estate says of the stacks concerned.
        #[serde(default)]
        attached: Vec<Attached>,
    },
    /// Do it, with the guard that its card asks for.
    Do {
        /// What.
        intent: Intent,
        /// What the estate says of the stacks concerned.
        #[serde(default)]
        attached: Vec<Attached>,
        /// The guard.
        confirm: Confirm,
        /// Start only after the undo window (set by the console's keys).
        #[serde(default)]
        armed: bool,
    },
    /// Approve a hold for exactly its subject.
    Approve {
        /// Which.
        hold: HoldId,
        /// The guard; its subject is the hold's.
        confirm: Confirm,
        /// The branch, where the hold offers choices.
        #[serde(default)]
        choice: Option<String>,
    },
    /// Reject a hold.
    Reject {
        /// Which.
        hold: HoldId,
        /// Why; not empty.
        reason: String,
    },
    /// Withdraw a deployment that has not started.
    Undo {
        /// Which.
        deployment: DeploymentId,
    },
    /// End as an engine: a newer program wants to take over. Every version can read this.
    Drain {
        /// The version that asks.
        version: String,
    },
}

/// What is to be changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "intent", rename_all = "snake_case")]
pub enum Intent {
    /// Bring a release into service.
    Deploy {
        /// Where; several are ordered by `after`.
        stacks: Vec<StackId>,
        /// What.
        source: Source,
        /// For several: which must end well before which (`depends_on`).
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        after: BTreeMap<StackId, Vec<StackId>>,
    },
    /// The last good release before the one in service, or the one of a deployment.
    Rollback {
        /// Where.
        stack: StackId,
        /// Which deployment's release.
        #[serde(default)]
        to: Option<DeploymentNo>,
    },
    /// A new deployment of what failed. A script's finished steps stay finished; a service is planned anew from what is there.
    Retry {
        /// Which.
        deployment: DeploymentId,
    },
    /// Remove the stack.
    Teardown {
        /// Which.
        stack: StackId,
    },
    /// End a deployment that waits or runs.
    Cancel {
        /// Which.
        deployment: DeploymentId,
    },
    /// Give up on a cancel that does not end.
    Abandon {
        /// Which.
        deployment: DeploymentId,
    },
    /// Open a way out of a broken stack.
    Unblock {
        /// Which.
        stack: StackId,
        /// Which way.
        way: Way,
    },
    /// Stop a queue.
    Freeze {
        /// Of what.
        target: QueueOf,
        /// Why.
        reason: String,
        /// Until when; for ever when absent.
        #[serde(default)]
        until: Option<Time>,
    },
    /// Let a queue go on.
    Thaw {
        /// Of what.
        target: QueueOf,
    },
    /// Record environments as the estate file says.
    Apply {
        /// The whole new records.
        environments: BTreeMap<EnvName, EnvironmentRecord>,
    },
}

impl Intent {
    /// The verb that decides level and phrase.
    #[must_use]
    pub fn verb(&self) -> Verb {
        match self {
            Intent::Deploy { .. } => Verb::Deploy,
            Intent::Rollback { .. } => Verb::Rollback,
            Intent::Retry { .. } => Verb::Retry,
            Intent::Teardown { .. } => Verb::Teardown,
            Intent::Cancel { .. } => Verb::Cancel,
            Intent::Abandon { .. } => Verb::Abandon,
            Intent::Unblock { .. } => Verb::Unblock,
            Intent::Freeze { .. } => Verb::Freeze,
            Intent::Thaw { .. } => Verb::Thaw,
            Intent::Apply { .. } => Verb::Apply,
        }
    }
}

/// Which release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// What the estate's files say now.
    Estate,
    /// What the last deployment of the stack had.
    Same,
    /// A release that was deployed before, by its name.
    Release(String),
}

/// Whose queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueOf {
    /// Of one stack.
    Stack(StackId),
    /// Of all stacks of an environment.
    Environment(EnvName),
}

impl QueueOf {
    /// The environment concerned.
    #[must_use]
    pub fn env(&self) -> &EnvName {
        match self {
            QueueOf::Stack(id) => &id.env,
            QueueOf::Environment(env) => env,
        }
    }
}

/// A way out of a broken stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "way", rename_all = "snake_case")]
pub enum Way {
    /// Repair the real stack by the plan that its status asks for.
    Recover,
    /// The failed deployment again.
    Retry,
    /// The last good release again.
    LastGood,
    /// Nothing is done: the queue goes on.
    Free,
    /// A step that nobody can tell of: it ended well.
    ResolveDone {
        /// Which.
        deployment: DeploymentId,
        /// Its step.
        step: StepId,
    },
    /// A step that nobody can tell of: it failed.
    ResolveFailed {
        /// Which.
        deployment: DeploymentId,
        /// Its step.
        step: StepId,
    },
}

/// What the estate says of one stack; filled in by the desk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attached {
    /// Which stack.
    pub stack: StackId,
    /// What it is.
    pub spec: Spec,
    /// Its files.
    pub bundle: SourceBundle,
}

/// The guard that was met.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Confirm {
    /// What was shown: the subject of the card or hold.
    #[serde(default)]
    pub subject: Option<Digest>,
    /// What was typed.
    #[serde(default)]
    pub text: String,
    /// The reason, at level 4.
    #[serde(default)]
    pub reason: String,
}

/// Where an ask stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum AskState {
    /// In the inbox, or looked for.
    Asked,
    /// Decided.
    Answered {
        /// How.
        answer: Answer,
    },
}

/// What the engine says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// The card of a preview.
    Card {
        /// The card.
        card: Box<Card>,
    },
    /// It will be done.
    Accepted {
        /// New deployments, in order.
        #[serde(default)]
        deployments: Vec<(DeploymentId, DeploymentNo)>,
        /// What happens now, as a sentence.
        says: String,
    },
    /// It will not be done.
    Refused(Refused),
}

/// Why not, and what to do instead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{says}{}", if hint.is_empty() { String::new() } else { format!(" ({hint})") })]
pub struct Refused {
    /// A stable short code: `unknown-stack`, `guard`, `stale-preview`, `frozen` …
    pub code: String,
    /// Why not.
    pub says: String,
    /// What to do.
    #[serde(default)]
    pub hint: String,
    /// The card as it is now, where a guard was not met or the subject changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<Box<Card>>,
}

impl Refused {
    /// The code of a refusal because nobody could be reached who would have to be looked at.
    pub const NO_CONTACT: &'static str = "no-contact";
    /// The code of a refusal because there is no plan.
    pub const CANNOT_PLAN: &'static str = "cannot-plan";
    /// The code of an ask that did not reach the store.
    pub const STORE: &'static str = "store";

    /// A refusal.
    #[must_use]
    pub fn new(code: &str, says: impl Into<String>) -> Self {
        Self { code: code.to_owned(), says: says.into(), hint: String::new(), card: None }
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Adds the card as it is now.
    #[must_use]
    pub fn card(mut self, card: Card) -> Self {
        self.card = Some(Box::new(card));
        self
    }
}
