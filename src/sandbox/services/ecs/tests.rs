//! Tasks of their own and their definitions, as data: calls in, answers and lines out.

use std::time::Duration;

use serde_json::{Value, json};

use crate::domain::time::Time;
use crate::sandbox::call::{AwsError, Call};
use crate::sandbox::services::logs::Logs;
use crate::sandbox::who::ACCOUNT;
use crate::sandbox::world::World;

const REGION: &str = "eu-west-1";
const ARN: &str = "arn:aws:ecs:eu-west-1:000000000000";

struct Stage(World);

impl Stage {
    /// A world with a cluster, and a family `job` whose container `main` writes to `/jobs`.
    fn new() -> Self {
        let mut stage = Self(World::new(Time(1_790_000_000_000), 3, 1.0));
        let cluster = json!({ "Type": "AWS::ECS::Cluster", "Properties": { "ClusterName": "c" } });
        stage.stack("ground", &json!({ "Cluster": cluster }));
        stage
            .at("logs", "CreateLogGroup", json!({ "logGroupName": "/jobs" }))
            .unwrap();
        stage.register("job", &json!([container("main", &[])]));
        stage
    }

    fn at(&mut self, service: &str, action: &str, params: Value) -> Result<Value, AwsError> {
        let call = Call::new(service, action, params).by(ACCOUNT, REGION);
        let answer = self.0.call(self.0.now, &call).answer;
        answer.map(|reply| reply.tree().clone())
    }

    fn on(&mut self, action: &str, params: Value) -> Value {
        self.at("ecs", action, params).unwrap()
    }

    fn refused(&mut self, action: &str, params: Value) -> String {
        self.at("ecs", action, params).unwrap_err().to_string()
    }

    fn stack(&mut self, name: &str, resources: &Value) {
        let body = json!({ "Resources": resources }).to_string();
        let params = json!({ "StackName": name, "TemplateBody": body });
        self.at("cloudformation", "CreateStack", params).unwrap();
        self.pass(20.0);
    }

    fn register(&mut self, family: &str, containers: &Value) {
        let params = json!({ "family": family, "containerDefinitions": containers });
        self.on("RegisterTaskDefinition", params);
    }

    /// Runs one task, and says what its ARN is.
    fn run(&mut self, more: &Value) -> String {
        let told = self.on("RunTask", asked(more));
        told["tasks"][0]["taskArn"].as_str().unwrap().to_owned()
    }

    /// Runs one task whose first container has these variables.
    fn steered(&mut self, variables: &[(&str, &str)]) -> String {
        self.run(&json!({ "overrides": { "containerOverrides": [over("main", variables)] } }))
    }

    fn task(&mut self, arn: &str) -> Value {
        self.on("DescribeTasks", json!({ "cluster": "c", "tasks": [arn] }))["tasks"][0].clone()
    }

    fn pass(&mut self, seconds: f64) {
        self.0
            .advance(self.0.now + Duration::from_secs_f64(seconds));
    }

    fn lines(&self, group: &str, stream: &str) -> Vec<String> {
        let logs = self.0.get::<Logs>(ACCOUNT, REGION).unwrap();
        let events = logs.groups[group].by_time().into_iter();
        let events = events.filter(|event| event.stream == stream);
        events.map(|event| event.message.clone()).collect()
    }
}

fn asked(more: &Value) -> Value {
    let mut asked = json!({ "cluster": "c", "taskDefinition": "job" });
    for (name, value) in more.as_object().unwrap() {
        asked[name] = value.clone();
    }
    asked
}

fn environment(variables: &[(&str, &str)]) -> Vec<Value> {
    let pairs = variables.iter();
    pairs
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect()
}

fn over(name: &str, variables: &[(&str, &str)]) -> Value {
    json!({ "name": name, "environment": environment(variables) })
}

fn container(name: &str, variables: &[(&str, &str)]) -> Value {
    json!({
        "name": name, "image": format!("{name}:1"), "environment": environment(variables),
        "logConfiguration": { "logDriver": "awslogs", "options": {
            "awslogs-group": "/jobs", "awslogs-region": REGION, "awslogs-stream-prefix": "job",
        } },
    })
}

fn id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap()
}

fn states(task: &Value) -> Vec<(String, Option<i64>)> {
    let all = task["containers"].as_array().unwrap().iter();
    let state = |one: &Value| {
        (
            one["lastStatus"].as_str().unwrap().to_owned(),
            one["exitCode"].as_i64(),
        )
    };
    all.map(state).collect()
}

fn state(status: &str, exit: Option<i64>) -> (String, Option<i64>) {
    (status.to_owned(), exit)
}

#[test]
fn a_task_says_its_command_its_lines_and_its_end() {
    let mut stage = Stage::new();
    let mut main = over(
        "main",
        &[("SECONDS", "4"), ("SAYS", "one|two"), ("EXIT_CODE", "3")],
    );
    main["command"] = json!(["migrate", "up"]);
    let arn = stage.run(&json!({ "overrides": { "containerOverrides": [main] } }));
    let stream = format!("job/main/{}", id(&arn));
    let task = stage.task(&arn);
    assert_eq!(
        (&task["lastStatus"], &task["startedAt"]),
        (&json!("PENDING"), &Value::Null)
    );
    assert_eq!(task["group"], "family:job");
    stage.pass(1.6);
    assert_eq!(
        stage.lines("/jobs", &stream),
        ["INFO run migrate up image=main:1"]
    );
    assert_eq!(states(&stage.task(&arn)), [state("RUNNING", None)]);
    stage.pass(2.0);
    assert_eq!(stage.lines("/jobs", &stream)[1..], ["one", "two"]);
    stage.pass(2.0);
    let said = "ERROR Essential container in task exited exit=3";
    assert_eq!(stage.lines("/jobs", &stream)[3..], [said]);
    let task = stage.task(&arn);
    assert_eq!(states(&task), [state("STOPPED", Some(3))]);
    assert_eq!(
        (
            &task["lastStatus"],
            &task["stopCode"],
            &task["stoppedReason"]
        ),
        (
            &json!("STOPPED"),
            &json!("EssentialContainerExited"),
            &json!("Essential container in task exited")
        )
    );

    // However many lines there are, all come before the end.
    let says = (0..20)
        .map(|nth| nth.to_string())
        .collect::<Vec<_>>()
        .join("|");
    let arn = stage.steered(&[("SECONDS", "2"), ("SAYS", &says)]);
    stage.pass(5.0);
    let lines = stage.lines("/jobs", &format!("job/main/{}", id(&arn)));
    assert_eq!(
        (lines.len(), lines[20].as_str(), lines[21].as_str()),
        (22, "19", "INFO done exit=0")
    );
}

#[test]
fn the_same_token_is_the_same_tasks() {
    let mut stage = Stage::new();
    let call = asked(&json!({ "count": 2, "clientToken": "deploy-7", "startedBy": "holdpoint/7" }));
    let first = stage.on("RunTask", call.clone());
    stage.pass(2.0);
    let again = stage.on("RunTask", call.clone());
    let arns = |told: &Value| -> Vec<String> {
        let mut arns: Vec<String> = told["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|task| task["taskArn"].as_str().unwrap().to_owned())
            .collect();
        arns.sort();
        arns
    };
    assert_eq!((arns(&first).len(), arns(&first)), (2, arns(&again)));
    assert_eq!(again["tasks"][0]["lastStatus"], "RUNNING");
    let effects = |stage: &Stage| {
        let all = stage.0.ledger.effects();
        all.filter(|entry| entry.action == "RunTask").count()
    };
    assert_eq!(effects(&stage), 1);
    assert_eq!(
        stage.0.ledger.entries().last().unwrap().token.as_deref(),
        Some("deploy-7")
    );
    let mut other = call.clone();
    other["count"] = json!(1);
    let told = stage.refused("RunTask", other);
    assert!(
        told.starts_with("ConflictException") && told.contains(&arns(&first)[0]),
        "{told}"
    );

    // Also when they are long over; a day later the token means nothing any more.
    stage.run(&json!({}));
    stage.pass(7_200.0);
    assert_eq!(arns(&stage.on("RunTask", call.clone())), arns(&first));
    assert_eq!(effects(&stage), 2);
    stage.pass(86_400.0);
    assert_ne!(arns(&stage.on("RunTask", call)), arns(&first));
}

#[test]
fn tasks_are_listed_by_who_started_them_by_family_and_in_pages() {
    let mut stage = Stage::new();
    stage.register("other", &json!([container("main", &[])]));
    let more = |by: &str| json!({ "count": 2, "startedBy": by });
    stage.run(&more("one"));
    stage.run(&more("two"));
    stage.run(&json!({ "taskDefinition": "other", "startedBy": "two" }));
    let mut listed = |filter: Value| {
        let mut params = filter;
        params["cluster"] = json!("c");
        stage.on("ListTasks", params)
    };
    for (filter, count) in [
        (json!({}), 5),
        (json!({ "startedBy": "two" }), 3),
        (json!({ "startedBy": "none" }), 0),
        (json!({ "family": "job" }), 4),
        (json!({ "desiredStatus": "STOPPED" }), 0),
        (json!({ "maxResults": 4 }), 4),
        (json!({ "maxResults": 4, "nextToken": "4" }), 1),
    ] {
        let told = listed(filter.clone());
        assert_eq!(
            told["taskArns"].as_array().unwrap().len(),
            count,
            "{filter}"
        );
        assert_eq!(
            told["nextToken"] == "4",
            filter == json!({ "maxResults": 4 })
        );
    }
    for (wrong, says) in [
        (
            json!({ "cluster": "c", "maxResults": 101 }),
            "InvalidParameterException",
        ),
        (
            json!({ "cluster": "c", "nextToken": "x" }),
            "InvalidParameterException",
        ),
        (
            json!({ "cluster": "c", "startedBy": "one", "family": "job" }),
            "InvalidParameterException",
        ),
        (
            json!({ "cluster": "d" }),
            "ClusterNotFoundException: Cluster not found.",
        ),
    ] {
        let told = stage.refused("ListTasks", wrong);
        assert!(told.starts_with(says), "{told}");
    }
    let many = json!({ "cluster": "c", "tasks": vec!["x"; 101] });
    assert!(
        stage
            .refused("DescribeTasks", many)
            .starts_with("InvalidParameterException")
    );
    let none = json!({ "cluster": "c", "tasks": [] });
    assert_eq!(
        stage.refused("DescribeTasks", none),
        "InvalidParameterException: Tasks cannot be empty."
    );
    let unknown = stage.on("DescribeTasks", json!({ "cluster": "c", "tasks": ["x"] }));
    assert_eq!(
        unknown["failures"],
        json!([{ "arn": format!("{ARN}:task/c/x"), "reason": "MISSING" }])
    );
}

#[test]
fn a_task_is_told_as_it_was_asked_for() {
    let mut stage = Stage::new();
    let tags = json!([{ "key": "deployment", "value": "7" }]);
    let network =
        json!({ "awsvpcConfiguration": { "subnets": ["subnet-1"], "assignPublicIp": "DISABLED" } });
    let arn = stage.run(&json!({
        "tags": tags, "startedBy": "me", "networkConfiguration": network,
        "capacityProviderStrategy": [{ "capacityProvider": "FARGATE_SPOT", "weight": 1 }],
        "overrides": { "cpu": "512", "containerOverrides": [over("main", &[])] },
    }));
    let task = stage.task(&arn);
    for (name, value) in [
        ("tags", json!([])),
        ("startedBy", json!("me")),
        ("capacityProviderName", json!("FARGATE_SPOT")),
        ("cpu", json!("512")),
        (
            "taskDefinitionArn",
            json!(format!("{ARN}:task-definition/job:1")),
        ),
    ] {
        assert_eq!(task[name], value, "{name}");
    }
    assert_eq!(task["overrides"]["containerOverrides"][0]["name"], "main");
    let params = json!({ "cluster": "c", "tasks": [id(&arn)], "include": ["TAGS"] });
    assert_eq!(stage.on("DescribeTasks", params)["tasks"][0]["tags"], tags);
    for (wrong, says) in [
        (
            json!({ "startedBy": "x".repeat(129) }),
            "InvalidParameterException: startedBy",
        ),
        (json!({ "count": 11 }), "InvalidParameterException: count"),
        (
            json!({ "taskDefinition": "none" }),
            "ClientException: TaskDefinition not found.",
        ),
        (
            json!({ "cluster": "d" }),
            "ClusterNotFoundException: Cluster not found.",
        ),
        (
            json!({ "overrides": { "containerOverrides": [{ "name": "side" }] } }),
            "InvalidParameterException: Override for container named side is not a container in the TaskDefinition.",
        ),
        (
            json!({ "launchType": "FARGATE", "capacityProviderStrategy": [{ "capacityProvider": "FARGATE" }] }),
            "InvalidParameterException: Specifying both a launch type and capacity provider strategy",
        ),
    ] {
        let told = stage.refused("RunTask", asked(&wrong));
        assert!(told.starts_with(says), "{told}");
    }
}

#[test]
fn containers_end_each_in_its_own_way() {
    let mut stage = Stage::new();
    let mut side = container("side", &[("SECONDS", "2"), ("EXIT_CODE", "9")]);
    side["essential"] = json!(false);
    let late = container("late", &[("SECONDS", "60")]);
    stage.register(
        "job",
        &json!([container("main", &[("SECONDS", "5")]), side, late]),
    );
    let arn = stage.run(&json!({}));
    stage.pass(4.0);
    let task = stage.task(&arn);
    assert_eq!(task["lastStatus"], "RUNNING");
    let (runs, ended) = (state("RUNNING", None), state("STOPPED", Some(9)));
    assert_eq!(states(&task), [runs.clone(), ended.clone(), runs]);
    stage.pass(3.0);
    let task = stage.task(&arn);
    assert_eq!(task["lastStatus"], "STOPPED");
    assert_eq!(
        states(&task),
        [
            state("STOPPED", Some(0)),
            ended,
            state("STOPPED", Some(143))
        ]
    );

    // An override is for the container that it names.
    let over = json!([over("late", &[("SECONDS", "1"), ("EXIT_CODE", "4")])]);
    let arn = stage.run(&json!({ "overrides": { "containerOverrides": over } }));
    stage.pass(3.0);
    let task = stage.task(&arn);
    assert_eq!(states(&task)[2], state("STOPPED", Some(4)), "{task}");
    let lines = stage.lines("/jobs", &format!("job/late/{}", id(&arn)));
    assert_eq!(lines.len(), 2, "{lines:?}");
}

#[test]
fn a_task_that_cannot_start_says_why_and_never_runs() {
    let mut stage = Stage::new();
    let arn = stage.steered(&[("STOP_CODE", "TaskFailedToStart")]);
    for _ in 0..20 {
        let task = stage.task(&arn);
        assert_ne!(task["lastStatus"], "RUNNING");
        assert_eq!(
            (&task["startedAt"], &states(&task)[0].1),
            (&Value::Null, &None)
        );
        stage.pass(0.25);
    }
    let task = stage.task(&arn);
    assert_eq!(
        (&task["lastStatus"], &task["stopCode"]),
        (&json!("STOPPED"), &json!("TaskFailedToStart"))
    );
    let why = task["stoppedReason"].as_str().unwrap();
    assert!(
        why.starts_with("CannotPullContainerError: ") && why.ends_with("main:1: not found"),
        "{why}"
    );
    assert_eq!(task["containers"][0]["reason"], why);
    assert_eq!(
        stage.lines("/jobs", &format!("job/main/{}", id(&arn))),
        [""; 0]
    );

    // A log group that is missing is such a reason, unless it is to be made.
    let mut main = container("main", &[]);
    main["logConfiguration"]["options"]["awslogs-group"] = json!("/none");
    stage.register("lost", &json!([main]));
    let arn = stage.run(&json!({ "taskDefinition": "lost" }));
    stage.pass(3.0);
    let task = stage.task(&arn);
    let why = task["stoppedReason"].as_str().unwrap();
    assert!(
        why.starts_with("ResourceInitializationError: ")
            && why.contains("log group does not exist")
    );
    assert_eq!(
        (&task["stopCode"], states(&task)),
        (&json!("TaskFailedToStart"), vec![state("STOPPED", None)])
    );
    main["logConfiguration"]["options"]["awslogs-create-group"] = json!("true");
    stage.register("lost", &json!([main]));
    let arn = stage.run(&json!({ "taskDefinition": "lost" }));
    stage.pass(3.0);
    assert_eq!(stage.task(&arn)["lastStatus"], "RUNNING");
    assert_eq!(
        stage
            .lines("/none", &format!("job/main/{}", id(&arn)))
            .len(),
        1
    );
}

#[test]
fn a_task_ends_as_it_is_told_to() {
    let mut stage = Stage::new();
    for (variables, code, reason, exit) in [
        (
            &[("STOP_CODE", "SpotInterruption")][..],
            "SpotInterruption",
            "Your Spot Task was interrupted.",
            143,
        ),
        (
            &[
                ("STOP_CODE", "TerminationNotice"),
                ("STOP_REASON", "maintenance"),
                ("EXIT_CODE", "137"),
            ],
            "TerminationNotice",
            "maintenance",
            137,
        ),
        (
            &[("STOP_CODE", "ServiceSchedulerInitiated")],
            "ServiceSchedulerInitiated",
            "Scaling activity initiated by deployment",
            143,
        ),
        (
            &[
                (
                    "STOP_REASON",
                    "OutOfMemoryError: Container killed due to memory usage",
                ),
                ("EXIT_CODE", "137"),
            ],
            "EssentialContainerExited",
            "OutOfMemoryError: Container killed due to memory usage",
            137,
        ),
        (
            &[("STOP_CODE", "Nonsense")],
            "EssentialContainerExited",
            "Essential container in task exited",
            0,
        ),
    ] {
        let arn = stage.steered(variables);
        stage.pass(3.0);
        let task = stage.task(&arn);
        assert_eq!(
            (&task["lastStatus"], &task["stopCode"]),
            (&json!("RUNNING"), &Value::Null)
        );
        stage.pass(6.0);
        let task = stage.task(&arn);
        assert_eq!(
            (&task["stopCode"], &task["stoppedReason"]),
            (&json!(code), &json!(reason))
        );
        assert_eq!(states(&task), [state("STOPPED", Some(exit))], "{code}");
    }
}

#[test]
fn a_task_that_is_stopped_ends_a_little_later() {
    let mut stage = Stage::new();
    let arn = stage.steered(&[("SECONDS", "60"), ("SAYS", "one")]);
    stage.pass(10.0);
    let stop = json!({ "cluster": "c", "task": arn, "reason": "no more" });
    let told = stage.on("StopTask", stop.clone())["task"].clone();
    let pair = |task: &Value| (task["lastStatus"].clone(), task["desiredStatus"].clone());
    assert_eq!(pair(&told), (json!("RUNNING"), json!("STOPPED")));
    stage.pass(0.5);
    stage.on(
        "StopTask",
        json!({ "cluster": "c", "task": arn, "reason": "again" }),
    );
    stage.pass(0.6);
    let task = stage.task(&arn);
    assert_eq!(pair(&task), (json!("STOPPED"), json!("STOPPED")));
    assert_eq!(
        (&task["stopCode"], &task["stoppedReason"]),
        (&json!("UserInitiated"), &json!("no more"))
    );
    assert_eq!(states(&task), [state("STOPPED", Some(143))]);
    let lines = stage.lines("/jobs", &format!("job/main/{}", id(&arn)));
    assert_eq!(lines[1..], ["one", "ERROR no more exit=143"]);
    let stopped = stage.on(
        "ListTasks",
        json!({ "cluster": "c", "desiredStatus": "STOPPED" }),
    );
    assert_eq!(stopped["taskArns"], json!([arn]));
    let told = stage.refused("StopTask", json!({ "cluster": "c", "task": "none" }));
    assert_eq!(
        told,
        "InvalidParameterException: The referenced task was not found."
    );

    // One that is stopped before it runs never does.
    let arn = stage.run(&json!({}));
    stage.on("StopTask", json!({ "cluster": "c", "task": id(&arn) }));
    stage.pass(3.0);
    let task = stage.task(&arn);
    assert_eq!(
        (&task["stopCode"], &task["startedAt"]),
        (&json!("UserInitiated"), &Value::Null)
    );
    assert_eq!(
        (&task["stoppedReason"], states(&task)),
        (&json!("Task stopped by user"), vec![state("STOPPED", None)])
    );
}

#[test]
fn a_definition_is_told_as_it_was_registered() {
    let mut stage = Stage::new();
    let main = json!({
        "name": "main", "image": "main:1", "essential": true, "cpu": 0, "command": ["serve"], "mountPoints": [],
        "environment": [{ "name": "A", "value": "1" }], "volumesFrom": [], "dockerLabels": { "Team": "x" },
        "portMappings": [{ "containerPort": 8080, "protocol": "tcp" }],
        "secrets": [{ "name": "S", "valueFrom": "arn:aws:secretsmanager:eu-west-1:1:secret:s-AbCdEf:key::" }],
    });
    let given = json!({
        "family": "web", "cpu": "256", "memory": "512", "networkMode": "awsvpc", "taskRoleArn": "arn:aws:iam::1:role/t",
        "executionRoleArn": "arn:aws:iam::1:role/e", "requiresCompatibilities": ["FARGATE"], "containerDefinitions": [main],
        "tags": [{ "key": "owner", "value": "me" }],
    });
    stage.on("RegisterTaskDefinition", given.clone());
    let told = stage.on(
        "DescribeTaskDefinition",
        json!({ "taskDefinition": "web:1", "include": ["TAGS"] }),
    );
    assert_eq!(told["tags"], given["tags"]);
    let told = &told["taskDefinition"];
    for (name, value) in given
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| *name != "tags")
    {
        assert_eq!(told[name], *value, "{name}");
    }
    assert_eq!(
        (&told["status"], &told["revision"]),
        (&json!("ACTIVE"), &json!(1))
    );
    assert_eq!(told["compatibilities"], json!(["EC2", "FARGATE"]));
    let run = json!({ "cluster": "c", "taskDefinition": "web" });
    let why = "InvalidParameterException: Network Configuration must be provided when networkMode 'awsvpc' is specified.";
    assert_eq!(stage.refused("RunTask", run.clone()), why);

    // A stack makes the same, whatever its numbers are written as.
    let properties = json!({
        "Family": "made", "Cpu": 256, "Memory": "512", "NetworkMode": "awsvpc", "TaskRoleArn": "arn:aws:iam::1:role/t",
        "ExecutionRoleArn": "arn:aws:iam::1:role/e", "RequiresCompatibilities": ["FARGATE"],
        "ContainerDefinitions": [{
            "Name": "main", "Image": "main:1", "Command": ["serve"], "Environment": [{ "Name": "A", "Value": "1" }],
            "DockerLabels": { "Team": "x" }, "PortMappings": [{ "ContainerPort": "8080", "Protocol": "tcp" }],
            "Secrets": [{ "Name": "S", "ValueFrom": "arn:aws:secretsmanager:eu-west-1:1:secret:s-AbCdEf:key::" }],
        }],
        "Tags": [{ "Key": "owner", "Value": "me" }],
    });
    stage.stack(
        "made",
        &json!({ "Task": { "Type": "AWS::ECS::TaskDefinition", "Properties": properties } }),
    );
    let made = stage.on(
        "DescribeTaskDefinition",
        json!({ "taskDefinition": "made", "include": ["TAGS"] }),
    );
    assert_eq!(made["tags"], given["tags"]);
    for (name, value) in told.as_object().unwrap() {
        if !["family", "taskDefinitionArn", "registeredAt"].contains(&name.as_str()) {
            assert_eq!(made["taskDefinition"][name], *value, "{name}");
        }
    }
}

#[test]
fn what_is_deregistered_runs_no_more() {
    let mut stage = Stage::new();
    let told = stage.on(
        "DeregisterTaskDefinition",
        json!({ "taskDefinition": "job:1" }),
    );
    assert_eq!(told["taskDefinition"]["status"], "INACTIVE");
    let exact = json!({ "taskDefinition": format!("{ARN}:task-definition/job:1") });
    let told = stage.on("DescribeTaskDefinition", exact);
    assert_eq!(told["taskDefinition"]["status"], "INACTIVE");
    for (wrong, says) in [
        ("job:1", "ClientException: TaskDefinition is inactive"),
        ("job", "ClientException: TaskDefinition not found."),
    ] {
        let told = stage.refused("RunTask", asked(&json!({ "taskDefinition": wrong })));
        assert_eq!(told, says);
    }
    for (action, named, says) in [
        (
            "DescribeTaskDefinition",
            "job",
            "ClientException: Unable to describe task definition.",
        ),
        (
            "DeregisterTaskDefinition",
            "job:7",
            "ClientException: The specified task definition does not exist.",
        ),
        (
            "DeregisterTaskDefinition",
            "job",
            "InvalidParameterException: Invalid revision number. Number: job",
        ),
    ] {
        assert_eq!(
            stage.refused(action, json!({ "taskDefinition": named })),
            says
        );
    }
    stage.register("job", &json!([container("main", &[])]));
    let told = stage.on("RunTask", asked(&json!({})));
    assert_eq!(
        told["tasks"][0]["taskDefinitionArn"],
        format!("{ARN}:task-definition/job:2")
    );
    let none = json!({ "family": "x", "containerDefinitions": [] });
    let told = stage.refused("RegisterTaskDefinition", none);
    assert_eq!(told, "ClientException: Container list cannot be empty.");
}

/// A stack with a service of two tasks whose container has these variables; `breaker`: whether a
/// deployment that fails is given up.
fn with_service(variables: &[(&str, &str)], breaker: bool) -> Value {
    let pairs = variables.iter();
    let pairs: Vec<Value> = pairs
        .map(|(name, value)| json!({ "Name": name, "Value": value }))
        .collect();
    let container = json!({
        "Name": "main", "Image": "web:1", "Environment": pairs,
        "LogConfiguration": { "LogDriver": "awslogs", "Options": {
            "awslogs-group": "/jobs", "awslogs-region": REGION, "awslogs-stream-prefix": "web",
        } },
    });
    json!({
        "Task": { "Type": "AWS::ECS::TaskDefinition", "Properties": { "Family": "web", "ContainerDefinitions": [container] } },
        "Web": { "Type": "AWS::ECS::Service", "Properties": {
            "ServiceName": "web", "Cluster": "c", "DesiredCount": 2, "TaskDefinition": { "Ref": "Task" },
            "DeploymentConfiguration": { "DeploymentCircuitBreaker": { "Enable": breaker, "Rollback": true } },
        } },
    })
}

impl Stage {
    fn update(&mut self, name: &str, resources: &Value) {
        let body = json!({ "Resources": resources }).to_string();
        let params = json!({ "StackName": name, "TemplateBody": body });
        self.at("cloudformation", "UpdateStack", params).unwrap();
    }

    fn service(&mut self) -> Value {
        let asked = json!({ "cluster": "c", "services": ["web"] });
        self.on("DescribeServices", asked)["services"][0].clone()
    }

    fn says(&mut self) -> Vec<String> {
        let service = self.service();
        let events = service["events"].as_array().unwrap().iter().rev();
        let said = events.map(|event| event["message"].as_str().unwrap().to_owned());
        said.collect()
    }

    fn stack_says(&mut self, name: &str) -> (String, Vec<String>) {
        let asked = json!({ "StackName": name });
        let told = self.at("cloudformation", "DescribeStacks", asked.clone());
        let status = told.unwrap()["Stacks"][0]["StackStatus"].to_string();
        let told = self.at("cloudformation", "DescribeStackEvents", asked);
        let told = told.unwrap();
        let events = told["StackEvents"].as_array().unwrap().iter();
        let reasons = events.filter_map(|event| event["ResourceStatusReason"].as_str());
        (status, reasons.map(str::to_owned).collect())
    }
}

const CRASHES: [(&str, &str); 3] = [("SECONDS", "0.5"), ("EXIT_CODE", "3"), ("SAYS", "one|two")];

/// Tasks that end by themselves are started anew; the circuit breaker gives the deployment up, and
/// what ran before comes back.
#[test]
fn a_deployment_whose_tasks_fail_is_given_up() {
    let mut stage = Stage::new();
    stage.stack("web", &with_service(&[], true));
    let before = stage.service();
    assert_eq!(before["runningCount"], 2, "{before}");
    assert_eq!(before["deployments"][0]["rolloutState"], "COMPLETED");
    stage.update("web", &with_service(&CRASHES, true));
    stage.pass(120.0);
    let said = stage.says();
    let find = |text: &str| said.iter().position(|line| line.contains(text));
    let failed =
        find("deployment failed: tasks failed to start.").unwrap_or_else(|| panic!("{said:?}"));
    let back = find("rolling back to (deployment ecs-svc/").unwrap_or_else(|| panic!("{said:?}"));
    assert!(failed < back, "{said:?}");
    let (status, reasons) = stage.stack_says("web");
    assert!(
        status.contains("UPDATE_ROLLBACK_COMPLETE"),
        "{status} {reasons:?}"
    );
    assert!(
        reasons
            .iter()
            .any(|why| why.contains("ECS Deployment Circuit Breaker was triggered")),
        "{reasons:?}"
    );
    let after = stage.service();
    assert_eq!(
        (&after["runningCount"], &after["desiredCount"]),
        (&json!(2), &json!(2))
    );
    let listed = stage.on(
        "ListTasks",
        json!({ "cluster": "c", "serviceName": "web", "desiredStatus": "STOPPED" }),
    );
    let told = stage.on(
        "DescribeTasks",
        json!({ "cluster": "c", "tasks": listed["taskArns"] }),
    );
    let all = told["tasks"].as_array().unwrap();
    let fell: Vec<&Value> = all
        .iter()
        .filter(|task| task["stopCode"] == "EssentialContainerExited")
        .collect();
    assert!(fell.len() >= 3, "{told}");
    assert!(
        fell.iter()
            .all(|task| task["containers"][0]["exitCode"] == 3 && task["group"] == "service:web"),
        "{told}"
    );
    let lines = stage.lines(
        "/jobs",
        &format!("web/main/{}", id(fell[0]["taskArn"].as_str().unwrap())),
    );
    assert_eq!(
        lines[1..],
        [
            "one",
            "two",
            "ERROR Essential container in task exited exit=3"
        ]
    );
    let events = after["events"].as_array().unwrap();
    let mut ids: Vec<&str> = events
        .iter()
        .map(|event| event["id"].as_str().unwrap())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), events.len(), "each event has an id of its own");
}

/// Without a breaker the service tries more and more rarely, and its stack gives up after three
/// hours; one that is deleted can be described for a while.
#[test]
fn a_service_that_does_not_become_stable_fails_its_stack_in_the_end() {
    let mut stage = Stage::new();
    let body = json!({ "Resources": with_service(&CRASHES, false) }).to_string();
    let params = json!({ "StackName": "web", "TemplateBody": body });
    stage.at("cloudformation", "CreateStack", params).unwrap();
    stage.pass(60.0);
    let service = stage.service();
    assert!(
        service["deployments"][0]["failedTasks"].as_u64() >= Some(3),
        "{service}"
    );
    assert!(
        stage
            .says()
            .iter()
            .any(|line| line.contains("unable to consistently start tasks"))
    );
    stage.pass(3.1 * 3_600.0);
    let (status, reasons) = stage.stack_says("web");
    assert!(status.contains("ROLLBACK_COMPLETE"), "{status} {reasons:?}");
    assert!(
        reasons.iter().any(|why| why.contains("did not stabilize")),
        "{reasons:?}"
    );
    let gone = stage.service();
    assert_eq!(
        (&gone["status"], &gone["desiredCount"]),
        (&json!("INACTIVE"), &json!(0))
    );
    assert!(
        gone["events"]
            .as_array()
            .is_some_and(|events| !events.is_empty())
    );
}
