//! The phases of a deployment, the same for every system. The table says how one follows another.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a deployment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Phase {
    /// Nothing is known of it.
    New,
    /// It waits in the queue of its stack.
    Queued,
    /// Its stack has started it.
    Triggered,
    /// It waits until its real stack is quiet.
    Waiting,
    /// The real stack is quiet: it may be planned.
    Available,
    /// Its steps run.
    Running,
    /// It ended well.
    Done,
    /// Some parts of a whole have the release, others do not.
    Partial,
    /// It failed.
    Failed,
    /// It was ended.
    Terminated,
}

impl Phase {
    /// All of them.
    pub const ALL: [Phase; 10] = [
        Phase::New,
        Phase::Queued,
        Phase::Triggered,
        Phase::Waiting,
        Phase::Available,
        Phase::Running,
        Phase::Done,
        Phase::Partial,
        Phase::Failed,
        Phase::Terminated,
    ];

    /// Its name in the table and on the screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Phase::New => "NEW",
            Phase::Queued => "QUEUED",
            Phase::Triggered => "TRIGGERED",
            Phase::Waiting => "WAITING",
            Phase::Available => "AVAILABLE",
            Phase::Running => "RUNNING",
            Phase::Done => "DONE",
            Phase::Partial => "PARTIAL",
            Phase::Failed => "FAILED",
            Phase::Terminated => "TERMINATED",
        }
    }

    /// The phase of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Phase> {
        Phase::ALL.into_iter().find(|phase| phase.name() == name)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
