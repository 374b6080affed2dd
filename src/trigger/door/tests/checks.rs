//! Checks that are asked for beside a push, and again by a person.

use serde_json::{Value, json};

use super::double::{Setup, call};
use super::{COMMIT, github};
use crate::domain::ask::Ask;

fn suite(action: &str, commit: &str, nth: u32) -> Value {
    json!({
        "action": action,
        "check_suite": {
            "id": 7, "head_branch": "main", "head_sha": commit, "before": "b".repeat(40), "after": commit,
            "latest_check_runs_count": nth, "head_commit": { "message": "Mend" },
        },
        "repository": { "full_name": "acme/shop", "html_url": "https://github.com/acme/shop",
                        "pushed_at": "2026-05-15T15:20:32Z" },
        "sender": { "login": "ana", "id": 21_031_067 },
    })
}

fn run(name: &str, commit: &str) -> Value {
    json!({
        "action": "rerequested",
        "check_run": { "id": 9, "name": name, "head_sha": commit, "check_suite": { "head_branch": "main" } },
        "repository": { "full_name": "acme/shop", "html_url": "https://github.com/acme/shop" },
        "sender": { "login": "ana", "id": 21_031_067 },
    })
}

fn push(branch: &str, commit: &str) -> Value {
    json!({
        "ref": format!("refs/heads/{branch}"), "before": "c".repeat(40), "after": commit, "deleted": false,
        "forced": false, "head_commit": { "id": commit, "message": "Mend" },
        "repository": { "full_name": "acme/shop", "html_url": "https://github.com/acme/shop", "pushed_at": 1_557_933_657 },
        "sender": { "login": "ana", "id": 21_031_067 },
    })
}

/// Whichever comes first, and however often: a push and its suite are one.
#[tokio::test]
async fn a_push_and_the_suite_of_its_checks_ask_once() {
    let told = [
        github("push", &push("main", COMMIT), "one"),
        github("check_suite", &suite("requested", COMMIT, 0), "two"),
    ];
    for order in [[0, 1], [1, 0]] {
        let setup = Setup::new();
        let door = setup.open().await;
        let mut outcomes = Vec::new();
        for nth in order.into_iter().chain(order) {
            let came = call(&door, &told[nth]).await;
            outcomes.push(came.body["outcome"].as_str().unwrap().to_owned());
        }
        assert_eq!(outcomes, ["asked", "known", "known", "known"], "{order:?}");
        let asked = setup.desk.asked();
        assert_eq!(asked.len(), 1);
    }
}

#[tokio::test]
async fn what_is_wanted_again_is_asked_again_as_long_as_its_branch_stands_there() {
    let setup = Setup::new();
    let door = setup.open().await;
    let outcome = async |event: &str, body: &Value| {
        let came = call(&door, &github(event, body, "x")).await;
        came.body["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!(outcome("push", &push("main", COMMIT)).await, "asked");
    let again = suite("rerequested", COMMIT, 1);
    assert_eq!(outcome("check_suite", &again).await, "asked");
    assert_eq!(
        outcome("check_suite", &again).await,
        "known",
        "the same delivery"
    );
    let later = suite("rerequested", COMMIT, 2);
    assert_eq!(
        outcome("check_suite", &later).await,
        "asked",
        "the button again"
    );
    assert_eq!(
        outcome("check_run", &run("o5-deploy-dev", COMMIT)).await,
        "asked"
    );
    assert_eq!(
        outcome("check_run", &run("o5-deploy-prod", COMMIT)).await,
        "nothing"
    );
    let old = suite("rerequested", &"d".repeat(40), 1);
    assert_eq!(outcome("check_suite", &old).await, "superseded");
    let mut elsewhere = suite("rerequested", COMMIT, 3);
    elsewhere["check_suite"]["head_branch"] = json!("main-2");
    assert_eq!(outcome("check_suite", &elsewhere).await, "nothing");
    // What tells of no checks has none to be wanted again.
    let mut silent = suite("rerequested", COMMIT, 4);
    silent["repository"] =
        json!({ "full_name": "acme/docs", "html_url": "https://github.com/acme/docs" });
    assert_eq!(outcome("check_suite", &silent).await, "nothing");
    let asked = setup.desk.asked();
    assert_eq!(asked.len(), 4);
    let Ask::Do { confirm, .. } = &asked[1].ask else {
        panic!()
    };
    assert_eq!(confirm.reason, "again, 6113728f27 of main, as ana wants it");
}

/// The names of branches are compared whole, and what is gone is deployed nowhere.
#[tokio::test]
async fn another_branch_and_a_branch_that_is_gone_ask_for_nothing() {
    let setup = Setup::new();
    let door = setup.open().await;
    let mut gone = push("main", &"0".repeat(40));
    gone["deleted"] = json!(true);
    gone["head_commit"] = Value::Null;
    let mut tag = push("main", COMMIT);
    tag["ref"] = json!("refs/tags/main");
    for body in [push("main-2", COMMIT), push("mai", COMMIT), gone, tag] {
        let came = call(&door, &github("push", &body, "x")).await;
        assert_eq!(came.body["outcome"], "nothing", "{body}");
    }
    assert!(setup.desk.asked().is_empty());
    let came = call(&door, &github("push", &push("main", COMMIT), "x")).await;
    assert_eq!(came.body["outcome"], "asked");
}
