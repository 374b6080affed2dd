//! The calls that only read CloudFormation.

use serde_json::{Value, json};

use super::api::shown_tags;
use super::template::Template;
use super::{All, CfnStack, Resource, parameters, scope};
use crate::sandbox::call::{Answer, AwsError, Params};
use crate::sandbox::values::{iso, text_of};

const PAGE: usize = 100;

/// Answers a call that reads.
pub fn call(all: All<'_>, action: &str, params: Params<'_>) -> Answer {
    match action {
        "DescribeStacks" => stacks(all, params),
        "ListStacks" => Ok(list_stacks(all, params)),
        "DescribeStackEvents" => events(all, params),
        "DescribeStackResources" => resources(all, params),
        "DescribeStackResource" => resource(all, params),
        "ListStackResources" => list_resources(all, params),
        "GetTemplate" => template(all, params),
        "GetTemplateSummary" | "ValidateTemplate" => summary(all, params),
        "ListExports" => Ok(exports(all, params)),
        "ListImports" => imports(all, params),
        _ => Err(AwsError::new(
            "InvalidAction",
            format!("Could not find operation {action} for version 2010-05-15"),
        )),
    }
}

fn stacks(all: All<'_>, params: Params<'_>) -> Answer {
    let Some(name) = params.text("StackName") else {
        let all = all
            .own
            .stacks
            .values()
            .filter(|stack| stack.deleted.is_none());
        return Ok(page(params, "Stacks", all.map(shown).collect()));
    };
    Ok(json!({ "Stacks": [shown(named(all, name)?)] }))
}

fn list_stacks(all: All<'_>, params: Params<'_>) -> Value {
    let wanted = params.texts("StackStatusFilter");
    let stacks = all
        .own
        .stacks
        .values()
        .filter(|stack| wanted.is_empty() || wanted.contains(&stack.status.as_str()));
    let rows = stacks.map(|stack| {
        json!({
            "StackId": stack.id, "StackName": stack.name, "StackStatus": stack.status.as_str(), "StackStatusReason": stack.reason,
            "CreationTime": iso(stack.created), "LastUpdatedTime": stack.updated.map(iso), "DeletionTime": stack.deleted.map(iso),
            "ParentId": stack.parent, "RootId": stack.root,
            "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
        })
    });
    page(params, "StackSummaries", rows.collect())
}

/// Newest first. A token counts from the oldest event, so that events that arrive between two pages
/// shift nothing.
fn events(all: All<'_>, params: Params<'_>) -> Answer {
    let name = params.need("StackName")?;
    let stack = all
        .own
        .stack(name)
        .ok_or_else(|| AwsError::validation(format!("Stack [{name}] does not exist")))?;
    let upto = params
        .text("NextToken")
        .and_then(|token| token.parse::<usize>().ok())
        .unwrap_or(stack.events.len())
        .min(stack.events.len());
    let from = upto.saturating_sub(PAGE);
    let rows = stack.events.get(from..upto).unwrap_or(&[]).iter().rev().map(|event| {
        let properties = stack.resources.get(&event.logical).map(|row| row.properties.to_string());
        json!({
            "StackId": stack.id, "EventId": event.id, "StackName": stack.name, "LogicalResourceId": event.logical,
            "PhysicalResourceId": event.physical, "ResourceType": event.kind, "Timestamp": iso(event.at),
            "ResourceStatus": event.status, "ResourceStatusReason": event.reason,
            "ResourceProperties": properties.filter(|_| event.physical != stack.id),
            "ClientRequestToken": event.token,
        })
    });
    Ok(
        json!({ "StackEvents": rows.collect::<Vec<_>>(), "NextToken": (from > 0).then(|| from.to_string()) }),
    )
}

fn resources(all: All<'_>, params: Params<'_>) -> Answer {
    let stack = named(all, params.need("StackName")?)?;
    let wanted = params.text("LogicalResourceId");
    let rows = stack
        .resources
        .iter()
        .filter(|(logical, _)| wanted.is_none_or(|wanted| wanted == *logical));
    let rows: Vec<Value> = rows
        .map(|(logical, row)| shown_resource(stack, logical, row, "Timestamp"))
        .collect();
    Ok(json!({ "StackResources": rows }))
}

fn resource(all: All<'_>, params: Params<'_>) -> Answer {
    let stack = named(all, params.need("StackName")?)?;
    let logical = params.need("LogicalResourceId")?;
    let row = stack.resources.get(logical).ok_or_else(|| {
        AwsError::validation(format!(
            "Resource {logical} does not exist for stack {}",
            stack.name
        ))
    })?;
    Ok(
        json!({ "StackResourceDetail": shown_resource(stack, logical, row, "LastUpdatedTimestamp") }),
    )
}

fn list_resources(all: All<'_>, params: Params<'_>) -> Answer {
    let stack = named(all, params.need("StackName")?)?;
    let rows = stack.resources.iter().map(|(logical, row)| {
        json!({
            "LogicalResourceId": logical, "PhysicalResourceId": row.physical, "ResourceType": row.kind,
            "LastUpdatedTimestamp": iso(row.at), "ResourceStatus": row.status, "ResourceStatusReason": row.reason,
            "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
        })
    });
    Ok(page(params, "StackResourceSummaries", rows.collect()))
}

fn template(all: All<'_>, params: Params<'_>) -> Answer {
    if let Some(set) = params.text("ChangeSetName") {
        let all = all
            .own
            .stacks
            .values()
            .flat_map(|stack| stack.change_sets.values());
        let found = all
            .filter(|one| one.name == set || one.id == set)
            .map(|one| &one.next.body)
            .next();
        let body = found.ok_or_else(|| {
            AwsError::new(
                "ChangeSetNotFound",
                format!("ChangeSet [{set}] does not exist"),
            )
        })?;
        return Ok(json!({ "TemplateBody": body, "StagesAvailable": ["Original", "Processed"] }));
    }
    let stack = named(all, params.need("StackName")?)?;
    Ok(json!({ "TemplateBody": stack.version.body, "StagesAvailable": ["Original", "Processed"] }))
}

fn summary(all: All<'_>, params: Params<'_>) -> Answer {
    let body = match (params.text("TemplateBody"), params.text("StackName")) {
        (Some(body), _) => body.to_owned(),
        (None, Some(name)) => named(all, name)?.version.body.clone(),
        (None, None) => {
            return Err(AwsError::validation(
                "Either Template URL or Template Body must be specified.",
            ));
        }
    };
    let template = Template::read(&body)?;
    template.check_types(all.realm.catalog())?;
    let parameters = template.part("Parameters").iter().map(|(name, raw)| {
        json!({
            "ParameterKey": name, "DefaultValue": raw.get("Default").map(text_of),
            "ParameterType": raw.get("Type"), "NoEcho": Params(raw).flag("NoEcho"), "Description": raw.get("Description"),
        })
    });
    let types = template
        .part("Resources")
        .values()
        .filter_map(|raw| raw.get("Type"))
        .collect::<Vec<_>>();
    Ok(json!({
        "Parameters": parameters.collect::<Vec<_>>(), "Description": template.description(),
        "Capabilities": template.capabilities(all.realm.catalog()).into_iter().collect::<Vec<_>>(), "ResourceTypes": types,
    }))
}

fn exports(all: All<'_>, params: Params<'_>) -> Value {
    let stacks = all
        .own
        .stacks
        .values()
        .filter(|stack| stack.deleted.is_none());
    let rows = stacks.flat_map(|stack| {
        stack.outputs.iter().filter_map(|output| {
            let name = output.export.as_ref()?;
            Some(json!({ "ExportingStackId": stack.id, "Name": name, "Value": output.value }))
        })
    });
    page(params, "Exports", rows.collect())
}

fn imports(all: All<'_>, params: Params<'_>) -> Answer {
    let name = params.need("ExportName")?;
    let users = scope::importers(all, name, "");
    if users.is_empty() {
        return Err(AwsError::validation(format!(
            "Export '{name}' is not imported by any stack."
        )));
    }
    Ok(json!({ "Imports": users }))
}

fn named<'a>(all: All<'a>, name: &str) -> Result<&'a CfnStack, AwsError> {
    all.own
        .stack(name)
        .ok_or_else(|| AwsError::validation(format!("Stack with id {name} does not exist")))
}

fn shown(stack: &CfnStack) -> Value {
    let template = Template::read(&stack.version.body).ok();
    let outputs = stack.outputs.iter().map(|output| {
        json!({ "OutputKey": output.key, "OutputValue": output.value, "Description": output.description, "ExportName": output.export })
    });
    json!({
        "StackId": stack.id,
        "StackName": stack.name,
        "Description": template.as_ref().and_then(Template::description),
        "Parameters": template.as_ref().map(|template| parameters::shown(template, &stack.version.parameters)),
        "CreationTime": iso(stack.created),
        "DeletionTime": stack.deleted.map(iso),
        "LastUpdatedTime": stack.updated.map(iso),
        "RollbackConfiguration": {},
        "StackStatus": stack.status.as_str(),
        "StackStatusReason": stack.reason,
        "DisableRollback": stack.on_failure == super::OnFailure::DoNothing,
        "NotificationARNs": [],
        "Capabilities": stack.version.capabilities,
        "Outputs": outputs.collect::<Vec<_>>(),
        "RoleARN": stack.version.role,
        "Tags": shown_tags(&stack.version),
        "EnableTerminationProtection": stack.protected,
        "ParentId": stack.parent,
        "RootId": stack.root,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    })
}

fn shown_resource(stack: &CfnStack, logical: &str, row: &Resource, time: &str) -> Value {
    json!({
        "StackName": stack.name, "StackId": stack.id, "LogicalResourceId": logical, "PhysicalResourceId": row.physical,
        "ResourceType": row.kind, time: iso(row.at), "ResourceStatus": row.status, "ResourceStatusReason": row.reason,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    })
}

fn page(params: Params<'_>, name: &str, rows: Vec<Value>) -> Value {
    let from = params
        .text("NextToken")
        .and_then(|token| token.parse::<usize>().ok())
        .unwrap_or(0);
    let more = from + PAGE < rows.len();
    let page: Vec<Value> = rows.into_iter().skip(from).take(PAGE).collect();
    json!({ name: page, "NextToken": more.then(|| (from + PAGE).to_string()) })
}
