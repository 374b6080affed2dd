//! Marks: where in a deployment its stack's phase moves.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A point in a deployment at which its stack's phase moves, by a name of the lifecycle's table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mark(pub String);

impl Mark {
    /// The edge of the table that it takes.
    #[must_use]
    pub fn edge(&self) -> String {
        format!("reached:{}", self.0)
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// When a step reaches its mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// When its first attempt starts.
    Started,
    /// When it ended well.
    Done,
}
