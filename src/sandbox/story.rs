//! Stories: what happens in the practice world by itself. Data in `config/sandbox/stories.yaml`; each line is a call that
//! somebody makes at its time, or a lever that is pulled.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::call::{Call, Service};
use super::practice;
use super::world::{ACCOUNT, World};
use crate::domain::time::Time;

const FILE: &str = include_str!("../../config/sandbox/stories.yaml");

/// Something that is still to happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// When.
    pub at: Time,
    /// What.
    pub call: Call,
}

/// A story as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Story {
    /// What it shows, one sentence.
    pub about: String,
    /// What happens.
    #[serde(default)]
    pub lines: Vec<Written>,
}

/// A line as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// Seconds after the story begins, at normal pace.
    pub at: f64,
    /// For which service; the levers when not given.
    #[serde(default = "practice_service")]
    pub service: Service,
    /// The action.
    pub action: String,
    /// Its parameters. A `TemplateFile` names a file of the practice estate.
    #[serde(default)]
    pub params: Value,
}

fn practice_service() -> Service {
    Service::Practice
}

/// The estate that exists when the practice world begins.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    region: String,
    estate: Vec<Existing>,
    stories: BTreeMap<String, Story>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Existing {
    stack: String,
    template: String,
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
    #[serde(default)]
    capabilities: Vec<String>,
}

/// The names and sentences of all stories.
#[must_use]
pub fn all() -> Vec<(String, String)> {
    read().map(|file| file.stories.into_iter().map(|(name, story)| (name, story.about)).collect()).unwrap_or_default()
}

/// Puts the practice estate into a new world as if it had been there for days, and begins a story.
pub fn set_up(world: &mut World, story: &str, tags: &BTreeMap<String, String>, now: Time) -> Result<(), String> {
    let file = read()?;
    if !file.stories.contains_key(story) {
        return Err(unknown(story, &file));
    }
    world.now = now - Duration::from_hours(9 * 24);
    let pace = std::mem::replace(&mut world.pace, 1.0);
    for existing in &file.estate {
        let body = practice::file(&existing.template).ok_or_else(|| format!("{} is not in the practice estate", existing.template))?;
        let parameters: Vec<Value> =
            existing.parameters.iter().map(|(name, value)| json!({"ParameterKey": name, "ParameterValue": value})).collect();
        let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        let params = json!({
            "StackName": existing.stack, "TemplateBody": body, "Parameters": parameters, "Capabilities": existing.capabilities, "Tags": tags,
        });
        let call = call(Service::CloudFormation, "CreateStack", params, &file.region);
        world.call(world.now, &call).answer.map_err(|error| format!("{}: {error}", existing.stack))?;
        world.advance(world.now + Duration::from_mins(3));
    }
    world.pace = pace;
    world.advance(now);
    begin(world, story)
}

/// Begins a story now.
pub fn begin(world: &mut World, name: &str) -> Result<(), String> {
    let file = read()?;
    let story = file.stories.get(name).ok_or_else(|| unknown(name, &file))?;
    let pace = world.pace.max(0.001);
    for written in &story.lines {
        let mut params = with_time(written.params.clone(), &world.now.text("%H%M%S"));
        if let Some(template) = params.get("TemplateFile").and_then(Value::as_str).and_then(practice::file)
            && let Some(fields) = params.as_object_mut()
        {
            fields.insert("TemplateBody".to_owned(), Value::String(template.to_owned()));
            fields.remove("TemplateFile");
        }
        let at = world.now + Duration::from_secs_f64((written.at / pace).max(0.0));
        world.script.push(Line { at, call: call(written.service, &written.action, params, &file.region) });
    }
    world.script.sort_by_key(|line| line.at);
    Ok(())
}

/// Plays one line. A call that AWS would refuse now is in the ledger as refused, like any other.
pub fn play(world: &mut World, line: &Line) {
    let now = world.now;
    world.call(now, &line.call);
}

/// `{now}` in texts becomes the time.
fn with_time(value: Value, now: &str) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace("{now}", now)),
        Value::Array(items) => Value::Array(items.into_iter().map(|item| with_time(item, now)).collect()),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(name, value)| (name, with_time(value, now))).collect()),
        other => other,
    }
}

fn call(service: Service, action: &str, params: Value, region: &str) -> Call {
    Call { service, action: action.to_owned(), params, access_key: ACCOUNT.to_owned(), region: region.to_owned() }
}

fn read() -> Result<File, String> {
    serde_yaml::from_str(FILE).map_err(|error| format!("config/sandbox/stories.yaml: {error}"))
}

fn unknown(name: &str, file: &File) -> String {
    let names: Vec<&str> = file.stories.keys().map(String::as_str).collect();
    format!("there is no story {name:?}; there are {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::cfn::Status;

    /// The estate stands, and every story is played on it to its end: no line is refused.
    #[test]
    fn every_story_can_be_played() {
        let start = Time(1_700_000_000_000);
        let mut estate = World::new(start, 7, 1.0);
        set_up(&mut estate, "good", &BTreeMap::new(), start).expect("the estate");
        let stacks: Vec<_> = estate.realms.values().flat_map(|realm| realm.stacks.values()).collect();
        assert_eq!(stacks.len(), 8);
        assert!(stacks.iter().all(|stack| stack.status == Status::CreateComplete), "{stacks:?}");
        for (name, _) in all() {
            let mut world = estate.clone();
            begin(&mut world, &name).expect("a story that is listed");
            world.advance(start + Duration::from_secs(90));
            let refused: Vec<_> = world.ledger.entries().filter(|entry| entry.error.is_some() && entry.chaos.is_none()).collect();
            assert!(refused.is_empty() && world.script.is_empty(), "{name}: {refused:?}");
        }
    }
}
