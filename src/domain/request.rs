//! What is asked to be deployed: resolved from the estate, stored with the deployment, deployed
//! again by a redeploy.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::artifact::Artifact;
use super::digest::Digest;
use super::failure::Failure;
use super::ids::Part;
use super::look::Subject;
use super::secret_ref::SecretRef;
use crate::text::safe::Safe;

/// Files that travel with an ask: path below the estate's folder to content. Stored by digest.
/// However a file is kept, the digest of its bundle is the same.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SourceBundle {
    /// Relative path (with `/`) to file.
    pub files: BTreeMap<String, SourceFile>,
    /// The files that are kept beside the store while the bundle is stored or on its way, so that
    /// it stays small.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kept: BTreeMap<String, KeptFile>,
}

/// One file of a bundle, by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFile {
    /// Its bytes.
    pub artifact: Artifact,
    /// Whether it may be executed.
    #[serde(default)]
    pub executable: bool,
}

/// One file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Its bytes (hex in JSON).
    #[serde(with = "hex")]
    pub bytes: Vec<u8>,
    /// Whether it may be executed.
    #[serde(default)]
    pub executable: bool,
}

impl SourceBundle {
    /// The digest of paths, modes and contents.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let files = self.files.iter().map(|(path, file)| {
            (
                path,
                (Digest::of_bytes(&file.bytes).to_string(), file.executable),
            )
        });
        let kept = self
            .kept
            .iter()
            .map(|(path, file)| (path, (file.artifact.digest.to_string(), file.executable)));
        let listing: BTreeMap<_, _> = files.chain(kept).collect();
        Digest::of(
            "holdpoint/bundle/1",
            &serde_json::to_value(listing).unwrap_or(Value::Null),
        )
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

/// What is brought into service: named for people, known by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// What people call it.
    pub name: Safe,
    /// Where it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Made>,
    /// Of everything that makes it what it is: two releases are the same where this is, whatever
    /// they are called.
    pub digest: Digest,
}

/// Where a release comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Made {
    /// The files that the estate names, as they were when it was asked for.
    Files,
    /// A commit.
    Commit {
        /// The repository.
        repo: Safe,
        /// The branch or tag that pointed to it.
        #[serde(rename = "ref")]
        at: Safe,
        /// Its hash.
        sha: Safe,
    },
    /// The files of the estate, with an application file that was given in place of its own.
    Given {
        /// What that file is called.
        name: Safe,
    },
    /// An archive.
    Archive {
        /// Of its bytes.
        digest: Digest,
    },
    /// Images.
    Images {
        /// By name: the digest that its registry gives.
        images: BTreeMap<String, Safe>,
    },
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Made::Files => f.write_str("the files of the estate"),
            Made::Commit { repo, at, sha } if at == sha => write!(f, "commit {sha} of {repo}"),
            Made::Commit { repo, at, sha } => write!(f, "commit {sha} of {repo} ({at})"),
            Made::Given { name } => write!(f, "the file {name}, given by hand"),
            Made::Archive { digest } => write!(f, "archive {}", digest.short()),
            Made::Images { images } => {
                let images: Vec<String> = images
                    .iter()
                    .map(|(name, digest)| format!("{name}@{digest}"))
                    .collect();
                write!(f, "images {}", images.join(", "))
            }
        }
    }
}

/// How many bytes of a name are enough to mean it.
const ENOUGH: usize = 6;

impl Release {
    /// A release of the estate's files; it is called by the first digits of its digest.
    #[must_use]
    pub fn of_files(digest: Digest) -> Self {
        Self {
            name: Safe::new(&digest.short()),
            source: Some(Made::Files),
            digest,
        }
    }

    /// The release of a whole whose parts have these.
    #[must_use]
    pub fn of_parts<'a>(parts: impl Iterator<Item = (&'a Part, &'a Release)>) -> Self {
        let releases: BTreeMap<&Part, Digest> = parts
            .map(|(part, release)| (part, release.digest))
            .collect();
        Self::of_files(Digest::of("holdpoint/whole/1", &json!(releases)))
    }

    /// True for the same content, whatever it is called.
    #[must_use]
    pub fn is(&self, other: &Release) -> bool {
        self.digest == other.digest
    }

    /// True where that is its name, or enough of the beginning that nobody means another thing by
    /// it.
    #[must_use]
    pub fn is_called(&self, text: &str) -> bool {
        let name = self.name.as_str();
        name == text || (text.len() >= ENOUGH && name.starts_with(text))
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)
    }
}

/// What an application is, in one environment, after reading the estate: typed by its system,
/// opaque to everybody else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// The system's name, as in the estate file.
    pub system: String,
    /// What is brought into service.
    pub release: Release,
    /// The system's own form of it. No secrets.
    pub body: Value,
    /// The bundle that it needs at run time.
    pub bundle: Digest,
    /// The real things that it is; the first one says how the stack stands. None for what has no
    /// state outside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<Subject>,
    /// What to tail beside its deployments, by its name ([`Tailed`](super::tailed::Tailed)).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watch_logs: Vec<String>,
    /// Of a whole: its parts, each deployed on its own; none of what has none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<Part, Spec>,
}

impl Spec {
    /// Whether its deployments are those of parts.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !self.parts.is_empty()
    }

    /// The bundles that its deployments need, those of its parts with it.
    pub fn bundles(&self) -> impl Iterator<Item = Digest> {
        let parts = self.parts.values().map(|part| part.bundle);
        std::iter::once(self.bundle).chain(parts)
    }

    /// The system's own form of it; `hint` is what to do where it cannot be read.
    ///
    /// # Errors
    /// It was stored in a form that this version does not know.
    pub fn form<T: DeserializeOwned>(&self, hint: &str) -> Result<T, Failure> {
        T::deserialize(&self.body).map_err(|why| {
            let says = format!(
                "release {} is stored in a form that this version cannot read",
                self.release
            );
            Failure::new(says).detail(why.to_string()).hint(hint)
        })
    }

    /// Every secret that its form names.
    #[must_use]
    pub fn secrets(&self) -> Vec<SecretRef> {
        let mut named = Vec::new();
        referred(&self.body, false, &mut named);
        named
    }
}

/// The references in a form: they stand below the fields that are for them, and nowhere else.
fn referred(form: &Value, is_theirs: bool, named: &mut Vec<SecretRef>) {
    match form {
        Value::Object(fields) => {
            for (name, field) in fields {
                let theirs = is_theirs || ["secrets", "secret_files"].contains(&name.as_str());
                referred(field, theirs, named);
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| referred(item, is_theirs, named)),
        Value::String(text) if is_theirs => named.extend(text.parse::<SecretRef>().ok()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
