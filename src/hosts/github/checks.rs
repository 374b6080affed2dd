//! Check runs: what becomes of a commit, shown beside it. One is found by the id that it was given
//! when it was made, so that none is made twice; one that is over is never written to again.

use reqwest::Method;
use serde_json::{Value, json};

use super::{GitHub, Right, Who, answer};
use crate::domain::check::{Check, CheckState, Conclusion};
use crate::domain::failure::Failure;
use crate::domain::time::Time;

/// How many are told on a page.
const PAGE: usize = 100;
/// How many pages are read at most: a commit with more of one name is nobody's work.
const PAGES: usize = 20;

/// A check run as GitHub has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckRun {
    /// Its id there.
    pub run: u64,
    /// Whether it is over.
    pub is_over: bool,
}

impl GitHub {
    /// The check run that was made for that deployment; none where there is none.
    ///
    /// # Errors
    /// A failure that names what to do.
    pub async fn check(&self, who: Who<'_>, check: &Check) -> Result<Option<CheckRun>, Failure> {
        let path = format!(
            "repos/{}/commits/{}/check-runs",
            who.repository,
            check.commit.as_str()
        );
        for page in 1..=PAGES {
            let mut url = who.url(&path)?;
            url.query_pairs_mut()
                .append_pair("check_name", &check.name)
                .append_pair("app_id", &who.app.id.to_string())
                .append_pair("filter", "all")
                .append_pair("per_page", &PAGE.to_string())
                .append_pair("page", &page.to_string());
            let told = self.call(who, Right::Check, Method::GET, url, None).await?;
            match told.status {
                200 => {}
                404 | 422 => return Err(answer::no_checks(who, &check.commit)),
                _ => return Err(answer::told(who, Right::Check, &told)),
            }
            let read = told.json().unwrap_or_default();
            let unread = || who.asked().unread("which check runs a commit has");
            let runs = read["check_runs"].as_array().ok_or_else(unread)?;
            let ours = |run: &&Value| run["external_id"] == check.id.to_string();
            if let Some(found) = runs.iter().find(ours) {
                return run(found).ok_or_else(unread).map(Some);
            }
            if runs.len() < PAGE {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Makes the check run of a deployment. Where no answer came it may have been made: it is looked
    /// for before it is tried again.
    ///
    /// # Errors
    /// A failure that names what to do.
    pub async fn make_check(&self, who: Who<'_>, check: &Check) -> Result<CheckRun, Failure> {
        let url = who.url(&format!("repos/{}/check-runs", who.repository))?;
        let mut body = body(check);
        body["head_sha"] = json!(check.commit);
        body["external_id"] = json!(check.id.to_string());
        body["started_at"] = json!(at(match check.state {
            CheckState::Queued => check.asked_at,
            CheckState::Running | CheckState::Ended(..) => check.began_at,
        }));
        self.put(who, Method::POST, url, check, &body).await
    }

    /// Says how far a check run is now.
    ///
    /// # Errors
    /// A failure that names what to do.
    pub async fn tell_check(
        &self,
        who: Who<'_>,
        run: u64,
        check: &Check,
    ) -> Result<CheckRun, Failure> {
        let url = who.url(&format!("repos/{}/check-runs/{run}", who.repository))?;
        self.put(who, Method::PATCH, url, check, &body(check)).await
    }

    async fn put(
        &self,
        who: Who<'_>,
        method: Method,
        url: reqwest::Url,
        check: &Check,
        body: &Value,
    ) -> Result<CheckRun, Failure> {
        let told = self
            .call(who, Right::Check, method, url, Some(body))
            .await?;
        match told.status {
            200 | 201 => {}
            404 | 422 => return Err(answer::no_checks(who, &check.commit)),
            _ => return Err(answer::told(who, Right::Check, &told)),
        }
        let read = told.json().unwrap_or_default();
        run(&read).ok_or_else(|| who.asked().unread("which check run it is"))
    }
}

fn run(read: &Value) -> Option<CheckRun> {
    Some(CheckRun {
        run: read["id"].as_u64()?,
        is_over: read["status"].as_str()? == "completed",
    })
}

fn body(check: &Check) -> Value {
    let mut body = json!({
        "name": check.name,
        "output": { "title": check.title, "summary": check.summary.join("\n\n") },
    });
    match check.state {
        CheckState::Queued => body["status"] = json!("queued"),
        CheckState::Running => body["status"] = json!("in_progress"),
        CheckState::Ended(conclusion, ended) => {
            body["status"] = json!("completed");
            body["completed_at"] = json!(at(ended));
            body["conclusion"] = json!(match conclusion {
                Conclusion::Success => "success",
                Conclusion::Failure => "failure",
                Conclusion::Cancelled => "cancelled",
            });
        }
    }
    body
}

fn at(time: Time) -> String {
    time.text("%Y-%m-%dT%H:%M:%SZ")
}
