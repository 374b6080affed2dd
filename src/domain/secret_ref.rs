//! References to secrets: where one is, never what it is. Stored, shown and approved as they are
//! written.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where a secret is: `env:CI_TOKEN`, `file:/run/secrets/db`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretRef {
    scheme: String,
    name: String,
}

/// A text is no reference. It is not repeated: it may be the secret itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not a reference to a secret, such as env:NAME or file:/whole/path")]
pub struct NoReference;

impl SecretRef {
    /// The kind of place where it is ("env").
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Its name there.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for SecretRef {
    type Err = NoReference;

    fn from_str(text: &str) -> Result<Self, NoReference> {
        let (scheme, name) = text.split_once(':').ok_or(NoReference)?;
        let plain = !scheme.is_empty()
            && scheme.len() <= 20
            && scheme.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        if plain && !name.is_empty() && name.len() <= 1_024 && !name.chars().any(char::is_control) {
            Ok(Self {
                scheme: scheme.to_owned(),
                name: name.to_owned(),
            })
        } else {
            Err(NoReference)
        }
    }
}

impl TryFrom<String> for SecretRef {
    type Error = NoReference;

    fn try_from(text: String) -> Result<Self, NoReference> {
        text.parse()
    }
}

impl From<SecretRef> for String {
    fn from(reference: SecretRef) -> Self {
        reference.to_string()
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.scheme, self.name)
    }
}
