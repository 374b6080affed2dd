//! The phases of a step that is carried out in phases: a build. Its executor notes them as they come
//! and go, so that they are known while it runs, however it ends, and for ever.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{StepRun, StepState};
use crate::domain::time::Time;
use crate::text::safe::Safe;

/// The note that has them: a list in their order.
pub const PHASES: &str = "phases";

/// One phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseRun {
    /// Its name.
    pub name: Safe,
    /// How it ended, in its own words; none while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Safe>,
    /// It did not end well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_bad: bool,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun_at: Option<Time>,
    /// How long it took, in milliseconds; none while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
}

impl PhaseRun {
    /// How long it took, or takes already; of one that nobody can see any more nothing is said.
    #[must_use]
    pub fn took(&self, of: &StepRun, now: Time) -> Option<Duration> {
        match (self.took_ms, &self.status) {
            (Some(took), _) => Some(Duration::from_millis(took)),
            (None, None) if of.state == StepState::Active => Some(now.since(self.begun_at?)),
            (None, _) => None,
        }
    }

    /// Where it stands, in a word.
    #[must_use]
    pub fn word(&self) -> &str {
        self.status.as_ref().map_or("runs", Safe::as_str)
    }
}

impl StepRun {
    /// The phases of its attempt, in their order; empty where it goes through none.
    #[must_use]
    pub fn phases(&self) -> Vec<PhaseRun> {
        let noted = self.notes.get(PHASES);
        noted
            .and_then(|noted| Vec::deserialize(noted).ok())
            .unwrap_or_default()
    }

    /// The phase that goes on now.
    #[must_use]
    pub fn phase(&self) -> Option<PhaseRun> {
        let phases = self.phases();
        phases.into_iter().rfind(|phase| phase.status.is_none())
    }
}
