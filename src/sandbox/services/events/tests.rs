//! Rules and what they bring: builds tell their changes to a queue, by the bus or by a topic.

use std::time::Duration;

use serde_json::{Value, json};

use crate::domain::time::Time;
use crate::sandbox::call::Call;
use crate::sandbox::levers::lever;
use crate::sandbox::who::ACCOUNT;
use crate::sandbox::world::World;

const REGION: &str = "eu-west-1";
const QUEUE: &str = "arn:aws:sqs:eu-west-1:000000000000:builds";

fn on(world: &mut World, service: &str, action: &str, params: Value) -> Value {
    let call = Call::new(service, action, params).by(ACCOUNT, REGION);
    let answer = world.call(world.now, &call).answer.unwrap();
    answer.tree().clone()
}

/// A queue to which the rule leads, and a project.
fn stage() -> World {
    let mut world = World::new(Time(1_790_000_000_000), 3, 1.0);
    on(
        &mut world,
        "sqs",
        "CreateQueue",
        json!({ "QueueName": "builds" }),
    );
    let pattern = json!({
        "source": ["aws.codebuild", "mine"],
        "detail-type": ["CodeBuild Build State Change", "CodeBuild Build Phase Change"],
        "detail": { "project-name": ["shop"] },
    });
    on(
        &mut world,
        "events",
        "PutRule",
        json!({ "Name": "r", "EventPattern": pattern.to_string() }),
    );
    on(
        &mut world,
        "events",
        "PutTargets",
        json!({ "Rule": "r", "Targets": [{ "Id": "q", "Arn": QUEUE }] }),
    );
    for name in ["shop", "other"] {
        let project = json!({
            "name": name, "serviceRole": "arn:aws:iam::000000000000:role/b",
            "source": { "type": "NO_SOURCE", "buildspec": "version: 0.2\nphases: { build: { commands: [make] } }\n" },
            "artifacts": { "type": "NO_ARTIFACTS" },
            "environment": { "type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL" },
        });
        on(&mut world, "codebuild", "CreateProject", project);
    }
    world
}

fn told(world: &mut World) -> Vec<Value> {
    let url = "https://sqs.eu-west-1.amazonaws.com/000000000000/builds";
    let mut all = Vec::new();
    loop {
        let params =
            json!({ "QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 43_200 });
        let answer = on(world, "sqs", "ReceiveMessage", params);
        let Some(rows) = answer["Messages"].as_array() else {
            return all;
        };
        all.extend(
            rows.iter()
                .map(|row| serde_json::from_str::<Value>(row["Body"].as_str().unwrap()).unwrap()),
        );
    }
}

#[test]
fn a_build_tells_its_states_and_phases_to_the_queue_of_the_rule() {
    let mut world = stage();
    let id = on(
        &mut world,
        "codebuild",
        "StartBuild",
        json!({ "projectName": "shop" }),
    )["build"]["id"]
        .clone();
    on(
        &mut world,
        "codebuild",
        "StartBuild",
        json!({ "projectName": "other" }),
    );
    world.advance(world.now + Duration::from_mins(5));
    let events = told(&mut world);
    let last_colon = |event: &Value| {
        event["detail"]["build-id"]
            .as_str()
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap()
            .to_owned()
    };
    assert!(
        events.iter().all(|event| json!(last_colon(event)) == id),
        "no other project"
    );
    let kinds: Vec<&str> = events
        .iter()
        .map(|event| event["detail-type"].as_str().unwrap())
        .collect();
    assert_eq!(
        (kinds[0], kinds[kinds.len() - 1]),
        (
            "CodeBuild Build State Change",
            "CodeBuild Build State Change"
        )
    );
    let phases: Vec<&str> = events
        .iter()
        .filter_map(|event| event["detail"]["completed-phase"].as_str())
        .collect();
    assert_eq!(
        (phases[0], phases[phases.len() - 1], phases.len()),
        ("SUBMITTED", "FINALIZING", 10)
    );
    let last = &events[events.len() - 1]["detail"];
    assert_eq!(
        (
            &last["build-status"],
            &last["additional-information"]["build-complete"]
        ),
        (&json!("SUCCEEDED"), &json!(true))
    );
    let first = &events[0]["detail"];
    assert_eq!(
        (
            &first["build-status"],
            &first["additional-information"]["build-complete"]
        ),
        (&json!("IN_PROGRESS"), &json!(false))
    );
    world.advance(world.now + Duration::from_mins(5));
    assert!(
        told(&mut world).is_empty(),
        "what was told is not told again"
    );
}

#[test]
fn a_build_that_is_stopped_tells_so() {
    let mut world = stage();
    let id = on(
        &mut world,
        "codebuild",
        "StartBuild",
        json!({ "projectName": "shop" }),
    )["build"]["id"]
        .clone();
    world.advance(world.now + Duration::from_secs(3));
    on(&mut world, "codebuild", "StopBuild", json!({ "id": id }));
    world.advance(world.now + Duration::from_secs(1));
    let events = told(&mut world);
    let last = &events[events.len() - 1]["detail"];
    assert_eq!(
        (
            &last["build-status"],
            &last["additional-information"]["build-complete"]
        ),
        (&json!("STOPPED"), &json!(true))
    );
}

#[test]
fn the_bus_loses_and_doubles_when_a_lever_says_so() {
    let mut world = stage();
    world
        .call(
            world.now,
            &lever("Deliveries", json!({ "lose": 1, "double": 2 })),
        )
        .answer
        .unwrap();
    let entry = |n: u8| {
        json!({ "Source": "mine", "DetailType": "CodeBuild Build State Change",
        "Detail": json!({ "project-name": "shop", "n": n }).to_string() })
    };
    on(
        &mut world,
        "events",
        "PutEvents",
        json!({ "Entries": [entry(1), entry(2), entry(3), entry(4)] }),
    );
    let numbers: Vec<Value> = told(&mut world)
        .iter()
        .map(|event| event["detail"]["n"].clone())
        .collect();
    assert_eq!(numbers, [2, 2, 3, 3, 4].map(|n| json!(n)));
}
