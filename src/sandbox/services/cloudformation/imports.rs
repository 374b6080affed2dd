//! A new stack of what is there: what a change set of the type `IMPORT` takes, and how that goes. Into a
//! stack that is there nothing is imported here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::template::{Definition, Template};
use super::{
    Act, CfnStack, CloudFormation, OperationKind, Resource, State, Status, Task, machine, scope,
};
use crate::sandbox::call::{AwsError, Params};
use crate::sandbox::door::Thing;
use crate::sandbox::realm::Cx;

/// Physical ids by logical id of what a call asks to take; none where it asks for another type of change
/// set. Refuses what AWS refuses before anything is computed.
pub fn asked(params: Params<'_>, body: &str) -> Result<BTreeMap<String, String>, AwsError> {
    if params.text("ChangeSetType") != Some("IMPORT") {
        return Ok(BTreeMap::new());
    }
    let template = Template::read(body)?;
    let refused = |says: String| Err(AwsError::validation(says));
    let mut taken = BTreeMap::new();
    for one in params.list("ResourcesToImport") {
        let text = |key: &str| one[key].as_str().unwrap_or_default();
        let (logical, kind) = (text("LogicalResourceId"), text("ResourceType"));
        let Some(definition) = template.resource(logical) else {
            return refused(format!(
                "The logical resource ids [{logical}] provided in ResourceToImport do not exist in the template."
            ));
        };
        if definition.kind() != kind {
            return refused(format!(
                "Resource type of [{logical}] passed in ResourceToImport does not match with resource type defined in the template. Resource type in ResourceToImport: {kind}; Resource type in Template: {}.",
                definition.kind()
            ));
        }
        let entries = one["ResourceIdentifier"]["entry"].as_array();
        let value = entries.and_then(|all| all.first()?["value"].as_str());
        let Some(value) = value else {
            return refused(format!(
                "Invalid resource identifier for resource type {kind}."
            ));
        };
        taken.insert(logical.to_owned(), value.to_owned());
    }
    if taken.is_empty() {
        return refused(
            "The template should contain at least one new resource to import.".to_owned(),
        );
    }
    let all = template.part("Resources").keys().map(String::as_str);
    let others: Vec<&str> = all.filter(|one| !taken.contains_key(*one)).collect();
    if !others.is_empty() {
        return refused(format!(
            "Resources [{}] is missing from ResourceToImport list",
            others.join(", ")
        ));
    }
    let policy = |one: &str| template.resource(one)?.policy("DeletionPolicy");
    let open: Vec<&str> = taken
        .keys()
        .map(String::as_str)
        .filter(|one| policy(one).is_none())
        .collect();
    if !open.is_empty() {
        return refused(format!(
            "The following resources to import [{}] must have DeletionPolicy attribute specified in the template.",
            open.join(", ")
        ));
    }
    let outputs = !template.part("Outputs").is_empty();
    for (what, is) in [
        ("Outputs", outputs),
        ("Tags", !params.list("Tags").is_empty()),
    ] {
        if is {
            return refused(format!(
                "As part of the import operation, you cannot modify or add [{what}]"
            ));
        }
    }
    Ok(taken)
}

/// Why these cannot be taken: what is not there, or is of another stack.
pub fn barred(own: &CloudFormation, cx: &Cx<'_>, set: &super::ChangeSet) -> Option<String> {
    let template = Template::read(&set.next.body).ok()?;
    for (logical, physical) in &set.imports {
        let kind = template.resource(logical).map_or("", Definition::kind);
        let thing = Thing {
            kind,
            physical,
            name: physical,
            properties: &Value::Null,
        };
        if !cx.realm().stands(&thing) {
            return Some(format!(
                "Resource of type '{kind}' with identifier '{physical}' was not found."
            ));
        }
        let owner = own.stacks.values().find(|stack| {
            let mut rows = stack.resources.values();
            stack.deleted.is_none() && rows.any(|row| row.kind == kind && row.physical == *physical)
        });
        if let Some(owner) = owner {
            return Some(format!(
                "Resource [{logical}] with identifier [{physical}] already belongs to stack [{}].",
                owner.id
            ));
        }
    }
    None
}

/// What a change set shows of them.
pub fn rows(imports: &BTreeMap<String, String>, body: &str) -> Vec<Value> {
    let template = Template::read(body).ok();
    let kind = |logical: &str| {
        let definition = template.as_ref()?.resource(logical)?;
        Some(definition.kind().to_owned())
    };
    let row = |(logical, physical): (&String, &String)| {
        json!({ "Type": "Resource", "ResourceChange": {
            "Action": "Import",
            "LogicalResourceId": logical,
            "PhysicalResourceId": physical,
            "ResourceType": kind(logical),
            "Scope": [],
            "Details": [],
        } })
    };
    imports.iter().map(row).collect()
}

/// A stack begins to take them.
pub fn start(
    own: &CloudFormation,
    stack: &mut CfnStack,
    imports: &BTreeMap<String, String>,
    token: Option<String>,
    cx: &mut Cx<'_>,
) -> Result<(), String> {
    let template = Template::read(&stack.version.body).map_err(|error| error.message)?;
    let mut tasks = BTreeMap::new();
    for (logical, physical) in imports {
        let all = own.all(cx);
        let Some(definition) = template.resource(logical) else {
            continue;
        };
        let properties = scope::with(
            all,
            stack,
            &template,
            &stack.version,
            &|_, _| None,
            |scope| scope.value(definition.properties()),
        )?;
        let kind = all.realm.catalog().kind(definition.kind());
        let name = kind.and_then(|kind| properties.get(kind.name.as_deref()?)?.as_str());
        let row = Resource {
            kind: definition.kind().to_owned(),
            physical: physical.clone(),
            name: name.unwrap_or(physical).to_owned(),
            status: String::new(),
            reason: None,
            at: cx.now,
            properties,
        };
        let task = Task {
            act: Act::Import,
            kind: row.kind.clone(),
            needs: BTreeSet::new(),
            state: State::Waiting,
            row: Some(row),
        };
        tasks.insert(logical.clone(), task);
    }
    let mut op = machine::operation(OperationKind::Import, token, cx);
    op.tasks = tasks;
    stack.operation = Some(op);
    stack.turn(cx, Status::ImportInProgress, Some("User Initiated"));
    Ok(())
}
