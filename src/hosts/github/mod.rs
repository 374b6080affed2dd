//! GitHub, as one of its apps: by a token of the installation that may read a repository, and only
//! that one.

mod answer;
mod checks;
mod token;

pub use checks::CheckRun;

use std::io::Write;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, Url};
use serde_json::Value;

use self::answer::Refusals;
use self::token::Tokens;
use super::Now;
use super::http::{Body, Call, Http, Told};
use crate::domain::failure::Failure;
use crate::domain::masks::Secret;
use crate::domain::refs::{Branch, Commit};
use crate::forms::git::App;

/// The form of its answers.
const JSON: &str = "application/vnd.github+json";
/// How many times it may lead elsewhere.
const LEADS: usize = 4;
/// What stands in a path as it is.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

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
        let path = utf8_percent_encode(path, KEPT);
        format!("{}/{path}", api.trim_end_matches('/'))
            .parse()
            .map_err(|_| Failure::new(format!("{api} is no address of an interface of GitHub")))
    }
}

/// GitHub, as apps call it. Tokens are kept in memory alone.
pub struct GitHub {
    http: Http,
    tokens: Tokens,
    refusals: Refusals,
}

impl GitHub {
    /// Calls by that clock.
    #[must_use]
    pub fn new(now: Now) -> Self {
        Self {
            http: Http::default(),
            tokens: Tokens::new(now.clone()),
            refusals: Refusals::new(now),
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
            _ => return Err(self.refusals.told(who, Right::Read, &told)),
        }
        let read = told.json();
        let commit = read
            .as_ref()
            .filter(|read| read["ref"] == format!("refs/heads/{branch}"))
            .and_then(|read| read["object"]["sha"].as_str())
            .and_then(|sha| sha.parse().ok());
        commit
            .map(Some)
            .ok_or_else(|| answer::unread(who, "where a branch stands"))
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
        let url = who.url(&path)?;
        let (mut at, mut anew) = (url.clone(), false);
        for _ in 0..LEADS {
            // Where it leads elsewhere, the address says all that is needed: a token is for the
            // host that gave it.
            let by = if at.origin() == url.origin() {
                let token = self.token(who, Right::Read, anew).await?;
                Some(token)
            } else {
                None
            };
            let ours = by.is_some();
            let call = Call {
                method: Method::GET,
                url: at.clone(),
                by,
                accept: "*/*",
                body: None,
            };
            self.refusals.open(who)?;
            let got = self.http.file(call, to, longest).await;
            let told = match got.map_err(|why| answer::lost(who, &why))? {
                Ok(length) => return Ok(length),
                Err(told) => told,
            };
            match told.status {
                301 | 302 | 307 | 308 => at = answer::leads(who, &at, &told)?,
                401 if ours && !anew => anew = true,
                404 | 422 if ours => return Err(answer::no_commit(who, commit)),
                _ => return Err(self.refusals.told(who, Right::Read, &told)),
            }
        }
        Err(answer::unread(who, "where its archive is"))
    }

    /// Calls by a token; one that is refused is minted anew, once.
    async fn call(
        &self,
        who: Who<'_>,
        right: Right,
        method: Method,
        url: Url,
        body: Option<&Value>,
    ) -> Result<Told, Failure> {
        let mut anew = false;
        loop {
            let by = self.token(who, right, anew).await?;
            let call = Call {
                method: method.clone(),
                url: url.clone(),
                by: Some(by),
                accept: JSON,
                body: body.cloned().map(Body::Json),
            };
            let told = self.send(who, call).await?;
            if told.status != 401 || anew {
                return Ok(told);
            }
            anew = true;
        }
    }

    async fn send(&self, who: Who<'_>, call: Call) -> Result<Told, Failure> {
        self.refusals.open(who)?;
        let told = self.http.call(call).await;
        let told = told.map_err(|why| answer::lost(who, &why))?;
        self.refusals.heard(who, &told)?;
        Ok(told)
    }

    /// What stands in `Authorization` for a right at a repository.
    async fn token(&self, who: Who<'_>, right: Right, anew: bool) -> Result<Secret, Failure> {
        if let Some(token) = self.tokens.kept(who, right).filter(|_| !anew) {
            return Ok(token);
        }
        let by_app = || self.tokens.of_app(who);
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
        let told = self.send(who, call(Method::GET, url, None)?).await?;
        let installation = match told.status {
            200 => told.json().and_then(|read| read["id"].as_u64()),
            404 => return Err(answer::not_installed(who)),
            401 => return Err(answer::not_believed(who, &told)),
            _ => return Err(self.refusals.told(who, right, &told)),
        };
        let installation = installation.ok_or_else(|| answer::unread(who, "an installation"))?;
        let name = who.repository.rsplit('/').next().unwrap_or_default();
        let body = serde_json::json!({
            "repositories": [name],
            "permissions": right.permissions(),
        });
        let url = who.url(&format!("app/installations/{installation}/access_tokens"))?;
        let call = call(Method::POST, url, Some(Body::Json(body)))?;
        let told = self.send(who, call).await?;
        match told.status {
            200 | 201 => self.tokens.keep(who, right, &told),
            401 => Err(answer::not_believed(who, &told)),
            404 => Err(answer::not_installed(who)),
            422 => Err(answer::not_allowed(who, right, &told)),
            _ => Err(self.refusals.told(who, right, &told)),
        }
    }
}
