//! What a host told, once it is proven that it was told by it.

use super::push::{Push, Pusher};
use crate::domain::person::Issuer;
use crate::domain::refs::{Branch, Commit};
use crate::domain::repository::Repository;
use crate::text::safe::Safe;

/// What a host told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// That it can reach us.
    Ping,
    /// That branches or tags moved; Bitbucket tells of several at once.
    Pushes(Vec<Push>),
    /// Which repositories an installation may read.
    Access(Access),
    /// That somebody wants what was told of a commit to be done again.
    Again(Again),
    /// Something that means nothing here, by the host's name for it.
    Other(Safe),
}

/// What was told of a commit is to be done again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// Who tells of it.
    pub host: Issuer,
    /// The repository.
    pub repository: Repository,
    /// The branch that the commit was pushed to.
    pub branch: Branch,
    /// The commit.
    pub commit: Commit,
    /// The one check run that is meant, by its name; all where none is named.
    pub check: Option<Safe>,
    /// Who wants it.
    pub by: Pusher,
}

/// What an installation of an app of ours may read, as far as was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The id of the installation at its host.
    pub installation: u64,
    /// Whose it is.
    pub account: Safe,
    /// The repositories, by their ids, that it may read from now on.
    pub added: Vec<(u64, Repository)>,
    /// Those that it may not read any more.
    pub removed: Vec<(u64, Repository)>,
    /// Whether it is over, or suspended: it may read nothing.
    pub ended: bool,
}
