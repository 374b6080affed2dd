//! Holds: one is opened where a step needs it, and passed where it does not.

mod card;
mod decided;
mod guard;
mod subject;

pub use decided::{approve, expire, reject};
pub(super) use guard::coverable;
pub use subject::{cover, subject};

use crate::domain::deployment::{Deployment, DeploymentEvent, StepRun, StepState};
use crate::domain::event::Append;
use crate::domain::folds::Folds;
use crate::domain::hold::{Choice, Hold, HoldKind};
use crate::domain::ids::{HoldId, StepId};
use crate::domain::level::Level;
use crate::domain::plan::{HoldWhen, Leaves, Step};

use self::card::lines;
use self::guard::guard_of;
use self::subject::{nth_subject, opened, place_was_seen};
use super::{Cx, on_deployment, outage};

/// A step with a hold is ready: the hold is passed where it is not needed, else opened.
#[must_use]
pub fn hold_want(folds: &Folds, d: &Deployment, id: &StepId, cx: &Cx<'_>) -> Append {
    let mut append = Append::default();
    let (Some(plan), Some(request)) = (&d.plan, &d.request) else {
        return append;
    };
    let Some((step, rule)) = plan
        .step(id)
        .and_then(|step| Some((step, step.hold.as_ref()?)))
    else {
        return append;
    };
    let env = folds.environments.get(&request.stack.env);
    let Some((env, record)) = env.and_then(|env| Some((env, env.record.as_ref()?))) else {
        return append;
    };
    if let HoldWhen::Output {
        step: from,
        pointer,
        equals,
    } = &rule.when
    {
        let outputs = d.outputs();
        let value = outputs
            .get(from)
            .and_then(|output| output.value().pointer(pointer).cloned());
        if value.as_ref() != Some(equals) && place_was_seen(folds, d) {
            pass(&mut append, folds, d, step, "its hold was not needed");
            return append;
        }
    }
    let rows = d.rows();
    let shown = cover(step, env.record_version, &request.places, rows.as_deref());
    let seen = request.seen.as_ref();
    if opened(d, id) == 0
        && d.voided.is_empty()
        && seen.is_some_and(|seen| {
            seen.covers
                .iter()
                .any(|(covered, digest)| covered == id && *digest == shown)
        })
    {
        pass(
            &mut append,
            folds,
            d,
            step,
            "its hold was covered by the guard of the ask",
        );
        return append;
    }
    let nth = opened(d, id) + 1;
    let stack = request.stack.to_string();
    let (level, phrase) = guard_of(d, rule.kind, record, request.stack.env.as_str(), &stack);
    let expires_at = (!rule.never_expires).then(|| cx.now + record.hold_expiry);
    let hold = Hold {
        id: HoldId {
            no: request.no,
            step: id.clone(),
            nth,
        },
        kind: rule.kind,
        level: level.max(record.min_level.unwrap_or(Level::L0)),
        phrase,
        subject: nth_subject(folds, d, step, nth),
        choices: open_choices(d, step),
        lines: lines(folds, d, step, expires_at, nth),
        outage: outage::likely(folds, &request.stack).filter(|_| rule.kind == HoldKind::Downtime),
        loses: if rule.kind == HoldKind::RestoreService {
            vec![]
        } else {
            d.loses()
        },
        opened_at: cx.now,
        expires_at,
        decision: None,
    };
    on_deployment(
        &mut append,
        folds,
        d.id,
        DeploymentEvent::HoldOpened {
            hold: Box::new(hold),
        },
    );
    append
}

/// What may be chosen as things stand. A release whose change failed in this deployment is none of
/// it: while it were tried once more nothing would serve, and nothing says that it would go through
/// this time. Once the service is back, a retry tries the same, with a card of its own.
fn open_choices(d: &Deployment, step: &Step) -> Vec<Choice> {
    let all = step.hold.as_ref().map_or(&[][..], |rule| &rule.choices);
    let failed = change_failed(d);
    let brings_new = |choice: &Choice| {
        let branch = (step.id.clone(), choice.name.clone());
        d.runs()
            .any(|(of, _)| of.only_if.as_ref() == Some(&branch) && of.leaves == Some(Leaves::New))
    };
    all.iter()
        .filter(|one| !(failed && brings_new(one)))
        .cloned()
        .collect()
}

/// Whether the change of the new release itself failed, and not what came after it.
fn change_failed(d: &Deployment) -> bool {
    let failed = |run: &StepRun| {
        run.state == StepState::Failed || (run.state == StepState::Blocked && run.failure.is_some())
    };
    d.runs()
        .any(|(of, run)| of.leaves == Some(Leaves::New) && failed(run))
}

fn pass(append: &mut Append, folds: &Folds, d: &Deployment, step: &Step, why: &str) {
    let event = DeploymentEvent::HoldPassed {
        step: step.id.clone(),
        subject: subject(folds, d, step),
        reason: why.to_owned(),
    };
    on_deployment(append, folds, d.id, event);
}
