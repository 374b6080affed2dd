//! Cards: what an intent would do, at which level, and what must be typed. Made from folds and
//! plans alone.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::domain::ask::{Intent, QueueOf, Refused, Way};
use crate::domain::card::Card;
use crate::domain::digest::Digest;
use crate::domain::environment::{Environment, EnvironmentRecord};
use crate::domain::folds::Folds;
use crate::domain::hold::CardLine;
use crate::domain::ids::{EnvName, StackId};
use crate::domain::level::{self as levels, Danger, Level, Verb, phrase};
use crate::domain::plan::{ChangeRow, Does, Plan};

use super::specs::{StartOf, unknown_deployment};
use super::{Cx, cancel, outage, record};

/// How long a card may be confirmed.
pub const VALID: Duration = Duration::from_mins(1);

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
            .is_some_and(|d| d.goes_down() && !cancel::removal_runs(d, cx.cancels));
    }
    let (mut level, mut why) = levels::level(record.class, verb, danger);
    if let Some(least) = record
        .min_level
        .filter(|least| *least > level && level > Level::L0)
    {
        level = least;
        why = format!("the environment asks for level {least} at least");
    }
    let plan = plans.first().map(|(_, plan)| plan.clone());
    let rows = plan.as_ref().and_then(Plan::rows);
    let subject = Digest::of(
        "holdpoint/card/1",
        &json!({
            "intent": intent,
            "environment": env_name,
            "version": env.record_version,
            "places": record.places,
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
            cancel::cancel_lines(&mut lines, folds, *deployment, cx.cancels)?;
        }
        Intent::Abandon { deployment } => cancel::abandon_lines(&mut lines, folds, *deployment)?,
        Intent::Freeze {
            target,
            reason,
            until,
        } => {
            line(
                &mut lines,
                "DOES",
                format!("no deployment of {} starts until it is thawed", of(target)),
            );
            line(&mut lines, "BECAUSE", reason.clone());
            line(
                &mut lines,
                "WHEN",
                until.map_or_else(
                    || "until a person thaws it".to_owned(),
                    |at| format!("until {at}"),
                ),
            );
        }
        Intent::Thaw { target } => {
            line(
                &mut lines,
                "DOES",
                format!("the queue of {} goes on", of(target)),
            );
            let frozen = match target {
                QueueOf::Stack(id) => folds.stacks.get(id).and_then(|stack| stack.freeze.clone()),
                QueueOf::Environment(_) => env.freeze.clone(),
            };
            if let Some(freeze) = frozen {
                line(
                    &mut lines,
                    "BECAUSE",
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
    runs_on(&mut lines, record);
    order(&mut lines);
    Ok(Card {
        verb,
        env: env_name.clone(),
        class: record.class,
        account: account(record),
        region: region(record),
        stack,
        level,
        why,
        phrase: words(level, verb, &env_name, plans),
        needs_reason: level >= Level::L4,
        subject,
        lines,
        rows,
        plan,
        made_at: cx.now,
        valid_until: cx.now + VALID,
    })
}

/// What must be typed: the name of the first thing whose data goes, so that no habit types it; else
/// what level and verb ask for.
fn words(level: Level, verb: Verb, env: &EnvName, plans: &[(StackId, Plan)]) -> Option<String> {
    let lost = plans
        .iter()
        .flat_map(|(_, plan)| plan.loses())
        .next()
        .filter(|_| level >= Level::L3 && verb != Verb::Teardown);
    lost.cloned().or_else(|| phrase(level, verb, env.as_str()))
}

fn start_json(start: &StartOf) -> Value {
    json!([
        start.stack,
        start.purpose,
        start.spec.release,
        start.spec.body,
        start.spec.bundle,
        start.of,
        start.flags
    ])
}

fn merge(a: Danger, b: Danger) -> Danger {
    Danger {
        replaces: a.replaces || b.replaces,
        downtime: a.downtime || b.downtime,
        destroys: a.destroys || b.destroys,
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

fn start_lines(
    lines: &mut Vec<CardLine>,
    folds: &Folds,
    intent: &Intent,
    starts: &[StartOf],
    plans: &[(StackId, Plan)],
) {
    let names: Vec<String> = starts.iter().map(|start| start.stack.to_string()).collect();
    let what = match intent {
        Intent::Teardown { .. } => "teardown".to_owned(),
        Intent::Unblock {
            way: Way::Recover, ..
        } => starts.first().map_or_else(String::new, |start| {
            format!("unblock: recover (release {})", start.spec.release)
        }),
        Intent::Unblock { way, .. } => format!("unblock: {}", way_word(way)),
        Intent::Deploy { .. }
        | Intent::Rollback { .. }
        | Intent::Retry { .. }
        | Intent::Cancel { .. }
        | Intent::Abandon { .. }
        | Intent::Freeze { .. }
        | Intent::Thaw { .. }
        | Intent::Apply { .. } => starts.first().map_or_else(String::new, |start| {
            let of = start
                .of
                .as_ref()
                .map_or_else(String::new, |of| format!(" ({of})"));
            format!("deploy {}{of}", start.spec.release)
        }),
    };
    line(
        lines,
        "STEP",
        if names.is_empty() {
            what
        } else {
            format!("{what}   STACK {}", names.join(", "))
        },
    );
    for (id, plan) in plans {
        let steps = expected(plan);
        let name = if plans.len() > 1 {
            format!("{id}: ")
        } else {
            String::new()
        };
        line(lines, "DOES", format!("{name}{}", steps.join(", then ")));
        let rows = plan.rows();
        let replaced: Vec<&str> = plan
            .changes
            .iter()
            .flat_map(|one| &one.rows)
            .filter(|row| row.destroys())
            .map(|row| row.logical.as_str())
            .collect();
        let label = if matches!(intent, Intent::Teardown { .. }) {
            "GOES"
        } else {
            "REPLACES"
        };
        line(lines, label, replaced.join(", "));
        line(
            lines,
            "CHANGES",
            match &rows {
                Some(rows) if rows.is_empty() => "nothing".to_owned(),
                Some(rows) => count_rows(rows),
                None => "not known before it runs".to_owned(),
            },
        );
        if plan.danger.downtime && !matches!(intent, Intent::Teardown { .. }) {
            line(
                lines,
                "DOWNTIME",
                outage::says(outage::likely(folds, id).as_ref()),
            );
        }
        line(lines, "SAYS", plan.says.join(" "));
    }
    for start in starts {
        let name = if starts.len() > 1 && !start.with.is_empty() {
            format!("{}: ", start.stack)
        } else {
            String::new()
        };
        line(lines, "WITH", format!("{name}{}", start.with.join(", ")));
        let stack = folds.stack(&start.stack);
        if let Some(current) = stack
            .current
            .and_then(|current| folds.deployments.get(&current))
        {
            line(
                lines,
                "RUNNING",
                format!("{} runs: this one waits for it", current.no()),
            );
        }
        if !stack.queue.is_empty() {
            let waiting: Vec<String> = stack
                .queue
                .iter()
                .map(|entry| entry.no.to_string())
                .collect();
            line(lines, "QUEUED", format!("behind {}", waiting.join(", ")));
        }
        if let Some(why) = &stack.broken {
            line(
                lines,
                "BECAUSE",
                format!("{} is {}: {why}", start.stack, stack.phase),
            );
        }
    }
    if let (Intent::Teardown { .. }, Some(start)) = (intent, starts.first()) {
        line(
            lines,
            "THEN",
            format!(
                "{} is DELETED; what is queued ends \"torn down\"",
                start.stack
            ),
        );
    }
}

/// The steps of the expected branch that change something: a step all of whose needs are on another
/// branch is none of them.
fn expected(plan: &Plan) -> Vec<&str> {
    let mut off: Vec<&crate::domain::ids::StepId> = Vec::new();
    let mut titles = Vec::new();
    for step in &plan.steps {
        let other_branch = match (&step.only_if, &plan.branch) {
            (Some((_, branch)), Some(expected)) => branch != expected,
            (Some(_), None) => true,
            (None, _) => false,
        };
        let behind = !step.after.is_empty() && step.after.iter().all(|need| off.contains(&need));
        if other_branch || behind {
            off.push(&step.id);
        } else if step.finaliser.is_none() && step.changes() {
            titles.push(step.title.as_str());
        }
    }
    titles
}

fn way_word(way: &Way) -> &'static str {
    match way {
        Way::Recover => "recover",
        Way::Retry => "retry",
        Way::LastGood => "redeploy the last good release",
        Way::Free => "free the stack as it is",
        Way::ResolveDone { .. } => "say that the step ended well",
        Way::ResolveFailed { .. } => "say that the step failed",
    }
}

fn apply_card(
    folds: &Folds,
    intent: &Intent,
    environments: &BTreeMap<EnvName, EnvironmentRecord>,
    cx: &Cx<'_>,
) -> Result<Card, Refused> {
    let mut lines = Vec::new();
    let mut level = Level::L1;
    let mut why = "new environments, or stricter ones".to_owned();
    let mut most: Option<(&EnvName, &EnvironmentRecord)> = None;
    let mut versions = Vec::new();
    for (name, to) in environments {
        let old: Option<&Environment> = folds.environments.get(name).map(AsRef::as_ref);
        versions.push(json!([name, old.map(|env| env.record_version)]));
        let Some(from) = old.and_then(|env| env.record.as_ref()) else {
            let places = if to.places.is_empty() {
                String::new()
            } else {
                format!(", {}", to.places.whose())
            };
            line(
                &mut lines,
                "DOES",
                format!("{name}: recorded as {}{places}", to.class.word()),
            );
            most.get_or_insert((name, to));
            continue;
        };
        if from == to {
            continue;
        }
        line(
            &mut lines,
            "CHANGES",
            format!("{name}: {}", differences(from, to).join(", ")),
        );
        if from.loosened_by(to) {
            let (needed, reason) =
                levels::level(from.class.min(to.class), intent.verb(), Danger::default());
            if needed > level {
                level = needed;
                why = format!("{name} is loosened: {reason}");
                most = Some((name, from));
            }
        }
        most.get_or_insert((name, to));
    }
    let Some((name, shown)) = most else {
        return Err(Refused::new(
            "same",
            "the store already has these environments: nothing changes",
        ));
    };
    let subject = Digest::of(
        "holdpoint/card/1",
        &json!({ "intent": intent, "versions": versions }),
    );
    runs_on(&mut lines, shown);
    order(&mut lines);
    Ok(Card {
        verb: intent.verb(),
        env: name.clone(),
        class: shown.class,
        account: account(shown),
        region: region(shown),
        stack: None,
        level,
        why,
        phrase: phrase(level, intent.verb(), name.as_str()),
        needs_reason: level >= Level::L4,
        subject,
        lines,
        rows: None,
        plan: None,
        made_at: cx.now,
        valid_until: cx.now + VALID,
    })
}

/// The fields in which two records differ, as `field from>to`.
#[must_use]
pub fn differences(from: &EnvironmentRecord, to: &EnvironmentRecord) -> Vec<String> {
    let (a, b) = (
        serde_json::to_value(from).unwrap_or_default(),
        serde_json::to_value(to).unwrap_or_default(),
    );
    let (Some(a), Some(b)) = (a.as_object(), b.as_object()) else {
        return vec![];
    };
    let mut fields: Vec<&String> = a.keys().chain(b.keys()).collect();
    fields.sort();
    fields.dedup();
    let text = |value: Option<&Value>| {
        value.map_or_else(
            || "none".to_owned(),
            |v| v.as_str().map_or_else(|| v.to_string(), str::to_owned),
        )
    };
    fields
        .into_iter()
        .filter(|field| a.get(*field) != b.get(*field))
        .map(|field| format!("{field} {} to {}", text(a.get(field)), text(b.get(field))))
        .collect()
}

/// "1 replace  2 modify  1 add  0 delete".
pub(super) fn count_rows(rows: &[ChangeRow]) -> String {
    let count = |test: &dyn Fn(&ChangeRow) -> bool| rows.iter().filter(|row| test(row)).count();
    format!(
        "{} replace  {} modify  {} add  {} delete",
        count(&|row| matches!(row.does, Does::Replace | Does::MayReplace)),
        count(&|row| row.does == Does::Change),
        count(&|row| matches!(row.does, Does::Add | Does::Import)),
        count(&|row| row.does == Does::Remove),
    )
}

fn runs_on(lines: &mut Vec<CardLine>, record: &EnvironmentRecord) {
    for place in &record.places {
        line(lines, "RUNS ON", place.words());
    }
}

fn account(record: &EnvironmentRecord) -> String {
    record
        .places
        .home()
        .and_then(|place| place.whose.is.clone())
        .unwrap_or_default()
}

fn region(record: &EnvironmentRecord) -> String {
    record
        .places
        .home()
        .and_then(|place| place.within.is.clone())
        .unwrap_or_default()
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "most callers format a text for it"
)]
pub(super) fn line(lines: &mut Vec<CardLine>, label: &str, text: String) {
    if !text.trim().is_empty() {
        lines.push(CardLine {
            label: label.to_owned(),
            text: crate::domain::safe::Safe::new(&text).as_str().to_owned(),
        });
    }
}

/// Cards always have their lines in the same order.
fn order(lines: &mut [CardLine]) {
    let place = |label: &str| {
        crate::domain::card::LABELS
            .iter()
            .position(|known| *known == label)
            .unwrap_or(usize::MAX)
    };
    lines.sort_by_key(|line| place(&line.label));
}
