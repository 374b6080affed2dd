//! What is looked at before a deployment of a service is planned.

use super::body::Body;
use super::ways::{self, Choice, Only};
use super::{databases, late, plan, retained, running};
use crate::domain::look::{Look, Sights, Standing};
use crate::domain::purpose::Purpose;
use crate::domain::request::Spec;
use crate::forms::cloudformation::{self, CHANGES, STACK, StackFacts, facts};
use crate::systems::PlanAsk;

/// First the stack; then, for a card alone, what an update would change. A deployment works
/// that out in its own first step.
pub(super) fn looks(ask: &PlanAsk, spec: &Spec, seen: &Sights) -> Vec<Look> {
    let Ok(body) = Body::of(spec) else {
        return Vec::new();
    };
    let name = &body.input.stack_name;
    // One that cannot be read is told in the plan.
    let serving = ask.serving.as_ref().and_then(|spec| Body::of(spec).ok());
    let look = Look::at(cloudformation::stack(name));
    let Some(Ok(stack)) = seen.of_kind(STACK).map(facts::<StackFacts>) else {
        // A teardown and a recovery name what goes and what holds data.
        return vec![if ask.purpose == Purpose::Deploy {
            look
        } else {
            look.whole()
        }];
    };
    if running::is_open(&stack, serving.as_ref(), name) {
        return vec![look.whole()];
    }
    let updates = match ask.purpose {
        Purpose::Deploy => matches!(stack.standing(), Standing::Good | Standing::Halted),
        Purpose::Recover => stack.standing() == Standing::Halted,
        Purpose::Teardown => false,
    };
    let imports = Choice::Import.is_in(&ask.flags);
    if ask.purpose != Purpose::Teardown
        && !imports
        && let Some(look) = late::looks(&body, &stack, seen)
    {
        return vec![look];
    }
    if ask.purpose != Purpose::Teardown {
        let mut looks = Vec::new();
        if !imports {
            looks.extend(databases::looks(&body, seen));
        }
        if matches!(stack.standing(), Standing::Missing | Standing::NeverMade) {
            looks.extend(retained::looks(&body, seen));
        }
        if !looks.is_empty() {
            return looks;
        }
    }
    let ours = plan::touch(ask, name, &stack).is_ok();
    // A plan of databases alone leaves the stack as it is.
    let only = ways::only(&ask.flags);
    let infra = only == Only::One(Choice::InfraOnly);
    let changes = only == Only::Everything || infra;
    if updates && ours && changes && seen.of_kind(CHANGES).is_none() && ask.seen.is_none() {
        let settled = late::settled(ask, spec, &stack);
        let body = settled.as_ref().map_or(Ok(body), Body::of);
        // What has no version or no place is told in the plan.
        let placed = body.and_then(|body| {
            body.deployable(ask)?;
            body.placed(ask, &stack, seen)
        });
        let changes = placed.map(|body| {
            let mut input = plan::ours(ask, &body.input, serving.as_ref());
            if infra {
                input.parameters.extend(body.lowest());
            }
            cloudformation::changes(&input)
        });
        return changes.into_iter().collect();
    }
    Vec::new()
}
