//! What a planner may ask to be looked at, and what was seen. Looks only read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::digest::Digest;
use super::plan::ChangeRow;
use super::safe::Safe;
use super::standing::Standing;

/// A file of a stored bundle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileRef {
    /// The bundle.
    pub bundle: Digest,
    /// The path in it.
    pub path: String,
}

/// Everything that a CloudFormation stack is made from. Also the parameters of the `cloudformation.*` steps that make one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CfnInput {
    /// The CloudFormation stack's name.
    pub stack_name: String,
    /// The template.
    pub template: FileRef,
    /// Parameter values; never secrets (a `NoEcho` parameter takes its previous value or a dynamic reference).
    pub parameters: BTreeMap<String, String>,
    /// Acknowledged capabilities.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// Tags, ours included.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// The role that CloudFormation assumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
}

/// One look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "look", rename_all = "snake_case")]
pub enum Look {
    /// The CloudFormation stack as it is.
    Stack {
        /// Its name.
        stack_name: String,
    },
    /// What an update would change: a change set made, described and deleted. Only of a stack that is there and quiet.
    Changes {
        /// What it would be made from.
        input: CfnInput,
    },
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Observed {
    /// The CloudFormation stack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<StackSeen>,
    /// What would change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<ChangesSeen>,
}

/// A CloudFormation stack as it is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct StackSeen {
    /// Its status; `MISSING` when there is none. `REVIEW_IN_PROGRESS` counts as missing.
    pub status: String,
    /// The reason of its status.
    #[serde(default)]
    pub reason: Safe,
    /// Its parameters (a `NoEcho` value reads `****`).
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// Its tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Its outputs.
    #[serde(default)]
    pub outputs: BTreeMap<String, String>,
    /// Resources that failed or hold data, by logical id: `{type, status}`; for recovery and teardown cards.
    #[serde(default)]
    pub resources: Vec<ResourceRow>,
    /// Whether termination protection is on.
    #[serde(default)]
    pub protected: bool,
}

/// A resource of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceRow {
    /// Logical id.
    pub logical: String,
    /// Type.
    pub kind: String,
    /// Status.
    pub status: String,
}

/// What an update would change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "changes", rename_all = "snake_case")]
pub enum ChangesSeen {
    /// These rows, sorted.
    Rows {
        /// The rows.
        rows: Vec<ChangeRow>,
    },
    /// Nothing at all.
    Nothing,
    /// It cannot be known now.
    Unknown {
        /// Why.
        why: String,
    },
}

/// What a status means for somebody who waits for a quiet stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quiet {
    /// Something is going on: look again.
    Busy,
    /// A deployment may start.
    Quiet,
    /// It will not get quiet by itself.
    Stuck(super::failure::Failure),
}

impl StackSeen {
    /// The public form that a deployment records when it starts.
    #[must_use]
    pub fn found(&self) -> Value {
        serde_json::to_value(self).unwrap_or(Value::Null)
    }

    /// True when there is no stack to speak of.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.standing() == Standing::Missing
    }

    /// What its status means.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing::of(&self.status)
    }
}
