//! Log groups: which stack watches which, and how their tails are doing. Looks at nothing itself.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::domain::ids::StackId;
use crate::domain::sighting::{Seen, Sighting};
use crate::domain::time::Time;
use crate::text::safe::Safe;

use super::World;
use super::sightings::of_stack;

/// Nothing was told for this long: nobody follows any more. A session that was cut is noticed after
/// 30 s.
const FRESH: Duration = Duration::from_secs(45);
/// It is told every 3 s: what is older than this is late by its age.
const TOLD: Duration = Duration::from_secs(6);

/// How the tail of a log group is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TailSighting<'a> {
    /// The log group.
    pub group: &'a str,
    /// In a word.
    pub state: TailState<'a>,
    /// Whether the service gives only a sample; the tail reads the rest, later.
    pub sampled: bool,
    /// Lines that are lost.
    pub dropped: u64,
    /// How far what was given is behind.
    pub behind: Duration,
}

/// How a tail stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TailState<'a> {
    /// Lines come.
    Follows,
    /// There is nothing to follow yet: why.
    Waits(&'a Safe),
    /// It is cut: why, where that is known.
    Cut(Option<&'a Safe>),
    /// Nobody says: no engine follows, or not yet.
    Unknown,
}

/// A stack of which lines are missing among those of everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfollowed {
    /// Which.
    pub stack: StackId,
    /// Its log group, where it has one.
    pub group: Option<String>,
    /// Why its lines are missing.
    pub why: String,
}

impl World {
    /// What is not followed, and why: stacks without a log group, and groups that are not there yet,
    /// cut, or looked at by nobody.
    #[must_use]
    pub fn unfollowed(&self, now: Time) -> Vec<Unfollowed> {
        let mut all = Vec::new();
        for stack in self.stacks() {
            let mut add = |group: Option<&str>, why: String| {
                all.push(Unfollowed {
                    stack: stack.clone(),
                    group: group.map(str::to_owned),
                    why,
                });
            };
            let listed = self.catalog.stacks.get(stack);
            if listed.is_some_and(|entry| entry.spec.is_err()) {
                add(
                    None,
                    "its files cannot be read, so its log groups are not known".to_owned(),
                );
            } else if self.groups(stack).is_empty() && self.is_outside(stack) {
                add(
                    None,
                    "the estate names no log group of it (`watch: { logs: […] }`)".to_owned(),
                );
            }
            for tail in self.tails(Some(stack), now) {
                let why = match tail.state {
                    TailState::Follows => continue,
                    TailState::Waits(why) => why.to_string(),
                    TailState::Cut(Some(why)) => format!("cut: {why}"),
                    TailState::Cut(None) => "cut; it is tried again by itself".to_owned(),
                    TailState::Unknown => match self.engine.absent() {
                        Some(why) => why,
                        None => "it is followed while the cursor is on its stack".to_owned(),
                    },
                };
                add(Some(tail.group), why);
            }
        }
        all
    }

    /// The log groups that a stack watches: as the estate says, and as its deployment says that
    /// runs, or that brought what serves.
    #[must_use]
    pub fn groups(&self, stack: &StackId) -> BTreeSet<&str> {
        let spec = self
            .catalog
            .stacks
            .get(stack)
            .and_then(|entry| entry.spec.as_ref().ok());
        let own = spec.into_iter().flat_map(|spec| &spec.watch_logs);
        let mut all = self.folds.logs_of(stack);
        all.extend(own.map(String::as_str));
        all
    }

    /// Whether something was seen at one of the places where a stack is now.
    fn is_of_here(&self, stack: &StackId, sighting: &Sighting) -> bool {
        let places = self.folds.places_of(stack);
        sighting
            .place
            .as_ref()
            .is_none_or(|at| places.is_some_and(|places| places.iter().any(|place| place == at)))
    }

    /// How the tails are doing: of the groups that a stack watches; without a stack, all that are
    /// told of.
    #[must_use]
    pub fn tails(&self, stack: Option<&StackId>, now: Time) -> Vec<TailSighting<'_>> {
        let Some(stack) = stack else {
            return self
                .sightings
                .iter()
                .filter(|((of, _), sighting)| {
                    let stack = of.strip_prefix("stack/").and_then(|id| id.parse().ok());
                    stack.is_some_and(|stack| self.is_of_here(&stack, sighting))
                })
                .filter_map(|((_, source), sighting)| seen(source, sighting, now))
                .collect();
        };
        let mut tails: Vec<TailSighting<'_>> = self
            .sightings_of(&of_stack(stack))
            .filter(|(_, sighting)| self.is_of_here(stack, sighting))
            .filter_map(|(source, sighting)| seen(source, sighting, now))
            .collect();
        for group in self.groups(stack) {
            if tails.iter().all(|tail| tail.group != group) {
                tails.push(TailSighting {
                    group,
                    state: TailState::Unknown,
                    sampled: false,
                    dropped: 0,
                    behind: Duration::ZERO,
                });
            }
        }
        tails
    }
}

fn seen<'a>(source: &'a str, sighting: &'a Sighting, now: Time) -> Option<TailSighting<'a>> {
    let group = source.strip_prefix("tail/")?;
    let Seen::Tail {
        live,
        dropped,
        sampled,
        lag_ms,
    } = sighting.value
    else {
        return None;
    };
    let age = now.since(sighting.taken_at);
    if age > FRESH {
        return None;
    }
    let state = match (live, &sighting.stale) {
        (true, None) => TailState::Follows,
        (true, Some(why)) => TailState::Waits(why),
        (false, why) => TailState::Cut(why.as_ref()),
    };
    let silent = if live && age <= TOLD {
        Duration::ZERO
    } else {
        age
    };
    Some(TailSighting {
        group,
        state,
        sampled,
        dropped,
        behind: Duration::from_millis(lag_ms).saturating_add(silent),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::class::EnvClass;
    use crate::world::fixture::{NOW, Scene, ago, id, spec};

    fn told(live: bool, lag_ms: u64, secs_ago: u64, why: Option<&str>) -> Sighting {
        let value = Seen::Tail {
            live,
            dropped: 2,
            sampled: true,
            lag_ms,
        };
        Sighting {
            value,
            taken_at: ago(secs_ago),
            place: None,
            stale: why.map(Safe::new),
        }
    }

    fn world(told: Vec<(&str, &str, Sighting)>) -> World {
        let mut world = Scene::whole().world;
        for (stack, group, sighting) in told {
            world.sightings.insert(
                (format!("stack/{stack}"), format!("tail/{group}")),
                sighting,
            );
        }
        world
    }

    #[test]
    fn a_tail_is_as_far_behind_as_was_told_and_falls_behind_when_it_is_silent_or_cut() {
        let stack = id("dev/orders");
        for (told, state, behind) in [
            (told(true, 1_200, 2, None), "Follows", 1_200),
            (told(true, 1_200, 20, None), "Follows", 21_200),
            (told(true, 0, 3, Some("no group")), "Waits", 0),
            (
                told(false, 9_000, 3, Some("the session ended")),
                "Cut",
                12_000,
            ),
        ] {
            let world = world(vec![("dev/orders", "/g", told)]);
            let tails = world.tails(Some(&stack), NOW);
            let [tail] = tails.as_slice() else {
                panic!("one tail was expected: {tails:?}")
            };
            assert!(format!("{:?}", tail.state).starts_with(state), "{tail:?}");
            assert_eq!(
                (tail.behind, tail.dropped, tail.group),
                (Duration::from_millis(behind), 2, "/g")
            );
        }
    }

    #[test]
    fn what_was_told_long_ago_is_told_by_nobody() {
        let world = world(vec![
            ("dev/orders", "/g", told(true, 0, 50, None)),
            ("dev/web", "/w", told(true, 0, 1, None)),
        ]);
        assert_eq!(world.tails(Some(&id("dev/orders")), NOW), []);
        let all: Vec<&str> = world
            .tails(None, NOW)
            .iter()
            .map(|tail| tail.group)
            .collect();
        assert_eq!(all, ["/w"]);
    }

    #[test]
    fn what_is_not_followed_says_why() {
        let mut world = world(vec![
            ("dev/orders", "/lives", told(true, 0, 1, None)),
            (
                "dev/orders",
                "/waits",
                told(true, 0, 1, Some("there is no log group /waits yet")),
            ),
            (
                "dev/orders",
                "/cut",
                told(false, 9_000, 3, Some("AWS denies logs:StartLiveTail")),
            ),
        ]);
        let catalog = std::sync::Arc::make_mut(&mut world.catalog);
        for entry in catalog.stacks.values_mut() {
            if let Ok(spec) = &mut entry.spec {
                spec.watch_logs.clear();
            }
        }
        let spec = |catalog: &mut crate::domain::estate::Catalog, stack: &str, groups: &[&str]| {
            let entry = catalog.stacks.get_mut(&id(stack)).expect("it is listed");
            entry.spec.as_mut().expect("it can be read").watch_logs =
                groups.iter().map(|group| (*group).to_owned()).collect();
        };
        spec(catalog, "dev/orders", &["/lives", "/waits", "/cut"]);
        spec(catalog, "dev/web", &["/away"]);
        let all = world.unfollowed(NOW);
        let why = |stack: &str| -> Vec<(Option<&str>, &str)> {
            all.iter()
                .filter(|one| one.stack == id(stack))
                .map(|one| (one.group.as_deref(), one.why.as_str()))
                .collect()
        };
        assert_eq!(
            why("dev/orders"),
            [
                (Some("/cut"), "cut: AWS denies logs:StartLiveTail"),
                (Some("/waits"), "there is no log group /waits yet"),
            ]
        );
        let away = why("dev/web");
        assert!(
            away.len() == 1
                && away[0].0 == Some("/away")
                && away[0].1.contains("while the cursor is on its stack"),
            "{away:?}"
        );
        let none = why("dev/search");
        assert!(none.len() == 1 && none[0].1.contains("watch:"), "{none:?}");
        assert_eq!(
            why("dev/chores"),
            [],
            "what a script prints is there already"
        );
    }

    #[test]
    fn a_watched_group_of_which_nobody_tells_is_unknown() {
        let mut world = world(vec![("dev/orders", "/told", told(true, 0, 1, None))]);
        let stack = id("dev/orders");
        let entry = std::sync::Arc::make_mut(&mut world.catalog)
            .stacks
            .get_mut(&stack)
            .expect("it is in the fixture");
        entry.spec.as_mut().expect("it can be read").watch_logs =
            vec!["/told".to_owned(), "/silent".to_owned()];
        let states: Vec<_> = world
            .tails(Some(&stack), NOW)
            .iter()
            .map(|tail| (tail.group, tail.state))
            .collect();
        assert_eq!(
            states,
            [
                ("/told", TailState::Follows),
                ("/silent", TailState::Unknown)
            ]
        );
        assert_eq!(
            world.groups(&stack).into_iter().collect::<Vec<_>>(),
            ["/silent", "/told"]
        );
    }

    /// What is made of a commit is named in no file: its groups are those of what was brought.
    #[test]
    fn the_groups_of_what_serves_are_watched_after_its_deployment() {
        let mut scene = Scene::new();
        scene.env("dev", EnvClass::Development);
        let watched = |groups: &[&str]| {
            let mut spec = spec("dev/shop", "1");
            spec.watch_logs = groups.iter().map(|group| (*group).to_owned()).collect();
            spec
        };
        scene.listed("dev/shop", Ok(watched(&["/named"])));
        scene.ago(60).good("dev/shop", watched(&["/made"]));
        let groups = scene.world.groups(&id("dev/shop"));
        assert_eq!(groups.into_iter().collect::<Vec<_>>(), ["/made", "/named"]);
    }
}
