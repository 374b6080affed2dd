//! What somebody outside asks for, who saw no card and confirmed nothing: where a card would ask for
//! more than a key, a person decides before anything changes.

use crate::domain::ask::{Confirm, Intent};
use crate::domain::class::EnvClass;
use crate::domain::deployment::Request;
use crate::domain::folds::Folds;
use crate::domain::hold::HoldKind;
use crate::domain::level::Level;
use crate::domain::person::{Issuer, Person};
use crate::domain::plan::{HoldRule, HoldWhen, Plan, Step};
use crate::domain::purpose::Purpose;

/// Whether an ask may pass without its guard, which a person meets at a hold: a deployment that
/// somebody outside asks for, or a teardown that a queue does. Nothing else that they ask for passes.
pub(super) fn passes(person: &Person, intent: &Intent, confirm: &Confirm) -> bool {
    let may = match person {
        Person::Outside { source, .. } => match intent {
            Intent::Deploy { .. } => true,
            Intent::Teardown { .. } => *source == Issuer::Queue,
            Intent::Rollback { .. }
            | Intent::Retry { .. }
            | Intent::Cancel { .. }
            | Intent::Abandon { .. }
            | Intent::Unblock { .. }
            | Intent::Freeze { .. }
            | Intent::Thaw { .. }
            | Intent::Apply { .. } => false,
        },
        Person::Owner(_) | Person::Engine | Person::Member { .. } => false,
    };
    may && confirm.subject.is_none()
}

/// Whether nobody of ours has seen what is asked for.
pub(super) fn is_outside(person: &Person) -> bool {
    match person {
        Person::Outside { .. } => true,
        Person::Owner(_) | Person::Engine | Person::Member { .. } => false,
    }
}

/// The plan with a hold before anything changes, where nobody confirmed what somebody should have:
/// by its card, or by what the environment is now. A teardown waits for a person in every
/// environment.
pub(super) fn held(folds: &Folds, request: &Request, mut plan: Plan) -> Plan {
    let env = folds.environments.get(&request.stack.env);
    let class = env
        .and_then(|env| env.record.as_ref())
        .map(|record| record.class);
    let protected = !matches!(class, Some(EnvClass::Development | EnvClass::Branch));
    let guarded = request
        .seen
        .as_ref()
        .is_none_or(|seen| seen.level > Level::L1);
    let waits = match request.purpose {
        Purpose::Deploy => protected || guarded,
        Purpose::Teardown => true,
        Purpose::Recover => false,
    };
    // What is asked for a whole waited before the first of its parts.
    if !is_outside(&request.cause.by) || !waits || request.parent.is_some() {
        return plan;
    }
    let first: Vec<bool> = plan
        .steps
        .iter()
        .map(|step| is_first(&plan, step))
        .collect();
    for (step, _) in plan.steps.iter_mut().zip(first).filter(|(_, first)| *first) {
        match &mut step.hold {
            Some(rule) => rule.when = HoldWhen::Always,
            None => {
                step.hold = Some(HoldRule {
                    kind: HoldKind::ReviewPlan,
                    when: HoldWhen::Always,
                    choices: Vec::new(),
                    never_expires: false,
                });
            }
        }
    }
    plan
}

/// Whether a step changes something, and nothing before it does.
fn is_first(plan: &Plan, step: &Step) -> bool {
    let mut seen = Vec::new();
    let mut before: Vec<_> = step.after.iter().collect();
    while let Some(id) = before.pop() {
        if seen.contains(&id) {
            continue;
        }
        seen.push(id);
        let Some(earlier) = plan.step(id) else {
            continue;
        };
        if earlier.changes() {
            return false;
        }
        before.extend(&earlier.after);
    }
    step.changes() && step.finaliser.is_none()
}
