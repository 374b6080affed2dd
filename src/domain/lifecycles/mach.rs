//! The lifecycle of a node of a MACH configuration: a site, or a component of one.

use super::plain::plain;
use crate::domain::lifecycle::Lifecycle;

/// The table.
pub static MACH: Lifecycle = plain!(
    "mach stack",
    "the source document has no states of a site",
    "READY",
    "APPLYING",
    "FAILED",
    "DESTROYING",
    "DESTROYED",
    "applied again"
);
