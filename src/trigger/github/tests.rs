//! What GitHub tells, by excerpts of the payloads that it publishes (octokit/webhooks, MIT), and by
//! everything that can be wrong with them.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::refs::Branch;

const COMMIT: &str = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
const NONE: &str = "0000000000000000000000000000000000000000";

fn push() -> Value {
    json!({
        "ref": "refs/heads/master", "before": NONE, "after": COMMIT,
        "created": true, "deleted": false, "forced": false, "base_ref": null,
        "compare": "https://github.com/Codertocat/Hello-World/compare/master", "commits": [],
        "head_commit": {
            "id": COMMIT, "tree_id": "4b825dc642cb6eb9a060e54bf8d69288fbee4904", "distinct": true,
            "message": "Adding a .gitignore file\n\nand more", "timestamp": "2019-05-15T15:20:41Z",
            "author": { "name": "an approver", "email": "a@b.example", "username": "an-approver" },
        },
        "repository": {
            "id": 186_853_002, "name": "Hello-World", "full_name": "Codertocat/Hello-World", "private": false,
            "html_url": "https://github.com/Codertocat/Hello-World", "pushed_at": 1_557_933_657,
        },
        "pusher": { "name": "Codertocat", "email": "21031067+Codertocat@users.noreply.github.com" },
        "sender": { "login": "Codertocat", "id": 21_031_067, "type": "User", "site_admin": false },
    })
}

fn told(event: &str, body: &Value) -> Result<Told, Unread> {
    read(event, body.to_string().as_bytes())
}

fn pushed(body: &Value) -> Push {
    match told("push", body) {
        Ok(Told::Pushes(mut pushes)) if pushes.len() == 1 => pushes.remove(0),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_push_is_read_as_github_publishes_it() {
    let read = pushed(&push());
    assert_eq!(
        read.repository.to_string(),
        "github.com/Codertocat/Hello-World"
    );
    assert_eq!(read.at, Ref::Branch("master".parse::<Branch>().unwrap()));
    assert_eq!(
        (read.before, read.after),
        (None, Some(COMMIT.parse().unwrap()))
    );
    // The person is the one whom GitHub proved, not the author whom a commit names.
    assert_eq!(read.by.shown().as_str(), "Codertocat (21031067)");
    assert_eq!(read.message.as_str(), "Adding a .gitignore file");
    assert_eq!(read.taken_at, Some(1_557_933_657));
}

/// As Gitea 1.26 tells it of a push (Forgejo's is the same): GitHub's headers and signature, and a body
/// that says neither whether it was forced nor whether the branch is gone.
#[test]
fn a_push_is_read_as_gitea_tells_it() {
    let told_by_gitea = json!({
        "ref": "refs/heads/main", "before": NONE, "after": COMMIT,
        "compare_url": "https://git.acme.example/", "commits": [], "total_commits": 1,
        "head_commit": { "id": COMMIT, "message": "first\n", "verification": null },
        "repository": {
            "id": 1, "name": "docs", "full_name": "acme/docs", "default_branch": "main",
            "html_url": "https://git.acme.example/acme/docs",
        },
        "pusher": { "id": 1, "login": "acme" }, "sender": { "id": 1, "login": "acme" },
    });
    let read = pushed(&told_by_gitea);
    assert_eq!(read.repository.to_string(), "git.acme.example/acme/docs");
    assert_eq!(read.after, COMMIT.parse().ok());
    assert_eq!((read.forced, read.taken_at), (false, None));
    let gone = json!({ "ref": "main", "ref_type": "branch", "pusher_type": "user" });
    assert!(matches!(told("delete", &gone), Ok(Told::Other(_))));
}

#[test]
fn a_tag_and_a_deletion_are_told_apart() {
    let mut tag = push();
    tag["ref"] = json!("refs/tags/master");
    tag["head_commit"]["id"] = json!("a".repeat(40));
    assert_eq!(pushed(&tag).at, Ref::Tag("master".parse().unwrap()));
    let mut gone = push();
    for (key, value) in [
        ("before", json!(COMMIT)),
        ("after", json!(NONE)),
        ("deleted", json!(true)),
        ("head_commit", Value::Null),
    ] {
        gone[key] = value;
    }
    let gone = pushed(&gone);
    assert_eq!((gone.after, gone.message.as_str()), (None, ""));
}

#[test]
fn what_contradicts_itself_is_refused() {
    for (at, value) in [
        ("/ref", json!("master")),
        ("/ref", json!("refs/heads/a..b")),
        ("/ref", json!("refs/heads/ma\u{202e}ster")),
        ("/ref", json!(format!("refs/heads/{}", "x".repeat(300)))),
        ("/after", json!(NONE)),
        ("/after", json!("6113728f")),
        ("/deleted", json!(true)),
        ("/head_commit/id", json!("a".repeat(40))),
        ("/repository/full_name", json!("acme/docs")),
        (
            "/repository/html_url",
            json!("https://github.com/acme/docs"),
        ),
        ("/repository/html_url", json!("file:///etc/passwd")),
        ("/sender/id", json!("21031067")),
        ("/sender/id", json!(-1)),
    ] {
        let mut body = push();
        *body.pointer_mut(at).unwrap() = value.clone();
        assert!(told("push", &body).is_err(), "{at} = {value}");
    }
    let text = push().to_string();
    let twice = text.replacen("\"forced\":", "\"ref\":\"refs/heads/main\",\"forced\":", 1);
    assert!(read("push", twice.as_bytes()).is_err(), "a key twice");
}

/// Every field that is read, null and of every other type: refused, or the same push.
#[test]
fn no_field_of_another_type_is_taken() {
    let whole = pushed(&push());
    let mut paths = Vec::new();
    walk(&push(), "", &mut paths);
    assert!(paths.len() > 25);
    let mut refused = 0;
    for path in &paths {
        for wrong in [
            Value::Null,
            json!(true),
            json!(1.5),
            json!("x\u{1b}[31m"),
            json!([]),
            json!({}),
            json!([[{}]]),
        ] {
            let mut body = push();
            *body.pointer_mut(path).unwrap() = wrong.clone();
            match told("push", &body) {
                Err(_) => refused += 1,
                Ok(Told::Pushes(pushes)) => {
                    // What may be absent, and free text, alone.
                    let [read] = &pushes[..] else {
                        panic!("{path}")
                    };
                    let same = Push {
                        message: read.message.clone(),
                        taken_at: read.taken_at,
                        forced: read.forced,
                        by: read.by.clone(),
                        ..whole.clone()
                    };
                    assert_eq!(*read, same, "{path} = {wrong}");
                }
                Ok(other) => panic!("{path}: {other:?}"),
            }
        }
    }
    assert!(refused > 60, "{refused}");
}

fn walk(at: &Value, path: &str, found: &mut Vec<String>) {
    if let Value::Object(fields) = at {
        for (key, value) in fields {
            let path = format!("{path}/{key}");
            walk(value, &path, found);
            found.push(path);
        }
    }
}

fn installation() -> Value {
    json!({
        "action": "created",
        "installation": {
            "id": 957_387, "account": { "login": "Codertocat", "id": 21_031_067, "type": "User" },
            "repository_selection": "selected", "html_url": "https://github.com/settings/installations/957387",
            "app_id": 29_310, "permissions": { "metadata": "read" }, "events": ["push"],
        },
        "repositories": [{ "id": 186_853_002, "name": "Hello-World", "full_name": "Codertocat/Hello-World", "private": false }],
        "sender": { "login": "Codertocat", "id": 21_031_067 },
    })
}

#[test]
fn installations_say_what_may_be_read() {
    let access = |body: &Value, event: &str| match told(event, body) {
        Ok(Told::Access(access)) => access,
        other => panic!("{other:?}"),
    };
    let made = access(&installation(), "installation");
    assert_eq!(
        (made.installation, made.ended, made.added.len()),
        (957_387, false, 1)
    );
    assert_eq!(made.added[0].0, 186_853_002);
    assert_eq!(
        made.added[0].1.to_string(),
        "github.com/Codertocat/Hello-World"
    );
    let mut over = installation();
    over["action"] = json!("deleted");
    let over = access(&over, "installation");
    assert!(over.ended && over.added.is_empty());
    let mut more = installation();
    more["action"] = json!("added");
    more["repositories_added"] = json!([{ "id": 186_853_007, "full_name": "Codertocat/Space" }]);
    more["repositories_removed"] = json!([]);
    let more = access(&more, "installation_repositories");
    assert_eq!(
        (more.added.len(), more.removed.len(), more.ended),
        (1, 0, false)
    );
    let mut odd = installation();
    odd["repositories"][0]["full_name"] = json!("../x");
    assert!(told("installation", &odd).is_err());
    let mut new = installation();
    new["action"] = json!("new_permissions_accepted");
    assert!(matches!(told("installation", &new), Ok(Told::Other(_))));
}

#[test]
fn a_ping_is_a_ping_and_what_means_nothing_is_named() {
    assert_eq!(
        told(
            "ping",
            &json!({ "zen": "Anything added dilutes everything else.", "hook_id": 1 })
        ),
        Ok(Told::Ping)
    );
    assert_eq!(
        told("star", &json!({ "action": "created" })),
        Ok(Told::Other("star".into()))
    );
    assert!(read("star", b"{").is_err());
    assert!(read("ping", b"{}").is_err());
}

proptest! {
    #[test]
    fn only_whole_names_of_branches_are_branches(name in "[a-z/.$()~ \u{202e}-]{0,12}", tag in any::<bool>()) {
        let mut body = push();
        let kind = if tag { "tags" } else { "heads" };
        body["ref"] = json!(format!("refs/{kind}/{name}"));
        if let Ok(Told::Pushes(pushes)) = told("push", &body) {
            let branch = name.parse::<Branch>().unwrap();
            prop_assert_eq!(&pushes[0].at, &if tag { Ref::Tag(branch) } else { Ref::Branch(branch) });
        }
    }
}
