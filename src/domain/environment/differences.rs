//! What two records of an environment differ in, in words: the card of `apply` says it, and whoever
//! finds that file and store disagree.

use std::collections::BTreeSet;

use crate::domain::place::{Fact, Place};
use crate::domain::time::short;

use super::{EnvironmentRecord, Mode, OnFailure, QueuePolicy};

impl EnvironmentRecord {
    /// What is different, each as `what before -> after`; empty only where they are the same.
    #[must_use]
    pub fn differences(&self, after: &EnvironmentRecord) -> Vec<String> {
        let mut rows: Vec<[String; 3]> = vec![[
            "class".to_owned(),
            self.class.word().to_lowercase(),
            after.class.word().to_lowercase(),
        ]];
        let names: BTreeSet<_> = self
            .places
            .iter()
            .chain(&after.places)
            .map(|place| &place.name)
            .collect();
        for name in &names {
            // One place needs no name to be told from the others.
            let of = if names.len() > 1 {
                format!("{name}: ")
            } else {
                String::new()
            };
            match (self.places.at(Some(name)), after.places.at(Some(name))) {
                (Some(before), Some(after)) => rows.extend(
                    places(before, after)
                        .into_iter()
                        .map(|[what, before, after]| [format!("{of}{what}"), before, after]),
                ),
                (before, after) => {
                    let whole = |place: Option<&Place>| {
                        place.map_or_else(
                            || "none".to_owned(),
                            |place| format!("{} ({})", place.kind, place.whole()),
                        )
                    };
                    rows.push([format!("place {name}"), whole(before), whole(after)]);
                }
            }
        }
        let level = |of: &EnvironmentRecord| word(of.min_level.map(|level| level.to_string()));
        rows.extend([
            [
                "on_failure".to_owned(),
                on_failure(self.on_failure).to_owned(),
                on_failure(after.on_failure).to_owned(),
            ],
            [
                "queue".to_owned(),
                queue(self.queue).to_owned(),
                queue(after.queue).to_owned(),
            ],
            [
                "mode".to_owned(),
                mode(self.mode).to_owned(),
                mode(after.mode).to_owned(),
            ],
            ["min_level".to_owned(), level(self), level(after)],
            [
                "hold_expiry".to_owned(),
                short(self.hold_expiry),
                short(after.hold_expiry),
            ],
        ]);
        let mut out: Vec<String> = rows
            .into_iter()
            .filter(|[_, before, after]| before != after)
            .map(|[what, before, after]| format!("{what} {before} -> {after}"))
            .collect();
        if out.is_empty() && self != after {
            let order = |of: &EnvironmentRecord| {
                of.places
                    .iter()
                    .map(|place| place.name.to_string())
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            out.push(format!("places {} -> {}", order(self), order(after)));
        }
        out
    }
}

/// The parts of a place: its kind, whose it is, where in it, how it is reached, what is used there.
fn places(before: &Place, after: &Place) -> Vec<[String; 3]> {
    let mut rows = vec![["kind".to_owned(), before.kind.clone(), after.kind.clone()]];
    let facts: [fn(&Place) -> &Fact; 2] = [|place| &place.whose, |place| &place.within];
    for fact in facts {
        let is = |place: &Place| fact(place).is.clone().unwrap_or_else(|| "any".to_owned());
        rows.push([fact(after).what.clone(), is(before), is(after)]);
    }
    let both = before.named().chain(after.named());
    let named: BTreeSet<_> = both.map(|(what, _)| what).collect();
    for what in named {
        let is = |place: &Place| {
            let found = place.named().find(|(of, _)| *of == what);
            word(found.map(|(_, name)| name.to_owned()))
        };
        rows.push([what.to_owned(), is(before), is(after)]);
    }
    rows
}

fn word(text: Option<String>) -> String {
    text.unwrap_or_else(|| "none".to_owned())
}

fn on_failure(of: OnFailure) -> &'static str {
    match of {
        OnFailure::Break => "break",
        OnFailure::Continue => "continue",
    }
}

fn queue(of: QueuePolicy) -> &'static str {
    match of {
        QueuePolicy::Queue => "queue",
        QueuePolicy::Latest => "latest",
        QueuePolicy::Refuse => "refuse",
    }
}

fn mode(of: Mode) -> &'static str {
    match of {
        Mode::Deploy => "deploy",
        Mode::Watch => "watch",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::class::EnvClass;

    fn record(places: Vec<Place>) -> EnvironmentRecord {
        EnvironmentRecord {
            class: EnvClass::Production,
            places: places.into_iter().collect(),
            on_failure: OnFailure::Break,
            queue: QueuePolicy::Queue,
            mode: Mode::Deploy,
            min_level: None,
            hold_expiry: Duration::from_hours(24),
        }
    }

    fn aws(account: &str) -> Place {
        Place::new("aws", "account", "region")
            .of(Some(account))
            .within(Some("eu-west-1"))
            .by("profile", Some("shop"))
    }

    #[test]
    fn places_are_told_in_words_before_and_after() {
        let hill = || Place::new("hill", "summit", "side");
        let moved = aws("222").within(None).by("role", Some("deployer"));
        for (before, after, says) in [
            (vec![aws("111")], vec![aws("111")], ""),
            (
                vec![aws("111")],
                vec![moved],
                "account 111 -> 222, region eu-west-1 -> any, role none -> deployer",
            ),
            (
                vec![aws("111").using("template bucket", Some("old"))],
                vec![aws("111").using("template bucket", Some("new"))],
                "template bucket old -> new",
            ),
            (
                vec![aws("111")],
                vec![aws("111"), hill()],
                "place hill none -> hill (any summit)",
            ),
            (
                vec![aws("111"), hill()],
                vec![aws("222"), hill()],
                "aws: account 111 -> 222",
            ),
            (
                vec![aws("111"), hill()],
                vec![hill(), aws("111")],
                "places aws, hill -> hill, aws",
            ),
        ] {
            assert_eq!(record(before).differences(&record(after)).join(", "), says);
        }
    }

    /// A field that nobody told of would be changed without a word.
    #[test]
    fn every_field_of_a_record_is_told() {
        let before = record(vec![aws("111")]);
        let changes: [fn(&mut EnvironmentRecord); 7] = [
            |to| to.class = EnvClass::Staging,
            |to| to.places = aws("222").into(),
            |to| to.on_failure = OnFailure::Continue,
            |to| to.queue = QueuePolicy::Latest,
            |to| to.mode = Mode::Watch,
            |to| to.min_level = Some(crate::domain::level::Level::L3),
            |to| to.hold_expiry = Duration::from_hours(1),
        ];
        let fields = serde_json::to_value(EnvironmentRecord {
            min_level: Some(crate::domain::level::Level::L3),
            ..before.clone()
        })
        .unwrap();
        assert_eq!(fields.as_object().unwrap().len(), changes.len());
        for change in changes {
            let mut after = before.clone();
            change(&mut after);
            let told = before.differences(&after);
            assert_eq!(told.len(), 1, "{told:?}");
            assert!(!told[0].contains(['{', '[', '"']), "{told:?}");
        }
    }
}
