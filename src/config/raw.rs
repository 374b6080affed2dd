//! The estate file as it is written: the types behind the JSON Schema. Everything else of this room
//! turns them into an [`Estate`].
//!
//! [`Estate`]: crate::domain::estate::Estate

use std::collections::BTreeMap;

use schemars::{JsonSchema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::shape::Unbuilt;
use crate::domain::class::EnvClass;
use crate::domain::environment::{Mode, OnFailure, QueuePolicy};
use crate::domain::tailed::Tailed;
use crate::places::{Kinds, PlaceKind};
use crate::systems::System;

/// The estate: environments, and the applications that live in them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// Where things are deployed, by name: 1 to 63 of a-z, 0-9 and '-'.
    pub(super) environments: BTreeMap<String, Environment>,
    /// What is deployed, by name.
    #[serde(default)]
    pub(super) applications: BTreeMap<String, Application>,
    /// Where the store keeps its log. This version has `sqlite`.
    #[serde(default)]
    pub(super) store: Store,
}

/// Where the store keeps its log.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Store {
    /// In a file of the person who runs the engine.
    #[default]
    Sqlite,
}

/// One environment.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Environment {
    /// What kind it is; decides levels and defaults.
    pub(super) class: EnvClass,
    /// What it says of its places, by the keys of their kinds. They are part of the schema by
    /// [`schema`].
    #[serde(flatten)]
    #[schemars(skip)]
    pub(super) places: Map<String, Value>,
    /// What a failed deployment does to its stack: `break` in production and staging, `continue`
    /// elsewhere.
    #[serde(default)]
    pub(super) on_failure: Option<OnFailure>,
    /// What a deployment does that is asked for while another one waits or runs.
    #[serde(default)]
    pub(super) queue: QueuePolicy,
    /// Deploy, or only look.
    #[serde(default)]
    pub(super) mode: Mode,
    /// The lowest level of any change here, 0 to 4; it can only raise.
    #[serde(default)]
    #[schemars(range(min = 0, max = 4))]
    pub(super) min_level: Option<u8>,
    /// How long a hold waits before it rejects, for example `24h`, which is the default.
    #[serde(default)]
    pub(super) hold_expiry: Option<String>,
}

/// One application: exactly one entry of a system, and what all systems have alike. Entries are
/// part of the schema by [`schema`].
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Application {
    /// The entries by the name of their system.
    #[serde(flatten)]
    #[schemars(skip)]
    pub(super) entries: BTreeMap<String, Value>,
    /// Where it lives.
    #[schemars(length(min = 1))]
    pub(super) environments: Vec<String>,
    /// Applications that come first in `deploy --all`.
    #[serde(default)]
    pub(super) depends_on: Vec<String>,
    /// What to tail beside its deployments.
    #[serde(default)]
    pub(super) watch: Watch,
}

/// What to tail beside deployments.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Watch {
    /// CloudWatch log groups; `{env}` stands for the environment.
    pub(super) logs: Vec<String>,
    /// Projects of CodeBuild, whose builds are followed; `{env}` stands for the environment.
    pub(super) codebuild: Vec<String>,
}

impl Watch {
    /// What is tailed, by the names that specs have for it.
    pub(super) fn tails(&self) -> Vec<String> {
        let builds = self.codebuild.iter();
        let builds = builds.map(|project| Tailed::builds(project));
        self.logs.iter().cloned().chain(builds).collect()
    }
}

/// The JSON Schema of an estate file with the entries of these systems and places of these kinds.
pub(super) fn schema(systems: &[&dyn System], kinds: Kinds) -> Value {
    let mut generator = SchemaGenerator::default();
    let places: Map<String, Value> = kinds
        .iter()
        .flat_map(|kind| keys(*kind, &mut generator))
        .collect();
    let entries: Map<String, Value> = systems
        .iter()
        .map(|system| {
            let mut entry = (system.form().schema)(&mut generator).to_value();
            // The words of a type stand at its definition; an editor shows those at the key.
            let words = entry
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|at| generator.definitions().get(at.rsplit('/').next()?));
            let words = words
                .and_then(|definition| definition.get("description"))
                .cloned();
            if let (Some(fields), Some(words)) = (entry.as_object_mut(), words) {
                fields.insert("description".to_owned(), words);
            }
            (system.name().to_owned(), entry)
        })
        .collect();
    let mut schema = generator.into_root_schema_for::<File>().to_value();
    for (of, more) in [
        ("/$defs/Application", entries),
        ("/$defs/Environment", places),
    ] {
        let Some(of) = schema.pointer_mut(of).and_then(Value::as_object_mut) else {
            continue;
        };
        of.insert("additionalProperties".to_owned(), Value::Bool(false));
        if let Some(properties) = of.get_mut("properties").and_then(Value::as_object_mut) {
            properties.extend(more);
        }
    }
    schema
}

/// The keys of a kind in an environment, with their schemas.
pub(super) fn keys(kind: &dyn PlaceKind, generator: &mut SchemaGenerator) -> Map<String, Value> {
    let mut schema = kind.schema(generator).to_value();
    match schema.get_mut("properties").map(Value::take) {
        Some(Value::Object(keys)) => keys,
        _ => Map::new(),
    }
}

/// What these systems and this file format have a place for and this version does not do, but for
/// what a system is there for.
pub(super) fn unbuilt(systems: &[&dyn System]) -> Vec<Unbuilt> {
    let built = |name: &str| systems.iter().any(|system| system.name() == name);
    let of_file = UNBUILT
        .iter()
        .filter(|(at, key, _)| *at != "applications.*" || !built(key));
    let of_file = of_file.map(|(at, key, what)| Unbuilt {
        at: (*at).to_owned(),
        key,
        what,
    });
    let of_systems = systems.iter().flat_map(|system| {
        let at = format!("applications.*.{}", system.name());
        system
            .form()
            .unbuilt
            .iter()
            .map(move |(key, what)| Unbuilt {
                at: at.clone(),
                key,
                what,
            })
    });
    of_file.chain(of_systems).collect()
}

/// What the file format has a place for and this version does not do. Refused by name: a policy
/// that is not honoured must not look as if it were.
const UNBUILT: &[(&str, &str, &str)] = &[
    ("", "people", "people beyond the store's owner are"),
    ("", "rights", "rights beyond those of the store's owner are"),
    ("", "policies", "policies over several people are"),
    (
        "environments.*",
        "people",
        "people beyond the store's owner are",
    ),
    (
        "environments.*",
        "rights",
        "rights beyond those of the store's owner are",
    ),
    (
        "environments.*",
        "approvers",
        "a second person's approval is",
    ),
    (
        "environments.*",
        "self_approval",
        "a second person's approval is",
    ),
    (
        "environments.*",
        "policies",
        "policies over several people are",
    ),
    ("environments.*", "deny", "denied actions are"),
    ("environments.*", "freeze_windows", "freeze windows are"),
    ("applications.*", "mach", "MACH configurations are"),
    ("applications.*", "review", "review environments are"),
    ("store", "postgres_env", "a store on Postgres is"),
];
