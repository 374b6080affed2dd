//! The lifecycle of a stage of a deployment in an order.

use super::plain::plain;
use crate::domain::lifecycle::Lifecycle;

/// The table.
pub static STAGE: Lifecycle = plain!(
    "stage",
    "the source document has no states of a stage",
    "DEPLOYED",
    "DEPLOYING",
    "FAILED",
    "REMOVING",
    "REMOVED",
    "deployed again"
);
