//! The lifecycle of a service stack.

use crate::domain::lifecycle::Origin::{Ours, Seed};
use crate::domain::lifecycle::PhaseClass::{Broken, Busy, Gone, Rest};
use crate::domain::lifecycle::{Edge, Lifecycle, NEW, Origin, PhaseDef, PhaseFlag};

const QUEUED: Origin = Ours("a deployment waits in place: frozen, armed, or not its turn");
const ADOPTED: Origin = Ours("the real stack was there before this store");
const WITHDRAWN: Origin = Ours("rejected, expired or cancelled before anything changed");
const TEARDOWN: Origin = Ours("the source document never ends a stack; people on call do");
const UNBLOCK: Origin = Ours("the source document has no way out of BROKEN");

/// The table.
pub static SERVICE: Lifecycle = Lifecycle {
    name: "service stack",
    phases: &[
        PhaseDef::new(NEW, None, Rest).with(&[PhaseFlag::LookFirst]),
        PhaseDef::new("CREATING", Some("CREATING"), Busy),
        PhaseDef::new("STABLE", Some("STABLE"), Rest),
        PhaseDef::new("AVAILABLE", Some("AVAILABLE"), Rest),
        PhaseDef::new("MIGRATING", Some("MIGRATING"), Busy),
        PhaseDef::new("BROKEN", Some("BROKEN"), Broken),
        PhaseDef::new("DELETING", None, Busy).with(&[PhaseFlag::Removes]),
        PhaseDef::new("DELETE_FAILED", None, Broken),
        PhaseDef::new("DELETED", None, Gone),
    ],
    edges: &[
        Edge::new(NEW, "found_missing", "CREATING", "Triggered", Seed),
        Edge::new(NEW, "adopted", "AVAILABLE", "adopted", ADOPTED),
        Edge::new(NEW, "adopted_broken", "BROKEN", "adopted, broken", ADOPTED),
        Edge::new(NEW, "requested", NEW, "queued", QUEUED),
        Edge::new(
            "CREATING",
            "requested",
            "CREATING",
            "Triggered (queues)",
            Seed,
        ),
        Edge::new(
            "MIGRATING",
            "requested",
            "MIGRATING",
            "Triggered (queues)",
            Seed,
        ),
        Edge::new("STABLE", "requested", "STABLE", "queued", QUEUED),
        Edge::new("AVAILABLE", "requested", "AVAILABLE", "queued", QUEUED),
        Edge::new("BROKEN", "requested", "BROKEN", "queued", QUEUED),
        Edge::new("DELETING", "requested", "DELETING", "queued", QUEUED),
        Edge::new(
            "DELETE_FAILED",
            "requested",
            "DELETE_FAILED",
            "queued",
            QUEUED,
        ),
        Edge::new("DELETED", "requested", "DELETED", "queued", QUEUED),
        Edge::new("CREATING", "succeeded", "STABLE", "Completed", Seed),
        Edge::new("MIGRATING", "succeeded", "STABLE", "Completed", Seed),
        Edge::new("CREATING", "failed", "BROKEN", "Failed", Seed),
        Edge::new("MIGRATING", "failed", "BROKEN", "Failed", Seed),
        Edge::new(
            "CREATING",
            "failed_continue",
            "STABLE",
            "failed, continue",
            Ours("on_failure: continue"),
        ),
        Edge::new(
            "MIGRATING",
            "failed_continue",
            "STABLE",
            "failed, continue",
            Ours("on_failure: continue"),
        ),
        Edge::new(
            "CREATING",
            "withdrawn_never",
            "DELETED",
            "never created",
            WITHDRAWN,
        ),
        Edge::new("MIGRATING", "withdrawn", "STABLE", "withdrawn", WITHDRAWN),
        Edge::new(
            "MIGRATING",
            "withdrawn_broken",
            "BROKEN",
            "withdrawn, still broken",
            WITHDRAWN,
        ),
        Edge::new("STABLE", "queue_empty", "AVAILABLE", "queue empty", Seed),
        Edge::new(
            "STABLE",
            "idle",
            "AVAILABLE",
            "none may start",
            Ours("what is queued is frozen, armed or waits for another"),
        ),
        Edge::new("STABLE", "popped", "MIGRATING", "next in queue", Seed),
        Edge::new("AVAILABLE", "started", "MIGRATING", "Triggered", Seed),
        Edge::new(
            "AVAILABLE",
            "popped",
            "MIGRATING",
            "next in queue",
            Ours("after a thaw, an undo window or a predecessor"),
        ),
        Edge::new("BROKEN", "unblocked", "STABLE", "unblocked", UNBLOCK),
        Edge::new("DELETE_FAILED", "unblocked", "STABLE", "unblocked", UNBLOCK),
        Edge::new(
            "STABLE",
            "teardown_popped",
            "DELETING",
            "teardown",
            TEARDOWN,
        ),
        Edge::new(
            "AVAILABLE",
            "teardown_popped",
            "DELETING",
            "teardown",
            TEARDOWN,
        ),
        Edge::new(
            "BROKEN",
            "teardown_popped",
            "DELETING",
            "teardown",
            TEARDOWN,
        ),
        Edge::new(
            "DELETE_FAILED",
            "teardown_popped",
            "DELETING",
            "teardown",
            TEARDOWN,
        ),
        Edge::new("DELETING", "succeeded", "DELETED", "gone", TEARDOWN),
        Edge::new("DELETING", "failed", "DELETE_FAILED", "Failed", TEARDOWN),
        Edge::new("DELETING", "withdrawn", "STABLE", "withdrawn", WITHDRAWN),
        Edge::new(
            "DELETING",
            "withdrawn_broken",
            "BROKEN",
            "withdrawn, still broken",
            WITHDRAWN,
        ),
        Edge::new(
            "DELETED",
            "popped",
            "CREATING",
            "deployed again",
            Ours("a stack that was torn down may come back"),
        ),
    ],
    resumes: false,
    provisions: false,
};
