//! How a stack moves through time: resources in the order of their dependencies, then what is left
//! over, then the end. `due` says when, `step` does what is due; the way back after a failure is in
//! `rollback`.

use super::template::Template;
use super::{
    All, Before, CfnStack, CloudFormation, OnFailure, Operation, OperationKind, State, Status,
    Version, rollback, scope, tasks,
};
use crate::domain::time::Time;
use crate::sandbox::realm::Cx;

/// A stack begins to be created.
pub fn create(
    own: &mut CloudFormation,
    stack: &mut CfnStack,
    token: Option<String>,
    cx: &mut Cx<'_>,
) -> Result<(), String> {
    let template = Template::read(&stack.version.body).map_err(|error| error.message)?;
    let tasks = tasks::forward(own.all(cx), stack, &template)?;
    stack.operation = Some(operation(OperationKind::Create, token, cx));
    stack.turn(cx, Status::CreateInProgress, Some("User Initiated"));
    set_tasks(stack, tasks);
    Ok(())
}

/// A stack begins to move to another version.
pub fn update(
    own: &mut CloudFormation,
    stack: &mut CfnStack,
    next: Version,
    token: Option<String>,
    cx: &mut Cx<'_>,
) -> Result<(), String> {
    let template = Template::read(&next.body).map_err(|error| error.message)?;
    let before = Before {
        version: std::mem::replace(&mut stack.version, next),
        resources: stack.resources.clone(),
        outputs: stack.outputs.clone(),
    };
    let tasks = match tasks::forward(own.all(cx), stack, &template) {
        Ok(tasks) => tasks,
        Err(reason) => {
            stack.version = before.version;
            return Err(reason);
        }
    };
    let mut op = operation(OperationKind::Update, token, cx);
    op.before = Some(Box::new(before));
    stack.operation = Some(op);
    stack.updated = Some(cx.now);
    stack.turn(cx, Status::UpdateInProgress, Some("User Initiated"));
    set_tasks(stack, tasks);
    Ok(())
}

/// A stack begins to be deleted; resources in `retain` stay.
pub fn delete(stack: &mut CfnStack, retain: &[&str], token: Option<String>, cx: &mut Cx<'_>) {
    let needs = needs_of(&stack.version.body);
    for logical in retain {
        stack.resources.remove(*logical);
    }
    let tasks = tasks::deletions(&stack.resources, needs);
    stack.operation = Some(operation(OperationKind::Delete, token, cx));
    stack.stuck = None;
    stack.turn(cx, Status::DeleteInProgress, Some("User Initiated"));
    set_tasks(stack, tasks);
}

/// When the stack moves next by itself.
#[must_use]
pub fn due(all: All<'_>, stack: &CfnStack) -> Option<Time> {
    let op = stack.operation.as_ref()?;
    let mut running = op
        .tasks
        .values()
        .filter(|task| matches!(task.state, State::Running { .. }))
        .peekable();
    if running.peek().is_none() {
        return Some(op.starts);
    }
    running
        .filter_map(|task| tasks::due(all, task))
        .min()
        .map(|due| due.max(op.starts))
}

/// Does what is due now.
pub fn step(own: &mut CloudFormation, stack: &mut CfnStack, cx: &mut Cx<'_>) {
    let Some(mut op) = stack.operation.clone() else {
        return;
    };
    if cx.now < op.starts {
        return;
    }
    settle(own, stack, &mut op, cx);
    if op.failed.is_empty() || goes_on_after_failure(&op) {
        start_ready(own, stack, &mut op, cx);
    }
    if !op.failed.is_empty() && !goes_on_after_failure(&op) {
        tasks::cancel(own, stack, &mut op, cx);
        turn_back(own, stack, op, None, cx);
        return;
    }
    let is_running = op
        .tasks
        .values()
        .any(|task| matches!(task.state, State::Running { .. }));
    if is_running {
        stack.operation = Some(op);
    } else {
        end(own, stack, op, cx);
    }
}

/// An update is cancelled by a person.
pub fn cancel(own: &mut CloudFormation, stack: &mut CfnStack, cx: &mut Cx<'_>) {
    let Some(mut op) = stack.operation.clone() else {
        return;
    };
    tasks::cancel(own, stack, &mut op, cx);
    turn_back(own, stack, op, Some("User Initiated"), cx);
}

/// An operation that begins.
#[must_use]
pub fn operation(kind: OperationKind, token: Option<String>, cx: &Cx<'_>) -> Operation {
    Operation {
        kind,
        cleaning: false,
        token,
        starts: tasks::soon(cx),
        tasks: std::collections::BTreeMap::new(),
        leftovers: std::collections::BTreeMap::new(),
        before: None,
        failed: Vec::new(),
    }
}

/// What each resource of a template needs.
pub fn needs_of(body: &str) -> impl Fn(&str) -> std::collections::BTreeSet<String> + use<> {
    let template = Template::read(body).ok();
    move |logical| {
        template
            .as_ref()
            .map(|template| template.needs(logical))
            .unwrap_or_default()
    }
}

fn set_tasks(stack: &mut CfnStack, tasks: std::collections::BTreeMap<String, super::Task>) {
    if let Some(op) = &mut stack.operation {
        op.tasks = tasks;
    }
}

fn settle(own: &mut CloudFormation, stack: &mut CfnStack, op: &mut Operation, cx: &mut Cx<'_>) {
    let names: Vec<String> = op.tasks.keys().cloned().collect();
    for logical in names {
        let Some(task) = op.tasks.get(&logical) else {
            continue;
        };
        if let State::Running {
            announce: Some(at), ..
        } = &task.state
            && *at <= cx.now
        {
            tasks::announce(stack, op, &logical, cx);
        }
        let Some(task) = op.tasks.get(&logical) else {
            continue;
        };
        match tasks::ends(own.all(cx), task, cx.now) {
            Some(Ok(())) => tasks::finish(stack, op, &logical, cx),
            Some(Err(reason)) => tasks::fail(stack, op, &logical, &reason, cx),
            None => {}
        }
    }
}

fn start_ready(
    own: &mut CloudFormation,
    stack: &mut CfnStack,
    op: &mut Operation,
    cx: &mut Cx<'_>,
) {
    loop {
        let ready = op.tasks.iter().find(|(_, task)| {
            task.state == State::Waiting
                && task.needs.iter().all(|need| {
                    op.tasks
                        .get(need)
                        .is_none_or(|need| need.state == State::Done)
                })
        });
        let Some(logical) = ready.map(|(logical, _)| logical.clone()) else {
            return;
        };
        if let Err(reason) = tasks::start(own, stack, op, &logical, cx) {
            tasks::fail(stack, op, &logical, &reason, cx);
            if !goes_on_after_failure(op) {
                return;
            }
        }
    }
}

/// Deletions of other resources go on beside a failed one; a creation or change does not.
fn goes_on_after_failure(op: &Operation) -> bool {
    op.cleaning || matches!(op.kind, OperationKind::Delete | OperationKind::Rollback)
}

fn turn_back(
    own: &mut CloudFormation,
    stack: &mut CfnStack,
    op: Operation,
    asked: Option<&str>,
    cx: &mut Cx<'_>,
) {
    match op.kind {
        OperationKind::Create => match stack.on_failure {
            OnFailure::Rollback => rollback::of_create(stack, op, asked, cx),
            OnFailure::DoNothing => {
                let reason = format!(
                    "The following resource(s) failed to create: [{}]. ",
                    op.failed.join(", ")
                );
                rest(stack, op, Status::CreateFailed, Some(&reason), cx);
            }
            OnFailure::Delete => delete(stack, &[], op.token, cx),
        },
        OperationKind::Update => rollback::of_update(stack, op, asked, cx),
        OperationKind::Import => {
            stack.resources.clear();
            rest(stack, op, Status::RollbackComplete, asked, cx);
        }
        OperationKind::UpdateRollback => rollback::stuck(stack, op, cx),
        OperationKind::Delete | OperationKind::Rollback => end(own, stack, op, cx),
    }
}

fn end(own: &mut CloudFormation, stack: &mut CfnStack, mut op: Operation, cx: &mut Cx<'_>) {
    let undone: Vec<String> = op
        .tasks
        .iter()
        .filter(|(_, task)| task.state != State::Done)
        .map(|(logical, _)| logical.clone())
        .collect();
    let undeleted = format!(
        "The following resource(s) failed to delete: [{}]. ",
        undone.join(", ")
    );
    match (op.kind, op.cleaning) {
        (OperationKind::Create | OperationKind::Update, false) => match outputs(own.all(cx), stack)
        {
            Ok(outputs) => {
                stack.outputs = outputs;
                if op.kind == OperationKind::Create {
                    rest(stack, op, Status::CreateComplete, None, cx);
                } else {
                    rollback::clean(stack, op, Status::UpdateCleanup, cx);
                }
            }
            Err(reason) => {
                op.failed.push("outputs".to_owned());
                turn_back(own, stack, op, Some(&reason), cx);
            }
        },
        (OperationKind::Import, _) => rest(stack, op, Status::ImportComplete, None, cx),
        (OperationKind::UpdateRollback, false) => {
            rollback::clean(stack, op, Status::UpdateRollbackCleanup, cx);
        }
        (OperationKind::Create | OperationKind::Update, true) => {
            rest(stack, op, Status::UpdateComplete, None, cx);
        }
        (OperationKind::UpdateRollback, true) => {
            rest(stack, op, Status::UpdateRollbackComplete, None, cx);
        }
        (OperationKind::Rollback, _) if undone.is_empty() => {
            rest(stack, op, Status::RollbackComplete, None, cx);
        }
        (OperationKind::Rollback, _) => {
            rest(stack, op, Status::RollbackFailed, Some(&undeleted), cx);
        }
        (OperationKind::Delete, _) if undone.is_empty() => {
            stack.outputs.clear();
            stack.change_sets.clear();
            stack.deleted = Some(cx.now);
            rest(stack, op, Status::DeleteComplete, None, cx);
        }
        (OperationKind::Delete, _) => rest(stack, op, Status::DeleteFailed, Some(&undeleted), cx),
    }
}

/// The operation is over; its last event still carries its token.
fn rest(
    stack: &mut CfnStack,
    op: Operation,
    status: Status,
    reason: Option<&str>,
    cx: &mut Cx<'_>,
) {
    stack.operation = Some(op);
    stack.turn(cx, status, reason);
    stack.operation = None;
}

/// The outputs, if no other stack exports the same name and no export that is in use changes.
fn outputs(all: All<'_>, stack: &CfnStack) -> Result<Vec<super::Output>, String> {
    let outputs = scope::outputs(all, stack)?;
    for name in outputs.iter().filter_map(|output| output.export.as_deref()) {
        if scope::export(all, name).is_some() {
            return Err(format!(
                "Export with name {name} is already exported by another stack."
            ));
        }
    }
    for old in stack.outputs.iter().filter(|old| old.export.is_some()) {
        let kept = outputs
            .iter()
            .any(|new| new.export == old.export && new.value == old.value);
        let name = old.export.as_deref().unwrap_or_default();
        let users = if kept {
            Vec::new()
        } else {
            scope::importers(all, name, &stack.id)
        };
        if !users.is_empty() {
            return Err(format!(
                "Export {name} cannot be updated as it is in use by {}",
                users.join(", ")
            ));
        }
    }
    Ok(outputs)
}
