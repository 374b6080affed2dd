//! What a plan takes of a real thing that others take of too, and that nobody else may take while its
//! deployment goes on: a place among the rules of a load balancer.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::folds::Folds;
use crate::domain::ids::DeploymentId;
use crate::domain::look::Subject;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reserved {
    /// The real thing.
    pub of: Subject,
    /// What of it.
    pub what: String,
}

impl Reserved {
    /// What the plans of all other deployments that go on take.
    #[must_use]
    pub fn by_others(folds: &Folds, than: Option<DeploymentId>) -> BTreeSet<Reserved> {
        let others = folds
            .deployments
            .values()
            .filter(|other| !other.is_over() && Some(other.id) != than);
        others
            .filter_map(|other| other.plan.as_ref())
            .flat_map(|plan| plan.reserves.iter().cloned())
            .collect()
    }
}
