//! GitHub, as one of its apps: by a token of the installation that may read a repository, and only
//! that one.

mod answer;
mod checks;
mod contents;
mod token;

pub use checks::CheckRun;

use std::io::Write;

use reqwest::{Method, Url};
use serde_json::Value;

use super::Now;
use super::calls::{Ask, Bearer, By, Calls, Came};
use super::http::{Body, Call, Told, below};
use super::tokens::Tokens;
use crate::domain::failure::Failure;
use crate::domain::masks::Secret;
use crate::domain::refs::{Branch, Commit};
use crate::forms::git::App;

/// The form of its answers.
const JSON: &str = "application/vnd.github+json";

/// What a token of an installation is for; it allows nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// To read what stands in the repository.
    Read,
    /// To say beside commits what becomes of them.
    Check,
}

impl Right {
    fn permissions(self) -> Value {
        match self {
            Right::Read => serde_json::json!({ "contents": "read" }),
            Right::Check => serde_json::json!({ "checks": "write" }),
        }
    }
}

/// Whose name is called in, and about which repository.
#[derive(Debug, Clone, Copy)]
pub struct Who<'a> {
    /// The app.
    pub app: &'a App,
    /// Its private key.
    pub key: &'a Secret,
    /// The repository: `acme/docs`.
    pub repository: &'a str,
}

impl Who<'_> {
    fn url(&self, path: &str) -> Result<Url, Failure> {
        let api = self.app.api();
        below(api, path)
            .ok_or_else(|| Failure::new(format!("{api} is no address of an interface of GitHub")))
    }
}

/// GitHub, as apps call it. Tokens are kept in memory alone.
pub struct GitHub {
    calls: Calls,
    tokens: Tokens<token::Of>,
}

/// A right at a repository, and what gives the tokens for it.
struct At<'a> {
    github: &'a GitHub,
    who: Who<'a>,
    right: Right,
}

impl GitHub {
    /// Calls by that clock.
    #[must_use]
    pub fn new(now: Now) -> Self {
        Self {
            calls: Calls::new(now.clone()),
            tokens: Tokens::new(now),
        }
    }

    /// The commit that a branch leads to; none where there is no such branch.
    ///
    /// # Errors
    /// A failure that names what to do.
    pub async fn head(&self, who: Who<'_>, branch: &Branch) -> Result<Option<Commit>, Failure> {
        let path = format!("repos/{}/git/ref/heads/{branch}", who.repository);
        let url = who.url(&path)?;
        let told = self.call(who, Right::Read, Method::GET, url, None).await?;
        match told.status {
            200 => {}
            // No branch of that name, or no commit at all.
            404 | 409 => return Ok(None),
            _ => return Err(answer::told(who, Right::Read, &told)),
        }
        let read = told.json();
        let commit = read
            .as_ref()
            .filter(|read| read["ref"] == format!("refs/heads/{branch}"))
            .and_then(|read| read["object"]["sha"].as_str())
            .and_then(|sha| sha.parse().ok());
        commit
            .map(Some)
            .ok_or_else(|| who.asked().unread("where a branch stands"))
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
        let path = format!("repos/{}/zipball/{}", who.repository, commit.as_str());
        let (url, asked) = (who.url(&path)?, who.asked());
        let at = At {
            github: self,
            who,
            right: Right::Read,
        };
        match self.calls.file(&asked, &at, &url, to, longest).await? {
            Came::Whole(length) => Ok(length),
            Came::Told(told, By::Host) if [404, 422].contains(&told.status) => {
                Err(asked.no_commit(commit))
            }
            Came::Told(told, _) => Err(answer::told(who, Right::Read, &told)),
        }
    }

    async fn call(
        &self,
        who: Who<'_>,
        right: Right,
        method: Method,
        url: Url,
        body: Option<&Value>,
    ) -> Result<Told, Failure> {
        self.call_as(who, right, (method, url, JSON), body).await
    }

    /// The same, for an answer in that form.
    async fn call_as(
        &self,
        who: Who<'_>,
        right: Right,
        (method, url, accept): (Method, Url, &'static str),
        body: Option<&Value>,
    ) -> Result<Told, Failure> {
        let ask = Ask {
            method,
            url,
            accept,
            body: body.cloned().map(Body::Json),
        };
        let at = At {
            github: self,
            who,
            right,
        };
        self.calls.call(&who.asked(), &at, ask).await
    }
}

impl Bearer for At<'_> {
    async fn token(&self, anew: bool) -> Result<Secret, Failure> {
        let Self { github, who, right } = *self;
        let kept = github.tokens.kept(&token::of(who, right));
        if let Some(token) = kept.filter(|_| !anew) {
            return Ok(token);
        }
        let (asked, calls) = (who.asked(), &github.calls);
        let by_app = || token::of_app(who, github.tokens.now());
        let url = who.url(&format!("repos/{}/installation", who.repository))?;
        let call = |method, url, body| -> Result<Call, Failure> {
            Ok(Call {
                method,
                url,
                by: Some(by_app()?),
                accept: JSON,
                body,
            })
        };
        let told = calls.send(&asked, call(Method::GET, url, None)?).await?;
        let installation = match told.status {
            200 => told.json().and_then(|read| read["id"].as_u64()),
            404 => return Err(answer::not_installed(who)),
            401 => return Err(answer::not_believed(who, &told)),
            _ => return Err(answer::told(who, right, &told)),
        };
        let installation = installation.ok_or_else(|| asked.unread("an installation"))?;
        let name = who.repository.rsplit('/').next().unwrap_or_default();
        let body = serde_json::json!({
            "repositories": [name],
            "permissions": right.permissions(),
        });
        let url = who.url(&format!("app/installations/{installation}/access_tokens"))?;
        let call = call(Method::POST, url, Some(Body::Json(body)))?;
        let told = calls.send(&asked, call).await?;
        match told.status {
            200 | 201 => token::keep(&github.tokens, who, right, &told),
            401 => Err(answer::not_believed(who, &told)),
            404 => Err(answer::not_installed(who)),
            422 => Err(answer::not_allowed(who, right, &told)),
            _ => Err(answer::told(who, right, &told)),
        }
    }
}
