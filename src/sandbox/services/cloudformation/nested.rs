//! Stacks in stacks. The template of a nested stack is an object of the embedded cloud that
//! `TemplateURL` names (path style, `…/bucket/key`), or stands in the property `TemplateBody`,
//! which only the embedded cloud knows.

use serde_json::{Value, json};

use super::template::Template;
use super::{
    Act, All, CfnStack, CloudFormation, OnFailure, Resource, Status, Until, Version, machine,
    parameters,
};
use crate::sandbox::realm::Cx;
use crate::sandbox::services::s3::S3;
use crate::sandbox::values::text_of;

/// The resource type.
pub const KIND: &str = "AWS::CloudFormation::Stack";

/// Puts the text of the template into the properties, so that a changed object is a changed
/// resource.
pub fn embed(all: All<'_>, kind: &str, mut properties: Value) -> Result<Value, String> {
    if kind != KIND {
        return Ok(properties);
    }
    if let Some(url) = properties.get("TemplateURL").map(text_of) {
        let body = template_at(all, &url)
            .ok_or_else(|| format!("S3 error: The specified key does not exist. ({url})"))?;
        if let Some(fields) = properties.as_object_mut() {
            fields.insert("TemplateBody".to_owned(), Value::String(body.to_owned()));
        }
    }
    Ok(properties)
}

/// The template that a URL names, if there is such an object.
pub fn template_at<'a>(all: All<'a>, url: &str) -> Option<&'a str> {
    all.realm.get::<S3>()?.at_url(url)?.text()
}

/// Makes or changes a nested stack.
pub fn make(
    own: &mut CloudFormation,
    parent: &CfnStack,
    row: &Resource,
    is_new: bool,
    cx: &mut Cx<'_>,
) -> Result<Until, String> {
    if parent.parent.is_some() {
        return Err("the embedded cloud nests stacks one level deep".to_owned());
    }
    let next = version(parent, row)?;
    Template::read(&next.body)
        .and_then(|template| template.check_types(cx.realm().catalog()))
        .map_err(|error| error.message)?;
    if is_new {
        let mut child = CfnStack::new(&row.physical, &row.name, next, cx.now);
        child.parent = Some(parent.id.clone());
        child.root = Some(parent.root.clone().unwrap_or_else(|| parent.id.clone()));
        child.on_failure = OnFailure::Rollback;
        machine::create(own, &mut child, None, cx)?;
        own.stacks.insert(row.physical.clone(), child);
    } else {
        let moved = own.with(&row.physical, |own, child| {
            if child.version == next {
                Ok(())
            } else {
                machine::update(own, child, next, None, cx)
            }
        });
        moved.unwrap_or_else(|| Err(format!("Stack with id {} does not exist", row.physical)))?;
    }
    Ok(Until::Child(row.physical.clone()))
}

/// Deletes a nested stack.
pub fn remove(own: &mut CloudFormation, row: &Resource, cx: &mut Cx<'_>) -> Option<Until> {
    own.with(&row.physical, |_, child| {
        if child.deleted.is_none() {
            machine::delete(child, &[], None, cx);
        }
    })?;
    Some(Until::Child(row.physical.clone()))
}

/// A nested stack is told that its parent turns back.
pub fn cancel(own: &mut CloudFormation, child: &str, cx: &mut Cx<'_>) {
    own.with(child, |own, child| {
        if child.status == Status::UpdateInProgress {
            machine::cancel(own, child, cx);
        }
    });
}

/// True when nothing goes on in a nested stack.
#[must_use]
pub fn rests(own: &CloudFormation, child: &str) -> bool {
    own.stack(child)
        .is_none_or(|child| child.operation.is_none())
}

/// How it went with a nested stack that rests: it must hold what its row says.
pub fn result(own: &CloudFormation, row: &Resource, act: Act) -> Result<(), String> {
    let Some(child) = own.stack(&row.physical) else {
        return Ok(());
    };
    let arrived = match act {
        Act::Create | Act::Import => child.status == Status::CreateComplete,
        Act::Update => child.status.can_update() && !differs(own, row),
        Act::Delete => child.status == Status::DeleteComplete,
    };
    if arrived {
        return Ok(());
    }
    let done = match act {
        Act::Create | Act::Import => "created",
        Act::Update => "updated",
        Act::Delete => "deleted",
    };
    let cause = child
        .events
        .iter()
        .rev()
        .filter_map(|event| event.reason.as_deref())
        .find(|reason| reason.starts_with("The following"));
    Err(format!(
        "Embedded stack {} was not successfully {done}: {}",
        child.id,
        cause.unwrap_or_default()
    ))
}

/// True when a nested stack does not hold what its row says.
#[must_use]
pub fn differs(own: &CloudFormation, row: &Resource) -> bool {
    if row.kind != KIND {
        return false;
    }
    let Some(child) = own.stack(&row.physical) else {
        return false;
    };
    match version_of(child.version.clone(), row) {
        Ok(wanted) => {
            wanted.body != child.version.body || wanted.parameters != child.version.parameters
        }
        Err(_) => false,
    }
}

fn version(parent: &CfnStack, row: &Resource) -> Result<Version, String> {
    version_of(parent.version.clone(), row)
}

/// The version a row asks for; tags, role and capabilities are inherited.
fn version_of(inherited: Version, row: &Resource) -> Result<Version, String> {
    let body = row
        .properties
        .get("TemplateBody")
        .map(text_of)
        .ok_or("TemplateURL must be specified.")?;
    let template = Template::read(&body).map_err(|error| error.message)?;
    let given: Vec<Value> = row
        .properties
        .get("Parameters")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, value)| {
            let value = value.as_array().map_or_else(
                || text_of(value),
                |items| items.iter().map(text_of).collect::<Vec<_>>().join(","),
            );
            json!({"ParameterKey": name, "ParameterValue": value})
        })
        .collect();
    let parameters = parameters::settle(&template, &given, None).map_err(|error| error.message)?;
    Ok(Version {
        body,
        parameters,
        ..inherited
    })
}
