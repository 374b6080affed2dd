//! What plans share with the hands of Terraform.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::digest::Digest;
use crate::domain::secret_ref::SecretRef;
use crate::forms::registry::Registry;

/// The kind of a state of Terraform, as a thing.
pub const STATE: &str = "terraform.state";

/// The kinds of steps: lays out the files of a node.
pub const GENERATE: &str = "terraform.generate";
/// Fetches providers and modules.
pub const INIT: &str = "terraform.init";
/// Checks the files.
pub const VALIDATE: &str = "terraform.validate";
/// Plans, and keeps the plan file.
pub const PLAN: &str = "terraform.plan";
/// Applies a plan file.
pub const APPLY: &str = "terraform.apply";
/// Frees a lock of the state, by its id.
pub const UNLOCK: &str = "terraform.unlock";
/// Removes the plan file of a deployment.
pub const DISCARD: &str = "terraform.discard";

/// The verdict of a plan by which something changes.
pub const CHANGES: &str = "apply";
/// The verdict of a plan by which nothing does.
pub const SAME: &str = "nothing";

/// What the original program makes Terraform of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Original {
    /// The program.
    pub program: String,
    /// The configuration, by its whole path: it is read where it lies.
    pub config: String,
    /// All files that it is made of, by their whole paths, as they were when it was asked for.
    pub files: BTreeMap<String, Digest>,
}

/// What is registered of a component, from which its modules take their artifacts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Where.
    pub registry: Registry,
    /// The version.
    pub version: String,
}

/// A secret that Terraform is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Where it is.
    pub from: SecretRef,
    /// What it is there.
    #[serde(rename = "as", default)]
    pub form: Form,
}

/// What a secret is where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A text.
    #[default]
    Text,
    /// A number, or a switch, as it is written.
    Literal,
    /// A text amid which references stand: the texts between them.
    Parts,
}

/// A text as its own letters (true), and the references amid them, in their order.
#[must_use]
pub fn parts(text: &str) -> Vec<(&str, bool)> {
    let mut parts = Vec::new();
    let (mut from, mut looked) = (0, 0);
    while let Some(begin) = text[looked..].find("${").map(|found| looked + found) {
        let inner = &text[begin + 2..];
        let known = ["env.", "var.", "component."];
        let end = inner
            .find('}')
            .filter(|_| known.iter().any(|kind| inner.starts_with(kind)));
        looked = begin + 2;
        if let Some(end) = end {
            if from < begin {
                parts.push((&text[from..begin], true));
            }
            parts.push((&inner[..end], false));
            looked = begin + 2 + end + 1;
            from = looked;
        }
    }
    if from < text.len() {
        parts.push((&text[from..], true));
    }
    parts
}

/// A word of YAML as the number that Terraform reads as the same one; none for a word that is none.
/// `0441…`, which is an account to people and an octal number to some readers, is none.
#[must_use]
pub fn number(text: &str) -> Option<String> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let (digits, power) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let whole = if whole.is_empty() { "0" } else { whole };
    let are = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let power = power.strip_prefix(['+', '-']).unwrap_or(power);
    let fits = are(whole) && are(part) && are(power) && (whole == "0" || !whole.starts_with('0'));
    let begins = if rest.starts_with('.') { "0" } else { "" };
    let any = digits.bytes().any(|b| b.is_ascii_digit());
    (fits && any).then(|| format!("{sign}{begins}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_yaml_as_terraform_reads_them() {
        for (text, expected) in [
            ("12", Some("12")),
            ("-3.5", Some("-3.5")),
            ("+5", Some("5")),
            (".5", Some("0.5")),
            ("1.5e3", Some("1.5e3")),
            ("2E-7", Some("2E-7")),
            ("044100", None),
            ("1_000", None),
            ("0x1F", None),
            ("1.2.3", None),
            ("e3", None),
            (".", None),
            ("-", None),
            ("", None),
        ] {
            assert_eq!(number(text).as_deref(), expected, "{text}");
        }
    }
}
