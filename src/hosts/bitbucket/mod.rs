//! Bitbucket Cloud, as one of our apps of Connect: in the name of the installation whose account has a
//! repository, by a token for that repository alone. Installations and their secrets are what `serve`
//! has heard; which of them has a repository is told by Bitbucket, and kept in memory alone.

mod answer;
mod token;

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex};

use reqwest::{Method, Url};
use serde_json::Value;

use self::token::At;
use super::Now;
use super::calls::{Ask, By, Calls, Came};
use super::http::{Told, below};
use super::tokens::Tokens;
use crate::domain::failure::{Failure, Retry};
use crate::domain::masks::Secret;
use crate::domain::refs::{Branch, Commit};
use crate::forms::bitbucket::{App, Tenant, Tenants};
use crate::os::mutex::locked;

/// Where Bitbucket is.
const SITE: &str = "https://bitbucket.org";
/// Where its interface is.
const API: &str = "https://api.bitbucket.org";
/// How many repositories are told on a page.
const PAGE: usize = 100;
/// How many pages of one account are read at most.
const PAGES: usize = 100;

/// Tells the installations as they are kept now; or why they cannot be read. Blocks.
pub type Installations = Arc<dyn Fn() -> Result<Tenants, String> + Send + Sync>;

/// Whose name is called in, and about which repository.
#[derive(Debug, Clone, Copy)]
pub struct Who<'a> {
    /// The app.
    pub app: &'a App,
    /// The repository: `acme/docs`.
    pub repository: &'a str,
}

/// Bitbucket, as apps of Connect call it. Tokens are kept in memory alone.
pub struct Bitbucket {
    site: String,
    api: String,
    installations: Installations,
    calls: Calls,
    tokens: Tokens<token::Of>,
    /// Which installation has a repository, by the app's key and the repository in lower case.
    found: Mutex<BTreeMap<(String, String), Found>>,
}

/// The installation that has a repository.
#[derive(Clone)]
struct Found {
    client: String,
    tenant: Tenant,
    secret: Secret,
    /// The id of the repository.
    id: String,
    /// Its name as Bitbucket writes it.
    name: String,
}

impl Bitbucket {
    /// Calls by that clock, as the installations that are kept.
    #[must_use]
    pub fn new(now: Now, installations: Installations) -> Self {
        Self::at(SITE, API, now, installations)
    }

    /// The same, where Bitbucket and its interface are at these addresses.
    #[must_use]
    pub fn at(site: &str, api: &str, now: Now, installations: Installations) -> Self {
        Self {
            site: site.to_owned(),
            api: api.to_owned(),
            installations,
            calls: Calls::new(now.clone()),
            tokens: Tokens::new(now),
            found: Mutex::default(),
        }
    }

    /// The account in whose name a repository is read.
    ///
    /// # Errors
    /// A failure that names what is missing, and what to do.
    pub async fn account(&self, who: Who<'_>) -> Result<String, Failure> {
        let found = self.found(who, Anew::Yes).await?;
        Ok(found.tenant.account().as_str().to_owned())
    }

    /// The commit that a branch leads to; none where there is no such branch.
    ///
    /// # Errors
    /// A failure that names what to do.
    pub async fn head(&self, who: Who<'_>, branch: &Branch) -> Result<Option<Commit>, Failure> {
        let (asked, found) = (self.asked(who), self.found(who, Anew::No).await?);
        let told = self
            .about(who, &found, &format!("refs/branches/{branch}"))
            .await?;
        match told.status {
            200 => {}
            404 => {
                // Of a repository that went elsewhere nobody can say which branches it has.
                self.found(who, Anew::Yes).await?;
                return Ok(None);
            }
            _ => return Err(answer::told(&asked, who, &told)),
        }
        let read = told.json();
        let commit = read
            .as_ref()
            .filter(|read| read["name"] == branch.as_str())
            .and_then(|read| read["target"]["hash"].as_str())
            .and_then(|hash| hash.parse().ok());
        commit
            .map(Some)
            .ok_or_else(|| asked.unread("where a branch stands"))
    }

    /// The files of exactly one commit, as a zip archive in a folder of its own; gives its length.
    /// An archive need not say whose commit it has: that the repository has this one is asked before.
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
        let (asked, found) = (self.asked(who), self.found(who, Anew::No).await?);
        let path = format!("commit/{}", commit.as_str());
        let told = self.about(who, &found, &path).await?;
        match told.status {
            200 => {}
            404 => {
                self.found(who, Anew::Yes).await?;
                return Err(asked.no_commit(commit));
            }
            _ => return Err(answer::told(&asked, who, &told)),
        }
        if told
            .json()
            .is_none_or(|read| read["hash"] != commit.as_str())
        {
            return Err(asked.unread("which commit it has"));
        }
        let path = format!("{}/get/{}.zip", found.name, commit.as_str());
        let url = below(&self.site, &path).ok_or_else(|| asked.unread("where its archive is"))?;
        let at = self.at_repository(who, &found);
        match self.calls.file(&asked, &at, &url, to, longest).await? {
            Came::Whole(length) => Ok(length),
            Came::Told(told, By::Host) if told.status == 404 => Err(asked.no_commit(commit)),
            Came::Told(told, _) => Err(answer::told(&asked, who, &told)),
        }
    }

    fn at_repository<'a>(&'a self, who: Who<'a>, found: &'a Found) -> At<'a> {
        At {
            bitbucket: self,
            who,
            client: &found.client,
            secret: &found.secret,
            repository: Some(&found.id),
        }
    }

    /// Asks about something in a repository.
    async fn about(&self, who: Who<'_>, found: &Found, path: &str) -> Result<Told, Failure> {
        let asked = self.asked(who);
        let path = format!("2.0/repositories/{}/{path}", found.name);
        let url = below(&self.api, &path).ok_or_else(|| asked.unread("anything"))?;
        let at = self.at_repository(who, found);
        self.calls.call(&asked, &at, get(url)).await
    }

    /// The installation whose account has the repository: the one of before as long as it is
    /// believed, else whichever lists it.
    async fn found(&self, who: Who<'_>, anew: Anew) -> Result<Found, Failure> {
        let installations = Arc::clone(&self.installations);
        let tenants = tokio::task::spawn_blocking(move || installations())
            .await
            .map_err(|why| answer::unkept(&why.to_string()))?
            .map_err(|why| answer::unkept(&why))?;
        let of = (who.app.key.clone(), who.repository.to_ascii_lowercase());
        let before = locked(&self.found).remove(&of);
        if anew == Anew::No
            && let Some(before) = before
            && tenants.get(&before.client) == Some(&before.tenant)
        {
            locked(&self.found).insert(of, before.clone());
            return Ok(before);
        }
        let mut why: Option<Failure> = None;
        for (client, tenant) in tenants.all().filter(|(_, tenant)| tenant.is_believed()) {
            match self.listed(who, client, tenant).await {
                Ok(Some(found)) => {
                    locked(&self.found).insert(of, found.clone());
                    return Ok(found);
                }
                Ok(None) => {}
                // What passes may hide the one that has it.
                Err(failed) => {
                    let passes = why.as_ref().is_some_and(|why| why.retry == Retry::Contact);
                    why = why.filter(|_| passes).or(Some(failed));
                }
            }
        }
        Err(why.unwrap_or_else(|| answer::nobody(who, &tenants)))
    }

    /// The repository among all those of an account; none where it is not one of them.
    async fn listed(
        &self,
        who: Who<'_>,
        client: &str,
        tenant: &Tenant,
    ) -> Result<Option<Found>, Failure> {
        let (asked, secret) = (self.asked(who), tenant.secret());
        let account = tenant.account().as_str();
        let is_id = |b: u8| b.is_ascii_alphanumeric() || b"{}-:".contains(&b);
        if account.is_empty() || !account.bytes().all(is_id) {
            return Err(answer::no_account(client));
        }
        let at = At {
            bitbucket: self,
            who,
            client,
            secret: &secret,
            repository: None,
        };
        let unread = || asked.unread("which repositories an account has");
        let first = below(&self.api, &format!("2.0/repositories/{account}"));
        let mut first = first.ok_or_else(unread)?;
        first
            .query_pairs_mut()
            .append_pair("pagelen", &PAGE.to_string());
        let mut url = first.clone();
        for _ in 0..PAGES {
            let told = self.calls.call(&asked, &at, get(url)).await?;
            if told.status != 200 {
                return Err(answer::told(&asked, who, &told));
            }
            let read = told.json().unwrap_or_default();
            for one in read["values"].as_array().ok_or_else(unread)? {
                let (id, name) = named(one).ok_or_else(unread)?;
                if name.eq_ignore_ascii_case(who.repository) {
                    return Ok(Some(Found {
                        client: client.to_owned(),
                        tenant: tenant.clone(),
                        secret,
                        id: id.to_owned(),
                        name: name.to_owned(),
                    }));
                }
            }
            url = match &read["next"] {
                Value::Null => return Ok(None),
                Value::String(next) => {
                    let next = next.parse().ok();
                    next.filter(|next| is_beside(next, &first))
                        .ok_or_else(unread)?
                }
                _ => return Err(unread()),
            };
        }
        Err(answer::too_many(who, PAGES * PAGE))
    }
}

/// Whether what was found before may be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Anew {
    No,
    Yes,
}

fn get(url: Url) -> Ask {
    Ask {
        method: Method::GET,
        url,
        accept: "application/json",
        body: None,
    }
}

/// The id and the name of a repository.
fn named(one: &Value) -> Option<(&str, &str)> {
    Some((one["uuid"].as_str()?, one["full_name"].as_str()?))
}

/// Whether a page is one of the same list: a token goes there.
fn is_beside(next: &Url, first: &Url) -> bool {
    next.origin() == first.origin() && next.path().starts_with("/2.0/repositories/")
}
