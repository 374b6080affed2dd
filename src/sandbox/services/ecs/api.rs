//! The calls of the container service that the product makes. Those that run and stop tasks are in
//! `run`.

use serde_json::{Value, json};

use super::run::{self, client, is_named};
use super::{Ecs, Service, TaskDefinition, arn, definition};
use crate::sandbox::call::{Answer, AwsError, Call, Params};
use crate::sandbox::realm::Cx;
use crate::sandbox::values::{last_part, seconds};

/// So many tasks are described or listed at once.
const TASKS: usize = 100;

/// Answers a call.
pub fn call(ecs: &mut Ecs, cx: &mut Cx<'_>, call: &Call) -> Answer {
    let params = call.params();
    match call.action.as_str() {
        "ListClusters" => Ok(
            json!({ "clusterArns": ecs.clusters.iter().map(|name| arn(&cx.place, "cluster", name)).collect::<Vec<_>>() }),
        ),
        "ListServices" => {
            let cluster = cluster(params);
            let arns: Vec<&String> = ecs
                .services
                .iter()
                .filter(|(_, service)| service.cluster == cluster)
                .map(|(arn, _)| arn)
                .collect();
            Ok(json!({ "serviceArns": arns }))
        }
        "DescribeServices" => Ok(describe_services(ecs, cx, params)),
        "UpdateService" => update_service(ecs, cx, params),
        "ListTasks" => list_tasks(ecs, cx, params),
        "DescribeTasks" => describe_tasks(ecs, cx, params),
        "DescribeTaskDefinition" => describe_definition(ecs, params),
        "RegisterTaskDefinition" => register(ecs, cx, params),
        "DeregisterTaskDefinition" => deregister(ecs, cx, params),
        "RunTask" => run::run_task(ecs, cx, params),
        "StopTask" => run::stop_task(ecs, cx, params),
        _ => Err(AwsError::unanswered(call)),
    }
}

fn describe_services(ecs: &Ecs, cx: &Cx<'_>, params: Params<'_>) -> Value {
    let cluster = cluster(params);
    let mut found = Vec::new();
    let mut failures = Vec::new();
    for wanted in params.texts("services") {
        let one = ecs.services.iter().find(|(arn, service)| {
            service.cluster == cluster && (*arn == wanted || service.name == last_part(wanted))
        });
        let gone = || {
            ecs.gone.iter().find(|(arn, (service, _))| {
                service.cluster == cluster && (*arn == wanted || service.name == last_part(wanted))
            })
        };
        match (one, gone()) {
            (Some((arn, service)), _) => found.push(shown_service(ecs, arn, service, cx)),
            (None, Some((arn, (service, _)))) => {
                let mut told = shown_service(ecs, arn, service, cx);
                told["status"] = json!("INACTIVE");
                told["desiredCount"] = json!(0);
                told["deployments"] = json!([]);
                found.push(told);
            }
            (None, None) => {
                failures
                    .push(json!({ "arn": arn(&cx.place, "service", &format!("{cluster}/{}", last_part(wanted))), "reason": "MISSING" }));
            }
        }
    }
    json!({ "services": found, "failures": failures })
}

fn shown_service(ecs: &Ecs, arn_of: &str, service: &Service, cx: &Cx<'_>) -> Value {
    let count = |deployment: Option<&str>, status: &str| {
        let tasks = ecs.tasks.values().filter(|task| {
            task.service.as_deref() == Some(arn_of) && task.status(cx.now) == status
        });
        tasks
            .filter(|task| deployment.is_none() || deployment == task.started_by.as_deref())
            .count()
    };
    let primary = service.deployments.last();
    let deployments = service
        .deployments
        .iter()
        .rev()
        .enumerate()
        .map(|(index, one)| {
            let is_primary = index == 0;
            let (state, reason) = one.state();
            json!({
                "id": one.id,
                "status": if is_primary { "PRIMARY" } else { "ACTIVE" },
                "taskDefinition": one.definition,
                "desiredCount": if is_primary { service.desired } else { 0 },
                "pendingCount": count(Some(&one.id), "PENDING"),
                "runningCount": count(Some(&one.id), "RUNNING"),
                "failedTasks": one.fails,
                "createdAt": seconds(one.created),
                "updatedAt": seconds(one.updated),
                "rolloutState": state,
                "rolloutStateReason": reason,
            })
        });
    let events = service.events.iter().rev().zip(0..).map(|((at, text), back)| {
        json!({ "id": service.event_id(back), "createdAt": seconds(*at), "message": text })
    });
    json!({
        "serviceArn": arn_of,
        "serviceName": service.name,
        "clusterArn": arn(&cx.place, "cluster", &service.cluster),
        "status": "ACTIVE",
        "desiredCount": service.desired,
        "runningCount": count(None, "RUNNING"),
        "pendingCount": count(None, "PENDING"),
        "launchType": "FARGATE",
        "taskDefinition": primary.map(|primary| primary.definition.as_str()),
        "deployments": deployments.collect::<Vec<_>>(),
        "events": events.collect::<Vec<_>>(),
        "createdAt": seconds(service.created),
        "schedulingStrategy": "REPLICA",
        "loadBalancers": [],
    })
}

fn update_service(ecs: &mut Ecs, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let cluster = cluster(params);
    let wanted = params.need("service")?;
    let found = ecs.services.iter().find(|(arn, service)| {
        service.cluster == cluster && (*arn == wanted || service.name == last_part(wanted))
    });
    let arn = found
        .map(|(arn, _)| arn.clone())
        .ok_or_else(|| AwsError::new("ServiceNotFoundException", "Service not found."))?;
    let definition = params
        .text("taskDefinition")
        .map(|name| {
            let found = find_definition(ecs, name).map(|(arn, _)| arn.clone());
            found.ok_or_else(|| client("TaskDefinition not found."))
        })
        .transpose()?;
    if let Some(service) = ecs.services.get_mut(&arn) {
        let current = service
            .deployments
            .last()
            .map(|primary| primary.definition.clone())
            .unwrap_or_default();
        let desired = params.number("desiredCount").unwrap_or(service.desired);
        service.deploy(
            &definition.unwrap_or(current),
            desired,
            params.flag("forceNewDeployment"),
            cx,
        );
        cx.effect = Some(format!("service {} desired {desired}", service.name));
    }
    let service = ecs
        .services
        .get(&arn)
        .map(|service| shown_service(ecs, &arn, service, cx));
    Ok(json!({ "service": service }))
}

fn list_tasks(ecs: &Ecs, cx: &Cx<'_>, params: Params<'_>) -> Answer {
    let cluster = known_cluster(ecs, params)?;
    let wanted = params.text("desiredStatus").unwrap_or("RUNNING");
    let started_by = params.text("startedBy");
    let (service, family) = (params.text("serviceName"), params.text("family"));
    if started_by.is_some() && (service.is_some() || family.is_some()) {
        return Err(invalid(
            "startedBy cannot be combined with the filters serviceName and family.",
        ));
    }
    let of = |definition: &str| {
        ecs.definitions
            .get(definition)
            .map(|one| one.family.as_str())
    };
    let arns = ecs.tasks.iter().filter(|(_, task)| {
        task.cluster == cluster
            && task.desired(cx.now) == wanted
            && service
                .is_none_or(|name| task.service.as_deref().map(last_part) == Some(last_part(name)))
            && family.is_none_or(|name| of(&task.definition) == Some(name))
            && started_by.is_none_or(|name| task.started_by.as_deref() == Some(name))
    });
    let arns: Vec<&String> = arns.map(|(arn, _)| arn).collect();
    let size = params
        .number("maxResults")
        .and_then(|size| usize::try_from(size).ok());
    let size = size.unwrap_or(TASKS);
    if !(1..=TASKS).contains(&size) {
        return Err(invalid("maxResults must be between 1 and 100."));
    }
    let from = params.text("nextToken").map_or(Ok(0), str::parse::<usize>);
    let from = from.map_err(|_| invalid("Invalid token"))?;
    let page: Vec<&&String> = arns.iter().skip(from).take(size).collect();
    let next = (from + size < arns.len()).then(|| (from + size).to_string());
    Ok(json!({ "taskArns": page, "nextToken": next }))
}

fn describe_tasks(ecs: &Ecs, cx: &Cx<'_>, params: Params<'_>) -> Answer {
    let cluster = known_cluster(ecs, params)?;
    let wanted = params.texts("tasks");
    if wanted.is_empty() {
        return Err(invalid("Tasks cannot be empty."));
    }
    if wanted.len() > TASKS {
        return Err(invalid("Tasks cannot have more than 100 items."));
    }
    let has_tags = params.texts("include").contains(&"TAGS");
    let mut found = Vec::new();
    let mut failures = Vec::new();
    for wanted in wanted {
        let mut all = ecs.tasks.iter().filter(|(_, task)| task.cluster == cluster);
        if let Some((arn, task)) = all.find(|(arn, _)| is_named(arn, wanted)) {
            let mut told = task.shown(arn, ecs, &cx.place, cx.now);
            told["tags"] = if has_tags {
                json!(task.tags)
            } else {
                json!([])
            };
            found.push(told);
        } else {
            let name = format!("{cluster}/{}", last_part(wanted));
            let arn = arn(&cx.place, "task", &name);
            failures.push(json!({ "arn": arn, "reason": "MISSING" }));
        }
    }
    Ok(json!({ "tasks": found, "failures": failures }))
}

fn describe_definition(ecs: &Ecs, params: Params<'_>) -> Answer {
    let named = params.text("taskDefinition").unwrap_or_default();
    let (arn, definition) =
        find_definition(ecs, named).ok_or_else(|| client("Unable to describe task definition."))?;
    let tags = params
        .texts("include")
        .contains(&"TAGS")
        .then_some(&definition.tags);
    Ok(json!({ "taskDefinition": definition.shown(arn), "tags": tags }))
}

fn register(ecs: &mut Ecs, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let family = params
        .need("family")
        .map_err(|error| client(error.message))?;
    let definition = TaskDefinition::read(family, params.0, cx.now);
    if definition.containers.is_empty() {
        return Err(client("Container list cannot be empty."));
    }
    for container in &definition.containers {
        if container.name.is_empty() {
            return Err(client("Container.name should not be null or empty."));
        }
        if container.image.is_empty() {
            return Err(client("Container.image should not be null or empty."));
        }
    }
    let revision = ecs.next_revision(family);
    let arn = arn(
        &cx.place,
        "task-definition",
        &format!("{family}:{revision}"),
    );
    let shown = definition.shown(&arn);
    let tags = definition.tags.clone();
    ecs.definitions.insert(arn.clone(), definition);
    cx.effect = Some(arn);
    Ok(json!({ "taskDefinition": shown, "tags": tags }))
}

fn deregister(ecs: &mut Ecs, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let named = params.text("taskDefinition").unwrap_or_default();
    if definition::revision(named).is_none() {
        let name = last_part(named);
        return Err(invalid(format!("Invalid revision number. Number: {name}")));
    }
    let arn = find_definition(ecs, named).map(|(arn, _)| arn.clone());
    let found = arn.and_then(|arn| Some((ecs.definitions.get_mut(&arn)?, arn)));
    let (definition, arn) =
        found.ok_or_else(|| client("The specified task definition does not exist."))?;
    if definition.active {
        definition.retire(cx.now);
        cx.effect = Some(format!("{arn} deregistered"));
    }
    Ok(json!({ "taskDefinition": definition.shown(&arn) }))
}

/// By ARN, by `family:revision`, or the newest active one of a family.
pub(super) fn find_definition<'a>(
    ecs: &'a Ecs,
    wanted: &str,
) -> Option<(&'a String, &'a TaskDefinition)> {
    let named = wanted.rsplit('/').next().unwrap_or(wanted);
    let exact = ecs
        .definitions
        .iter()
        .find(|(arn, _)| *arn == wanted || arn.ends_with(&format!("/{named}")));
    let newest = || {
        let family = ecs
            .definitions
            .iter()
            .filter(|(_, one)| one.family == named && one.active);
        family.max_by_key(|(arn, _)| definition::revision(arn))
    };
    exact.or_else(newest)
}

fn cluster(params: Params<'_>) -> String {
    last_part(params.text("cluster").unwrap_or("default"))
}

/// The cluster that a call is about, which must be there.
pub(super) fn known_cluster(ecs: &Ecs, params: Params<'_>) -> Result<String, AwsError> {
    let cluster = cluster(params);
    let found = ecs.clusters.contains(&cluster).then_some(cluster);
    found.ok_or_else(|| AwsError::new("ClusterNotFoundException", "Cluster not found."))
}

/// A parameter that is not taken as it is.
pub(super) fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidParameterException", message)
}
