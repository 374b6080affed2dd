//! What answers of git hosts mean that are not what was asked for, each with what to do: what all of
//! them say alike. What passes by itself is waited for; as long as a host says that there were too
//! many calls, none is made.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use reqwest::Url;

use super::Now;
use super::http::{Away, Told};
use crate::domain::failure::{Failure, Retry};
use crate::domain::refs::Commit;
use crate::domain::time::Time;
use crate::os::mutex::locked;
use crate::text::safe::Safe;

/// How long nothing is asked after it was said that there were too many calls, where it was not
/// said for how long.
const A_WHILE: Duration = Duration::from_mins(1);
/// The longest time that is taken for one.
const LONGEST: Duration = Duration::from_hours(1);

/// Who is asked about what, and in whose name: in the words in which it is told.
#[derive(Debug, Clone)]
pub(super) struct Asked<'a> {
    /// The host: `GitHub`.
    pub(super) host: &'static str,
    /// The address of its interface.
    pub(super) api: &'a str,
    /// Where it says how it does.
    pub(super) status: &'static str,
    /// Who asks: `app 20431`.
    pub(super) by: String,
    /// The repository: `acme/docs`.
    pub(super) repository: &'a str,
    /// What to do where something answers that is not that host.
    pub(super) instead: &'static str,
    /// Whether an address is where people sign in: whoever is led there is not believed.
    pub(super) signs_in: fn(&Url) -> bool,
}

/// Until when nothing is asked of which interface, as whom.
pub(super) struct Refusals {
    now: Now,
    until: Mutex<BTreeMap<(String, String), Time>>,
}

impl Refusals {
    pub(super) fn new(now: Now) -> Self {
        Self {
            now,
            until: Mutex::default(),
        }
    }

    /// Whether anything may be asked now.
    pub(super) fn open(&self, asked: &Asked<'_>) -> Result<(), Failure> {
        let until = locked(&self.until).get(&asked.of()).copied();
        match until.filter(|until| (self.now)() < *until) {
            Some(until) => Err(asked.too_many(until)),
            None => Ok(()),
        }
    }

    /// Keeps what an answer says of the number of calls.
    pub(super) fn heard(&self, asked: &Asked<'_>, told: &Told) -> Result<(), Failure> {
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
        locked(&self.until).insert(asked.of(), until);
        Err(asked.too_many(until))
    }
}

impl Asked<'_> {
    fn of(&self) -> (String, String) {
        (self.api.to_owned(), self.by.clone())
    }

    fn too_many(&self, until: Time) -> Failure {
        let until = until.text("%H:%M:%SZ");
        let (host, by) = (self.host, &self.by);
        waited(
            &format!("{host} takes no more calls of the {by} until {until}"),
            "wait, or give the app fewer other things to do",
        )
    }

    /// What an answer means that says nothing of its own at this host.
    pub(super) fn told(&self, told: &Told) -> Failure {
        let (status, says) = (told.status, says(told));
        match status {
            401 => self.refused(&says),
            301 | 302 | 307 | 308 => Failure::new(format!("{} has moved: {says}", self.repository))
                .hint(format!(
                    "name it in the estate file as {} names it now, then deploy again",
                    self.host
                )),
            500.. => waited(
                &format!("{} answers {status}: {says}", self.api),
                &format!("nothing is to be done unless it lasts: {}", self.status),
            ),
            _ => Failure::new(format!("{} answers {status}: {says}", self.api)).hint(self.instead),
        }
    }

    /// A token is not believed.
    pub(super) fn refused(&self, says: &str) -> Failure {
        let host = self.host;
        Failure::new(format!("{host} refuses a token that it gave: {says}")).hint(format!(
            "look at the installation of the app in {host}, then deploy again"
        ))
    }

    /// No whole answer came.
    pub(super) fn lost(&self, why: &Away) -> Failure {
        match why {
            Away::Way(why) => waited(
                &format!("{}: {why}", self.api),
                "try `curl` of that address on the machine of the engine",
            ),
            Away::Long(_) => Failure::new(format!("the source of {}: {why}", self.repository))
                .hint("take out of the repository what the build does not need"),
            Away::Kept(_) => waited(
                &format!("the source of {}: {why}", self.repository),
                "make room on the machine of the engine",
            ),
        }
    }

    /// An answer has another form than the host's.
    pub(super) fn unread(&self, what: &str) -> Failure {
        let (api, host) = (self.api, self.host);
        Failure::new(format!("{api} does not say {what} as {host} does")).hint(self.instead)
    }

    /// The commit is not there.
    pub(super) fn no_commit(&self, commit: &Commit) -> Failure {
        Failure::new(format!(
            "{} does not give {} any more",
            self.repository,
            commit.short()
        ))
        .hint("it was pushed away: deploy what the branch leads to now")
    }

    /// Where an answer leads: over TLS, and to this machine only from this machine.
    pub(super) fn leads(&self, from: &Url, told: &Told) -> Result<Url, Failure> {
        let to = told.header("location").and_then(|to| from.join(to).ok());
        to.filter(|to| to.scheme() == "https" || is_here(to) && is_here(from))
            .ok_or_else(|| self.unread("where its archive is"))
    }
}

/// What an answer says, in one line.
pub(super) fn says(told: &Told) -> String {
    let read = told.json();
    let places = ["/message", "/error/message", "/error_description"];
    let message = read.as_ref().and_then(|read| {
        let mut said = places
            .into_iter()
            .filter_map(|at| read.pointer(at)?.as_str());
        said.next()
    });
    let line: String = message.unwrap_or("nothing").chars().take(300).collect();
    Safe::told(&line).into_string()
}

fn waited(summary: &str, hint: &str) -> Failure {
    Failure::new(summary).hint(hint).retry(Retry::Contact)
}

fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host.trim_matches(['[', ']'])
        .parse::<std::net::IpAddr>()
        .is_ok_and(|ip| ip.is_loopback())
        || host == "localhost"
}
