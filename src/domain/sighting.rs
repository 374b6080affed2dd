//! Sightings: what was last seen of the outside. Overwritten, never events; every pane shows their
//! age.

use serde::{Deserialize, Serialize};

use super::ids::DeploymentNo;
use super::look::Sight;
use super::place::{Place, PlaceName, Proof};
use super::time::Time;
use crate::text::safe::Safe;

/// Something that was seen, when, and whether the last look failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sighting {
    /// What was seen.
    pub value: Seen,
    /// When.
    pub taken_at: Time,
    /// Where; absent where that is no one place. What was seen at another place than the one that
    /// is recorded now says nothing of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Why the newest look failed, if it did: then the value is STALE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale: Option<Safe>,
}

/// What can be seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "seen", rename_all = "snake_case")]
pub enum Seen {
    /// A real thing.
    Thing {
        /// As it was seen.
        sight: Sight,
    },
    /// Nothing yet: no look has succeeded, and the reason beside it says why; `taken_at` is when the
    /// first of them failed.
    Nothing,
    /// How many tasks of its services run, of how many desired.
    Serve {
        /// Running.
        running: u32,
        /// Desired.
        desired: u32,
        /// Each of its services.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        services: Vec<ServiceSeen>,
    },
    /// Who the engine is at a place: the proof that the band shows.
    Proof {
        /// As it was proven.
        proof: Proof,
    },
    /// How often an environment may be read.
    Pace {
        /// Who says how often ("AWS").
        by: String,
        /// That fewer reads are asked for, while they are.
        slowed: Option<Slowed>,
    },
    /// The reply that a deployment owes whoever told of its commit. A reason beside it says why it
    /// cannot be given.
    Reply {
        /// Of which deployment.
        of: DeploymentNo,
    },
    /// How the tail of a log group is doing. A reason beside it says why no lines come: the group
    /// is not there yet, or, when it is not live, the tail is cut.
    Tail {
        /// Whether lines come as they are written.
        live: bool,
        /// Lines dropped or not shown because of sampling.
        dropped: u64,
        /// Whether the service says that it samples.
        sampled: bool,
        /// How far behind it is, in milliseconds: everything older was given.
        lag_ms: u64,
    },
}

impl Seen {
    /// The real thing that was seen, where it was one.
    #[must_use]
    pub fn thing(&self) -> Option<&Sight> {
        match self {
            Seen::Thing { sight } => Some(sight),
            Seen::Nothing
            | Seen::Serve { .. }
            | Seen::Proof { .. }
            | Seen::Pace { .. }
            | Seen::Reply { .. }
            | Seen::Tail { .. } => None,
        }
    }
}

/// A service, and how its tasks are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSeen {
    /// Its name.
    pub name: Safe,
    /// How many of its tasks run,
    pub running: u32,
    /// how many should,
    pub desired: u32,
    /// and how many are about to.
    #[serde(default)]
    pub pending: u32,
    /// Of what is being brought: how many run, of how many that should.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coming: Option<(u32, u32)>,
    /// Why its tasks do not come to run, where they fail again and again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Safe>,
}

impl ServiceSeen {
    /// Whether none runs of those that should.
    #[must_use]
    pub fn is_down(&self) -> bool {
        self.running == 0 && self.desired > 0
    }

    /// In full: `1 of 2, 1 of 2 new, 1 pending; its tasks fail: …`.
    #[must_use]
    pub fn says(&self) -> String {
        let coming = self.coming;
        let coming = coming.map_or_else(String::new, |(n, of)| format!(", {n} of {of} new"));
        let pending = match self.pending {
            0 => String::new(),
            pending => format!(", {pending} pending"),
        };
        let trouble = self.trouble.as_ref();
        let trouble = trouble.map_or_else(String::new, |why| format!("; {why}"));
        format!(
            "{} of {}{coming}{pending}{trouble}",
            self.running, self.desired
        )
    }
}

/// That the reads of a place are throttled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slowed {
    /// Since when.
    pub since: Time,
    /// The time between two reads now, in milliseconds.
    pub every_ms: u64,
}

/// The source of the sighting of the thing that says how a stack stands.
pub const THING: &str = "thing";
/// The source of the sighting of its tasks.
pub const SERVE: &str = "serve";

/// The source of the sighting that says why a deployment waits for contact before it is planned:
/// [`Seen::Nothing`] with the reason, while it does.
pub const CONTACT: &str = "contact";

/// The source of the sighting of the replies of a stack's deployments.
pub const REPLY: &str = "reply";

/// The source of the sighting of what is looked at beside how a stack stands, by its kind.
#[must_use]
pub fn beside(kind: &str) -> String {
    format!("beside/{kind}")
}

/// The source of the sighting of an environment's pace.
pub const PACE: &str = "pace";

/// The source of the sighting of who we are at a place of an environment.
#[must_use]
pub fn proof_of(place: &PlaceName) -> String {
    format!("proof/{place}")
}

/// The name under which a sighting is kept: [`THING`], [`SERVE`], [`REPLY`], [`beside`] and
/// `tail/GROUP` of a stack;
/// [`proof_of`] a place and [`PACE`] of an environment.
pub type SightingKey = (String, String);
