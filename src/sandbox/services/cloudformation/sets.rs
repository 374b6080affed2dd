//! Change sets: made, described, executed, deleted. Executing one deletes all others of its stack,
//! as AWS does.

use serde_json::{Value, json};

use super::api::{self, shown_tags, token};
use super::service::Token;
use super::template::Template;
use super::{
    CfnStack, ChangeSet, CloudFormation, Status, Version, diff, imports, machine, parameters,
};
use crate::domain::time::Time;
use crate::sandbox::call::{Answer, AwsError, Params};
use crate::sandbox::realm::Cx;

const NOTHING: &str = "The submitted information didn't contain changes. Submit different information to create a change set.";

/// How long CloudFormation computes.
const SECONDS: f64 = 2.0;

/// `CreateChangeSet`.
pub fn create(own: &mut CloudFormation, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let name = params.need("ChangeSetName")?;
    api::checked_name(name).map_err(|error| {
        AwsError::validation(error.message.replace("stackName", "changeSetName"))
    })?;
    let id = stack_for(own, cx, params)?;
    let stack = own
        .stack(&id)
        .ok_or_else(|| AwsError::validation(format!("Stack [{id}] does not exist")))?;
    let token = params.text("ClientToken").map(str::to_owned);
    if let Some(made) = token.as_ref().and_then(|token| own.tokens.get(token))
        && made.of == made_for(&stack.id, name)
    {
        return Ok(made.answer.clone());
    }
    if let Some(set) = stack.change_sets.get(name) {
        if token.is_some() && set.token == token {
            return Ok(json!({ "Id": set.id, "StackId": stack.id }));
        }
        return Err(AwsError::new(
            "AlreadyExistsException",
            format!("ChangeSet {name} already exists"),
        ));
    }
    let creates = stack.status == Status::ReviewInProgress;
    let next = api::version(own.all(cx), params, Some(stack).filter(|_| !creates))?;
    let imports = imports::asked(params, &next.body)?;
    let difference = diff::between(own.all(cx), stack, &next)?;
    let place = &cx.place;
    let mut set = ChangeSet {
        id: format!(
            "arn:aws:cloudformation:{}:{}:changeSet/{name}/{}",
            place.region,
            place.account,
            cx.dice.uuid()
        ),
        name: name.to_owned(),
        description: params.text("Description").map(str::to_owned),
        created: cx.now,
        ready: cx.after(SECONDS),
        creates,
        imports,
        next,
        failed: difference.is_empty().then(|| NOTHING.to_owned()),
        changes: difference.changes,
        token,
    };
    if !set.imports.is_empty() {
        set.changes = imports::rows(&set.imports, &set.next.body);
        set.failed = imports::barred(own, cx, &set);
    }
    let answer = json!({ "Id": set.id, "StackId": stack.id });
    cx.effect = Some(format!("{} change set {name}", stack.name));
    own.with(&id, |_, stack| {
        stack.change_sets.insert(name.to_owned(), set)
    });
    Ok(answer)
}

/// The stack a change set is for; `CREATE` makes one in review, if all else is in order.
fn stack_for(
    own: &mut CloudFormation,
    cx: &mut Cx<'_>,
    params: Params<'_>,
) -> Result<String, AwsError> {
    let name = params.need("StackName")?;
    let found = own.stack(name).filter(|stack| stack.deleted.is_none());
    let creates = matches!(params.text("ChangeSetType"), Some("CREATE" | "IMPORT"));
    match found {
        Some(stack) if creates && stack.status == Status::ReviewInProgress => Ok(stack.id.clone()),
        Some(stack) if creates => Err(AwsError::validation(format!(
            "Stack [{}] already exists and cannot be created again with the changeSet [{}].",
            stack.name,
            params.text("ChangeSetName").unwrap_or("")
        ))),
        Some(stack) => api::updatable(stack).map(|()| stack.id.clone()),
        None if creates => {
            let name = api::checked_name(name)?;
            let next = api::version(own.all(cx), params, None)?;
            imports::asked(params, &next.body)?;
            let mut stack =
                CfnStack::new(&api::stack_id(name, cx), name, Version::default(), cx.now);
            diff::between(
                own.all(cx),
                &stack,
                &api::version(own.all(cx), params, None)?,
            )?;
            stack.turn(cx, Status::ReviewInProgress, Some("User Initiated"));
            cx.effect = Some(format!("{name} {}", stack.status));
            let id = stack.id.clone();
            own.stacks.insert(id.clone(), stack);
            Ok(id)
        }
        None => Err(AwsError::validation(format!(
            "Stack [{name}] does not exist"
        ))),
    }
}

/// `DescribeChangeSet`.
pub fn describe(own: &mut CloudFormation, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let (stack, set) = find(own, params)?;
    let (status, execution) = states(set, cx.now);
    let first = params
        .text("NextToken")
        .and_then(|token| token.parse::<usize>().ok())
        .unwrap_or(0);
    let page: Vec<Value> = set
        .changes
        .iter()
        .skip(first)
        .take(100)
        .filter(|_| status == "CREATE_COMPLETE")
        .map(|change| told(change, params.flag("IncludePropertyValues")))
        .collect();
    let next = (first + 100 < set.changes.len()).then(|| (first + 100).to_string());
    let shown = Template::read(&set.next.body).map_or(Value::Null, |template| {
        parameters::shown(&template, &set.next.parameters)
    });
    Ok(json!({
        "ChangeSetName": set.name,
        "ChangeSetId": set.id,
        "StackId": stack.id,
        "StackName": stack.name,
        "Description": set.description,
        "Parameters": shown,
        "CreationTime": set.created.text("%Y-%m-%dT%H:%M:%S%.3fZ"),
        "ExecutionStatus": execution,
        "Status": status,
        "StatusReason": set.failed.as_ref().filter(|_| status == "FAILED"),
        "Capabilities": set.next.capabilities,
        "Tags": shown_tags(&set.next),
        "Changes": page,
        "NextToken": next,
        "IncludeNestedStacks": false,
    }))
}

/// A change as it is told: with the values of its properties only where they are asked for.
fn told(change: &Value, with_values: bool) -> Value {
    let mut change = change.clone();
    let details = change["ResourceChange"]["Details"].as_array_mut();
    for target in details
        .into_iter()
        .flatten()
        .filter(|_| !with_values)
        .filter_map(|detail| detail["Target"].as_object_mut())
    {
        target.remove("BeforeValue");
        target.remove("AfterValue");
    }
    change
}

/// `ExecuteChangeSet`.
pub fn execute(own: &mut CloudFormation, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let (stack, set) = find(own, params)?;
    let (status, execution) = states(set, cx.now);
    if execution != "AVAILABLE" {
        return Err(AwsError::new(
            "InvalidChangeSetStatus",
            format!(
                "ChangeSet [{}] cannot be executed in its current status of [{status}]",
                set.id
            ),
        ));
    }
    if !set.creates {
        api::updatable(stack)?;
    }
    let (id, next, creates) = (stack.id.clone(), set.next.clone(), set.creates);
    let taken = set.imports.clone();
    let made = set.token.clone().map(|token| {
        let of = made_for(&id, &set.name);
        let answer = json!({ "Id": set.id, "StackId": id });
        (token, Token { of, answer })
    });
    if !creates {
        api::start_update(own, &id, next, token(params), cx)?;
        own.tokens.extend(made);
        return Ok(json!({}));
    }
    let started = own.with(&id, |own, stack| {
        stack.version = next;
        stack.change_sets.clear();
        let begun = if taken.is_empty() {
            machine::create(own, stack, token(params), cx)
        } else {
            imports::start(own, stack, &taken, token(params), cx)
        };
        begun.map_err(AwsError::validation)?;
        cx.effect = Some(format!("{} {}", stack.name, stack.status));
        Ok(())
    });
    started.unwrap_or(Ok(()))?;
    own.tokens.extend(made);
    Ok(json!({}))
}

/// What the token of a change set was used for. It outlives the execution, so that a retry which
/// comes late makes no second change set beside the one that was executed.
fn made_for(stack_id: &str, name: &str) -> String {
    format!("CreateChangeSet {stack_id} {name}")
}

/// `DeleteChangeSet`. One that does not exist is no error, as long as its stack does.
pub fn delete(own: &mut CloudFormation, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let Ok((stack, set)) = find(own, params) else {
        let name = params.text("StackName").unwrap_or("");
        if name.is_empty() || own.stack(name).is_some() {
            return Ok(json!({}));
        }
        return Err(AwsError::validation(format!(
            "Stack [{name}] does not exist"
        )));
    };
    let (id, name) = (stack.id.clone(), set.name.clone());
    own.with(&id, |_, stack| {
        stack.change_sets.remove(&name);
        cx.effect = Some(format!("{} change set {name} deleted", stack.name));
    });
    Ok(json!({}))
}

/// `ListChangeSets`.
pub fn list(own: &mut CloudFormation, cx: &mut Cx<'_>, params: Params<'_>) -> Answer {
    let name = params.need("StackName")?;
    let stack = own
        .stack(name)
        .ok_or_else(|| AwsError::validation(format!("Stack [{name}] does not exist")))?;
    let rows = stack.change_sets.values().map(|set| {
        let (status, execution) = states(set, cx.now);
        json!({
            "StackId": stack.id, "StackName": stack.name, "ChangeSetId": set.id, "ChangeSetName": set.name,
            "ExecutionStatus": execution, "Status": status,
            "StatusReason": set.failed.as_ref().filter(|_| status == "FAILED"),
            "CreationTime": set.created.text("%Y-%m-%dT%H:%M:%S%.3fZ"), "Description": set.description,
        })
    });
    Ok(json!({ "Summaries": rows.collect::<Vec<_>>() }))
}

fn states(set: &ChangeSet, now: Time) -> (&'static str, &'static str) {
    match (now >= set.ready, &set.failed) {
        (false, _) => ("CREATE_IN_PROGRESS", "UNAVAILABLE"),
        (true, Some(_)) => ("FAILED", "UNAVAILABLE"),
        (true, None) => ("CREATE_COMPLETE", "AVAILABLE"),
    }
}

/// A change set by name and stack, or by its ARN alone.
fn find<'a>(
    own: &'a CloudFormation,
    params: Params<'_>,
) -> Result<(&'a CfnStack, &'a ChangeSet), AwsError> {
    let name = params.need("ChangeSetName")?;
    let gone = || AwsError {
        code: "ChangeSetNotFound".to_owned(),
        message: format!("ChangeSet [{name}] does not exist"),
        status: 404,
    };
    let in_stack = |stack: &'a CfnStack| {
        let set = stack
            .change_sets
            .values()
            .find(|set| set.name == name || set.id == name)?;
        Some((stack, set))
    };
    match params.text("StackName") {
        Some(stack) => {
            let stack = own
                .stack(stack)
                .ok_or_else(|| AwsError::validation(format!("Stack [{stack}] does not exist")))?;
            in_stack(stack).ok_or_else(gone)
        }
        None if name.starts_with("arn:") => own.stacks.values().find_map(in_stack).ok_or_else(gone),
        None => Err(AwsError::validation(
            "StackName must be specified if ChangeSetName is not specified as an ARN.",
        )),
    }
}
