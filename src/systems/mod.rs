//! The systems: each reads its own configuration and turns "asked and observed" into a plan. Pure and sync.

use crate::domain::deployment::Seen;
use crate::domain::environment::EnvironmentRecord;
use crate::domain::failure::Failure;
use crate::domain::ids::StackId;
use crate::domain::lifecycle::Lifecycle;
use crate::domain::look::{Look, Observed, Quiet};
use crate::domain::plan::Plan;
use crate::domain::request::Spec;
use crate::domain::stack::Purpose;

/// What is to be planned.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanAsk {
    /// The stack.
    pub stack: StackId,
    /// What for.
    pub purpose: Purpose,
    /// The environment's record.
    pub env: EnvironmentRecord,
    /// The id of the store: ours are the stacks that carry it as a tag.
    pub store: String,
    /// What the person had on the card; `None` while the card is being made.
    pub seen: Option<Seen>,
    /// The spec of the release in service, for a restore; `None` when none is known.
    pub serving: Option<Spec>,
}

/// One system.
pub trait System: Sync {
    /// Its name, as in the estate file.
    fn name(&self) -> &'static str;
    /// The lifecycle of its stacks.
    fn lifecycle(&self) -> &'static Lifecycle;
    /// What to look at before planning; asked again with what was seen until it wants nothing more, three times at most.
    fn looks(&self, ask: &PlanAsk, spec: &Spec, seen: &Observed) -> Vec<Look>;
    /// The plan.
    ///
    /// # Errors
    /// A failure that says why there is none and what to do.
    fn plan(&self, ask: &PlanAsk, spec: &Spec, seen: &Observed) -> Result<Plan, Failure>;
    /// What the real stack's state means for a deployment that wants to start.
    fn quiet(&self, purpose: Purpose, seen: &Observed) -> Quiet;
}
