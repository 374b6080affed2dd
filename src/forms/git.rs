//! Git: how a repository and what stands in it are named, how the tool is asked, and what it
//! answers.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::domain::look::{Sight, Standing, Subject};
use crate::domain::refs::{Branch, Commit};
use crate::domain::secret_ref::SecretRef;
use crate::forms::bitbucket;

/// The kind of a branch, as a real thing that is looked at. Its name is the repository, `#`, and the
/// whole name of the branch ([`branch`]).
pub const BRANCH: &str = "git.branch";
/// What a branch is called where a person reads of it.
const CALLED: &str = "branch";

/// The facts of a look at a branch that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BranchFacts {
    /// The commit that it leads to.
    pub commit: Commit,
}

/// As whom a repository is read, where that is not done with git.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ReadAs {
    /// An app of GitHub.
    Github(App),
    /// An app of Bitbucket.
    Bitbucket(bitbucket::App),
}

impl ReadAs {
    /// What proves that we are it, where a plan says where that is.
    #[must_use]
    pub fn secret(&self) -> Option<&SecretRef> {
        match self {
            ReadAs::Github(app) => Some(&app.secrets.private_key),
            ReadAs::Bitbucket(_) => None,
        }
    }
}

impl fmt::Display for ReadAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadAs::Github(app) => write!(f, "the GitHub app {}", app.id),
            ReadAs::Bitbucket(app) => write!(f, "the Bitbucket app {}", app.key),
        }
    }
}

/// An app of GitHub that may read repositories.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// Its id.
    pub id: u64,
    /// What proves that we are it.
    pub secrets: Keys,
    /// The address of GitHub's interface, where that is not the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
}

/// The keys of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// Its private key, in PEM form.
    pub private_key: SecretRef,
}

impl App {
    /// The address of GitHub's interface.
    #[must_use]
    pub fn api(&self) -> &str {
        self.api.as_deref().unwrap_or(GITHUB)
    }
}

/// The interface of GitHub.
const GITHUB: &str = "https://api.github.com";

/// Why a text is no address of an interface of GitHub; none where it is one. A token goes there:
/// over TLS, or not beyond this machine.
#[must_use]
pub fn wrong_api(text: &str) -> Option<&'static str> {
    let rest = text.strip_prefix("https://").or_else(|| {
        let rest = text.strip_prefix("http://")?;
        ["127.0.0.1", "localhost", "[::1]"]
            .iter()
            .any(|here| {
                rest.strip_prefix(here)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
            })
            .then_some(rest)
    });
    let is_one = rest.is_some_and(|rest| {
        !rest.is_empty()
            && rest.len() <= 300
            && rest
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-._:/[]".contains(&b))
    });
    (!is_one)
        .then_some("write https://api.github.com, or https://HOST/api/v3 of a GitHub of your own")
}

/// A branch of a repository.
#[must_use]
pub fn branch(repository: &str, name: &Branch) -> Subject {
    Subject::new(BRANCH, &format!("{repository}#refs/heads/{name}"))
}

/// The repository and the whole name of a branch.
#[must_use]
pub fn parts(about: &Subject) -> Option<(&str, &str)> {
    about.name.rsplit_once('#')
}

/// As a branch is seen; none where it is not there.
#[must_use]
pub fn sight(about: Subject, commit: Option<Commit>) -> Sight {
    let standing = if commit.is_some() {
        Standing::Good
    } else {
        Standing::Missing
    };
    let words = commit.as_ref().map_or("MISSING", Commit::short).into();
    Sight {
        words,
        facts: commit.map_or(serde_json::Value::Null, |commit| {
            json!(BranchFacts { commit })
        }),
        ..Sight::of(about, CALLED, standing)
    }
}

/// Why a text is no repository that is built from; none where it is one. Other forms would have the
/// tool start programs, or mean another thing on each machine.
#[must_use]
pub fn wrong_repository(text: &str) -> Option<&'static str> {
    const ASK: &str =
        "write https://host/path, ssh://user@host/path, user@host:path or file:///whole/path";
    let plain = !text.is_empty()
        && text.len() <= 500
        && text.bytes().all(|b| b.is_ascii_graphic())
        && !text.contains('#');
    let rest = ["https://", "http://", "ssh://", "file:///"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    let known = match rest {
        Some(rest) => !rest.is_empty() && !rest.starts_with('-'),
        None => text.split_once(':').is_some_and(|(host, path)| {
            let (user, host) = host.split_once('@').unwrap_or(("", ""));
            let word = |text: &str| {
                !text.is_empty()
                    && !text.starts_with('-')
                    && text
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
            };
            word(user) && word(host) && !path.is_empty() && !path.starts_with('-')
        }),
    };
    if !plain || !known {
        return Some(ASK);
    }
    has_password(text).then_some(SIGN_IN)
}

/// How it is signed in, where a password would stand in an address.
pub const SIGN_IN: &str = "take it out: git on the engine's machine knows how to sign in, by a credential helper or a key";

/// Whether a password stands in an address.
#[must_use]
pub fn has_password(address: &str) -> bool {
    let host = address
        .split_once("://")
        .and_then(|(_, rest)| rest.split('/').next());
    host.and_then(|host| host.rsplit_once('@'))
        .is_some_and(|(user, _)| user.contains(':'))
}

/// The commit that `ls-remote` tells of a whole name.
#[must_use]
pub fn head(listed: &str, name: &str) -> Option<Commit> {
    listed
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .find(|(_, listed)| *listed == name)
        .and_then(|(commit, _)| commit.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_named_in_few_ways() {
        for right in [
            "https://github.com/acme/docs",
            "http://127.0.0.1:3000/acme/docs.git",
            "ssh://git@host/acme/docs",
            "git@github.com:acme/docs.git",
            "file:///srv/git/docs",
        ] {
            assert_eq!(wrong_repository(right), None, "{right}");
        }
        for wrong in [
            "",
            "docs",
            "../docs",
            "/srv/git",
            "ext::sh -c touch% /tmp/x",
            "https://",
            "ssh://-oProxyCommand=x/y",
            "-oX@host:path",
            "git@host:-x",
            "https://host/a b",
            "https://host/a#b",
            "ftp://host/a",
            "https://user:secret@host/a",
        ] {
            assert!(wrong_repository(wrong).is_some(), "{wrong}");
        }
        assert!(has_password("https://user:secret@host/a"));
        for none in [
            "https://user@host/a:b@c",
            "git@host:a",
            "https://host:8443/a",
        ] {
            assert!(!has_password(none), "{none}");
        }
    }

    #[test]
    fn an_interface_is_reached_over_tls_or_on_this_machine() {
        for right in [
            "https://api.github.com",
            "https://ghe.acme.example/api/v3",
            "http://127.0.0.1:8080",
            "http://localhost/api",
        ] {
            assert_eq!(wrong_api(right), None, "{right}");
        }
        for wrong in [
            "",
            "api.github.com",
            "http://ghe.acme.example/api/v3",
            "http://127.0.0.1.acme.example/",
            "https://",
            "https://user:secret@host/",
            "https://host/?a=b",
        ] {
            assert!(wrong_api(wrong).is_some(), "{wrong}");
        }
    }

    /// What older deployments stored is read as it was meant.
    #[test]
    fn who_reads_is_known_by_what_is_stored() {
        let github = json!({ "id": 7, "secrets": { "private_key": "file:/k" } });
        let bitbucket = json!({ "bitbucket": "holdpoint-acme" });
        for (stored, called, has_key) in [
            (github, "the GitHub app 7", true),
            (bitbucket, "the Bitbucket app holdpoint-acme", false),
        ] {
            let read: ReadAs = serde_json::from_value(stored.clone()).unwrap();
            assert_eq!(
                (read.to_string().as_str(), read.secret().is_some()),
                (called, has_key)
            );
            assert_eq!(json!(read), stored);
        }
        assert!(serde_json::from_value::<ReadAs>(json!({ "id": 7 })).is_err());
    }

    /// A branch and a tag of one name are two things, and so are names that end alike.
    #[test]
    fn the_commit_of_a_branch_is_that_of_its_whole_name() {
        let (a, b, c) = ("a".repeat(40), "b".repeat(40), "c".repeat(40));
        let listed = format!(
            "{a}\trefs/heads/x/refs/heads/main\n{b}\trefs/tags/main\n{c}\trefs/heads/main\n"
        );
        assert_eq!(head(&listed, "refs/heads/main"), c.parse().ok());
        assert_eq!(head(&listed, "refs/heads/mai"), None);
        assert_eq!(head("zz\trefs/heads/main\n", "refs/heads/main"), None);
    }
}
