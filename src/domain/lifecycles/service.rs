//! The lifecycle of a service stack.

use crate::domain::lifecycle::Class::{Broken, Busy, Gone, Rest};
use crate::domain::lifecycle::Origin::{Ours, Seed};
use crate::domain::lifecycle::{Class, Edge, Lifecycle, Origin, PhaseDef};

const fn phase(name: &'static str, source: Option<&'static str>, class: Class) -> PhaseDef {
    PhaseDef { name, source, class }
}

const fn edge(from: &'static str, on: &'static str, to: &'static str, label: &'static str, origin: Origin) -> Edge {
    Edge { from, on, to, label, origin }
}

const QUEUED: Origin = Ours("a deployment waits in place: frozen, armed, or not its turn");
const ADOPTED: Origin = Ours("the CloudFormation stack was there before this store");
const WITHDRAWN: Origin = Ours("rejected, expired or cancelled before anything changed");
const TEARDOWN: Origin = Ours("the source document never ends a stack; people on call do");
const UNBLOCK: Origin = Ours("the source document has no way out of BROKEN");

/// The table.
pub static SERVICE: Lifecycle = Lifecycle {
    name: "service stack",
    phases: &[
        phase("NEW", None, Rest),
        phase("CREATING", Some("CREATING"), Busy),
        phase("STABLE", Some("STABLE"), Rest),
        phase("AVAILABLE", Some("AVAILABLE"), Rest),
        phase("MIGRATING", Some("MIGRATING"), Busy),
        phase("BROKEN", Some("BROKEN"), Broken),
        phase("DELETING", None, Busy),
        phase("DELETE_FAILED", None, Broken),
        phase("DELETED", None, Gone),
    ],
    edges: &[
        edge("NEW", "found_missing", "CREATING", "Triggered", Seed),
        edge("NEW", "adopted", "AVAILABLE", "adopted", ADOPTED),
        edge("NEW", "adopted_broken", "BROKEN", "adopted, broken", ADOPTED),
        edge("NEW", "requested", "NEW", "queued", QUEUED),
        edge("CREATING", "requested", "CREATING", "Triggered (queues)", Seed),
        edge("MIGRATING", "requested", "MIGRATING", "Triggered (queues)", Seed),
        edge("STABLE", "requested", "STABLE", "queued", QUEUED),
        edge("AVAILABLE", "requested", "AVAILABLE", "queued", QUEUED),
        edge("BROKEN", "requested", "BROKEN", "queued", QUEUED),
        edge("DELETING", "requested", "DELETING", "queued", QUEUED),
        edge("DELETE_FAILED", "requested", "DELETE_FAILED", "queued", QUEUED),
        edge("DELETED", "requested", "DELETED", "queued", QUEUED),
        edge("CREATING", "succeeded", "STABLE", "Completed", Seed),
        edge("MIGRATING", "succeeded", "STABLE", "Completed", Seed),
        edge("CREATING", "failed", "BROKEN", "Failed", Seed),
        edge("MIGRATING", "failed", "BROKEN", "Failed", Seed),
        edge("CREATING", "failed_continue", "STABLE", "failed, continue", Ours("on_failure: continue")),
        edge("MIGRATING", "failed_continue", "STABLE", "failed, continue", Ours("on_failure: continue")),
        edge("CREATING", "withdrawn_never", "DELETED", "never created", WITHDRAWN),
        edge("MIGRATING", "withdrawn", "STABLE", "withdrawn", WITHDRAWN),
        edge("MIGRATING", "withdrawn_broken", "BROKEN", "withdrawn, still broken", WITHDRAWN),
        edge("STABLE", "queue_empty", "AVAILABLE", "queue empty", Seed),
        edge("STABLE", "idle", "AVAILABLE", "none may start", Ours("what is queued is frozen, armed or waits for another")),
        edge("STABLE", "popped", "MIGRATING", "next in queue", Seed),
        edge("AVAILABLE", "started", "MIGRATING", "Triggered", Seed),
        edge("AVAILABLE", "popped", "MIGRATING", "next in queue", Ours("after a thaw, an undo window or a predecessor")),
        edge("BROKEN", "unblocked", "STABLE", "unblocked", UNBLOCK),
        edge("DELETE_FAILED", "unblocked", "STABLE", "unblocked", UNBLOCK),
        edge("STABLE", "teardown_popped", "DELETING", "teardown", TEARDOWN),
        edge("AVAILABLE", "teardown_popped", "DELETING", "teardown", TEARDOWN),
        edge("BROKEN", "teardown_popped", "DELETING", "teardown", TEARDOWN),
        edge("DELETE_FAILED", "teardown_popped", "DELETING", "teardown", TEARDOWN),
        edge("DELETING", "succeeded", "DELETED", "gone", TEARDOWN),
        edge("DELETING", "failed", "DELETE_FAILED", "Failed", TEARDOWN),
        edge("DELETING", "withdrawn", "STABLE", "withdrawn", WITHDRAWN),
        edge("DELETING", "withdrawn_broken", "BROKEN", "withdrawn, still broken", WITHDRAWN),
        edge("DELETED", "popped", "CREATING", "deployed again", Ours("a stack that was torn down may come back")),
    ],
};
