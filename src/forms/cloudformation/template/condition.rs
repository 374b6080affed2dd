//! Which resources a template makes: what its conditions come to with the values that are known
//! beforehand. What is known only at AWS (the account, a value out of the parameter store) leaves a
//! condition open.

use std::collections::{BTreeMap, BTreeSet};

use super::Template;
use super::function::{self, Part};
use crate::text::document::{Content, Node};

/// How deep conditions and functions are followed.
const DEEPEST: usize = 32;

/// The resources that a template makes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Made {
    /// Types by logical id, those of open conditions included.
    pub resources: BTreeMap<String, String>,
    /// Those of which it is open whether they are made: logical ids.
    pub open: BTreeSet<String>,
}

pub(super) fn made(
    template: &Template,
    stack_name: &str,
    given: &BTreeMap<String, String>,
) -> Made {
    let conditions = Conditions {
        template,
        stack_name,
        given,
    };
    let mut made = Made::default();
    for (logical, resource) in &template.resources {
        let holds = match &resource.condition {
            None => Some(true),
            Some(name) => conditions.holds(name, DEEPEST),
        };
        if holds == Some(false) {
            continue;
        }
        if holds.is_none() {
            made.open.insert(logical.clone());
        }
        made.resources
            .insert(logical.clone(), resource.kind.clone());
    }
    made
}

struct Conditions<'a> {
    template: &'a Template,
    stack_name: &'a str,
    given: &'a BTreeMap<String, String>,
}

impl Conditions<'_> {
    /// Whether a condition holds; `None` where that cannot be told.
    fn holds(&self, name: &str, deep: usize) -> Option<bool> {
        let node = self.template.root.get("Conditions")?.get(name)?;
        self.truth(node, deep.checked_sub(1)?)
    }

    fn truth(&self, node: &Node, deep: usize) -> Option<bool> {
        let deep = deep.checked_sub(1)?;
        let (name, given) = function::of(node)?;
        let each = || given.items().iter().map(|item| self.truth(item, deep));
        match name {
            "Condition" => self.holds(given.text()?, deep),
            "Equals" => match given.items() {
                [one, other] => Some(self.text(one, deep)? == self.text(other, deep)?),
                _ => None,
            },
            "Not" => match given.items() {
                [one] => self.truth(one, deep).map(|holds| !holds),
                _ => None,
            },
            "And" => Self::all(each(), true),
            "Or" => Self::all(each(), false).map(|none| !none),
            _ => None,
        }
    }

    /// Whether all are so: one that is not settles it, one that is open leaves it open.
    fn all(each: impl Iterator<Item = Option<bool>>, so: bool) -> Option<bool> {
        let mut settled = Some(true);
        for one in each {
            match one {
                Some(is) if is != so => return Some(false),
                Some(_) => {}
                None => settled = None,
            }
        }
        settled
    }

    /// The text that a value comes to.
    fn text(&self, node: &Node, deep: usize) -> Option<String> {
        let deep = deep.checked_sub(1)?;
        let Some((name, given)) = function::of(node) else {
            return match &node.content {
                Content::Scalar { .. } if node.is_null() => Some(String::new()),
                Content::Scalar { text, .. } => Some(text.clone()),
                Content::List(_) | Content::Map(_) => None,
            };
        };
        match (name, given.items()) {
            ("Ref", _) => self
                .value(given.text()?)
                .filter(|(_, list)| !list)
                .map(|(text, _)| text),
            ("Sub", []) => self.substituted(given.text()?, &[], deep),
            ("Sub", [text, own]) => self.substituted(text.text()?, own.entries(), deep),
            ("Join", [between, list]) => {
                Some(self.list(list, deep)?.join(&self.text(between, deep)?))
            }
            ("Select", [nth, list]) => {
                let nth: usize = self.text(nth, deep)?.parse().ok()?;
                self.list(list, deep)?.get(nth).cloned()
            }
            ("FindInMap", [map, first, second]) => {
                let map = self
                    .template
                    .root
                    .get("Mappings")?
                    .get(&self.text(map, deep)?)?;
                let row = map.get(&self.text(first, deep)?)?;
                row.get(&self.text(second, deep)?)?
                    .text()
                    .map(str::to_owned)
            }
            ("If", [condition, yes, no]) => {
                let chosen = if self.holds(condition.text()?, deep)? {
                    yes
                } else {
                    no
                };
                self.text(chosen, deep)
            }
            _ => None,
        }
    }

    fn list(&self, node: &Node, deep: usize) -> Option<Vec<String>> {
        let deep = deep.checked_sub(1)?;
        match function::of(node) {
            None => node
                .items()
                .iter()
                .map(|item| self.text(item, deep))
                .collect(),
            Some(("Ref", given)) => {
                let (text, _) = self.value(given.text()?).filter(|(_, list)| *list)?;
                Some(text.split(',').map(|item| item.trim().to_owned()).collect())
            }
            Some(("Split", given)) => match given.items() {
                [at, text] => {
                    let (at, text) = (self.text(at, deep)?, self.text(text, deep)?);
                    Some(text.split(&at).map(str::to_owned).collect())
                }
                _ => None,
            },
            Some(_) => None,
        }
    }

    fn substituted(
        &self,
        text: &str,
        own: &[(crate::text::document::Key, Node)],
        deep: usize,
    ) -> Option<String> {
        let mut whole = String::new();
        for part in function::parts(text) {
            match part {
                Part::Text(text) => whole += text,
                Part::Name(name) => {
                    whole += &match own.iter().find(|(key, _)| key.name == name) {
                        Some((_, node)) => self.text(node, deep)?,
                        None => self.value(name).map(|(text, _)| text)?,
                    };
                }
            }
        }
        Some(whole)
    }

    /// The value of a parameter, and whether it is a list; `None` where only AWS knows it.
    fn value(&self, name: &str) -> Option<(String, bool)> {
        if name == "AWS::StackName" {
            return Some((self.stack_name.to_owned(), false));
        }
        let declared = self.template.parameters.get(name)?;
        let value = self.given.get(name).or(declared.default.as_ref())?;
        let elsewhere = declared.is_looked_up() || value.starts_with("{{resolve:");
        (!elsewhere).then(|| (value.clone(), declared.is_list()))
    }
}
