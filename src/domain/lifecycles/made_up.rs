//! The lifecycle of a system that only tests have: a press that prints editions. It waits in one
//! phase until its machine is free and works in another, on the way in and on the way out, as a
//! website does.

use crate::domain::lifecycle::PhaseClass::{Broken, Busy, Gone, Rest};
use crate::domain::lifecycle::{Edge, Lifecycle, NEW, Origin, PhaseDef, PhaseFlag};

const fn edge(from: &'static str, on: &'static str, to: &'static str) -> Edge {
    Edge::new(from, on, to, on, Origin::Ours("made up"))
}

/// The table.
pub(crate) static PRESS: Lifecycle = Lifecycle {
    name: "press",
    phases: &[
        PhaseDef::new(NEW, None, Rest).with(&[PhaseFlag::LookFirst]),
        PhaseDef::new("ORDERED", None, Busy),
        PhaseDef::new("PRINTING", None, Busy),
        PhaseDef::new("OUT", None, Rest),
        PhaseDef::new("SPOILT", None, Broken),
        PhaseDef::new("RECALLED", None, Busy).with(&[PhaseFlag::Removes]),
        PhaseDef::new("PULPING", None, Busy).with(&[PhaseFlag::Removes]),
        PhaseDef::new("JAMMED", None, Broken),
        PhaseDef::new("PULP", None, Gone),
    ],
    edges: &[
        edge(NEW, "found_missing", "ORDERED"),
        edge(NEW, "adopted", "OUT"),
        edge(NEW, "adopted_broken", "SPOILT"),
        edge(NEW, "requested", NEW),
        edge("ORDERED", "requested", "ORDERED"),
        edge("PRINTING", "requested", "PRINTING"),
        edge("OUT", "requested", "OUT"),
        edge("SPOILT", "requested", "SPOILT"),
        edge("RECALLED", "requested", "RECALLED"),
        edge("PULPING", "requested", "PULPING"),
        edge("JAMMED", "requested", "JAMMED"),
        edge("PULP", "requested", "PULP"),
        edge("OUT", "started", "ORDERED"),
        edge("OUT", "popped", "ORDERED"),
        edge("PULP", "popped", "ORDERED"),
        edge("ORDERED", "reached:rolling", "PRINTING"),
        edge("ORDERED", "succeeded", "OUT"),
        edge("ORDERED", "failed", "SPOILT"),
        edge("ORDERED", "withdrawn", "OUT"),
        edge("ORDERED", "withdrawn_broken", "SPOILT"),
        edge("PRINTING", "succeeded", "OUT"),
        edge("PRINTING", "failed", "SPOILT"),
        edge("PRINTING", "failed_continue", "OUT"),
        edge("PRINTING", "withdrawn", "OUT"),
        edge("PRINTING", "withdrawn_broken", "SPOILT"),
        edge("SPOILT", "unblocked", "OUT"),
        edge("JAMMED", "unblocked", "OUT"),
        edge("OUT", "teardown_popped", "RECALLED"),
        edge("SPOILT", "teardown_popped", "RECALLED"),
        edge("JAMMED", "teardown_popped", "RECALLED"),
        edge("RECALLED", "reached:pulping", "PULPING"),
        edge("RECALLED", "succeeded", "PULP"),
        edge("RECALLED", "failed", "JAMMED"),
        edge("RECALLED", "withdrawn", "OUT"),
        edge("RECALLED", "withdrawn_broken", "SPOILT"),
        edge("PULPING", "succeeded", "PULP"),
        edge("PULPING", "failed", "JAMMED"),
        edge("PULPING", "withdrawn", "OUT"),
        edge("PULPING", "withdrawn_broken", "SPOILT"),
    ],
    resumes: false,
    provisions: false,
};
