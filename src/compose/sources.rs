//! Whether Bitbucket lets us read what sites are made from, for `doctor`: the same question that a
//! deployment asks first, so that what is missing is known before one fails of it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{Either, select};
use holdpoint::cli::Fact;
use holdpoint::config::{self, Loaded};
use holdpoint::domain::failure::Failure;
use holdpoint::forms::git::ReadAs;
use holdpoint::hosts::bitbucket::{Bitbucket, Who};
use holdpoint::hosts::now;
use holdpoint::os::clock::{Real, SharedClock};
use holdpoint::os::paths::Home;
use holdpoint::text::safe::Safe;

use super::heard;

/// How long one repository may take.
const ANSWER: Duration = Duration::from_secs(20);

/// A fact for each repository that is read as an app of Bitbucket.
pub(super) fn facts(home: &Home, loaded: &Loaded) -> Vec<Fact> {
    let asked: Vec<_> = config::read_by_apps(loaded)
        .into_iter()
        .filter_map(|from| match serde_json::from_value(from.by) {
            Ok(ReadAs::Bitbucket(app)) => Some((from.repository, app)),
            Ok(ReadAs::Github(_)) | Err(_) => None,
        })
        .collect();
    if asked.is_empty() {
        return Vec::new();
    }
    let clock = Real::shared();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let (runtime, installations) = match (runtime, heard::installations(home)) {
        (Ok(runtime), Ok(installations)) => (runtime, installations),
        (Err(why), _) => return vec![Fact::wrong("repositories", why.to_string())],
        (_, Err(why)) => return vec![Fact::wrong("repositories", why.to_string())],
    };
    let bitbucket = Bitbucket::new(now(&clock), installations);
    let fact = |repository: &holdpoint::domain::repository::Repository, app| {
        let who = Who {
            app,
            repository: repository.path(),
        };
        let account = runtime.block_on(within(&clock, bitbucket.account(who)));
        let what = format!("repository {repository}");
        match account {
            Ok(account) => {
                let (app, account) = (&app.key, Safe::told(&account));
                Fact::right(
                    what,
                    format!("read as the Bitbucket app {app}, by its installation of {account}"),
                )
            }
            Err(why) => Fact::wrong(what, format!("{}; {}", why.summary, why.hint)),
        }
    };
    asked
        .iter()
        .map(|(repository, app)| fact(repository, app))
        .collect()
}

async fn within(
    clock: &SharedClock,
    asks: impl Future<Output = Result<String, Failure>>,
) -> Result<String, Failure> {
    let clock = Arc::clone(clock);
    match select(Box::pin(asks), clock.sleep(ANSWER).boxed()).await {
        Either::Left((answer, _)) => answer,
        Either::Right(_) => Err(Failure::new(format!(
            "Bitbucket did not answer within {} s",
            ANSWER.as_secs()
        ))
        .hint("try `curl https://api.bitbucket.org` on this machine")),
    }
}
