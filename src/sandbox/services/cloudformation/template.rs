//! A template as text (YAML with CloudFormation's short tags, or JSON) and as a checked tree.
//! Refusals are AWS's own sentences.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Number, Value, json};

use crate::sandbox::call::AwsError;
use crate::sandbox::catalog::Catalog;
use crate::text::document::{self, Content, Limits, Node};

/// The largest template; a request may hold less.
const LARGEST: usize = 1_000_000;

/// A template that was read and checked.
#[derive(Debug, Clone)]
pub struct Template {
    root: Value,
}

impl Template {
    /// Reads and checks a template.
    pub fn read(body: &str) -> Result<Self, AwsError> {
        if body.len() > LARGEST {
            return Err(AwsError::validation(format!(
                "Template may not exceed {LARGEST} bytes in size."
            )));
        }
        let template = Self { root: parse(body)? };
        template.check()?;
        Ok(template)
    }

    /// A part of the template: `Parameters`, `Outputs` and so on; an empty one when missing.
    #[must_use]
    pub fn part(&self, name: &str) -> &Map<String, Value> {
        static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
        self.root
            .get(name)
            .and_then(Value::as_object)
            .unwrap_or(&NONE)
    }

    /// The description.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.root.get("Description").and_then(Value::as_str)
    }

    /// The resource of this logical id.
    #[must_use]
    pub fn resource(&self, logical: &str) -> Option<Definition<'_>> {
        self.part("Resources").get(logical).map(Definition)
    }

    /// What a resource needs first: what it refers to and what `DependsOn` says.
    #[must_use]
    pub fn needs(&self, logical: &str) -> BTreeSet<String> {
        let mut needs = BTreeSet::new();
        if let Some(definition) = self.resource(logical) {
            references(definition.0, &mut |name, _| {
                needs.insert(name.to_owned());
            });
            needs.extend(definition.depends_on().map(str::to_owned));
        }
        needs.retain(|name| name != logical && self.part("Resources").contains_key(name));
        needs
    }

    /// Refuses resource types that are nowhere.
    pub fn check_types(&self, catalog: &Catalog) -> Result<(), AwsError> {
        let kinds = self
            .part("Resources")
            .values()
            .map(|raw| Definition(raw).kind());
        let unknown: BTreeSet<&str> = kinds.filter(|kind| catalog.kind(kind).is_none()).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = unknown.into_iter().collect();
        Err(AwsError::validation(format!(
            "Template format error: Unrecognized resource types: [{}]",
            names.join(", ")
        )))
    }

    /// The capabilities that the caller must acknowledge.
    #[must_use]
    pub fn capabilities(&self, catalog: &Catalog) -> BTreeSet<String> {
        self.part("Resources")
            .values()
            .map(Definition)
            .filter_map(|definition| {
                let kind = catalog.kind(definition.kind())?;
                let capability = kind.capability.as_deref()?;
                let named = kind
                    .name
                    .as_ref()
                    .is_some_and(|name| definition.properties().get(name).is_some());
                Some(if named {
                    "CAPABILITY_NAMED_IAM".to_owned()
                } else {
                    capability.to_owned()
                })
            })
            .collect()
    }

    fn check(&self) -> Result<(), AwsError> {
        if !self.root.is_object() {
            return Err(AwsError::validation(
                "Template format error: unsupported structure.",
            ));
        }
        let resources = self.part("Resources");
        if resources.is_empty() {
            return Err(AwsError::validation(
                "Template format error: At least one Resources member must be defined.",
            ));
        }
        let untyped = resources
            .iter()
            .find(|(_, raw)| Definition(raw).kind().is_empty());
        if let Some((logical, _)) = untyped {
            return Err(AwsError::validation(format!(
                "Template format error: [/Resources/{logical}] Every Resources object must contain a Type member."
            )));
        }
        self.check_references()?;
        self.check_cycles()
    }

    fn check_references(&self) -> Result<(), AwsError> {
        for (part, named) in [("Resources", "Resources"), ("Outputs", "Outputs")] {
            let mut missing = BTreeSet::new();
            for raw in self.part(part).values() {
                references(raw, &mut |name, attribute| {
                    let known = self.part("Resources").contains_key(name)
                        || (attribute.is_none()
                            && (self.part("Parameters").contains_key(name)
                                || name.starts_with("AWS::")));
                    if !known {
                        missing.insert(name.to_owned());
                    }
                });
                let depends = Definition(raw)
                    .depends_on()
                    .filter(|name| !self.part("Resources").contains_key(*name));
                missing.extend(depends.map(str::to_owned));
            }
            if !missing.is_empty() {
                let names: Vec<String> = missing.into_iter().collect();
                return Err(AwsError::validation(format!(
                    "Template format error: Unresolved resource dependencies [{}] in the {named} block of the template",
                    names.join(", ")
                )));
            }
        }
        Ok(())
    }

    fn check_cycles(&self) -> Result<(), AwsError> {
        let mut left: BTreeMap<String, BTreeSet<String>> = self
            .part("Resources")
            .keys()
            .map(|logical| (logical.clone(), self.needs(logical)))
            .collect();
        while !left.is_empty() {
            let free: Vec<String> = left
                .iter()
                .filter(|(_, needs)| needs.iter().all(|need| !left.contains_key(need)))
                .map(|(name, _)| name.clone())
                .collect();
            if free.is_empty() {
                let names: Vec<String> = left.into_keys().collect();
                return Err(AwsError::validation(format!(
                    "Circular dependency between resources: [{}]",
                    names.join(", ")
                )));
            }
            left.retain(|name, _| !free.contains(name));
        }
        Ok(())
    }
}

/// One entry of `Resources`.
#[derive(Debug, Clone, Copy)]
pub struct Definition<'a>(pub &'a Value);

impl<'a> Definition<'a> {
    /// The resource type.
    #[must_use]
    pub fn kind(self) -> &'a str {
        self.0.get("Type").and_then(Value::as_str).unwrap_or("")
    }

    /// The properties as written.
    #[must_use]
    pub fn properties(self) -> &'a Value {
        self.0.get("Properties").unwrap_or(&Value::Null)
    }

    /// The condition it depends on.
    #[must_use]
    pub fn condition(self) -> Option<&'a str> {
        self.0.get("Condition").and_then(Value::as_str)
    }

    /// A policy such as `DeletionPolicy`.
    #[must_use]
    pub fn policy(self, name: &str) -> Option<&'a str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// What becomes of it when it is deleted: a database of its own has a snapshot taken where
    /// nothing else is said.
    #[must_use]
    pub fn deletion(self) -> &'a str {
        let of_cluster = self.properties().get("DBClusterIdentifier").is_some();
        self.policy("DeletionPolicy").unwrap_or(match self.kind() {
            "AWS::RDS::DBCluster" => "Snapshot",
            "AWS::RDS::DBInstance" if !of_cluster => "Snapshot",
            _ => "Delete",
        })
    }

    fn depends_on(self) -> impl Iterator<Item = &'a str> {
        let (one, many) = match self.0.get("DependsOn") {
            Some(Value::String(name)) => (Some(name.as_str()), &[][..]),
            Some(Value::Array(names)) => (None, names.as_slice()),
            _ => (None, &[][..]),
        };
        one.into_iter().chain(many.iter().filter_map(Value::as_str))
    }
}

/// Calls `found` for every `Ref` (no attribute), `Fn::GetAtt` and place of a `Fn::Sub` in a tree.
pub fn references(value: &Value, found: &mut dyn FnMut(&str, Option<&str>)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Object(fields) => {
            for (name, inner) in fields {
                match (name.as_str(), inner) {
                    ("Ref", Value::String(target)) => found(target, None),
                    ("Fn::GetAtt", _) => {
                        if let Some((logical, attribute)) = get_att(inner) {
                            found(&logical, Some(&attribute));
                        }
                    }
                    ("Fn::Sub", Value::String(text)) => sub_references(text, &Map::new(), found),
                    ("Fn::Sub", Value::Array(parts)) => {
                        let own = parts
                            .get(1)
                            .and_then(Value::as_object)
                            .cloned()
                            .unwrap_or_default();
                        if let Some(text) = parts.first().and_then(Value::as_str) {
                            sub_references(text, &own, found);
                        }
                        own.values().for_each(|value| references(value, found));
                    }
                    _ => references(inner, found),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The two parts of a `Fn::GetAtt`, written as a list or with a dot.
#[must_use]
pub fn get_att(value: &Value) -> Option<(String, String)> {
    match value {
        Value::String(text) => text
            .split_once('.')
            .map(|(logical, attribute)| (logical.to_owned(), attribute.to_owned())),
        Value::Array(parts) => {
            let logical = parts.first()?.as_str()?;
            let attribute: Vec<&str> = parts.iter().skip(1).filter_map(Value::as_str).collect();
            Some((logical.to_owned(), attribute.join(".")))
        }
        _ => None,
    }
}

/// The pieces of a `Fn::Sub` text: literal text, or a place `${name}`.
pub fn sub_pieces(text: &str) -> Vec<(bool, String)> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else {
            break;
        };
        pieces.push((false, rest[..start].to_owned()));
        let name = rest[start + 2..start + length].trim();
        match name.strip_prefix('!') {
            Some(literal) => pieces.push((false, format!("${{{literal}}}"))),
            None => pieces.push((true, name.to_owned())),
        }
        rest = &rest[start + length + 1..];
    }
    pieces.push((false, rest.to_owned()));
    pieces
}

fn sub_references(text: &str, own: &Map<String, Value>, found: &mut dyn FnMut(&str, Option<&str>)) {
    for (is_place, name) in sub_pieces(text) {
        if is_place && !own.contains_key(&name) {
            match name.split_once('.') {
                Some((logical, attribute)) => found(logical, Some(attribute)),
                None => found(&name, None),
            }
        }
    }
}

/// The text as JSON. It is read as the product reads it; what begins with a brace must be JSON
/// besides, as AWS wants it.
fn parse(body: &str) -> Result<Value, AwsError> {
    let json = body.trim_start().starts_with('{');
    let form = if json { "JSON" } else { "YAML" };
    let bad = |line, column| {
        AwsError::validation(format!(
            "Template format error: {form} not well-formed. (line {line}, column {column})"
        ))
    };
    if json && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(body) {
        return Err(bad(error.line(), error.column()));
    }
    let (_, root) = document::read("template", body.as_bytes(), Limits::TEMPLATE).map_err(
        |found| match found.0.first() {
            Some(first) if first.code == "alias" => AwsError::validation(
                "Template error: YAML aliases are not allowed in CloudFormation templates"
                    .to_owned(),
            ),
            Some(first) => bad(first.at.line, first.at.column),
            None => bad(1, 1),
        },
    )?;
    Ok(plain(&root))
}

/// A value as JSON; a short tag becomes the function it stands for.
fn plain(node: &Node) -> Value {
    let value = match &node.content {
        Content::Scalar { .. } if node.is_null() => Value::Null,
        Content::Scalar { text, plain: true } => scalar(text),
        Content::Scalar { text, plain: false } => Value::String(text.clone()),
        Content::List(items) => Value::Array(items.iter().map(plain).collect()),
        Content::Map(entries) => Value::Object(
            entries
                .iter()
                .map(|(key, node)| (key.name.clone(), plain(node)))
                .collect(),
        ),
    };
    match (node.tag.as_deref(), value) {
        (None, value) => value,
        (Some(name @ ("Ref" | "Condition")), value) => json!({ name: value }),
        (Some("GetAtt"), Value::String(text)) => {
            let parts: Vec<&str> = text.splitn(2, '.').collect();
            json!({ "Fn::GetAtt": parts })
        }
        (Some(name), value) => json!({ format!("Fn::{name}"): value }),
    }
}

/// What stands without quotes: a truth value, a number in the form that JSON has for it, else text.
fn scalar(text: &str) -> Value {
    match text {
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => text
            .parse::<Number>()
            .map_or_else(|_| Value::String(text.to_owned()), Value::Number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::services;

    fn refused(body: &str) -> String {
        Template::read(body)
            .and_then(|template| {
                template.check_types(&Catalog::of(
                    services::ALL.iter().map(|offer| offer.brings()),
                ))
            })
            .unwrap_err()
            .message
    }

    #[test]
    fn short_tags_are_functions() {
        let template = Template::read(
            "Parameters: {P: {Type: String}}\nResources:\n  Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: !Sub '${P}-${T.TopicName}-${!x}'}}\n  T:\n    Type: AWS::SNS::Topic\n    DependsOn: [D]\n    Properties: {TopicName: !Join ['-', [!Ref P, a]]}\n  D: {Type: 'AWS::SQS::Queue'}\nOutputs: {A: {Value: !GetAtt Q.Arn}}\n",
        )
        .unwrap();
        assert_eq!(template.needs("Q").into_iter().collect::<Vec<_>>(), ["T"]);
        assert_eq!(template.needs("T").into_iter().collect::<Vec<_>>(), ["D"]);
        assert_eq!(
            template.part("Outputs")["A"]["Value"],
            json!({"Fn::GetAtt": ["Q", "Arn"]})
        );
        assert_eq!(
            template.resource("T").unwrap().properties()["TopicName"],
            json!({"Fn::Join": ["-", [{"Ref": "P"}, "a"]]})
        );
    }

    #[test]
    fn values_are_what_they_are_written_as() {
        let text = "Metadata: {a: 12, b: 0441, c: '12', d: 1.5, e: True, f: ~, g: yes, 80: x, h: !Sub '${A}'}\nResources: {Q: {Type: 'AWS::SQS::Queue'}}\n";
        let told = json!({"a": 12, "b": "0441", "c": "12", "d": 1.5, "e": true, "f": null, "g": "yes", "80": "x", "h": {"Fn::Sub": "${A}"}});
        assert_eq!(Template::read(text).unwrap().root["Metadata"], told);
        let pair =
            r#"{"Description": "\ud83e\udd16", "Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}"#;
        assert_eq!(
            Template::read(pair).unwrap().description(),
            Some("\u{1f916}")
        );
    }

    #[test]
    fn refusals_are_aws_sentences() {
        assert_eq!(
            refused("Resources: {}"),
            "Template format error: At least one Resources member must be defined."
        );
        assert_eq!(
            refused("Resources: {A: {Type: 'AWS::Nope::Thing'}, B: {Type: 'Custom::X'}}"),
            "Template format error: Unrecognized resource types: [AWS::Nope::Thing, Custom::X]"
        );
        assert_eq!(
            refused(
                "Resources: {A: {Type: 'AWS::SQS::Queue', Properties: {QueueName: !Ref Nobody}}}"
            ),
            "Template format error: Unresolved resource dependencies [Nobody] in the Resources block of the template"
        );
        assert_eq!(
            refused(
                "Resources: {A: {Type: 'AWS::SQS::Queue', DependsOn: B}, B: {Type: 'AWS::SQS::Queue', DependsOn: A}}"
            ),
            "Circular dependency between resources: [A, B]"
        );
        assert_eq!(
            refused("a: ["),
            "Template format error: YAML not well-formed. (line 1, column 4)"
        );
        assert!(refused("{").starts_with("Template format error: JSON not well-formed."));
        assert!(
            refused("{Resources: {}}").starts_with("Template format error: JSON not well-formed.")
        );
        assert_eq!(
            refused("a: &x 1\nb: *x\n"),
            "Template error: YAML aliases are not allowed in CloudFormation templates"
        );
    }

    #[test]
    fn roles_need_a_capability() {
        let role = |name: &str| {
            Template::read(&format!("Resources: {{R: {{Type: 'AWS::IAM::Role', Properties: {{{name}AssumeRolePolicyDocument: {{}}}}}}}}"))
                .unwrap()
                .capabilities(&Catalog::of(services::ALL.iter().map(|offer| offer.brings())))
        };
        assert_eq!(role("").into_iter().collect::<Vec<_>>(), ["CAPABILITY_IAM"]);
        assert_eq!(
            role("RoleName: x, ").into_iter().collect::<Vec<_>>(),
            ["CAPABILITY_NAMED_IAM"]
        );
    }
}
