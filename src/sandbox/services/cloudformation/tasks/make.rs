//! Making and updating one resource.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::resolve::same;
use super::super::template::Template;
use super::super::{
    CfnStack, CloudFormation, Operation, Resource, State, Until, effects, nested, scope,
};
use crate::sandbox::catalog;
use crate::sandbox::realm::Cx;

pub(super) fn make(
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
