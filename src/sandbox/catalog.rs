//! The resource types the embedded cloud knows: how long they take, what replaces them, what they
//! are called and what `Fn::GetAtt` gives. Those behind which no service stands are data in
//! `config/sandbox/resources.yaml`, every other is brought by its service; a type that is nowhere
//! is refused by its name.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

const FILE: &str = include_str!("../../config/sandbox/resources.yaml");

/// All types, by name.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    kinds: BTreeMap<String, ResourceType>,
}

/// One resource type.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceType {
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
    /// The service that brings it.
    #[serde(skip)]
    pub owner: Option<&'static str>,
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

impl ResourceType {
    /// True when a change of this property makes a new physical resource.
    #[must_use]
    pub fn replaces(&self, property: &str) -> bool {
        self.replaces.contains("*") || self.replaces.contains(property)
    }
}

impl Catalog {
    /// The types of the shared file and those that services bring, as their names and texts; a
    /// service's own word counts more. A test reads every file, so that none of them is silently empty.
    #[must_use]
    pub fn of(brought: impl IntoIterator<Item = (&'static str, &'static str)>) -> Self {
        let mut kinds: BTreeMap<String, ResourceType> =
            serde_yaml::from_str(FILE).unwrap_or_default();
        for (service, types) in brought {
            let types: BTreeMap<String, ResourceType> =
                serde_yaml::from_str(types).unwrap_or_default();
            kinds.extend(types.into_iter().map(|(name, kind)| {
                (
                    name,
                    ResourceType {
                        owner: Some(service),
                        ..kind
                    },
                )
            }));
        }
        Self { kinds }
    }

    /// The type of this name, if the embedded cloud knows it.
    #[must_use]
    pub fn kind(&self, name: &str) -> Option<&ResourceType> {
        self.kinds.get(name)
    }
}

/// Fills `{name}` places of a pattern; an unknown place stays as it is.
#[must_use]
pub fn fill(pattern: &str, values: &[(&str, &str)]) -> String {
    values
        .iter()
        .fold(pattern.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        })
}

fn generated() -> String {
    "{stack}-{logical}-{random}".to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sandbox::door::Thing;
    use crate::sandbox::services;

    const EVERYWHERE: [&str; 8] = [
        "id", "name", "account", "region", "random", "six", "stack", "logical",
    ];

    #[test]
    fn every_file_of_types_is_read_whole_and_no_type_comes_twice() {
        let mut seen = BTreeSet::new();
        let brought = services::ALL
            .iter()
            .map(|offer| (offer.types, (offer.empty)()));
        let brought = brought
            .filter(|(types, _)| !types.is_empty())
            .map(|(types, service)| (types, Some(service)));
        for (types, service) in brought.chain([(FILE, None)]) {
            let read: BTreeMap<String, ResourceType> =
                serde_yaml::from_str(types).unwrap_or_else(|error| panic!("{error}: {types}"));
            for (name, kind) in &read {
                assert!(
                    name.starts_with("AWS::") && seen.insert(name.clone()),
                    "{name}"
                );
                let thing = Thing {
                    kind: name,
                    physical: "",
                    name: "n",
                    properties: &json!({}),
                };
                let own = service
                    .as_ref()
                    .map(|service| service.places(&thing))
                    .unwrap_or_default();
                for pattern in kind.attributes.values().chain([&kind.id]) {
                    let places = EVERYWHERE
                        .into_iter()
                        .chain(own.iter().map(|(place, _)| *place));
                    let rest = fill(
                        pattern,
                        &places.map(|place| (place, "")).collect::<Vec<_>>(),
                    );
                    assert!(
                        !rest.contains('{'),
                        "{name}: {pattern} has an unknown place"
                    );
                }
            }
        }
        assert!(seen.len() >= 14, "{} types", seen.len());
    }
}
