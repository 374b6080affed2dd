//! Values of a template: conditions and functions resolved against parameters, pseudo parameters
//! and other resources.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::template::{Template, get_att, sub_pieces};
use crate::sandbox::values::text_of;

/// What AWS shows for a value that is known only when the change is made.
pub const LATER: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";

/// What a resource gives for `Ref` (no attribute) or `Fn::GetAtt`; `None` when there is no such
/// thing.
pub type Lookup<'a> = &'a dyn Fn(&str, Option<&str>) -> Option<String>;

/// Everything a value may refer to.
pub struct Scope<'a> {
    /// The template: its mappings, conditions and parameter types.
    pub template: &'a Template,
    /// Resolved parameters.
    pub parameters: &'a BTreeMap<String, String>,
    /// `AWS::Region` and the like.
    pub pseudo: &'a BTreeMap<String, String>,
    /// Other resources.
    pub resources: Lookup<'a>,
    /// Exports of other stacks.
    pub exports: &'a dyn Fn(&str) -> Option<String>,
}

impl Scope<'_> {
    /// Resolves a tree. A `AWS::NoValue` takes its property away. The error is a sentence for the
    /// events.
    pub fn value(&self, raw: &Value) -> Result<Value, String> {
        match raw {
            Value::Array(items) => {
                let items: Result<Vec<Value>, String> =
                    items.iter().map(|item| self.value(item)).collect();
                Ok(Value::Array(
                    items?.into_iter().filter(|item| !item.is_null()).collect(),
                ))
            }
            Value::Object(fields) => {
                if let Some((name, argument)) = single(fields)
                    && (name == "Ref" || name.starts_with("Fn::"))
                {
                    return self.function(name, argument);
                }
                let mut out = Map::new();
                for (name, inner) in fields {
                    let value = self.value(inner)?;
                    if !value.is_null() {
                        out.insert(name.clone(), value);
                    }
                }
                Ok(Value::Object(out))
            }
            plain => Ok(plain.clone()),
        }
    }

    /// Resolves to a text.
    pub fn text(&self, raw: &Value) -> Result<String, String> {
        Ok(text_of(&self.value(raw)?))
    }

    /// Whether a named condition holds.
    pub fn condition(&self, name: &str) -> Result<bool, String> {
        let raw = self.template.part("Conditions").get(name).ok_or_else(|| {
            format!("Template format error: Unresolved condition dependency {name} in the Conditions block of the template")
        })?;
        self.test(raw, 0)
    }

    fn test(&self, raw: &Value, depth: usize) -> Result<bool, String> {
        let bad =
            || "Template error: every Condition member must be a condition function".to_owned();
        if depth > 20 {
            return Err("Template error: conditions refer to each other in a circle".to_owned());
        }
        let (name, argument) = raw.as_object().and_then(single).ok_or_else(bad)?;
        let items = argument.as_array().map_or(&[][..], Vec::as_slice);
        match (name, items) {
            ("Fn::Equals", [left, right]) => Ok(self.text(left)? == self.text(right)?),
            ("Fn::Not", [inner]) => Ok(!self.test(inner, depth + 1)?),
            ("Fn::And", inner) => inner
                .iter()
                .try_fold(true, |all, one| Ok(all & self.test(one, depth + 1)?)),
            ("Fn::Or", inner) => inner
                .iter()
                .try_fold(false, |any, one| Ok(any | self.test(one, depth + 1)?)),
            ("Condition", []) => {
                let named = argument.as_str().ok_or_else(bad)?;
                let raw = self
                    .template
                    .part("Conditions")
                    .get(named)
                    .ok_or_else(bad)?;
                self.test(raw, depth + 1)
            }
            _ => Err(bad()),
        }
    }

    fn function(&self, name: &str, argument: &Value) -> Result<Value, String> {
        let items = argument.as_array().map_or(&[][..], Vec::as_slice);
        match (name, items) {
            ("Ref", _) => self.reference(argument.as_str().unwrap_or("")),
            ("Fn::GetAtt", _) => {
                let (logical, attribute) =
                    get_att(argument).ok_or("Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute")?;
                self.attribute(&logical, &attribute)
            }
            ("Fn::Join", [separator, list]) => {
                let list = self.value(list)?;
                let parts: Vec<String> = list
                    .as_array()
                    .map_or(&[][..], Vec::as_slice)
                    .iter()
                    .map(text_of)
                    .collect();
                Ok(Value::String(parts.join(&text_of(separator))))
            }
            ("Fn::Sub", _) => self.sub(argument),
            ("Fn::If", [condition, yes, no]) => {
                let holds = self.condition(condition.as_str().unwrap_or(""))?;
                self.value(if holds { yes } else { no })
            }
            ("Fn::Select", [index, list]) => {
                let index: usize = self
                    .text(index)?
                    .parse()
                    .map_err(|_| "Template error: Fn::Select requires an index".to_owned())?;
                let list = self.value(list)?;
                list.get(index).cloned().ok_or_else(|| {
                    "Template error: Fn::Select cannot select nonexistent value at index "
                        .to_owned()
                        + &index.to_string()
                })
            }
            ("Fn::Split", [separator, text]) => {
                let text = self.text(text)?;
                Ok(json!(text.split(&text_of(separator)).collect::<Vec<_>>()))
            }
            ("Fn::FindInMap", [map, top, second]) => {
                let (map, top, second) = (self.text(map)?, self.text(top)?, self.text(second)?);
                let found = self
                    .template
                    .part("Mappings")
                    .get(&map)
                    .and_then(|map| map.get(&top))
                    .and_then(|top| top.get(&second));
                found.cloned().ok_or_else(|| {
                    format!("Template error: Unable to get mapping for {map}::{top}::{second}")
                })
            }
            ("Fn::ImportValue", _) => {
                let export = self.text(argument)?;
                let value = (self.exports)(&export)
                    .ok_or_else(|| format!("No export named {export} found."))?;
                Ok(Value::String(value))
            }
            ("Fn::Base64", _) => Ok(Value::String(base64(self.text(argument)?.as_bytes()))),
            _ => Err(format!(
                "Template error: the embedded cloud does not resolve {name} in this form"
            )),
        }
    }

    fn reference(&self, name: &str) -> Result<Value, String> {
        if name == "AWS::NoValue" {
            return Ok(Value::Null);
        }
        if let Some(value) = self.pseudo.get(name) {
            return Ok(Value::String(value.clone()));
        }
        if let Some(value) = self.parameters.get(name) {
            let kind = self
                .template
                .part("Parameters")
                .get(name)
                .and_then(|p| p.get("Type"))
                .and_then(Value::as_str)
                .unwrap_or("");
            if kind == "CommaDelimitedList" || kind.starts_with("List<") {
                return Ok(json!(value.split(',').map(str::trim).collect::<Vec<_>>()));
            }
            return Ok(Value::String(value.clone()));
        }
        (self.resources)(name, None).map(Value::String).ok_or_else(|| {
            format!("Template format error: Unresolved resource dependencies [{name}] in the Resources block of the template")
        })
    }

    fn attribute(&self, logical: &str, attribute: &str) -> Result<Value, String> {
        (self.resources)(logical, Some(attribute))
            .map(Value::String)
            .ok_or_else(|| format!("Template error: resource {logical} does not support attribute type {attribute} in Fn::GetAtt"))
    }

    fn sub(&self, argument: &Value) -> Result<Value, String> {
        let (text, own) = match argument {
            Value::String(text) => (text.as_str(), None),
            Value::Array(parts) => (
                parts.first().and_then(Value::as_str).unwrap_or(""),
                parts.get(1).and_then(Value::as_object),
            ),
            _ => {
                return Err(
                    "Template error: Fn::Sub requires a text or a text and a map".to_owned(),
                );
            }
        };
        let mut out = String::new();
        for (is_place, piece) in sub_pieces(text) {
            if !is_place {
                out.push_str(&piece);
                continue;
            }
            let value = match (own.and_then(|own| own.get(&piece)), piece.split_once('.')) {
                (Some(raw), _) => self.value(raw)?,
                (None, Some((logical, attribute))) => self.attribute(logical, attribute)?,
                (None, None) => self.reference(&piece)?,
            };
            out.push_str(&text_of(&value));
        }
        Ok(Value::String(out))
    }
}

/// True when two resolved values mean the same: `1` and `"1"` do.
#[must_use]
pub fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| same(l, r))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(name, l)| right.get(name).is_some_and(|r| same(l, r)))
        }
        (Value::Array(_) | Value::Object(_), _) | (_, Value::Array(_) | Value::Object(_)) => false,
        (left, right) => text_of(left) == text_of(right),
    }
}

fn single(fields: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut all = fields.iter();
    match (all.next(), all.next()) {
        (Some((name, value)), None) => Some((name.as_str(), value)),
        _ => None,
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .fold(0u32, |word, byte| (word << 8) | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let index = usize::try_from((word >> (18 - 6 * place)) & 63).unwrap_or(0);
            out.push(if place <= chunk.len() {
                char::from(LETTERS[index])
            } else {
                '='
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(raw: &str) -> Result<Value, String> {
        let body = "Parameters: {Env: {Type: String}, Zones: {Type: CommaDelimitedList}}\n\
            Mappings: {Sizes: {prod: {count: 3}}}\n\
            Conditions: {IsProd: !Equals [!Ref Env, prod], Both: !And [!Condition IsProd, !Not [!Equals [a, b]]], Off: !Not [!Condition IsProd]}\n\
            Resources: {Q: {Type: 'AWS::SQS::Queue'}}";
        let template = Template::read(body).unwrap();
        let parameters = BTreeMap::from([
            ("Env".to_owned(), "prod".to_owned()),
            ("Zones".to_owned(), "a, b".to_owned()),
        ]);
        let pseudo = BTreeMap::from([("AWS::Region".to_owned(), "eu-west-1".to_owned())]);
        let scope = Scope {
            template: &template,
            parameters: &parameters,
            pseudo: &pseudo,
            resources: &|logical, attribute| {
                (logical == "Q").then(|| {
                    attribute.map_or("q-url".to_owned(), |attribute| format!("q-{attribute}"))
                })
            },
            exports: &|name| (name == "shop-vpc").then(|| "vpc-1".to_owned()),
        };
        let yaml = format!("Resources: {{Q: {{Type: 'AWS::SQS::Queue'}}}}\nMetadata: {{V: {raw}}}");
        let parsed = Template::read(&yaml).unwrap().part("Metadata")["V"].clone();
        scope.value(&parsed)
    }

    #[test]
    fn functions() {
        for (raw, expected) in [
            ("!Ref Env", json!("prod")),
            ("!Ref Zones", json!(["a", "b"])),
            ("!Select [1, !Ref Zones]", json!("b")),
            ("!Split ['/', 'a/b']", json!(["a", "b"])),
            (
                "!Join ['-', [!Ref Env, 1, !Ref 'AWS::Region']]",
                json!("prod-1-eu-west-1"),
            ),
            (
                "!Sub '${Env}/${Q}/${Q.Arn}/${!Keep}'",
                json!("prod/q-url/q-Arn/${Keep}"),
            ),
            (
                "!Sub ['${A}-${Env}', {A: !GetAtt Q.Arn}]",
                json!("q-Arn-prod"),
            ),
            ("!If [IsProd, 3, 1]", json!(3)),
            ("!If [Both, yes-text, no-text]", json!("yes-text")),
            (
                "{A: !If [Off, x, !Ref 'AWS::NoValue'], B: 1}",
                json!({"B": 1}),
            ),
            ("!FindInMap [Sizes, !Ref Env, count]", json!(3)),
            ("!ImportValue shop-vpc", json!("vpc-1")),
            ("!Base64 'hold'", json!("aG9sZA==")),
        ] {
            assert_eq!(resolve(raw).unwrap(), expected, "{raw}");
        }
    }

    #[test]
    fn what_is_not_there_is_said() {
        assert_eq!(
            resolve("!ImportValue other").unwrap_err(),
            "No export named other found."
        );
        assert!(
            resolve("!If [Nope, 1, 2]")
                .unwrap_err()
                .contains("Unresolved condition dependency Nope")
        );
        assert!(
            resolve("!Select [7, !Ref Zones]")
                .unwrap_err()
                .contains("nonexistent value at index 7")
        );
    }

    #[test]
    fn numbers_and_texts_compare_as_aws_does() {
        assert!(same(&json!({"a": [1, true]}), &json!({"a": ["1", "true"]})));
        assert!(!same(&json!(["1"]), &json!("1")));
    }
}
