//! The variables that an entry gives to commands: literal ones, and secrets by where they are.

use std::collections::BTreeMap;

use super::entry::Remarks;
use super::reach::quoted;
use crate::domain::ids::StackId;
use crate::domain::secret_ref::SecretRef;
use crate::secrets;
use crate::text::document::Node;
use crate::text::secret;

/// The lists of an entry, under the names of their keys.
pub(super) struct Lists<'a> {
    /// Literal ones.
    pub(super) env: &'a BTreeMap<String, String>,
    /// Secrets, by where they are.
    pub(super) secrets: &'a BTreeMap<String, String>,
    /// Secrets of which a variable names the file.
    pub(super) secret_files: &'a BTreeMap<String, String>,
}

impl<'a> Lists<'a> {
    fn all(&self) -> [(&'static str, &'a BTreeMap<String, String>); 3] {
        [
            ("env", self.env),
            ("secrets", self.secrets),
            ("secret_files", self.secret_files),
        ]
    }

    /// Says what is wrong with them.
    pub(super) fn check(&self, app: &str, told: &mut Remarks) {
        for (key, names) in self.all() {
            for name in names.keys() {
                named(key, name, told);
            }
        }
        for (key, names) in &self.all()[1..] {
            for (name, given) in *names {
                if let Some(Err(says)) = given
                    .parse::<SecretRef>()
                    .ok()
                    .map(|reference| secrets::check(&reference))
                {
                    told.say(
                        "secret-ref",
                        &[key, name],
                        format!("{name} of {app}: {says}"),
                        format!("write {}", secrets::forms()),
                    );
                }
                let all = self.all();
                let lists = all.iter().filter(|(_, names)| names.contains_key(name));
                if lists.count() > 1 {
                    told.say_key(
                        "twice",
                        &[key, name],
                        format!("{name} of {app} is in two lists of variables"),
                        "give it once",
                    );
                }
            }
        }
    }

    /// What they reach, one sentence each.
    pub(super) fn reach(&self, system: &str, app: &str) -> Vec<String> {
        let literal = self
            .env
            .iter()
            .map(|(key, value)| format!("{system} {app}: sets {}={}", quoted(key), quoted(value)));
        let [_, secrets, files] = self.all();
        let secrets = [(secrets.1, "as"), (files.1, "in a file as")].into_iter();
        let secrets = secrets.flat_map(|(names, how)| {
            names.iter().map(move |(name, given)| {
                format!(
                    "{system} {app}: reads the secret {} and gives it {how} {}",
                    quoted(given),
                    quoted(name)
                )
            })
        });
        literal.chain(secrets).collect()
    }
}

/// Checks the name of a variable.
fn named(key: &str, name: &str, told: &mut Remarks) {
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let fits = first && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !fits || name.starts_with("HOLDPOINT_") {
        let says = format!("{name:?} cannot be the name of a variable here");
        told.say_key(
            "variable",
            &[key, name],
            says,
            "use letters, digits and _; HOLDPOINT_ is ours",
        );
    }
}

/// Variables that are secrets in clear text, and secrets that say no place. `entry` is what stands in
/// the file, whatever else is wrong with it; `hint` says what to do instead.
pub(super) fn in_clear(app: &str, entry: &Node, lists: &[&str], hint: &str) -> Remarks {
    let mut told = Remarks::default();
    for (name, value) in entry.get("env").map_or(&[][..], Node::entries) {
        if value
            .text()
            .is_some_and(|text| secret::is_kept_in(&name.name, text))
        {
            let says = format!(
                "{} of {app} is a secret in clear text, and would be kept with every deployment",
                name.name
            );
            told.say("secret", &["env", &name.name], says, hint);
        }
    }
    for list in lists {
        for (name, value) in entry.get(list).map_or(&[][..], Node::entries) {
            if value
                .text()
                .is_some_and(|text| text.parse::<SecretRef>().is_err())
            {
                let says = format!(
                    "{} of {app} says no place where the secret is: is it the secret itself?",
                    name.name
                );
                told.say(
                    "secret",
                    &[list, &name.name],
                    says,
                    format!("write {}", secrets::forms()),
                );
            }
        }
    }
    told
}

/// Secrets by their names, as references.
///
/// # Errors
/// A sentence that names the one that says no place.
pub(super) fn references(
    stack: &StackId,
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, SecretRef>, String> {
    let read = |(name, text): (&String, &String)| -> Result<(String, SecretRef), String> {
        let reference = text
            .parse::<SecretRef>()
            .map_err(|why| format!("{stack}, {name}: {why}"))?;
        Ok((name.clone(), reference))
    };
    given.iter().map(read).collect()
}
