//! The way back: after a failed creation, after a failed or cancelled change, and what is cleaned
//! up after either.

use super::template::Template;
use super::{Act, CfnStack, Operation, OperationKind, State, Status, Task, machine, tasks};
use crate::sandbox::call::AwsError;
use crate::sandbox::realm::Cx;

/// A creation failed: what was made is deleted.
pub fn of_create(stack: &mut CfnStack, op: Operation, why: Option<&str>, cx: &mut Cx<'_>) {
    let resources = || {
        format!(
            "The following resource(s) failed to create: [{}]. Rollback requested by user.",
            op.failed.join(", ")
        )
    };
    let reason = why.map_or_else(resources, str::to_owned);
    let tasks = tasks::deletions(&stack.resources, machine::needs_of(&stack.version.body));
    let mut back = machine::operation(OperationKind::Rollback, op.token, cx);
    back.tasks = tasks;
    stack.operation = Some(back);
    stack.turn(cx, Status::RollbackInProgress, Some(&reason));
}

/// A change failed or was cancelled: every resource goes back to what it was.
pub fn of_update(stack: &mut CfnStack, op: Operation, asked: Option<&str>, cx: &mut Cx<'_>) {
    let reason = asked.map_or_else(
        || {
            format!(
                "The following resource(s) failed to update: [{}]. ",
                op.failed.join(", ")
            )
        },
        str::to_owned,
    );
    let Some(before) = op.before else { return };
    let needs = machine::needs_of(&before.version.body);
    let mut back = machine::operation(OperationKind::UpdateRollback, op.token, cx);
    for (logical, row) in &before.resources {
        let needs = needs(logical)
            .into_iter()
            .filter(|need| before.resources.contains_key(need))
            .collect();
        let task = Task {
            act: Act::Update,
            kind: row.kind.clone(),
            needs,
            state: State::Waiting,
            row: Some(row.clone()),
        };
        back.tasks.insert(logical.clone(), task);
    }
    for (logical, row) in &stack.resources {
        let is_new = before
            .resources
            .get(logical)
            .is_none_or(|old| old.physical != row.physical);
        if is_new && !row.physical.is_empty() {
            back.leftovers.insert(logical.clone(), row.clone());
        }
    }
    stack
        .resources
        .retain(|logical, row| before.resources.contains_key(logical) || !row.physical.is_empty());
    stack.version = before.version.clone();
    stack.outputs.clone_from(&before.outputs);
    back.before = Some(before);
    stack.operation = Some(back);
    stack.turn(cx, Status::UpdateRollbackInProgress, Some(&reason));
}

/// The way back failed too: a person must continue it.
pub fn stuck(stack: &mut CfnStack, op: Operation, cx: &mut Cx<'_>) {
    let reason = format!(
        "The following resource(s) failed to update: [{}]. ",
        op.failed.join(", ")
    );
    stack.operation = Some(op);
    stack.turn(cx, Status::UpdateRollbackFailed, Some(&reason));
    stack.stuck = stack.operation.take();
}

/// A person continues the way back; resources in `skip` are taken as they are.
pub fn resume(
    stack: &mut CfnStack,
    skip: &[&str],
    token: Option<String>,
    cx: &mut Cx<'_>,
) -> Result<(), AwsError> {
    let Some(mut op) = stack.stuck.clone() else {
        return Err(AwsError::validation(format!(
            "Stack:{} is in {} state and can not continue update rollback.",
            stack.id, stack.status
        )));
    };
    for logical in skip {
        match op
            .tasks
            .get_mut(*logical)
            .filter(|task| task.state == State::Failed)
        {
            Some(task) => task.state = State::Done,
            None => {
                return Err(AwsError::validation(format!(
                    "Resource [{logical}] does not exist or is not in UPDATE_FAILED state and cannot be skipped"
                )));
            }
        }
    }
    for task in op
        .tasks
        .values_mut()
        .filter(|task| task.state == State::Failed)
    {
        task.state = State::Waiting;
    }
    op.failed.clear();
    op.token = token;
    op.starts = tasks::soon(cx);
    stack.stuck = None;
    let skipped: Vec<(String, super::Resource)> = skip
        .iter()
        .filter_map(|logical| {
            stack
                .resources
                .get(*logical)
                .map(|row| ((*logical).to_owned(), row.clone()))
        })
        .collect();
    stack.operation = Some(op);
    stack.turn(cx, Status::UpdateRollbackInProgress, Some("User Initiated"));
    for (logical, row) in skipped {
        stack.mark(
            cx,
            &logical,
            row,
            "UPDATE_COMPLETE",
            Some("Resource was skipped by the caller"),
        );
    }
    Ok(())
}

/// The work is done: what was replaced or is in the template no more is deleted.
pub fn clean(stack: &mut CfnStack, mut op: Operation, status: Status, cx: &mut Cx<'_>) {
    let mut rows = std::mem::take(&mut op.leftovers);
    let old_body = op
        .before
        .as_ref()
        .map(|before| before.version.body.clone())
        .unwrap_or_default();
    let current = Template::read(&stack.version.body).ok();
    for (logical, row) in &stack.resources {
        let wanted = op.tasks.contains_key(logical) || current.is_none();
        if !wanted {
            rows.entry(logical.clone()).or_insert_with(|| row.clone());
        }
    }
    op.tasks = tasks::deletions(&rows, machine::needs_of(&old_body));
    op.cleaning = true;
    op.starts = tasks::soon(cx);
    stack.operation = Some(op);
    stack.turn(cx, status, None);
}
