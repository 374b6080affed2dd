//! Log lines and events of the outside, as they are merged, spooled and shown. The lines of one
//! source keep the order in which it gave them: the spool gives each its [`Turn`], and whoever
//! shows lines sorts by that alone.

mod guess;
mod heads;
mod phase;
mod task;

pub use guess::guess;
pub use heads::Heads;
pub use phase::{Ended, InPhase, PhaseMark};
pub use task::{is_of_task, of_stream, of_task, short};

use serde::{Deserialize, Serialize};

use super::ids::{DeploymentNo, StackId};
use super::time::Time;
use crate::text::safe::Safe;

/// Where a line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// What the real thing tells of itself, its parts included.
    Events,
    /// CloudWatch Logs.
    Logs,
    /// Output of a step's process.
    Out,
    /// What Holdpoint itself did ("asked", "step started").
    Engine,
}

impl SourceKind {
    /// The three-letter word of the log pane.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            SourceKind::Events => "evt",
            SourceKind::Logs => "cwl",
            SourceKind::Out => "out",
            SourceKind::Engine => "hp",
        }
    }
}

/// How serious a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Detail.
    Debug,
    /// Ordinary.
    Info,
    /// Worth a look.
    Warn,
    /// An error.
    Error,
    /// A gap, a sampling or a cut: lines are missing here, and this line says how many or why.
    Gap,
}

/// By what a line is known to its source: equal ids of one source are one line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Id {
    /// A number of a source that counts: it gives rising ones, so that the highest tells of all
    /// that came before.
    Nth(u64),
    /// The same of a source whose parts count each for themselves.
    OfPart {
        /// The number within the part.
        of_part: u64,
    },
    /// A name.
    Name(String),
}

impl Id {
    /// The number of a line of a source that counts.
    #[must_use]
    pub fn nth(&self) -> Option<u64> {
        match self {
            Self::Nth(nth) | Self::OfPart { of_part: nth } => Some(*nth),
            Self::Name(_) => None,
        }
    }
}

/// The place of a line among those of its stack: a time that is never before that of the line
/// before it in its source, and a number that rises as lines come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Turn(pub Time, pub u64);

/// Who gave a line: within a stack, the lines of one giver keep the order in which it gave them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Giver {
    kind: SourceKind,
    source: Safe,
    part: Safe,
    no: Option<DeploymentNo>,
}

impl Giver {
    /// The output of a step, whichever attempt: both streams of a command are one story, and are
    /// read as one.
    #[must_use]
    pub fn step(no: DeploymentNo, step: &str) -> Self {
        Self {
            kind: SourceKind::Out,
            source: Safe::new(step),
            part: Safe::default(),
            no: Some(no),
        }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its turn; the default until the spool has taken it.
    #[serde(default)]
    pub turn: Turn,
    /// When it happened, by its source's clock.
    pub at: Time,
    /// By what it is known.
    pub id: Id,
    /// What kind of source.
    pub kind: SourceKind,
    /// The source's name: a log group, a real thing, a step.
    pub source: Safe,
    /// The part within the source: a logical resource, a log stream, a command's errors, a phase.
    #[serde(default)]
    pub part: Safe,
    /// The stack it belongs to.
    pub stack: StackId,
    /// The deployment it belongs to, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no: Option<DeploymentNo>,
    /// How serious.
    pub severity: Severity,
    /// Where its part is a phase: what it says of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<InPhase>,
    /// The text.
    pub text: Safe,
}

impl Line {
    /// By what lines are merged. Before the spool gave it a turn, a line stands at its own time.
    #[must_use]
    pub fn key(&self) -> Turn {
        Turn(self.turn.0.max(self.at), self.turn.1)
    }

    /// Who gave it.
    #[must_use]
    pub fn giver(&self) -> Giver {
        let (part, no) = match self.kind {
            SourceKind::Logs => (self.part.clone(), None),
            SourceKind::Out if matches!(self.id, Id::OfPart { .. }) => (self.part.clone(), self.no),
            SourceKind::Out => (Safe::default(), self.no),
            SourceKind::Events | SourceKind::Engine => (Safe::default(), None),
        };
        Giver {
            kind: self.kind,
            source: self.source.clone(),
            part,
            no,
        }
    }
}

impl From<&str> for Id {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl From<String> for Id {
    fn from(name: String) -> Self {
        Self::Name(name)
    }
}
