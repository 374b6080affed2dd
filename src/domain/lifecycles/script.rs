//! The lifecycle of a script stack.

use crate::domain::lifecycle::Class::{Broken, Busy, Gone, Rest};
use crate::domain::lifecycle::{Edge, Lifecycle, Origin, PhaseDef};

const fn edge(from: &'static str, on: &'static str, to: &'static str, label: &'static str) -> Edge {
    Edge { from, on, to, label, origin: Origin::Ours("scripts are ours") }
}

/// The table.
pub static SCRIPT: Lifecycle = Lifecycle {
    name: "script stack",
    phases: &[
        PhaseDef { name: "NEW", source: None, class: Rest },
        PhaseDef { name: "READY", source: None, class: Rest },
        PhaseDef { name: "RUNNING", source: None, class: Busy },
        PhaseDef { name: "FAILED", source: None, class: Broken },
        PhaseDef { name: "REMOVING", source: None, class: Busy },
        PhaseDef { name: "REMOVED", source: None, class: Gone },
    ],
    edges: &[
        edge("NEW", "requested", "READY", "first request"),
        edge("READY", "requested", "READY", "queued"),
        edge("RUNNING", "requested", "RUNNING", "queued"),
        edge("FAILED", "requested", "FAILED", "queued"),
        edge("REMOVING", "requested", "REMOVING", "queued"),
        edge("REMOVED", "requested", "REMOVED", "queued"),
        edge("READY", "started", "RUNNING", "started"),
        edge("READY", "popped", "RUNNING", "next in queue"),
        edge("RUNNING", "succeeded", "READY", "completed"),
        edge("RUNNING", "withdrawn", "READY", "withdrawn"),
        edge("RUNNING", "failed", "FAILED", "failed"),
        edge("RUNNING", "failed_continue", "READY", "failed, continue"),
        edge("FAILED", "unblocked", "READY", "unblocked"),
        edge("READY", "teardown_popped", "REMOVING", "teardown"),
        edge("FAILED", "teardown_popped", "REMOVING", "teardown"),
        edge("REMOVING", "succeeded", "REMOVED", "removed"),
        edge("REMOVING", "failed", "FAILED", "failed"),
        edge("REMOVING", "withdrawn", "READY", "withdrawn"),
        edge("REMOVED", "popped", "RUNNING", "run again"),
    ],
};
