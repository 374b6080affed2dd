//! What components are given: variables and secrets, as they are written, with what refers to other
//! components.

use std::collections::BTreeMap;

use super::tf::is_expression;
use crate::forms::terraform::number;
use crate::systems::message::{Message, Reading};
use crate::text::diagnostic::At;
use crate::text::document::{Content, Node};

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Given {
    /// Nothing.
    Null,
    /// True or false.
    Switch(bool),
    /// A number, as it is written.
    Number(String),
    /// A text, of pieces.
    Text(Vec<Bit>),
    /// A list.
    List(Vec<Given>),
    /// A mapping.
    Map(Map),
}

/// Values by name.
pub(super) type Map = BTreeMap<String, Given>;

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bit {
    /// Its own letters.
    Plain(String),
    /// What another component gave: `${component.NAME.OUTPUT}`.
    Output(Output),
    /// What Terraform works out.
    Expression(String),
}

/// An output of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Output {
    /// The component.
    pub(super) component: String,
    /// The output, and what of it.
    pub(super) path: String,
    /// Where the reference stands.
    pub(super) at: At,
}

/// The prefix of references to other components.
const COMPONENT: &str = "component.";
/// What references that we put in begin with: they are no text, also amid one.
const OURS: [&str; 2] = ["var.secrets[", "data.sops_external."];

/// The values under a key that is a mapping.
pub(super) fn map(key: &'static str, m: &mut Message<'_>, reading: &mut Reading<'_>) -> Map {
    let Some(node) = m.mapping(key, reading) else {
        return Map::new();
    };
    entries(node, reading)
}

fn entries(node: &Node, reading: &mut Reading<'_>) -> Map {
    node.entries()
        .iter()
        .map(|(key, inner)| (key.name.clone(), value(inner, reading)))
        .collect()
}

/// A value.
pub(super) fn value(node: &Node, reading: &mut Reading<'_>) -> Given {
    match &node.content {
        Content::Map(_) => Given::Map(entries(node, reading)),
        Content::List(items) => {
            Given::List(items.iter().map(|item| value(item, reading)).collect())
        }
        Content::Scalar { .. } if node.is_null() => Given::Null,
        Content::Scalar { text, plain } => match text.as_str() {
            "true" | "True" | "TRUE" if *plain => Given::Switch(true),
            "false" | "False" | "FALSE" if *plain => Given::Switch(false),
            text => match number(text).filter(|_| *plain) {
                Some(number) => Given::Number(number),
                None => Given::Text(pieces(text, node.at, reading)),
            },
        },
    }
}

/// A text as its pieces.
pub(super) fn pieces(text: &str, at: At, reading: &mut Reading<'_>) -> Vec<Bit> {
    let whole = text.trim();
    if let Some(inner) = whole
        .strip_prefix("${")
        .and_then(|inner| inner.strip_suffix('}'))
        && !inner.contains("${")
    {
        return vec![bit(inner, at, reading)];
    }
    let (mut bits, mut plain, mut rest) = (Vec::new(), String::new(), text);
    while let Some(begin) = rest.find("${") {
        let inner = &rest[begin + 2..];
        let known = |inner: &str| {
            inner.starts_with(COMPONENT) || OURS.iter().any(|ours| inner.starts_with(ours))
        };
        plain.push_str(&rest[..begin]);
        if let Some(end) = inner.find('}').filter(|_| known(inner)) {
            if !plain.is_empty() {
                bits.push(Bit::Plain(std::mem::take(&mut plain)));
            }
            bits.push(bit(&inner[..end], at, reading));
            rest = &inner[end + 1..];
        } else {
            plain.push_str("${");
            rest = inner;
        }
    }
    plain.push_str(rest);
    if !plain.is_empty() || bits.is_empty() {
        bits.push(Bit::Plain(plain));
    }
    bits
}

fn bit(inner: &str, at: At, reading: &mut Reading<'_>) -> Bit {
    let Some(path) = inner.strip_prefix(COMPONENT) else {
        if !is_expression(inner) {
            let says = format!("${{{inner}}} is no expression of Terraform");
            reading.say(at, says, "write $${ for a text that begins so");
        }
        return Bit::Expression(inner.to_owned());
    };
    let (component, path) = path.split_once('.').unwrap_or((path, ""));
    if component.is_empty() || path.is_empty() {
        let says = format!("${{{inner}}} names no output of a component");
        reading.say(at, says, "${component.NAME.OUTPUT}");
    }
    Bit::Output(Output {
        component: component.to_owned(),
        path: path.to_owned(),
        at,
    })
}

impl Given {
    /// Every output of another component that it refers to.
    pub(super) fn outputs<'a>(&'a self, found: &mut Vec<&'a Output>) {
        match self {
            Given::Null | Given::Switch(_) | Given::Number(_) => {}
            Given::Text(bits) => found.extend(bits.iter().filter_map(|bit| match bit {
                Bit::Output(output) => Some(output),
                Bit::Plain(_) | Bit::Expression(_) => None,
            })),
            Given::List(items) => items.iter().for_each(|item| item.outputs(found)),
            Given::Map(map) => map.values().for_each(|value| value.outputs(found)),
        }
    }
}

/// Every output that values refer to.
pub(super) fn outputs(map: &Map) -> Vec<&Output> {
    let mut found = Vec::new();
    for value in map.values() {
        value.outputs(&mut found);
    }
    found
}
