//! The systems: each reads its own configuration and turns "asked and observed" into a plan. Pure and sync.

pub mod script;
pub mod service;

use serde_json::Value;

use crate::domain::deployment::Seen;
use crate::domain::diagnostic::{Diagnostic, Diagnostics};
use crate::domain::environment::EnvironmentRecord;
use crate::domain::estate::{Application, Kind};
use crate::domain::failure::Failure;
use crate::domain::ids::StackId;
use crate::domain::lifecycle::Lifecycle;
use crate::domain::look::{Look, Observed, Quiet};
use crate::domain::plan::{Output, Plan, pure};
use crate::domain::request::{SourceBundle, Spec};
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

/// Every system that there is.
#[must_use]
pub fn all() -> &'static [&'static dyn System] {
    &[&service::Service, &script::Script]
}

/// The system of a name.
#[must_use]
pub fn named(name: &str) -> Option<&'static dyn System> {
    all().iter().copied().find(|system| system.name() == name)
}

/// What an application of the estate is in one environment, from its files.
///
/// # Errors
/// Everything that is wrong, with its place where a file is at fault.
pub fn spec(stack: &StackId, app: &Application, bundle: &SourceBundle) -> Result<Spec, Diagnostics> {
    let watch_logs = app.watch_logs.iter().map(|group| group.replace("{env}", stack.env.as_str())).collect();
    match &app.kind {
        Kind::Service(entry) => service::spec(stack, entry, watch_logs, bundle),
        Kind::Script(entry) => {
            script::spec(stack, entry, watch_logs, bundle).map_err(|why| Diagnostic::of_file("script", &stack.to_string(), &why, "").into())
        }
    }
}

/// Carries out a step that looks at data alone.
///
/// # Errors
/// A failure, when the parameters have another form than the planner gives them, or there is no such step.
pub fn pure_step(kind: &str, params: &Value) -> Result<Output, Failure> {
    let result = match kind {
        pure::JOIN => service::join(params),
        pure::SAME => service::same(params),
        _ => Err("there is no such step".to_owned()),
    };
    let public = result.map_err(|why| Failure::new(format!("{kind}: {why}")).hint("deploy again: the plan is made anew"))?;
    Ok(Output { public, secrets: Vec::new() })
}
