//! What is asked to be deployed: resolved from the estate, stored with the deployment, deployed again by a redeploy.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::digest::Digest;
use super::look::Subject;

/// Files that travel with an ask: path below the estate's folder to content. Stored by digest.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SourceBundle {
    /// Relative path (with `/`) to file.
    pub files: BTreeMap<String, SourceFile>,
}

/// One file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Its bytes (hex in JSON).
    #[serde(with = "hex_bytes")]
    pub bytes: Vec<u8>,
    /// Whether it may be executed.
    #[serde(default)]
    pub executable: bool,
}

impl SourceBundle {
    /// The digest of paths, modes and contents.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let listing: BTreeMap<_, _> =
            self.files.iter().map(|(path, file)| (path, (Digest::of_bytes(&file.bytes).to_string(), file.executable))).collect();
        Digest::of("holdpoint/bundle/1", &serde_json::to_value(listing).unwrap_or(Value::Null))
    }
}

/// A file of a stored bundle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileRef {
    /// The bundle.
    pub bundle: Digest,
    /// The path in it.
    pub path: String,
}

/// What an application is, in one environment, after reading the estate: typed by its system, opaque to everybody else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// The system's name: `service` or `script`.
    pub system: String,
    /// The release: what people call this content (first digits of its digest).
    pub release: String,
    /// The system's own form of it. No secrets.
    pub body: Value,
    /// The bundle that it needs at run time.
    pub bundle: Digest,
    /// The real things that it is; the first one says how the stack stands. None for what has no state outside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<Subject>,
    /// Names of log groups to watch beside its deployments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watch_logs: Vec<String>,
}

mod hex_bytes {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        use std::fmt::Write as _;
        let mut text = String::with_capacity(bytes.len() * 2);
        for byte in bytes {
            let _ = write!(text, "{byte:02x}");
        }
        to.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        if !text.len().is_multiple_of(2) || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(D::Error::custom("file bytes are pairs of hex digits"));
        }
        Ok((0..text.len()).step_by(2).filter_map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect())
    }
}
