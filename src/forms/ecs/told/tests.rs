use serde_json::{Value, json};

use super::*;
use crate::forms::ecs::Container;

fn task(code: &str, reason: &str, exits: &[Option<i64>]) -> Task {
    let container = |exit: &Option<i64>| Container {
        name: "web".to_owned(),
        exit_code: *exit,
        reason: None,
    };
    Task {
        task_arn: "arn:aws:ecs:eu-west-1:1:task/main/0a1b2c3d4e5f".to_owned(),
        last_status: "STOPPED".to_owned(),
        stop_code: Some(code.to_owned()),
        stopped_reason: Some(reason.to_owned()),
        containers: exits.iter().map(container).collect(),
        ..Task::default()
    }
}

fn told(deployments: &Value, events: &[(f64, &str)]) -> Told {
    let events = events.iter().rev();
    let events = events
        .map(|(at, message)| json!({ "id": format!("{at}"), "createdAt": at, "message": message }));
    serde_json::from_value(json!({
        "serviceName": "web", "runningCount": 1, "desiredCount": 2, "pendingCount": 1,
        "deployments": deployments, "events": events.collect::<Vec<_>>(),
    }))
    .unwrap()
}

fn crashed() -> Task {
    task(
        "EssentialContainerExited",
        "Essential container in task exited",
        &[Some(1)],
    )
}

/// A rolling update takes tasks away, and that is no failure; whatever else ends one is.
#[test]
fn a_task_of_a_service_stopped_as_it_was_meant_to_or_it_failed() {
    const SCALED: &str = "Scaling activity initiated by (deployment ecs-svc/1)";
    const UNHEALTHY: &str = "Task failed ELB health checks in (target-group arn)";
    for (code, reason, exits, severity, says) in [
        (
            "ServiceSchedulerInitiated",
            SCALED,
            vec![Some(143)],
            Severity::Info,
            SCALED,
        ),
        (
            "ServiceSchedulerInitiated",
            UNHEALTHY,
            vec![Some(143)],
            Severity::Error,
            UNHEALTHY,
        ),
        (
            "EssentialContainerExited",
            "exited",
            vec![Some(0)],
            Severity::Error,
            "ended by itself",
        ),
        (
            "EssentialContainerExited",
            "exited",
            vec![Some(1)],
            Severity::Error,
            "web ended with exit code 1: exited",
        ),
        (
            "TaskFailedToStart",
            "CannotPullContainerError: web:7",
            vec![None],
            Severity::Error,
            "did not start: CannotPull",
        ),
        (
            "SpotInterruption",
            "Your Spot Task was interrupted.",
            vec![Some(0)],
            Severity::Error,
            "spot capacity",
        ),
        (
            "TerminationNotice",
            "maintenance",
            vec![Some(0)],
            Severity::Error,
            "machine was taken away",
        ),
        (
            "UserInitiated",
            "no more",
            vec![Some(143)],
            Severity::Error,
            "somebody stopped it",
        ),
    ] {
        let (told, text) = task(code, reason, &exits).parting();
        assert_eq!(told, severity, "{text}");
        assert!(
            text.starts_with("task 0a1b2c3d stopped: ") && text.contains(says),
            "{text}"
        );
        assert_eq!(text.matches(reason).count(), 1, "{text}");
    }
    let (_, text) = task("EssentialContainerExited", "exited", &[Some(1), None]).parting();
    assert!(text.ends_with("(web exit 1, web no exit code)"), "{text}");
}

#[test]
fn why_an_update_did_not_come_about_is_the_first_end_and_the_last_word() {
    let failed = json!([{ "id": "ecs-svc/2", "status": "PRIMARY", "rolloutState": "COMPLETED" }]);
    let before = (
        1.0,
        "(service web) was unable to place a task. Reason: old.",
    );
    let unplaced = (
        5.0,
        "(service web) was unable to place a task because no container instance met all of its requirements.",
    );
    let given_up = (
        9.0,
        "(service web) (deployment ecs-svc/1) deployment failed: tasks failed to start.",
    );
    let calm = (4.0, "(service web) has started 1 tasks: (task 0a).");
    let scaled = task(
        "ServiceSchedulerInitiated",
        "Scaling activity initiated by x",
        &[Some(143)],
    );
    for (events, stopped, says) in [
        (
            vec![before, calm, given_up],
            vec![scaled.clone(), crashed(), crashed()],
            Some(
                "its tasks fail: the container web ended with exit code 1 (2 tasks); deployment failed: tasks failed to start.",
            ),
        ),
        (
            vec![before, unplaced],
            vec![scaled.clone()],
            Some(
                "was unable to place a task because no container instance met all of its requirements.",
            ),
        ),
        (
            vec![before, calm],
            vec![crashed()],
            Some("its tasks fail: the container web ended with exit code 1"),
        ),
        (vec![before, calm], vec![scaled], None),
    ] {
        let why = told(&failed, &events).why(Time(2_000), &stopped);
        assert_eq!(why.as_deref(), says);
    }
}

#[test]
fn a_service_says_how_many_run_and_which_are_new_and_whether_they_fail() {
    let rollout = |id: &str, status: &str, state: &str, running: u32, fails: u32| json!({ "id": id, "status": status, "rolloutState": state, "runningCount": running, "desiredCount": 2, "failedTasks": fails });
    let still = told(&json!([rollout("1", "PRIMARY", "COMPLETED", 2, 0)]), &[]);
    assert_eq!(
        (still.seen(&[]).coming, still.seen(&[]).trouble),
        (None, None)
    );
    let flying = json!([
        rollout("2", "PRIMARY", "IN_PROGRESS", 1, 1),
        rollout("1", "ACTIVE", "COMPLETED", 1, 0)
    ]);
    let seen = told(&flying, &[]).seen(&[]);
    assert_eq!(
        (seen.running, seen.desired, seen.pending, seen.coming),
        (1, 2, 1, Some((1, 2)))
    );
    assert_eq!(seen.trouble, None, "one that failed is no loop");
    let (a, b) = (crashed(), crashed());
    let loops = told(&flying, &[]).seen(&[&a, &b]).trouble.unwrap();
    assert_eq!(
        loops.as_str(),
        "its tasks fail: the container web ended with exit code 1 (2 of late)"
    );
    let counted = told(&json!([rollout("2", "PRIMARY", "IN_PROGRESS", 0, 7)]), &[]);
    assert_eq!(
        counted.seen(&[]).trouble.unwrap().as_str(),
        "its tasks fail: 7 in a row"
    );
}

#[test]
fn times_are_those_that_were_told() {
    let events = told(
        &json!([]),
        &[(1_790_000_000.123, "x"), (1_790_000_000.999, "y")],
    )
    .events;
    let at: Vec<i64> = events.iter().map(|event| event.created_at.0).collect();
    assert_eq!(at, [1_790_000_000_999, 1_790_000_000_123]);
}
