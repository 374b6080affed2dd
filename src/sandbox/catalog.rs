//! The resource types the embedded cloud knows: how long they take, what replaces them, what they are called and what
//! `Fn::GetAtt` gives. Data in `config/sandbox/resources.yaml`; a type that is not in it is refused by its name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

const FILE: &str = include_str!("../../config/sandbox/resources.yaml");

static CATALOG: LazyLock<BTreeMap<String, Kind>> = LazyLock::new(|| serde_yaml::from_str(FILE).unwrap_or_default());

/// One resource type.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// How long an act takes, in seconds at normal pace.
    pub seconds: Seconds,
    /// The pattern of the physical id.
    pub id: String,
    /// The pattern of the generated name, where the property that names it is not given.
    #[serde(default = "generated")]
    pub generated: String,
    /// The property that names it, if there is one.
    #[serde(default)]
    pub name: Option<String>,
    /// True when generated names are lower case.
    #[serde(default)]
    pub lower: bool,
    /// Properties whose change makes a new physical resource; `*` means every one.
    #[serde(default)]
    pub replaces: BTreeSet<String>,
    /// Properties that must be given.
    #[serde(default)]
    pub required: BTreeSet<String>,
    /// What `Fn::GetAtt` gives, as patterns.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// The capability that a template with this type needs.
    #[serde(default)]
    pub capability: Option<String>,
}

/// Seconds per act.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seconds {
    /// To make it.
    pub create: f64,
    /// To change it in place.
    pub update: f64,
    /// To remove it.
    pub delete: f64,
}

impl Kind {
    /// True when a change of this property makes a new physical resource.
    #[must_use]
    pub fn replaces(&self, property: &str) -> bool {
        self.replaces.contains("*") || self.replaces.contains(property)
    }
}

/// The type of this name, if the embedded cloud knows it.
#[must_use]
pub fn kind(name: &str) -> Option<&'static Kind> {
    CATALOG.get(name)
}

/// Fills `{name}` places of a pattern; an unknown place stays as it is.
#[must_use]
pub fn fill(pattern: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(pattern.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

fn generated() -> String {
    "{stack}-{logical}-{random}".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_file_is_read_whole() {
        let read: Result<BTreeMap<String, Kind>, _> = serde_yaml::from_str(FILE);
        let read = read.expect("config/sandbox/resources.yaml");
        assert!(read.len() >= 14, "{} types", read.len());
        for (name, kind) in &read {
            assert!(name.starts_with("AWS::"), "{name}");
            for pattern in kind.attributes.values().chain([&kind.id]) {
                let rest = fill(
                    pattern,
                    &["id", "name", "account", "region", "random", "stack", "logical", "revision", "cluster"].map(|place| (place, "")),
                );
                assert!(!rest.contains('{'), "{name}: {pattern} has an unknown place");
            }
        }
    }
}
