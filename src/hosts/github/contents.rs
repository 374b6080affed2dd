//! Single files of a commit, and what leads to one: as GitHub gives them without packing the whole.

use reqwest::Method;
use serde_json::Value;

use super::{GitHub, JSON, Right, Who, answer};
use crate::domain::failure::Failure;
use crate::domain::refs::{Branch, Commit};
use crate::hosts::answer::says;
use crate::hosts::http::Told;

/// A file as it is.
const RAW: &str = "application/vnd.github.raw+json";
/// The name of a commit alone.
const NAME: &str = "application/vnd.github.sha";
/// How many entries of a folder GitHub tells of; of more it tells these alone, and not that there are
/// more.
const ENTRIES: usize = 1_000;

impl GitHub {
    /// The commit that a tag leads to; none where there is no such tag.
    ///
    /// # Errors
    /// A failure that names what to do.
    pub async fn tag(&self, who: Who<'_>, tag: &Branch) -> Result<Option<Commit>, Failure> {
        let url = who.url(&format!("repos/{}/commits/tags/{tag}", who.repository))?;
        let told = self.read(who, url, NAME).await?;
        match told.status {
            200 => {}
            404 | 409 | 422 => return Ok(None),
            _ => return Err(answer::told(who, Right::Read, &told)),
        }
        let name = std::str::from_utf8(&told.body).unwrap_or_default().trim();
        let commit = name.parse();
        commit
            .map(Some)
            .map_err(|_| who.asked().unread("where a tag stands"))
    }

    /// A file of exactly that commit; none where it has no file there.
    ///
    /// # Errors
    /// A failure that names what to do.
    pub async fn file(
        &self,
        who: Who<'_>,
        commit: &Commit,
        path: &str,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let told = self.contents(who, commit, path, RAW).await?;
        // Of a folder, or of another repository that stands there, it tells what that is.
        let file = told.filter(|told| {
            let kind = told.header("content-type").unwrap_or_default();
            kind.contains("raw")
        });
        Ok(file.map(|told| told.body))
    }

    /// The paths of the files right in a folder of exactly that commit; none where it has no folder
    /// there.
    ///
    /// # Errors
    /// A failure that names what to do.
    pub async fn folder(
        &self,
        who: Who<'_>,
        commit: &Commit,
        path: &str,
    ) -> Result<Option<Vec<String>>, Failure> {
        let Some(told) = self.contents(who, commit, path, JSON).await? else {
            return Ok(None);
        };
        let read = told
            .json()
            .ok_or_else(|| who.asked().unread("what is in a folder"))?;
        let Some(entries) = read.as_array() else {
            return Ok(None);
        };
        if entries.len() >= ENTRIES {
            let says = format!(
                "{path} of {} has {ENTRIES} entries or more, and GitHub tells of no others",
                who.repository
            );
            return Err(Failure::new(says).hint("put what is old into a folder of its own"));
        }
        let files = entries.iter().filter(|entry| entry["type"] == "file");
        let path = |entry: &Value| Some(entry["path"].as_str()?.to_owned());
        Ok(Some(files.filter_map(path).collect()))
    }

    /// What stands at a path of a commit; none where nothing does.
    async fn contents(
        &self,
        who: Who<'_>,
        commit: &Commit,
        path: &str,
        accept: &'static str,
    ) -> Result<Option<Told>, Failure> {
        let mut url = who.url(&format!("repos/{}/contents/{path}", who.repository))?;
        url.query_pairs_mut().append_pair("ref", commit.as_str());
        let told = self.read(who, url, accept).await?;
        match told.status {
            200 => Ok(Some(told)),
            404 | 422 if says(&told).contains("No commit found") => {
                Err(who.asked().no_commit(commit))
            }
            404 => Ok(None),
            _ => Err(answer::told(who, Right::Read, &told)),
        }
    }

    async fn read(
        &self,
        who: Who<'_>,
        url: reqwest::Url,
        accept: &'static str,
    ) -> Result<Told, Failure> {
        self.call_as(who, Right::Read, (Method::GET, url, accept), None)
            .await
    }
}
