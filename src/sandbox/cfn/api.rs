//! The calls that change a stack, with AWS's own refusals and client tokens. What they answer is in `describe` where it is read.

use serde_json::{Value, json};

use super::template::Template;
use super::{CfnStack, OnFailure, Status, Version, describe, diff, machine, parameters, rollback, scope, sets};
use crate::sandbox::call::{Answer, AwsError, Call, Params};
use crate::sandbox::world::{Cx, Realm, Token};

/// Answers a CloudFormation call.
pub fn call(realm: &mut Realm, cx: &mut Cx<'_>, call: &Call) -> Answer {
    let params = call.params();
    match call.action.as_str() {
        "CreateStack" => tokened(realm, cx, call, create_stack),
        "UpdateStack" => tokened(realm, cx, call, update_stack),
        "DeleteStack" => tokened(realm, cx, call, delete_stack),
        "CancelUpdateStack" => tokened(realm, cx, call, cancel_update),
        "ContinueUpdateRollback" => tokened(realm, cx, call, continue_rollback),
        "UpdateTerminationProtection" => termination_protection(realm, cx, params),
        "CreateChangeSet" => sets::create(realm, cx, params),
        "DescribeChangeSet" => sets::describe(realm, cx, params),
        "ExecuteChangeSet" => tokened(realm, cx, call, sets::execute),
        "DeleteChangeSet" => sets::delete(realm, cx, params),
        "ListChangeSets" => sets::list(realm, cx, params),
        action => describe::call(realm, action, params),
    }
}

type Handler = fn(&mut Realm, &mut Cx<'_>, Params<'_>) -> Answer;

/// A call with a token that was used before is answered as it was then, with no second effect.
fn tokened(realm: &mut Realm, cx: &mut Cx<'_>, call: &Call, handler: Handler) -> Answer {
    let params = call.params();
    let Some(token) = params.text("ClientRequestToken") else { return handler(realm, cx, params) };
    let name = params.text("StackName").or(params.text("ChangeSetName")).unwrap_or("");
    let of = format!("{} {}", call.action, realm.stack(name).map_or(name, |stack| stack.name.as_str()));
    match realm.tokens.get(token) {
        Some(used) if used.of == of || used.of == format!("{} {name}", call.action) => return Ok(used.answer.clone()),
        Some(used) => {
            return Err(AwsError::new(
                "TokenAlreadyExistsException",
                format!("A client request token already exists: {token} was used for {}", used.of),
            ));
        }
        None => {}
    }
    let answer = handler(realm, cx, params)?;
    if cx.effect.is_some() {
        realm.tokens.insert(token.to_owned(), Token { of, answer: answer.clone() });
    }
    Ok(answer)
}

fn create_stack(realm: &mut Realm, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let name = checked_name(params.need("StackName")?)?;
    if let Some(stack) = realm.stack(name) {
        if stack.status == Status::ReviewInProgress {
            return Err(AwsError::validation(format!("Stack:{} is in REVIEW_IN_PROGRESS state and can not be created.", stack.id)));
        }
        return Err(AwsError::new("AlreadyExistsException", format!("Stack [{name}] already exists")));
    }
    let version = version(realm, params, None)?;
    let mut stack = CfnStack::new(&stack_id(realm, name, cx), name, version, cx.now);
    diff::between(realm, &stack, &stack.version)?;
    stack.protected = params.flag("EnableTerminationProtection");
    stack.on_failure = on_failure(params);
    machine::create(realm, &mut stack, token(params), cx).map_err(AwsError::validation)?;
    cx.effect = Some(format!("{name} {}", stack.status));
    let id = stack.id.clone();
    realm.stacks.insert(id.clone(), stack);
    Ok(json!({ "StackId": id }))
}

fn update_stack(realm: &mut Realm, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let name = params.need("StackName")?;
    let stack = realm.stack(name).filter(|stack| stack.deleted.is_none());
    let stack = stack.ok_or_else(|| AwsError::validation(format!("Stack [{name}] does not exist")))?;
    updatable(stack)?;
    if params.flag("DisableRollback") {
        return Err(AwsError::validation("the embedded cloud always rolls a failed update back: leave DisableRollback out"));
    }
    let next = version(realm, params, Some(stack))?;
    if diff::between(realm, stack, &next)?.is_empty() {
        return Err(AwsError::validation("No updates are to be performed."));
    }
    let id = stack.id.clone();
    start_update(realm, &id, next, token(params), cx)?;
    Ok(json!({ "StackId": id }))
}

/// Starts an update; all change sets of the stack die, as they do at AWS.
pub fn start_update(realm: &mut Realm, id: &str, next: Version, token: Option<String>, cx: &mut Cx<'_>) -> Result<(), AwsError> {
    let started = realm.with(id, |realm, stack| {
        machine::update(realm, stack, next, token, cx).map_err(AwsError::validation)?;
        stack.change_sets.clear();
        cx.effect = Some(format!("{} {}", stack.name, stack.status));
        Ok(())
    });
    started.unwrap_or_else(|| Err(AwsError::validation(format!("Stack [{id}] does not exist"))))
}

fn delete_stack(realm: &mut Realm, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let name = params.need("StackName")?;
    let Some(stack) = realm.stack(name).filter(|stack| stack.deleted.is_none()) else { return Ok(json!({})) };
    if stack.protected {
        return Err(AwsError::validation(format!("Stack [{}] cannot be deleted while TerminationProtection is enabled", stack.name)));
    }
    if stack.status == Status::DeleteInProgress {
        return Ok(json!({}));
    }
    if stack.status.is_moving() && stack.status != Status::CreateInProgress {
        return Err(AwsError::validation(format!("Stack [{}] cannot be deleted while in status {}", stack.name, stack.status)));
    }
    for export in stack.outputs.iter().filter_map(|output| output.export.as_deref()) {
        let users = scope::importers(realm, export, &stack.id);
        if !users.is_empty() {
            return Err(AwsError::validation(format!("Export {export} cannot be deleted as it is in use by {}", users.join(", "))));
        }
    }
    let mut retain = params.texts("RetainResources");
    if !retain.is_empty() && stack.status != Status::DeleteFailed {
        return Err(AwsError::validation(format!(
            "Invalid operation on stack [{}]. When you delete a stack, specify which resources to retain only when the stack is in the DELETE_FAILED state.",
            stack.id
        )));
    }
    let failed: Vec<String> =
        stack.resources.iter().filter(|(_, row)| row.status == "DELETE_FAILED").map(|(logical, _)| logical.clone()).collect();
    if params.text("DeletionMode") == Some("FORCE_DELETE_STACK") {
        retain.extend(failed.iter().map(String::as_str));
    }
    let id = stack.id.clone();
    realm.with(&id, |_, stack| {
        machine::delete(stack, &retain, token(params), cx);
        cx.effect = Some(format!("{} {}", stack.name, stack.status));
    });
    Ok(json!({}))
}

fn cancel_update(realm: &mut Realm, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let name = params.need("StackName")?;
    let stack = realm.stack(name).ok_or_else(|| AwsError::validation(format!("Stack [{name}] does not exist")))?;
    if stack.status != Status::UpdateInProgress {
        return Err(AwsError::validation("CancelUpdateStack cannot be called from current stack status"));
    }
    let id = stack.id.clone();
    realm.with(&id, |realm, stack| {
        if let (Some(op), Some(token)) = (&mut stack.operation, token(params)) {
            op.token = Some(token);
        }
        machine::cancel(realm, stack, cx);
        cx.effect = Some(format!("{} {}", stack.name, stack.status));
    });
    Ok(json!({}))
}

fn continue_rollback(realm: &mut Realm, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let name = params.need("StackName")?;
    let id = realm.stack_id(name).ok_or_else(|| AwsError::validation(format!("Stack [{name}] does not exist")))?;
    let skip = params.texts("ResourcesToSkip");
    let done = realm.with(&id, |_, stack| {
        rollback::resume(stack, &skip, token(params), cx)?;
        cx.effect = Some(format!("{} {}", stack.name, stack.status));
        Ok(())
    });
    done.unwrap_or(Ok(()))?;
    Ok(json!({}))
}

fn termination_protection(realm: &mut Realm, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let name = params.need("StackName")?;
    let id = realm.stack_id(name).ok_or_else(|| AwsError::validation(format!("Stack [{name}] does not exist")))?;
    realm.with(&id, |_, stack| {
        stack.protected = params.flag("EnableTerminationProtection");
        cx.effect = Some(format!("{} protected: {}", stack.name, stack.protected));
    });
    Ok(json!({ "StackId": id }))
}

/// What a call asks a stack to hold.
pub fn version(realm: &Realm, params: Params<'_>, stack: Option<&CfnStack>) -> Result<Version, AwsError> {
    let body = match (params.text("TemplateBody"), params.text("TemplateURL"), stack) {
        (Some(body), None, _) => body.to_owned(),
        (None, Some(url), _) => crate::sandbox::objects::at_url(realm, url)
            .ok_or_else(|| AwsError::validation("S3 error: The specified key does not exist."))?
            .to_owned(),
        (None, None, Some(stack)) if params.flag("UsePreviousTemplate") => stack.version.body.clone(),
        (Some(_), Some(_), _) => return Err(AwsError::validation("You must specify exactly one of TemplateBody or TemplateURL.")),
        (None, None, _) => return Err(AwsError::validation("Either Template URL or Template Body must be specified.")),
    };
    let template = Template::read(&body)?;
    let capabilities: Vec<String> = params.texts("Capabilities").into_iter().map(str::to_owned).collect();
    let missing: Vec<String> = template
        .capabilities()
        .into_iter()
        .filter(|needed| !capabilities.contains(needed) && !capabilities.iter().any(|given| given == "CAPABILITY_NAMED_IAM"))
        .collect();
    if !missing.is_empty() {
        return Err(AwsError::new("InsufficientCapabilitiesException", format!("Requires capabilities : [{}]", missing.join(", "))));
    }
    let before = stack.map(|stack| &stack.version);
    let parameters = parameters::settle(&template, params.list("Parameters"), before.map(|before| &before.parameters))?;
    let tags =
        if params.has("Tags") { diff::tags(params.list("Tags")) } else { before.map(|before| before.tags.clone()).unwrap_or_default() };
    let role = params.text("RoleARN").map(str::to_owned).or_else(|| before.and_then(|before| before.role.clone()));
    Ok(Version { body, parameters, capabilities, tags, role })
}

/// Refuses a stack that cannot be updated now.
pub fn updatable(stack: &CfnStack) -> Result<(), AwsError> {
    if stack.status.can_update() {
        return Ok(());
    }
    Err(AwsError::validation(format!("Stack:{} is in {} state and can not be updated.", stack.id, stack.status)))
}

/// A new stack's ARN.
pub fn stack_id(realm: &Realm, name: &str, cx: &mut Cx<'_>) -> String {
    let place = &realm.place;
    format!("arn:aws:cloudformation:{}:{}:stack/{name}/{}", place.region, place.account, cx.dice.uuid())
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
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
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
    Value::Array(version.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect())
}
