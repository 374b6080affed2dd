//! What a plan comes to: what its good end leaves, and whether that is what a card showed.

use serde::{Deserialize, Serialize};

use super::{Leaves, Plan};

/// What the plan on a card would come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanShown {
    /// It would repair the real stack.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repairs: bool,
    /// What would be in service at its good end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaves: Option<Leaves>,
    /// The branch that its evaluation chose, where a person chose a less safe one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<String>,
}

impl PlanShown {
    /// What this plan would come to.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        Self {
            repairs: plan.repairs,
            leaves: plan.leaves(),
            instead_of: plan.instead_of.clone(),
        }
    }
}

impl Plan {
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
