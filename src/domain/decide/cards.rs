//! Cards: what an intent would do, at which level, and what must be typed. Made from folds and
//! plans alone.

mod starts;

use serde_json::{Value, json};

use crate::domain::ask::{Intent, QueueOf};
use crate::domain::card::{Card, VALID};
use crate::domain::digest::Digest;
use crate::domain::folds::Folds;
use crate::domain::ids::{EnvName, StackId};
use crate::domain::label::Label;
use crate::domain::level::{self as levels, Danger, Level, Verb, of_lost, phrase};
use crate::domain::place::Places;
use crate::domain::plan::{Plan, Step};
use crate::domain::refused::Refused;

use self::starts::start_lines;
use super::apply::apply_card;
use super::enqueue::may_enqueue;
use super::lines::{line, order, runs_on, spot};
use super::specs::{StartOf, unknown_deployment};
use super::{Cx, cancel, freeze, record, stop};

/// The card of an intent. `plans` are the plans of its starts, in the same order.
///
/// # Errors
/// A refusal when the intent cannot be carried out at all.
pub fn card(
    folds: &Folds,
    intent: &Intent,
    starts: &[StartOf],
    plans: &[(StackId, Plan)],
    cx: &Cx<'_>,
) -> Result<Card, Refused> {
    let (env_name, stack) = about(folds, intent, starts)?;
    let verb = intent.verb();
    if let Intent::Apply { environments } = intent {
        return apply_card(folds, intent, environments, cx);
    }
    for start in starts {
        may_enqueue(folds, start)?;
        // The whole would wait for its part, and the part for what it was asked for with.
        let part = starts
            .iter()
            .find(|other| start.spec.is_whole() && other.stack.is_part_of(&start.stack));
        if let Some(part) = part {
            let says = format!("{} is deployed with {}", part.stack, start.stack);
            return Err(Refused::new("whole-and-part", says).hint("name one of them"));
        }
    }
    if let Intent::Unblock { stack, way, .. } = intent {
        super::unblock::blocked(folds, stack, way, plans)?;
    }
    let (env, record) = record(folds, &env_name)?;
    let mut danger = plans
        .iter()
        .fold(Danger::default(), |all, (_, plan)| merge(all, plan.danger));
    if let Intent::Cancel { deployment } | Intent::Abandon { deployment } = intent {
        danger.downtime |= folds
            .deployments
            .get(deployment)
            .is_some_and(|d| d.goes_down() && !cancel::goes_all_the_same(d, cx.cancels));
    }
    let (mut level, mut why) = levels::level(record.class, verb, danger);
    if let Some(least) = record
        .min_level
        .filter(|least| *least > level && level > Level::L0)
    {
        level = least;
        why = format!("the environment asks for level {least} at least");
    }
    if verb == Verb::Teardown && nothing_goes(plans) {
        "what is known here of a stack that is gone".clone_into(&mut why);
    }
    let places = acts_at(folds, intent, starts).unwrap_or(&record.places);
    let plan = plans.first().map(|(_, plan)| plan.clone());
    let rows = plan.as_ref().and_then(Plan::rows);
    let subject = Digest::of(
        "holdpoint/card/1",
        &json!({
            "intent": intent,
            "environment": env_name,
            "version": env.record_version,
            "places": places,
            "starts": starts.iter().map(start_json).collect::<Vec<_>>(),
            "plans": plans.iter().map(|(id, plan)| json!([id, plan])).collect::<Vec<_>>(),
        }),
    );
    let mut lines = Vec::new();
    match intent {
        Intent::Deploy { .. }
        | Intent::Rollback { .. }
        | Intent::Retry { .. }
        | Intent::Teardown { .. }
        | Intent::Unblock { .. } => {
            start_lines(&mut lines, folds, intent, starts, plans);
        }
        Intent::Cancel { deployment } => {
            let d = stop::may_cancel(folds, *deployment, cx)?;
            cancel::cancel_lines(&mut lines, folds, d, cx.cancels);
        }
        Intent::Abandon { deployment } => {
            cancel::abandon_lines(&mut lines, stop::may_abandon(folds, *deployment, cx)?);
        }
        Intent::Freeze {
            target,
            reason,
            until,
        } => {
            freeze::may_freeze(folds, target, *until, cx)?;
            line(
                &mut lines,
                Label::Does,
                format!("no deployment of {} starts until it is thawed", of(target)),
            );
            line(&mut lines, Label::Because, reason.clone());
            line(
                &mut lines,
                Label::When,
                until.map_or_else(
                    || "until a person thaws it".to_owned(),
                    |at| format!("until {at}"),
                ),
            );
        }
        Intent::Thaw { target } => {
            freeze::may_thaw(folds, target, cx)?;
            line(
                &mut lines,
                Label::Does,
                format!("the queue of {} goes on", of(target)),
            );
            let frozen = match target {
                QueueOf::Stack(id) => folds.stacks.get(id).and_then(|stack| stack.freeze.clone()),
                QueueOf::Environment(_) => env.freeze.clone(),
            };
            if let Some(freeze) = frozen {
                line(
                    &mut lines,
                    Label::Because,
                    format!(
                        "{} froze it at {}: {}",
                        freeze.by,
                        freeze.at.clock(),
                        freeze.reason
                    ),
                );
            }
        }
        Intent::Apply { .. } => {}
    }
    runs_on(&mut lines, places);
    order(&mut lines);
    Ok(Card {
        verb,
        env: env_name.clone(),
        class: record.class,
        spot: spot(places),
        stack,
        level,
        why,
        phrase: words(level, verb, &env_name, plans),
        needs_reason: level >= Level::L4 || danger.less_safe,
        subject,
        lines,
        flags: Vec::new(),
        rows,
        plan,
        made_at: cx.now,
        valid_until: cx.now + VALID,
    })
}

/// The places to which a deployment is bound that an intent is about; none where it is about what
/// starts, at the places that are recorded now.
fn acts_at<'a>(folds: &'a Folds, intent: &Intent, starts: &[StartOf]) -> Option<&'a Places> {
    match intent {
        Intent::Cancel { deployment } | Intent::Abandon { deployment } => {
            let request = folds.deployments.get(deployment)?.request.as_ref()?;
            Some(&request.places)
        }
        Intent::Unblock { stack, .. } if starts.is_empty() => Some(&folds.running(stack)?.places),
        Intent::Unblock { .. }
        | Intent::Deploy { .. }
        | Intent::Rollback { .. }
        | Intent::Retry { .. }
        | Intent::Teardown { .. }
        | Intent::Freeze { .. }
        | Intent::Thaw { .. }
        | Intent::Apply { .. } => None,
    }
}

/// Whether the plans of what is to go find that it is gone already.
fn nothing_goes(plans: &[(StackId, Plan)]) -> bool {
    let goes = |(_, plan): &(StackId, Plan)| plan.steps.iter().any(Step::changes);
    !plans.is_empty() && !plans.iter().any(goes)
}

/// What must be typed: the name of the thing whose data goes, so that no habit types it; else what
/// level and verb ask for.
fn words(level: Level, verb: Verb, env: &EnvName, plans: &[(StackId, Plan)]) -> Option<String> {
    let lost = plans.iter().flat_map(|(_, plan)| plan.loses());
    let lost = of_lost(lost).filter(|_| level >= Level::L3 && verb != Verb::Teardown);
    lost.or_else(|| phrase(level, verb, env.as_str()))
}

fn start_json(start: &StartOf) -> Value {
    json!([
        start.stack,
        start.purpose,
        start.spec.release,
        start.spec.body,
        start.spec.bundle,
        start.of,
        start.flags,
        start.carried
    ])
}

fn merge(a: Danger, b: Danger) -> Danger {
    Danger {
        replaces: a.replaces || b.replaces,
        revises: a.revises || b.revises,
        downtime: a.downtime || b.downtime,
        destroys: a.destroys || b.destroys,
        unknown: a.unknown || b.unknown,
        less_safe: a.less_safe || b.less_safe,
        outdated: a.outdated || b.outdated,
    }
}

/// The environment and the stack that an intent is about.
fn about(
    folds: &Folds,
    intent: &Intent,
    starts: &[StartOf],
) -> Result<(EnvName, Option<StackId>), Refused> {
    match intent {
        Intent::Deploy { .. }
        | Intent::Rollback { .. }
        | Intent::Retry { .. }
        | Intent::Teardown { .. }
        | Intent::Unblock { .. } => {
            let id = match (starts, intent) {
                ([], Intent::Unblock { stack, .. }) => stack.clone(),
                ([], _) => return Err(Refused::new("nothing", "no stack is named")),
                ([only, ..], _) => only.stack.clone(),
            };
            if let Some(other) = starts.iter().find(|start| start.stack.env != id.env) {
                return Err(Refused::new(
                    "two-environments",
                    format!("{id} and {} are in two environments", other.stack),
                )
                .hint("ask for one environment at a time"));
            }
            Ok((id.env.clone(), (starts.len() <= 1).then_some(id)))
        }
        Intent::Cancel { deployment } | Intent::Abandon { deployment } => {
            let stack = folds
                .deployments
                .get(deployment)
                .and_then(|d| d.stack())
                .ok_or_else(|| unknown_deployment(*deployment))?;
            Ok((stack.env.clone(), Some(stack.clone())))
        }
        Intent::Freeze { target, .. } | Intent::Thaw { target } => Ok((
            target.env().clone(),
            match target {
                QueueOf::Stack(id) => Some(id.clone()),
                QueueOf::Environment(_) => None,
            },
        )),
        Intent::Apply { environments } => {
            let first = environments
                .keys()
                .next()
                .ok_or_else(|| Refused::new("nothing", "no environment is named"))?;
            Ok((first.clone(), None))
        }
    }
}

fn of(target: &QueueOf) -> String {
    match target {
        QueueOf::Stack(id) => id.to_string(),
        QueueOf::Environment(env) => format!("all stacks of {env}"),
    }
}

#[cfg(test)]
mod tests;
