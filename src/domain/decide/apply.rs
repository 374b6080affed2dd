//! Recording what an estate file says of environments: the card, and what is appended.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::domain::ask::{Answer, Intent, Refused};
use crate::domain::card::Card;
use crate::domain::digest::Digest;
use crate::domain::environment::Environment;
use crate::domain::environment::{EnvironmentEvent, EnvironmentRecord};
use crate::domain::event::Append;
use crate::domain::folds::Folds;
use crate::domain::ids::EnvName;
use crate::domain::level::Level;
use crate::domain::level::{self as levels, Danger, phrase};

use super::cards::VALID;
use super::lines::{account, line, order, region, runs_on};
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
        Answer::Accepted {
            deployments: vec![],
            says: format!("recorded: {}", changed.join(", ")),
        },
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
