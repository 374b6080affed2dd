//! GitLab: what its push and tag hooks tell. The kind of event stands in `X-Gitlab-Event`; the body is
//! read once the token beside it is checked.

use serde::Deserialize;

use super::json::{self, Unread};
use super::push::{Push, Pusher, first_line};
use super::told::Told;
use crate::domain::person::Issuer;
use crate::domain::refs::{Commit, Ref};
use crate::domain::repository::Repository;
use crate::text::safe::Safe;

/// Reads what was told.
///
/// # Errors
/// [`Unread`] where a push has another form than GitLab gives it.
pub fn read(event: &str, body: &[u8]) -> Result<Told, Unread> {
    match event {
        "Push Hook" => json::read::<Pushed>(body)?.push("push"),
        "Tag Push Hook" => json::read::<Pushed>(body)?.push("tag_push"),
        other => {
            json::read::<serde::de::IgnoredAny>(body)?;
            Ok(Told::Other(Safe::told(other)))
        }
    }
}

#[derive(Deserialize)]
struct Pushed {
    object_kind: String,
    #[serde(rename = "ref")]
    at: String,
    before: String,
    after: String,
    user_id: u64,
    user_username: String,
    project: Project,
    commits: Vec<Of>,
}

#[derive(Deserialize)]
struct Project {
    web_url: String,
    path_with_namespace: String,
}

#[derive(Deserialize)]
struct Of {
    id: String,
    message: String,
}

impl Pushed {
    fn push(self, kind: &str) -> Result<Told, Unread> {
        let wrong = |why: &str| Unread::new(&why);
        let at: Ref = self.at.parse().map_err(|why| Unread::new(&why))?;
        let of = match at {
            Ref::Branch(_) => "push",
            Ref::Tag(_) => "tag_push",
        };
        if self.object_kind != kind || of != kind {
            return Err(wrong(
                "its kind, its header and its ref are of two kinds of events",
            ));
        }
        let repository: Repository = self
            .project
            .web_url
            .parse()
            .map_err(|why| Unread::new(&why))?;
        // One that lives below a folder of its host has that before its path.
        let rest = repository
            .path()
            .strip_suffix(self.project.path_with_namespace.as_str());
        if !rest.is_some_and(|folder| folder.is_empty() || folder.ends_with('/')) {
            return Err(wrong(
                "the project's address and its path are of two projects",
            ));
        }
        let commit = |text: &str| Commit::or_none(text).map_err(|why| Unread::new(&why));
        let (before, after) = (commit(&self.before)?, commit(&self.after)?);
        // Only the newest 20 are told; the head is among them where there are any.
        let head = self
            .commits
            .into_iter()
            .find(|one| after.as_ref().is_some_and(|after| after.as_str() == one.id));
        Ok(Told::Pushes(vec![Push {
            host: Issuer::Gitlab,
            repository,
            at,
            before,
            after,
            forced: false,
            by: Pusher {
                id: Safe::new(&self.user_id.to_string()),
                name: Safe::told(&self.user_username),
            },
            message: first_line(head.map(|head| head.message).as_deref().unwrap_or_default()),
            taken_at: None,
            of_suite: false,
        }]))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const COMMIT: &str = "da1560886d4f094c3e6c9ef40349f7d38b5d27d7";

    fn push() -> Value {
        json!({
            "object_kind": "push", "event_name": "push",
            "before": "95790bf891e76fee5e1747ab589903a6a1f80f22", "after": COMMIT,
            "ref": "refs/heads/master", "checkout_sha": COMMIT,
            "user_id": 4, "user_name": "John Smith", "user_username": "jsmith", "project_id": 15,
            "project": {
                "id": 15, "name": "Diaspora", "web_url": "http://example.com/mike/diaspora",
                "path_with_namespace": "mike/diaspora", "default_branch": "master",
            },
            "commits": [
                { "id": "b6568db1bc1dcd7f8b4d5a946b0b91f9dacd7327", "message": "Update Catalan translation", "author": { "name": "Jordi Mallach" } },
                { "id": COMMIT, "message": "fixed readme\n", "author": { "name": "an approver" } },
            ],
            "total_commits_count": 4,
        })
    }

    fn told(event: &str, body: &Value) -> Result<Told, Unread> {
        read(event, body.to_string().as_bytes())
    }

    #[test]
    fn pushes_of_branches_and_tags_are_read() {
        let mut body = push();
        assert!(told("Push Hook", &body).is_err(), "not over http");
        body["project"]["web_url"] = json!("https://git.acme.example/mike/diaspora");
        let Ok(Told::Pushes(pushes)) = told("Push Hook", &body) else {
            panic!("{:?}", told("Push Hook", &body));
        };
        let [one] = &pushes[..] else { panic!() };
        assert_eq!(one.repository.to_string(), "git.acme.example/mike/diaspora");
        assert_eq!(one.after.as_ref().unwrap().as_str(), COMMIT);
        assert_eq!(one.by.shown().as_str(), "jsmith (4)");
        assert_eq!(one.message.as_str(), "fixed readme");
        assert!(
            told("Tag Push Hook", &body).is_err(),
            "the header is not signed: all must agree"
        );
        body["object_kind"] = json!("tag_push");
        assert!(told("Tag Push Hook", &body).is_err());
        body["ref"] = json!("refs/tags/master");
        let Ok(Told::Pushes(pushes)) = told("Tag Push Hook", &body) else {
            panic!()
        };
        assert!(matches!(pushes[0].at, Ref::Tag(_)));
        body["after"] = json!("0".repeat(40));
        let Ok(Told::Pushes(pushes)) = told("Tag Push Hook", &body) else {
            panic!()
        };
        assert_eq!((&pushes[0].after, pushes[0].message.as_str()), (&None, ""));
    }

    #[test]
    fn what_is_wrong_is_refused_and_what_means_nothing_is_named() {
        for key in [
            "object_kind",
            "ref",
            "before",
            "after",
            "user_id",
            "user_username",
            "project",
            "commits",
        ] {
            for wrong in [
                Value::Null,
                json!(1.5),
                json!([1]),
                json!("../x"),
                json!({}),
            ] {
                let mut body = push();
                body["project"]["web_url"] = json!("https://git.acme.example/mike/diaspora");
                body[key] = wrong.clone();
                let free = key == "user_username" && wrong.is_string();
                assert_eq!(told("Push Hook", &body).is_ok(), free, "{key} = {wrong}");
            }
        }
        let mut other = push();
        other["project"]["web_url"] = json!("https://git.acme.example/acme/docs");
        assert!(told("Push Hook", &other).is_err());
        assert_eq!(
            told("Note Hook", &json!({})),
            Ok(Told::Other("Note Hook".into()))
        );
    }
}
