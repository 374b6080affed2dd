//! What answers of GitHub mean that only GitHub gives, each with what to do.

use super::{Right, Who};
use crate::domain::failure::Failure;
use crate::domain::refs::Commit;
use crate::hosts::answer::{Asked, says};
use crate::hosts::http::Told;

/// What to do where something else answers.
const INSTEAD: &str = "name the address of the interface of GitHub in the estate file (github_app: api), then deploy again";

impl<'a> Who<'a> {
    /// Who is asked, in words.
    pub(super) fn asked(&self) -> Asked<'a> {
        Asked {
            host: "GitHub",
            api: self.app.api(),
            status: "githubstatus.com",
            by: format!("app {}", self.app.id),
            repository: self.repository,
            instead: INSTEAD,
            signs_in: |_| false,
        }
    }
}

/// What an answer means that nobody expects here.
pub(super) fn told(who: Who<'_>, right: Right, told: &Told) -> Failure {
    match told.status {
        403 => not_allowed(who, right, told),
        404 => not_installed(who),
        _ => who.asked().told(told),
    }
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
