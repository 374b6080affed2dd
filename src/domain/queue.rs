//! Queues that an environment reads: what each of them is for, and how its place names it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::place::Place;

/// What a queue tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueKind {
    /// Builds went on, or ended.
    Builds,
    /// A site is to be built from its repository.
    Executor,
    /// What was built before is to be published.
    Deploy,
    /// A site is to be provisioned.
    Setup,
    /// A site is to be torn down.
    Teardown,
    /// Apps came, changed or went: each is an instance of an application.
    Apps,
}

impl QueueKind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Builds,
        Self::Executor,
        Self::Deploy,
        Self::Setup,
        Self::Teardown,
        Self::Apps,
    ];

    /// Its key in the estate file, and its word on a screen.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Builds => "builds",
            Self::Executor => "executor",
            Self::Deploy => "deploy",
            Self::Setup => "setup",
            Self::Teardown => "teardown",
            Self::Apps => "apps",
        }
    }

    /// Under which name a place has it.
    #[must_use]
    pub fn used(self) -> &'static str {
        match self {
            Self::Builds => "queue of builds",
            Self::Executor => "queue of executor",
            Self::Deploy => "queue of deploy",
            Self::Setup => "queue of setup",
            Self::Teardown => "queue of teardown",
            Self::Apps => "queue of apps",
        }
    }

    /// The name of the queue at a place, where it reads one.
    #[must_use]
    pub fn at(self, place: &Place) -> Option<&str> {
        place.uses.get(self.used()).map(String::as_str)
    }
}

impl fmt::Display for QueueKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
