//! A CloudFormation template, as far as a deployment must know it: its parameters, its resources,
//! what it does to rights. YAML with the short tags, or JSON; one that is on its way to a stack, or
//! the one that a stack has. What CloudFormation itself judges better is left to it.

mod condition;
mod constraint;
pub mod cut;
mod function;
mod parameter;
mod resource;
mod rights;

use std::collections::{BTreeMap, BTreeSet};

pub use condition::Made;
pub use parameter::{Fixed, Parameter};
pub use resource::Resource;

use self::rights::Rights;
use super::COUNT;
use crate::text::diagnostic::{At, Diagnostic, Diagnostics};
use crate::text::document::{self, Content, Limits, Node, Source};

/// What was read.
#[derive(Debug, Clone)]
pub struct Template {
    /// Parameters by name.
    pub parameters: BTreeMap<String, Parameter>,
    /// Resources by logical id.
    pub resources: BTreeMap<String, Resource>,
    /// The text, for what is said of it further.
    source: Source,
    /// The whole of it.
    root: Node,
    /// Where the parameters stand.
    parameters_at: At,
    /// What it does to rights.
    rights: Rights,
}

impl Template {
    /// Something wrong with a parameter; with all of them for one that is not there.
    #[must_use]
    pub fn about_parameter(&self, name: &str, says: &str, hint: &str) -> Diagnostic {
        let at = self
            .parameters
            .get(name)
            .map_or(self.parameters_at, |parameter| parameter.at);
        self.source.diagnostic("parameter", at, says, hint)
    }

    /// The resources that are made with these values, by its conditions.
    #[must_use]
    pub fn made(&self, stack_name: &str, given: &BTreeMap<String, String>) -> Made {
        condition::made(self, stack_name, given)
    }

    /// The parameters that are named as counts of tasks and cannot be brought to 0, and why.
    #[must_use]
    pub fn fixed(&self) -> BTreeMap<String, Fixed> {
        let used = self.used();
        let counts = self
            .parameters
            .iter()
            .filter(|(name, _)| name.starts_with(COUNT));
        counts
            .filter_map(|(name, one)| Some((name.clone(), one.fixed(used.contains(name))?)))
            .collect()
    }

    /// The parameters that change something where they change: whatever a macro makes of a template
    /// may use any of them.
    fn used(&self) -> BTreeSet<String> {
        if self.root.get("Transform").is_some() {
            return self.parameters.keys().cloned().collect();
        }
        let mut used = BTreeSet::new();
        for part in ["Resources", "Conditions", "Mappings"] {
            if let Some(node) = self.root.get(part) {
                function::references(node, &mut |name| {
                    used.insert(name.to_owned());
                });
            }
        }
        used
    }
}

/// Reads a template: as far as it can be read, and everything that is wrong with its form.
#[must_use]
pub fn read(name: &str, bytes: &[u8]) -> (Option<Template>, Diagnostics) {
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
        parameters.insert(key.name.clone(), parameter::read(key, node, &mut say));
    }
    let resources = resource::read(&root, &source, &mut say);
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
            rights: rights::read(&root),
            source,
            root,
            parameters_at,
        }),
        found,
    )
}

#[cfg(test)]
mod tests;
