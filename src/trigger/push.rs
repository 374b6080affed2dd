//! A push, whichever host tells of it.

use crate::domain::person::Issuer;
use crate::domain::refs::{Commit, Ref};
use crate::domain::repository::Repository;
use crate::text::safe::Safe;

/// One branch or tag of one repository moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// Who tells of it.
    pub host: Issuer,
    /// Where.
    pub repository: Repository,
    /// What moved.
    pub at: Ref,
    /// Where it stood; none where it is new.
    pub before: Option<Commit>,
    /// Where it stands; none where it is gone.
    pub after: Option<Commit>,
    /// Whether what was there before is no longer part of it; false where the host does not say.
    pub forced: bool,
    /// Who pushed, as the host proved them.
    pub by: Pusher,
    /// The first line of the newest commit's message; empty where there is none.
    pub message: Safe,
    /// When the host took it, in whole seconds since 1970, where it says that.
    pub taken_at: Option<i64>,
    /// Whether it is told by the suite of checks that a host asks for beside a push, and perhaps by
    /// the push as well.
    pub of_suite: bool,
}

/// Who pushed, as the host proved them: never the author of a commit, whom anybody may write there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pusher {
    /// Their id at the host, which never changes.
    pub id: Safe,
    /// What they are called there now.
    pub name: Safe,
}

impl Pusher {
    /// For a screen: the name, and the id by which that was proven.
    #[must_use]
    pub fn shown(&self) -> Safe {
        Safe::new(&format!("{} ({})", self.name, self.id))
    }
}

/// The first line of a message of a commit, on one line and not too long for one.
pub(super) fn first_line(message: &str) -> Safe {
    let line: String = message
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(200)
        .collect();
    Safe::told(line.trim())
}
