//! The lifecycle of a script stack.

use crate::domain::lifecycle::PhaseClass::{Broken, Busy, Gone, Rest};
use crate::domain::lifecycle::{Edge, Lifecycle, NEW, Origin, PhaseDef, PhaseFlag};

const fn edge(from: &'static str, on: &'static str, to: &'static str, label: &'static str) -> Edge {
    Edge::new(from, on, to, label, Origin::Ours("scripts are ours"))
}

/// The table.
pub static SCRIPT: Lifecycle = Lifecycle {
    name: "script stack",
    phases: &[
        PhaseDef::new(NEW, None, Rest),
        PhaseDef::new("READY", None, Rest),
        PhaseDef::new("RUNNING", None, Busy),
        PhaseDef::new("FAILED", None, Broken).with(&[PhaseFlag::RunAgain]),
        PhaseDef::new("REMOVING", None, Busy).with(&[PhaseFlag::Removes]),
        PhaseDef::new("REMOVED", None, Gone),
    ],
    edges: &[
        edge(NEW, "requested", "READY", "first request"),
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
    resumes: true,
    provisions: false,
};
