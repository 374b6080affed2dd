//! What answers of GitHub mean that are not what was asked for, each with what to do. What passes by
//! itself is waited for; as long as GitHub says that there were too many calls, none is made.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use reqwest::Url;

use super::{Right, Who};
use crate::domain::failure::{Failure, Retry};
use crate::domain::refs::Commit;
use crate::domain::time::Time;
use crate::hosts::Now;
use crate::hosts::http::{Away, Told};
use crate::os::mutex::locked;
use crate::text::safe::Safe;

/// How long nothing is asked after it was said that there were too many calls, where it was not
/// said for how long.
const A_WHILE: Duration = Duration::from_mins(1);
/// The longest time that is taken for one.
const LONGEST: Duration = Duration::from_hours(1);

/// Until when nothing is asked of which interface, as which app.
pub(super) struct Refusals {
    now: Now,
    until: Mutex<BTreeMap<(String, u64), Time>>,
}

impl Refusals {
    pub(super) fn new(now: Now) -> Self {
        Self {
            now,
            until: Mutex::default(),
        }
    }

    /// Whether anything may be asked now.
    pub(super) fn open(&self, who: Who<'_>) -> Result<(), Failure> {
        let until = locked(&self.until).get(&of(who)).copied();
        match until.filter(|until| (self.now)() < *until) {
            Some(until) => Err(too_many(who, until)),
            None => Ok(()),
        }
    }

    /// Keeps what an answer says of the number of calls.
    pub(super) fn heard(&self, who: Who<'_>, told: &Told) -> Result<(), Failure> {
        let none_left = told.number("x-ratelimit-remaining") == Some(0);
        let after = told.number("retry-after").map(Duration::from_secs);
        let is_limit = told.status == 429
            || told.status == 403
                && (none_left || after.is_some() || says(told).contains("rate limit"));
        if !is_limit {
            return Ok(());
        }
        let now = (self.now)();
        let reset = told
            .number("x-ratelimit-reset")
            .filter(|_| none_left)
            .and_then(|seconds| i64::try_from(seconds).ok())
            .map(|seconds| Time(seconds.saturating_mul(1_000)).since(now));
        let wait = after
            .or(reset)
            .unwrap_or(A_WHILE)
            .clamp(A_WHILE / 60, LONGEST);
        let until = now + wait;
        locked(&self.until).insert(of(who), until);
        Err(too_many(who, until))
    }

    /// What an answer means that nobody expects here.
    pub(super) fn told(&self, who: Who<'_>, right: Right, told: &Told) -> Failure {
        if let Err(limit) = self.heard(who, told) {
            return limit;
        }
        let (status, says) = (told.status, says(told));
        match status {
            401 => Failure::new(format!("GitHub refuses a token that it gave: {says}"))
                .hint("look at the installation of the app in GitHub, then deploy again"),
            403 => not_allowed(who, right, told),
            404 => not_installed(who),
            301 | 307 | 308 => Failure::new(format!("{} has moved: {says}", who.repository))
                .hint("name it in the estate file as GitHub names it now, then deploy again"),
            500.. => waited(
                &format!("{} answers {status}: {says}", who.app.api()),
                "nothing is to be done unless it lasts: githubstatus.com",
            ),
            _ => Failure::new(format!("{} answers {status}: {says}", who.app.api()))
                .hint("name the address of the interface of GitHub in the estate file (github_app: api), then deploy again"),
        }
    }
}

fn of(who: Who<'_>) -> (String, u64) {
    (who.app.api().to_owned(), who.app.id)
}

/// What an answer says, in one line.
fn says(told: &Told) -> String {
    let read = told.json();
    let message = read.as_ref().and_then(|read| read["message"].as_str());
    let line: String = message.unwrap_or("nothing").chars().take(300).collect();
    Safe::told(&line).into_string()
}

fn waited(summary: &str, hint: &str) -> Failure {
    Failure::new(summary).hint(hint).retry(Retry::Contact)
}

fn too_many(who: Who<'_>, until: Time) -> Failure {
    let until = until.text("%H:%M:%SZ");
    waited(
        &format!(
            "GitHub takes no more calls of the app {} until {until}",
            who.app.id
        ),
        "wait, or give the app fewer other things to do",
    )
}

/// Nobody answered, or not wholly.
pub(super) fn away(who: Who<'_>, why: &str) -> Failure {
    waited(
        &format!("{}: {why}", who.app.api()),
        "try `curl` of that address on the machine of the engine",
    )
}

/// No whole answer came.
pub(super) fn lost(who: Who<'_>, why: &Away) -> Failure {
    match why {
        Away::Way(why) => away(who, why),
        Away::Long(_) => Failure::new(format!("the source of {}: {why}", who.repository))
            .hint("take out of the repository what the build does not need"),
        Away::Kept(_) => waited(
            &format!("the source of {}: {why}", who.repository),
            "make room on the machine of the engine",
        ),
    }
}

/// An answer has another form than GitHub's.
pub(super) fn unread(who: Who<'_>, what: &str) -> Failure {
    Failure::new(format!(
        "{} does not say {what} as GitHub does",
        who.app.api()
    ))
    .hint("name the address of the interface of GitHub in the estate file (github_app: api), then deploy again")
}

/// The app has no access to the repository.
pub(super) fn not_installed(who: Who<'_>) -> Failure {
    let (id, repository) = (who.app.id, who.repository);
    Failure::new(format!(
        "the GitHub app {id} may not read {repository}, or there is no such repository"
    ))
    .hint("install the app there, or give its installation this repository (Settings, GitHub Apps, Configure), then try again")
}

/// GitHub does not believe the app.
pub(super) fn not_believed(who: Who<'_>, told: &Told) -> Failure {
    Failure::new(format!(
        "GitHub does not believe the app {}: {}",
        who.app.id,
        says(told)
    ))
    .hint("the private key must be one of that app, and the clock of this machine right: see `date -u`")
}

/// The app may not do that.
pub(super) fn not_allowed(who: Who<'_>, right: Right, told: &Told) -> Failure {
    let (needs, instead) = match right {
        Right::Read => ("read access to contents", ""),
        Right::Check => (
            "write access to checks",
            ", or take `checks: true` out of the estate file",
        ),
    };
    Failure::new(format!(
        "GitHub does not let the app {} at {}: {}",
        who.app.id,
        who.repository,
        says(told)
    ))
    .hint(format!(
        "give the app {needs} and its installation this repository, and accept that in the account, then try again{instead}"
    ))
}

/// A commit gets no check run, or has none of that id any more.
pub(super) fn no_checks(who: Who<'_>, commit: &Commit) -> Failure {
    Failure::new(format!(
        "{} takes no check run of {}",
        who.repository,
        commit.short()
    ))
    .hint(
        "the commit or the repository is not there any more: what becomes of it is told here alone",
    )
}

/// The commit is not there.
pub(super) fn no_commit(who: Who<'_>, commit: &Commit) -> Failure {
    Failure::new(format!(
        "{} does not give {} any more",
        who.repository,
        commit.short()
    ))
    .hint("it was pushed away: deploy what the branch leads to now")
}

/// Where an answer leads: over TLS, and to this machine only from this machine.
pub(super) fn leads(who: Who<'_>, from: &Url, told: &Told) -> Result<Url, Failure> {
    let to = told.header("location").and_then(|to| from.join(to).ok());
    to.filter(|to| to.scheme() == "https" || is_here(to) && is_here(from))
        .ok_or_else(|| unread(who, "where its archive is"))
}

fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host.trim_matches(['[', ']'])
        .parse::<std::net::IpAddr>()
        .is_ok_and(|ip| ip.is_loopback())
        || host == "localhost"
}
