//! How far a command is, as its keeper tells it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::failure::millis;
use crate::domain::time::Time;

/// The longest reason that a state holds, in characters.
pub(super) const REASON: usize = 280;

/// How far it is. No state and a free lock: it was never started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub(super) enum State {
    /// The keeper is about to start the child.
    Starting,
    /// The child runs.
    Running {
        /// Its process id, and that of its group.
        pid: u32,
        /// When it was born, in the system's count.
        #[serde(default)]
        born: Option<u64>,
        /// When it was started.
        at: Time,
        /// What it wrote so far.
        #[serde(default)]
        wrote: Wrote,
    },
    /// It has ended.
    Ended {
        /// How.
        how: How,
        /// When.
        at: Time,
        /// What it wrote.
        wrote: Wrote,
    },
}

/// How a child ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub(in crate::exec) enum How {
    /// By itself.
    Exit {
        /// Its code.
        code: i32,
    },
    /// By a signal that was not ours.
    Signal {
        /// Which.
        signal: i32,
    },
    /// It was to be cancelled.
    Cancelled,
    /// It ran for longer than it may.
    TooLong {
        /// How long that is.
        #[serde(with = "millis")]
        limit: Duration,
    },
    /// Nobody watched it any more.
    Unwatched,
    /// It could not be started.
    NotStarted {
        /// Why.
        why: String,
    },
}

impl How {
    /// It could not be started.
    pub(super) fn not_started(why: &str) -> Self {
        Self::NotStarted {
            why: why.chars().take(REASON).collect(),
        }
    }
}

/// How much was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Wrote {
    /// Lines.
    pub(super) lines: u64,
    /// Bytes.
    pub(super) bytes: u64,
    /// Bytes that were not kept.
    pub(super) dropped: u64,
    /// Bytes that wait for room on the disk, and bytes given up of which the output does not say so
    /// yet.
    #[serde(default)]
    pub(super) waits: u64,
}
