//! Stories: what happens in the practice world by itself. Data in `config/sandbox/stories.yaml`;
//! each line is a call that somebody makes at its time, or a lever that is pulled. How the estate
//! is set up is in `estate`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::call::Call;
use super::levers::{Levers, PRACTICE, Waiting};
use super::practice;
use super::who::ACCOUNT;
use crate::domain::time::Time;

const FILE: &str = include_str!("../../config/sandbox/stories.yaml");

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
    /// The seconds are those after the next call of this action, by whomever, instead.
    #[serde(default)]
    pub upon: Option<String>,
    /// Only of a call that changes something of this name.
    #[serde(default)]
    pub of: Option<String>,
    /// For which service; the levers when not given.
    #[serde(default = "practice_service")]
    pub service: String,
    /// The action.
    pub action: String,
    /// Its parameters. A `TemplateFile` names a file of the practice estate.
    #[serde(default)]
    pub params: Value,
}

fn practice_service() -> String {
    PRACTICE.to_owned()
}

/// The estate that exists when the practice world begins.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) region: String,
    pub(super) things: Vec<Thing>,
    pub(super) estate: Vec<Existing>,
    pub(super) stories: BTreeMap<String, Story>,
}

/// What exists beside stacks: the call that makes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Thing {
    pub(super) service: String,
    pub(super) action: String,
    pub(super) params: Value,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Existing {
    pub(super) stack: String,
    pub(super) template: String,
    #[serde(default)]
    pub(super) parameters: BTreeMap<String, Value>,
    #[serde(default)]
    pub(super) capabilities: Vec<String>,
}

/// The names and sentences of all stories.
#[must_use]
pub fn all() -> Vec<(String, String)> {
    read()
        .map(|file| {
            file.stories
                .into_iter()
                .map(|(name, story)| (name, story.about))
                .collect()
        })
        .unwrap_or_default()
}

/// Begins a story now.
pub fn begin(levers: &mut Levers, now: Time, pace: f64, name: &str) -> Result<(), String> {
    let file = read()?;
    let story = file.stories.get(name).ok_or_else(|| unknown(name, &file))?;
    for written in &story.lines {
        let mut params = with_time(written.params.clone(), &now.text("%H%M%S"));
        if let Some(template) = params
            .get("TemplateFile")
            .and_then(Value::as_str)
            .and_then(practice::file)
            && let Some(fields) = params.as_object_mut()
        {
            fields.insert(
                "TemplateBody".to_owned(),
                Value::String(template.to_owned()),
            );
            fields.remove("TemplateFile");
        }
        let call = Call::new(&written.service, &written.action, params).by(ACCOUNT, &file.region);
        match &written.upon {
            None => levers.plan(written.at, call, now, pace),
            Some(upon) => levers.waiting.push(Waiting {
                upon: upon.clone(),
                of: written.of.clone(),
                after: written.at,
                call,
            }),
        }
    }
    Ok(())
}

/// The region in which the practice estate is.
pub fn region() -> Result<String, String> {
    read().map(|file| file.region)
}

/// `{now}` in texts becomes the time.
fn with_time(value: Value, now: &str) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace("{now}", now)),
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| with_time(item, now)).collect())
        }
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, value)| (name, with_time(value, now)))
                .collect(),
        ),
        other => other,
    }
}

pub(super) fn read() -> Result<File, String> {
    serde_yaml::from_str(FILE).map_err(|error| format!("config/sandbox/stories.yaml: {error}"))
}

pub(super) fn unknown(name: &str, file: &File) -> String {
    let names: Vec<&str> = file.stories.keys().map(String::as_str).collect();
    format!("there is no story {name:?}; there are {}", names.join(", "))
}
