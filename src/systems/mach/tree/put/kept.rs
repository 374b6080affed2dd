//! Secrets that stand in the files of a configuration: which values are secrets, what each is called,
//! and where it stands, so that it can be read again when it is needed and is kept nowhere.

use crate::forms::terraform::{Form, number};
use crate::text::document::Node;

/// Where a secret stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::systems::mach) struct Kept {
    /// The file, by its path below the estate's folder.
    pub(in crate::systems::mach) file: String,
    /// The keys that lead to it; an item of a list by what names it (`identifier=nl`), or its number.
    pub(in crate::systems::mach) steps: Vec<String>,
    /// What it is there.
    pub(in crate::systems::mach) form: Form,
}

/// What a value is, by how it is written.
pub(super) fn form(text: &str, plain: bool) -> Form {
    let is_switch = matches!(text, "true" | "True" | "TRUE" | "false" | "False" | "FALSE");
    if plain && (is_switch || number(text).is_some()) {
        Form::Literal
    } else {
        Form::Text
    }
}

/// Keys of which everything below is secret.
const MAPPINGS: [&str; 2] = ["secrets", "store_secrets"];
/// Settings of plug-ins and of remote states that are secrets.
const SETTINGS: [&str; 6] = [
    "auth_token",
    "client_private_key_pem",
    "client_secret",
    "cma_token",
    "password",
    "token",
];

/// Whether what stands under a key is secret; `steps` lead to the mapping that has it.
pub(super) fn is_secret(key: &str, steps: &[String]) -> bool {
    let is_given = steps.iter().any(|step| step == "variables");
    MAPPINGS.contains(&key) || (SETTINGS.contains(&key) && !is_given)
}

/// What names of settings of plug-ins that nobody knows here have where they are secrets.
const NAMES: [&str; 7] = [
    "access_key",
    "api_key",
    "apikey",
    "password",
    "private_key",
    "secret",
    "token",
];

/// The same of plug-ins of others, by the name alone.
pub(super) fn is_called_secret(key: &str, steps: &[String]) -> bool {
    let key = key.to_ascii_lowercase();
    is_secret(&key, steps)
        || NAMES.iter().any(|name| key.contains(name))
            && !steps.iter().any(|step| step == "variables")
}

/// Whether a line of a configuration may show a secret.
pub(in crate::systems::mach) fn may_tell(line: &str) -> bool {
    let mut keys = line.split(':').rev().skip(1);
    keys.any(|before| {
        let word = before.rsplit(|c: char| !(c.is_ascii_alphanumeric() || "_-".contains(c)));
        word.into_iter()
            .find(|word| !word.is_empty())
            .is_some_and(|key| is_called_secret(key, &[]))
    })
}

/// What a secret is called: the names that lead to it.
pub(super) fn name(steps: &[String]) -> String {
    let steps = steps.iter().map(|step| {
        let name = step.split_once('=').map_or(step.as_str(), |(_, name)| name);
        let fine = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        name.replace(|c| !fine(c), "_")
    });
    steps.collect::<Vec<_>>().join(".")
}

/// The steps to the items of a list: by what names each, where that names one alone.
pub(super) fn step(items: &[Node]) -> Vec<String> {
    let own = |item: &Node| {
        let mut keys = ["identifier", "name"].into_iter();
        keys.find_map(|key| Some(format!("{key}={}", item.get(key)?.text()?)))
            .filter(|step| !step.contains("${"))
    };
    let names: Vec<Option<String>> = items.iter().map(own).collect();
    let one = |name: &String| {
        names
            .iter()
            .flatten()
            .filter(|other| *other == name)
            .count()
            == 1
    };
    let steps = names.iter().enumerate();
    steps
        .map(|(n, name)| name.clone().filter(one).unwrap_or_else(|| n.to_string()))
        .collect()
}
