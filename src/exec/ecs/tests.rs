//! Tasks in this process.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::aws::double::{Account, Answered, Came};
use crate::exec::double::Bench;

const ARN: &str = "arn:aws:ecs:eu-west-1:1:task/main/0a1b";

/// An account where a task ends so at the third look.
fn account(stop_code: &'static str, exit: Option<i64>) -> Account {
    let looks = std::sync::atomic::AtomicU32::new(0);
    Account::new(move |call: &Came| {
        let target = call.headers["x-amz-target"].clone();
        let task = |status: &str| json!({ "taskArn": ARN, "lastStatus": status });
        let said: Value = match target.rsplit('.').next().unwrap() {
            "RunTask" => json!({ "tasks": [task("PROVISIONING")], "failures": [] }),
            "DescribeTaskDefinition" => json!({ "taskDefinition": { "containerDefinitions": [{
                "name": "migrate", "logConfiguration": { "logDriver": "awslogs", "options": {
                    "awslogs-group": "ecs/dev/x", "awslogs-stream-prefix": "migrate" } },
            }] } }),
            "DescribeTasks" => {
                let look = looks.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                let mut one = task(if look < 2 { "RUNNING" } else { "STOPPED" });
                if look >= 2 {
                    one["stopCode"] = json!(stop_code);
                    one["containers"] = json!([{ "name": "migrate", "exitCode": exit }]);
                }
                json!({ "tasks": [one] })
            }
            "GetLogEvents" => {
                let asked: Value = serde_json::from_slice(&call.body).unwrap();
                assert_eq!(asked["logStreamName"], "migrate/migrate/0a1b");
                let events = match asked["nextToken"].as_str() {
                    None => json!([{ "timestamp": 1, "message": "ERROR: relation exists" }]),
                    Some(_) => json!([]),
                };
                json!({ "events": events, "nextForwardToken": "f/1" })
            }
            "StopTask" => json!({ "task": task("STOPPED") }),
            other => panic!("{other}"),
        };
        Answered::new(200, said.to_string())
    })
}

fn params() -> Value {
    json!({ "cluster": "main", "definition": "migrate:3", "network": { "subnets": ["s"], "groups": ["g"] } })
}

fn calls(account: &Account, of: &str) -> Vec<Value> {
    let calls = account.calls();
    let named = calls
        .iter()
        .filter(|call| call.headers["x-amz-target"].ends_with(of));
    named
        .map(|call| serde_json::from_slice(&call.body).unwrap())
        .collect()
}

#[tokio::test]
async fn a_task_runs_once_however_often_it_is_picked_up() {
    let account = account("EssentialContainerExited", Some(0));
    let bench = Arc::new(Bench::over(&account));
    let output = bench.run("ecs.run-task", params()).await.unwrap();
    assert_eq!(output.public, json!({ "task": ARN, "exit_code": 0 }));
    bench.run("ecs.run-task", params()).await.unwrap();
    let started = calls(&account, ".RunTask");
    assert_eq!(started.len(), 1);
    let network = &started[0]["networkConfiguration"]["awsvpcConfiguration"];
    assert_eq!(network["subnets"], json!(["s"]));
    assert_eq!(started[0]["clientToken"], started[0]["startedBy"]);
}

#[tokio::test]
async fn a_task_that_failed_says_why_with_its_last_lines() {
    for (code, exit, says) in [
        ("EssentialContainerExited", Some(3), "exit code 3"),
        ("SpotInterruption", Some(0), "spot capacity"),
    ] {
        let bench = Arc::new(Bench::over(&account(code, exit)));
        let failure = bench.run("ecs.run-task", params()).await.unwrap_err();
        assert!(failure.summary.contains(says), "{failure:?}");
        assert_eq!(failure.detail, "ERROR: relation exists");
    }
}

/// Each container has a stream of its own, and each of its lines a number of its own.
#[tokio::test]
async fn the_lines_of_all_containers_are_given() {
    let looks = std::sync::atomic::AtomicU32::new(0);
    let account = Account::new(move |call: &Came| {
        let target = call.headers["x-amz-target"].clone();
        let log = |name: &str| {
            json!({ "name": name, "logConfiguration": { "logDriver": "awslogs", "options": {
                "awslogs-group": "jobs", "awslogs-stream-prefix": "run" } } })
        };
        let said: Value = match target.rsplit('.').next().unwrap() {
            "RunTask" => {
                json!({ "tasks": [{ "taskArn": ARN, "lastStatus": "PENDING" }], "failures": [] })
            }
            "DescribeTaskDefinition" => {
                json!({ "taskDefinition": { "containerDefinitions": [log("migrate"), log("proxy")] } })
            }
            "DescribeTasks" => {
                let look = looks.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                let status = if look < 1 { "RUNNING" } else { "STOPPED" };
                json!({ "tasks": [{ "taskArn": ARN, "lastStatus": status, "stopCode": "EssentialContainerExited",
                    "containers": [{ "name": "migrate", "exitCode": 1 }] }] })
            }
            "GetLogEvents" => {
                let asked: Value = serde_json::from_slice(&call.body).unwrap();
                let stream = asked["logStreamName"].as_str().unwrap();
                let events = match (stream, asked["nextToken"].as_str()) {
                    ("run/migrate/0a1b", None) => {
                        json!([{ "timestamp": 1, "message": "up" }, { "timestamp": 3, "message": "ERROR no" }])
                    }
                    ("run/proxy/0a1b", None) => json!([{ "timestamp": 2, "message": "ready" }]),
                    ("run/migrate/0a1b" | "run/proxy/0a1b", Some(_)) => json!([]),
                    other => panic!("{other:?}"),
                };
                json!({ "events": events, "nextForwardToken": "f/1" })
            }
            other => panic!("{other}"),
        };
        Answered::new(200, said.to_string())
    });
    let bench = Arc::new(Bench::over(&account));
    let failure = bench.run("ecs.run-task", params()).await.unwrap_err();
    assert_eq!(
        failure.detail,
        "migrate: up\nmigrate: ERROR no\nproxy: ready"
    );
    let mut given = bench.counted();
    given.sort();
    assert_eq!(
        given,
        [
            "1 migrate 0a1b: up",
            "1 proxy 0a1b: ready",
            "2 migrate 0a1b: ERROR no",
            "5 task: the task 0a1b is RUNNING on the cluster main, of the definition migrate:3",
            "9 task: the task 0a1b is STOPPED: the container migrate ended with exit code 1"
        ]
    );
}
