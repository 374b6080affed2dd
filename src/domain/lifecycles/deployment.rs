//! The lifecycle of a deployment, the same for every system.

use crate::domain::deployment::Phase::{
    self, Available, Done, Failed, New, Partial, Queued, Running, Terminated, Triggered, Waiting,
};
use crate::domain::lifecycle::Origin::{Ours, Seed};
use crate::domain::lifecycle::PhaseClass::{Broken, Busy, Gone, Rest};
use crate::domain::lifecycle::{Edge, Lifecycle, Origin, PhaseClass, PhaseDef};

const fn phase(phase: Phase, source: Option<&'static str>, class: PhaseClass) -> PhaseDef {
    PhaseDef::new(phase.name(), source, class)
}

const fn edge(
    from: Phase,
    on: &'static str,
    to: Phase,
    label: &'static str,
    origin: Origin,
) -> Edge {
    Edge::new(from.name(), on, to.name(), label, origin)
}

const CANCEL: Origin = Ours("a person cancels, rejects, or a hold expires");
const FAULT: Origin = Ours("planning or running failed in another way than by a step");

/// The table.
pub static DEPLOYMENT: Lifecycle = Lifecycle {
    name: "deployment",
    phases: &[
        phase(New, None, Rest),
        phase(Queued, Some("QUEUED"), Rest),
        phase(Triggered, Some("TRIGGERED"), Busy),
        phase(Waiting, Some("WAITING"), Busy),
        phase(Available, Some("AVAILABLE"), Busy),
        phase(Running, Some("RUNNING"), Busy),
        phase(Done, Some("DONE"), Gone),
        phase(Partial, None, Broken),
        phase(Failed, Some("FAILED"), Broken),
        phase(Terminated, None, Gone),
    ],
    edges: &[
        edge(New, "created", Queued, "Requested", Seed),
        edge(Queued, "triggered", Triggered, "Triggered", Seed),
        edge(Triggered, "stack_wait", Waiting, "StackWait", Seed),
        edge(
            Waiting,
            "stack_available",
            Available,
            "StackStatus.Complete / Missing / Terminal",
            Seed,
        ),
        edge(Waiting, "stack_wait_failure", Failed, "Stack Failure", Seed),
        edge(Available, "run_steps", Running, "Running", Seed),
        edge(
            Running,
            "plan_void",
            Waiting,
            "changed meanwhile",
            Ours(
                "somebody else changed the stack before it was touched: what was approved is void",
            ),
        ),
        edge(Running, "done", Done, "all OK", Seed),
        edge(
            Running,
            "partial",
            Partial,
            "in part",
            Ours("some parts of a whole have the release, others do not"),
        ),
        edge(Running, "error", Failed, "any error", Seed),
        edge(Waiting, "error", Failed, "error", FAULT),
        edge(Available, "error", Failed, "error", FAULT),
        edge(Queued, "terminated", Terminated, "terminated", CANCEL),
        edge(Triggered, "terminated", Terminated, "terminated", CANCEL),
        edge(Waiting, "terminated", Terminated, "terminated", CANCEL),
        edge(Available, "terminated", Terminated, "terminated", CANCEL),
        edge(Running, "terminated", Terminated, "terminated", CANCEL),
    ],
    resumes: false,
    provisions: false,
};
