//! Versions that the files of an application pin: where each is written, and where the others are.

use crate::forms::registry::Registry;
use crate::text::diagnostic::At;
use crate::text::safe::Safe;

/// A version that a file pins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// Of what: the name of a component.
    pub name: String,
    /// As it is written.
    pub version: String,
    /// Where the others are.
    pub among: Versions,
    /// The file, below the folder of the estate.
    pub file: Safe,
    /// Where it is written there.
    pub at: At,
}

/// Where the versions of something are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Versions {
    /// Commits and tags of a git repository.
    Git(GitVersions),
    /// Those of a name in a registry of the environment's account.
    Registry(Registry, String),
    /// Nobody can list them here; a sentence says why.
    Unlisted(&'static str),
}

/// The versions of a part of a git repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitVersions {
    /// The repository, as git reads it.
    pub address: String,
    /// The branch whose commits count; `main` where nothing is said.
    pub branch: String,
    /// What of it counts; all of it where none is named.
    pub paths: Vec<String>,
}
