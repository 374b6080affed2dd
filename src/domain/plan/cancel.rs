//! What a cancel can do: said before the key, because some things run to their end whatever is
//! wished.

use serde::{Deserialize, Serialize};

/// What a cancel can do about a step that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cancel {
    /// It stops and leaves nothing behind.
    Full,
    /// It asks the other side to stop; what it leaves is said.
    BestEffort,
    /// Once it has begun it cannot be cancelled: it runs to its end.
    None,
}

impl Cancel {
    /// What happens to such a step, as a card says it.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Cancel::Full => "stops at once and leaves nothing behind",
            Cancel::BestEffort => {
                "is asked to stop, which may take a while and leave things half done or rolled back"
            }
            Cancel::None => "cannot be cancelled once it has begun: it runs to its end",
        }
    }
}
