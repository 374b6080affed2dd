//! One resource of one operation: how its task is made, started, finished, failed.

mod make;
mod remove;

pub use make::{changed, replaced};

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use self::make::make;
use self::remove::remove;
use super::template::{Definition, Template};
use super::{
    Act, All, CfnStack, CloudFormation, Operation, Resource, State, Task, Until, nested, scope,
};
use crate::domain::time::Time;
use crate::sandbox::realm::Cx;

/// The tasks that bring a stack to its version.
pub fn forward(
    all: All<'_>,
    stack: &CfnStack,
    template: &Template,
) -> Result<BTreeMap<String, Task>, String> {
    let included = scope::with(
        all,
        stack,
        template,
        &stack.version,
        &|_, _| None,
        scope::included,
    )?;
    let task = |logical: &String| {
        let kind = template
            .resource(logical)
            .map_or("", Definition::kind)
            .to_owned();
        let act = if stack.resources.contains_key(logical) {
            Act::Update
        } else {
            Act::Create
        };
        let needs = template
            .needs(logical)
            .intersection(&included)
            .cloned()
            .collect();
        (
            logical.clone(),
            Task {
                act,
                kind,
                needs,
                state: State::Waiting,
                row: None,
            },
        )
    };
    Ok(included.iter().map(task).collect())
}

/// The tasks that delete these resources: what depends on another goes first.
pub fn deletions(
    rows: &BTreeMap<String, Resource>,
    needs_of: impl Fn(&str) -> BTreeSet<String>,
) -> BTreeMap<String, Task> {
    let needs: BTreeMap<&String, BTreeSet<String>> = rows
        .keys()
        .map(|logical| (logical, needs_of(logical)))
        .collect();
    let task = |(logical, row): (&String, &Resource)| {
        let dependents = needs
            .iter()
            .filter(|(_, needs)| needs.contains(logical))
            .map(|(other, _)| (*other).clone())
            .collect();
        let task = Task {
            act: Act::Delete,
            kind: row.kind.clone(),
            needs: dependents,
            state: State::Waiting,
            row: Some(row.clone()),
        };
        (logical.clone(), task)
    };
    rows.iter().map(task).collect()
}

/// Starts a task. The error is the reason why the resource fails at once.
pub fn start(
    own: &mut CloudFormation,
    stack: &mut CfnStack,
    op: &mut Operation,
    logical: &str,
    cx: &mut Cx<'_>,
) -> Result<(), String> {
    match op.tasks.get(logical).map(|task| task.act) {
        Some(Act::Create | Act::Update) => make(own, stack, op, logical, cx),
        Some(Act::Import) => {
            take(stack, op, logical, cx);
            Ok(())
        }
        Some(Act::Delete) => {
            remove(own, stack, op, logical, cx);
            Ok(())
        }
        None => Ok(()),
    }
}

/// Takes what is there: nothing of it is changed.
fn take(stack: &mut CfnStack, op: &mut Operation, logical: &str, cx: &mut Cx<'_>) {
    let Some(task) = op.tasks.get_mut(logical) else {
        return;
    };
    if let Some(row) = task.row.clone() {
        stack.mark(cx, logical, row, "IMPORT_IN_PROGRESS", None);
    }
    let until = match cx.scripted(&stack.name, logical, Act::Import) {
        Some(scripted) if scripted.reason.is_some() => Until::Fails(
            cx.after(scripted.after),
            scripted.reason.unwrap_or_default(),
        ),
        _ => Until::Done(cx.after(1.0)),
    };
    task.state = State::Running {
        announce: None,
        until,
    };
}

/// The second "in progress" event, which names the physical id.
pub fn announce(stack: &mut CfnStack, op: &mut Operation, logical: &str, cx: &mut Cx<'_>) {
    let Some(task) = op.tasks.get_mut(logical) else {
        return;
    };
    if let State::Running { announce, .. } = &mut task.state {
        *announce = None;
    }
    if let Some(row) = task.row.clone() {
        let status = format!("{}_IN_PROGRESS", task.act.as_str());
        stack.mark(
            cx,
            logical,
            row,
            &status,
            Some("Resource creation Initiated"),
        );
    }
}

/// The task is done.
pub fn finish(stack: &mut CfnStack, op: &mut Operation, logical: &str, cx: &mut Cx<'_>) {
    let Some(task) = op.tasks.get_mut(logical) else {
        return;
    };
    task.state = State::Done;
    let Some(row) = task.row.clone() else { return };
    match task.act {
        Act::Create | Act::Update | Act::Import => stack.mark(
            cx,
            logical,
            row,
            &format!("{}_COMPLETE", task.act.as_str()),
            None,
        ),
        Act::Delete => {
            stack.tell(cx, logical, &row, "DELETE_COMPLETE", None);
            drop_row(stack, logical, &row);
        }
    }
}

/// The task failed.
pub fn fail(
    stack: &mut CfnStack,
    op: &mut Operation,
    logical: &str,
    reason: &str,
    cx: &mut Cx<'_>,
) {
    let Some(task) = op.tasks.get_mut(logical) else {
        return;
    };
    task.state = State::Failed;
    op.failed.push(logical.to_owned());
    let status = format!("{}_FAILED", task.act.as_str());
    let row = task
        .row
        .clone()
        .or_else(|| stack.resources.get(logical).cloned());
    if let Some(row) = row {
        if task.act == Act::Delete
            && stack
                .resources
                .get(logical)
                .is_none_or(|shown| shown.physical != row.physical)
        {
            stack.tell(cx, logical, &row, &status, Some(reason));
        } else {
            stack.mark(cx, logical, row, &status, Some(reason));
        }
    }
}

/// What runs beside a failure is cancelled.
pub fn cancel(own: &mut CloudFormation, stack: &mut CfnStack, op: &mut Operation, cx: &mut Cx<'_>) {
    let running: Vec<String> = op
        .tasks
        .iter()
        .filter(|(_, task)| matches!(task.state, State::Running { .. }))
        .map(|(logical, _)| logical.clone())
        .collect();
    for logical in running {
        let task = op.tasks.get(&logical);
        if let Some(State::Running {
            until: Until::Child(child),
            ..
        }) = task.map(|task| &task.state)
        {
            nested::cancel(own, child, cx);
        }
        let reason = match task.map(|task| task.act) {
            Some(Act::Create) => "Resource creation cancelled",
            Some(Act::Update | Act::Delete | Act::Import) | None => "Resource update cancelled",
        };
        fail(stack, op, &logical, reason, cx);
    }
}

/// When something is due for a running task.
#[must_use]
pub fn due(all: All<'_>, task: &Task) -> Option<Time> {
    let State::Running { announce, until } = &task.state else {
        return None;
    };
    let at_once = Time::default();
    let end = match until {
        Until::Done(at) | Until::Fails(at, _) => Some(*at),
        Until::Child(child) => nested::rests(all.own, child).then_some(at_once),
        Until::Ready => ready(all, task).map(|_| at_once),
    };
    end.into_iter().chain(*announce).min()
}

/// How a running task ends, if it ends now.
#[must_use]
pub fn ends(all: All<'_>, task: &Task, now: Time) -> Option<Result<(), String>> {
    let State::Running { until, .. } = &task.state else {
        return None;
    };
    match until {
        Until::Done(at) => (*at <= now).then_some(Ok(())),
        Until::Fails(at, reason) => (*at <= now).then(|| Err(reason.clone())),
        Until::Child(child) => nested::rests(all.own, child).then(|| {
            task.row
                .as_ref()
                .map_or(Ok(()), |row| nested::result(all.own, row, task.act))
        }),
        Until::Ready => ready(all, task),
    }
}

/// How it went with what stands behind a task's resource, once it is over.
fn ready(all: All<'_>, task: &Task) -> Option<Result<(), String>> {
    task.row
        .as_ref()
        .map_or(Some(Ok(())), |row| all.realm.ready(&row.thing()))
}

/// A little later: the pause between the end of the work and what follows.
#[must_use]
pub fn soon(cx: &Cx<'_>) -> Time {
    cx.after(0.4).max(cx.now + Duration::from_millis(1))
}

fn drop_row(stack: &mut CfnStack, logical: &str, row: &Resource) {
    if stack
        .resources
        .get(logical)
        .is_some_and(|shown| shown.physical == row.physical || shown.physical.is_empty())
    {
        stack.resources.remove(logical);
    }
}
