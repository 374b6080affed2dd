//! The app of a git host as which a repository is read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::forms::bitbucket;
use crate::forms::git::{App, Keys};
use crate::systems::reach::quoted;

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
