//! Whether the estate file and the store agree about an environment. A console whose file differs
//! shows that and changes nothing there.

use std::collections::BTreeSet;

use crate::domain::environment::{EnvironmentRecord, Mode};
use crate::domain::ids::EnvName;
use crate::domain::place::{Fact, Place};
use crate::domain::time::short;

use super::World;

/// How the estate file and the store stand to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Differs {
    /// They agree.
    Same,
    /// The file has it, the store does not yet: `holdpoint apply` records it.
    New,
    /// The store has it, the file does not.
    NotInFile,
    /// Both have it, with these differences: `class production > staging` (store, then file).
    Different(Vec<String>),
}

impl Differs {
    /// True where the two say different things; what the store has not heard of yet is only new.
    #[must_use]
    pub fn disagree(&self) -> bool {
        match self {
            Differs::Same | Differs::New => false,
            Differs::NotInFile | Differs::Different(_) => true,
        }
    }

    /// Why nothing can be changed there from here, with what to do; `None` when it can.
    #[must_use]
    pub fn refuses(&self, env: &EnvName) -> Option<String> {
        match self {
            Differs::Same => None,
            Differs::New => Some(format!("{env} is not recorded yet; run `holdpoint apply`")),
            Differs::NotInFile => Some(format!(
                "the estate file in use does not name {env}; use the file that does, or read only"
            )),
            Differs::Different(what) => Some(format!(
                "DIFFERS: the estate file says otherwise of {env} than the store ({}); run `holdpoint apply`, or use the newer file",
                what.join(", ")
            )),
        }
    }
}

impl World {
    /// How the estate file and the store stand to each other about an environment.
    #[must_use]
    pub fn differs(&self, env: &EnvName) -> Differs {
        let kept = self
            .folds
            .environments
            .get(env)
            .and_then(|fold| fold.record.as_ref());
        match (kept, self.catalog.environments.get(env)) {
            (Some(kept), Some(file)) if kept == file => Differs::Same,
            (Some(kept), Some(file)) => Differs::Different(differences(kept, file)),
            (None, Some(_)) => Differs::New,
            (Some(_) | None, None) => Differs::NotInFile,
        }
    }
}

/// What is different, each as `what store > file`.
#[must_use]
pub fn differences(kept: &EnvironmentRecord, file: &EnvironmentRecord) -> Vec<String> {
    let word = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let mode = |mode: Mode| match mode {
        Mode::Deploy => "deploy",
        Mode::Watch => "watch",
    };
    let mut rows: Vec<(String, String, String)> = Vec::new();
    let mut row = |what: &str, kept: String, file: String| rows.push((what.to_owned(), kept, file));
    row(
        "class",
        kept.class.word().to_lowercase(),
        file.class.word().to_lowercase(),
    );
    for name in kept
        .places
        .iter()
        .chain(&file.places)
        .map(|place| &place.name)
        .collect::<BTreeSet<_>>()
    {
        let (kept, file) = (kept.places.at(Some(name)), file.places.at(Some(name)));
        let facts: [fn(&Place) -> &Fact; 2] = [|place| &place.whose, |place| &place.within];
        for fact in facts {
            let is = |place: Option<&Place>| word(place.and_then(|place| fact(place).is.clone()));
            row(
                kept.or(file).map_or("", |place| &fact(place).what),
                is(kept),
                is(file),
            );
        }
        let ways = kept
            .iter()
            .chain(&file)
            .flat_map(|place| place.way.keys())
            .collect::<BTreeSet<_>>();
        for what in ways {
            let is =
                |place: Option<&Place>| word(place.and_then(|place| place.way.get(what).cloned()));
            row(what, is(kept), is(file));
        }
        let known =
            |place: Option<&Place>| if place.is_some() { "recorded" } else { "-" }.to_owned();
        row(&format!("place {name}"), known(kept), known(file));
    }
    row(
        "on_failure",
        format!("{:?}", kept.on_failure).to_lowercase(),
        format!("{:?}", file.on_failure).to_lowercase(),
    );
    row(
        "queue",
        format!("{:?}", kept.queue).to_lowercase(),
        format!("{:?}", file.queue).to_lowercase(),
    );
    row(
        "mode",
        mode(kept.mode).to_owned(),
        mode(file.mode).to_owned(),
    );
    row(
        "min_level",
        word(kept.min_level.map(|l| l.to_string())),
        word(file.min_level.map(|l| l.to_string())),
    );
    row(
        "hold_expiry",
        short(kept.hold_expiry),
        short(file.hold_expiry),
    );
    let mut out: Vec<String> = rows
        .into_iter()
        .filter(|(_, a, b)| a != b)
        .map(|(what, a, b)| format!("{what} {a} > {b}"))
        .collect();
    if out.is_empty() {
        // The same places in another order, or of another kind.
        out.push("places".to_owned());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::environment::Class;
    use crate::world::fixture;

    #[test]
    fn says_what_is_different_and_what_to_do() {
        let kept = fixture::record(Class::Production);
        let file = EnvironmentRecord {
            class: Class::Staging,
            ..fixture::in_account(&kept, "000000000001")
        };
        let differs = Differs::Different(differences(&kept, &file));
        let text = differs.refuses(&"prod".parse().unwrap()).unwrap();
        assert!(
            text.contains("class prod > staging")
                && text.contains("account")
                && text.contains("holdpoint apply"),
            "{text}"
        );
        assert_eq!(Differs::Same.refuses(&"prod".parse().unwrap()), None);
    }
}
