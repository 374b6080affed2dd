//! What tasks write: a greeting, lines of work while they run, a last word. The lines of services are
//! made from a counter, so that the same world always writes the same lines; those of a task of its
//! own are told by its variables.

use std::time::Duration;

use super::{Container, Ecs, Service, Task, TaskDefinition};
use crate::sandbox::dice::Dice;
use crate::sandbox::realm::Cx;
use crate::sandbox::services::logs::{Group, Logs};

/// Tasks that begin or end now say so.
pub fn tasks(ecs: &mut Ecs, cx: &mut Cx<'_>) {
    let now = cx.now;
    for (arn, task) in &mut ecs.tasks {
        let Some(definition) = ecs.definitions.get(&task.definition) else {
            continue;
        };
        if !task.runs.is_empty() {
            own(arn, task, definition, cx);
            continue;
        }
        let mut texts = Vec::new();
        if !task.greeted && now >= task.starts {
            task.greeted = true;
            texts = greeting(definition);
        }
        if !task.parted && task.ends.is_some_and(|ends| now >= ends) {
            task.parted = true;
            texts.extend(parting(task));
        }
        for text in texts {
            write(definition.containers.first(), arn, task, text, cx);
        }
    }
}

/// A task of its own: it begins where its lines have a place, its containers say what they are to
/// say, and how each of them ends.
fn own(arn: &str, task: &mut Task, definition: &TaskDefinition, cx: &mut Cx<'_>) {
    let now = cx.now;
    let is_over = task.ends.is_some_and(|ends| now >= ends);
    let begins = !task.greeted && (now >= task.starts || is_over);
    task.greeted |= begins;
    task.parted |= is_over;
    if begins
        && !task.fails
        && let Err(reason) = open(&definition.containers, cx)
    {
        task.fail(reason, now);
        task.parted = true;
    }
    if task.fails {
        return;
    }
    let mut runs = std::mem::take(&mut task.runs);
    for run in &mut runs {
        let mut containers = definition.containers.iter();
        let container = containers.find(|container| container.name == run.name);
        let mut texts = Vec::new();
        if begins {
            let image = container.map_or("", |container| container.image.as_str());
            texts.push(format!("INFO run {} image={image}", run.command.join(" ")));
        }
        if run.next_line.is_some_and(|at| at <= now) {
            texts.extend(run.says.pop());
            let next = cx.after(f64::from(run.pause) / 1_000.0);
            let next = next.max(now + Duration::from_millis(1));
            run.next_line = (!run.says.is_empty()).then_some(next);
        }
        if !run.parted && run.ends <= now {
            run.parted = true;
            run.next_line = None;
            let why = run.reason.as_ref().or(task.reason.as_ref());
            let why = why.map_or("failed", String::as_str);
            texts.push(match run.exit {
                0 => "INFO done exit=0".to_owned(),
                code => format!("ERROR {why} exit={code}"),
            });
        }
        for text in texts {
            write(container, arn, task, text, cx);
        }
    }
    task.runs = runs;
}

/// Makes the log groups that are to be made. The error is why a task whose log group is missing
/// cannot start.
fn open(containers: &[Container], cx: &mut Cx<'_>) -> Result<(), String> {
    let now = cx.now;
    let Some(logs) = cx.get_mut::<Logs>() else {
        return Ok(());
    };
    for container in containers {
        match &container.group {
            Some(group) if !logs.groups.contains_key(group) => {
                if !container.makes_group {
                    return Err("ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1".to_owned());
                }
                logs.groups.insert(group.clone(), Group::new(now));
            }
            Some(_) | None => {}
        }
    }
    Ok(())
}

/// One of the running tasks of a service writes a line.
pub fn line(arn: &str, service: &mut Service, ecs: &Ecs, cx: &mut Cx<'_>) {
    let mut dice = Dice::new(seed(arn) ^ service.lines);
    service.lines += 1;
    let running: Vec<(&String, &Task)> = ecs
        .tasks
        .iter()
        .filter(|(_, task)| {
            task.service.as_deref() == Some(arn) && task.status(cx.now) == "RUNNING"
        })
        .collect();
    let pause = 250 + dice.below(1_500);
    service.next_line = Some(cx.now + Duration::from_millis(pause));
    let chosen = usize::try_from(dice.below(running.len().max(1) as u64)).unwrap_or(0);
    if let Some((task_arn, task)) = running.get(chosen) {
        let text = work(&mut dice, &service.name);
        let definition = ecs.definitions.get(&task.definition);
        let container = definition.and_then(|definition| definition.containers.first());
        write(container, task_arn, task, text, cx);
    } else if service.desired == 0 && service.next_move.is_none() {
        service.next_line = None;
    }
}

/// Where nobody serves logs, or the group is gone, the line is lost.
fn write(container: Option<&Container>, arn: &str, task: &Task, text: String, cx: &mut Cx<'_>) {
    let place = container.and_then(|container| Some((container, container.group.as_ref()?)));
    let Some((container, name)) = place else {
        return;
    };
    let stream = task.stream(arn, container);
    let now = cx.now;
    let Some(logs) = cx.get_mut::<Logs>() else {
        return;
    };
    if container.makes_group && !logs.groups.contains_key(name) {
        logs.groups.insert(name.clone(), Group::new(now));
    }
    if let Some(group) = logs.groups.get_mut(name) {
        group.put(&stream, now, now, text);
    }
}

fn greeting(definition: &TaskDefinition) -> Vec<String> {
    let container = definition.containers.first();
    let image = container.map_or("", |container| container.image.as_str());
    let version = container
        .and_then(|container| container.variables.get("VERSION"))
        .map_or("?", String::as_str);
    vec![
        format!("INFO starting version={version} image={image}"),
        "INFO listening port=8080".to_owned(),
    ]
}

fn parting(task: &Task) -> Vec<String> {
    match task.exit {
        Some(0) | None => vec![
            "INFO received SIGTERM, draining".to_owned(),
            "INFO stopped".to_owned(),
        ],
        Some(code) => vec![format!(
            "ERROR {} exit={code}",
            task.reason.as_deref().unwrap_or("failed")
        )],
    }
}

/// A line of work, in one of the forms that services really write: logfmt, JSON, plain.
fn work(dice: &mut Dice, name: &str) -> String {
    let millis = 3 + dice.below(180);
    let id = dice.hex(8);
    let path = [
        "/orders",
        "/orders/17",
        "/health",
        "/basket",
        "/search?q=tea",
        "/invoices",
    ][usize::try_from(dice.below(6)).unwrap_or(0)];
    match dice.below(40) {
        0 => format!("ERROR upstream timed out service={name} path={path} ms=5000 id={id}"),
        1..=3 => format!(
            "WARN slow query service={name} ms={} id={id}",
            800 + millis * 4
        ),
        4..=9 => format!(
            "{{\"level\":\"info\",\"msg\":\"job done\",\"service\":\"{name}\",\"ms\":{millis},\"id\":\"{id}\"}}"
        ),
        10 => format!(
            "{{\"level\":\"warn\",\"msg\":\"retry\",\"service\":\"{name}\",\"attempt\":2,\"id\":\"{id}\"}}"
        ),
        _ => format!("INFO method=GET path={path} status=200 ms={millis} id={id}"),
    }
}

fn seed(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}
