//! The list of stages: what each is, what it needs, and what it is given.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::ids::Part;
use crate::domain::order::order;
use crate::domain::relative::joined;
use crate::systems::message::{Form, Message, Reading};
use crate::text::diagnostic::{At, Diagnostics, closest};
use crate::text::document::{self, Content, Node};

use super::config::{Config, LIMITS, Value};

/// How the list is written.
const WRITTEN: Form = Form {
    code: "stages",
    camel: false,
};

/// The kinds of stages: whether each is a stack.
const KINDS: [(&str, bool); 2] = [("cloudformation", true), ("script", false)];

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
        Kind::Script(_) => None,
    });
    let templates: BTreeMap<&str, &Template> = templates.collect();
    for input in templates
        .values()
        .flat_map(|template| template.inputs.values())
    {
        if !templates.contains_key(input.stage.as_str()) {
            let says = format!("{} is no stack, and gives no {}", input.stage, input.output);
            reading.say(
                input.at,
                says,
                "a stage of the kind cloudformation has outputs",
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

struct Reader<'a> {
    /// The file: paths of stages are beside it.
    list: &'a str,
    config: &'a Config,
    names: BTreeSet<&'a str>,
}

impl Reader<'_> {
    fn stage(&self, name: &str, node: &Node, reading: &mut Reading<'_>) -> Option<Stage> {
        let mut m = Message::of(node, format!("the stage {name}"), reading)?;
        let mut after = BTreeSet::new();
        for need in m.texts("needs", reading) {
            if need.text == name {
                reading.say(need.at, format!("{name} needs itself"), "");
            } else if self.is_stage(&need.text, need.at, reading) {
                after.insert(need.text);
            }
        }
        m.needed("kind", reading)?;
        let kind = if m.one_of("kind", "", &KINDS, reading)? {
            let template = self.template(name, &mut m, reading);
            let inputs = template
                .iter()
                .flat_map(|template| template.inputs.values());
            after.extend(inputs.map(|input| input.stage.clone()));
            template.map(Kind::CloudFormation)
        } else {
            self.script(&mut m, reading).map(Kind::Script)
        };
        m.end(reading);
        Some(Stage {
            name: name.to_owned(),
            after,
            kind: kind?,
        })
    }

    fn is_stage(&self, name: &str, at: At, reading: &mut Reading<'_>) -> bool {
        if self.names.contains(name) {
            return true;
        }
        let near = closest(name, self.names.iter().copied());
        let hint = near.map_or_else(
            || {
                let all: Vec<&str> = self.names.iter().copied().collect();
                format!("there are {}", all.join(", "))
            },
            |near| format!("did you mean {near:?}?"),
        );
        reading.say(at, format!("there is no stage {name:?}"), hint);
        false
    }

    fn template(
        &self,
        name: &str,
        m: &mut Message<'_>,
        reading: &mut Reading<'_>,
    ) -> Option<Template> {
        let path = m.needed("template", reading);
        let path = path.and_then(|word| self.path(&word.text, word.at, reading));
        let stack_name = m.needed("stack_name", reading);
        let stack_name = stack_name.and_then(|word| self.text(&word.text, word.at, reading));
        let mut inputs = BTreeMap::new();
        let mut parameters = BTreeMap::new();
        for (key, text, at) in texts("parameters", m, reading) {
            let of_stage = text
                .strip_prefix("${")
                .and_then(|rest| rest.strip_suffix('}'))
                .and_then(|inner| inner.split_once('.'));
            if let Some((stage, output)) = of_stage {
                if stage == name {
                    reading.say(at, format!("{name} is given what it gives itself"), "");
                } else if self.is_stage(stage, at, reading) {
                    let input = Input {
                        stage: stage.to_owned(),
                        output: output.to_owned(),
                        at,
                    };
                    inputs.insert(key, input);
                }
            } else if let Some(text) = self.text(&text, at, reading) {
                parameters.insert(key, text);
            }
        }
        let capabilities = m.texts("capabilities", reading);
        let tags = texts("tags", m, reading)
            .into_iter()
            .filter_map(|(key, text, at)| Some((key, self.text(&text, at, reading)?)))
            .collect();
        Some(Template {
            path: path?,
            stack_name: stack_name?,
            parameters,
            inputs,
            capabilities: capabilities.into_iter().map(|word| word.text).collect(),
            tags,
        })
    }

    fn script(&self, m: &mut Message<'_>, reading: &mut Reading<'_>) -> Option<Script> {
        let mut words = |key: &'static str, reading: &mut Reading<'_>| -> Vec<String> {
            let all = m.texts(key, reading).into_iter().enumerate();
            all.filter_map(|(n, word)| match word.text.as_str() {
                // A program of the estate.
                text if n == 0 && text.contains('/') && !text.starts_with('/') => {
                    self.path(text, word.at, reading)
                }
                text => self.text(text, word.at, reading),
            })
            .collect()
        };
        let (command, teardown) = (words("command", reading), words("teardown", reading));
        let files = m.texts("files", reading);
        let files = files
            .into_iter()
            .filter_map(|word| self.path(&word.text, word.at, reading))
            .collect();
        let env = texts("env", m, reading)
            .into_iter()
            .filter_map(|(key, text, at)| Some((key, self.text(&text, at, reading)?)))
            .collect();
        let timeout = m.text("timeout", reading).map(|word| word.text);
        if command.is_empty() {
            let says = format!("{} has no command", m.what());
            reading.say(m.at, says, "command: [PROGRAM, ARGUMENT, …]");
            return None;
        }
        Some(Script {
            command,
            files,
            env,
            timeout,
            teardown,
        })
    }

    /// A path beside the list, below the estate's folder.
    fn path(&self, text: &str, at: At, reading: &mut Reading<'_>) -> Option<String> {
        let text = self.text(text, at, reading)?;
        joined(self.list, &text)
            .map_err(|says| reading.say(at, says, "paths are beside the list of stages"))
            .ok()
    }

    /// A text with the values of the configuration in it.
    fn text(&self, text: &str, at: At, reading: &mut Reading<'_>) -> Option<String> {
        let (mut put, mut rest, mut is_whole) = (String::new(), text, true);
        while let Some(begin) = rest.find("${") {
            let Some(end) = rest[begin..].find('}') else {
                reading.say(
                    at,
                    format!("{text:?} has a reference without an end"),
                    "${NAME}",
                );
                return None;
            };
            put.push_str(&rest[..begin]);
            let name = &rest[begin + 2..begin + end];
            match self.value(name, at, reading) {
                Some(value) => put.push_str(&value),
                None => is_whole = false,
            }
            rest = &rest[begin + end + 1..];
        }
        put.push_str(rest);
        is_whole.then_some(put)
    }

    fn value(&self, name: &str, at: At, reading: &mut Reading<'_>) -> Option<String> {
        let file = &self.config.file;
        match self.config.get(name) {
            Some(Value::Text(text)) => return Some(text.clone()),
            Some(Value::Secret) => reading.coded(
                "secret",
                at,
                format!("{name} is a secret, and stands in {file} in clear text"),
                "keep it in Secrets Manager, and write \"{{resolve:secretsmanager:…}}\" in its place: CloudFormation reads it there",
            ),
            Some(Value::Other) => {
                reading.say(at, format!("{name} of {file} is no value"), "a text, a number or a list of them");
            }
            None if name.contains('.') => reading.say(
                at,
                format!("{name} is what a stage gives, and stands amid a text"),
                "let it be all of the value of a parameter",
            ),
            None if file.is_empty() => {
                reading.say(at, format!("there is no {name}: no config is named"), "add config: FILE to `stages:` in the estate file");
            }
            None => {
                let near = closest(name, self.config.names());
                let hint = near.map_or_else(String::new, |near| format!("did you mean {near:?}?"));
                reading.say(at, format!("{file} has no {name}"), hint);
            }
        }
        None
    }
}

/// The texts under a key that is a mapping, each with its place.
fn texts(
    key: &'static str,
    m: &mut Message<'_>,
    reading: &mut Reading<'_>,
) -> Vec<(String, String, At)> {
    let Some(node) = m.get(key, reading) else {
        return Vec::new();
    };
    if !matches!(node.content, Content::Map(_)) {
        let says = format!(
            "{key} of {} is {}, and must be a mapping",
            m.what(),
            node.word()
        );
        reading.say(node.at, says, "");
    }
    let mut all = Vec::new();
    for (name, value) in node.entries() {
        if let Some(text) = value.text() {
            all.push((name.name.clone(), text.to_owned(), value.at));
        } else {
            let says = format!("{} is {}, and must be a text", name.name, value.word());
            reading.say(value.at, says, "");
        }
    }
    all
}
