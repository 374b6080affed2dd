//! What tasks write: a greeting, lines of work while they run, a last word. The lines are made from
//! a counter, so that the same world always writes the same lines.

use std::time::Duration;

use super::{Ecs, Service, Task, TaskDefinition};
use crate::sandbox::dice::Dice;
use crate::sandbox::realm::Cx;
use crate::sandbox::services::logs::Logs;

/// Tasks that begin or end now say so.
pub fn tasks(ecs: &mut Ecs, cx: &mut Cx<'_>) {
    let now = cx.now;
    let mut lines = Vec::new();
    for (arn, task) in &mut ecs.tasks {
        let Some(definition) = ecs.definitions.get(&task.definition) else {
            continue;
        };
        if !task.greeted && now >= task.starts {
            task.greeted = true;
            lines.push((arn.clone(), task.clone(), greeting(task, definition)));
        }
        if !task.parted && task.ends.is_some_and(|ends| now >= ends) {
            task.parted = true;
            lines.push((arn.clone(), task.clone(), parting(task)));
        }
    }
    for (arn, task, texts) in lines {
        for text in texts {
            write(ecs, &arn, &task, text, cx);
        }
    }
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
        write(ecs, task_arn, task, text, cx);
    } else if service.desired == 0 && service.next_move.is_none() {
        service.next_line = None;
    }
}

/// Where nobody serves logs, or the group is gone, the line is lost.
fn write(ecs: &Ecs, arn: &str, task: &Task, text: String, cx: &mut Cx<'_>) {
    let container = ecs
        .definitions
        .get(&task.definition)
        .and_then(|definition| definition.containers.first());
    let Some((container, group)) =
        container.and_then(|container| Some((container, container.group.as_ref()?)))
    else {
        return;
    };
    let stream = task.stream(arn, container);
    let now = cx.now;
    if let Some(group) = cx
        .get_mut::<Logs>()
        .and_then(|logs| logs.groups.get_mut(group))
    {
        group.put(&stream, now, now, text);
    }
}

fn greeting(task: &Task, definition: &TaskDefinition) -> Vec<String> {
    let container = definition.containers.first();
    let image = container.map_or("", |container| container.image.as_str());
    if !task.command.is_empty() {
        return vec![format!("INFO run {} image={image}", task.command.join(" "))];
    }
    let version = container
        .and_then(|container| container.variables.get("VERSION"))
        .map_or("?", String::as_str);
    vec![
        format!("INFO starting version={version} image={image}"),
        "INFO listening port=8080".to_owned(),
    ]
}

fn parting(task: &Task) -> Vec<String> {
    match (task.exit, task.command.is_empty()) {
        (Some(0) | None, true) => vec![
            "INFO received SIGTERM, draining".to_owned(),
            "INFO stopped".to_owned(),
        ],
        (Some(0) | None, false) => vec!["INFO done exit=0".to_owned()],
        (Some(code), _) => vec![format!(
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
