//! Replies that are owed and cannot be given, as an engine says.

use std::time::Duration;

use super::World;
use crate::domain::ids::StackId;
use crate::domain::sighting::{REPLY, Seen};
use crate::domain::time::Time;
use crate::text::counted::counted;

/// How old the word of an engine that a reply cannot be given may be: it is said again every hour.
const SAID: Duration = Duration::from_hours(2);

/// Stacks whose deployments owe replies that cannot be given, for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// Which.
    pub stacks: Vec<StackId>,
    /// Why, and what to do.
    pub why: String,
}

impl Untold {
    /// What is the matter, in one sentence.
    #[must_use]
    pub fn says(&self) -> String {
        let of = match self.stacks.as_slice() {
            [only] => only.to_string(),
            all => counted(all.len(), "stack"),
        };
        format!(
            "the commits of {of} are not told what becomes of them: {}",
            self.why
        )
    }
}

impl World {
    /// What cannot be told to whom it is owed; what concerns most is first.
    #[must_use]
    pub fn untold(&self, now: Time) -> Vec<Untold> {
        let mut all: Vec<Untold> = Vec::new();
        for ((subject, source), sighting) in &self.sightings {
            let is_one = source == REPLY
                && matches!(sighting.value, Seen::Reply { .. })
                && now.since(sighting.taken_at) < SAID;
            let stack = subject.strip_prefix("stack/").filter(|_| is_one);
            let stack = stack.and_then(|stack| stack.parse::<StackId>().ok());
            let (Some(stack), Some(why)) = (stack, &sighting.stale) else {
                continue;
            };
            match all.iter_mut().find(|known| known.why == why.as_str()) {
                Some(known) => known.stacks.push(stack),
                None => all.push(Untold {
                    stacks: vec![stack],
                    why: why.to_string(),
                }),
            }
        }
        all.sort_by_key(|one| std::cmp::Reverse(one.stacks.len()));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::DeploymentNo;
    use crate::world::fixture::{NOW, Scene};

    #[test]
    fn what_cannot_be_told_is_said_once_for_each_reason_while_an_engine_says_so() {
        let mut scene = Scene::whole();
        let untold = |scene: &Scene| scene.world.untold(NOW);
        assert_eq!(untold(&scene), []);
        let of = || Seen::Reply {
            of: DeploymentNo(9),
        };
        for (stack, why, ago) in [
            ("stack/prod/docs", Some("no right"), 60),
            ("stack/dev/docs", Some("no right"), 3_600),
            ("stack/dev/shop", Some("gone"), 1),
            ("stack/dev/told", None, 1),
            ("stack/dev/long-ago", Some("no right"), 7_200),
        ] {
            scene.sighting(stack, REPLY, of(), ago);
            let key = (stack.to_owned(), REPLY.to_owned());
            let sighting = scene.world.sightings.get_mut(&key).unwrap();
            sighting.stale = why.map(Into::into);
        }
        let says: Vec<String> = untold(&scene).iter().map(Untold::says).collect();
        assert_eq!(
            says,
            [
                "the commits of 2 stacks are not told what becomes of them: no right",
                "the commits of dev/shop are not told what becomes of them: gone",
            ]
        );
    }
}
