//! What the state of a real thing means for one who wants to change it, whatever its own words for
//! it. Eyes say it; planners, offers and cards read it.

use serde::{Deserialize, Serialize};

/// What can be done with a thing as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// There is none.
    Missing,
    /// Something is going on.
    Busy,
    /// Something is going on: it goes back to what it was.
    Returning,
    /// It can be changed.
    Good,
    /// A change failed and was left as it stood: the next change, or a recovery, makes it whole.
    Halted,
    /// Its creation failed: it can only be removed.
    NeverMade,
    /// A way back is stuck: it must be continued.
    RollbackStuck,
    /// A removal failed.
    DeleteStuck,
    /// A state that this version does not know.
    Unknown,
}

impl Standing {
    /// True while something is going on.
    #[must_use]
    pub fn is_busy(self) -> bool {
        matches!(self, Standing::Busy | Standing::Returning)
    }

    /// True where no deployment may start: the thing must be repaired first, or its state is not
    /// known.
    #[must_use]
    pub fn is_shut(self) -> bool {
        match self {
            Standing::NeverMade
            | Standing::RollbackStuck
            | Standing::DeleteStuck
            | Standing::Unknown => true,
            Standing::Missing
            | Standing::Busy
            | Standing::Returning
            | Standing::Good
            | Standing::Halted => false,
        }
    }

    /// True where a recovery has a plan of its own.
    #[must_use]
    pub fn is_repairable(self) -> bool {
        match self {
            Standing::Halted
            | Standing::NeverMade
            | Standing::RollbackStuck
            | Standing::DeleteStuck => true,
            Standing::Missing
            | Standing::Busy
            | Standing::Returning
            | Standing::Good
            | Standing::Unknown => false,
        }
    }
}
