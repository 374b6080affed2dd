//! What reaches the engine while it runs.

use serde_json::Value;

use crate::domain::failure::Failure;
use crate::domain::grant::Attempt;
use crate::domain::ids::{DeploymentId, StackId};
use crate::domain::look::{Quiet, Sights};
use crate::domain::place::Places;
use crate::domain::plan::{Output, Plan};

use super::clerk::Previewed;

/// What asks the engine to look again or to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Something is in the inbox.
    Asks,
    /// The clock is right: what became due while nobody looked waits no longer.
    ClockIsRight,
    /// End: grant nothing more, drop tasks at their next note.
    End,
}

/// What comes back from tasks.
pub(crate) enum Msg {
    /// A note must be made durable before the task goes on.
    Note {
        key: Attempt,
        name: String,
        value: Value,
        reply: tokio::sync::oneshot::Sender<Result<(), Failure>>,
    },
    /// An attempt ended, or nobody can tell.
    Outcome {
        key: Attempt,
        result: Result<Output, Failure>,
    },
    /// Contact with a lost step is back.
    Found { key: Attempt },
    /// The real stack of a deployment is quiet, or will not be.
    Settled {
        deployment: DeploymentId,
        result: Result<Sights, Failure>,
    },
    /// A new stack was looked at.
    Looked {
        stack: StackId,
        places: Places,
        result: Result<(Sights, Quiet), Failure>,
    },
    /// A plan was made.
    Planned {
        deployment: DeploymentId,
        result: Result<Plan, Failure>,
    },
    /// An ask's looks are done.
    Previewed(Box<Previewed>),
}
