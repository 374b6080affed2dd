//! A CloudFormation template, as far as a deployment must know it: its parameters, its resources by
//! type, its size. YAML with the short tags, or JSON. What CloudFormation itself judges better is
//! left to it.

use std::collections::BTreeMap;

use crate::forms::cloudformation::Declared;
use crate::text::diagnostic::{At, Diagnostic, Diagnostics};
use crate::text::document::{self, Content, Key, Limits, Node, Source};

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
        let at = self
            .parameters
            .get(name)
            .map_or(self.parameters_at, |parameter| parameter.at);
        self.source.diagnostic("parameter", at, says, hint)
    }

    /// Something wrong with the rights that it makes.
    pub(super) fn about_rights(&self, says: &str, hint: &str) -> Diagnostic {
        self.source
            .diagnostic("capabilities", self.rights_at, says, hint)
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

impl Parameter {
    /// What an update must know of it.
    pub(super) fn declared(&self) -> Declared {
        Declared {
            secret: self.no_echo,
            default: self.default.is_some(),
        }
    }
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
const NAMES: [&str; 5] = [
    "GroupName",
    "InstanceProfileName",
    "ManagedPolicyName",
    "RoleName",
    "UserName",
];

/// Reads a template: as far as it can be read, and everything that is wrong with its form.
pub(super) fn read(name: &str, bytes: &[u8]) -> (Option<Template>, Diagnostics) {
    if bytes.len() > MAX_BYTES {
        let says = format!(
            "{name} has {} bytes; a call to CloudFormation carries {MAX_BYTES} at most",
            bytes.len()
        );
        let hint = "move a part of it into a nested stack, or take out comments and repetition";
        return (
            None,
            Diagnostic::of_file("template-size", name, &says, hint).into(),
        );
    }
    let (source, root) = match document::read(name, bytes, Limits::TEMPLATE) {
        Ok(read) => read,
        Err(found) => return (None, found),
    };
    let mut found = Diagnostics::default();
    let mut say = |at: At, says: String, hint: &str| {
        found.0.push(source.diagnostic("template", at, says, hint));
    };
    let mut parameters = BTreeMap::new();
    if let Some(node) = root
        .get("Parameters")
        .filter(|node| !matches!(node.content, Content::Map(_)) && !node.is_null())
    {
        say(
            node.at,
            format!(
                "Parameters is {}, and must be a mapping of names to parameters",
                node.word()
            ),
            "",
        );
    }
    for (key, node) in root.get("Parameters").map_or(&[][..], Node::entries) {
        parameters.insert(key.name.clone(), parameter(key, node, &mut say));
    }
    let mut resources = BTreeMap::new();
    let (mut rights, mut rights_at) = (Rights::None, At::START);
    match root.get("Resources") {
        Some(node) if !node.entries().is_empty() => {
            // `Fn::ForEach` and transforms stand among the resources and are none.
            for (key, node) in node
                .entries()
                .iter()
                .filter(|(key, _)| !key.name.starts_with("Fn::"))
            {
                let Some(kind) = node.get("Type").and_then(Node::text) else {
                    say(key.at, format!("the resource {} has no Type", key.name), "");
                    continue;
                };
                if !kind.contains("::") {
                    let at = node.get("Type").map_or(key.at, |node| node.at);
                    say(
                        at,
                        format!(
                            "the resource {} has the type {kind:?}, and CloudFormation has none of that form",
                            key.name
                        ),
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
            say(
                at,
                format!(
                    "{} has no Resources, so it is no CloudFormation template",
                    source.name
                ),
                "",
            );
        }
    }
    let keys = root
        .entries()
        .iter()
        .find(|(key, _)| key.name == "Parameters");
    let parameters_at = keys.map_or(At::START, |(key, _)| key.at);
    found.settle();
    (
        Some(Template {
            parameters,
            resources,
            rights,
            source,
            parameters_at,
            rights_at,
        }),
        found,
    )
}

/// What a resource does to rights.
fn makes(kind: &str, node: &Node) -> Rights {
    if !IAM.contains(&kind) {
        return Rights::None;
    }
    let properties = node.get("Properties").map_or(&[][..], Node::entries);
    if properties
        .iter()
        .any(|(key, _)| NAMES.contains(&key.name.as_str()))
    {
        Rights::Named
    } else {
        Rights::Made
    }
}

/// One parameter. What cannot be read is said: a secret that was taken for none, or a default that
/// was taken for missing, would make an update put another value in the place of the one that is
/// there.
fn parameter(key: &Key, node: &Node, say: &mut impl FnMut(At, String, &str)) -> Parameter {
    let name = &key.name;
    let kind = node
        .get("Type")
        .and_then(Node::text)
        .unwrap_or_default()
        .to_owned();
    if kind.is_empty() {
        say(
            key.at,
            format!("the parameter {name} has no Type"),
            "add Type: String, Number, …",
        );
    }
    let default = node.get("Default").and_then(|node| {
        let text = value(node);
        if text.is_none() {
            say(
                node.at,
                format!(
                    "the Default of {name} is {}, and must be a single value",
                    node.word()
                ),
                "write a list as one text: a,b",
            );
        }
        text
    });
    let no_echo = node.get("NoEcho").is_some_and(|node| {
        truth(node).unwrap_or_else(|| {
            say(node.at, format!("NoEcho of {name} is neither true nor false, so whether {name} is a secret cannot be told"), "");
            false
        })
    });
    let mut allowed = Vec::new();
    if let Some(node) = node.get("AllowedValues") {
        if !matches!(node.content, Content::List(_)) {
            say(
                node.at,
                format!(
                    "AllowedValues of {name} is {}, and must be a list",
                    node.word()
                ),
                "",
            );
        }
        for item in node.items() {
            match value(item) {
                Some(text) => allowed.push(text),
                None => say(
                    item.at,
                    format!(
                        "an allowed value of {name} is {}, and must be a single value",
                        item.word()
                    ),
                    "",
                ),
            }
        }
    }
    Parameter {
        at: key.at,
        kind,
        default,
        no_echo,
        allowed,
    }
}

/// A value is text even where YAML sees nothing: `Default: ""` and `Default:` are both the empty
/// text.
fn value(node: &Node) -> Option<String> {
    match node.text() {
        Some(text) => Some(text.to_owned()),
        None => node.is_null().then(String::new),
    }
}

/// A truth value as CloudFormation reads it: as text, or in one of the words of YAML 1.1. `None`
/// for anything else.
fn truth(node: &Node) -> Option<bool> {
    let Content::Scalar { text, plain } = &node.content else {
        return None;
    };
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        "yes" | "on" if *plain => Some(true),
        "no" | "off" if *plain => Some(false),
        _ => None,
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
        assert_eq!(
            yaml.parameters["DesiredCount"].default.as_deref(),
            Some("2")
        );
        assert!(yaml.parameters["Password"].no_echo);
        assert_eq!(yaml.parameters["Size"].allowed, ["small", "large"]);
        assert_eq!(
            (yaml.resources["Db"].as_str(), yaml.rights),
            ("AWS::RDS::DBInstance", Rights::Named)
        );
        let json = "{\n\t\"Parameters\": {\"P\": {\"Type\": \"String\", \"Default\": \"\"}},\n\t\"Resources\": {\"Q\": {\"Type\": \"AWS::SQS::Queue\"}}}";
        let json = right("t.json", json);
        assert_eq!(
            (json.parameters["P"].default.as_deref(), json.rights),
            (Some(""), Rights::None)
        );
    }

    #[test]
    fn what_cannot_be_read_of_a_parameter_is_refused_and_never_taken_for_nothing() {
        let parameter = |says: &str| {
            format!(
                "Parameters: {{ P: {{ Type: String, {says} }} }}\nResources: {{ A: {{ Type: A::X }} }}\n"
            )
        };
        for (says, secret) in [
            ("NoEcho: true", true),
            ("NoEcho: 'True'", true),
            ("NoEcho: yes", true),
            ("NoEcho: off", false),
        ] {
            assert_eq!(
                right("t.yaml", &parameter(says)).parameters["P"].no_echo,
                secret,
                "{says}"
            );
        }
        let cases = [
            ("NoEcho: [true]", "NoEcho of P is neither"),
            ("NoEcho: 'yes'", "NoEcho of P is neither"),
            ("NoEcho: ", "NoEcho of P is neither"),
            ("Default: [a, b]", "the Default of P is a list"),
            ("AllowedValues: a", "AllowedValues of P is a single value"),
            (
                "AllowedValues: [a, {b: c}]",
                "an allowed value of P is a mapping",
            ),
        ];
        for (says, found) in cases {
            assert!(
                wrong(&parameter(says)).contains(found),
                "{says}: {}",
                wrong(&parameter(says))
            );
        }
        assert!(
            wrong("Parameters: [P]\nResources: { A: { Type: A::X } }\n")
                .contains("Parameters is a list")
        );
    }

    #[test]
    fn what_is_no_template_is_told_with_its_place() {
        assert!(wrong("a: 1\n").contains("no Resources"));
        let found = wrong(
            "Resources:\n  A: { Type: A::X }\n  B: { Typ: X }\n  C: { Type: 5 }\nParameters: { P: {} }\n",
        );
        for part in [
            "t.yaml:3:3",
            "B has no Type",
            "t.yaml:4:14",
            "C has the type \"5\"",
            "P has no Type",
        ] {
            assert!(found.contains(part), "no {part:?} in\n{found}");
        }
        assert!(wrong("Resources: { A: { Type: &x X, B: *x } }").contains("understands none"));
        let big = format!(
            "Resources: {{ A: {{ Type: X }} }}\n#{}",
            "x".repeat(MAX_BYTES)
        );
        assert!(wrong(&big).contains("nested stack"));
    }
}
