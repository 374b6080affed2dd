//! Asks: what consoles, verbs and triggers want done, and what the engine answers.

mod intent;

pub use intent::{Intent, QueueOf, Source, Way};

use serde::{Deserialize, Serialize};

use super::card::Card;
use super::cause::{Reply, Via};
use super::digest::Digest;
use super::environment::Lock;
use super::ids::{AskId, DeploymentId, DeploymentNo, EnvName, HoldId, StackId};
use super::instance::AppTold;
use super::person::{Person, Proof};
use super::refused::Refused;
use super::request::{SourceBundle, Spec};
use super::time::Time;
use crate::text::safe::Safe;

/// One row of the inbox, as a client writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InboxAsk {
    /// The idempotency key: the same id twice is one ask.
    pub id: AskId,
    /// From where.
    pub via: Via,
    /// What shows who asks.
    #[serde(default)]
    pub proof: Proof,
    /// What whoever asks is owed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<Reply>,
    /// What.
    pub ask: Ask,
}

impl InboxAsk {
    /// An ask of whoever writes it, to whom nothing is owed but the answer.
    #[must_use]
    pub fn new(id: AskId, via: Via, ask: Ask) -> Self {
        Self {
            id,
            via,
            proof: Proof::Written,
            reply: None,
            ask,
        }
    }
}

/// An ask that waits, as the store gives it to an engine.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// What was written.
    pub ask: InboxAsk,
    /// Who wrote it, as the store proves it.
    pub writer: Person,
    /// Where it stands.
    pub state: AskState,
    /// When it came.
    pub at: Time,
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
    /// Record that somebody opened an environment to changes from their console, or closed it: that
    /// is theirs alone and decides nothing, and others can read when they did.
    Lock {
        /// Which environment.
        environment: EnvName,
        /// What it is to them now.
        lock: Lock,
    },
    /// Record what was told of the app that a stack is an instance for.
    App {
        /// Which stack.
        stack: StackId,
        /// What was told.
        told: AppTold,
    },
    /// End as an engine: a newer program wants to take over. Every version can read this.
    Drain {
        /// The version that asks.
        version: String,
    },
}

impl Ask {
    /// With its reason as it is kept.
    ///
    /// # Errors
    /// As [`own_words`].
    pub fn in_own_words(mut self) -> Result<Self, Refused> {
        let reason = match &mut self {
            Ask::Do {
                intent: Intent::Freeze { reason, .. },
                ..
            }
            | Ask::Preview {
                intent: Intent::Freeze { reason, .. },
                ..
            }
            | Ask::Reject { reason, .. } => reason,
            Ask::Do { confirm, .. } | Ask::Approve { confirm, .. } => &mut confirm.reason,
            Ask::Preview { .. }
            | Ask::Undo { .. }
            | Ask::Lock { .. }
            | Ask::App { .. }
            | Ask::Drain { .. } => {
                return Ok(self);
            }
        };
        *reason = own_words(reason)?;
        Ok(self)
    }

    /// What a person typed beside the reason: words that confirm or choose, none of which is long.
    #[must_use]
    pub fn typed(&self) -> Vec<&str> {
        match self {
            Ask::Do { confirm, .. } => vec![&confirm.text],
            Ask::Approve {
                confirm, choice, ..
            } => std::iter::once(confirm.text.as_str())
                .chain(choice.as_deref())
                .collect(),
            Ask::Preview { .. }
            | Ask::Reject { .. }
            | Ask::Undo { .. }
            | Ask::Drain { .. }
            | Ask::App { .. }
            | Ask::Lock { .. } => Vec::new(),
        }
    }
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

/// Stands for the reason in a command that is shown: nobody's own words.
pub const WHY: &str = "WHY";

/// How many characters a reason may have: it is kept for ever, and shown on one line.
pub const LONGEST_REASON: usize = 1_000;

/// A reason as it is kept: without what a terminal would obey, and without secrets.
///
/// # Errors
/// `reason`: it is the word that stands for one, because a command was run as it was shown; or it
/// is longer than one may be.
pub fn own_words(reason: &str) -> Result<String, Refused> {
    let reason = reason.trim();
    if reason == WHY {
        return Err(Refused::new(
            "reason",
            format!("{WHY} only stands for the reason: say it in your own words"),
        )
        .hint("--reason TEXT"));
    }
    let length = reason.chars().count();
    if length > LONGEST_REASON {
        return Err(Refused::new(
            "reason",
            format!(
                "the reason has {length} characters; at most {LONGEST_REASON} are kept, and nothing was done"
            ),
        )
        .hint("shorten it, and say where the rest is"));
    }
    // What tells by its form that it is a secret is none that a reason needs.
    Ok(Safe::told(reason).into_string())
}

/// Refuses words that are longer than any that is asked for: they would be kept with the ask.
///
/// # Errors
/// `words`: with how many there are.
pub fn few_words(typed: &str) -> Result<(), Refused> {
    let length = typed.chars().count();
    if length <= LONGEST_REASON {
        return Ok(());
    }
    Err(Refused::new(
        "words",
        format!("what was typed has {length} characters, and no word that is asked for has more than {LONGEST_REASON}; nothing was done"),
    )
    .hint("type the word that the card names"))
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

impl Answer {
    /// It will be done, and makes no deployment.
    #[must_use]
    pub fn said(says: impl Into<String>) -> Self {
        Self::Accepted {
            deployments: Vec::new(),
            says: says.into(),
        }
    }
}
