//! Recording what an estate file says of environments: the card, and what is appended.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use crate::domain::ask::{Answer, Intent};
use crate::domain::card::{Card, VALID};
use crate::domain::deployment::Deployment;
use crate::domain::digest::Digest;
use crate::domain::environment::Environment;
use crate::domain::environment::{EnvironmentEvent, EnvironmentRecord};
use crate::domain::event::Append;
use crate::domain::folds::Folds;
use crate::domain::ids::{DeploymentNo, EnvName};
use crate::domain::label::Label;
use crate::domain::level::Level;
use crate::domain::level::{self as levels, Danger, phrase};
use crate::domain::refused::Refused;

use super::lines::{line, order, runs_on, spot};
use super::{Cx, on_environment};

pub(super) fn apply(
    folds: &Folds,
    environments: &BTreeMap<EnvName, EnvironmentRecord>,
) -> (Append, Answer) {
    let mut append = Append::default();
    let mut changed = Vec::new();
    for (name, to) in environments {
        if folds
            .environments
            .get(name)
            .and_then(|env| env.record.as_ref())
            != Some(to)
        {
            on_environment(
                &mut append,
                folds,
                name,
                EnvironmentEvent::Configured { record: to.clone() },
            );
            changed.push(name.to_string());
        }
    }
    (
        append,
        Answer::said(format!("recorded: {}", changed.join(", "))),
    )
}

pub(super) fn apply_card(
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
                Label::Does,
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
            Label::Changes,
            format!("{name}: {}", from.differences(to).join(", ")),
        );
        line(&mut lines, Label::Says, stays(folds, name, to));
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
    runs_on(&mut lines, &shown.places);
    order(&mut lines);
    Ok(Card {
        verb: intent.verb(),
        env: name.clone(),
        class: shown.class,
        spot: spot(&shown.places),
        stack: None,
        level,
        why,
        phrase: phrase(level, intent.verb(), name.as_str()),
        needs_reason: level >= Level::L4,
        subject,
        lines,
        flags: Vec::new(),
        rows: None,
        plan: None,
        made_at: cx.now,
        valid_until: cx.now + VALID,
    })
}

/// Which deployments go on where they were asked for, although something else is recorded from now
/// on.
fn stays(folds: &Folds, env: &EnvName, to: &EnvironmentRecord) -> String {
    let elsewhere = |d: &&Arc<Deployment>| {
        let request = d.request.as_ref().filter(|_| !d.is_over());
        request.is_some_and(|of| of.stack.env == *env && of.places != to.places)
    };
    let mut numbers: Vec<DeploymentNo> = folds
        .deployments
        .values()
        .filter(elsewhere)
        .map(|d| d.no())
        .collect();
    numbers.sort();
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    match numbers.as_slice() {
        [] => String::new(),
        [only] => format!("{only} goes on where it was asked for."),
        all => format!("{} go on where they were asked for.", all.join(", ")),
    }
}
