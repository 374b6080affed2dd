//! A CloudFormation stack as it is now.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::types::{Capability, Stack};
use aws_smithy_types::DateTime;

use crate::aws::trouble::Trouble;
use crate::domain::time::Time;
use crate::text::safe::Safe;

/// The tag with the id of the store that a stack belongs to.
pub const STORE_TAG: &str = "holdpoint:store";

/// A CloudFormation stack.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CfnStack {
    /// Its ARN: stays the same until it is deleted, and names it after that.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its status.
    pub status: String,
    /// Why.
    pub reason: Safe,
    /// Parameters; a `NoEcho` one reads `****`.
    pub parameters: BTreeMap<String, String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Outputs.
    pub outputs: BTreeMap<String, String>,
    /// Acknowledged capabilities.
    pub capabilities: Vec<Capability>,
    /// The change set that was executed last.
    pub change_set: Option<String>,
    /// Whether it cannot be deleted.
    pub protected: bool,
    /// When it was made.
    pub created_at: Option<Time>,
    /// When it was last changed.
    pub changed_at: Option<Time>,
}

impl CfnStack {
    /// True when the stack is tagged by this store.
    #[must_use]
    pub fn is_of(&self, store: &str) -> bool {
        self.tags.get(STORE_TAG).is_some_and(|tag| tag == store)
    }

    pub(super) fn of(stack: &Stack) -> Self {
        let time = |at: Option<&DateTime>| at.and_then(time);
        Self {
            id: stack.stack_id().unwrap_or_default().to_owned(),
            name: stack.stack_name().unwrap_or_default().to_owned(),
            status: stack
                .stack_status()
                .map(|status| Safe::new(status.as_str()).to_string())
                .unwrap_or_default(),
            reason: Safe::told(stack.stack_status_reason().unwrap_or_default()),
            parameters: pairs(
                stack
                    .parameters()
                    .iter()
                    .map(|p| (p.parameter_key(), p.parameter_value())),
            ),
            tags: pairs(stack.tags().iter().map(|t| (t.key(), t.value()))),
            outputs: pairs(
                stack
                    .outputs()
                    .iter()
                    .map(|o| (o.output_key(), o.output_value())),
            ),
            capabilities: stack.capabilities().to_vec(),
            change_set: stack.change_set_id().map(str::to_owned),
            protected: stack.enable_termination_protection().unwrap_or_default(),
            created_at: time(stack.creation_time()),
            changed_at: time(stack.last_updated_time()).or_else(|| time(stack.creation_time())),
        }
    }
}

/// True when the service says that the stack is not there.
#[must_use]
pub fn is_missing(trouble: &Trouble) -> bool {
    (trouble.is("ValidationError") || trouble.is("StackNotFoundException"))
        && trouble.says("does not exist")
}

/// A time of the SDK.
#[must_use]
pub fn time(at: &DateTime) -> Option<Time> {
    at.to_millis().ok().map(Time)
}

fn pairs<'a>(
    of: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>,
) -> BTreeMap<String, String> {
    of.filter_map(|(key, value)| {
        Some((
            Safe::new(key?).to_string(),
            Safe::new(value.unwrap_or_default()).to_string(),
        ))
    })
    .collect()
}
