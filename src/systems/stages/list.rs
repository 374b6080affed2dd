//! The list of stages: what each is, what it needs, and what it is given.

mod reader;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::ids::Part;
use crate::domain::order::order;
use crate::systems::message::{Form, Message, Reading};
use crate::text::diagnostic::{At, Diagnostics};
use crate::text::document::{self, Node};

use self::reader::Reader;
use super::config::{Config, LIMITS};

/// How the list is written.
const WRITTEN: Form = Form {
    code: "stages",
    camel: false,
};

/// The kinds of stages, by what reads each.
const KINDS: [(&str, Is); 4] = [
    ("cloudformation", Is::Template),
    ("script", Is::Script),
    ("manual", Is::Manual),
    ("docker", Is::Images),
];

/// What a stage is by its kind.
#[derive(Debug, Clone, Copy)]
enum Is {
    Template,
    Script,
    Manual,
    Images,
}

/// A stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stage {
    /// Its name.
    pub(super) name: String,
    /// Those that come before it.
    pub(super) after: BTreeSet<String>,
    /// What it is.
    pub(super) kind: Kind,
}

/// What a stage is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A template of CloudFormation.
    CloudFormation(Template),
    /// Commands.
    Script(Script),
    /// Work of a person.
    Manual(Manual),
    /// Images in their registries, by the names that they have here.
    Images(BTreeMap<String, String>),
}

/// What a person is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manual {
    /// In a few words.
    pub(super) title: String,
    /// Point by point.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) checklist: Vec<String>,
}

/// A template, and what its stack is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    pub(super) path: String,
    pub(super) stack_name: String,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) inputs: BTreeMap<String, Input>,
    pub(super) capabilities: Vec<String>,
    pub(super) tags: BTreeMap<String, String>,
}

/// A value that another stage gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Input {
    /// The stage.
    pub(super) stage: String,
    /// Its output.
    pub(super) output: String,
    /// Where that is written.
    pub(super) at: At,
}

/// A command, and how it is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) command: Vec<String>,
    pub(super) files: Vec<String>,
    pub(super) env: BTreeMap<String, String>,
    pub(super) timeout: Option<String>,
    pub(super) teardown: Vec<String>,
}

/// The stages of a file.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn read(path: &str, bytes: &[u8], config: &Config) -> Result<Vec<Stage>, Diagnostics> {
    let (source, root) = document::read(path, bytes, LIMITS)?;
    let mut reading = Reading::of(&source, WRITTEN);
    let mut stages = Vec::new();
    let mut places = BTreeMap::new();
    if let Some(mut m) = Message::of(&root, path.to_owned(), &mut reading) {
        let all = m.get("stages", &mut reading);
        let all = all.map_or(&[][..], Node::entries);
        for (key, node) in all {
            let reader = Reader {
                list: path,
                config,
                names: all.iter().map(|(key, _)| key.name.as_str()).collect(),
            };
            places.insert(key.name.clone(), key.at);
            if key.name.parse::<Part>().is_err() || key.name.contains('/') {
                let says = format!("{:?} cannot be the name of a stage", key.name);
                reading.say(key.at, says, "letters, digits and '-'");
                continue;
            }
            stages.extend(reader.stage(&key.name, node, &mut reading));
        }
        if all.is_empty() {
            reading.say(
                m.at,
                format!("{path} has no stages"),
                "stages: { NAME: { kind: … } }",
            );
        }
        m.end(&mut reading);
    }
    if reading.found.is_empty() {
        givers(&stages, &mut reading);
        circle(&stages, &places, &mut reading);
    }
    if reading.found.is_empty() {
        Ok(stages)
    } else {
        reading.found.settle();
        Err(reading.found)
    }
}

/// Stacks alone have outputs.
fn givers(stages: &[Stage], reading: &mut Reading<'_>) {
    let templates = stages.iter().filter_map(|stage| match &stage.kind {
        Kind::CloudFormation(template) => Some((stage.name.as_str(), template)),
        Kind::Script(_) | Kind::Manual(_) | Kind::Images(_) => None,
    });
    let templates: BTreeMap<&str, &Template> = templates.collect();
    let images = |input: &Input| {
        let stage = stages.iter().find(|stage| stage.name == input.stage)?;
        match &stage.kind {
            Kind::Images(images) => Some(images),
            Kind::CloudFormation(_) | Kind::Script(_) | Kind::Manual(_) => None,
        }
    };
    for input in templates
        .values()
        .flat_map(|template| template.inputs.values())
    {
        if let Some(images) = images(input) {
            if !images.contains_key(&input.output) {
                let all: Vec<&str> = images.keys().map(String::as_str).collect();
                let says = format!("{} has no image {}", input.stage, input.output);
                reading.say(input.at, says, format!("there are {}", all.join(", ")));
            }
        } else if !templates.contains_key(input.stage.as_str()) {
            let says = format!("{} is no stack, and gives no {}", input.stage, input.output);
            reading.say(
                input.at,
                says,
                "a stage of the kind cloudformation has outputs, one of the kind docker images",
            );
        }
    }
}

/// Stages that wait for each other are named.
fn circle(stages: &[Stage], places: &BTreeMap<String, At>, reading: &mut Reading<'_>) {
    let edges = stages
        .iter()
        .map(|stage| (&stage.name, stage.after.iter().collect()));
    if let Err(names) = order(edges) {
        let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
        let at = names.first().and_then(|name| places.get(*name));
        let says = format!("stages wait for each other: {}", names.join(", "));
        let at = at.copied().unwrap_or_default();
        reading.say(at, says, "take one of their needs out");
    }
}
