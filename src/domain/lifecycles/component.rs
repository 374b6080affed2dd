//! The lifecycle of a component that is built and published.

use super::plain::plain;
use crate::domain::lifecycle::Lifecycle;

/// The table.
pub static COMPONENT: Lifecycle = plain!(
    "component",
    "stage 1 of MACH composer",
    "PUBLISHED",
    "PUBLISHING",
    "FAILED",
    "REMOVING",
    "REMOVED",
    "publish again"
);
