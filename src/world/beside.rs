//! What the page of a stack shows beside how the stack stands, as it was seen last.

use super::World;
use crate::domain::ids::StackId;
use crate::domain::look::{Look, Sight};
use crate::domain::sighting::beside;
use crate::domain::time::{Time, short};
use crate::text::safe::Safe;

/// What was seen of one thing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beside<'a> {
    /// What is looked at.
    pub look: &'a Look,
    /// What was seen of it last, and when.
    pub seen: Option<(&'a Sight, Time)>,
    /// Why the newest look failed, if it did.
    pub stale: Option<&'a Safe>,
}

impl Beside<'_> {
    /// What people call it; its kind as long as nobody has seen it.
    #[must_use]
    pub fn called(&self) -> &str {
        let kind = self.look.about.kind.as_str();
        self.seen.map_or(kind, |(sight, _)| sight.called.as_str())
    }

    /// How it is, and how old that is.
    #[must_use]
    pub fn says(&self, now: Time) -> String {
        let seen = self.seen.map(|(sight, at)| {
            let age = short(now.since(at));
            format!("{}  seen {age} ago", sight.words)
        });
        match (seen, self.stale) {
            (Some(seen), None) => seen,
            (Some(seen), Some(why)) => format!("{seen}; the newest look failed: {why}"),
            (None, Some(why)) => format!("cannot be seen: {why}"),
            (None, None) => {
                "not looked at yet: a console looks that has it on its screen".to_owned()
            }
        }
    }
}

impl World {
    /// What the page of a stack shows beside how the stack stands, in order.
    pub fn beside(&self, stack: &StackId) -> impl Iterator<Item = Beside<'_>> {
        let looks = self.catalog.stacks.get(stack).map(|entry| &entry.beside);
        looks.into_iter().flatten().map(move |look| {
            let sighting = self.of_here(stack, &beside(&look.about.kind));
            let seen = sighting.and_then(|sighting| {
                // What was seen of another one says nothing of the one that is meant now.
                let sight = sighting.value.thing();
                let sight = sight.filter(|sight| sight.about == look.about)?;
                Some((sight, sighting.taken_at))
            });
            let stale = sighting.and_then(|sighting| sighting.stale.as_ref());
            Beside { look, seen, stale }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::domain::sighting::{Seen, Sighting};
    use crate::forms::ssm::{PARAMETERS, below, sight};
    use crate::world::fixture::{NOW, Scene, id};
    use crate::world::sightings::of_stack;

    /// It says how old it is, and of another thing than the file names nothing at all.
    #[test]
    fn what_was_seen_beside_says_how_old_it_is_and_of_what_it_is() {
        let mut scene = Scene::whole();
        let stack = id("dev/orders");
        let place = scene.world.place(&stack).cloned();
        let catalog = Arc::make_mut(&mut scene.world.catalog);
        let entry = catalog.stacks.get_mut(&stack).unwrap();
        entry.beside = vec![Look::at(below("/sites/dev"))];
        let mut says = |path: Option<&str>, stale: Option<&str>| {
            let names = ["/sites/dev/TOKEN".to_owned()];
            let value = path.map_or(Seen::Nothing, |path| Seen::Thing {
                sight: sight(below(path), &names),
            });
            let key = (of_stack(&stack), beside(PARAMETERS));
            let sighting = Sighting {
                value,
                taken_at: NOW - Duration::from_secs(5),
                place: place.clone(),
                stale: stale.map(Safe::new),
            };
            scene.world.sightings.insert(key, sighting);
            let mut all = scene.world.beside(&stack);
            let one = all.next().unwrap();
            assert_eq!(all.next(), None);
            format!("{}: {}", one.called(), one.says(NOW))
        };
        assert_eq!(
            says(Some("/sites/dev"), None),
            "SSM parameters: 1 parameter  seen 5s ago"
        );
        assert_eq!(
            says(Some("/sites/dev"), Some("denied")),
            "SSM parameters: 1 parameter  seen 5s ago; the newest look failed: denied"
        );
        assert_eq!(
            says(None, Some("denied")),
            "ssm.parameters: cannot be seen: denied"
        );
        assert!(says(Some("/sites/old"), None).starts_with("ssm.parameters: not looked at yet"));
    }
}
