//! What a plan comes to: what its good end leaves, and whether that is what a card showed.

use serde::{Deserialize, Serialize};

use super::{Leaves, Plan};

/// What the plan on a card would come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanShown {
    /// Which plan it was.
    pub name: String,
    /// What would be in service at its good end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaves: Option<Leaves>,
}

impl PlanShown {
    /// What this plan would come to.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        Self {
            name: plan.name.clone(),
            leaves: plan.leaves(),
        }
    }
}

impl Plan {
    /// The name of a plan that repairs the real stack.
    pub const RECOVER: &'static str = "recover";

    /// True for a plan that repairs the real stack: it is made only where a look found something to
    /// repair.
    #[must_use]
    pub fn repairs(&self) -> bool {
        self.name == Self::RECOVER
    }

    /// What is in service at its good end; `None` where it changes nothing of that.
    #[must_use]
    pub fn leaves(&self) -> Option<Leaves> {
        self.steps
            .iter()
            .filter(|step| step.finaliser.is_none())
            .filter_map(|step| step.leaves)
            .next_back()
    }

    /// True for a plan whose good end is that nothing is there any more.
    #[must_use]
    pub fn removes(&self) -> bool {
        self.leaves() == Some(Leaves::Nothing)
    }
}
