//! Tasks of their own, as `RunTask` starts them: how they go is told by variables of their
//! containers, in the definition or in an override. `SECONDS` is how long a container runs,
//! `EXIT_CODE` how it ends, `SAYS` its lines (with `|` between them), `STOP_CODE` and `STOP_REASON`
//! how the task is told to have ended. Tasks of services go by the same variables of their
//! definition, but run on where nothing is said.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::steer::Steered;
use super::task::{FAILED, Run, STOPPED_BY_USER, TERMINATED, Task};
use super::{Container, Ecs, TaskDefinition, api};
use crate::domain::time::Time;
use crate::sandbox::call::{Answer, AwsError, Params};
use crate::sandbox::realm::Cx;
use crate::sandbox::values::last_part;

/// How long a task takes to start, and how long a container runs, in seconds at normal pace.
pub(super) const START: f64 = 1.5;
const LASTS: f64 = 6.0;
/// How long a container of a service runs of which nothing is said: a year.
const FOREVER: f64 = 31_536_000.0;
/// How long a task takes to end that is stopped.
const STOP: f64 = 1.0;
/// How long a token means the same call.
const TOKENS: Duration = Duration::from_hours(24);
/// The longest texts.
const LONGEST: [(&str, usize); 2] = [("startedBy", 128), ("clientToken", 64)];
/// What is told of an end, by its code.
const ENDS: [(&str, &str); 6] = [
    (
        FAILED,
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref",
    ),
    (
        "EssentialContainerExited",
        "Essential container in task exited",
    ),
    (STOPPED_BY_USER, "Task stopped by user"),
    ("SpotInterruption", "Your Spot Task was interrupted."),
    (
        "TerminationNotice",
        "ECS is performing maintenance on the underlying infrastructure hosting the task",
    ),
    (
        "ServiceSchedulerInitiated",
        "Scaling activity initiated by deployment",
    ),
];

/// A call that was answered, by its token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Given {
    at: Time,
    asked: Value,
    /// What was answered, by the ARN of the task.
    tasks: BTreeMap<String, Value>,
}

/// Runs tasks.
pub(super) fn run_task(ecs: &mut Ecs, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let named = params.text("taskDefinition").unwrap_or_default();
    let cluster = api::known_cluster(ecs, params)?;
    ecs.tokens
        .retain(|_, given| cx.now.since(given.at) < TOKENS);
    let token = params
        .text("clientToken")
        .map(|token| format!("{cluster}/{token}"));
    if let Some(given) = token.as_ref().and_then(|token| ecs.tokens.get(token)) {
        return again(ecs, cx, params, given);
    }
    let (arn, definition) = api::find_definition(ecs, named)
        .map(|(arn, one)| (arn.clone(), one.clone()))
        .ok_or_else(|| client("TaskDefinition not found."))?;
    if !definition.active {
        return Err(client("TaskDefinition is inactive"));
    }
    for (name, most) in LONGEST {
        if params.text(name).is_some_and(|text| text.len() > most) {
            return Err(api::invalid(format!(
                "{name} cannot be longer than {most} characters."
            )));
        }
    }
    let count = params.number("count").unwrap_or(1);
    if !(1..=10).contains(&count) {
        return Err(api::invalid("count must be between 1 and 10."));
    }
    let task = asked(params, &definition, cx)?;
    let mut given = Given {
        at: cx.now,
        asked: params.0.clone(),
        tasks: BTreeMap::new(),
    };
    let mut shown = Vec::new();
    for _ in 0..count {
        let id = cx.dice.hex(32);
        let of = super::arn(&cx.place, "task", &format!("{cluster}/{id}"));
        let task = Task {
            cluster: cluster.clone(),
            definition: arn.clone(),
            ..task.clone()
        };
        let mut told = task.shown(&of, ecs, &cx.place, cx.now);
        told["tags"] = json!(task.tags);
        given.tasks.insert(of.clone(), told.clone());
        shown.push(told);
        ecs.tasks.insert(of, task);
    }
    if let Some(token) = token {
        ecs.tokens.insert(token, given);
    }
    cx.effect = Some(format!("{} task(s) of {arn}", shown.len()));
    Ok(json!({ "tasks": shown, "failures": [] }))
}

/// The same call once more: its tasks as they are now.
fn again(ecs: &Ecs, cx: &Cx<'_>, params: Params<'_>, given: &Given) -> Answer {
    if *params.0 != given.asked {
        let ids: Vec<&str> = given.tasks.keys().map(String::as_str).collect();
        return Err(AwsError::new(
            "ConflictException",
            format!(
                "The RunTask request could not be processed due to conflicts. The provided clientToken is already in use with a different RunTask request. The resourceIds are the existing task ARNs which are already associated with the clientToken: {}",
                ids.join(", ")
            ),
        ));
    }
    let told = given.tasks.iter().map(|(arn, first)| {
        ecs.tasks.get(arn).map_or_else(
            || first.clone(),
            |task| {
                let mut told = task.shown(arn, ecs, &cx.place, cx.now);
                told["tags"] = json!(task.tags);
                told
            },
        )
    });
    Ok(json!({ "tasks": told.collect::<Vec<_>>(), "failures": [] }))
}

/// A task as it is asked for, that nobody counted yet.
fn asked(params: Params<'_>, definition: &TaskDefinition, cx: &Cx<'_>) -> Result<Task, AwsError> {
    let overrides = params.0.get("overrides").unwrap_or(&Value::Null);
    let over = Params(overrides).list("containerOverrides");
    let is_known = |name: &str| definition.containers.iter().any(|one| one.name == name);
    let unknown = over
        .iter()
        .map(|one| Params(one).text("name").unwrap_or_default());
    if let Some(name) = unknown.into_iter().find(|name| !is_known(name)) {
        return Err(api::invalid(format!(
            "Override for container named {name} is not a container in the TaskDefinition."
        )));
    }
    if definition.text("networkMode") == Some("awsvpc") && !params.has("networkConfiguration") {
        return Err(api::invalid(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        ));
    }
    Ok(Task {
        started_by: params.text("startedBy").map(str::to_owned),
        tags: tags(params, definition),
        about: about(params, definition)?,
        ..task(definition, over, LASTS, cx)
    })
}

/// A task of a service as the variables of its containers say that it goes; none where they say
/// nothing, or it is one that goes on.
pub(super) fn steered(definition: &TaskDefinition, cx: &Cx<'_>) -> Option<Task> {
    let says = |one: &Container| {
        let names = ["SECONDS", "EXIT_CODE", "STOP_CODE"];
        names.iter().any(|name| one.variables.contains_key(*name))
    };
    definition.containers.iter().any(says).then(|| {
        let task = task(definition, &[], FOREVER, cx);
        Task {
            code: task.code.or_else(|| Some(ENDS[1].0.to_owned())),
            ..task
        }
    })
}

/// A task by its definition and what stands over that; a container of which nothing is said runs so
/// long.
fn task(definition: &TaskDefinition, over: &[Value], lasts: f64, cx: &Cx<'_>) -> Task {
    let containers: Vec<(&Container, Steered<'_>)> = definition
        .containers
        .iter()
        .map(|one| {
            let over = over
                .iter()
                .find(|over| Params(over).text("name") == Some(&one.name));
            (one, Steered::new(one, over))
        })
        .collect();
    let said = |name: &str| containers.iter().find_map(|(_, one)| one.variable(name));
    let code = said("STOP_CODE").filter(|code| ENDS.iter().any(|(known, _)| known == code));
    let fails = code.as_deref() == Some(FAILED);
    let is_ended = code.as_deref().is_some_and(|code| code != ENDS[1].0);
    let starts = cx.after(START);
    let mut runs: Vec<Run> = containers
        .iter()
        .map(|(one, steered)| steered.run(&one.name, is_ended, lasts, cx))
        .collect();
    let essential = |run: &&Run| {
        let is_essential = |(one, _): &(&Container, _)| one.name == run.name && one.essential;
        containers.iter().any(is_essential)
    };
    let first = runs.iter().filter(essential).map(|run| run.ends).min();
    let last = runs.iter().map(|run| run.ends).max();
    let ends = if fails {
        starts
    } else {
        first.or(last).unwrap_or(starts)
    };
    for run in runs.iter_mut().filter(|run| run.ends > ends) {
        // It is told to end when the task ends.
        run.ends = ends;
        run.exit = TERMINATED;
    }
    let usual = || {
        let code = code.as_deref().unwrap_or(ENDS[1].0);
        let words = ENDS
            .iter()
            .find(|(known, _)| *known == code)
            .map_or("", |(_, words)| words);
        let image = containers.first().map_or("", |(one, _)| one.image.as_str());
        if fails {
            format!("{words} {image}: {image}: not found")
        } else {
            words.to_owned()
        }
    };
    let reason = said("STOP_REASON").unwrap_or_else(usual);
    Task {
        created: cx.now,
        starts,
        ends: Some(ends),
        reason: Some(reason),
        code,
        fails,
        runs,
        ..Task::default()
    }
}

/// The tags of a task, and those of its definition where they are to come with it.
fn tags(params: Params<'_>, definition: &TaskDefinition) -> Vec<Value> {
    let mut tags = params.list("tags").to_vec();
    if params.text("propagateTags") == Some("TASK_DEFINITION") {
        let is_new = |tag: &&Value| tags.iter().all(|own| own["key"] != tag["key"]);
        let inherited: Vec<Value> = definition.tags.iter().filter(is_new).cloned().collect();
        tags.extend(inherited);
    }
    tags
}

/// What is told of a task as it was asked for.
fn about(params: Params<'_>, definition: &TaskDefinition) -> Result<Value, AwsError> {
    let strategy = params.list("capacityProviderStrategy");
    let launch = params.text("launchType");
    if launch.is_some() && !strategy.is_empty() {
        return Err(api::invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
        ));
    }
    let mut about = Map::new();
    let mut tell = |name: &str, value: Value| {
        if !value.is_null() {
            about.insert(name.to_owned(), value);
        }
    };
    let group = params
        .text("group")
        .map_or_else(|| format!("family:{}", definition.family), str::to_owned);
    tell("group", json!(group));
    tell("launchType", json!(launch.unwrap_or("FARGATE")));
    tell(
        "capacityProviderName",
        json!(
            strategy
                .first()
                .and_then(|one| Params(one).text("capacityProvider"))
        ),
    );
    let overrides = params
        .0
        .get("overrides")
        .cloned()
        .unwrap_or_else(|| json!({}));
    for name in ["cpu", "memory"] {
        let given = Params(&overrides)
            .text(name)
            .or_else(|| definition.text(name));
        tell(name, json!(given));
    }
    tell("overrides", overrides);
    tell("platformVersion", json!(params.text("platformVersion")));
    tell(
        "enableExecuteCommand",
        json!(params.flag("enableExecuteCommand")),
    );
    Ok(Value::Object(about))
}

/// Stops a task; it ends a little later.
pub(super) fn stop_task(ecs: &mut Ecs, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let cluster = api::known_cluster(ecs, params)?;
    let wanted = params.text("task").unwrap_or_default();
    let found = ecs
        .tasks
        .iter()
        .find(|(arn, task)| task.cluster == cluster && is_named(arn, wanted));
    let arn = found.map(|(arn, _)| arn.clone());
    let arn = arn.ok_or_else(|| api::invalid("The referenced task was not found."))?;
    let ends = cx.after(STOP);
    let task = ecs.tasks.get_mut(&arn);
    if let Some(task) = task.filter(|task| task.desired(cx.now) != "STOPPED") {
        let reason = params.text("reason").unwrap_or(ENDS[2].1);
        task.stop(reason, cx.now, ends);
        cx.effect = Some(format!("task {arn} stopped"));
    }
    let task = ecs.tasks.get(&arn);
    let shown = task.map(|task| task.shown(&arn, ecs, &cx.place, cx.now));
    Ok(json!({ "task": shown }))
}

/// Whether a task is meant by its ARN or its id.
pub(super) fn is_named(arn: &str, wanted: &str) -> bool {
    arn == wanted || (!wanted.starts_with("arn:") && last_part(arn) == last_part(wanted))
}

/// What the caller asked for cannot be done.
pub(super) fn client(message: impl Into<String>) -> AwsError {
    AwsError::new("ClientException", message)
}
