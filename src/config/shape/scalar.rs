//! A single value against its schema: a word of a list, true or false, a number, a text.

use regex::Regex;
use serde_json::Value;

use super::{Shape, describe, name};
use crate::text::diagnostic::{At, closest};
use crate::text::document::Node;

impl Shape<'_> {
    pub(super) fn word(&mut self, words: &[String], node: &Node, path: &[String]) -> Value {
        // A mapping where this version has a word.
        if let Some((key, _)) = node.entries().first()
            && self.not_built(key.at, path, &key.name)
        {
            return Value::Null;
        }
        let text = node.text().unwrap_or_default();
        if words.iter().any(|word| word == text) {
            return Value::String(text.to_owned());
        }
        let hint = closest(text, words.iter().map(String::as_str))
            .map_or_else(String::new, |near| format!("did you mean {near:?}?"));
        let says = format!(
            "{} must be one of {}, not {}",
            name(path),
            words.join(", "),
            quoted(node)
        );
        self.say("word", node.at, says, hint);
        Value::Null
    }

    pub(super) fn scalar(
        &mut self,
        kind: &str,
        schema: &Value,
        text: &str,
        plain: bool,
        at: At,
        path: &[String],
    ) -> Value {
        match kind {
            "boolean" => match text {
                "true" if plain => Value::Bool(true),
                "false" if plain => Value::Bool(false),
                _ => {
                    self.say(
                        "kind",
                        at,
                        format!("{} must be true or false, not {text:?}", name(path)),
                        "",
                    );
                    Value::Null
                }
            },
            "integer" => {
                let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
                let number = text.parse::<i64>().ok().filter(|n| {
                    #[allow(clippy::cast_precision_loss)]
                    let n = *n as f64;
                    bound("minimum").is_none_or(|min| n >= min)
                        && bound("maximum").is_none_or(|max| n <= max)
                });
                if let Some(number) = number {
                    return Value::Number(number.into());
                }
                let range = match (bound("minimum"), bound("maximum")) {
                    (Some(min), Some(max)) => format!(" from {min} to {max}"),
                    (Some(min), None) => format!(" from {min}"),
                    (None, _) => String::new(),
                };
                self.say(
                    "kind",
                    at,
                    format!("{} must be a whole number{range}, not {text:?}", name(path)),
                    "",
                );
                Value::Null
            }
            _ => {
                let fits = schema
                    .get("pattern")
                    .and_then(Value::as_str)
                    .and_then(|p| Regex::new(p).ok())
                    .is_none_or(|p| p.is_match(text));
                if !fits {
                    self.say(
                        "text",
                        at,
                        format!("{} cannot be {text:?}", name(path)),
                        describe(Some(schema)),
                    );
                }
                Value::String(text.to_owned())
            }
        }
    }
}

/// The words of an enumeration, if the schema is one.
pub(super) fn words(schema: &Value) -> Option<Vec<String>> {
    if let Some(all) = schema.get("enum").and_then(Value::as_array) {
        return Some(
            all.iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
        );
    }
    let all = schema.get("oneOf").and_then(Value::as_array)?;
    all.iter()
        .map(|one| one.get("const").and_then(Value::as_str).map(str::to_owned))
        .collect()
}

fn quoted(node: &Node) -> String {
    node.text()
        .map_or_else(|| node.word().to_owned(), |text| format!("{text:?}"))
}
