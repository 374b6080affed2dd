//! A CloudFormation template, as far as a deployment must know it: its parameters, its resources by type, its size. YAML with the
//! short tags, or JSON. What CloudFormation itself judges better is left to it.

use std::collections::BTreeMap;

use crate::domain::diagnostic::{At, Diagnostic, Diagnostics};
use crate::domain::document::{self, Limits, Node, Source};

/// The longest template that a call can carry.
pub(super) const MAX_BYTES: usize = 51_200;

/// What was read.
#[derive(Debug, Clone)]
pub(super) struct Template {
    /// Parameters by name.
    pub(super) parameters: BTreeMap<String, Parameter>,
    /// Types of resources by logical id.
    pub(super) resources: BTreeMap<String, String>,
    /// Whether a resource makes rights, and whether one of those has a name of its own.
    pub(super) rights: Rights,
    /// The text, for what is said of it further.
    source: Source,
    /// Where the parameters stand.
    parameters_at: At,
    /// Where the first resource stands that makes rights.
    rights_at: At,
}

impl Template {
    /// Something wrong with a parameter; with all of them for one that is not there.
    pub(super) fn about_parameter(&self, name: &str, says: &str, hint: &str) -> Diagnostic {
        let at = self.parameters.get(name).map_or(self.parameters_at, |parameter| parameter.at);
        self.source.diagnostic("parameter", at, says, hint)
    }

    /// Something wrong with the rights that it makes.
    pub(super) fn about_rights(&self, says: &str, hint: &str) -> Diagnostic {
        self.source.diagnostic("capabilities", self.rights_at, says, hint)
    }
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
    /// Where it stands.
    at: At,
    /// Its type; empty where it has none.
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

/// Reads a template: as far as it can be read, and everything that is wrong with its form.
pub(super) fn read(name: &str, bytes: &[u8]) -> (Option<Template>, Diagnostics) {
    if bytes.len() > MAX_BYTES {
        let says = format!("{name} has {} bytes; a call to CloudFormation carries {MAX_BYTES} at most", bytes.len());
        let hint = "move a part of it into a nested stack, or take out comments and repetition";
        return (None, Diagnostic::of_file("template-size", name, &says, hint).into());
    }
    let (source, root) = match document::read(name, bytes, Limits::TEMPLATE) {
        Ok(read) => read,
        Err(found) => return (None, found),
    };
    let mut found = Diagnostics::default();
    let mut say = |at: At, says: String, hint: &str| found.0.push(source.diagnostic("template", at, says, hint));
    let mut parameters = BTreeMap::new();
    for (key, node) in root.get("Parameters").map_or(&[][..], Node::entries) {
        let parameter = parameter(key.at, node);
        if parameter.kind.is_empty() {
            say(key.at, format!("the parameter {} has no Type", key.name), "add Type: String, Number, …");
        }
        parameters.insert(key.name.clone(), parameter);
    }
    let mut resources = BTreeMap::new();
    let (mut rights, mut rights_at) = (Rights::None, At::START);
    match root.get("Resources") {
        Some(node) if !node.entries().is_empty() => {
            // `Fn::ForEach` and transforms stand among the resources and are none.
            for (key, node) in node.entries().iter().filter(|(key, _)| !key.name.starts_with("Fn::")) {
                let Some(kind) = node.get("Type").and_then(Node::text) else {
                    say(key.at, format!("the resource {} has no Type", key.name), "");
                    continue;
                };
                if !kind.contains("::") {
                    let at = node.get("Type").map_or(key.at, |node| node.at);
                    say(
                        at,
                        format!("the resource {} has the type {kind:?}, and CloudFormation has none of that form", key.name),
                        "write AWS::SERVICE::KIND",
                    );
                }
                let makes = makes(kind, node);
                if rights == Rights::None && makes != Rights::None {
                    rights_at = key.at;
                }
                rights = rights.max(makes);
                resources.insert(key.name.clone(), kind.to_owned());
            }
        }
        other => {
            let at = other.map_or(At::START, |node| node.at);
            say(at, format!("{} has no Resources, so it is no CloudFormation template", source.name), "");
        }
    }
    let keys = root.entries().iter().find(|(key, _)| key.name == "Parameters");
    let parameters_at = keys.map_or(At::START, |(key, _)| key.at);
    found.settle();
    (Some(Template { parameters, resources, rights, source, parameters_at, rights_at }), found)
}

/// What a resource does to rights.
fn makes(kind: &str, node: &Node) -> Rights {
    if !IAM.contains(&kind) {
        return Rights::None;
    }
    let properties = node.get("Properties").map_or(&[][..], Node::entries);
    if properties.iter().any(|(key, _)| NAMES.contains(&key.name.as_str())) { Rights::Named } else { Rights::Made }
}

fn parameter(at: At, node: &Node) -> Parameter {
    Parameter {
        at,
        kind: node.get("Type").and_then(Node::text).unwrap_or_default().to_owned(),
        default: node.get("Default").and_then(default),
        no_echo: node.get("NoEcho").and_then(Node::text).is_some_and(|text| text.eq_ignore_ascii_case("true")),
        allowed: node.get("AllowedValues").map_or(&[][..], Node::items).iter().filter_map(Node::text).map(str::to_owned).collect(),
    }
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

    fn right(name: &str, text: &str) -> Template {
        match read(name, text.as_bytes()) {
            (Some(template), found) if found.is_empty() => template,
            (_, found) => panic!("{found}"),
        }
    }

    fn wrong(text: &str) -> String {
        read("t.yaml", text.as_bytes()).1.to_string()
    }

    #[test]
    fn yaml_with_short_tags_and_json_alike() {
        let yaml = right("t.yaml", YAML);
        assert_eq!(yaml.parameters["DesiredCount"].default.as_deref(), Some("2"));
        assert!(yaml.parameters["Password"].no_echo);
        assert_eq!(yaml.parameters["Size"].allowed, ["small", "large"]);
        assert_eq!((yaml.resources["Db"].as_str(), yaml.rights), ("AWS::RDS::DBInstance", Rights::Named));
        let json = "{\n\t\"Parameters\": {\"P\": {\"Type\": \"String\", \"Default\": \"\"}},\n\t\"Resources\": {\"Q\": {\"Type\": \"AWS::SQS::Queue\"}}}";
        let json = right("t.json", json);
        assert_eq!((json.parameters["P"].default.as_deref(), json.rights), (Some(""), Rights::None));
    }

    #[test]
    fn what_is_no_template_is_told_with_its_place() {
        assert!(wrong("a: 1\n").contains("no Resources"));
        let found = wrong("Resources:\n  A: { Type: A::X }\n  B: { Typ: X }\n  C: { Type: 5 }\nParameters: { P: {} }\n");
        for part in ["t.yaml:3:3", "B has no Type", "t.yaml:4:14", "C has the type \"5\"", "P has no Type"] {
            assert!(found.contains(part), "no {part:?} in\n{found}");
        }
        assert!(wrong("Resources: { A: { Type: &x X, B: *x } }").contains("understands none"));
        let big = format!("Resources: {{ A: {{ Type: X }} }}\n#{}", "x".repeat(MAX_BYTES));
        assert!(wrong(&big).contains("nested stack"));
    }
}
