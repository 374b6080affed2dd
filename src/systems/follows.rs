//! What a system says of repositories: whose pushes it follows, as whom it is read, and who is told
//! what becomes of a commit.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::person::Issuer;
use crate::domain::refs::Branch;
use crate::domain::repository::Repository;

/// Branches of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follows {
    /// The repository.
    pub repository: Repository,
    /// The branches.
    pub branches: Branches,
}

/// Which branches of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Branches {
    /// These, each by its whole name.
    Named(BTreeSet<Branch>),
    /// All of them.
    All,
}

impl Branches {
    /// One of them.
    #[must_use]
    pub fn one(branch: Branch) -> Self {
        Self::Named(BTreeSet::from([branch]))
    }

    /// Whether a branch is one of them.
    #[must_use]
    pub fn has(&self, branch: &Branch) -> bool {
        match self {
            Branches::Named(all) => all.contains(branch),
            Branches::All => true,
        }
    }
}

/// A repository that is read as an app of its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadFrom {
    /// The repository.
    pub repository: Repository,
    /// Who we are there, in the form of who calls it.
    pub by: Value,
}

/// Who is told what becomes of a commit, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyTo {
    /// The host that tells of pushes there.
    pub host: Issuer,
    /// The repository.
    pub repository: Repository,
    /// Who we are there, in the form of who calls it.
    pub by: Value,
    /// What its check run is called there, where that is not as usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called: Option<String>,
}
