//! The service system: one CloudFormation template, its parameters, its stack. Plans only; it calls nobody.

mod body;
mod end;
mod join;
mod plan;
mod status;
mod steps;
mod template;
mod weight;

pub use join::{join, same};

use body::Body;

use super::{PlanAsk, System};
use crate::domain::diagnostic::Diagnostics;
use crate::domain::estate::ServiceEntry;
use crate::domain::failure::Failure;
use crate::domain::ids::StackId;
use crate::domain::lifecycle::Lifecycle;
use crate::domain::lifecycles::SERVICE;
use crate::domain::look::{Look, Observed, Quiet};
use crate::domain::plan::Plan;
use crate::domain::request::{SourceBundle, Spec};
use crate::domain::stack::Purpose;
use crate::domain::standing::Standing;

/// The system.
#[derive(Debug)]
pub struct Service;

/// Reads the template and puts a service together.
///
/// # Errors
/// Everything that is wrong with the template, and with what the estate gives it.
pub fn spec(stack: &StackId, entry: &ServiceEntry, watch_logs: Vec<String>, bundle: &SourceBundle) -> Result<Spec, Diagnostics> {
    body::spec(stack, entry, watch_logs, bundle)
}

impl System for Service {
    fn name(&self) -> &'static str {
        "service"
    }

    fn lifecycle(&self) -> &'static Lifecycle {
        &SERVICE
    }

    /// First the stack; then, for a card alone, what an update would change. A deployment works that out in its own first step.
    fn looks(&self, ask: &PlanAsk, spec: &Spec, seen: &Observed) -> Vec<Look> {
        let Ok(body) = Body::of(spec) else { return Vec::new() };
        let Some(stack) = &seen.stack else {
            return vec![Look::Stack { stack_name: body.input.stack_name }];
        };
        let updates = match ask.purpose {
            Purpose::Deploy => matches!(stack.standing(), Standing::Good | Standing::Halted),
            Purpose::Recover => stack.standing() == Standing::Halted,
            Purpose::Teardown => false,
        };
        let ours = plan::touch(ask, &body.input.stack_name, stack).is_ok();
        if updates && ours && seen.changes.is_none() && ask.seen.is_none() {
            return vec![Look::Changes { input: plan::ours(ask, &body.input) }];
        }
        Vec::new()
    }

    fn plan(&self, ask: &PlanAsk, spec: &Spec, seen: &Observed) -> Result<Plan, Failure> {
        let body = Body::of(spec)?;
        let serving = ask.serving.as_ref().and_then(|spec| Body::of(spec).ok());
        let stack = seen.stack.as_ref().ok_or_else(|| {
            Failure::new(format!("{}: the CloudFormation stack {} was not looked at", ask.stack, body.input.stack_name)).hint("try again")
        })?;
        match ask.purpose {
            Purpose::Teardown => end::teardown(ask, &body, serving.as_ref(), stack),
            Purpose::Recover => end::recover(ask, &body, serving.as_ref(), stack, seen),
            Purpose::Deploy => match stack.standing() {
                Standing::Missing => plan::new_stack(ask, &body),
                Standing::Good | Standing::Halted | Standing::Busy => plan::update(ask, &body, serving.as_ref(), stack, seen),
                Standing::NeverMade | Standing::RollbackStuck | Standing::DeleteStuck | Standing::Unknown => {
                    Err(status::stuck(&body.input.stack_name, stack))
                }
            },
        }
    }

    fn quiet(&self, purpose: Purpose, seen: &Observed) -> Quiet {
        // The name is not in what was seen; the failure names the stack where it is shown.
        seen.stack.as_ref().map_or(Quiet::Busy, |stack| status::quiet(purpose, "the CloudFormation stack", stack))
    }
}

#[cfg(test)]
mod tests;
