//! Why a deployment exists: who asked, from where, and, of a child, which step of which other deployment.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::ids::{AskId, DeploymentId, StepId};
use crate::domain::person::Person;

/// Why a deployment exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The ask.
    pub ask: AskId,
    /// Who asked.
    pub by: Person,
    /// From where: `console`, `shell`.
    pub via: String,
    /// What they wrote, where a reason was asked for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// "redeploy of #12", "retry of #12", "rollback to #9"; empty for a plain deploy.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub of: String,
}

/// The step of a whole's deployment that asked for the deployment of one part.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Parent {
    /// The deployment of the whole.
    pub deployment: DeploymentId,
    /// Its step.
    pub step: StepId,
    /// Which attempt of that step.
    pub attempt: u32,
}

impl Parent {
    /// The id of the child: the same attempt asks for the same child, however often its engine starts anew.
    #[must_use]
    pub fn child(&self) -> DeploymentId {
        DeploymentId(Uuid::new_v5(&self.deployment.0, format!("{}/{}", self.attempt, self.step).as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent(deployment: u128, step: &str, attempt: u32) -> Parent {
        Parent { deployment: DeploymentId(Uuid::from_u128(deployment)), step: step.into(), attempt }
    }

    #[test]
    fn a_child_has_one_id_for_ever() {
        let one = parent(7, "nl/cart", 1);
        assert_eq!(one.child().to_string(), "1498cec5-0bab-5339-b20b-04ff3c02dc49");
        assert_eq!(one.child(), parent(7, "nl/cart", 1).child());
        for other in [parent(8, "nl/cart", 1), parent(7, "nl/search", 1), parent(7, "nl/cart", 2), parent(7, "1/nl/cart", 1)] {
            assert_ne!(one.child(), other.child(), "{other:?}");
        }
    }
}
