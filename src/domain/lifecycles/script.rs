//! The lifecycle of a script stack.

use super::plain::plain;
use crate::domain::lifecycle::Lifecycle;

/// The table.
pub static SCRIPT: Lifecycle = plain!(
    "script stack",
    "scripts are ours",
    "READY",
    "RUNNING",
    "FAILED",
    "REMOVING",
    "REMOVED",
    "run again"
);
