//! The calls of the container service that the product makes.

use serde_json::{Value, json};

use super::{Ecs, Service, Task, TaskDefinition};
use crate::sandbox::call::{Answer, AwsError, Call, Params};
use crate::sandbox::realm::{Cx, Site};
use crate::sandbox::values::{last_part, seconds};

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
        "ListTasks" => Ok(list_tasks(ecs, cx, params)),
        "DescribeTasks" => Ok(describe_tasks(ecs, cx, params)),
        "DescribeTaskDefinition" => describe_definition(ecs, params),
        "RegisterTaskDefinition" => register(ecs, cx, params),
        "RunTask" => run_task(ecs, cx, params),
        "StopTask" => stop_task(ecs, cx, params),
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
        match one {
            Some((arn, service)) => found.push(shown_service(ecs, arn, service, cx)),
            None => {
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
            json!({
                "id": one.id,
                "status": if is_primary { "PRIMARY" } else { "ACTIVE" },
                "taskDefinition": one.definition,
                "desiredCount": if is_primary { service.desired } else { 0 },
                "pendingCount": count(Some(&one.id), "PENDING"),
                "runningCount": count(Some(&one.id), "RUNNING"),
                "failedTasks": 0,
                "createdAt": seconds(one.created),
                "updatedAt": seconds(one.updated),
                "rolloutState": if one.completed { "COMPLETED" } else { "IN_PROGRESS" },
            })
        });
    let events = service
        .events
        .iter()
        .rev()
        .map(|(at, text)| json!({ "id": format!("{}-{}", service.name, at.0), "createdAt": seconds(*at), "message": text }));
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
        .map(|name| find_definition(ecs, name).map(|(arn, _)| arn.clone()))
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

fn list_tasks(ecs: &Ecs, cx: &Cx<'_>, params: Params<'_>) -> Value {
    let cluster = cluster(params);
    let wanted = params.text("desiredStatus").unwrap_or("RUNNING");
    let arns = ecs.tasks.iter().filter(|(_, task)| {
        let status = task.status(cx.now);
        let service = task.service.as_deref().map(last_part);
        task.cluster == cluster
            && (status == wanted || (wanted == "RUNNING" && status == "PENDING"))
            && params
                .text("serviceName")
                .is_none_or(|name| service == Some(last_part(name)))
    });
    json!({ "taskArns": arns.map(|(arn, _)| arn).collect::<Vec<_>>() })
}

fn describe_tasks(ecs: &Ecs, cx: &Cx<'_>, params: Params<'_>) -> Value {
    let mut found = Vec::new();
    let mut failures = Vec::new();
    for wanted in params.texts("tasks") {
        match ecs
            .tasks
            .iter()
            .find(|(arn, _)| *arn == wanted || last_part(arn) == last_part(wanted))
        {
            Some((arn, task)) => found.push(shown_task(ecs, arn, task, cx)),
            None => failures.push(json!({ "arn": wanted, "reason": "MISSING" })),
        }
    }
    json!({ "tasks": found, "failures": failures })
}

fn shown_task(ecs: &Ecs, arn_of: &str, task: &Task, cx: &Cx<'_>) -> Value {
    let status = task.status(cx.now);
    let stopped = status == "STOPPED";
    let definition = ecs.definitions.get(&task.definition);
    let containers = definition.into_iter().flat_map(|definition| &definition.containers).map(|container| {
        json!({
            "name": container.name, "image": container.image, "taskArn": arn_of, "lastStatus": status,
            "exitCode": task.exit.filter(|_| stopped), "reason": task.reason.as_ref().filter(|_| stopped && task.exit != Some(0)),
        })
    });
    json!({
        "taskArn": arn_of,
        "clusterArn": arn(&cx.place, "cluster", &task.cluster),
        "taskDefinitionArn": task.definition,
        "lastStatus": status,
        "desiredStatus": if task.ends.is_some() && (stopped || task.service.is_some()) { "STOPPED" } else { "RUNNING" },
        "group": task.service.as_deref().map(|service| format!("service:{}", last_part(service))),
        "startedBy": task.started_by,
        "createdAt": seconds(task.created),
        "startedAt": (cx.now >= task.starts).then(|| seconds(task.starts)),
        "stoppedAt": task.ends.filter(|_| stopped).map(seconds),
        "stoppedReason": task.reason.as_ref().filter(|_| stopped),
        "stopCode": stopped.then_some(if task.service.is_some() { "ServiceSchedulerInitiated" } else { "EssentialContainerExited" }),
        "containers": containers.collect::<Vec<_>>(),
        "launchType": "FARGATE",
    })
}

fn describe_definition(ecs: &Ecs, params: Params<'_>) -> Answer {
    let (arn, definition) = find_definition(ecs, params.need("taskDefinition")?)?;
    Ok(json!({ "taskDefinition": shown_definition(arn, definition) }))
}

fn register(ecs: &mut Ecs, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let family = params.need("family")?;
    let definition = TaskDefinition::read(family, params.0);
    let arn = arn(
        &cx.place,
        "task-definition",
        &format!("{family}:{}", ecs.next_revision(family)),
    );
    let shown = shown_definition(&arn, &definition);
    ecs.definitions.insert(arn.clone(), definition);
    cx.effect = Some(arn);
    Ok(json!({ "taskDefinition": shown }))
}

/// Runs one task; how long and how it ends is told by the variables `SECONDS` and `EXIT_CODE` of
/// its override.
fn run_task(ecs: &mut Ecs, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let (definition, containers) = find_definition(ecs, params.need("taskDefinition")?)
        .map(|(arn, one)| (arn.clone(), one.containers.clone()))?;
    let cluster = cluster(params);
    if !ecs.clusters.contains(&cluster) {
        return Err(AwsError::new(
            "ClusterNotFoundException",
            "Cluster not found.",
        ));
    }
    let over = params
        .0
        .pointer("/overrides/containerOverrides/0")
        .unwrap_or(&Value::Null);
    let variable = |name: &str| {
        let given = Params(over)
            .list("environment")
            .iter()
            .find(|pair| Params(pair).text("name") == Some(name));
        let given = given.and_then(|pair| Params(pair).number("value"));
        given.or_else(|| containers.first()?.variables.get(name)?.parse().ok())
    };
    let command: Vec<String> = Params(over)
        .texts("command")
        .into_iter()
        .map(str::to_owned)
        .collect();
    let exit = variable("EXIT_CODE").unwrap_or(0);
    let lasts = u32::try_from(variable("SECONDS").unwrap_or(6)).unwrap_or(6);
    let mut shown = Vec::new();
    for _ in 0..params.number("count").unwrap_or(1).clamp(1, 10) {
        let id = cx.dice.hex(32);
        let arn = arn(&cx.place, "task", &format!("{cluster}/{id}"));
        let task = Task {
            cluster: cluster.clone(),
            definition: definition.clone(),
            service: None,
            created: cx.now,
            starts: cx.after(1.5),
            ends: Some(cx.after(1.5 + f64::from(lasts))),
            exit: Some(exit),
            reason: Some("Essential container in task exited".to_owned()),
            started_by: params.text("startedBy").map(str::to_owned),
            greeted: false,
            parted: false,
            command: if command.is_empty() {
                vec!["task".to_owned()]
            } else {
                command.clone()
            },
        };
        shown.push(shown_task(ecs, &arn, &task, cx));
        ecs.tasks.insert(arn, task);
    }
    cx.effect = Some(format!("{} task(s) of {definition}", shown.len()));
    Ok(json!({ "tasks": shown, "failures": [] }))
}

fn stop_task(ecs: &mut Ecs, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let wanted = params.need("task")?;
    let found = ecs
        .tasks
        .keys()
        .find(|arn| *arn == wanted || last_part(arn) == last_part(wanted))
        .cloned();
    let arn = found.ok_or_else(|| {
        AwsError::new(
            "InvalidParameterException",
            "The referenced task was not found.",
        )
    })?;
    if let Some(task) = ecs.tasks.get_mut(&arn)
        && task.status(cx.now) != "STOPPED"
    {
        task.ends = Some(cx.now);
        task.exit = Some(143);
        task.reason = Some(
            params
                .text("reason")
                .unwrap_or("Task stopped by user")
                .to_owned(),
        );
        cx.effect = Some(format!("task {arn} stopped"));
    }
    let shown = ecs
        .tasks
        .get(&arn)
        .map(|task| shown_task(ecs, &arn, task, cx));
    Ok(json!({ "task": shown }))
}

fn shown_definition(arn: &str, definition: &TaskDefinition) -> Value {
    let containers = definition.containers.iter().map(|container| {
        json!({
            "name": container.name, "image": container.image, "essential": true,
            "environment": container.variables.iter().map(|(name, value)| json!({"name": name, "value": value})).collect::<Vec<_>>(),
            "logConfiguration": container.group.as_ref().map(|group| json!({
                "logDriver": "awslogs",
                "options": {"awslogs-group": group, "awslogs-stream-prefix": container.prefix.as_deref().unwrap_or("ecs")},
            })),
        })
    });
    json!({
        "taskDefinitionArn": arn, "family": definition.family, "status": if definition.active { "ACTIVE" } else { "INACTIVE" },
        "revision": arn.rsplit(':').next().and_then(|text| text.parse::<i64>().ok()),
        "containerDefinitions": containers.collect::<Vec<_>>(),
    })
}

/// By ARN, by `family:revision`, or the newest active one of a family.
fn find_definition<'a>(
    ecs: &'a Ecs,
    wanted: &str,
) -> Result<(&'a String, &'a TaskDefinition), AwsError> {
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
        family.max_by_key(|(arn, _)| {
            arn.rsplit(':')
                .next()
                .and_then(|text| text.parse::<u64>().ok())
        })
    };
    exact
        .or_else(newest)
        .ok_or_else(|| AwsError::new("ClientException", "Unable to describe task definition."))
}

fn cluster(params: Params<'_>) -> String {
    last_part(params.text("cluster").unwrap_or("default"))
}

fn arn(place: &Site, kind: &str, name: &str) -> String {
    format!(
        "arn:aws:ecs:{}:{}:{kind}/{name}",
        place.region, place.account
    )
}
