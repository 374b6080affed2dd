//! One resource of one operation: how its task is made, started, finished, failed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use super::resolve::same;
use super::template::{Definition, Template};
use super::{
    Act, All, CfnStack, CloudFormation, Operation, Resource, State, Task, Until, effects, nested,
    scope,
};
use crate::domain::time::Time;
use crate::sandbox::catalog;
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
        Some(Act::Delete) => {
            remove(own, stack, op, logical, cx);
            Ok(())
        }
        None => Ok(()),
    }
}

fn make(
    own: &mut CloudFormation,
    stack: &mut CfnStack,
    op: &mut Operation,
    logical: &str,
    cx: &mut Cx<'_>,
) -> Result<(), String> {
    let Some(task) = op.tasks.get_mut(logical) else {
        return Ok(());
    };
    let old = stack.resources.get(logical).cloned();
    let way_back = task.row.clone();
    let empty = Resource {
        kind: task.kind.clone(),
        physical: String::new(),
        name: String::new(),
        status: String::new(),
        reason: None,
        at: cx.now,
        properties: Value::Null,
    };
    let row = match &way_back {
        Some(row) => row.clone(),
        None => match target(own, stack, logical, old.as_ref(), cx) {
            Ok(row) => row,
            Err(reason) => {
                let row = old.unwrap_or(empty);
                let status = format!("{}_IN_PROGRESS", task.act.as_str());
                stack.mark(cx, logical, row, &status, None);
                return Err(reason);
            }
        },
    };
    if let Some(old) = &old
        && old.kind == row.kind
        && old.physical == row.physical
        && same(&old.properties, &row.properties)
        && !nested::differs(own, &row)
    {
        task.state = State::Done;
        return Ok(());
    }
    let is_new = old.as_ref().is_none_or(|old| old.physical != row.physical) && way_back.is_none();
    let status = format!("{}_IN_PROGRESS", task.act.as_str());
    let unnamed = Resource {
        physical: String::new(),
        ..row.clone()
    };
    match &old {
        None => stack.mark(cx, logical, unnamed, &status, None),
        Some(old) if is_new => {
            op.leftovers.insert(logical.to_owned(), old.clone());
            let why = "Requested update requires the creation of a new physical resource; hence creating one.";
            stack.mark(
                cx,
                logical,
                Resource {
                    properties: row.properties.clone(),
                    ..old.clone()
                },
                &status,
                Some(why),
            );
        }
        Some(_) => stack.mark(cx, logical, row.clone(), &status, None),
    }
    let Some(task) = op.tasks.get_mut(logical) else {
        return Ok(());
    };
    task.row = Some(row.clone());
    let seconds = cx.realm().catalog().kind(&row.kind).map_or(1.0, |kind| {
        if is_new {
            kind.seconds.create
        } else {
            kind.seconds.update
        }
    });
    let made = effects::make(own, stack, &row, is_new, cx)?;
    let until = match (cx.scripted(&stack.name, logical, task.act), made) {
        (Some(scripted), _) if scripted.reason.is_some() => Until::Fails(
            cx.after(scripted.after),
            scripted.reason.unwrap_or_default(),
        ),
        (Some(slow), None) => Until::Done(cx.after(seconds + slow.after)),
        (_, Some(until)) => until,
        (None, None) => Until::Done(cx.after(seconds)),
    };
    let announce = is_new.then(|| cx.after((seconds / 3.0).min(1.0)));
    task.state = State::Running { announce, until };
    Ok(())
}

/// The row a resource is to have: its resolved properties and its physical id, new or kept.
fn target(
    own: &CloudFormation,
    stack: &CfnStack,
    logical: &str,
    old: Option<&Resource>,
    cx: &mut Cx<'_>,
) -> Result<Resource, String> {
    let template = Template::read(&stack.version.body).map_err(|error| error.message)?;
    let definition = template
        .resource(logical)
        .ok_or_else(|| format!("{logical} is not in the template"))?;
    let kind_name = definition.kind();
    let kind = cx
        .realm()
        .catalog()
        .kind(kind_name)
        .cloned()
        .ok_or_else(|| format!("Unrecognized resource type {kind_name}"))?;
    let all = own.all(cx);
    let properties = scope::with(
        all,
        stack,
        &template,
        &stack.version,
        &|other, attribute| scope::lookup(all, stack, other, attribute),
        |scope| scope.value(definition.properties()),
    )?;
    let properties = nested::embed(all, kind_name, properties)?;
    let missing = kind
        .required
        .iter()
        .find(|name| properties.get(name.as_str()).is_none());
    if let Some(name) = missing {
        return Err(format!(
            "Properties validation failed for resource {logical} with message: #: required key [{name}] not found"
        ));
    }
    let keeps =
        old.filter(|old| old.kind == kind_name && !replaced(&kind, &old.properties, &properties));
    let mut row = Resource {
        kind: kind_name.to_owned(),
        physical: String::new(),
        name: String::new(),
        status: String::new(),
        reason: None,
        at: cx.now,
        properties,
    };
    if let Some(old) = keeps {
        row.physical.clone_from(&old.physical);
        row.name.clone_from(&old.name);
        return Ok(row);
    }
    let named = kind
        .name
        .as_deref()
        .and_then(|name| row.properties.get(name))
        .and_then(Value::as_str)
        .map(str::to_owned);
    let same_name =
        old.is_some_and(|old| Some(&old.name) == named.as_ref() && !kind.replaces.contains("*"));
    if let (true, Some(name)) = (same_name, &named) {
        return Err(format!(
            "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename {name} and update the stack again."
        ));
    }
    effects::name(stack, logical, &kind, named, &mut row, cx);
    Ok(row)
}

/// True when the change of these properties makes a new physical resource.
#[must_use]
pub fn replaced(kind: &catalog::ResourceType, old: &Value, new: &Value) -> bool {
    changed(old, new).iter().any(|name| kind.replaces(name))
}

/// The names of the properties that differ.
#[must_use]
pub fn changed(old: &Value, new: &Value) -> BTreeSet<String> {
    let names = [old, new]
        .into_iter()
        .filter_map(Value::as_object)
        .flat_map(|fields| fields.keys());
    names
        .filter(|name| {
            !same(
                old.get(name.as_str()).unwrap_or(&Value::Null),
                new.get(name.as_str()).unwrap_or(&Value::Null),
            )
        })
        .cloned()
        .collect()
}

fn remove(
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
        Some(definition.policy(name) == Some("Retain"))
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
        Act::Create | Act::Update => stack.mark(
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
            Some(Act::Update | Act::Delete) | None => "Resource update cancelled",
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
