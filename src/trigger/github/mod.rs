//! GitHub: what its webhooks tell of pushes, checks and installations. The names of events stand in
//! `X-GitHub-Event`; the body is read once its signature is checked.

mod checks;

use serde::Deserialize;

use super::json::{self, Unread};
use super::push::{Push, Pusher, first_line};
use super::told::{Access, Told};
use crate::domain::person::Issuer;
use crate::domain::refs::{Commit, Ref};
use crate::domain::repository::Repository;
use crate::text::safe::Safe;

/// Reads what was told.
///
/// # Errors
/// [`Unread`] where an event that means something here has another form than GitHub gives it.
pub fn read(event: &str, body: &[u8]) -> Result<Told, Unread> {
    match event {
        "ping" => json::read::<Ping>(body).map(|_| Told::Ping),
        "push" => json::read::<Pushed>(body)?
            .push()
            .map(|push| Told::Pushes(vec![push])),
        "check_suite" => checks::suite(body),
        "check_run" => checks::run(body),
        "installation" => json::read::<Installation>(body)?.told(),
        "installation_repositories" => json::read::<Repositories>(body)?.told(),
        other => {
            // Of what means nothing here it is still seen that it is sound.
            json::read::<serde::de::IgnoredAny>(body)?;
            Ok(Told::Other(Safe::told(other)))
        }
    }
}

#[derive(Deserialize)]
struct Ping {
    #[serde(rename = "zen")]
    _zen: String,
}

#[derive(Deserialize)]
struct Pushed {
    #[serde(rename = "ref")]
    at: String,
    before: String,
    after: String,
    /// GitHub says both; Gitea and Forgejo, which speak as it does, neither.
    forced: Option<bool>,
    deleted: Option<bool>,
    repository: Where,
    sender: User,
    head_commit: Option<Head>,
}

#[derive(Deserialize)]
struct Where {
    html_url: String,
    full_name: String,
    /// Whole seconds in pushes; of a repository that never saw one there is none.
    pushed_at: Option<i64>,
}

#[derive(Deserialize)]
struct User {
    id: u64,
    login: String,
}

#[derive(Deserialize)]
struct Head {
    id: String,
    message: String,
}

impl Pushed {
    fn push(self) -> Result<Push, Unread> {
        let wrong = |why: &str| Unread::new(&why);
        let repository: Repository = self
            .repository
            .html_url
            .parse()
            .map_err(|why| Unread::new(&why))?;
        if repository.path() != self.repository.full_name {
            return Err(wrong(
                "the repository's address and its name are of two repositories",
            ));
        }
        let at: Ref = self.at.parse().map_err(|why| Unread::new(&why))?;
        let commit = |text: &str| Commit::or_none(text).map_err(|why| Unread::new(&why));
        let (before, after) = (commit(&self.before)?, commit(&self.after)?);
        if self
            .deleted
            .is_some_and(|deleted| deleted != after.is_none())
        {
            return Err(wrong("it says that the ref is gone and where it stands"));
        }
        // A tag may point at an object of its own; the head of a branch is the commit that is meant.
        let is_branch = matches!(at, Ref::Branch(_));
        if let (Some(head), Some(after)) = (&self.head_commit, &after)
            && is_branch
            && head.id != after.as_str()
        {
            return Err(wrong(
                "its newest commit is not the one that the branch stands at",
            ));
        }
        Ok(Push {
            host: Issuer::Github,
            repository,
            at,
            before,
            after,
            forced: self.forced.unwrap_or_default(),
            by: Pusher {
                id: Safe::new(&self.sender.id.to_string()),
                name: Safe::told(&self.sender.login),
            },
            message: first_line(
                self.head_commit
                    .map(|head| head.message)
                    .as_deref()
                    .unwrap_or_default(),
            ),
            taken_at: self.repository.pushed_at,
            of_suite: false,
        })
    }
}

#[derive(Deserialize)]
struct Installation {
    action: String,
    #[serde(rename = "installation")]
    of: About,
    #[serde(default)]
    repositories: Vec<Named>,
}

#[derive(Deserialize)]
struct Repositories {
    action: String,
    #[serde(rename = "installation")]
    of: About,
    #[serde(rename = "repositories_added")]
    added: Vec<Named>,
    #[serde(rename = "repositories_removed")]
    removed: Vec<Named>,
}

#[derive(Deserialize)]
struct About {
    id: u64,
    account: Account,
    html_url: String,
}

#[derive(Deserialize)]
struct Account {
    login: String,
}

#[derive(Deserialize)]
struct Named {
    id: u64,
    full_name: String,
}

impl Installation {
    fn told(self) -> Result<Told, Unread> {
        let (given, ended) = match self.action.as_str() {
            "created" | "unsuspend" => (self.repositories, false),
            "deleted" | "suspend" => (Vec::new(), true),
            _ => {
                return Ok(Told::Other(Safe::told(&format!(
                    "installation {}",
                    self.action
                ))));
            }
        };
        self.of.access(given, Vec::new(), ended)
    }
}

impl Repositories {
    fn told(self) -> Result<Told, Unread> {
        match self.action.as_str() {
            "added" | "removed" => self.of.access(self.added, self.removed, false),
            _ => Ok(Told::Other(Safe::told(&format!(
                "installation_repositories {}",
                self.action
            )))),
        }
    }
}

impl About {
    fn access(self, added: Vec<Named>, removed: Vec<Named>, ended: bool) -> Result<Told, Unread> {
        let all = |named: Vec<Named>| {
            let one = |one: Named| {
                let repository = Repository::beside(&self.html_url, &one.full_name);
                Ok((one.id, repository.map_err(|why| Unread::new(&why))?))
            };
            named
                .into_iter()
                .map(one)
                .collect::<Result<Vec<_>, Unread>>()
        };
        Ok(Told::Access(Access {
            installation: self.id,
            account: Safe::told(&self.account.login),
            added: all(added)?,
            removed: all(removed)?,
            ended,
        }))
    }
}

#[cfg(test)]
mod tests;
