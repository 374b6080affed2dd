//! A CloudFormation template, as far as a deployment must know it: its parameters, its resources by type, its size. YAML with the
//! short tags, or JSON. What CloudFormation itself judges better is left to it.

use std::collections::BTreeMap;

use crate::domain::diagnostic::{At, Diagnostic};
use crate::domain::document::{self, Limits, Node, Source};
use crate::domain::safe::Safe;

/// The longest template that a call can carry.
pub(super) const MAX_BYTES: usize = 51_200;

/// What was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Template {
    /// Parameters by name.
    pub(super) parameters: BTreeMap<String, Parameter>,
    /// Types of resources by logical id.
    pub(super) resources: BTreeMap<String, String>,
    /// Whether a resource makes rights, and whether one of those has a name of its own.
    pub(super) rights: Rights,
}

/// What a template does to rights, which CloudFormation wants acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rights {
    /// Nothing.
    None,
    /// It makes some.
    Made,
    /// It makes some under names of their own.
    Named,
}

/// One parameter.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parameter {
    /// Its type.
    pub(super) kind: String,
    /// Its default.
    pub(super) default: Option<String>,
    /// A secret: CloudFormation never shows its value.
    pub(super) no_echo: bool,
    /// The values that it may have; any when empty.
    pub(super) allowed: Vec<String>,
}

const IAM: [&str; 8] = [
    "AWS::IAM::AccessKey",
    "AWS::IAM::Group",
    "AWS::IAM::InstanceProfile",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::IAM::User",
    "AWS::IAM::UserToGroupAddition",
];
const NAMES: [&str; 5] = ["GroupName", "InstanceProfileName", "ManagedPolicyName", "RoleName", "UserName"];

/// Reads a template.
///
/// # Errors
/// Everything that is wrong with its form, as full messages with places.
pub(super) fn read(name: &str, bytes: &[u8]) -> Result<Template, String> {
    if bytes.len() > MAX_BYTES {
        let one = Diagnostic {
            code: "template-size",
            file: Safe::new(name),
            at: At::START,
            says: Safe::new(&format!("{name} has {} bytes; a call to CloudFormation carries {MAX_BYTES} at most", bytes.len())),
            hint: Safe::new("move a part of it into a nested stack, or take out comments and repetition"),
            text: String::new(),
        };
        return Err(one.to_string());
    }
    let (source, root) = document::read(name, bytes, Limits::TEMPLATE).map_err(|found| found.to_string())?;
    let mut found = crate::domain::diagnostic::Diagnostics::default();
    let mut say = |at: At, says: String, hint: &str| found.0.push(source.diagnostic("template", at, says, hint));
    let mut template = Template { parameters: BTreeMap::new(), resources: BTreeMap::new(), rights: Rights::None };
    for (key, node) in root.get("Parameters").map_or(&[][..], Node::entries) {
        match parameter(node) {
            Some(parameter) => drop(template.parameters.insert(key.name.clone(), parameter)),
            None => say(key.at, format!("the parameter {} has no Type", key.name), "add Type: String, Number, …"),
        }
    }
    match root.get("Resources") {
        Some(node) if !node.entries().is_empty() => {
            for (key, node) in node.entries() {
                let Some(kind) = node.get("Type").and_then(Node::text) else {
                    // `Fn::ForEach` and transforms stand among the resources and are none.
                    if !key.name.starts_with("Fn::") {
                        say(key.at, format!("the resource {} has no Type", key.name), "");
                    }
                    continue;
                };
                if IAM.contains(&kind) {
                    let named =
                        node.get("Properties").is_some_and(|all| all.entries().iter().any(|(k, _)| NAMES.contains(&k.name.as_str())));
                    template.rights = template.rights.max(if named { Rights::Named } else { Rights::Made });
                }
                template.resources.insert(key.name.clone(), kind.to_owned());
            }
        }
        other => {
            let at = other.map_or(At::START, |node| node.at);
            say(at, format!("{} has no Resources, so it is no CloudFormation template", source.name), "");
        }
    }
    found.settle();
    if found.is_empty() { Ok(template) } else { Err(found.to_string()) }
}

/// The place of a parameter, for a message about its value.
#[must_use]
pub(super) fn about_parameter(name: &str, bytes: &[u8], parameter: &str, says: &str, hint: &str) -> String {
    let read = document::read(name, bytes, Limits::TEMPLATE);
    let (source, at) = match &read {
        Ok((source, root)) => {
            let keys = root.get("Parameters").map_or(&[][..], Node::entries);
            (source.clone(), keys.iter().find(|(key, _)| key.name == parameter).map_or(root.at, |(key, _)| key.at))
        }
        Err(_) => (Source { name: Safe::new(name), text: String::new() }, At::START),
    };
    source.diagnostic("parameter", at, says, hint).to_string()
}

fn parameter(node: &Node) -> Option<Parameter> {
    Some(Parameter {
        kind: node.get("Type")?.text()?.to_owned(),
        default: node.get("Default").and_then(default),
        no_echo: node.get("NoEcho").and_then(Node::text).is_some_and(|text| text.eq_ignore_ascii_case("true")),
        allowed: node.get("AllowedValues").map_or(&[][..], Node::items).iter().filter_map(Node::text).map(str::to_owned).collect(),
    })
}

/// A default is text even where YAML sees nothing: `Default: ""` and `Default:` are both the empty text.
fn default(node: &Node) -> Option<String> {
    match node.text() {
        Some(text) => Some(text.to_owned()),
        None => node.is_null().then(String::new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = "
Parameters:
  DesiredCount: { Type: Number, Default: 2 }
  Password: { Type: String, NoEcho: true }
  Size: { Type: String, AllowedValues: [small, large] }
Resources:
  Db: { Type: AWS::RDS::DBInstance, Properties: { Size: !Ref Size, Name: !Sub '${AWS::StackName}-x', Arn: !GetAtt [A, B] } }
  Role: { Type: AWS::IAM::Role, Properties: { RoleName: x } }
";

    #[test]
    fn yaml_with_short_tags_and_json_alike() {
        let yaml = read("t.yaml", YAML.as_bytes()).unwrap_or_else(|found| panic!("{found}"));
        assert_eq!(yaml.parameters["DesiredCount"].default.as_deref(), Some("2"));
        assert!(yaml.parameters["Password"].no_echo);
        assert_eq!(yaml.parameters["Size"].allowed, ["small", "large"]);
        assert_eq!((yaml.resources["Db"].as_str(), yaml.rights), ("AWS::RDS::DBInstance", Rights::Named));
        let json = "{\n\t\"Parameters\": {\"P\": {\"Type\": \"String\", \"Default\": \"\"}},\n\t\"Resources\": {\"Q\": {\"Type\": \"AWS::SQS::Queue\"}}}";
        let json = read("t.json", json.as_bytes()).unwrap_or_else(|found| panic!("{found}"));
        assert_eq!((json.parameters["P"].default.as_deref(), json.rights), (Some(""), Rights::None));
    }

    #[test]
    fn what_is_no_template_is_told_with_its_place() {
        assert!(read("t.yaml", b"a: 1\n").unwrap_err().contains("no Resources"));
        let found = read("t.yaml", b"Resources:\n  A: { Type: X }\n  B: { Typ: X }\n").unwrap_err();
        assert!(found.contains("t.yaml:3:3") && found.contains("B has no Type"), "{found}");
        assert!(read("t.yaml", b"Resources: { A: { Type: &x X, B: *x } }").unwrap_err().contains("understands none"));
        let big = format!("Resources: {{ A: {{ Type: X }} }}\n#{}", "x".repeat(MAX_BYTES));
        assert!(read("t.yaml", big.as_bytes()).unwrap_err().contains("nested stack"));
    }
}
