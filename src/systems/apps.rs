//! Repositories as entries of systems name them, and the apps of git hosts as which they are read:
//! the same keys in every system.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::entry::{Remarks, SECRET};
use super::reach::quoted;
use crate::domain::person::Issuer;
use crate::domain::repository::Repository;
use crate::domain::secret_ref::SecretRef;
use crate::forms::bitbucket::{self, wrong_key};
use crate::forms::git::{App, Keys, SIGN_IN, has_password, wrong_api, wrong_repository};
use crate::secrets;
use crate::text::document::Node;
use crate::text::secret;

/// What is wrong with a repository, whoever reads it.
pub(super) fn check_repository(repository: &str, told: &mut Remarks) {
    // A password in it is told as a secret.
    let wrong = wrong_repository(repository).filter(|_| !has_password(repository));
    if let Some(why) = wrong {
        let says = "it is no repository that is built from";
        told.say("repository", &["repository"], says.to_owned(), why);
    }
}

/// The secrets that stand in clear text in what an entry says of its repository.
pub(super) fn secrets_in(app: &str, entry: &Node, told: &mut Remarks) {
    let repository = entry.get("repository").and_then(Node::text);
    if repository.is_some_and(|text| has_password(text) || secret::is_in(text)) {
        let says = format!(
            "a password stands in the repository of {app}, and would be kept with every deployment"
        );
        told.say(SECRET, &["repository"], says, SIGN_IN);
    }
    let key = entry
        .get("github_app")
        .and_then(|app| app.get("private_key"));
    let key = key.and_then(Node::text);
    if key.is_some_and(|key| key.parse::<SecretRef>().is_err()) {
        let says = format!(
            "the private key of the app of {app} stands in clear text, and would be kept with every deployment"
        );
        let hint = format!("name where it is: {}", secrets::forms());
        told.say(SECRET, &["github_app", "private_key"], says, hint);
    }
}

/// An app of GitHub.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GithubApp {
    /// Its id.
    pub id: u64,
    /// Where its private key is: `file:/whole/path` or `env:NAME`.
    pub private_key: String,
    /// The address of the interface of a GitHub of your own: `https://HOST/api/v3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// Whether the commits of pushes get a check run for each environment, which says what becomes
    /// of them. The app needs write access to checks for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub checks: bool,
}

impl GithubApp {
    /// What is wrong with it.
    pub(super) fn check(&self, repository: &str, told: &mut Remarks) {
        // What is no reference is told as a secret in clear text.
        if let Ok(reference) = self.private_key.parse::<SecretRef>()
            && let Err(why) = secrets::check(&reference)
        {
            let path = ["github_app", "private_key"];
            told.say(
                "secret-reference",
                &path,
                why,
                format!("write {}", secrets::forms()),
            );
        }
        if let Some(api) = &self.api
            && let Some(how) = wrong_api(api)
        {
            let says = format!("{api:?} is no address of an interface of GitHub");
            told.say("address", &["github_app", "api"], says, how);
        }
        let known = repository.parse::<Repository>();
        if known.is_err() || self.api.is_none() && known.is_ok_and(|at| at.host() != "github.com") {
            let says = "an app of GitHub reads no such repository";
            let hint = "write it as https://github.com/OWNER/NAME; of a GitHub of your own name the address of its interface: github_app: { api: https://HOST/api/v3 }";
            told.say("repository", &["repository"], says.to_owned(), hint);
        }
    }

    /// The app; none where it is not written right, which the check tells.
    pub(super) fn app(&self) -> Option<App> {
        Some(App {
            id: self.id,
            secrets: Keys {
                private_key: self.private_key.parse().ok()?,
            },
            api: self.api.clone(),
        })
    }

    /// Whom it reaches, behind what is read.
    pub(super) fn reach(&self) -> String {
        let at = self
            .api
            .as_ref()
            .map_or_else(String::new, |api| format!(" at {}", quoted(api)));
        let key = quoted(&self.private_key);
        let tells = if self.checks {
            " which also tells commits what becomes of them"
        } else {
            ""
        };
        format!(
            " as the GitHub app {}{at} with the key in {key}{tells}",
            self.id
        )
    }
}

/// An app of Bitbucket, of the framework Connect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BitbucketApp {
    /// Its key: the one with which `holdpoint serve --bitbucket-app` is started.
    pub key: String,
}

impl BitbucketApp {
    /// What is wrong with it.
    pub(super) fn check(&self, repository: &str, told: &mut Remarks) {
        if let Some(how) = wrong_key(&self.key) {
            let says = format!("{:?} is no key of an app of Bitbucket", self.key);
            told.say("app-key", &["bitbucket_app", "key"], says, how);
        }
        let known = repository.parse::<Repository>().ok();
        let known = known.filter(|at| at.is_told_by(Issuer::Bitbucket));
        if known.is_none_or(|at| at.path().split('/').count() != 2) {
            let says = "an app of Bitbucket reads no such repository".to_owned();
            let hint = "write it as https://bitbucket.org/WORKSPACE/NAME";
            told.say("repository", &["repository"], says, hint);
        }
    }

    /// The app.
    pub(super) fn app(&self) -> bitbucket::App {
        bitbucket::App {
            key: self.key.clone(),
        }
    }

    /// Whom it reaches, behind what is read.
    pub(super) fn reach(&self) -> String {
        format!(" as the Bitbucket app {}", quoted(&self.key))
    }
}
