//! Sightings: what was last seen of the outside. Overwritten, never events; every pane shows their age.

use serde::{Deserialize, Serialize};

use super::safe::Safe;
use super::time::Time;

/// Something that was seen, when, and whether the last look failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sighting {
    /// What was seen.
    pub value: Seen,
    /// When.
    pub taken_at: Time,
    /// Why the newest look failed, if it did: then the value is STALE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale: Option<Safe>,
}

/// What can be seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "seen", rename_all = "snake_case")]
pub enum Seen {
    /// A CloudFormation stack.
    Cfn {
        /// Its status; `MISSING` when there is none.
        status: String,
        /// The status reason, if any.
        #[serde(default)]
        reason: Safe,
        /// When it was last changed.
        #[serde(default)]
        changed_at: Option<Time>,
        /// Resources that are being changed or have failed, by logical id.
        #[serde(default)]
        resources: Vec<ResourceSeen>,
    },
    /// How many tasks of its services run, of how many desired.
    Serve {
        /// Running.
        running: u32,
        /// Desired.
        desired: u32,
    },
    /// Who the engine is in an environment: the proof that the band shows.
    Identity {
        /// The account.
        account: String,
        /// The ARN.
        arn: Safe,
        /// The region.
        region: String,
        /// When the credentials end, where known.
        #[serde(default)]
        expires_at: Option<Time>,
    },
    /// How the tail of a log group is doing. A reason beside it says why no lines come: the group is not there yet, or, when it
    /// is not live, the tail is cut.
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

/// A resource of a CloudFormation stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResourceSeen {
    /// Logical id.
    pub logical: Safe,
    /// Type.
    pub kind: Safe,
    /// Status.
    pub status: String,
    /// Reason.
    #[serde(default)]
    pub reason: Safe,
    /// Since when.
    pub at: Time,
}

/// The name under which a sighting is kept: `cfn`, `serve`, `tail/GROUP` of a stack; `identity` of an environment.
pub type SightingKey = (String, String);
