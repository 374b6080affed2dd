//! A fact of something, by what people call it: as pages show it, and scripts read it.

use serde::{Deserialize, Serialize};

use crate::text::safe::Safe;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// What people call it.
    pub name: Safe,
    /// What it is.
    pub is: Safe,
}

impl Row {
    /// A fact.
    #[must_use]
    pub fn new(name: &str, is: &str) -> Self {
        Self {
            name: Safe::new(name),
            is: Safe::new(is),
        }
    }
}
