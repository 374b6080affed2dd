//! The door, over real sockets: who is believed, what is asked, and what is cut off.

mod checks;
pub(in crate::trigger) mod double;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::routes::{Right, TABLE};
use super::timed::DEADLINE;
use crate::domain::ask::Ask;
use crate::domain::person::{Issuer, Proof};
use double::{Came, InMemory, Setup, call, send};

const COMMIT: &str = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";

fn push(n: u32) -> Value {
    let commit = |n: u32| {
        if n == 0 {
            COMMIT.to_owned()
        } else {
            format!("{n:040x}")
        }
    };
    json!({
        "ref": "refs/heads/main", "before": commit(n + 1), "after": commit(n), "deleted": false, "forced": false,
        "head_commit": { "id": commit(n), "message": "Mend the menu" },
        "repository": { "full_name": "acme/docs", "html_url": "https://github.com/acme/docs", "pushed_at": 1_557_933_657 - i64::from(n) },
        "sender": { "login": "ana", "id": 21_031_067 },
    })
}

fn signature(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(double::SECRET.as_bytes()).unwrap();
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// A call as GitHub makes it.
fn github(event: &str, body: &Value, delivery: &str) -> Vec<u8> {
    let body = body.to_string();
    let head = format!(
        "POST /hooks/github HTTP/1.1\r\nHost: x\r\nX-GitHub-Event: {event}\r\nX-GitHub-Delivery: {delivery}\r\nX-Hub-Signature-256: {}\r\nContent-Length: {}\r\n\r\n",
        signature(body.as_bytes()),
        body.len()
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

#[tokio::test]
async fn a_push_asks_once_for_what_follows_its_branch() {
    let setup = Setup::new();
    let door = setup.open().await;
    let Came { status, body } = call(&door, &github("push", &push(0), "one")).await;
    assert_eq!(
        (status, body["outcome"].as_str()),
        (202, Some("asked")),
        "{body}"
    );
    let stacks: Vec<&str> = body["asks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ask| ask["stack"].as_str().unwrap())
        .collect();
    assert_eq!(stacks, ["dev/docs", "dev/handbook"]);
    let asked = setup.desk.asked();
    assert_eq!(asked.len(), 2);
    let Proof::Checked { source, id, behalf } = &asked[0].proof else {
        panic!("{:?}", asked[0])
    };
    assert_eq!(
        (*source, id.as_str()),
        (Issuer::Github, "github.com/acme/docs")
    );
    assert_eq!(behalf.as_ref().unwrap().as_str(), "ana (21031067)");
    let Ask::Do {
        intent, confirm, ..
    } = &asked[0].ask
    else {
        panic!()
    };
    assert_eq!(
        intent
            .flags()
            .unwrap()
            .values()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        [COMMIT]
    );
    assert!(confirm.reason.contains("Mend the menu"), "{confirm:?}");
    assert_eq!(
        call(&door, &github("ping", &json!({ "zen": "x" }), "two"))
            .await
            .status,
        200
    );
    let other = call(&door, &github("star", &json!({}), "three")).await;
    assert_eq!(
        (other.status, other.body["outcome"].as_str()),
        (200, Some("nothing"))
    );
    let mut elsewhere = push(0);
    elsewhere["ref"] = json!("refs/heads/other");
    assert_eq!(
        call(&door, &github("push", &elsewhere, "four")).await.body["outcome"],
        "nothing"
    );
    assert_eq!(setup.desk.asked().len(), 2);
}

#[tokio::test]
async fn the_same_delivery_a_thousand_times_is_one() {
    let setup = Setup::new();
    let door = setup.open().await;
    let sent = github("push", &push(0), "one");
    let calls = futures_util::stream::iter(0..1_000).map(|_| call(&door, &sent));
    let came: Vec<Came> = calls.buffer_unordered(200).collect().await;
    let count = |outcome: &str| {
        came.iter()
            .filter(|one| one.body["outcome"] == outcome)
            .count()
    };
    assert_eq!((count("asked"), count("known")), (1, 999));
    assert_eq!(setup.desk.asked().len(), 2, "one for each stack");
    // Told again after a restart that forgot everything but the store, and by another id.
    let forgetful = Setup {
        keep: Arc::new(InMemory::default()),
        ..setup.clone()
    };
    let anew = forgetful.open().await;
    for id in ["one", "another"] {
        let again = call(&anew, &github("push", &push(0), id)).await;
        assert_eq!(
            (again.status, again.body["outcome"].as_str()),
            (200, Some("known"))
        );
    }
    assert_eq!(setup.desk.asked().len(), 2);
}

#[tokio::test]
async fn an_older_push_that_comes_late_is_superseded() {
    let setup = Setup::new();
    let door = setup.open().await;
    assert_eq!(
        call(&door, &github("push", &push(1), "one")).await.status,
        202
    );
    assert_eq!(
        call(&door, &github("push", &push(0), "two")).await.status,
        202
    );
    // Also after a restart.
    for door in [door, setup.open().await] {
        let late = call(&door, &github("push", &push(2), "three")).await;
        assert_eq!(
            (late.status, late.body["outcome"].as_str()),
            (200, Some("superseded"))
        );
        assert!(
            late.body["says"].as_str().unwrap().contains(&COMMIT[..10]),
            "{late:?}"
        );
    }
    assert_eq!(setup.desk.asked().len(), 4);
}

#[tokio::test]
async fn what_could_not_be_asked_is_asked_when_it_is_sent_again() {
    let setup = Setup::new();
    let door = setup.open().await;
    setup.desk.away.store(true, Ordering::Relaxed);
    let missed = call(&door, &github("push", &push(0), "one")).await;
    assert_eq!(
        (missed.status, missed.body["outcome"].as_str()),
        (503, Some("closed")),
        "{missed:?}"
    );
    setup.desk.away.store(false, Ordering::Relaxed);
    assert_eq!(
        call(&door, &github("push", &push(0), "one")).await.status,
        202
    );
    assert_eq!(setup.desk.asked().len(), 2);
}

/// Every address of the table, called by nobody: the answers stand here, without a gap.
#[tokio::test]
async fn nobody_gets_past_any_route() {
    let setup = Setup::new();
    let door = setup.open().await;
    for route in TABLE {
        let expected = match (route.right, route.path) {
            (Right::Anybody, _) => 200,
            // An installation that nobody knows is not signed by anybody; this is none at all.
            (Right::Host, "/hooks/bitbucket/installed" | "/hooks/bitbucket/uninstalled") => 400,
            (Right::Reader | Right::Host, _) => 401,
        };
        // Through a proxy, as a stranger's call comes.
        let head = format!(
            "{} {} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9\r\nContent-Length: 2\r\n\r\n{{}}",
            route.method, route.path
        );
        let came = call(&door, head.as_bytes()).await;
        assert_eq!(came.status, expected, "{} {}", route.method, route.path);
        let text = came.body.to_string();
        for inner in ["dev/", "heartbeat", "pid"] {
            assert!(
                !text.contains(inner),
                "{} tells {inner}: {text}",
                route.path
            );
        }
        let other = if route.method == "GET" {
            "DELETE"
        } else {
            "GET"
        };
        let came = call(
            &door,
            format!("{other} {} HTTP/1.1\r\nHost: x\r\n\r\n", route.path).as_bytes(),
        )
        .await;
        assert_eq!(came.status, 405, "{other} {}", route.path);
    }
    for nowhere in [
        "/",
        "/hooks",
        "/hooks/github/",
        "/hooks/github/../gitlab",
        "//metrics",
        "/Metrics",
    ] {
        let came = call(
            &door,
            format!("GET {nowhere} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes(),
        )
        .await;
        assert_eq!(came.status, 404, "{nowhere}");
    }
    assert_eq!(setup.desk.asked().len(), 0);
}

#[tokio::test]
async fn readers_are_on_this_machine_or_have_the_token() {
    let setup = Setup::new();
    let door = setup.open().await;
    let get = |path: &str, more: &str| {
        format!("GET {path} HTTP/1.1\r\nHost: x\r\n{more}\r\n").into_bytes()
    };
    let here = send(&door, &get("/metrics", "")).await;
    assert!(
        here.contains("holdpoint_engine_live 1") && here.contains("text/plain; version=0.0.4"),
        "{here}"
    );
    let token = format!(
        "X-Forwarded-For: 203.0.113.9\r\nAuthorization: Bearer {}\r\n",
        double::SECRET
    );
    assert!(
        send(&door, &get("/metrics", &token))
            .await
            .contains("holdpoint_engine_live 1")
    );
    let wrong = "Via: 1.1 proxy\r\nAuthorization: Bearer x\r\n";
    assert_eq!(call(&door, &get("/metrics", wrong)).await.status, 401);
    let health = call(&door, &get("/healthz", "")).await;
    assert_eq!(
        (health.status, &health.body),
        (200, &json!({ "status": "ok", "heartbeat_age_seconds": 3 }))
    );
    setup.desk.fails();
    let health = call(&door, &get("/healthz", "")).await;
    assert_eq!(
        (health.status, health.body["because"][0].as_str()),
        (503, Some("cut off"))
    );
    let told = call(&door, &get("/healthz", "Forwarded: for=x\r\n")).await;
    assert_eq!(
        (told.status, told.body),
        (503, json!({ "status": "failing" }))
    );
}

#[tokio::test]
async fn without_a_secret_the_door_is_closed_and_says_why() {
    let mut setup = Setup::new();
    setup.hosts = super::Hosts::default();
    let door = setup.open().await;
    for (path, flag) in [
        ("/hooks/github", "--github-secret"),
        ("/hooks/gitlab", "--gitlab-secret"),
        ("/hooks/bitbucket", "--bitbucket-secret"),
        ("/hooks/bitbucket/installed", "--bitbucket-app"),
    ] {
        let came = call(
            &door,
            format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").as_bytes(),
        )
        .await;
        assert_eq!(came.status, 503, "{path}");
        assert!(
            came.body["says"].as_str().unwrap().contains(flag),
            "{came:?}"
        );
    }
    setup.hosts.github = Some("env:HOLDPOINT_NOBODY_HAS_THIS".parse().unwrap());
    let door = setup.open().await;
    let came = call(&door, &github("push", &push(0), "one")).await;
    assert_eq!(came.status, 503);
    assert!(
        !came.body.to_string().contains("NOBODY"),
        "where the secret is is for the log: {came:?}"
    );
}

#[tokio::test]
async fn what_is_wrong_is_refused_and_asks_for_nothing() {
    let setup = Setup::new();
    let door = setup.open().await;
    let right = String::from_utf8(github("push", &push(0), "one")).unwrap();
    let signature = signature(push(0).to_string().as_bytes());
    for (why, sent, status) in [
        (
            "another signature",
            right.replace(&signature, &signature.replace('a', "b")),
            401,
        ),
        (
            "none",
            right.replace("X-Hub-Signature-256", "X-Hub-Signature"),
            401,
        ),
        (
            "two",
            right.replace(
                "X-GitHub-Event",
                &format!("X-Hub-Signature-256: {signature}\r\nX-GitHub-Event"),
            ),
            401,
        ),
        (
            "another body",
            right.replace("Mend the menu", "Mend the menX"),
            401,
        ),
        ("no event", right.replace("X-GitHub-Event", "X-GitHub"), 400),
        (
            "packed",
            right.replace("Host: x", "Host: x\r\nContent-Encoding: gzip"),
            415,
        ),
        (
            "too long",
            right.replace("Content-Length: ", "Content-Length: 9999"),
            413,
        ),
        (
            "another host",
            right.replace("/hooks/github", "/hooks/gitlab"),
            401,
        ),
    ] {
        assert_ne!(sent, right, "{why}");
        let came = call(&door, sent.as_bytes()).await;
        assert_eq!(came.status, status, "{why}: {came:?}");
    }
    let mut hostile = push(0);
    hostile["ref"] = json!("refs/heads/ma\u{202e}in");
    assert_eq!(
        call(&door, &github("push", &hostile, "one")).await.status,
        400
    );
    assert_eq!(setup.desk.asked().len(), 0);
}

/// A call that never ends is cut off; the others go on meanwhile.
#[tokio::test]
async fn who_sends_a_byte_and_waits_is_cut_off() {
    let setup = Setup::new();
    let door = setup.open().await;
    let whole = github("push", &push(0), "one");
    let mut slow = Vec::new();
    for bytes in [0, 1, 40, whole.len() - 1] {
        let mut stream = tokio::net::TcpStream::connect(door).await.unwrap();
        stream.write_all(&whole[..bytes]).await.unwrap();
        slow.push(stream);
    }
    // Who comes later is let in later.
    let other = call(&door, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(other.status, 200);
    setup.clock.advance(DEADLINE + Duration::from_secs(1));
    for mut one in slow {
        let mut came = Vec::new();
        let _ = one.read_to_end(&mut came).await;
        assert_eq!(came, b"", "nothing is answered");
    }
    assert_eq!(setup.desk.asked().len(), 0);
    assert_eq!(
        call(&door, &whole).await.status,
        202,
        "a whole one is heard"
    );
}

#[tokio::test]
async fn bitbucket_is_believed_by_signature_or_by_installation() {
    let setup = Setup::new();
    let door = setup.open().await;
    let account = "{477eaf4d-f1e7-4c8e-9e0f-a0b3d6f7a7b9}";
    let pushed = json!({
        "actor": { "uuid": "{58e8bb1e}", "nickname": "emma" },
        "repository": { "full_name": "acme/docs", "links": { "html": { "href": "https://bitbucket.org/acme/docs" } }, "owner": { "uuid": account } },
        "push": { "changes": [
            { "old": null, "new": { "type": "branch", "name": "main", "target": { "hash": COMMIT, "message": "m" } } },
            { "old": { "type": "branch", "name": "x", "target": { "hash": COMMIT } }, "new": null },
        ] },
    });
    let post = |path: &str, more: &str, body: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\n{more}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let body = pushed.to_string();
    let signed = format!(
        "X-Event-Key: repo:push\r\nX-Request-UUID: 5a1b3c5d-1\r\nX-Hub-Signature: {}\r\n",
        signature(body.as_bytes())
    );
    let came = call(&door, post("/hooks/bitbucket", &signed, &body).as_bytes()).await;
    assert_eq!(
        (came.status, came.body["asks"][0]["stack"].as_str()),
        (202, Some("dev/mirror")),
        "{came:?}"
    );

    // The app: installed by nobody's signature, believed because a person named it.
    let installed = json!({
        "eventType": "installed", "key": "holdpoint-acme", "clientKey": "connection:123",
        "sharedSecret": double::TENANT, "principal": { "uuid": account },
    });
    let token = |path: &str| format!("Authorization: JWT {}\r\n", double::token(&setup, path));
    let within = json!({ "event": "repo:push", "data": pushed }).to_string();
    let hook = |more: &str| post("/hooks/bitbucket", more, &within).into_bytes();
    assert_eq!(
        call(&door, &hook(&token("/hooks/bitbucket"))).await.status,
        401,
        "not installed yet"
    );
    let install =
        |more: &str| post("/hooks/bitbucket/installed", more, &installed.to_string()).into_bytes();
    assert_eq!(call(&door, &install("")).await.status, 200);
    assert_eq!(
        call(&door, &install("")).await.status,
        401,
        "known ones are signed"
    );
    assert_eq!(
        call(&door, &install(&token("/hooks/bitbucket/installed")))
            .await
            .status,
        200
    );
    assert_eq!(
        call(&door, &hook(&token("/hooks/bitbucket/installed")))
            .await
            .status,
        401,
        "for another call"
    );
    let known = call(&door, &hook(&token("/hooks/bitbucket"))).await;
    assert_eq!(
        (known.status, known.body["outcome"].as_str()),
        (200, Some("known")),
        "{known:?}"
    );
    // Kept, and believed after a restart.
    let anew = setup.open().await;
    assert_eq!(
        call(&anew, &hook(&token("/hooks/bitbucket"))).await.status,
        200
    );
    setup.keep.write(super::HEARD, b"{").unwrap();
    assert!(
        setup.try_open().is_err(),
        "what is damaged is not begun anew"
    );
}
