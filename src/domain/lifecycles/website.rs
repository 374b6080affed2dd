//! The lifecycle of a website: provisioned, deployed, taken down in two phases. The names are those
//! of the source document, whose "Pre Provisioned" is what every table begins with.

use crate::domain::lifecycle::Origin::{Ours, Seed};
use crate::domain::lifecycle::PhaseClass::{Broken, Busy, Gone, Rest};
use crate::domain::lifecycle::{Edge, Lifecycle, NEW, Origin, PhaseDef, PhaseFlag};

const REQUEST: &str = "Provision Request";
const PROVISIONING: &str = "Provisioning";
const UNPROVISIONED: &str = "Failed to Provision";
const READY: &str = "Ready for Deployment";
const QUEUED: &str = "Queued";
const DEPLOYING: &str = "Deploying";
const DEPLOYED: &str = "Deployed";
const UNDEPLOYED: &str = "Failed to Deploy";
const SCHEDULED: &str = "Scheduled for Deletion";
const DELETING: &str = "Deleting";
const UNDELETED: &str = "Failed to Delete";
const DELETED: &str = "Deleted";

const WAITS: Origin = Ours("a deployment waits in place: frozen, armed, or not its turn");
const THERE: Origin = Ours("the real site was there before this store");
const POPPED: Origin = Ours("after a thaw, an undo window or a predecessor");
const FREED: Origin = Ours("a person lets it be as it is");
const KEPT: Origin =
    Ours("a teardown that ended before it changed anything: none does once it deletes");

const fn phase(name: &'static str, class: crate::domain::lifecycle::PhaseClass) -> PhaseDef {
    PhaseDef::new(name, Some(name), class)
}

const fn waits(at: &'static str) -> Edge {
    Edge::new(at, "requested", at, "queued", WAITS)
}

const fn seed(from: &'static str, on: &'static str, to: &'static str, label: &'static str) -> Edge {
    Edge::new(from, on, to, label, Seed)
}

/// The table.
pub static WEBSITE: Lifecycle = Lifecycle {
    name: "website",
    phases: &[
        PhaseDef::new(NEW, Some("Pre Provisioned"), Rest),
        phase(REQUEST, Rest).with(&[PhaseFlag::LookFirst]),
        phase(PROVISIONING, Busy),
        phase(UNPROVISIONED, Broken).with(&[PhaseFlag::RunAgain]),
        phase(READY, Rest),
        phase(QUEUED, Busy),
        phase(DEPLOYING, Busy),
        phase(DEPLOYED, Rest),
        phase(UNDEPLOYED, Broken).with(&[PhaseFlag::RunAgain]),
        phase(SCHEDULED, Busy).with(&[PhaseFlag::Removes]),
        phase(DELETING, Busy).with(&[PhaseFlag::Removes]),
        phase(UNDELETED, Broken).with(&[PhaseFlag::RunAgain]),
        phase(DELETED, Gone),
    ],
    edges: &[
        seed(NEW, "requested", REQUEST, "requested"),
        waits(REQUEST),
        Edge::new(
            REQUEST,
            "queue_empty",
            NEW,
            "withdrawn",
            Ours("a request that was taken back"),
        ),
        seed(REQUEST, "found_missing", PROVISIONING, "setup taken"),
        Edge::new(REQUEST, "adopted", READY, "adopted", THERE),
        Edge::new(
            REQUEST,
            "adopted_broken",
            UNPROVISIONED,
            "adopted, broken",
            THERE,
        ),
        waits(PROVISIONING),
        seed(PROVISIONING, "succeeded", READY, "provisioned"),
        seed(PROVISIONING, "failed", UNPROVISIONED, "a step failed"),
        Edge::new(
            PROVISIONING,
            "withdrawn",
            REQUEST,
            "withdrawn",
            Ours("cancelled before anything was made"),
        ),
        Edge::new(
            PROVISIONING,
            "withdrawn_broken",
            UNPROVISIONED,
            "withdrawn, still broken",
            Ours("a retry that was cancelled before it made anything"),
        ),
        waits(UNPROVISIONED),
        seed(UNPROVISIONED, "unblocked", REQUEST, "asked again"),
        seed(UNPROVISIONED, "teardown_popped", SCHEDULED, "delete"),
        waits(READY),
        seed(READY, "started", QUEUED, "deploy"),
        Edge::new(READY, "popped", QUEUED, "next in queue", POPPED),
        seed(READY, "teardown_popped", SCHEDULED, "delete"),
        waits(QUEUED),
        seed(QUEUED, "reached:deploying", DEPLOYING, "begins"),
        Edge::new(
            QUEUED,
            "succeeded",
            DEPLOYED,
            "is there already",
            Ours("the same release serves already"),
        ),
        seed(QUEUED, "failed", UNDEPLOYED, "failed"),
        seed(QUEUED, "withdrawn", DEPLOYED, "cancelled"),
        seed(QUEUED, "withdrawn_never", READY, "cancelled"),
        seed(QUEUED, "withdrawn_broken", UNDEPLOYED, "cancelled"),
        waits(DEPLOYING),
        seed(DEPLOYING, "succeeded", DEPLOYED, "succeeded"),
        seed(DEPLOYING, "failed", UNDEPLOYED, "failed"),
        seed(DEPLOYING, "withdrawn", DEPLOYED, "cancelled"),
        seed(DEPLOYING, "withdrawn_never", READY, "cancelled"),
        seed(DEPLOYING, "withdrawn_broken", UNDEPLOYED, "cancelled"),
        waits(DEPLOYED),
        seed(DEPLOYED, "started", QUEUED, "deploy"),
        Edge::new(DEPLOYED, "popped", QUEUED, "next in queue", POPPED),
        seed(DEPLOYED, "teardown_popped", SCHEDULED, "delete"),
        waits(UNDEPLOYED),
        seed(UNDEPLOYED, "started", QUEUED, "deploy"),
        Edge::new(UNDEPLOYED, "popped", QUEUED, "next in queue", POPPED),
        seed(UNDEPLOYED, "teardown_popped", SCHEDULED, "delete"),
        Edge::new(UNDEPLOYED, "unblocked", DEPLOYED, "left as it is", FREED),
        Edge::new(UNDEPLOYED, "unblocked_never", READY, "left as it is", FREED),
        waits(SCHEDULED),
        seed(SCHEDULED, "reached:deleting", DELETING, "is disabled"),
        Edge::new(
            SCHEDULED,
            "succeeded",
            DELETED,
            "nothing was there",
            Ours("what is gone already counts as done"),
        ),
        seed(SCHEDULED, "failed", UNDELETED, "a step failed"),
        Edge::new(SCHEDULED, "withdrawn", DEPLOYED, "kept", KEPT),
        Edge::new(SCHEDULED, "withdrawn_never", READY, "kept", KEPT),
        Edge::new(
            SCHEDULED,
            "withdrawn_broken:Failed to Deploy",
            UNDEPLOYED,
            "kept",
            KEPT,
        ),
        Edge::new(
            SCHEDULED,
            "withdrawn_broken:Failed to Provision",
            UNPROVISIONED,
            "kept",
            KEPT,
        ),
        Edge::new(
            SCHEDULED,
            "withdrawn_broken:Failed to Delete",
            UNDELETED,
            "kept",
            KEPT,
        ),
        waits(DELETING),
        seed(DELETING, "succeeded", DELETED, "all is gone"),
        seed(DELETING, "failed", UNDELETED, "a step failed"),
        waits(UNDELETED),
        seed(UNDELETED, "teardown_popped", SCHEDULED, "delete again"),
        Edge::new(
            UNDELETED,
            "unblocked",
            REQUEST,
            "provision again",
            Ours("a person keeps the site: what is left is looked at, and the rest made anew"),
        ),
        waits(DELETED),
        Edge::new(
            DELETED,
            "popped",
            PROVISIONING,
            "made again",
            Ours("a site that was taken down may come back"),
        ),
    ],
    resumes: false,
    provisions: true,
};
