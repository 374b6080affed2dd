//! How a deployment ended.

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::ids::StackId;
use super::person::Person;

/// How a deployment ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum End {
    /// All finished.
    Done,
    /// Of a whole: some of its parts have the release, others do not.
    Partial {
        /// The stacks that have it.
        arrived: Vec<StackId>,
        /// The stacks that do not; their own deployments say why.
        missing: Vec<StackId>,
    },
    /// A step or the deployment failed.
    Failed {
        /// Why.
        failure: Failure,
    },
    /// Cancelled, rejected, expired, superseded, undone.
    Terminated {
        /// Why.
        reason: String,
        /// Who.
        by: Person,
    },
}

impl End {
    /// True for the only good end: all that was asked for is there.
    #[must_use]
    pub fn is_well(&self) -> bool {
        match self {
            End::Done => true,
            End::Partial { .. } | End::Failed { .. } | End::Terminated { .. } => false,
        }
    }

    /// What to do next after a failure, where it says so.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            End::Failed { failure } => Some(failure.hint.as_str()).filter(|hint| !hint.is_empty()),
            End::Done | End::Partial { .. } | End::Terminated { .. } => None,
        }
    }

    /// What is missing after a partial end, in one line.
    #[must_use]
    pub fn shortfall(arrived: &[StackId], missing: &[StackId]) -> String {
        let names = missing
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ");
        format!(
            "{} of {} parts did not arrive: {names}",
            missing.len(),
            arrived.len() + missing.len()
        )
    }
}
