//! Lifecycles of stacks that have no state in a source document: at rest, at work, failed, removed.

/// The table of such stacks, with their own words: at rest, at work, failed, being removed, removed,
/// and the label of a way back from there.
macro_rules! plain {
    ($name:literal, $why:literal, $rest:literal, $busy:literal, $failed:literal, $removing:literal, $removed:literal, $again:literal) => {{
        use $crate::domain::lifecycle::PhaseClass::{Broken, Busy, Gone, Rest};
        use $crate::domain::lifecycle::{Edge, Lifecycle, NEW, Origin, PhaseDef, PhaseFlag};

        const fn edge(
            from: &'static str,
            on: &'static str,
            to: &'static str,
            label: &'static str,
        ) -> Edge {
            Edge::new(from, on, to, label, Origin::Ours($why))
        }

        Lifecycle {
            name: $name,
            phases: &[
                PhaseDef::new(NEW, None, Rest),
                PhaseDef::new($rest, None, Rest),
                PhaseDef::new($busy, None, Busy),
                PhaseDef::new($failed, None, Broken).with(&[PhaseFlag::RunAgain]),
                PhaseDef::new($removing, None, Busy).with(&[PhaseFlag::Removes]),
                PhaseDef::new($removed, None, Gone),
            ],
            edges: &[
                edge(NEW, "requested", $rest, "first request"),
                edge($rest, "requested", $rest, "queued"),
                edge($busy, "requested", $busy, "queued"),
                edge($failed, "requested", $failed, "queued"),
                edge($removing, "requested", $removing, "queued"),
                edge($removed, "requested", $removed, "queued"),
                edge($rest, "started", $busy, "started"),
                edge($rest, "popped", $busy, "next in queue"),
                edge($busy, "succeeded", $rest, "completed"),
                edge($busy, "withdrawn", $rest, "withdrawn"),
                edge($busy, "failed", $failed, "failed"),
                edge($busy, "failed_continue", $rest, "failed, continue"),
                edge($failed, "unblocked", $rest, "unblocked"),
                edge($rest, "teardown_popped", $removing, "teardown"),
                edge($failed, "teardown_popped", $removing, "teardown"),
                edge($removing, "succeeded", $removed, "removed"),
                edge($removing, "failed", $failed, "failed"),
                edge($removing, "withdrawn", $rest, "withdrawn"),
                edge($removed, "popped", $busy, $again),
            ],
            resumes: true,
            provisions: false,
        }
    }};
}

pub(super) use plain;
