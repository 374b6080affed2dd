//! Removing one resource, or leaving it where its template says so.

use super::super::template::Template;
use super::super::{Act, CfnStack, CloudFormation, Operation, State, Until, effects};
use super::drop_row;
use crate::sandbox::realm::Cx;

pub(super) fn remove(
    own: &mut CloudFormation,
    stack: &mut CfnStack,
    op: &mut Operation,
    logical: &str,
    cx: &mut Cx<'_>,
) {
    let retains = retains(stack, op, logical);
    let Some(task) = op.tasks.get_mut(logical) else {
        return;
    };
    let Some(row) = task.row.clone() else { return };
    if row.physical.is_empty() {
        stack.resources.remove(logical);
        task.state = State::Done;
        return;
    }
    if retains {
        stack.tell(cx, logical, &row, "DELETE_SKIPPED", None);
        drop_row(stack, logical, &row);
        task.state = State::Done;
        return;
    }
    stack.tell(cx, logical, &row, "DELETE_IN_PROGRESS", None);
    if let Some(shown) = stack
        .resources
        .get_mut(logical)
        .filter(|shown| shown.physical == row.physical)
    {
        "DELETE_IN_PROGRESS".clone_into(&mut shown.status);
        shown.at = cx.now;
    }
    let seconds = cx
        .realm()
        .catalog()
        .kind(&row.kind)
        .map_or(1.0, |kind| kind.seconds.delete);
    let scripted = cx.scripted(&stack.name, logical, Act::Delete);
    let slower = scripted.as_ref().map_or(0.0, |scripted| scripted.after);
    let until = match scripted.and_then(|scripted| scripted.reason) {
        Some(reason) => Until::Fails(cx.after(slower), reason),
        None => match effects::remove(own, &row, cx) {
            Ok(until) => until.unwrap_or_else(|| Until::Done(cx.after(seconds + slower))),
            Err(reason) => Until::Fails(cx.now, reason),
        },
    };
    task.state = State::Running {
        announce: None,
        until,
    };
}

/// Whether the template says that the resource stays: the policy of the template it is in, or was
/// in before.
fn retains(stack: &CfnStack, op: &Operation, logical: &str) -> bool {
    let policy = |body: &str, name: &str| {
        let template = Template::read(body).ok()?;
        let definition = template.resource(logical)?;
        let policy = definition.policy(name);
        Some(matches!(policy, Some("Retain" | "RetainExceptOnCreate")))
    };
    let name = if op.cleaning {
        "UpdateReplacePolicy"
    } else {
        "DeletionPolicy"
    };
    let before = op
        .before
        .as_ref()
        .map_or("", |before| before.version.body.as_str());
    policy(&stack.version.body, name)
        .or_else(|| policy(before, "DeletionPolicy"))
        .unwrap_or(false)
}
