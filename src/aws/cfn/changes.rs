//! Change sets: made under our own names, described as rows, deleted. Executing one is not done
//! here.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudformation::types::{
    ChangeAction, PolicyAction, Replacement, ResourceChange, ResourceChangeDetail,
};

use super::input::Given;
use super::stack::is_missing;
use crate::aws::clients::Cloud;
use crate::aws::trouble::Trouble;
use crate::domain::digest::Digest;
use crate::domain::plan::{ChangeRow, Does, Fate};
use crate::forms::cloudformation::{COUNT, change_set_prefix};
use crate::text::safe::Safe;

/// How deep nested change sets are followed.
const DEEPEST: usize = 6;

/// A change set as described.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChangeSet {
    /// Its ARN.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `CREATE_COMPLETE`, `FAILED` …
    pub status: String,
    /// Why.
    pub reason: Safe,
    /// `AVAILABLE`, `EXECUTE_COMPLETE` …
    pub execution: String,
    /// What would change, sorted.
    pub rows: Vec<ChangeRow>,
}

impl ChangeSet {
    /// True while CloudFormation still works it out.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.status.ends_with("_IN_PROGRESS") || self.status.ends_with("_PENDING")
    }

    /// True when there is nothing to change: CloudFormation calls that a failure. No rows alone are
    /// not enough: outputs and tags may change without any resource.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let reason = self.reason.as_str();
        let told = reason.contains("didn't contain changes")
            || reason.contains("No updates are to be performed");
        self.status == "FAILED" && told
    }
}

/// The name of a change set of a step: unique in its store, because the deployment's number is.
#[must_use]
pub fn step_name(store: &str, no: u64, step: &str, attempt: u32) -> String {
    plain(&format!(
        "{}{no}-{step}-{attempt}",
        change_set_prefix(store)
    ))
}

/// The name of a change set of a preview: the ask and the stack, since one ask may look at several.
#[must_use]
pub fn preview_name(store: &str, ask: &str, stack_name: &str) -> String {
    let stack = crate::domain::digest::Digest::of_bytes(stack_name.as_bytes()).short();
    plain(&format!("{}{ask}-{stack}", preview_prefix(store)))
}

/// How the names of all previews of a store begin.
#[must_use]
pub fn preview_prefix(store: &str) -> String {
    format!("{}p-", change_set_prefix(store))
}

/// A name that CloudFormation takes: letters, digits and dashes, 128 at most.
fn plain(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(128)
        .collect()
}

impl Cloud {
    /// Makes a change set for an update, or for a new stack of what is there; the same token again makes no second one. Gives its ARN.
    pub async fn make_change_set(
        &self,
        given: &Given,
        name: &str,
        token: &str,
    ) -> Result<String, Trouble> {
        let stack = &given.stack_name;
        let made = self.call("cloudformation:CreateChangeSet", stack, || {
            let call = self
                .cfn
                .create_change_set()
                .stack_name(stack)
                .change_set_name(name)
                .change_set_type(given.change_set_type())
                .set_resources_to_import(given.imports())
                .set_template_body(given.body())
                .set_template_url(given.url())
                .set_parameters(Some(given.parameters.clone()))
                .set_capabilities(Some(given.capabilities.clone()))
                .set_tags(Some(given.tags.clone()))
                .set_role_arn(given.role_arn.clone())
                .client_token(token);
            // Only where it means something: not every cloud knows it.
            if given.nests() {
                call.include_nested_stacks(true).send()
            } else {
                call.send()
            }
        });
        match made.await {
            Ok(answer) => Ok(answer.id().unwrap_or_default().to_owned()),
            // Its name is ours alone, so it is the one of an earlier call whose answer was lost.
            Err(trouble) if trouble.is("AlreadyExistsException") => Ok(self
                .change_set(stack, name)
                .await?
                .map(|found| found.id)
                .unwrap_or_default()),
            Err(trouble) => Err(trouble),
        }
    }

    /// Describes a change set with all its rows; `None` when there is none.
    pub async fn change_set(&self, stack: &str, name: &str) -> Result<Option<ChangeSet>, Trouble> {
        let mut nested: Vec<(String, String, usize)> = Vec::new();
        let Some(mut found) = self.described(stack, name, "", 0, &mut nested).await? else {
            return Ok(None);
        };
        while let Some((id, below, depth)) = nested.pop() {
            if let Some(inner) = self.described("", &id, &below, depth, &mut nested).await? {
                found.rows.extend(inner.rows);
            }
        }
        found.rows.sort();
        Ok(Some(found))
    }

    /// Deletes a change set; one that is not there is well deleted.
    pub async fn delete_change_set(&self, stack: &str, name: &str) -> Result<(), Trouble> {
        let call = self.call("cloudformation:DeleteChangeSet", stack, || {
            self.cfn
                .delete_change_set()
                .set_stack_name(of_stack(stack, name))
                .change_set_name(name)
                .send()
        });
        match call.await {
            Ok(_) => Ok(()),
            Err(trouble) if is_missing(&trouble) || trouble.code.contains("ChangeSetNotFound") => {
                Ok(())
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// The change sets of a stack: ARN and name.
    pub async fn change_sets(&self, stack: &str) -> Result<Vec<(String, String)>, Trouble> {
        let call = self.call("cloudformation:ListChangeSets", stack, || {
            self.cfn.list_change_sets().stack_name(stack).send()
        });
        match call.await {
            Ok(answer) => Ok(answer
                .summaries()
                .iter()
                // One cloud lists the change sets of all stacks.
                .filter(|one| [one.stack_name(), one.stack_id()].contains(&Some(stack)))
                .filter_map(|one| {
                    Some((
                        one.change_set_id()?.to_owned(),
                        one.change_set_name()?.to_owned(),
                    ))
                })
                .collect()),
            Err(trouble) if is_missing(&trouble) => Ok(Vec::new()),
            Err(trouble) => Err(trouble),
        }
    }

    /// All pages of one change set; nested ones are added to the list.
    async fn described(
        &self,
        stack: &str,
        name: &str,
        below: &str,
        depth: usize,
        nested: &mut Vec<(String, String, usize)>,
    ) -> Result<Option<ChangeSet>, Trouble> {
        let mut found = ChangeSet::default();
        let mut token: Option<String> = None;
        loop {
            let call = self.call(
                "cloudformation:DescribeChangeSet",
                if stack.is_empty() { name } else { stack },
                || {
                    self.cfn
                        .describe_change_set()
                        .set_stack_name(of_stack(stack, name))
                        .change_set_name(name)
                        .include_property_values(true)
                        .set_next_token(token.clone())
                        .send()
                },
            );
            let page = match call.await {
                Ok(page) => page,
                Err(trouble)
                    if is_missing(&trouble) || trouble.code.contains("ChangeSetNotFound") =>
                {
                    return Ok(None);
                }
                Err(trouble) => return Err(trouble),
            };
            found.id = page.change_set_id().unwrap_or(name).to_owned();
            found.name = page.change_set_name().unwrap_or(name).to_owned();
            found.status = page
                .status()
                .map(|status| Safe::new(status.as_str()).to_string())
                .unwrap_or_default();
            found.reason = Safe::told(page.status_reason().unwrap_or_default());
            found.execution = page
                .execution_status()
                .map(|status| Safe::new(status.as_str()).to_string())
                .unwrap_or_default();
            for change in page
                .changes()
                .iter()
                .filter_map(|change| change.resource_change())
            {
                let row = row(change, below);
                if let Some(inner) = change.change_set_id().filter(|_| depth < DEEPEST) {
                    nested.push((inner.to_owned(), format!("{}/", row.logical), depth + 1));
                }
                found.rows.push(row);
            }
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(Some(found));
            }
        }
    }
}

/// A change set that is named by its ARN needs no stack, and may have lost it.
fn of_stack(stack: &str, name: &str) -> Option<String> {
    (!stack.is_empty() && !name.starts_with("arn:")).then(|| stack.to_owned())
}

/// One row, with the nested stack before the logical id.
fn row(change: &ResourceChange, below: &str) -> ChangeRow {
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
        .map(|(name, parts)| {
            (
                name,
                Digest::of("holdpoint/values/1", &serde_json::json!(parts)),
            )
        })
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
    fn names_are_what_cloudformation_takes() {
        assert_eq!(
            step_name("0a1b2c3d", 2291, "change-set", 1),
            "hp-0a1b2c3d-2291-change-set-1"
        );
        let preview = preview_name(
            "0a1b2c3d",
            "0192f0c1-0000-7000-8000-000000000000",
            "shop-orders-production",
        );
        assert!(
            preview.starts_with(&preview_prefix("0a1b2c3d")) && preview.len() <= 128,
            "{preview}"
        );
        assert_ne!(
            preview,
            preview_name(
                "0a1b2c3d",
                "0192f0c1-0000-7000-8000-000000000000",
                "shop-billing"
            )
        );
        assert!(
            step_name("x", 1, &"Ä b/".repeat(90), 1)
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-')
        );
    }

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
        let row = row(&change, "Data/");
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

    /// Two changes of one property differ by their values, and no value is kept.
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
                .details(detail("Tasks", "4", "DesiredCount"))
                .details(detail("Both", "4", "DesiredCount"))
                .details(detail("Both", "4", "Size"));
            row(&change.build(), "")
        };
        let one = of("hunter2");
        assert_eq!(one, of("hunter2"));
        assert_ne!(one.values["Password"], of("30").values["Password"]);
        assert_eq!(one.values["Tasks"], of("30").values["Tasks"]);
        assert_eq!(one.counted, ["Tasks"]);
        assert!(!serde_json::to_string(&one).unwrap().contains("hunter2"));
    }

    #[test]
    fn nothing_to_change_is_no_failure() {
        let set = |status: &str, reason: &str| ChangeSet {
            status: status.into(),
            reason: reason.into(),
            ..ChangeSet::default()
        };
        assert!(
            set(
                "FAILED",
                "The submitted information didn't contain changes. Submit different information."
            )
            .is_empty()
        );
        assert!(set("FAILED", "No updates are to be performed.").is_empty());
        assert!(!set("CREATE_COMPLETE", "").is_empty(), "outputs may change");
        assert!(!set("FAILED", "Parameters: [Key] must have values").is_empty());
        assert!(
            set("CREATE_PENDING", "").is_busy()
                && set("CREATE_IN_PROGRESS", "").is_busy()
                && !set("FAILED", "").is_busy()
        );
    }
}
