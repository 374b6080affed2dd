//! What an estate file can reach, as sentences: what a person is shown before they trust it is what
//! is remembered and compared. Places, ways in and rules of environments; of applications what
//! their systems say. Order and log groups may change without asking again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::environment::EnvironmentRecord;
use crate::domain::estate::Estate;
use crate::domain::place::Fact;
use crate::systems::System;
use crate::systems::reach::quoted;
use crate::text::safe::Safe;

/// What an estate reaches: one sentence each, in a fixed order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reach(Vec<String>);

impl Reach {
    /// What an estate reaches.
    pub(super) fn of(estate: &Estate, systems: &[&dyn System]) -> Self {
        let environments = estate
            .environments
            .iter()
            .map(|(name, record)| environment(name.as_str(), record));
        let applications = estate.applications.iter().flat_map(|(name, app)| {
            let lives = app
                .environments
                .iter()
                .map(|env| quoted(env.as_str()))
                .collect::<Vec<_>>()
                .join(", ");
            let system = systems.iter().find(|system| system.name() == app.system);
            system
                .map(|system| system.reach(name.as_str(), &lives, &app.entry))
                .unwrap_or_default()
        });
        Self(environments.chain(applications).collect())
    }

    /// The sentences, as they may be shown.
    pub fn lines(&self) -> impl Iterator<Item = Safe> {
        self.0.iter().map(|line| Safe::new(line))
    }

    /// What was not there before, and what is there no more.
    #[must_use]
    pub fn since(&self, before: &Reach) -> (Vec<Safe>, Vec<Safe>) {
        let only = |these: &Reach, those: &Reach| {
            these
                .0
                .iter()
                .filter(|line| !those.0.contains(line))
                .map(|line| Safe::new(line))
                .collect()
        };
        (only(self, before), only(before, self))
    }
}

fn environment(name: &str, record: &EnvironmentRecord) -> String {
    let EnvironmentRecord {
        class,
        places,
        on_failure,
        queue,
        mode,
        min_level,
        hold_expiry,
    } = record;
    let places = places.iter().flat_map(|place| {
        let fact = |fact: &Fact| match &fact.is {
            Some(is) => format!("{} {}", fact.what, quoted(is)),
            None => fact.to_string(),
        };
        let within = place.within.is.is_some().then(|| fact(&place.within));
        let way = place
            .named()
            .map(|(what, name)| format!("{what} {}", quoted(name)));
        std::iter::once(fact(&place.whose))
            .chain(within)
            .chain(way)
            .collect::<Vec<_>>()
    });
    let rules = [
        serde_json::json!(on_failure)
            .as_str()
            .map(|word| format!("on_failure {word}")),
        serde_json::json!(queue)
            .as_str()
            .map(|word| format!("queue {word}")),
        serde_json::json!(mode)
            .as_str()
            .map(|word| format!("mode {word}")),
        min_level.map(|level| format!("level {} at least", u8::from(level))),
        Some(format!("holds expire after {}", exact(*hold_expiry))),
    ];
    let parts: Vec<String> = places.chain(rules.into_iter().flatten()).collect();
    format!(
        "environment {} ({}): {}",
        quoted(name),
        class.word(),
        parts.join(", ")
    )
}

/// A duration without rounding.
fn exact(duration: Duration) -> String {
    let secs = duration.as_secs();
    [(3_600, "h"), (60, "m"), (1, "s")]
        .into_iter()
        .find(|(unit, _)| secs.is_multiple_of(*unit))
        .map_or_else(String::new, |(unit, name)| format!("{}{name}", secs / unit))
}

#[cfg(test)]
mod tests;
