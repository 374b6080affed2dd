//! How CodeBuild is called, and what is made of its answers.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{NewBuild, Variable};
use crate::aws::TroubleKind;
use crate::aws::double::{Account, Answered, Came};
use crate::domain::time::Time;
use crate::forms::codebuild::{Log, Phase};

fn build(id: &str) -> Value {
    json!({
        "id": id, "buildNumber": 7, "startTime": 1_790_000_000.5, "buildStatus": "FAILED", "buildComplete": true, "projectName": "shop",
        "phases": [
            { "phaseType": "SUBMITTED", "phaseStatus": "SUCCEEDED", "startTime": 1_790_000_000.5, "endTime": 1_790_000_002.0 },
            { "phaseType": "BUILD", "phaseStatus": "FAILED", "startTime": 1_790_000_000.0, "endTime": 1_790_000_014.9, "durationInSeconds": 14,
              "contexts": [{ "statusCode": "COMMAND_EXECUTION_ERROR", "message": "exit status 1" }] },
            { "phaseType": "QUEUED", "phaseStatus": "SUCCEEDED", "contexts": [{ "statusCode": "", "message": "" }] },
            { "phaseType": "BUILD", "phaseStatus": "SUCCEEDED" },
            { "phaseType": "SOMETHING_NEW", "phaseStatus": "FAILED" },
            { "phaseType": "COMPLETED", "startTime": 1_790_000_014.9 },
        ],
        "environment": { "type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL", "environmentVariables": [
            { "name": "A", "value": "1", "type": "PLAINTEXT" }, { "name": "B", "value": "/b", "type": "PARAMETER_STORE" },
        ] },
        "logs": { "groupName": "/aws/codebuild/shop", "streamName": "1", "deepLink": "https://x" },
    })
}

/// A CodeBuild where there is each build that is asked for, but `shop:none`.
fn account() -> Account {
    Account::new(|call: &Came| {
        let body: Value = serde_json::from_slice(&call.body).unwrap();
        let target = &call.headers["x-amz-target"];
        let told = match target.rsplit('.').next().unwrap() {
            "BatchGetBuilds" => {
                let ids = body["ids"].as_array().unwrap().iter();
                let there = ids.filter(|id| *id != "shop:none");
                let all: Vec<Value> = there.map(|id| build(id.as_str().unwrap())).collect();
                json!({ "builds": all })
            }
            "StartBuild" if body["projectName"] == "empty" => json!({}),
            "ListBuildsForProject" => json!({ "ids": ["shop:2", "shop:1"] }),
            _ => json!({ "build": build("shop:1") }),
        };
        Answered::new(200, told.to_string())
    })
}

fn sent(account: &Account) -> Vec<Value> {
    let calls = account.calls();
    calls
        .iter()
        .map(|call| serde_json::from_slice(&call.body).unwrap())
        .collect()
}

#[tokio::test]
async fn a_build_is_read_as_it_is_told() {
    let account = account();
    let cloud = account.cloud("eu-west-1").await;
    let read = cloud.build("shop:1").await.unwrap().unwrap();
    let names: Vec<&str> = read
        .phases
        .iter()
        .map(|phase| phase.name.as_str())
        .collect();
    assert_eq!(
        names,
        ["SUBMITTED", "QUEUED", "BUILD", "COMPLETED"],
        "in their order, each once"
    );
    assert_eq!(
        read.bad(),
        Some(&Phase {
            name: "BUILD".to_owned(),
            place: 6,
            status: Some("FAILED".to_owned()),
            begun: Some(Time(1_790_000_000_000)),
            ended: Some(Time(1_790_000_014_900)),
            took: Some(Duration::from_secs(14)),
            why: vec![(
                "COMMAND_EXECUTION_ERROR".to_owned(),
                "exit status 1".to_owned()
            )],
        })
    );
    assert_eq!(read.phases[0].took, Some(Duration::from_millis(1500)));
    assert_eq!(
        (&read.phases[3].status, &read.phases[1].why),
        (&None, &vec![])
    );
    let log = Log {
        group: "/aws/codebuild/shop".to_owned(),
        stream: "1".to_owned(),
    };
    assert_eq!(read.log, Some(log));
    assert_eq!(
        read.variables,
        BTreeMap::from([("A".to_owned(), "1".to_owned())])
    );
    assert!(read.is_over());
    assert_eq!(
        (read.number, read.started),
        (Some(7), Some(Time(1_790_000_000_500)))
    );
    let calls = account.calls();
    assert_eq!(calls[0].host, "codebuild.eu-west-1.amazonaws.com");
    assert_eq!(
        calls[0].headers["x-amz-target"],
        "CodeBuild_20161006.BatchGetBuilds"
    );
    assert_eq!(cloud.build("shop:none").await.unwrap(), None);
}

#[tokio::test]
async fn one_call_tells_many_who_wait() {
    let account = account();
    let cloud = account.cloud("eu-west-1").await;
    let ids: Vec<String> = (0..150).map(|nth| format!("shop:{nth}")).collect();
    let told = join_all(ids.iter().map(|id| cloud.build(id))).await;
    let told: Vec<String> = told
        .into_iter()
        .map(|told| told.unwrap().unwrap().id)
        .collect();
    assert_eq!(told, ids, "each its own");
    let calls = sent(&account).len();
    assert!(calls < 50, "{calls}");
    assert_eq!(cloud.builds(&ids).await.unwrap().len(), 150);
    assert_eq!(sent(&account).len(), calls + 2, "a hundred a call");
}

#[tokio::test]
async fn a_build_is_asked_for_with_what_differs_from_its_project() {
    let account = account();
    let cloud = account.cloud("eu-west-1").await;
    let plain = NewBuild {
        project: "shop".to_owned(),
        token: "t".to_owned(),
        ..NewBuild::default()
    };
    assert_eq!(cloud.start_build(&plain).await.unwrap().id, "shop:1");
    let place = |key: &str| Some(("versions".to_owned(), key.to_owned()));
    let whole = NewBuild {
        source: place("source/7.zip"),
        version: Some("abc".to_owned()),
        buildspec: Some("version: 0.2".to_owned()),
        variables: BTreeMap::from([
            ("A".to_owned(), Variable::Plain("1".to_owned())),
            ("B".to_owned(), Variable::Parameter("/b".to_owned())),
            ("C".to_owned(), Variable::Secret("arn:c".to_owned())),
        ]),
        artifacts: place("shop/v/7.zip"),
        role: Some("arn:role".to_owned()),
        minutes: Some(30),
        ..plain
    };
    cloud.start_build(&whole).await.unwrap();
    cloud.stop_build("shop:1").await.unwrap();
    assert_eq!(
        cloud.newest_builds("shop").await.unwrap(),
        ["shop:2", "shop:1"]
    );
    let variable =
        |name: &str, value: &str, kind: &str| json!({ "name": name, "value": value, "type": kind });
    assert_eq!(
        sent(&account),
        [
            json!({ "projectName": "shop", "idempotencyToken": "t" }),
            json!({
                "projectName": "shop", "idempotencyToken": "t", "sourceVersion": "abc",
                "sourceTypeOverride": "S3", "sourceLocationOverride": "versions/source/7.zip",
                "buildspecOverride": "version: 0.2", "serviceRoleOverride": "arn:role",
                "timeoutInMinutesOverride": 30,
                "environmentVariablesOverride": [
                    variable("A", "1", "PLAINTEXT"), variable("B", "/b", "PARAMETER_STORE"), variable("C", "arn:c", "SECRETS_MANAGER"),
                ],
                "artifactsOverride": {
                    "type": "S3", "location": "versions", "path": "shop/v", "name": "7.zip",
                    "namespaceType": "NONE", "packaging": "ZIP",
                },
            }),
            json!({ "id": "shop:1" }),
            json!({ "projectName": "shop", "sortOrder": "DESCENDING" }),
        ]
    );
}

#[tokio::test]
async fn an_answer_that_tells_of_no_build_leaves_it_open_whether_there_is_one() {
    let cloud = account().cloud("eu-west-1").await;
    let empty = NewBuild {
        project: "empty".to_owned(),
        ..NewBuild::default()
    };
    let trouble = cloud.start_build(&empty).await.unwrap_err();
    assert!(
        trouble.is_unsure() && trouble.kind == TroubleKind::Garbled,
        "{trouble:?}"
    );
}
