//! What answers of Bitbucket mean that only Bitbucket gives, and what is missing here to ask it, each
//! with what to do.

use reqwest::Url;

use super::{Bitbucket, Who};
use crate::domain::failure::{Failure, Retry};
use crate::forms::bitbucket::{Tenant, Tenants};
use crate::hosts::answer::{Asked, says};
use crate::hosts::http::Told;
use crate::text::safe::Safe;

/// What to do where something else answers.
const INSTEAD: &str =
    "try `curl` of that address on the machine of the engine: something else answers there";

impl Bitbucket {
    /// Who is asked, in words.
    pub(super) fn asked<'a>(&'a self, who: Who<'a>) -> Asked<'a> {
        Asked {
            host: "Bitbucket",
            api: &self.api,
            status: "bitbucket.status.atlassian.com",
            by: format!("app {}", who.app.key),
            repository: who.repository,
            instead: INSTEAD,
            signs_in,
        }
    }
}

/// Where people sign in: whoever is not believed is led there instead of being told so.
fn signs_in(url: &Url) -> bool {
    let path = url.path();
    path.starts_with("/account/") || path == "/login" || url.host_str() == Some("id.atlassian.com")
}

/// What an answer means that nobody expects here.
pub(super) fn told(asked: &Asked<'_>, who: Who<'_>, told: &Told) -> Failure {
    match told.status {
        403 => Failure::new(format!(
            "Bitbucket does not let the app {} at {}: {}",
            who.app.key,
            who.repository,
            says(told)
        ))
        .hint("give the app access to that repository (Workspace settings, Installed apps), or install it anew, then try again"),
        404 => gone(who),
        _ => asked.told(told),
    }
}

/// The repository was there, and is not any more.
fn gone(who: Who<'_>) -> Failure {
    Failure::new(format!(
        "{} is not there any more, or the Bitbucket app {} may not read it any more",
        who.repository, who.app.key
    ))
    .hint("look at the repository and at the installed apps of its workspace, then try again")
}

/// Bitbucket does not believe that we are the installation.
pub(super) fn not_believed(who: Who<'_>, client: &str, told: &Told) -> Failure {
    let (key, client) = (&who.app.key, Safe::told(client));
    Failure::new(format!(
        "Bitbucket does not believe the app {key} for its installation {client}: {}",
        says(told)
    ))
    .hint("the key must be the one that `holdpoint serve --bitbucket-app` is started with, and the clock of this machine right (`date -u`); else remove the app from that account at Bitbucket and install it again while `holdpoint serve` runs")
}

/// The installation names no account that could be asked for.
pub(super) fn no_account(client: &str) -> Failure {
    let client = Safe::told(client);
    Failure::new(format!(
        "the installation {client} at Bitbucket names no account"
    ))
    .hint("remove the app from that account and install it again while `holdpoint serve` runs")
}

/// What is kept of the installations cannot be read.
pub(super) fn unkept(why: &str) -> Failure {
    Failure::new(format!(
        "the installations at Bitbucket cannot be read: {why}"
    ))
    .hint("put heard/bitbucket.json of the data folder right; `holdpoint serve` wrote it")
    .retry(Retry::Contact)
}

/// An account has more repositories than are listed.
pub(super) fn too_many(who: Who<'_>, most: usize) -> Failure {
    Failure::new(format!(
        "{} is not among the first {most} repositories of an account at Bitbucket",
        who.repository
    ))
    .hint("read it with git: take bitbucket_app out of the estate file")
}

/// Nobody that is believed here has the repository.
pub(super) fn nobody(who: Who<'_>, tenants: &Tenants) -> Failure {
    let (key, repository) = (&who.app.key, who.repository);
    let of = |is: fn(&Tenant) -> bool| {
        let those = tenants.all().filter(|(_, tenant)| is(tenant));
        those
            .map(|(client, _)| Safe::told(client).into_string())
            .collect::<Vec<_>>()
    };
    let workspace = repository.split('/').next().unwrap_or_default();
    let believed = of(Tenant::is_believed);
    if !believed.is_empty() {
        return Failure::new(format!(
            "no installation of the Bitbucket app {key} has {repository}"
        ))
        .detail(format!("asked: {}", believed.join(", ")))
        .hint(format!(
            "install the app in the workspace {workspace}, or give it access to the repository, then try again"
        ));
    }
    if let Some(client) = of(Tenant::is_installed).first() {
        return Failure::new(format!(
            "the Bitbucket app {key} reads nothing: nobody has named its installation {client}"
        ))
        .hint(format!(
            "if it is yours, start `holdpoint serve` with --bitbucket-client {client}"
        ));
    }
    if tenants.all().next().is_some() {
        return Failure::new(format!(
            "the Bitbucket app {key} was removed from every account that had it"
        ))
        .hint(format!(
            "install it in the workspace {workspace} while `holdpoint serve` runs, then try again"
        ));
    }
    Failure::new(format!(
        "no installation of the Bitbucket app {key} is known in this data folder"
    ))
    .hint(format!(
        "run `holdpoint serve --bitbucket-app {key}` on this data folder and install the app in the workspace {workspace}; or read the repository with git: take bitbucket_app out of the estate file"
    ))
}
