//! One parameter as a template declares it.

use super::constraint::{self, Rules};
use crate::forms::cloudformation::Declared;
use crate::text::diagnostic::{At, closest};
use crate::text::document::{Content, Key, Node};

use serde::{Deserialize, Serialize};

/// One parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Where it stands.
    pub(super) at: At,
    /// Its type; empty where it has none.
    pub kind: String,
    /// Its default.
    pub default: Option<String>,
    /// A secret: CloudFormation never shows its value.
    pub no_echo: bool,
    /// What its value must be.
    rules: Rules,
}

/// Why a parameter that is named as a count of tasks cannot be brought to 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fixed {
    /// Nothing in the template runs by it.
    NoCount,
    /// Its template does not take 0: what its value must be.
    Refuses(String),
}

impl Parameter {
    /// What an update must know of it.
    #[must_use]
    pub fn declared(&self) -> Declared {
        Declared {
            secret: self.no_echo,
            default: self.default.is_some(),
        }
    }

    /// What it must be, where a value is not that: CloudFormation would refuse it.
    #[must_use]
    pub fn refuses(&self, value: &str) -> Option<String> {
        constraint::refuses(self, &self.rules, value)
    }

    /// What its template says that a value must be, in its author's words.
    #[must_use]
    pub fn described(&self) -> &str {
        &self.rules.described
    }

    /// True where a value that somebody gives cannot be a secret: a number, or one of a few words
    /// that the template names.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        !self.no_echo && (self.kind == "Number" || !self.rules.allowed.is_empty())
    }

    /// True where its value is the name under which another one is kept.
    #[must_use]
    pub fn is_looked_up(&self) -> bool {
        self.kind.starts_with("AWS::SSM::Parameter::")
    }

    /// True for a list of values.
    #[must_use]
    pub fn is_list(&self) -> bool {
        self.kind == "CommaDelimitedList" || self.kind.starts_with("List<")
    }

    /// Whether it can be brought to 0 as a count of tasks, where anything runs by it.
    pub(super) fn fixed(&self, used: bool) -> Option<Fixed> {
        if self.no_echo || !used || !matches!(self.kind.as_str(), "Number" | "String") {
            return Some(Fixed::NoCount);
        }
        self.refuses("0").map(Fixed::Refuses)
    }
}

/// Reads one. What cannot be read is said: a secret that was taken for none, or a default that was
/// taken for missing, would make an update put another value in the place of the one that is there.
pub(super) fn read(key: &Key, node: &Node, say: &mut impl FnMut(At, String, &str)) -> Parameter {
    let name = &key.name;
    let kind = kind(key, node, say);
    let default = node.get("Default").and_then(|node| {
        let text = value(node);
        if text.is_none() {
            let hint = match joined(node) {
                Some(list) => format!("write a list as one text: Default: {list:?}"),
                None => "write a single value".to_owned(),
            };
            say(
                node.at,
                format!(
                    "the Default of {name} is {}, and must be a single value",
                    node.word()
                ),
                &hint,
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
    Parameter {
        at: key.at,
        kind,
        default,
        no_echo,
        rules: Rules::read(name, node, say),
    }
}

/// The type, which CloudFormation must know.
fn kind(key: &Key, node: &Node, say: &mut impl FnMut(At, String, &str)) -> String {
    const KNOWN: [&str; 3] = ["String", "Number", "CommaDelimitedList"];
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
    } else if !(KNOWN.contains(&kind.as_str())
        || kind.starts_with("AWS::")
        || (kind.starts_with("List<") && kind.ends_with('>')))
    {
        let at = node.get("Type").map_or(key.at, |node| node.at);
        let hint = closest(&kind, KNOWN)
            .unwrap_or("String, Number, CommaDelimitedList, List<…> or AWS::…");
        say(
            at,
            format!(
                "the parameter {name} has the type {kind:?}, which CloudFormation does not know"
            ),
            &format!("write {hint}"),
        );
    }
    kind
}

/// A value is text even where YAML sees nothing: `Default: ""` and `Default:` are both the empty
/// text.
pub(super) fn value(node: &Node) -> Option<String> {
    match node.text() {
        Some(text) => Some(text.to_owned()),
        None => node.is_null().then(String::new),
    }
}

/// A list as the one text that CloudFormation takes.
fn joined(node: &Node) -> Option<String> {
    let items: Option<Vec<&str>> = node.items().iter().map(Node::text).collect();
    items
        .filter(|items| !items.is_empty())
        .map(|items| items.join(","))
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
