//! What a task runs: a task definition with all that was registered, and what the embedded cloud
//! itself reads of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::domain::time::Time;
use crate::sandbox::call::Params;
use crate::sandbox::values::{number, seconds, text_of};

/// Fields whose own fields are names that their writer chose.
const FREE: [&str; 4] = ["options", "dockerLabels", "driverOpts", "labels"];
/// Fields that are numbers, also where a template has them as texts.
const NUMBERS: [&str; 13] = [
    "cpu",
    "memory",
    "memoryReservation",
    "containerPort",
    "hostPort",
    "startTimeout",
    "stopTimeout",
    "interval",
    "timeout",
    "retries",
    "startPeriod",
    "softLimit",
    "hardLimit",
];
/// Fields that are true or false, also where a template has them as texts.
const FLAGS: [&str; 7] = [
    "essential",
    "readonlyRootFilesystem",
    "readOnly",
    "privileged",
    "interactive",
    "pseudoTerminal",
    "disableNetworking",
];

/// What a task runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TaskDefinition {
    /// Its family.
    pub family: String,
    /// False once it was deregistered.
    pub active: bool,
    /// Its containers.
    pub containers: Vec<Container>,
    /// All that was registered, under the names of the API, without its tags.
    #[serde(default)]
    pub given: Map<String, Value>,
    /// Its tags, as `{"key": ..., "value": ...}`.
    #[serde(default)]
    pub tags: Vec<Value>,
    /// When it was registered.
    #[serde(default)]
    pub registered: Time,
    /// When it was deregistered.
    #[serde(default)]
    pub retired: Option<Time>,
}

/// One container, as far as it is played.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Its image.
    pub image: String,
    /// The log group of its `awslogs` options.
    pub group: Option<String>,
    /// The stream prefix of its `awslogs` options.
    pub prefix: Option<String>,
    /// Its variables.
    pub variables: BTreeMap<String, String>,
    /// Whether the task ends when it ends.
    #[serde(default = "yes")]
    pub essential: bool,
    /// Whether its log group is made where there is none.
    #[serde(default)]
    pub makes_group: bool,
    /// What it runs.
    #[serde(default)]
    pub command: Vec<String>,
}

impl TaskDefinition {
    /// Reads the parameters of `RegisterTaskDefinition`, or the properties of a
    /// `AWS::ECS::TaskDefinition`, whose names start with a capital.
    #[must_use]
    pub fn read(family: &str, properties: &Value, now: Time) -> Self {
        let mut given = match camel(properties) {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        let tags = match given.remove("tags") {
            Some(Value::Array(tags)) => tags,
            _ => Vec::new(),
        };
        // Of the task these two are texts.
        for name in ["cpu", "memory"] {
            if let Some(value) = given.get_mut(name) {
                *value = Value::String(text_of(value));
            }
        }
        if let Some(Value::Array(all)) = given.get_mut("containerDefinitions") {
            all.iter_mut().for_each(complete);
        }
        let list = given.get("containerDefinitions").and_then(Value::as_array);
        Self {
            family: family.to_owned(),
            active: true,
            containers: list.into_iter().flatten().map(Container::read).collect(),
            given,
            tags,
            registered: now,
            retired: None,
        }
    }

    /// Nothing runs it any more.
    pub fn retire(&mut self, now: Time) {
        if self.active {
            self.active = false;
            self.retired = Some(now);
        }
    }

    /// A text of what was registered.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.given.get(name).and_then(Value::as_str)
    }

    /// As it is told.
    #[must_use]
    pub fn shown(&self, arn: &str) -> Value {
        let mut told = self.given.clone();
        if told.is_empty() {
            let all = self.containers.iter();
            let all = all.map(|one| json!({ "name": one.name, "image": one.image }));
            told.insert("containerDefinitions".to_owned(), all.collect());
        }
        for name in ["volumes", "placementConstraints"] {
            told.entry(name).or_insert_with(|| json!([]));
        }
        let is_serverless = self.text("networkMode") == Some("awsvpc")
            && ["cpu", "memory"]
                .iter()
                .all(|name| told.contains_key(*name));
        let fits = if is_serverless {
            json!(["EC2", "FARGATE"])
        } else {
            json!(["EC2"])
        };
        let status = if self.active { "ACTIVE" } else { "INACTIVE" };
        for (name, value) in [
            ("taskDefinitionArn", json!(arn)),
            ("family", json!(self.family)),
            ("revision", json!(revision(arn))),
            ("status", json!(status)),
            ("compatibilities", fits),
            ("registeredAt", seconds(self.registered)),
            ("deregisteredAt", json!(self.retired.map(seconds))),
        ] {
            told.insert(name.to_owned(), value);
        }
        Value::Object(told)
    }
}

impl Container {
    fn read(raw: &Value) -> Self {
        let container = Params(raw);
        let text = |name: &str| raw.get(name).map(text_of).unwrap_or_default();
        let logs = raw.get("logConfiguration").unwrap_or(&Value::Null);
        let is_awslogs = Params(logs)
            .text("logDriver")
            .is_none_or(|driver| driver == "awslogs");
        let options = logs.get("options").filter(|_| is_awslogs);
        let option = |name: &str| options.and_then(|options| options.get(name)).map(text_of);
        let variables = container.list("environment").iter();
        Self {
            name: text("name"),
            image: text("image"),
            group: option("awslogs-group"),
            prefix: option("awslogs-stream-prefix"),
            variables: variables.filter_map(pair).collect(),
            essential: raw.get("essential").is_none_or(|flag| flag == true),
            makes_group: option("awslogs-create-group").as_deref() == Some("true"),
            command: container
                .texts("command")
                .into_iter()
                .map(str::to_owned)
                .collect(),
        }
    }
}

/// A variable and its value.
pub(super) fn pair(raw: &Value) -> Option<(String, String)> {
    Some((text_of(raw.get("name")?), text_of(raw.get("value")?)))
}

/// The number at the end of the ARN of a task definition.
#[must_use]
pub fn revision(arn: &str) -> Option<u64> {
    arn.rsplit(':').next()?.parse().ok()
}

/// What every container has, also where nothing is said of it; and its numbers as numbers.
fn complete(container: &mut Value) {
    typed(container);
    let Some(fields) = container.as_object_mut() else {
        return;
    };
    fields.entry("essential").or_insert(Value::Bool(true));
    fields.entry("cpu").or_insert_with(|| json!(0));
    for name in ["environment", "mountPoints", "portMappings", "volumesFrom"] {
        fields.entry(name).or_insert_with(|| json!([]));
    }
}

fn typed(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(typed),
        Value::Object(fields) => {
            for (name, inner) in fields {
                if FREE.contains(&name.as_str()) {
                } else if NUMBERS.contains(&name.as_str()) {
                    if let Some(number) = number(inner) {
                        *inner = json!(number);
                    }
                } else if FLAGS.contains(&name.as_str()) {
                    if let Some(flag) = inner.as_str() {
                        *inner = json!(flag == "true");
                    }
                } else {
                    typed(inner);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The same tree under the names of the API.
fn camel(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(camel).collect()),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, inner)| {
                let name = small(name);
                let is_free = FREE.contains(&name.as_str());
                (name, if is_free { inner.clone() } else { camel(inner) })
            });
            Value::Object(fields.collect())
        }
        plain => plain.clone(),
    }
}

fn small(name: &str) -> String {
    match name {
        "EFSVolumeConfiguration" => "efsVolumeConfiguration".to_owned(),
        "FSxWindowsFileServerVolumeConfiguration" => {
            "fsxWindowsFileServerVolumeConfiguration".to_owned()
        }
        _ => {
            let mut letters = name.chars();
            let first = letters.next().into_iter().flat_map(char::to_lowercase);
            first.chain(letters).collect()
        }
    }
}

fn yes() -> bool {
    true
}
