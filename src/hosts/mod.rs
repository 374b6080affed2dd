//! Git hosts, by the interfaces that they have for programs: who we are there, what a branch leads
//! to, the files of a commit; and registries of images. A token goes to the host that gave it, and to
//! nobody else.

mod answer;
pub mod bitbucket;
mod calls;
pub mod github;
mod http;
pub mod images;
mod tokens;

use std::io::Write;
use std::sync::Arc;

use crate::domain::failure::Failure;
use crate::domain::masks::Secret;
use crate::domain::refs::{Branch, Commit};
use crate::domain::time::Time;
use crate::forms::bitbucket::Tenants;
use crate::forms::git::ReadAs;
use crate::os::clock::SharedClock;

use bitbucket::{Bitbucket, Installations};
use github::GitHub;

/// What tells the time.
pub type Now = Arc<dyn Fn() -> Time + Send + Sync>;

/// Whose name is called in, and about which repository.
#[derive(Debug, Clone, Copy)]
pub struct Who<'a> {
    /// As whom.
    pub by: &'a ReadAs,
    /// What proves that, where it is referred to ([`ReadAs::secret`]).
    pub key: Option<&'a Secret>,
    /// The repository: `acme/docs`.
    pub repository: &'a str,
}

/// All hosts, for all who call them: what one of them learned of a host, the others know.
pub struct Hosts {
    /// GitHub.
    pub github: GitHub,
    /// Bitbucket.
    pub bitbucket: Bitbucket,
}

impl Hosts {
    /// By that clock, with the installations of apps that are kept.
    #[must_use]
    pub fn new(clock: &SharedClock, installations: Installations) -> Arc<Self> {
        let now = now(clock);
        Arc::new(Self {
            github: GitHub::new(now.clone()),
            bitbucket: Bitbucket::new(now, installations),
        })
    }

    /// By that clock, where no installation of an app is known.
    #[must_use]
    pub fn of(clock: &SharedClock) -> Arc<Self> {
        Self::new(clock, Arc::new(|| Ok(Tenants::default())))
    }

    /// The commit that a branch leads to; none where there is no such branch.
    ///
    /// # Errors
    /// A failure that names what to do.
    pub async fn head(&self, who: Who<'_>, branch: &Branch) -> Result<Option<Commit>, Failure> {
        match who.at()? {
            At::Github(who) => self.github.head(who, branch).await,
            At::Bitbucket(who) => self.bitbucket.head(who, branch).await,
        }
    }

    /// The files of exactly one commit, as a zip archive in a folder of its own; gives its length.
    ///
    /// # Errors
    /// A failure that names what to do. What was written until then is no archive.
    pub async fn archive(
        &self,
        who: Who<'_>,
        commit: &Commit,
        to: &mut (dyn Write + Send),
        longest: u64,
    ) -> Result<u64, Failure> {
        match who.at()? {
            At::Github(who) => self.github.archive(who, commit, to, longest).await,
            At::Bitbucket(who) => self.bitbucket.archive(who, commit, to, longest).await,
        }
    }
}

/// The same, as one host knows it.
enum At<'a> {
    Github(github::Who<'a>),
    Bitbucket(bitbucket::Who<'a>),
}

impl<'a> Who<'a> {
    fn at(self) -> Result<At<'a>, Failure> {
        let Self {
            by,
            key,
            repository,
        } = self;
        Ok(match by {
            ReadAs::Github(app) => At::Github(github::Who {
                app,
                key: key.ok_or_else(|| Failure::new(format!("the key of {by} was not read")))?,
                repository,
            }),
            ReadAs::Bitbucket(app) => At::Bitbucket(bitbucket::Who { app, repository }),
        })
    }
}

/// The time as a clock tells it.
#[must_use]
pub fn now(clock: &SharedClock) -> Now {
    let clock = clock.clone();
    Arc::new(move || clock.now())
}
