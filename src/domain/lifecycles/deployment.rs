//! The lifecycle of a deployment, the same for every system.

use crate::domain::lifecycle::Class::{Broken, Busy, Gone, Rest};
use crate::domain::lifecycle::Origin::{Ours, Seed};
use crate::domain::lifecycle::{Class, Edge, Lifecycle, Origin, PhaseDef};

const fn phase(name: &'static str, source: Option<&'static str>, class: Class) -> PhaseDef {
    PhaseDef { name, source, class }
}

const fn edge(from: &'static str, on: &'static str, to: &'static str, label: &'static str, origin: Origin) -> Edge {
    Edge { from, on, to, label, origin }
}

const CANCEL: Origin = Ours("a person cancels, rejects, or a hold expires");
const FAULT: Origin = Ours("planning or running failed in another way than by a step");

/// The table.
pub static DEPLOYMENT: Lifecycle = Lifecycle {
    name: "deployment",
    phases: &[
        phase("NEW", None, Rest),
        phase("QUEUED", Some("QUEUED"), Rest),
        phase("TRIGGERED", Some("TRIGGERED"), Busy),
        phase("WAITING", Some("WAITING"), Busy),
        phase("AVAILABLE", Some("AVAILABLE"), Busy),
        phase("RUNNING", Some("RUNNING"), Busy),
        phase("DONE", Some("DONE"), Gone),
        phase("FAILED", Some("FAILED"), Broken),
        phase("TERMINATED", None, Gone),
    ],
    edges: &[
        edge("NEW", "created", "QUEUED", "Requested", Seed),
        edge("QUEUED", "triggered", "TRIGGERED", "Triggered", Seed),
        edge("TRIGGERED", "stack_wait", "WAITING", "StackWait", Seed),
        edge("WAITING", "stack_progress", "WAITING", "StackStatus.Progress", Seed),
        edge("WAITING", "stack_available", "AVAILABLE", "StackStatus.Complete / Missing / Terminal", Seed),
        edge("WAITING", "stack_wait_failure", "FAILED", "Stack Failure", Seed),
        edge("AVAILABLE", "run_steps", "RUNNING", "Running", Seed),
        edge("RUNNING", "step_status", "RUNNING", "StepStatus: any running", Seed),
        edge("RUNNING", "done", "DONE", "all OK", Seed),
        edge("RUNNING", "error", "FAILED", "any error", Seed),
        edge("WAITING", "error", "FAILED", "error", FAULT),
        edge("AVAILABLE", "error", "FAILED", "error", FAULT),
        edge("QUEUED", "terminated", "TERMINATED", "terminated", CANCEL),
        edge("TRIGGERED", "terminated", "TERMINATED", "terminated", CANCEL),
        edge("WAITING", "terminated", "TERMINATED", "terminated", CANCEL),
        edge("AVAILABLE", "terminated", "TERMINATED", "terminated", CANCEL),
        edge("RUNNING", "terminated", "TERMINATED", "terminated", CANCEL),
    ],
};
