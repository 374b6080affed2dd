//! Holds: what exactly an approval covers, opening, approving, rejecting, expiring.

use serde_json::{Value, json};

use crate::domain::ask::{Answer, Confirm, Refused};
use crate::domain::deployment::{Deployment, DeploymentEvent, Stopping};
use crate::domain::digest::Digest;
use crate::domain::environment::{Class, EnvironmentRecord};
use crate::domain::event::Append;
use crate::domain::folds::Folds;
use crate::domain::hold::{CardLine, Decision, Hold, HoldKind, Verdict};
use crate::domain::ids::{HoldId, StepId};
use crate::domain::level::Level;
use crate::domain::place::Place;
use crate::domain::plan::{ChangeRow, HoldWhen, Plan, Step, resolve};
use crate::domain::time::Time;

use super::{Cx, Decided, on_deployment, outage};

/// What an approval of this step's newest hold covers, from what is true now.
#[must_use]
pub fn subject(folds: &Folds, d: &Deployment, step: &Step) -> Digest {
    nth_subject(folds, d, step, opened(d, &step.id).max(1))
}

fn opened(d: &Deployment, step: &StepId) -> u32 {
    u32::try_from(d.holds.iter().filter(|hold| hold.id.step == *step).count()).unwrap_or(u32::MAX)
}

fn nth_subject(folds: &Folds, d: &Deployment, step: &Step, nth: u32) -> Digest {
    let outputs = d.outputs();
    let before: serde_json::Map<String, Value> = d
        .plan
        .iter()
        .flat_map(|plan| behind(plan, &step.id))
        .filter_map(|id| Some((id.to_string(), outputs.get(&id)?.value())))
        .collect();
    let (stack, place) = (d.stack().map(ToString::to_string), place(folds, d, step));
    Digest::of(
        "holdpoint/hold/1",
        &json!({
            "deployment": d.id,
            "stack": stack,
            "step": step.id,
            "nth": nth,
            "kind": step.kind,
            // What does not resolve never runs; still an approval of it names what was meant.
            "params": resolve(&step.params, &outputs).unwrap_or_else(|why| json!({ "unresolved": why, "params": step.params })),
            "outputs": before,
            "plan": d.plan_digest,
            "place": place,
        }),
    )
}

/// Where a step acts, and the version of the environment's record, as they are now.
fn place(folds: &Folds, d: &Deployment, step: &Step) -> Value {
    let env = d
        .stack()
        .and_then(|stack| folds.environments.get(&stack.env));
    let record = env.and_then(|env| env.record.as_ref());
    json!({
        "version": env.map(|env| env.record_version),
        "at": record.and_then(|record| record.places.at(step.acts_at())),
    })
}

/// True while places and record of the environment are those that a person saw: at the ask, or with
/// a hold approved since. What was approved before a class was raised was approved for less.
fn place_was_seen(folds: &Folds, d: &Deployment) -> bool {
    let version = d
        .stack()
        .and_then(|stack| folds.environments.get(&stack.env))
        .map(|env| env.record_version);
    let asked = d.request.as_ref().map(|request| request.env_version);
    let approved = |hold: &&Hold| {
        let step = d.plan.as_ref().and_then(|plan| plan.step(&hold.id.step));
        step.is_some_and(|step| hold.approves(&nth_subject(folds, d, step, hold.id.nth)))
    };
    asked == version || d.holds.iter().rev().any(|hold| approved(&hold))
}

/// All steps that stand before a step, however far.
fn behind(plan: &Plan, id: &StepId) -> Vec<StepId> {
    let mut found: Vec<StepId> = Vec::new();
    let mut todo: Vec<&StepId> = plan
        .step(id)
        .map(|step| step.after.iter().collect())
        .unwrap_or_default();
    while let Some(next) = todo.pop() {
        if !found.contains(next) {
            found.push(next.clone());
            todo.extend(plan.step(next).into_iter().flat_map(|step| &step.after));
        }
    }
    found.sort();
    found
}

/// What the guard of an ask covers of a hold that its card already showed: the step as planned,
/// where, and the change rows.
#[must_use]
pub fn cover(
    step: &Step,
    env_version: u64,
    record: &EnvironmentRecord,
    rows: Option<&[ChangeRow]>,
) -> Digest {
    let rows: Option<Vec<ChangeRow>> = rows.map(|rows| rows.iter().map(ChangeRow::key).collect());
    Digest::of(
        "holdpoint/cover/1",
        &json!({
            "step": serde_json::to_value(step).unwrap_or(Value::Null),
            "version": env_version,
            "at": record.places.at(step.acts_at()),
            "rows": rows,
        }),
    )
}

/// True where the guard of an ask may stand for the hold: the same kind of decision, at least as
/// well guarded.
pub(super) fn coverable(kind: HoldKind, class: Class, guard: Level) -> bool {
    let same_kind = match kind {
        HoldKind::FirstTouch | HoldKind::Teardown | HoldKind::RecoverStack => true,
        // An outage in a protected environment has a card and words of its own.
        HoldKind::Downtime => !matches!(class, Class::Production | Class::Staging),
        HoldKind::RestoreService | HoldKind::ReviewPlan | HoldKind::ManualTask => false,
    };
    same_kind && guard >= level_of(kind, class).min(Level::L3)
}

/// How well a hold is guarded.
fn level_of(kind: HoldKind, class: Class) -> Level {
    let protected = class == Class::Production;
    match kind {
        HoldKind::Downtime => Level::L3,
        HoldKind::Teardown if protected => Level::L4,
        HoldKind::RestoreService
        | HoldKind::RecoverStack
        | HoldKind::ReviewPlan
        | HoldKind::FirstTouch
            if protected =>
        {
            Level::L3
        }
        HoldKind::Teardown
        | HoldKind::RestoreService
        | HoldKind::RecoverStack
        | HoldKind::ReviewPlan
        | HoldKind::FirstTouch
        | HoldKind::ManualTask => Level::L2,
    }
}

/// What is typed for a hold. The words differ by kind, so that no one habit serves all.
fn phrase_of(kind: HoldKind, class: Class, env: &str, stack: &str) -> String {
    let word = match kind {
        HoldKind::Downtime => return format!("{env} down"),
        HoldKind::Teardown => return stack.to_owned(),
        HoldKind::ManualTask => return "done".to_owned(),
        HoldKind::RestoreService => "restore",
        HoldKind::RecoverStack => "recover",
        HoldKind::ReviewPlan => "review",
        HoldKind::FirstTouch => "first",
    };
    if class == Class::Production {
        format!("{env} {word}")
    } else {
        word.to_owned()
    }
}

/// Level and words of a hold now. Data whose loss no card showed yet, that of the ask or of a hold
/// approved since, is named and typed, as the card of the ask would have had it.
fn guard_of(
    d: &Deployment,
    kind: HoldKind,
    record: &EnvironmentRecord,
    env: &str,
    stack: &str,
) -> (Level, String) {
    let level = level_of(kind, record.class);
    let asked = d
        .request
        .iter()
        .filter_map(|request| request.seen.as_ref())
        .flat_map(|seen| &seen.changes);
    let asked = asked
        .flat_map(|changes| &changes.rows)
        .filter(|row| row.destroys())
        .map(|row| &row.logical);
    let approved = d
        .holds
        .iter()
        .filter(|hold| hold.is_approved())
        .flat_map(|hold| &hold.loses);
    let shown: Vec<&String> = asked.chain(approved).collect();
    let lost = d.loses().into_iter().find(|name| !shown.contains(&name));
    match (kind, lost) {
        (
            HoldKind::Downtime
            | HoldKind::RecoverStack
            | HoldKind::ReviewPlan
            | HoldKind::FirstTouch,
            Some(lost),
        ) => (
            level.max(if record.class == Class::Production {
                Level::L4
            } else {
                Level::L3
            }),
            lost,
        ),
        _ => (level, phrase_of(kind, record.class, env, stack)),
    }
}

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
    let shown = cover(step, env.record_version, record, rows.as_deref());
    let seen = request.seen.as_ref();
    if opened(d, id) == 0
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
        choices: rule.choices.clone(),
        lines: lines(folds, d, step, record, expires_at, nth),
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

fn pass(append: &mut Append, folds: &Folds, d: &Deployment, step: &Step, why: &str) {
    let event = DeploymentEvent::HoldPassed {
        step: step.id.clone(),
        subject: subject(folds, d, step),
        reason: why.to_owned(),
    };
    on_deployment(append, folds, d.id, event);
}

/// What the card of a hold says. A line without a source of data is left out.
fn lines(
    folds: &Folds,
    d: &Deployment,
    step: &Step,
    record: &EnvironmentRecord,
    expires_at: Option<Time>,
    nth: u32,
) -> Vec<CardLine> {
    let mut lines = Vec::new();
    let mut line = |label: &str, text: String| {
        if !text.is_empty() {
            lines.push(CardLine {
                label: label.to_owned(),
                text,
            });
        }
    };
    let Some(request) = &d.request else {
        return lines;
    };
    line(
        "STEP",
        format!(
            "{}   DEPLOYMENT {}   STACK {}   ENV {}",
            step.title, request.no, request.stack, request.stack.env
        ),
    );
    line("DOES", does(step));
    let kind = step.hold.as_ref().map(|rule| rule.kind);
    if kind == Some(HoldKind::Downtime) {
        line(
            "DOWNTIME",
            outage::says(outage::likely(folds, &request.stack).as_ref()),
        );
    }
    // A service that is brought back is not changed as the failed plan said.
    let restores = kind == Some(HoldKind::RestoreService);
    let rows: Vec<ChangeRow> = d
        .changes()
        .into_iter()
        .filter(|_| !restores)
        .flat_map(|changes| changes.rows)
        .collect();
    let replaced: Vec<&str> = rows
        .iter()
        .filter(|row| row.destroys())
        .map(|row| row.logical.as_str())
        .collect();
    line("REPLACES", replaced.join(", "));
    if !rows.is_empty() {
        line("CHANGES", super::cards::count_rows(&rows));
    }
    line(
        "PLAN",
        d.plan_digest
            .map(|digest| digest.short())
            .unwrap_or_default(),
    );
    line(
        "UNDO",
        kind.map(|kind| outage::undo(folds, d, step, kind))
            .unwrap_or_default(),
    );
    line(
        "RUNS ON",
        record
            .places
            .at(step.acts_at())
            .map(Place::words)
            .unwrap_or_default(),
    );
    line(
        "ASKED BY",
        format!("{} at {}", request.cause.by, d.created_at.clock()),
    );
    if !place_was_seen(folds, d) {
        line(
            "CHANGED",
            format!(
                "the record of {} is another than when this was asked for",
                request.stack.env
            ),
        );
    }
    if nth > 1 {
        line(
            "CHANGED",
            "it was approved before, for something else: what it covers has changed since"
                .to_owned(),
        );
    }
    if restores {
        line(
            "BECAUSE",
            d.first_failure()
                .map(|failure| failure.summary.clone())
                .unwrap_or_default(),
        );
    } else {
        line(
            "SAYS",
            d.plan
                .as_ref()
                .map(|plan| plan.says.join(" "))
                .unwrap_or_default(),
        );
    }
    if let Some(rule) = &step.hold {
        let choices: Vec<String> = rule
            .choices
            .iter()
            .map(|choice| format!("{}: {}", choice.name, choice.does))
            .collect();
        line("CHOICES", choices.join("  |  "));
    }
    line(
        "IF YES",
        if restores {
            "what is chosen is done at once".to_owned()
        } else {
            format!("{} starts at once", step.title)
        },
    );
    if step.finaliser.is_none() {
        line("IF NO", "the deployment ends TERMINATED".to_owned());
    }
    line(
        "IF NOBODY",
        expires_at.map_or_else(
            || "it waits for ever".to_owned(),
            |at| format!("rejected at {}", at.text("%Y-%m-%d %H:%MZ")),
        ),
    );
    lines
}

fn does(step: &Step) -> String {
    if step.counts.is_empty() {
        return step.title.clone();
    }
    let counts: Vec<String> = step
        .counts
        .0
        .iter()
        .map(|(name, count)| format!("{name} to {count}"))
        .collect();
    format!("{} ({})", step.title, counts.join(", "))
}

/// A person approves: the subject must be the hold's, and still what is true.
pub fn approve(
    folds: &Folds,
    id: &HoldId,
    confirm: &Confirm,
    choice: Option<&str>,
    cx: &Cx<'_>,
) -> Decided {
    let (d, hold) = open_hold(folds, id, cx)?;
    let step = d
        .plan
        .as_ref()
        .and_then(|plan| plan.step(&id.step))
        .ok_or_else(|| gone(id))?;
    if confirm.subject != Some(hold.subject) {
        return Err(Refused::new(
            "subject",
            format!(
                "the subject of {id} is {}, which is not what you confirmed",
                hold.subject.short()
            ),
        )
        .hint(format!("read it again: `holdpoint show '{id}'`")));
    }
    if subject(folds, d, step) != hold.subject {
        let mut append = Append::default();
        let decision = Decision {
            verdict: Verdict::Void,
            by: crate::domain::person::Person::Engine,
            at: cx.now,
            note: "what it covers has changed".to_owned(),
        };
        on_deployment(
            &mut append,
            folds,
            d.id,
            DeploymentEvent::HoldDecided {
                hold: id.clone(),
                decision,
            },
        );
        let refused = Refused::new(
            "changed",
            format!("what {id} covers has changed since it opened; nothing was approved"),
        )
        .hint("a new hold opens: read it");
        return Ok((append, Answer::Refused(refused)));
    }
    let choice = match (hold.choices.as_slice(), choice) {
        ([], None) => None,
        ([], Some(choice)) => {
            return Err(Refused::new(
                "choice",
                format!("{id} offers no choices, so {choice:?} is none"),
            ));
        }
        (choices, Some(choice)) if choices.iter().any(|offered| offered.name == choice) => {
            Some(choice.to_owned())
        }
        (choices, _) => {
            let names: Vec<_> = choices
                .iter()
                .map(|offered| offered.name.as_str())
                .collect();
            return Err(
                Refused::new("choice", format!("choose one of: {}", names.join(", ")))
                    .hint("--choice NAME"),
            );
        }
    };
    let words = hold.words(choice.as_deref());
    if confirm.text != words {
        return Err(Refused::new(
            "guard",
            format!("to approve {id}, type exactly: {words}"),
        ));
    }
    if hold.level >= Level::L4 && confirm.reason.trim().is_empty() {
        return Err(
            Refused::new("reason", format!("{id} is level 4: give a reason")).hint("--reason TEXT"),
        );
    }
    let mut append = Append::default();
    let decision = Decision {
        verdict: Verdict::Approved {
            subject: hold.subject,
            choice,
        },
        by: cx.person.clone(),
        at: cx.now,
        note: confirm.reason.clone(),
    };
    on_deployment(
        &mut append,
        folds,
        d.id,
        DeploymentEvent::HoldDecided {
            hold: id.clone(),
            decision,
        },
    );
    // The environment's record is part of the subject: if it moves before this is written, nothing
    // is.
    if let Some(stack) = d.stack() {
        let stream = crate::domain::event::StreamId::Environment(stack.env.clone());
        append.reads.push((stream.clone(), folds.version(&stream)));
    }
    Ok((
        append,
        Answer::Accepted {
            deployments: vec![],
            says: format!("approved {id}; {} starts", step.title),
        },
    ))
}

/// A person rejects.
pub fn reject(folds: &Folds, id: &HoldId, reason: &str, cx: &Cx<'_>) -> Decided {
    let (d, hold) = open_hold(folds, id, cx)?;
    if reason.trim().is_empty() {
        return Err(Refused::new("reason", "a rejection needs a reason").hint("--reason TEXT"));
    }
    let decision = Decision {
        verdict: Verdict::Rejected,
        by: cx.person.clone(),
        at: cx.now,
        note: reason.trim().to_owned(),
    };
    let append = end_hold(
        folds,
        d,
        &hold.id,
        decision,
        format!("rejected: {}", reason.trim()),
        cx,
    );
    Ok((
        append,
        Answer::Accepted {
            deployments: vec![],
            says: format!("rejected {id}"),
        },
    ))
}

/// Time rejects.
#[must_use]
pub fn expire(folds: &Folds, d: &Deployment, id: &HoldId, cx: &Cx<'_>) -> Append {
    let decision = Decision {
        verdict: Verdict::Expired,
        by: cx.person.clone(),
        at: cx.now,
        note: String::new(),
    };
    end_hold(
        folds,
        d,
        id,
        decision,
        format!("nobody decided {id} in time"),
        cx,
    )
}

fn end_hold(
    folds: &Folds,
    d: &Deployment,
    id: &HoldId,
    decision: Decision,
    reason: String,
    cx: &Cx<'_>,
) -> Append {
    let mut append = Append::default();
    on_deployment(
        &mut append,
        folds,
        d.id,
        DeploymentEvent::HoldDecided {
            hold: id.clone(),
            decision,
        },
    );
    let finaliser = d
        .plan
        .as_ref()
        .and_then(|plan| plan.step(&id.step))
        .is_some_and(|step| step.finaliser.is_some());
    if !finaliser && d.stopping.is_none() {
        let stopping = Stopping::Cancelling {
            reason,
            by: cx.person.clone(),
            at: cx.now,
        };
        on_deployment(
            &mut append,
            folds,
            d.id,
            DeploymentEvent::Stopping { stopping },
        );
    }
    append
}

fn open_hold<'a>(
    folds: &'a Folds,
    id: &HoldId,
    cx: &Cx<'_>,
) -> Result<(&'a Deployment, &'a Hold), Refused> {
    let (d, hold) = folds.hold(id).ok_or_else(|| gone(id))?;
    if !cx.person.decides() {
        return Err(Refused::new(
            "person",
            format!(
                "{id} is decided by a person whom this store knows, not by {}",
                cx.person
            ),
        ));
    }
    if let Some(decision) = &hold.decision {
        let what = match &decision.verdict {
            Verdict::Approved { .. } => "approved",
            Verdict::Rejected => "rejected",
            Verdict::Expired => "expired",
            Verdict::Void => "void",
        };
        return Err(Refused::new(
            "decided",
            format!(
                "{id} was {what} by {} at {}",
                decision.by,
                decision.at.clock()
            ),
        ));
    }
    if hold.expires_at.is_some_and(|at| at <= cx.now) {
        return Err(Refused::new(
            "expired",
            format!("{id} has expired; nothing was approved"),
        ));
    }
    Ok((d, hold))
}

fn gone(id: &HoldId) -> Refused {
    Refused::new("unknown-hold", format!("there is no hold {id}"))
        .hint("`holdpoint holds` lists those that are open")
}
