//! What the services of a stack and their tasks say while a deployment runs, on the embedded cloud:
//! why it failed, in its own words; every event, every end and every line once, in its order, also
//! where the engine is killed on the way.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::program::Program;
use crate::pty::PATIENCE;

/// A service of two tasks, each with two containers, which say and end as their variables tell.
fn template(variables: &[(&str, &str)]) -> String {
    let pairs: Vec<Value> = variables
        .iter()
        .map(|(name, value)| json!({ "Name": name, "Value": value }))
        .collect();
    let container = |name: &str, image: &str| {
        json!({
            "Name": name, "Image": image, "Environment": pairs, "Essential": name == "main",
            "LogConfiguration": { "LogDriver": "awslogs", "Options": {
                "awslogs-group": "/hp/web", "awslogs-create-group": "true",
                "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "run",
            } },
        })
    };
    let image = format!("web:{}", variables.len());
    json!({ "Resources": {
        "Cluster": { "Type": "AWS::ECS::Cluster", "Properties": { "ClusterName": "c" } },
        "Task": { "Type": "AWS::ECS::TaskDefinition", "Properties": {
            "Family": "web", "ContainerDefinitions": [container("main", &image), container("proxy", "proxy:1")],
        } },
        "Web": { "Type": "AWS::ECS::Service", "Properties": {
            "ServiceName": "web", "Cluster": { "Ref": "Cluster" }, "DesiredCount": 2, "TaskDefinition": { "Ref": "Task" },
            "DeploymentConfiguration": { "DeploymentCircuitBreaker": { "Enable": true, "Rollback": true } },
        } },
    } })
    .to_string()
}

/// They end before they count as running well.
const CRASHES: [(&str, &str); 3] = [("SECONDS", "0.8"), ("EXIT_CODE", "3"), ("SAYS", "one|two")];

struct Scene {
    program: Program,
    _cloud: Cloud,
}

impl Scene {
    /// An environment where a service runs well.
    fn new() -> Self {
        let cloud = Cloud::start();
        let estate = format!(
            "environments:\n  dev: {{ class: development, aws: {{ region: eu-west-1, endpoint_url: \"{}\" }} }}\napplications:\n  web: {{ service: {{ template: web.yaml, stack_name: dev-web }}, environments: [dev] }}\n",
            cloud.endpoint
        );
        let program = Program::with(&[("holdpoint.yaml", &estate), ("web.yaml", &template(&[]))]);
        program
            .run(&["deploy", "dev/web", "--wait", "--json"])
            .ends(0);
        program.write("web.yaml", &template(&CRASHES));
        Self {
            program,
            _cloud: cloud,
        }
    }

    /// All lines that are kept.
    fn lines(&self) -> Vec<Value> {
        let told = self
            .program
            .run(&["logs", "dev/web", "--json", "--since", "1h"]);
        let lines = told.out.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Its row, once it is so.
    fn row(&self, is_so: impl Fn(&Value) -> bool) -> Value {
        until(|| {
            let told = self.program.run(&["ls", "--json"]).json();
            let all = told["environments"][0]["stacks"].as_array();
            let row = all.and_then(|all| all.first()).cloned().unwrap_or_default();
            (is_so(&row), row)
        })
    }

    /// The lines, once everything is there that a deployment says whose tasks fail.
    fn told(&self) -> Vec<Value> {
        until(|| {
            let lines = self.lines();
            let has = |words: &str| lines.iter().any(|line| text(line).contains(words));
            let is_whole = streams(&lines)
                .values()
                .filter(|said| said.len() == 4)
                .count()
                >= 6;
            let is_so = has("deployment failed: tasks failed to start.")
                && has("rolling back to (deployment")
                && is_whole;
            (is_so, lines)
        })
    }
}

/// Looks until it is so.
fn until<T: std::fmt::Debug>(look: impl Fn() -> (bool, T)) -> T {
    let begun = Instant::now();
    loop {
        let (is_so, seen) = look();
        if is_so {
            return seen;
        }
        assert!(begun.elapsed() < PATIENCE, "{seen:#?}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn text(line: &Value) -> &str {
    line["text"].as_str().unwrap_or_default()
}

/// What each container of each task said.
fn streams(lines: &[Value]) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in lines.iter().filter(|line| line["kind"] == "logs") {
        let part = line["part"].as_str().unwrap_or_default().to_owned();
        all.entry(part).or_default().push(text(line).to_owned());
    }
    all
}

/// Every event, end and line is there once; those of a container are in its order.
fn check(lines: &[Value]) {
    for (part, said) in streams(lines) {
        let image = if part.starts_with("main ") {
            "web:3"
        } else {
            "proxy:1"
        };
        if said[0].contains("exit=") || !said[0].contains(image) {
            // One of the tasks that run well.
            assert!(
                said[0].contains("starting") || said[0].contains("web:0"),
                "{part}: {said:?}"
            );
            continue;
        }
        let expected = ["one", "two"];
        assert_eq!(
            said[1..said.len().min(3)],
            expected[..said.len().min(3) - 1],
            "{part}: {said:?}"
        );
        assert!(said.len() <= 4, "{part}: {said:?}");
        assert!(
            said.get(3).is_none_or(|last| last.contains("exit=3")),
            "{part}: {said:?}"
        );
    }
    let mut ends: Vec<&str> = lines
        .iter()
        .map(text)
        .filter(|line| line.starts_with("task ") && line.contains(" stopped: the container"))
        .collect();
    assert!(ends.len() >= 3, "{ends:#?}");
    assert!(
        ends.iter().all(|end| end.contains("exit code 3")),
        "{ends:#?}"
    );
    let all = ends.len();
    ends.sort_unstable();
    ends.dedup();
    assert_eq!(ends.len(), all, "{ends:#?}");
    let mut events: Vec<(&str, &str)> = lines
        .iter()
        .filter(|line| line["kind"] == "events" && line["source"] == "web")
        .map(|line| {
            (
                line["id"].as_str().unwrap(),
                line["at"].as_str().unwrap_or_default(),
            )
        })
        .collect();
    let all = events.len();
    events.sort_unstable();
    events.dedup();
    assert_eq!(events.len(), all);
}

#[test]
fn a_deployment_whose_tasks_fail_says_why() {
    let scene = Scene::new();
    let failed = scene
        .program
        .run(&["deploy", "dev/web", "--wait", "--json"]);
    assert_ne!(failed.code, 0, "{}", failed.out);
    let said = format!("{}{}", failed.out, failed.err);
    let why = "its tasks fail: the container main ended with exit code 3";
    assert!(said.contains(why), "{said}");
    let lines = scene.told();
    check(&lines);
    // The tasks of what ran before come back, and are counted.
    let row = scene.row(|row| {
        row["services"][0]["running"] == 2 && row["services"][0]["coming_running"].is_null()
    });
    assert_eq!(row["services"][0]["name"], "web", "{row}");
    assert!(
        row["why"].as_str().is_some_and(|told| told.contains(why)),
        "{row}"
    );
}

#[test]
fn an_engine_that_is_killed_on_the_way_costs_no_line_and_doubles_none() {
    let scene = Scene::new();
    let program = &scene.program;
    program.run(&["deploy", "dev/web", "--json"]).ends(0);
    until(|| {
        let lines = scene.lines();
        let is_so = lines
            .iter()
            .any(|line| line["kind"] == "logs" && text(line) == "one");
        (is_so, lines)
    });
    let engine = |line: &str| line.contains(" engine ");
    let engines = program.processes();
    let engines: Vec<_> = engines.iter().filter(|one| engine(&one.line)).collect();
    assert!(!engines.is_empty(), "{:?}", program.processes());
    for engine in engines {
        engine.kill();
    }
    // Whoever asks for something begins another one.
    program.run(&["freeze", "dev/web", "--reason", "look"]);
    let lines = scene.told();
    check(&lines);
}
