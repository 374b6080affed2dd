//! Who somebody is: what was proven, never what was claimed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A person as the engine proved them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Person {
    /// The owner of the embedded store (its files are theirs alone), with the login name for display.
    Owner(String),
    /// The engine itself: timers, expiry, recovery.
    Engine,
}

impl Person {
    /// The name to show.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Person::Owner(name) => name,
            Person::Engine => "engine",
        }
    }
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
