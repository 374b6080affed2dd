//! What a stack was given by another one, and is another value there by now: by what was seen of both.

use crate::domain::ids::StackId;
use crate::domain::stack::Stack;
use crate::domain::time::{Time, short};
use crate::text::safe::Safe;

use super::World;

/// A value that a stack has, and that the stack which gives it has no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleInput {
    /// What it is called where it is given.
    pub name: Safe,
    /// What it is there.
    pub has: Safe,
    /// When that was seen.
    pub has_at: Time,
    /// The stack that gives it.
    pub from: StackId,
    /// What it is called there.
    pub gives: Safe,
    /// What that is by now; nothing where it gives it no more.
    pub now: Option<Safe>,
    /// When that was seen.
    pub now_at: Time,
}

impl StaleInput {
    /// The value, whose it is, and how old both looks are.
    #[must_use]
    pub fn says(&self, now: Time) -> String {
        let Self {
            name,
            has,
            from,
            gives,
            ..
        } = self;
        let is = self.now.as_ref().map_or_else(
            || format!("{gives} of {from} is no more"),
            |is| format!("{gives} of {from} is {is}"),
        );
        let ages = [self.has_at, self.now_at].map(|at| short(now.since(at)));
        format!(
            "STALE-INPUT {name}: it has {has} ({} ago), and {is} ({} ago)",
            ages[0], ages[1]
        )
    }
}

impl World {
    /// What a stack was given and is something else by now. Nothing while either of them changes, is
    /// not there, or was not seen: what is on its way is not stale yet.
    #[must_use]
    pub fn stale_inputs(&self, id: &StackId) -> Vec<StaleInput> {
        // What was seen before its last deployment ended tells nothing of what that left.
        let at_rest = |id: &StackId| {
            let stack = self.folds.stack(id);
            let thing = self.thing(id).filter(|_| self.standing(&stack).is_some())?;
            let is_quiet = stack.current.is_none() && !thing.in_progress() && !thing.is_missing();
            is_quiet.then_some(thing)
        };
        let entry = self
            .catalog
            .stacks
            .get(id)
            .filter(|entry| !entry.takes.is_empty());
        let Some((entry, own)) = entry.and_then(|entry| Some((entry, at_rest(id)?))) else {
            return Vec::new();
        };
        let stale = entry.takes.iter().filter_map(|takes| {
            let giver = at_rest(&takes.from)?;
            let has = own.sight.facts.pointer(&takes.here)?.as_str()?;
            let now = giver
                .sight
                .facts
                .pointer(&takes.there)
                .and_then(|value| value.as_str());
            (now != Some(has) && !is_hidden(has)).then(|| StaleInput {
                name: takes.name.clone(),
                has: Safe::told_of(takes.name.as_str(), has),
                has_at: own.taken_at,
                from: takes.from.clone(),
                gives: takes.gives.clone(),
                now: now.map(|now| Safe::told_of(takes.gives.as_str(), now)),
                now_at: giver.taken_at,
            })
        });
        stale.collect()
    }

    /// The first of it as a sentence, and what brings what it is by now.
    pub(super) fn stale_input(&self, stack: &Stack, now: Time) -> Option<String> {
        let all = self.stale_inputs(&stack.id);
        let (first, more) = all.split_first()?;
        let more = if more.is_empty() {
            String::new()
        } else {
            format!(", and {} more", more.len())
        };
        Some(format!(
            "{}{more}; `holdpoint deploy {}` brings it",
            first.says(now),
            stack.id
        ))
    }
}

/// Whether a value is not told.
fn is_hidden(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|b| b == b'*')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::domain::class::EnvClass;
    use crate::domain::estate::Takes;
    use crate::domain::sighting::{Seen, THING};
    use crate::world::fixture::{self, NOW, Scene, id};

    fn seen(scene: &mut Scene, stack: &str, status: &str, facts: serde_json::Value, ago: u64) {
        let mut sight = fixture::seen(stack, status);
        sight.facts = facts;
        scene.sighting(&format!("stack/{stack}"), THING, Seen::Thing { sight }, ago);
    }

    #[test]
    fn a_value_that_is_another_one_where_it_comes_from_is_told_with_both_ages() {
        let mut scene = Scene::new();
        scene.env("lab", EnvClass::Development);
        for stack in ["lab/batch", "lab/common"] {
            scene.listed(stack, Ok(fixture::spec(stack, "1")));
            scene.ago(900).good(stack, fixture::spec(stack, "1"));
        }
        let catalog = std::sync::Arc::make_mut(&mut scene.world.catalog);
        catalog.stacks.get_mut(&id("lab/batch")).unwrap().takes = vec![Takes {
            name: "FileSystem".into(),
            from: id("lab/common"),
            gives: "EFSID".into(),
            here: "/parameters/FileSystem".to_owned(),
            there: "/outputs/EFSID".to_owned(),
        }];
        let done = "UPDATE_COMPLETE";
        seen(
            &mut scene,
            "lab/batch",
            done,
            json!({ "parameters": { "FileSystem": "fs-1" } }),
            7,
        );
        for (status, outputs, says) in [
            (done, json!({ "EFSID": "fs-1" }), None),
            (
                done,
                json!({ "EFSID": "fs-2" }),
                Some(
                    "STALE-INPUT FileSystem: it has fs-1 (7s ago), and EFSID of lab/common is fs-2 (3s ago); `holdpoint deploy lab/batch` brings it",
                ),
            ),
            (
                done,
                json!({}),
                Some(
                    "STALE-INPUT FileSystem: it has fs-1 (7s ago), and EFSID of lab/common is no more (3s ago); `holdpoint deploy lab/batch` brings it",
                ),
            ),
            ("UPDATE_IN_PROGRESS", json!({ "EFSID": "fs-2" }), None),
            ("MISSING", json!({}), None),
        ] {
            seen(
                &mut scene,
                "lab/common",
                status,
                json!({ "outputs": outputs }),
                3,
            );
            let row = scene.world.row(&id("lab/batch"), NOW);
            assert_eq!(row.why.as_deref(), says, "{status}");
        }
        seen(
            &mut scene,
            "lab/batch",
            done,
            json!({ "parameters": { "FileSystem": "****" } }),
            7,
        );
        seen(
            &mut scene,
            "lab/common",
            done,
            json!({ "outputs": { "EFSID": "fs-2" } }),
            3,
        );
        assert_eq!(scene.world.stale_inputs(&id("lab/batch")), []);
    }
}
