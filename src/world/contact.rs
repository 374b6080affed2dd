//! What is out of sight: environments of which no look succeeds any more, or at which nobody looks.
//! One line for all of one reason, however many stacks there are.

use std::time::Duration;

use crate::domain::ids::{EnvName, StackId};
use crate::domain::time::{Time, short};

use super::{EngineState, World};
use crate::text::counted::counted;

/// How long nothing must have been seen before that is more than one look that failed.
const SILENT: Duration = Duration::from_secs(30);

/// Environments that nobody sees, for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutOfSight {
    /// Which.
    pub envs: Vec<EnvName>,
    /// How many of their stacks are shown as they were seen last.
    pub stacks: usize,
    /// When the last of them was seen; absent when none ever was.
    pub since: Option<Time>,
    /// What is in the way.
    pub lack: Lack,
}

/// What is in the way of seeing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// Every look fails: why, and what to do about it.
    Contact(String),
    /// An engine runs, and does not look.
    Looks,
}

impl OutOfSight {
    /// What is the matter, and since when.
    #[must_use]
    pub fn says(&self, now: Time) -> String {
        let names: Vec<String> = self.envs.iter().map(ToString::to_string).collect();
        let of = names.join(", ");
        let since = self.since.map_or_else(String::new, |at| {
            format!(" since {} ({})", at.text("%H:%M:%SZ"), short(now.since(at)))
        });
        let shown = match self.since {
            Some(_) if self.stacks == 1 => "1 stack is shown as seen then".to_owned(),
            Some(_) => format!("{} stacks are shown as seen then", self.stacks),
            None => "nothing of it was ever seen".to_owned(),
        };
        match &self.lack {
            Lack::Contact(why) => format!("LOST contact with {of}{since}: {shown}. {why}"),
            Lack::Looks => {
                format!(
                    "OVERDUE {of}: nobody has looked at {} there{since}.",
                    counted(self.stacks, "stack")
                )
            }
        }
    }

    /// What it means for what goes on there, and what to do.
    #[must_use]
    pub fn then(&self) -> &'static str {
        match self.lack {
            Lack::Contact(_) => {
                "what runs there goes on alone, nothing is cancelled, nothing new starts; it is looked at again by itself"
            }
            Lack::Looks => "see `holdpoint doctor` for what the engine waits for",
        }
    }
}

impl World {
    /// What nobody sees now, the oldest first.
    #[must_use]
    pub fn out_of_sight(&self, now: Time) -> Vec<OutOfSight> {
        let mut all: Vec<OutOfSight> = Vec::new();
        for env in self.folds.environments.keys() {
            let Some(one) = self.unseen(env, now) else {
                continue;
            };
            match all.iter_mut().find(|known| known.lack == one.lack) {
                Some(known) => {
                    known.envs.extend(one.envs);
                    known.stacks += one.stacks;
                    known.since = known.since.max(one.since);
                }
                None => all.push(one),
            }
        }
        all.sort_by_key(|one| one.since);
        all
    }

    /// Every reason for which stacks are out of sight, with the stacks; what concerns most is
    /// first.
    #[must_use]
    pub fn why_unseen(&self, now: Time) -> Vec<(String, Vec<StackId>)> {
        let mut all: Vec<(String, Vec<StackId>)> = Vec::new();
        for one in self.out_of_sight(now) {
            let own = |stack: &&&StackId| one.envs.contains(&stack.env) && self.is_outside(stack);
            for stack in self.stacks().iter().filter(own).copied() {
                let why = match (self.freshness(stack).1, &one.lack) {
                    (Some(why), _) => why.to_string(),
                    (None, Lack::Contact(_)) => "it was never seen".to_owned(),
                    (None, Lack::Looks) => "nobody has looked".to_owned(),
                };
                match all.iter_mut().find(|(known, _)| *known == why) {
                    Some((_, stacks)) => stacks.push(stack.clone()),
                    None => all.push((why, vec![stack.clone()])),
                }
            }
        }
        all.sort_by_key(|(_, stacks)| std::cmp::Reverse(stacks.len()));
        all
    }

    fn unseen(&self, env: &EnvName, now: Time) -> Option<OutOfSight> {
        let all = self.stacks();
        let own = |stack: &&&StackId| stack.env == *env && self.is_outside(stack);
        let stacks: Vec<&StackId> = all.iter().filter(own).copied().collect();
        let looks: Vec<_> = stacks.iter().map(|stack| self.freshness(stack)).collect();
        let since = looks.iter().filter_map(|(seen, _)| *seen).max();
        let silent = since.is_none_or(|at| now.since(at) >= SILENT);
        let contact = looks.first().filter(|_| silent).and_then(|_| {
            // One that was never seen has no look that failed.
            let mut known = looks
                .iter()
                .filter(|(seen, why)| seen.is_some() || why.is_some());
            let why = known.clone().find_map(|(_, why)| *why)?;
            known.all(|(_, why)| why.is_some()).then(|| why.to_string())
        });
        if let Some(why) = contact {
            return Some(OutOfSight {
                envs: vec![env.clone()],
                stacks: looks.iter().filter(|(seen, _)| seen.is_some()).count(),
                since,
                lack: Lack::Contact(why),
            });
        }
        // Whatever reads STALE for that is told of, if it is one of many.
        let overdue = stacks
            .iter()
            .filter(|stack| self.overdue(stack, now).is_some());
        let seen: Vec<Time> = overdue
            .filter_map(|stack| self.freshness(stack).0)
            .collect();
        let looks = matches!(self.engine, EngineState::Live { .. });
        (looks && !seen.is_empty()).then(|| OutOfSight {
            envs: vec![env.clone()],
            stacks: seen.len(),
            since: seen.iter().max().copied(),
            lack: Lack::Looks,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::class::EnvClass;
    use crate::domain::sighting::{Seen, THING};
    use crate::world::fixture::{self, NOW, Scene};

    fn seen(scene: &mut Scene, stack: &str, secs_ago: u64) {
        scene.listed(stack, Ok(fixture::spec(stack, "1")));
        let sight = fixture::seen(stack, "UPDATE_COMPLETE");
        scene.sighting(
            &format!("stack/{stack}"),
            THING,
            Seen::Thing { sight },
            secs_ago,
        );
    }

    fn estate() -> Scene {
        let mut scene = Scene::new();
        for env in ["dev", "prod"] {
            scene.env(env, EnvClass::Development);
            for app in ["a", "b"] {
                seen(&mut scene, &format!("{env}/{app}"), 60);
            }
        }
        scene
    }

    #[test]
    fn an_environment_whose_looks_all_fail_is_lost_since_it_was_seen_last() {
        let mut scene = estate();
        let why = "AWS cannot be reached";
        scene.stale("dev/a", why);
        assert_eq!(
            scene.world.out_of_sight(NOW),
            [],
            "one stack alone is a matter of its own"
        );
        scene.stale("dev/b", why);
        let lost = scene.world.out_of_sight(NOW);
        assert_eq!(lost.len(), 1);
        assert_eq!((lost[0].stacks, lost[0].since), (2, Some(fixture::ago(60))));
        let says = lost[0].says(NOW);
        assert!(
            says.starts_with("LOST contact with dev since ")
                && says.contains("(1:00): 2 stacks are shown as seen then. AWS cannot be reached"),
            "{says}"
        );
        scene.stale("dev/b", "access denied");
        let reasons = scene.world.why_unseen(NOW);
        let of: Vec<(&str, String)> = reasons
            .iter()
            .map(|(why, stacks)| (why.as_str(), format!("{}", stacks[0])))
            .collect();
        assert_eq!(
            of,
            [
                (why, "dev/a".to_owned()),
                ("access denied", "dev/b".to_owned())
            ],
            "no reason is left out because another one comes first"
        );
        scene.stale("dev/b", why);
        for stack in ["prod/a", "prod/b"] {
            scene.stale(stack, why);
        }
        let both = scene.world.out_of_sight(NOW);
        assert_eq!((both.len(), both[0].envs.len(), both[0].stacks), (1, 2, 4));
        seen(&mut scene, "dev/a", 5);
        scene.stale("dev/a", why);
        assert_eq!(
            scene.world.out_of_sight(NOW)[0].envs.len(),
            1,
            "a look that failed a moment ago is no loss yet"
        );
    }

    #[test]
    fn nobody_looking_is_said_while_an_engine_runs() {
        let mut scene = estate();
        for env in ["dev", "prod"] {
            for app in ["a", "b"] {
                seen(&mut scene, &format!("{env}/{app}"), 600);
            }
        }
        scene.world.engine = EngineState::Starting;
        assert_eq!(scene.world.out_of_sight(NOW), [], "it is about to look");
        scene.world.engine = EngineState::Live {
            pid: 1,
            version: String::new(),
        };
        let says = scene.world.out_of_sight(NOW)[0].says(NOW);
        assert!(
            says.starts_with("OVERDUE dev, prod: nobody has looked at 4 stacks there since "),
            "{says}"
        );
        seen(&mut scene, "dev/a", 5);
        seen(&mut scene, "prod/a", 5);
        seen(&mut scene, "prod/b", 5);
        let one = &scene.world.out_of_sight(NOW)[0];
        assert_eq!((one.stacks, one.since), (1, Some(fixture::ago(600))));
        let says = one.says(NOW);
        assert!(
            says.starts_with("OVERDUE dev: nobody has looked at 1 stack there since "),
            "{says}"
        );
    }
}
