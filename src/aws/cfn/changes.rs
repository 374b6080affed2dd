//! Change sets: made under our own names, described as rows, deleted. Executing one is not done
//! here.

mod row;

use self::row::{hidden, row};
use super::input::Given;
use super::stack::is_missing;
use crate::aws::clients::Cloud;
use crate::aws::trouble::Trouble;
use crate::domain::plan::{ChangeRow, shown};
use crate::forms::cloudformation::change_set_prefix;
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
        shown::of_the_first(&mut found.rows);
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
                let row = row(change, below, &hidden(page.parameters()));
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

#[cfg(test)]
mod tests {
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
