//! True differences between what a stack holds and what a version asks for, as `DescribeChangeSet`
//! shows them.
//!
//! A value that is known only when the change is made (it refers to a resource that is new or
//! replaced, or to an attribute of one that changes) counts as a dynamic change, as it does at AWS,
//! also where in the end nothing changes.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::parameters::without_hidden;
use super::resolve::{LATER, Scope};
use super::template::{Definition, Template, references};
use super::{All, CfnStack, Resource, Version, nested, scope, tasks};
use crate::sandbox::call::AwsError;
use crate::sandbox::values::text_of;

/// The differences.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// One entry for every resource that changes, as on the wire.
    pub changes: Vec<Value>,
    /// True when only outputs, tags or the role differ.
    pub beside: bool,
}

impl Difference {
    /// True when there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && !self.beside
    }
}

/// Compares. Refuses what AWS refuses before anything starts: unknown conditions, imports that do
/// not exist.
pub fn between(all: All<'_>, stack: &CfnStack, next: &Version) -> Result<Difference, AwsError> {
    let template = Template::read(&next.body)?;
    let old_template = Template::read(&stack.version.body).ok();
    let fresh: RefCell<BTreeSet<String>> = RefCell::new(BTreeSet::new());
    let mut touched = BTreeSet::new();
    let lookup = |logical: &str, attribute: Option<&str>| {
        if fresh.borrow().contains(logical) || !stack.resources.contains_key(logical) {
            return template.resource(logical).map(|_| LATER.to_owned());
        }
        scope::lookup(all, stack, logical, attribute)
    };
    scope::with(all, stack, &template, next, &lookup, |scope| {
        let included = scope::included(scope).map_err(AwsError::validation)?;
        let mut rows = BTreeMap::new();
        for logical in in_order(&template, &included) {
            let definition = Definition(
                template
                    .part("Resources")
                    .get(&logical)
                    .unwrap_or(&Value::Null),
            );
            let Some(old) = stack.resources.get(&logical) else {
                scope
                    .value(definition.properties())
                    .map_err(AwsError::validation)?;
                fresh.borrow_mut().insert(logical.clone());
                rows.insert(logical.clone(), added(&logical, definition));
                continue;
            };
            let old_raw = old_template
                .as_ref()
                .and_then(|template| template.resource(&logical))
                .map(Definition::properties);
            let side = Side {
                all,
                stack,
                scope,
                fresh: &fresh,
                touched: &touched,
                old,
                old_raw,
            };
            if let Some((row, is_fresh)) = side.modified(&logical, definition)? {
                if is_fresh {
                    fresh.borrow_mut().insert(logical.clone());
                }
                touched.insert(logical.clone());
                rows.insert(logical, row);
            }
        }
        for (logical, old) in stack
            .resources
            .iter()
            .filter(|(logical, _)| !included.contains(*logical))
        {
            let was = old_template
                .as_ref()
                .and_then(|template| template.resource(logical));
            rows.insert(logical.clone(), removed(logical, old, was));
        }
        let changes: Vec<Value> = rows
            .into_values()
            .map(|row| json!({"Type": "Resource", "ResourceChange": row}))
            .collect();
        let beside = next.tags != stack.version.tags
            || next.role != stack.version.role
            || outputs_differ(scope, stack);
        Ok(Difference { changes, beside })
    })
}

/// Why a property changes.
struct Source {
    kind: &'static str,
    cause: Option<String>,
    perhaps: bool,
}

/// One resource that exists, and what it is to be.
struct Side<'a> {
    all: All<'a>,
    stack: &'a CfnStack,
    scope: &'a Scope<'a>,
    fresh: &'a RefCell<BTreeSet<String>>,
    touched: &'a BTreeSet<String>,
    old: &'a Resource,
    old_raw: Option<&'a Value>,
}

impl Side<'_> {
    /// The change, and whether the resource gets, or may get, a new physical id.
    fn modified(
        &self,
        logical: &str,
        definition: Definition<'_>,
    ) -> Result<Option<(Value, bool)>, AwsError> {
        let new = self
            .scope
            .value(definition.properties())
            .map_err(AwsError::validation)?;
        let new = nested::embed(self.all, definition.kind(), new).map_err(AwsError::validation)?;
        let old = self.old;
        let kind = self.all.realm.catalog().kind(definition.kind());
        let mut names = tasks::changed(&old.properties, &new);
        names.extend(self.perhaps(definition));
        if names.is_empty() && old.kind == definition.kind() {
            return Ok(None);
        }
        let mut details = Vec::new();
        let mut replacement = if old.kind == definition.kind() {
            "False"
        } else {
            "True"
        };
        for name in names
            .iter()
            .filter(|name| *name != "TemplateBody" || definition.kind() != nested::KIND)
        {
            let replaces = kind.is_some_and(|kind| kind.replaces(name));
            let raw = definition.properties().get(name).unwrap_or(&Value::Null);
            let old_raw = self
                .old_raw
                .and_then(|raw| raw.get(name))
                .unwrap_or(&Value::Null);
            let source = self.source(raw, old_raw);
            replacement = match (replaces, source.perhaps, replacement) {
                (true, false, _) | (_, _, "True") => "True",
                (true, true, _) | (_, _, "Conditional") => "Conditional",
                _ => "False",
            };
            let mut told = detail(name, &source, replaces);
            let (before, after) = (old.properties.get(name), new.get(name));
            for (key, value) in [("BeforeValue", before), ("AfterValue", after)] {
                if let Some(value) = value.filter(|_| !source.perhaps) {
                    let values = [&self.stack.version.parameters, self.scope.parameters];
                    let text = without_hidden(self.scope.template, values, text_of(value));
                    told["Target"][key] = Value::String(text);
                }
            }
            details.push(told);
        }
        if details.is_empty() {
            details.push(json!({"Target": {"Attribute": "Properties"}, "Evaluation": "Dynamic", "ChangeSource": "Automatic"}));
        }
        let mut row = json!({
            "Action": "Modify",
            "LogicalResourceId": logical,
            "PhysicalResourceId": old.physical,
            "ResourceType": definition.kind(),
            "Replacement": replacement,
            "Scope": ["Properties"],
            "Details": details,
        });
        if replacement == "True" {
            row["PolicyAction"] = json!(match definition.policy("UpdateReplacePolicy") {
                Some("Retain") => "ReplaceAndRetain",
                Some("Snapshot") => "ReplaceAndSnapshot",
                _ => "ReplaceAndDelete",
            });
        }
        Ok(Some((row, replacement != "False")))
    }

    /// Properties that ask for an attribute of a resource that changes: CloudFormation cannot know
    /// whether the attribute will.
    fn perhaps(&self, definition: Definition<'_>) -> Vec<String> {
        let asks = |raw: &Value| {
            let mut asks = false;
            references(raw, &mut |logical, attribute| {
                asks |= attribute.is_some() && self.touched.contains(logical);
            });
            asks
        };
        let properties = definition.properties().as_object().into_iter().flatten();
        properties
            .filter(|(_, raw)| asks(raw))
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// Why a property changes: a parameter, the template itself, or else (then only perhaps) a
    /// resource that is new, replaced or changed.
    fn source(&self, raw: &Value, old_raw: &Value) -> Source {
        let mut parameter = None;
        let mut resource = None;
        references(raw, &mut |name, attribute| {
            let now = self.scope.parameters.get(name);
            match attribute {
                None if now.is_some() && self.stack.version.parameters.get(name) != now => {
                    parameter.get_or_insert(name.to_owned());
                }
                None if self.is_fresh(name) => {
                    resource.get_or_insert(("ResourceReference", name.to_owned()));
                }
                Some(attribute) if self.touched.contains(name) || self.is_fresh(name) => {
                    resource.get_or_insert(("ResourceAttribute", format!("{name}.{attribute}")));
                }
                _ => {}
            }
        });
        match (parameter, resource) {
            (Some(name), _) => Source {
                kind: "ParameterReference",
                cause: Some(name),
                perhaps: false,
            },
            (None, Some((kind, cause))) if raw == old_raw => Source {
                kind,
                cause: Some(cause),
                perhaps: true,
            },
            (None, _) => Source {
                kind: "DirectModification",
                cause: None,
                perhaps: false,
            },
        }
    }

    fn is_fresh(&self, logical: &str) -> bool {
        self.fresh.borrow().contains(logical)
    }
}

fn detail(name: &str, source: &Source, replaces: bool) -> Value {
    let mut detail = json!({
        "Target": {"Attribute": "Properties", "Name": name, "RequiresRecreation": if replaces { "Always" } else { "Never" }},
        "Evaluation": if source.perhaps { "Dynamic" } else { "Static" },
        "ChangeSource": source.kind,
    });
    if let Some(cause) = &source.cause {
        detail["CausingEntity"] = Value::String(cause.clone());
    }
    detail
}

fn added(logical: &str, definition: Definition<'_>) -> Value {
    json!({
        "Action": "Add",
        "LogicalResourceId": logical,
        "ResourceType": definition.kind(),
        "Scope": [],
        "Details": [],
    })
}

/// The policy is that of the template which the resource is still in.
fn removed(logical: &str, old: &Resource, was: Option<Definition<'_>>) -> Value {
    let policy = match was.map_or("Delete", Definition::deletion) {
        "Snapshot" => "Snapshot",
        "Retain" | "RetainExceptOnCreate" => "Retain",
        _ => "Delete",
    };
    json!({
        "Action": "Remove",
        "PolicyAction": policy,
        "LogicalResourceId": logical,
        "PhysicalResourceId": old.physical,
        "ResourceType": old.kind,
        "Scope": [],
        "Details": [],
    })
}

fn outputs_differ(scope: &Scope<'_>, stack: &CfnStack) -> bool {
    scope::outputs_in(scope).is_ok_and(|outputs| {
        let plain = |outputs: &[super::Output]| {
            outputs
                .iter()
                .map(|one| (one.key.clone(), one.value.clone(), one.export.clone()))
                .collect::<Vec<_>>()
        };
        plain(&outputs) != plain(&stack.outputs)
    })
}

/// What others need comes first.
fn in_order(template: &Template, included: &BTreeSet<String>) -> Vec<String> {
    let mut order: Vec<String> = Vec::new();
    while order.len() < included.len() {
        let ready = included.iter().find(|name| {
            !order.contains(name)
                && template
                    .needs(name)
                    .iter()
                    .all(|need| order.contains(need) || !included.contains(need))
        });
        match ready {
            Some(name) => order.push(name.clone()),
            None => break,
        }
    }
    order
}

/// The names of tags given as a list of `{Key, Value}`.
#[must_use]
pub fn tags(list: &[Value]) -> BTreeMap<String, String> {
    let pair = |tag: &Value| {
        Some((
            tag.get("Key")?.as_str()?.to_owned(),
            text_of(tag.get("Value").unwrap_or(&Value::Null)),
        ))
    };
    list.iter().filter_map(pair).collect()
}
