//! The embedded cloud's own levers, for tests and for practice: mishaps, scripted failures, live tails that break.

use serde_json::{Value, json};

use super::call::{Answer, AwsError, Call, Service};
use super::world::World;

/// Pulls a lever.
pub fn call(world: &mut World, call: &Call) -> (Answer, Option<String>) {
    match pull(world, call) {
        Ok(effect) => (Ok(json!({ "done": effect })), Some(effect)),
        Err(error) => (Err(error), None),
    }
}

/// The call that begins a story.
#[must_use]
pub fn story(name: &str) -> Call {
    lever("Story", json!({ "Name": name }))
}

/// A call that pulls a lever.
#[must_use]
pub fn lever(action: &str, params: Value) -> Call {
    Call { service: Service::Practice, action: action.to_owned(), params, access_key: String::new(), region: String::new() }
}

fn pull(world: &mut World, call: &Call) -> Result<String, AwsError> {
    let bad = |error: serde_json::Error| AwsError::validation(format!("{}: {error}", call.action));
    match call.action.as_str() {
        "Chaos" => {
            let rule: super::chaos::Rule = serde_json::from_value(call.params.clone()).map_err(bad)?;
            let text = format!("chaos {:?}", rule.kind);
            world.chaos.add(rule);
            Ok(text)
        }
        "Calm" => {
            world.chaos.clear();
            world.scripted.clear();
            Ok("calm".to_owned())
        }
        "Fail" => {
            let scripted: super::world::Scripted = serde_json::from_value(call.params.clone()).map_err(bad)?;
            let text =
                format!("next {} of {} meets {}", scripted.logical, scripted.stack, scripted.reason.as_deref().unwrap_or("slowness"));
            world.scripted.push(scripted);
            Ok(text)
        }
        "Story" => {
            let name = call.params.get("Name").and_then(Value::as_str).unwrap_or("");
            super::story::begin(world, name).map_err(AwsError::validation)?;
            Ok(format!("story {name}"))
        }
        "BreakTails" => {
            world.tails += 1;
            Ok("live tails end".to_owned())
        }
        action => Err(AwsError::new("InvalidAction", format!("there is no lever {action}"))),
    }
}
