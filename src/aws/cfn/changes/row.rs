//! The rows of a change set: what is done to each resource, and from what to what its properties
//! change.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudformation::types::{
    ChangeAction, Parameter, PolicyAction, Replacement, ResourceChange, ResourceChangeDetail,
};
use serde_json::{Value, json};

use crate::domain::digest::Digest;
use crate::domain::plan::{ChangeRow, Does, Fate, Shown};
use crate::forms::cloudformation::COUNT;
use crate::text::safe::Safe;
use crate::text::secret;

/// What CloudFormation shows in place of the value of a parameter that it does not show.
const NO_ECHO: &str = "****";

/// The parameters whose values CloudFormation does not show.
pub(super) fn hidden(parameters: &[Parameter]) -> BTreeSet<&str> {
    let hidden = parameters
        .iter()
        .filter(|one| one.parameter_value() == Some(NO_ECHO));
    hidden.filter_map(Parameter::parameter_key).collect()
}

/// From what to what each property changes, as a person reads it; nothing of one that a hidden
/// parameter changes.
fn shown(details: &[ResourceChangeDetail], hidden: &BTreeSet<&str>) -> Vec<Shown> {
    let mut told: BTreeMap<(String, &str), (Value, Value)> = BTreeMap::new();
    let mut never = BTreeSet::new();
    for detail in details {
        let Some(target) = detail.target() else {
            continue;
        };
        let Some(name) = target.name() else { continue };
        let cause = detail.causing_entity().unwrap_or_default();
        if hidden.contains(cause) || secret::is_name(cause) {
            never.insert(name);
        }
        let (before, after) = (target.before_value(), target.after_value());
        if before.is_some() || after.is_some() {
            let within = target
                .path()
                .and_then(|path| path.strip_prefix("/Properties/"));
            let path = within.unwrap_or(name).replace('/', ".");
            told.insert((path, name), (json!(before), json!(after)));
        }
    }
    let told = told
        .into_iter()
        .filter(|((_, name), _)| !never.contains(name));
    told.flat_map(|((path, _), (before, after))| Shown::between(&path, &before, &after))
        .collect()
}

/// One row, with the nested stack before the logical id.
pub(super) fn row(change: &ResourceChange, below: &str, hidden: &BTreeSet<&str>) -> ChangeRow {
    let text = |text: Option<&str>| Safe::new(text.unwrap_or_default()).to_string();
    let sorted = |all: BTreeSet<String>| all.into_iter().collect::<Vec<_>>();
    ChangeRow {
        logical: format!("{below}{}", text(change.logical_resource_id())),
        kind: text(change.resource_type()),
        does: does(change.action(), change.replacement()),
        fate: fate(change.policy_action()),
        scope: sorted(
            change
                .scope()
                .iter()
                .map(|scope| text(Some(scope.as_str())))
                .collect(),
        ),
        properties: sorted(
            change
                .details()
                .iter()
                .filter_map(|detail| detail.target()?.name())
                .map(|name| text(Some(name)))
                .collect(),
        ),
        values: values(change.details()),
        shown: shown(change.details(), hidden),
        counted: counted(change.details()),
        group: String::new(),
    }
}

/// From what to what each property changes, by digest; one property may be told in several parts.
fn values(details: &[ResourceChangeDetail]) -> BTreeMap<String, Digest> {
    let mut told: BTreeMap<String, BTreeSet<[&str; 3]>> = BTreeMap::new();
    for target in details.iter().filter_map(ResourceChangeDetail::target) {
        let Some(name) = target.name() else { continue };
        let (before, after) = (target.before_value(), target.after_value());
        if before.is_some() || after.is_some() {
            let part = [target.path(), before, after].map(Option::unwrap_or_default);
            told.entry(Safe::new(name).to_string())
                .or_default()
                .insert(part);
        }
    }
    told.into_iter()
        .map(|(name, parts)| (name, Digest::of("holdpoint/values/1", &json!(parts))))
        .collect()
}

/// The properties that nothing but a count of tasks changes.
fn counted(details: &[ResourceChangeDetail]) -> Vec<String> {
    let mut counts: BTreeMap<String, bool> = BTreeMap::new();
    for detail in details {
        if let Some(name) = detail.target().and_then(|target| target.name()) {
            let counts_it = detail
                .causing_entity()
                .is_some_and(|cause| cause.starts_with(COUNT));
            *counts.entry(Safe::new(name).to_string()).or_insert(true) &= counts_it;
        }
    }
    counts
        .into_iter()
        .filter_map(|(name, alone)| alone.then_some(name))
        .collect()
}

/// A change of which CloudFormation does not say whether it replaces counts as one that may.
fn does(action: Option<&ChangeAction>, replacement: Option<&Replacement>) -> Does {
    match (action, replacement) {
        (Some(ChangeAction::Add), _) => Does::Add,
        (Some(ChangeAction::Import), _) => Does::Import,
        (Some(ChangeAction::Remove), _) => Does::Remove,
        (Some(ChangeAction::Modify), Some(Replacement::True)) => Does::Replace,
        (Some(ChangeAction::Modify), Some(Replacement::False)) => Does::Change,
        (Some(ChangeAction::Modify), _) => Does::MayReplace,
        _ => Does::Unclear,
    }
}

/// What becomes of what is there; where CloudFormation does not say it, it goes.
fn fate(action: Option<&PolicyAction>) -> Fate {
    match action {
        Some(PolicyAction::Retain | PolicyAction::ReplaceAndRetain) => Fate::Stays,
        Some(PolicyAction::Snapshot | PolicyAction::ReplaceAndSnapshot) => Fate::Saved,
        _ => Fate::Goes,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::{
        ResourceAttribute, ResourceChangeDetail, ResourceTargetDefinition,
    };

    use super::*;

    #[test]
    fn rows_are_sorted_within() {
        let target = |name: &str| {
            ResourceChangeDetail::builder()
                .target(ResourceTargetDefinition::builder().name(name).build())
                .build()
        };
        let change = ResourceChange::builder()
            .logical_resource_id("Database")
            .resource_type("AWS::RDS::DBInstance")
            .action(ChangeAction::Modify)
            .replacement(Replacement::Conditional)
            .scope(ResourceAttribute::Tags)
            .scope(ResourceAttribute::Properties)
            .details(target("StorageType"))
            .details(target("Engine"))
            .details(target("Engine"))
            .build();
        let row = row(&change, "Data/", &BTreeSet::new());
        assert_eq!(row.logical, "Data/Database");
        assert_eq!(row.does, Does::MayReplace);
        assert_eq!(
            does(Some(&ChangeAction::Modify), None),
            Does::MayReplace,
            "what is not said is not taken for harmless"
        );
        assert_eq!(
            does(Some(&ChangeAction::Modify), Some(&Replacement::False)),
            Does::Change
        );
        assert_eq!(does(Some(&ChangeAction::Dynamic), None), Does::Unclear);
        assert_eq!(row.scope, ["Properties", "Tags"]);
        assert_eq!(row.properties, ["Engine", "StorageType"]);
        assert!(row.destroys());
    }

    /// Two changes of one property differ by their values, and no secret is kept.
    #[test]
    fn values_are_told_by_digest_and_counts_apart() {
        let detail = |name: &str, to: &str, cause: &str| {
            let target = ResourceTargetDefinition::builder().name(name);
            ResourceChangeDetail::builder()
                .target(target.before_value("20").after_value(to).build())
                .causing_entity(cause)
                .build()
        };
        let of = |to: &str| {
            let change = ResourceChange::builder()
                .logical_resource_id("Db")
                .details(detail("Password", to, "Size"))
                .details(detail("Label", to, "Hidden"))
                .details(detail("Size", "30", "Size"))
                .details(detail("Tasks", "4", "DesiredCount"))
                .details(detail("Both", "4", "DesiredCount"))
                .details(detail("Both", "4", "Size"));
            row(&change.build(), "", &["Hidden"].into())
        };
        let one = of("hunter2");
        assert_eq!(one, of("hunter2"));
        assert_ne!(one.values["Password"], of("30").values["Password"]);
        assert_eq!(one.values["Tasks"], of("30").values["Tasks"]);
        assert_eq!(one.counted, ["Tasks"]);
        let shown: Vec<String> = one.shown.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "Both: 20 -> 4",
                "Password: *** -> ***",
                "Size: 20 -> 30",
                "Tasks: 20 -> 4"
            ]
        );
        assert_eq!(one.untold(), ["Label"]);
        assert!(!serde_json::to_string(&one).unwrap().contains("hunter2"));
    }
}
