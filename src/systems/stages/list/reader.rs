//! One stage of the list as it is read, with the values of the configuration put into its words.

use std::collections::{BTreeMap, BTreeSet};

use super::super::config::{Config, Value};
use super::{Input, Is, KINDS, Kind, Manual, Script, Stage, Template};
use crate::domain::relative::joined;
use crate::forms::image::{is_repository, repository};
use crate::systems::message::{Message, Reading};
use crate::text::diagnostic::{At, closest};
use crate::text::document::Node;

/// What reads stages.
pub(super) struct Reader<'a> {
    /// The file: paths of stages are beside it.
    pub(super) list: &'a str,
    pub(super) config: &'a Config,
    /// Of all stages.
    pub(super) names: BTreeSet<&'a str>,
}

impl Reader<'_> {
    pub(super) fn stage(
        &self,
        name: &str,
        node: &Node,
        reading: &mut Reading<'_>,
    ) -> Option<Stage> {
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
        let kind = match m.one_of("kind", "", &KINDS, reading)? {
            Is::Template => {
                let template = self.template(name, &mut m, reading);
                let inputs = template.iter();
                let inputs = inputs.flat_map(|template| template.inputs.values());
                after.extend(inputs.map(|input| input.stage.clone()));
                template.map(Kind::CloudFormation)
            }
            Is::Script => self.script(&mut m, reading).map(Kind::Script),
            Is::Manual => self.manual(&mut m, reading).map(Kind::Manual),
            Is::Images => self.images(&mut m, reading).map(Kind::Images),
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

    fn images(
        &self,
        m: &mut Message<'_>,
        reading: &mut Reading<'_>,
    ) -> Option<BTreeMap<String, String>> {
        let mut all = BTreeMap::new();
        let written = texts("images", m, reading);
        if written.is_empty() {
            let says = format!("{} has no images", m.what());
            reading.say(m.at, says, "images: { NAME: REGISTRY/NAME:TAG }");
        }
        for (name, text, at) in written {
            let Some(image) = self.text(&text, at, reading) else {
                continue;
            };
            let is_name = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
            let tag = image.strip_prefix(repository(&image)).unwrap_or_default();
            let is_tag = |b: u8| b.is_ascii_alphanumeric() || b"-_.:@".contains(&b);
            if name.is_empty() || !name.bytes().all(is_name) {
                let says = format!("{name:?} cannot be the name of an image here");
                reading.say(at, says, "letters, digits, '-' and '_'");
            } else if !is_repository(repository(&image)) || !tag.bytes().all(is_tag) {
                let says = format!("{image:?} is no image in a registry");
                reading.say(
                    at,
                    says,
                    "REGISTRY/NAME:TAG, as docker.io/library/busybox:1.36",
                );
            } else {
                all.insert(name, image);
            }
        }
        (!all.is_empty()).then_some(all)
    }

    fn manual(&self, m: &mut Message<'_>, reading: &mut Reading<'_>) -> Option<Manual> {
        let title = m.needed("title", reading);
        let title = title.and_then(|word| self.text(&word.text, word.at, reading));
        let points = m.texts("checklist", reading).into_iter();
        let points = points.filter_map(|word| self.text(&word.text, word.at, reading));
        let checklist = points.collect();
        Some(Manual {
            title: title?,
            checklist,
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
    let Some(node) = m.mapping(key, reading) else {
        return Vec::new();
    };
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
