//! What GitHub tells of check runs and their suites: a suite is asked for beside each push, and a
//! person may want one, or a single run, to be done again.

use serde::Deserialize;

use super::{User, json};
use crate::domain::person::Issuer;
use crate::domain::refs::{Commit, Ref};
use crate::domain::repository::Repository;
use crate::text::safe::Safe;
use crate::trigger::json::Unread;
use crate::trigger::push::{Push, Pusher, first_line};
use crate::trigger::told::{Again, Told};

#[derive(Deserialize)]
struct OfSuite {
    action: String,
    #[serde(rename = "check_suite")]
    suite: Suite,
    repository: Where,
    sender: User,
}

#[derive(Deserialize)]
struct OfRun {
    action: String,
    #[serde(rename = "check_run")]
    run: Run,
    repository: Where,
    sender: User,
}

#[derive(Deserialize)]
struct Suite {
    /// None for what comes from a fork.
    head_branch: Option<String>,
    head_sha: String,
    before: Option<String>,
    after: Option<String>,
    head_commit: Option<Head>,
}

#[derive(Deserialize)]
struct Head {
    message: String,
}

#[derive(Deserialize)]
struct Run {
    name: String,
    head_sha: String,
    #[serde(rename = "check_suite")]
    suite: Within,
}

#[derive(Deserialize)]
struct Within {
    head_branch: Option<String>,
}

#[derive(Deserialize)]
struct Where {
    html_url: String,
    full_name: String,
}

impl Where {
    fn repository(&self) -> Result<Repository, Unread> {
        let at: Repository = self.html_url.parse().map_err(|why| Unread::new(&why))?;
        if at.path() == self.full_name {
            return Ok(at);
        }
        let says = "the repository's address and its name are of two repositories";
        Err(Unread::new(&says))
    }
}

fn pusher(user: &User) -> Pusher {
    Pusher {
        id: Safe::new(&user.id.to_string()),
        name: Safe::told(&user.login),
    }
}

fn commit(text: &str) -> Result<Option<Commit>, Unread> {
    Commit::or_none(text).map_err(|why| Unread::new(&why))
}

fn other(what: &str, action: &str) -> Told {
    Told::Other(Safe::told(&format!("{what} {action}")))
}

/// What is told of a suite.
pub(super) fn suite(body: &[u8]) -> Result<Told, Unread> {
    let told: OfSuite = json::read(body)?;
    let OfSuite {
        action,
        suite,
        repository,
        sender,
    } = told;
    let repository = repository.repository()?;
    let by = pusher(&sender);
    let (Some(branch), Some(head)) = (&suite.head_branch, commit(&suite.head_sha)?) else {
        return Ok(other("check_suite of no branch", &action));
    };
    let at: Ref = format!("refs/heads/{branch}")
        .parse()
        .map_err(|why| Unread::new(&why))?;
    match action.as_str() {
        "rerequested" => Ok(again(repository, at, head, None, by)),
        "requested" => {
            let after = suite.after.as_deref().map(commit).transpose()?.flatten();
            if after.is_some_and(|after| after != head) {
                let says = "its newest commit is not the one that the branch stands at";
                return Err(Unread::new(&says));
            }
            let before = suite.before.as_deref().map(commit).transpose()?.flatten();
            let message = suite.head_commit.map(|head| head.message);
            Ok(Told::Pushes(vec![Push {
                host: Issuer::Github,
                repository,
                at,
                before,
                after: Some(head),
                forced: false,
                by,
                message: first_line(message.as_deref().unwrap_or_default()),
                taken_at: None,
                of_suite: true,
            }]))
        }
        _ => Ok(other("check_suite", &action)),
    }
}

/// What is told of one run.
pub(super) fn run(body: &[u8]) -> Result<Told, Unread> {
    let told: OfRun = json::read(body)?;
    let repository = told.repository.repository()?;
    let Run {
        name,
        head_sha,
        suite,
    } = told.run;
    let (Some(branch), Some(head)) = (suite.head_branch, commit(&head_sha)?) else {
        return Ok(other("check_run of no branch", &told.action));
    };
    let at: Ref = format!("refs/heads/{branch}")
        .parse()
        .map_err(|why| Unread::new(&why))?;
    if told.action != "rerequested" {
        return Ok(other("check_run", &told.action));
    }
    let name = Some(Safe::told(&name));
    Ok(again(repository, at, head, name, pusher(&told.sender)))
}

fn again(repository: Repository, at: Ref, commit: Commit, check: Option<Safe>, by: Pusher) -> Told {
    match at {
        Ref::Branch(branch) => Told::Again(Again {
            host: Issuer::Github,
            repository,
            branch,
            commit,
            check,
            by,
        }),
        Ref::Tag(_) => other("check", "of a tag"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const COMMIT: &str = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";

    fn suite_of(action: &str) -> Value {
        json!({
            "action": action,
            "check_suite": {
                "id": 118_578_147, "head_branch": "release/1", "head_sha": COMMIT, "status": "queued",
                "conclusion": null, "before": "a".repeat(40), "after": COMMIT, "app": { "id": 7 },
                "head_commit": { "id": COMMIT, "message": "Mend\n\nmore" },
            },
            "repository": { "id": 1, "full_name": "acme/shop", "html_url": "https://github.com/acme/shop",
                            "pushed_at": "2026-05-15T15:20:32Z" },
            "sender": { "login": "ana", "id": 21_031_067 },
        })
    }

    fn run_of(action: &str) -> Value {
        json!({
            "action": action,
            "check_run": {
                "id": 128_620_228, "name": "o5-deploy-dev", "head_sha": COMMIT, "external_id": "x",
                "check_suite": { "id": 1, "head_branch": "release/1", "head_sha": COMMIT },
            },
            "repository": { "full_name": "acme/shop", "html_url": "https://github.com/acme/shop" },
            "sender": { "login": "ana", "id": 21_031_067 },
        })
    }

    #[test]
    fn a_suite_that_is_requested_is_its_push() {
        let told = suite(suite_of("requested").to_string().as_bytes()).unwrap();
        let Told::Pushes(pushes) = told else {
            panic!("{told:?}")
        };
        let [push] = pushes.as_slice() else {
            panic!("{pushes:?}")
        };
        assert_eq!(push.at.to_string(), "branch release/1");
        assert_eq!(push.after.as_ref().map(Commit::as_str), Some(COMMIT));
        assert_eq!(push.message.as_str(), "Mend");
        assert!(push.of_suite && push.taken_at.is_none());
    }

    #[test]
    fn what_is_requested_again_names_its_commit_and_perhaps_its_run() {
        let of_suite = suite(suite_of("rerequested").to_string().as_bytes()).unwrap();
        let of_run = run(run_of("rerequested").to_string().as_bytes()).unwrap();
        for (told, check) in [(of_suite, None), (of_run, Some("o5-deploy-dev"))] {
            let Told::Again(again) = told else {
                panic!("{told:?}")
            };
            assert_eq!(again.branch.as_str(), "release/1");
            assert_eq!(again.commit.as_str(), COMMIT);
            assert_eq!(again.check.as_ref().map(Safe::as_str), check);
            assert_eq!(again.by.shown().as_str(), "ana (21031067)");
        }
    }

    #[test]
    fn what_is_over_or_of_no_branch_means_nothing() {
        let mut of_fork = suite_of("requested");
        of_fork["check_suite"]["head_branch"] = Value::Null;
        let mut gone = suite_of("rerequested");
        gone["check_suite"]["head_sha"] = json!("0".repeat(40));
        for body in [suite_of("completed"), of_fork, gone] {
            let told = suite(body.to_string().as_bytes()).unwrap();
            assert!(matches!(told, Told::Other(_)), "{told:?}");
        }
        for action in ["created", "completed", "requested_action"] {
            let told = run(run_of(action).to_string().as_bytes()).unwrap();
            assert!(matches!(told, Told::Other(_)), "{told:?}");
        }
        let mut other = suite_of("requested");
        other["check_suite"]["after"] = json!("b".repeat(40));
        assert!(suite(other.to_string().as_bytes()).is_err());
        let mut two = run_of("rerequested");
        two["repository"]["full_name"] = json!("acme/other");
        assert!(run(two.to_string().as_bytes()).is_err());
    }
}
