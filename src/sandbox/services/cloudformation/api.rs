//! The calls that change a stack, with AWS's own refusals and client tokens. What they answer is in
//! `describe` where it is read.

use serde_json::{Value, json};

use super::service::Token;
use super::template::Template;
use super::{
    All, CfnStack, CloudFormation, OnFailure, Status, Version, describe, diff, machine, nested,
    parameters, rollback, scope, sets,
};
use crate::sandbox::call::{Answer, AwsError, Call, Params};
use crate::sandbox::realm::Cx;

/// Answers a CloudFormation call.
pub fn call(own: &mut CloudFormation, cx: &mut Cx<'_>, call: &Call) -> Answer {
    let params = call.params();
    match call.action.as_str() {
        "CreateStack" => tokened(own, cx, call, create_stack),
        "UpdateStack" => tokened(own, cx, call, update_stack),
        "DeleteStack" => tokened(own, cx, call, delete_stack),
        "CancelUpdateStack" => tokened(own, cx, call, cancel_update),
        "ContinueUpdateRollback" => tokened(own, cx, call, continue_rollback),
        "UpdateTerminationProtection" => termination_protection(own, cx, params),
        "CreateChangeSet" => sets::create(own, cx, params),
        "DescribeChangeSet" => sets::describe(own, cx, params),
        "ExecuteChangeSet" => tokened(own, cx, call, sets::execute),
        "DeleteChangeSet" => sets::delete(own, cx, params),
        "ListChangeSets" => sets::list(own, cx, params),
        action => describe::call(own.all(cx), action, params),
    }
}

type Handler = fn(&mut CloudFormation, &mut Cx<'_>, Params<'_>) -> Answer;

/// A call with a token that was used before is answered as it was then, with no second effect.
fn tokened(own: &mut CloudFormation, cx: &mut Cx<'_>, call: &Call, handler: Handler) -> Answer {
    let params = call.params();
    let Some(token) = params.text("ClientRequestToken") else {
        return handler(own, cx, params);
    };
    let name = params
        .text("StackName")
        .or(params.text("ChangeSetName"))
        .unwrap_or("");
    let of = format!(
        "{} {}",
        call.action,
        own.stack(name).map_or(name, |stack| stack.name.as_str())
    );
    match own.tokens.get(token) {
        Some(used) if used.of == of || used.of == format!("{} {name}", call.action) => {
            return Ok(used.answer.clone());
        }
        Some(used) => {
            return Err(AwsError::new(
                "TokenAlreadyExistsException",
                format!(
                    "A client request token already exists: {token} was used for {}",
                    used.of
                ),
            ));
        }
        None => {}
    }
    let answer = handler(own, cx, params)?;
    if cx.effect.is_some() {
        own.tokens.insert(
            token.to_owned(),
            Token {
                of,
                answer: answer.clone(),
            },
        );
    }
    Ok(answer)
}

fn create_stack(own: &mut CloudFormation, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let name = checked_name(params.need("StackName")?)?;
    if let Some(stack) = own.stack(name) {
        if stack.status == Status::ReviewInProgress {
            return Err(AwsError::validation(format!(
                "Stack:{} is in REVIEW_IN_PROGRESS state and can not be created.",
                stack.id
            )));
        }
        return Err(AwsError::new(
            "AlreadyExistsException",
            format!("Stack [{name}] already exists"),
        ));
    }
    let version = version(own.all(cx), params, None)?;
    let mut stack = CfnStack::new(&stack_id(name, cx), name, version, cx.now);
    diff::between(own.all(cx), &stack, &stack.version)?;
    stack.protected = params.flag("EnableTerminationProtection");
    stack.on_failure = on_failure(params);
    machine::create(own, &mut stack, token(params), cx).map_err(AwsError::validation)?;
    cx.effect = Some(format!("{name} {}", stack.status));
    let id = stack.id.clone();
    own.stacks.insert(id.clone(), stack);
    Ok(json!({ "StackId": id }))
}

fn update_stack(own: &mut CloudFormation, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let name = params.need("StackName")?;
    let stack = own.stack(name).filter(|stack| stack.deleted.is_none());
    let stack =
        stack.ok_or_else(|| AwsError::validation(format!("Stack [{name}] does not exist")))?;
    updatable(stack)?;
    if params.flag("DisableRollback") {
        return Err(AwsError::validation(
            "the embedded cloud always rolls a failed update back: leave DisableRollback out",
        ));
    }
    let next = version(own.all(cx), params, Some(stack))?;
    if diff::between(own.all(cx), stack, &next)?.is_empty() {
        return Err(AwsError::validation("No updates are to be performed."));
    }
    let id = stack.id.clone();
    start_update(own, &id, next, token(params), cx)?;
    Ok(json!({ "StackId": id }))
}

/// Starts an update; all change sets of the stack die, as they do at AWS.
pub fn start_update(
    own: &mut CloudFormation,
    id: &str,
    next: Version,
    token: Option<String>,
    cx: &mut Cx<'_>,
) -> Result<(), AwsError> {
    let started = own.with(id, |own, stack| {
        machine::update(own, stack, next, token, cx).map_err(AwsError::validation)?;
        stack.change_sets.clear();
        cx.effect = Some(format!("{} {}", stack.name, stack.status));
        Ok(())
    });
    started.unwrap_or_else(|| Err(AwsError::validation(format!("Stack [{id}] does not exist"))))
}

fn delete_stack(own: &mut CloudFormation, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let name = params.need("StackName")?;
    let Some(stack) = own.stack(name).filter(|stack| stack.deleted.is_none()) else {
        return Ok(json!({}));
    };
    if stack.protected {
        return Err(AwsError::validation(format!(
            "Stack [{}] cannot be deleted while TerminationProtection is enabled",
            stack.name
        )));
    }
    if stack.status == Status::DeleteInProgress {
        return Ok(json!({}));
    }
    if stack.status.is_moving() && stack.status != Status::CreateInProgress {
        return Err(AwsError::validation(format!(
            "Stack [{}] cannot be deleted while in status {}",
            stack.name, stack.status
        )));
    }
    for export in stack
        .outputs
        .iter()
        .filter_map(|output| output.export.as_deref())
    {
        let users = scope::importers(own.all(cx), export, &stack.id);
        if !users.is_empty() {
            return Err(AwsError::validation(format!(
                "Export {export} cannot be deleted as it is in use by {}",
                users.join(", ")
            )));
        }
    }
    let mut retain = params.texts("RetainResources");
    if !retain.is_empty() && stack.status != Status::DeleteFailed {
        return Err(AwsError::validation(format!(
            "Invalid operation on stack [{}]. When you delete a stack, specify which resources to retain only when the stack is in the DELETE_FAILED state.",
            stack.id
        )));
    }
    let failed: Vec<String> = stack
        .resources
        .iter()
        .filter(|(_, row)| row.status == "DELETE_FAILED")
        .map(|(logical, _)| logical.clone())
        .collect();
    if params.text("DeletionMode") == Some("FORCE_DELETE_STACK") {
        retain.extend(failed.iter().map(String::as_str));
    }
    let id = stack.id.clone();
    own.with(&id, |_, stack| {
        machine::delete(stack, &retain, token(params), cx);
        cx.effect = Some(format!("{} {}", stack.name, stack.status));
    });
    Ok(json!({}))
}

fn cancel_update(own: &mut CloudFormation, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let name = params.need("StackName")?;
    let stack = own
        .stack(name)
        .ok_or_else(|| AwsError::validation(format!("Stack [{name}] does not exist")))?;
    if stack.status != Status::UpdateInProgress {
        return Err(AwsError::validation(
            "CancelUpdateStack cannot be called from current stack status",
        ));
    }
    let id = stack.id.clone();
    own.with(&id, |own, stack| {
        if let (Some(op), Some(token)) = (&mut stack.operation, token(params)) {
            op.token = Some(token);
        }
        machine::cancel(own, stack, cx);
        cx.effect = Some(format!("{} {}", stack.name, stack.status));
    });
    Ok(json!({}))
}

fn continue_rollback(own: &mut CloudFormation, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let name = params.need("StackName")?;
    let id = own
        .stack_id(name)
        .ok_or_else(|| AwsError::validation(format!("Stack [{name}] does not exist")))?;
    let skip = params.texts("ResourcesToSkip");
    let done = own.with(&id, |_, stack| {
        rollback::resume(stack, &skip, token(params), cx)?;
        cx.effect = Some(format!("{} {}", stack.name, stack.status));
        Ok(())
    });
    done.unwrap_or(Ok(()))?;
    Ok(json!({}))
}

fn termination_protection(own: &mut CloudFormation, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let name = params.need("StackName")?;
    let id = own
        .stack_id(name)
        .ok_or_else(|| AwsError::validation(format!("Stack [{name}] does not exist")))?;
    own.with(&id, |_, stack| {
        stack.protected = params.flag("EnableTerminationProtection");
        cx.effect = Some(format!("{} protected: {}", stack.name, stack.protected));
    });
    Ok(json!({ "StackId": id }))
}

/// The largest template that may stand in a request.
const LARGEST: usize = 51_200;

/// What a call asks a stack to hold.
pub fn version(
    all: All<'_>,
    params: Params<'_>,
    stack: Option<&CfnStack>,
) -> Result<Version, AwsError> {
    let body = match (
        params.text("TemplateBody"),
        params.text("TemplateURL"),
        stack,
    ) {
        (Some(body), None, _) if body.len() > LARGEST => {
            return Err(AwsError::validation(format!(
                "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to {LARGEST}"
            )));
        }
        (Some(body), None, _) => body.to_owned(),
        (None, Some(url), _) => nested::template_at(all, url)
            .ok_or_else(|| AwsError::validation("S3 error: The specified key does not exist."))?
            .to_owned(),
        (None, None, Some(stack)) if params.flag("UsePreviousTemplate") => {
            stack.version.body.clone()
        }
        (Some(_), Some(_), _) => {
            return Err(AwsError::validation(
                "You must specify exactly one of TemplateBody or TemplateURL.",
            ));
        }
        (None, None, _) => {
            return Err(AwsError::validation(
                "Either Template URL or Template Body must be specified.",
            ));
        }
    };
    let template = Template::read(&body)?;
    let catalog = all.realm.catalog();
    template.check_types(catalog)?;
    let capabilities: Vec<String> = params
        .texts("Capabilities")
        .into_iter()
        .map(str::to_owned)
        .collect();
    let missing: Vec<String> = template
        .capabilities(catalog)
        .into_iter()
        .filter(|needed| {
            !capabilities.contains(needed)
                && !capabilities
                    .iter()
                    .any(|given| given == "CAPABILITY_NAMED_IAM")
        })
        .collect();
    if !missing.is_empty() {
        return Err(AwsError::new(
            "InsufficientCapabilitiesException",
            format!("Requires capabilities : [{}]", missing.join(", ")),
        ));
    }
    let before = stack.map(|stack| &stack.version);
    let parameters = parameters::settle(
        &template,
        params.list("Parameters"),
        before.map(|before| &before.parameters),
    )?;
    let tags = if params.has("Tags") {
        diff::tags(params.list("Tags"))
    } else {
        before.map(|before| before.tags.clone()).unwrap_or_default()
    };
    let role = params
        .text("RoleARN")
        .map(str::to_owned)
        .or_else(|| before.and_then(|before| before.role.clone()));
    Ok(Version {
        body,
        parameters,
        capabilities,
        tags,
        role,
    })
}

/// Refuses a stack that cannot be updated now.
pub fn updatable(stack: &CfnStack) -> Result<(), AwsError> {
    if stack.status.can_update() {
        return Ok(());
    }
    Err(AwsError::validation(format!(
        "Stack:{} is in {} state and can not be updated.",
        stack.id, stack.status
    )))
}

/// A new stack's ARN.
pub fn stack_id(name: &str, cx: &mut Cx<'_>) -> String {
    let id = cx.dice.uuid();
    format!(
        "arn:aws:cloudformation:{}:{}:stack/{name}/{id}",
        cx.place.region, cx.place.account
    )
}

/// The caller's token.
#[must_use]
pub fn token(params: Params<'_>) -> Option<String> {
    params.text("ClientRequestToken").map(str::to_owned)
}

/// Refuses a name that AWS refuses.
pub fn checked_name(name: &str) -> Result<&str, AwsError> {
    let good = name.len() <= 128
        && name.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && name
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
    if good {
        return Ok(name);
    }
    Err(AwsError::validation(format!(
        "1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
    )))
}

fn on_failure(params: Params<'_>) -> OnFailure {
    match params.text("OnFailure") {
        Some("DO_NOTHING") => OnFailure::DoNothing,
        Some("DELETE") => OnFailure::Delete,
        _ if params.flag("DisableRollback") => OnFailure::DoNothing,
        _ => OnFailure::Rollback,
    }
}

/// A tree of name and value pairs as the wire shows tags.
#[must_use]
pub fn shown_tags(version: &Version) -> Value {
    Value::Array(
        version
            .tags
            .iter()
            .map(|(key, value)| json!({"Key": key, "Value": value}))
            .collect(),
    )
}
