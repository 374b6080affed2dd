//! What the values of one stack may refer to: its parameters, its resources, exports of other
//! stacks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::resolve::{Lookup, Scope};
use super::template::{Definition, Template};
use super::{All, CfnStack, Output, Version};
use crate::sandbox::catalog;
use crate::sandbox::realm::Site;
use crate::sandbox::values::text_of;

/// Works with the scope of a stack; `resources` says what other resources give.
pub fn with<T>(
    all: All<'_>,
    stack: &CfnStack,
    template: &Template,
    version: &Version,
    resources: Lookup<'_>,
    work: impl FnOnce(&Scope<'_>) -> T,
) -> T {
    let pseudo = pseudo(all.realm.place, stack);
    work(&Scope {
        template,
        parameters: &version.parameters,
        pseudo: &pseudo,
        resources,
        exports: &|name| export(all, name),
    })
}

/// What `Ref` and `Fn::GetAtt` give for a resource that exists.
#[must_use]
pub fn lookup(
    all: All<'_>,
    stack: &CfnStack,
    logical: &str,
    attribute: Option<&str>,
) -> Option<String> {
    let row = stack
        .resources
        .get(logical)
        .filter(|row| !row.physical.is_empty())?;
    let Some(attribute) = attribute else {
        return Some(row.physical.clone());
    };
    if let Some(output) = attribute.strip_prefix("Outputs.") {
        let child = all.own.stack(&row.physical)?;
        return child
            .outputs
            .iter()
            .find(|one| one.key == output)
            .map(|one| one.value.clone());
    }
    let pattern = all
        .realm
        .catalog()
        .kind(&row.kind)?
        .attributes
        .get(attribute)?;
    let place = all.realm.place;
    let values = [
        ("id", row.physical.as_str()),
        ("name", row.name.as_str()),
        ("account", &place.account),
        ("region", &place.region),
    ];
    Some(catalog::fill(pattern, &values))
}

/// The logical ids whose conditions hold.
pub fn included(scope: &Scope<'_>) -> Result<BTreeSet<String>, String> {
    let mut included = BTreeSet::new();
    for (logical, raw) in scope.template.part("Resources") {
        let holds = Definition(raw)
            .condition()
            .map_or(Ok(true), |name| scope.condition(name))?;
        if holds {
            included.insert(logical.clone());
        }
    }
    Ok(included)
}

/// The outputs of a stack whose resources are all there.
pub fn outputs(all: All<'_>, stack: &CfnStack) -> Result<Vec<Output>, String> {
    let template = Template::read(&stack.version.body).map_err(|error| error.message)?;
    with(
        all,
        stack,
        &template,
        &stack.version,
        &|logical, attribute| lookup(all, stack, logical, attribute),
        outputs_in,
    )
}

/// The outputs as this scope resolves them.
pub fn outputs_in(scope: &Scope<'_>) -> Result<Vec<Output>, String> {
    let mut outputs = Vec::new();
    for (key, raw) in scope.template.part("Outputs") {
        if let Some(condition) = raw.get("Condition").and_then(Value::as_str)
            && !scope.condition(condition)?
        {
            continue;
        }
        let export = raw
            .get("Export")
            .and_then(|export| export.get("Name"))
            .map(|name| scope.text(name))
            .transpose()?;
        outputs.push(Output {
            key: key.clone(),
            value: text_of(&scope.value(raw.get("Value").unwrap_or(&Value::Null))?),
            description: raw
                .get("Description")
                .and_then(Value::as_str)
                .map(str::to_owned),
            export,
        });
    }
    Ok(outputs)
}

/// The value of an export.
#[must_use]
pub fn export(all: All<'_>, name: &str) -> Option<String> {
    let outputs = all
        .own
        .stacks
        .values()
        .filter(|stack| stack.deleted.is_none())
        .flat_map(|stack| &stack.outputs);
    outputs
        .filter(|output| output.export.as_deref() == Some(name))
        .map(|output| output.value.clone())
        .next()
}

/// The stacks whose templates import a name; `except` is not looked at.
#[must_use]
pub fn importers(all: All<'_>, name: &str, except: &str) -> Vec<String> {
    let stacks = all
        .own
        .stacks
        .values()
        .filter(|stack| stack.id != except && stack.deleted.is_none());
    stacks
        .filter(|stack| imports(all, stack).contains(name))
        .map(|stack| stack.name.clone())
        .collect()
}

fn imports(all: All<'_>, stack: &CfnStack) -> BTreeSet<String> {
    let Ok(template) = Template::read(&stack.version.body) else {
        return BTreeSet::new();
    };
    let mut names = BTreeSet::new();
    with(
        all,
        stack,
        &template,
        &stack.version,
        &|logical, attribute| lookup(all, stack, logical, attribute),
        |scope| {
            for raw in template
                .part("Resources")
                .values()
                .chain(template.part("Outputs").values())
            {
                collect_imports(raw, scope, &mut names);
            }
        },
    );
    names
}

fn collect_imports(raw: &Value, scope: &Scope<'_>, names: &mut BTreeSet<String>) {
    match raw {
        Value::Array(items) => items
            .iter()
            .for_each(|item| collect_imports(item, scope, names)),
        Value::Object(fields) => {
            for (name, inner) in fields {
                if name == "Fn::ImportValue" {
                    names.extend(scope.text(inner).ok());
                } else {
                    collect_imports(inner, scope, names);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn pseudo(place: &Site, stack: &CfnStack) -> BTreeMap<String, String> {
    [
        ("AWS::AccountId", place.account.as_str()),
        ("AWS::Region", &place.region),
        ("AWS::StackName", &stack.name),
        ("AWS::StackId", &stack.id),
        ("AWS::Partition", "aws"),
        ("AWS::URLSuffix", "amazonaws.com"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}
