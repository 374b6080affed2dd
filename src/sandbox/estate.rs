//! The practice estate as it stands when its world begins: stacks made by calls, as if they had
//! been there for days. Data in `config/sandbox/stories.yaml`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::call::Call;
use super::who::ACCOUNT;
use super::world::World;
use super::{practice, story};
use crate::domain::time::Time;

/// The story of those who push to the repositories.
const PUSHES: &str = "pushes";

/// Puts the practice estate into a new world as if it had been there for days, and begins a story.
pub fn set_up(
    world: &mut World,
    name: &str,
    tags: &BTreeMap<String, String>,
    now: Time,
) -> Result<(), String> {
    let file = story::read()?;
    if !file.stories.contains_key(name) {
        return Err(story::unknown(name, &file));
    }
    world.now = now - Duration::from_hours(9 * 24);
    let pace = std::mem::replace(&mut world.pace, 1.0);
    for existing in &file.estate {
        let body = practice::file(&existing.template)
            .ok_or_else(|| format!("{} is not in the practice estate", existing.template))?;
        let parameters: Vec<Value> = existing
            .parameters
            .iter()
            .map(|(name, value)| json!({"ParameterKey": name, "ParameterValue": value}))
            .collect();
        let tags: Vec<Value> = tags
            .iter()
            .map(|(key, value)| json!({"Key": key, "Value": value}))
            .collect();
        let params = json!({
            "StackName": existing.stack, "TemplateBody": body, "Parameters": parameters, "Capabilities": existing.capabilities, "Tags": tags,
        });
        let call = Call::new("cloudformation", "CreateStack", params).by(ACCOUNT, &file.region);
        world
            .call(world.now, &call)
            .answer
            .map_err(|error| format!("{}: {error}", existing.stack))?;
        world.advance(world.now + Duration::from_mins(3));
    }
    let made = furnish(world, &file);
    world.pace = pace;
    world.advance(now);
    made?;
    story::begin(&mut world.levers, now, pace, name)
}

/// A practice world that was there before the estate had all that it has now gets the rest.
pub fn complete(world: &mut World, now: Time) {
    if world.levers.furnished {
        return;
    }
    world.advance(now);
    let made = story::read().and_then(|file| furnish(world, &file));
    if let Err(why) = made {
        tracing::warn!("the practice world lacks what the practice estate has by now: {why}");
    }
}

/// Makes, once, what there is beside stacks; somebody waits to push to its repositories.
fn furnish(world: &mut World, file: &story::File) -> Result<(), String> {
    world.levers.furnished = true;
    for thing in &file.things {
        let call = Call::new(&thing.service, &thing.action, thing.params.clone())
            .by(ACCOUNT, &file.region);
        let made = world.call(world.now, &call).answer;
        made.map_err(|error| format!("{} of {}: {error}", thing.action, thing.service))?;
    }
    story::begin(&mut world.levers, world.now, world.pace, PUSHES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::services::cloudformation::{CloudFormation, Status};
    use crate::sandbox::services::s3::S3;

    /// A world that was kept before there was a site is read, and gets what the site needs once.
    #[test]
    fn a_world_from_before_is_completed_once() {
        let start = Time(1_700_000_000_000);
        let mut old = World::new(start, 7, 1.0);
        let mut levers = serde_json::to_value(&old.levers).unwrap();
        for new in ["waiting", "pushes", "furnished"] {
            assert!(levers.as_object_mut().unwrap().remove(new).is_some());
        }
        old.levers = serde_json::from_value(levers).unwrap();
        for _ in 0..2 {
            complete(&mut old, start + Duration::from_secs(1));
            let s3: &S3 = old.get(ACCOUNT, "eu-west-1").unwrap();
            assert_eq!(s3.buckets.len(), 4);
            assert_eq!(old.levers.waiting.len(), 6);
        }
    }

    /// The estate stands, and every story is played on it to its end: no line is refused.
    #[test]
    fn every_story_can_be_played() {
        let start = Time(1_700_000_000_000);
        let mut estate = World::new(start, 7, 1.0);
        set_up(&mut estate, "good", &BTreeMap::new(), start).expect("the estate");
        let cfn: &CloudFormation = estate.get(ACCOUNT, "eu-west-1").unwrap();
        let stacks: Vec<_> = cfn.stacks.values().collect();
        assert_eq!(stacks.len(), 9);
        assert!(
            stacks
                .iter()
                .all(|stack| stack.status == Status::CreateComplete),
            "{stacks:?}"
        );
        for (name, _) in story::all() {
            let mut world = estate.clone();
            story::begin(&mut world.levers, start, 1.0, &name).expect("a story that is listed");
            world.advance(start + Duration::from_secs(90));
            let refused: Vec<_> = world
                .ledger
                .entries()
                .filter(|entry| entry.error.is_some() && entry.chaos.is_none())
                .collect();
            assert!(
                refused.is_empty() && world.levers.script.is_empty(),
                "{name}: {refused:?}"
            );
        }
    }
}
