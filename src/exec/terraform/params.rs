//! What the hands are told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::domain::digest::Digest;
use crate::domain::look::Subject;
use crate::domain::secret_ref::SecretRef;
use crate::forms::terraform::{Artifact, Original, Told};

#[derive(Deserialize)]
pub(super) struct Params {
    /// The node, as its folder is called.
    pub(super) node: String,
    /// The program.
    #[serde(default)]
    pub(super) program: String,
    /// The files of the node.
    #[serde(default)]
    pub(super) bundle: Option<Digest>,
    /// What is put in its own file in place of what stands for it.
    #[serde(default)]
    pub(super) put: BTreeMap<String, String>,
    /// Its components that have another version than its files say: what those say, and what is put
    /// in its place.
    #[serde(default)]
    pub(super) versions: BTreeMap<String, [String; 2]>,
    /// What the original program makes the files of the node of, where it does.
    #[serde(default)]
    pub(super) original: Option<Original>,
    /// Its variables.
    #[serde(default)]
    pub(super) env: BTreeMap<String, String>,
    /// Those that are secrets.
    #[serde(default)]
    pub(super) variables: BTreeMap<String, SecretRef>,
    /// What it is told as `var.secrets`.
    #[serde(default)]
    pub(super) secrets: BTreeMap<String, Told>,
    /// What is registered of its components, by their names.
    #[serde(default)]
    pub(super) artifacts: BTreeMap<String, Artifact>,
    /// Fetch everything again.
    #[serde(default)]
    pub(super) force: bool,
    /// Plan the destruction of everything.
    #[serde(default)]
    pub(super) destroy: bool,
    /// See what others changed of what was applied, and nothing else.
    #[serde(default)]
    pub(super) refresh_only: bool,
    /// What the rows of a plan are about.
    #[serde(default)]
    pub(super) about: Option<Subject>,
    /// The plan that is applied.
    #[serde(default)]
    pub(super) plan: Option<Planned>,
    /// The lock that is freed.
    #[serde(default)]
    pub(super) lock: String,
}

impl Params {
    /// Of its files, as they are laid out.
    pub(super) fn files(&self) -> Option<Digest> {
        let with = |bundle| match (&self.put, &self.original) {
            (put, None) if put.is_empty() => bundle,
            (put, original) => Digest::of("holdpoint/put/1", &json!([bundle, put, original])),
        };
        let other = |bundle| Digest::of("holdpoint/put/2", &json!([bundle, self.versions]));
        let files = self.bundle.map(with);
        if self.versions.is_empty() {
            files
        } else {
            files.map(other)
        }
    }
}

/// A plan: the digest of its file, and the state that it was made for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Planned {
    pub(super) digest: Digest,
    pub(super) state: State,
}

/// Which state it is, and how often it was written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct State {
    #[serde(default)]
    pub(super) lineage: String,
    #[serde(default)]
    pub(super) serial: u64,
}
