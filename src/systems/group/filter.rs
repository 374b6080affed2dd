//! The parts of a whole that a filter names.

use std::collections::BTreeSet;

use super::{Group, name};
use crate::domain::failure::Failure;
use crate::domain::ids::StackId;
use crate::text::diagnostic::closest;

impl Group<'_> {
    /// The parts that a filter names.
    pub(super) fn chosen(&self, filter: &str) -> Result<BTreeSet<StackId>, Failure> {
        let words = filter
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty());
        let words: Vec<&str> = words.collect();
        if filter.is_empty() {
            return Ok(self.parts.keys().cloned().collect());
        }
        if words.is_empty() || words.contains(&"...") {
            // A variable of the shell that is not set would deploy everything.
            let says = format!("the filter {filter:?} names nothing");
            return Err(Failure::new(says).hint("leave it out to deploy all of it"));
        }
        let mut chosen = BTreeSet::new();
        for word in words {
            let (own, after) = word
                .strip_suffix("...")
                .map_or((word, false), |own| (own, true));
            let fits = |id: &&StackId| {
                let part = name(id);
                let (site, component) = part.split_once('/').unwrap_or((part.as_str(), ""));
                own == part || own == site || own == component
            };
            let mut named: Vec<&StackId> = self.parts.keys().filter(fits).collect();
            if named.is_empty() {
                return Err(self.unknown(own));
            }
            while let Some(id) = named.pop() {
                if chosen.insert(id.clone()) && after {
                    let later = self.after.iter().filter(|(_, before)| before.contains(id));
                    named.extend(later.map(|(id, _)| id));
                }
            }
        }
        Ok(chosen)
    }

    fn unknown(&self, word: &str) -> Failure {
        let all: BTreeSet<String> = self
            .parts
            .keys()
            .flat_map(|id| {
                let part = name(id);
                let component = part
                    .split_once('/')
                    .map(|(_, component)| component.to_owned());
                std::iter::once(part).chain(component)
            })
            .collect();
        let near = closest(word, all.iter().map(String::as_str));
        let hint = near.map_or_else(
            || format!("holdpoint graph {} lists them", self.ask.stack),
            |near| format!("did you mean {near}?"),
        );
        Failure::new(format!("{} has no part {word:?}", self.ask.stack)).hint(hint)
    }
}
