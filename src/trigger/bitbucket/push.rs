//! Pushes: several branches and tags at once. A webhook of a repository tells them as they are, an app
//! within `data`.

use serde::Deserialize;

use crate::domain::person::Issuer;
use crate::domain::refs::{Commit, Ref};
use crate::domain::repository::Repository;
use crate::text::safe::Safe;
use crate::trigger::json::{self, Unread};
use crate::trigger::push::{Push, Pusher, first_line};
use crate::trigger::told::Told;

/// The most changes that are read of one push: Bitbucket tells five.
const MOST: usize = 100;

/// Reads what was told; `event` is `X-Event-Key` where there is one. `account` is the account of the
/// installation that tells it, which speaks for its own repositories alone.
///
/// # Errors
/// [`Unread`] where a push has another form than Bitbucket gives it, or is of another account.
pub fn read(event: Option<&str>, account: Option<&Safe>, body: &[u8]) -> Result<Told, Unread> {
    let wrong = |why: &str| Unread::new(&why);
    let (event, pushed) = match (event, account) {
        (Some("diagnostics:ping"), None) => {
            json::read::<serde::de::IgnoredAny>(body)?;
            return Ok(Told::Ping);
        }
        (Some("repo:push"), None) => ("repo:push".to_owned(), Some(json::read::<Pushed>(body)?)),
        (Some(other), None) => {
            json::read::<serde::de::IgnoredAny>(body)?;
            (other.to_owned(), None)
        }
        (None, None) => return Err(wrong("X-Event-Key does not say what it is")),
        (_, Some(_)) => {
            let Named { event } = json::read(body)?;
            let pushed = (event == "repo:push").then(|| json::read::<Within>(body));
            (event, pushed.transpose()?.map(|within| within.data))
        }
    };
    let Some(pushed) = pushed else {
        return Ok(Told::Other(Safe::told(&event)));
    };
    if account.is_some_and(|account| *account != Safe::told(&pushed.repository.owner.uuid)) {
        return Err(wrong(
            "the repository is of another account than the installation",
        ));
    }
    pushed.pushes().map(Told::Pushes)
}

#[derive(Deserialize)]
struct Named {
    event: String,
}

#[derive(Deserialize)]
struct Within {
    data: Pushed,
}

#[derive(Deserialize)]
struct Pushed {
    actor: Actor,
    repository: Where,
    push: Changes,
}

#[derive(Deserialize)]
struct Actor {
    uuid: String,
    #[serde(default)]
    nickname: Option<String>,
}

#[derive(Deserialize)]
struct Where {
    full_name: String,
    links: Links,
    owner: Owner,
}

#[derive(Deserialize)]
struct Links {
    html: Link,
}

#[derive(Deserialize)]
struct Link {
    href: String,
}

#[derive(Deserialize)]
struct Owner {
    uuid: String,
}

#[derive(Deserialize)]
struct Changes {
    changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    old: Option<Stand>,
    new: Option<Stand>,
    #[serde(default)]
    forced: bool,
}

#[derive(Deserialize)]
struct Stand {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    target: Target,
}

#[derive(Deserialize)]
struct Target {
    hash: String,
    #[serde(default)]
    message: String,
}

impl Pushed {
    fn pushes(self) -> Result<Vec<Push>, Unread> {
        let wrong = |why: &str| Unread::new(&why);
        let repository: Repository = self
            .repository
            .links
            .html
            .href
            .parse()
            .map_err(|why| Unread::new(&why))?;
        if repository.path() != self.repository.full_name {
            return Err(wrong(
                "the repository's address and its name are of two repositories",
            ));
        }
        if self.push.changes.len() > MOST {
            return Err(wrong("it has more changes than any push"));
        }
        let by = Pusher {
            name: Safe::told(self.actor.nickname.as_deref().unwrap_or(&self.actor.uuid)),
            id: Safe::told(&self.actor.uuid),
        };
        let one = |change: Change| {
            let at = match (&change.new, &change.old) {
                (Some(new), Some(old)) if new.kind != old.kind || new.name != old.name => {
                    return Err(wrong("one change is of two branches"));
                }
                (Some(at), _) | (None, Some(at)) => at.at()?,
                (None, None) => return Err(wrong("a change is of nothing")),
            };
            let commit = |stand: &Option<Stand>| {
                let text = stand.as_ref().map(|stand| stand.target.hash.as_str());
                text.map(str::parse::<Commit>)
                    .transpose()
                    .map_err(|why| Unread::new(&why))
            };
            Ok(Push {
                host: Issuer::Bitbucket,
                repository: repository.clone(),
                at,
                before: commit(&change.old)?,
                after: commit(&change.new)?,
                forced: change.forced,
                by: by.clone(),
                message: first_line(
                    change
                        .new
                        .as_ref()
                        .map(|new| new.target.message.as_str())
                        .unwrap_or_default(),
                ),
                taken_at: None,
                of_suite: false,
            })
        };
        self.push.changes.into_iter().map(one).collect()
    }
}

impl Stand {
    fn at(&self) -> Result<Ref, Unread> {
        let name = self.name.parse().map_err(|why| Unread::new(&why))?;
        match self.kind.as_str() {
            "branch" | "named_branch" => Ok(Ref::Branch(name)),
            "tag" | "annotated_tag" => Ok(Ref::Tag(name)),
            _ => Err(Unread::new(&"a change is neither of a branch nor of a tag")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const OLD: &str = "1e65c05c1d5171631d92438a13901ca7dae9618c";
    const NEW: &str = "709d658dc5b6d6afcd46049c2f332ee3f515a67d";
    const ACCOUNT: &str = "{477eaf4d-f1e7-4c8e-9e0f-a0b3d6f7a7b9}";

    fn push() -> Value {
        json!({
            "actor": { "uuid": "{58e8bb1e-704e-4239-b082-b4ceaf8cc369}", "nickname": "emma", "display_name": "Emma" },
            "repository": {
                "uuid": "{5b6cc2a1-4841-469e-aebe-b0b58e14ffd3}", "full_name": "acme/docs", "is_private": true,
                "links": { "html": { "href": "https://bitbucket.org/acme/docs" } }, "owner": { "uuid": ACCOUNT },
            },
            "push": { "changes": [
                {
                    "old": { "type": "branch", "name": "main", "target": { "hash": OLD, "message": "old" } },
                    "new": { "type": "branch", "name": "main", "target": { "hash": NEW, "message": "new commit message\nmore" } },
                    "created": false, "closed": false, "forced": true,
                },
                { "old": { "type": "branch", "name": "gone", "target": { "hash": OLD } }, "new": null, "closed": true },
                { "old": null, "new": { "type": "tag", "name": "main", "target": { "hash": NEW } }, "created": true },
            ] },
        })
    }

    fn told(body: &Value) -> Result<Told, Unread> {
        read(Some("repo:push"), None, body.to_string().as_bytes())
    }

    #[test]
    fn a_push_moves_several_branches_and_new_may_be_nothing() {
        let Ok(Told::Pushes(pushes)) = told(&push()) else {
            panic!("{:?}", told(&push()))
        };
        let [main, gone, tag] = &pushes[..] else {
            panic!()
        };
        assert_eq!(main.repository.to_string(), "bitbucket.org/acme/docs");
        assert_eq!(
            (main.at.to_string().as_str(), main.forced),
            ("branch main", true)
        );
        assert_eq!(
            (main.before.clone(), main.after.clone()),
            (Some(OLD.parse().unwrap()), Some(NEW.parse().unwrap()))
        );
        assert_eq!(main.message.as_str(), "new commit message");
        assert_eq!(
            main.by.shown().as_str(),
            "emma ({58e8bb1e-704e-4239-b082-b4ceaf8cc369})"
        );
        assert_eq!(
            (gone.at.to_string().as_str(), &gone.after),
            ("branch gone", &None)
        );
        assert_eq!(tag.at.to_string(), "tag main");
    }

    #[test]
    fn an_installation_speaks_for_its_own_account() {
        let within = json!({ "event": "repo:push", "data": push() }).to_string();
        let of = |account: &str| read(None, Some(&Safe::new(account)), within.as_bytes());
        assert!(matches!(of(ACCOUNT), Ok(Told::Pushes(pushes)) if pushes.len() == 3));
        assert!(of("{another}").is_err());
        let other = json!({ "event": "issue:created", "data": {} }).to_string();
        let other = read(None, Some(&Safe::new(ACCOUNT)), other.as_bytes());
        assert_eq!(other, Ok(Told::Other("issue:created".into())));
        assert!(read(None, None, within.as_bytes()).is_err());
        assert_eq!(
            read(Some("repo:fork"), None, b"{}"),
            Ok(Told::Other("repo:fork".into()))
        );
        assert_eq!(read(Some("diagnostics:ping"), None, b"{}"), Ok(Told::Ping));
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for (at, value) in [
            ("/actor", Value::Null),
            ("/actor/uuid", json!(1)),
            ("/repository/full_name", json!("acme/other")),
            (
                "/repository/links/html/href",
                json!("https://bitbucket.org/acme/docs/../x"),
            ),
            ("/repository/owner", json!({})),
            ("/push/changes", json!({})),
            ("/push/changes/0", Value::Null),
            ("/push/changes/0/new/type", json!("bookmark")),
            ("/push/changes/0/new/name", json!("other")),
            ("/push/changes/0/new/name", json!("a..b")),
            ("/push/changes/0/new/target/hash", json!("709d658")),
            ("/push/changes/0/new/target", Value::Null),
            ("/push/changes/2/new", Value::Null),
        ] {
            let mut body = push();
            *body.pointer_mut(at).unwrap() = value.clone();
            assert!(told(&body).is_err(), "{at} = {value}");
        }
    }
}
