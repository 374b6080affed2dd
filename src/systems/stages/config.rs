//! The configuration that all stages read: values by their names.

use std::collections::BTreeMap;

use crate::text::diagnostic::Diagnostics;
use crate::text::document::{self, Content, Limits, Node};
use crate::text::secret;

/// How large a configuration may be.
pub(super) const LIMITS: Limits = Limits {
    bytes: 1 << 20,
    depth: 32,
    nodes: 50_000,
    aliases: true,
};

/// A configuration.
#[derive(Debug, Default)]
pub(super) struct Config {
    /// Its file.
    pub(super) file: String,
    values: BTreeMap<String, Value>,
}

/// What stands under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// A text; a list as CloudFormation writes one.
    Text(String),
    /// A secret in clear text, which nobody repeats.
    Secret,
    /// Something that is no value.
    Other,
}

impl Config {
    /// What a file says.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn read(file: &str, bytes: &[u8]) -> Result<Self, Diagnostics> {
        let (_, root) = document::read(file, bytes, LIMITS)?;
        let entries = root.entries().iter();
        let values = entries.map(|(key, node)| (key.name.clone(), value(&key.name, node)));
        Ok(Self {
            file: file.to_owned(),
            values: values.collect(),
        })
    }

    /// A value.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// The names of all.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }
}

fn value(name: &str, node: &Node) -> Value {
    let text = match &node.content {
        Content::List(items) => {
            let texts: Option<Vec<&str>> = items.iter().map(Node::text).collect();
            texts.map(|texts| texts.join(","))
        }
        Content::Map(_) => None,
        Content::Scalar { .. } => Some(node.text().unwrap_or_default().to_owned()),
    };
    match text {
        Some(text) if is_secret(name, &text) => Value::Secret,
        Some(text) => Value::Text(text),
        None => Value::Other,
    }
}

/// Whether a value is a secret, and not where one is.
fn is_secret(name: &str, text: &str) -> bool {
    !text.starts_with("{{resolve:") && secret::is_kept_in(name, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_texts_and_secrets_are_kept_back() {
        let text = "StackPrefix: lab\nSubnetsPublic: [subnet-1, subnet-2]\nCpus: 12\nDatabasePassword: hunter2secret\nOther: \"{{resolve:secretsmanager:db}}\"\nTags: { a: b }\n";
        let config = Config::read("config.yml", text.as_bytes()).unwrap();
        let is = |text: &str| Some(Value::Text(text.to_owned()));
        for (name, value) in [
            ("StackPrefix", is("lab")),
            ("SubnetsPublic", is("subnet-1,subnet-2")),
            ("Cpus", is("12")),
            ("DatabasePassword", Some(Value::Secret)),
            ("Other", is("{{resolve:secretsmanager:db}}")),
            ("Tags", Some(Value::Other)),
            ("None", None),
        ] {
            assert_eq!(config.get(name).cloned(), value, "{name}");
        }
    }
}
