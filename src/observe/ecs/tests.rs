//! Services in this process: what they say is told once, in its order, whoever is asked how often.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::*;
use crate::aws::double::{Account, Answered, Came};
use crate::os::mutex::locked;

const ARN: &str = "arn:aws:ecs:eu-west-1:1:service/main/web";
const T: i64 = 1_790_000_000;
const EXITED: &str = "EssentialContainerExited";

/// What ECS tells.
struct Ecs {
    events: Vec<(i64, &'static str)>,
    running: u32,
    fails: u32,
    tasks: Vec<Value>,
}

fn task(id: &str, code: Option<&str>, reason: &str, at: i64) -> Value {
    let is_over = code.is_some();
    json!({
        "taskArn": format!("arn:aws:ecs:eu-west-1:1:task/main/{id}"),
        "taskDefinitionArn": "arn:aws:ecs:eu-west-1:1:task-definition/web:2",
        "group": "service:web", "startedBy": "ecs-svc/2",
        "lastStatus": if is_over { "STOPPED" } else { "RUNNING" },
        "createdAt": T + 1, "stoppedAt": is_over.then_some(T + at), "stopCode": code, "stoppedReason": reason,
        "containers": [{ "name": "main", "exitCode": is_over.then_some(1) }, { "name": "proxy", "exitCode": is_over.then_some(143) }],
    })
}

fn account(ecs: &Arc<Mutex<Ecs>>) -> Account {
    let ecs = Arc::clone(ecs);
    Account::new(move |call: &Came| {
        let ecs = locked(&ecs);
        let asked: Value = serde_json::from_slice(&call.body).unwrap();
        let target = call.headers["x-amz-target"].clone();
        let is_over = |task: &&Value| task["lastStatus"] == "STOPPED";
        let said = match target.rsplit('.').next().unwrap() {
            "DescribeServices" => {
                let events = ecs.events.iter().rev();
                let events: Vec<Value> = events
                    .map(|(at, text)| json!({ "id": format!("{at}/{text}"), "createdAt": T + at, "message": text }))
                    .collect();
                let newest = json!({ "id": "ecs-svc/2", "status": "PRIMARY", "rolloutState": "IN_PROGRESS",
                    "runningCount": ecs.running, "desiredCount": 2, "failedTasks": ecs.fails });
                json!({ "services": [{ "serviceArn": ARN, "serviceName": "web", "runningCount": ecs.running,
                    "desiredCount": 2, "pendingCount": 1, "deployments": [newest], "events": events }] })
            }
            "ListTasks" => {
                let wanted = asked["desiredStatus"] == "STOPPED";
                let arns = ecs.tasks.iter().filter(|task| is_over(task) == wanted);
                json!({ "taskArns": arns.map(|task| task["taskArn"].clone()).collect::<Vec<_>>() })
            }
            "DescribeTasks" => {
                let arns = asked["tasks"].as_array().unwrap();
                let found = ecs
                    .tasks
                    .iter()
                    .filter(|task| arns.contains(&task["taskArn"]));
                json!({ "tasks": found.collect::<Vec<_>>() })
            }
            "DescribeTaskDefinition" => {
                let container = |name: &str| {
                    json!({ "name": name, "logConfiguration": { "logDriver": "awslogs",
                    "options": { "awslogs-group": format!("/{name}"), "awslogs-stream-prefix": "ecs" } } })
                };
                json!({ "taskDefinition": { "containerDefinitions": [container("main"), container("proxy")] } })
            }
            other => panic!("{other}"),
        };
        Answered::new(200, said.to_string())
    })
}

fn at(seconds: i64) -> Time {
    Time((T + seconds) * 1_000)
}

fn glance(seconds: i64, no: Option<u64>) -> Glance {
    Glance {
        given: false,
        far: false,
        no: no.map(DeploymentNo),
        recent: no.map(|no| (DeploymentNo(no), at(0))),
        now: at(seconds),
    }
}

async fn look(services: &mut Services, account: &Account, glance: Glance) -> (Served, Vec<String>) {
    let target = Account::target("eu-west-1");
    let cloud = account.clients().of(&target).await.ok().unwrap();
    let served = services
        .served(&cloud, &[Service::of(ARN)], glance)
        .await
        .unwrap()
        .unwrap();
    let lines = served.lines.iter();
    let lines = lines.map(|line| {
        assert_eq!(line.source.as_str(), "web");
        format!(
            "{} {:?} {}",
            line.at.0 / 1_000 - T,
            line.severity,
            line.text
        )
    });
    let lines = lines.collect();
    (served, lines)
}

fn calls(account: &Account, of: &str) -> usize {
    let calls = account.calls();
    let named = calls
        .iter()
        .filter(|call| call.headers["x-amz-target"].ends_with(of));
    named.count()
}

#[tokio::test]
async fn what_a_service_and_its_tasks_say_is_told_once_in_order() {
    let ecs = Arc::new(Mutex::new(Ecs {
        events: vec![
            (-99, "(service web) has reached a steady state."),
            (2, "(service web) has started 1 tasks: (task 0a1b)."),
        ],
        running: 0,
        fails: 0,
        tasks: vec![task("0a1b2c3d4e5f", None, "", 0)],
    }));
    let account = account(&ecs);
    let mut services = Services::new("dev/web".parse().unwrap(), at(-30));
    let (served, lines) = look(&mut services, &account, glance(3, Some(7))).await;
    assert_eq!(lines, ["2 Info has started 1 tasks: (task 0a1b)."]);
    assert_eq!(served.counts(), (0, 2));
    let streams: Vec<(&str, &str)> = served
        .streams
        .iter()
        .map(|one| (one.stream.as_str(), one.part.as_str()))
        .collect();
    assert_eq!(
        streams,
        [
            ("ecs/main/0a1b2c3d4e5f", "main 0a1b2c3d"),
            ("ecs/proxy/0a1b2c3d4e5f", "proxy 0a1b2c3d")
        ]
    );

    // Nothing new tells of tasks: none are listed.
    let listed = calls(&account, ".ListTasks");
    let (_, lines) = look(&mut services, &account, glance(9, Some(7))).await;
    assert!(lines.is_empty(), "{lines:?}");
    assert_eq!(calls(&account, ".ListTasks"), listed);

    {
        let mut ecs = locked(&ecs);
        ecs.tasks = vec![
            task(
                "0a1b2c3d4e5f",
                Some(EXITED),
                "Essential container in task exited",
                11,
            ),
            task(
                "1b2c3d4e5f6a",
                Some("TaskFailedToStart"),
                "CannotPullContainerError: web:2",
                13,
            ),
        ];
        ecs.events
            .push((12, "(service web) has started 1 tasks: (task 1b2c)."));
        ecs.events.push((
            14,
            "(service web) (deployment ecs-svc/2) deployment failed: tasks failed to start.",
        ));
        ecs.fails = 2;
    }
    let (served, lines) = look(&mut services, &account, glance(15, Some(7))).await;
    assert_eq!(
        lines,
        [
            "12 Info has started 1 tasks: (task 1b2c).",
            "14 Error (deployment ecs-svc/2) deployment failed: tasks failed to start.",
            "11 Error task 0a1b2c3d stopped: the container main ended with exit code 1: Essential container in task exited (main exit 1, proxy exit 143)",
            "13 Error task 1b2c3d4e stopped: it did not start: CannotPullContainerError: web:2 (main exit 1, proxy exit 143)",
        ]
    );
    assert!(
        served
            .lines
            .iter()
            .all(|line| line.no == Some(DeploymentNo(7)))
    );
    let trouble = served.services[0].trouble.clone().unwrap();
    assert!(trouble.as_str().contains("did not start"), "{trouble}");
    let why = services.why(ARN).unwrap().to_string();
    assert!(
        why.contains("the container main ended with exit code 1 (2 tasks)")
            && why.contains("deployment failed"),
        "{why}"
    );
    let (_, lines) = look(&mut services, &account, glance(20, Some(7))).await;
    assert!(lines.is_empty(), "{lines:?}");

    // Another engine tells the same, under the same ids.
    let mut again = Services::new("dev/web".parse().unwrap(), at(-30));
    let (told, _) = look(&mut again, &account, glance(21, Some(7))).await;
    let mut ids: Vec<_> = told.lines.iter().map(|line| line.id.clone()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5);
}

#[tokio::test]
async fn what_nobody_sees_and_nothing_runs_on_is_counted_alone() {
    let ecs = Arc::new(Mutex::new(Ecs {
        events: vec![(2, "(service web) has started 1 tasks: (task 0a1b).")],
        running: 1,
        fails: 0,
        tasks: Vec::new(),
    }));
    let account = account(&ecs);
    let mut services = Services::new("dev/web".parse().unwrap(), at(-30));
    let far = Glance {
        given: false,
        far: true,
        ..glance(3, None)
    };
    let (served, lines) = look(&mut services, &account, far).await;
    assert_eq!((served.counts(), lines.len()), ((1, 2), 0));
    assert_eq!(calls(&account, ".ListTasks"), 0);
    assert_eq!(served.services[0].coming, Some((1, 2)));
    let (_, lines) = look(&mut services, &account, glance(30, None)).await;
    assert_eq!(
        lines.len(),
        1,
        "what was said meanwhile is told once it is seen"
    );
}
