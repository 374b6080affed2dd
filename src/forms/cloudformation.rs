//! CloudFormation: what a stack is made from, what is seen of one, and what its statuses mean.

mod as_seen;
pub mod template;
pub mod travel;

pub use as_seen::{AsSeen, Left};

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::template::Fixed;

use crate::domain::failure::Failure;
use crate::domain::look::{Look, Sight, Standing, Subject};
use crate::domain::plan::{ChangeRow, Fate};
use crate::domain::request::FileRef;
use crate::domain::time::Time;
use crate::text::safe::Safe;

/// The kind of a CloudFormation stack, as a real thing that is looked at; its name is the stack's
/// name.
pub const STACK: &str = "cloudformation.stack";
/// The kind of what an update of a stack would change: a change set made, described and deleted.
/// Only of a stack that is there and quiet.
pub const CHANGES: &str = "cloudformation.changes";
/// What a stack is called where a person reads of it.
pub const CALLED: &str = "CloudFormation stack";
/// Parameters whose names begin so say how many tasks run.
pub const COUNT: &str = "DesiredCount";
/// The status of a stack of which there is nothing but a change set that nobody executed.
pub const SHELL: &str = "REVIEW_IN_PROGRESS";
/// How the names of all change sets of a store begin.
#[must_use]
pub fn change_set_prefix(store: &str) -> String {
    format!("hp-{store}-")
}
/// The type of services of ECS.
pub const ECS_SERVICE: &str = "AWS::ECS::Service";
/// The type of a stack within a stack.
pub const NESTED: &str = "AWS::CloudFormation::Stack";

/// What a template declares of a parameter, as far as an update must know it where nobody gives a
/// value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    /// `NoEcho`: CloudFormation never shows its value, so nobody could put it back.
    pub secret: bool,
    /// It has a default, which CloudFormation takes where it is not told to keep the value.
    pub default: bool,
}

/// Everything that a CloudFormation stack is made from. Also the parameters of the
/// `cloudformation.*` steps that make one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CfnInput {
    /// The CloudFormation stack's name.
    pub stack_name: String,
    /// The template.
    pub template: FileRef,
    /// Parameter values; never secrets (a `NoEcho` parameter takes its previous value or a dynamic
    /// reference).
    pub parameters: BTreeMap<String, String>,
    /// Every parameter that the template declares. The template is read once, where the service is
    /// made from the estate; whoever carries it out goes by this, so that no second reading can
    /// come to another result.
    pub declared: BTreeMap<String, Declared>,
    /// Acknowledged capabilities.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// Tags, ours included. Others that the stack has are kept.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Tags that the stack is to have no more: a release before gave them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub untag: BTreeSet<String>,
    /// The role that CloudFormation assumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
}

/// A resource that is there, and that a new stack takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// Its logical id.
    pub logical: String,
    /// Its type.
    pub kind: String,
    /// By what it is found: properties that are its primary identifier.
    pub identifier: BTreeMap<String, String>,
}

/// The facts of a look at a stack.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct StackFacts {
    /// Its status; `MISSING` when there is none. `REVIEW_IN_PROGRESS` counts as missing: a change
    /// set that nobody executed is all there is.
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
    /// Its resources and those of the stacks within it, where the look asked for the whole of it.
    #[serde(default)]
    pub resources: Vec<Resource>,
    /// The parameters that are named as counts of tasks and cannot be brought to 0, by the template
    /// that the stack has; `None` where the look did not ask for the whole of it.
    #[serde(default)]
    pub fixed: Option<BTreeMap<String, Fixed>>,
    /// The change sets of a stack that was never made (`REVIEW_IN_PROGRESS`): names; `None` where
    /// it was only seen in passing.
    #[serde(default)]
    pub change_sets: Option<Vec<String>>,
    /// Whether termination protection is on.
    #[serde(default)]
    pub protected: bool,
    /// When it was last changed, as CloudFormation says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Time>,
}

/// A resource of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Logical id, with the stack within the stack before it where there is one.
    pub logical: String,
    /// Type.
    pub kind: String,
    /// Status.
    pub status: String,
    /// What becomes of it when the stack goes; `None` where that could not be read.
    #[serde(default)]
    pub fate: Option<Fate>,
}

impl Resource {
    /// True where it is in the stack no more, and only listed there.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self.status.as_str(), "DELETE_COMPLETE" | "DELETE_SKIPPED")
    }
}

/// The facts of a look at what an update would change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "changes", rename_all = "snake_case")]
pub enum ChangeFacts {
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

/// The stack as a real thing.
#[must_use]
pub fn stack(name: &str) -> Subject {
    Subject::new(STACK, name)
}

/// A look at what an update would change.
#[must_use]
pub fn changes(input: &CfnInput) -> Look {
    let with = serde_json::to_value(input).unwrap_or(Value::Null);
    Look {
        with,
        ..Look::at(Subject::new(CHANGES, &input.stack_name))
    }
}

impl StackFacts {
    /// There is none.
    #[must_use]
    pub fn missing() -> Self {
        Self {
            status: "MISSING".to_owned(),
            ..Self::default()
        }
    }

    /// True where a change set that nobody executed is all there is of it.
    #[must_use]
    pub fn is_shell(&self) -> bool {
        self.status == SHELL
    }

    /// What its status means.
    #[must_use]
    pub fn standing(&self) -> Standing {
        standing(&self.status)
    }

    /// What a step that acts on it compares with what it finds.
    #[must_use]
    pub fn as_seen(&self) -> AsSeen {
        AsSeen {
            changed_at: self.changed_at,
            parameters: self.parameters.clone(),
            tags: self.tags.clone(),
            left: None,
        }
    }

    /// As it is seen.
    #[must_use]
    pub fn sight(&self, name: &str) -> Sight {
        Sight {
            words: Safe::new(&self.status),
            reason: self.reason.clone(),
            changed_at: self.changed_at,
            facts: serde_json::to_value(self).unwrap_or(Value::Null),
            ..Sight::of(stack(name), CALLED, self.standing())
        }
    }
}

impl ChangeFacts {
    /// As they are seen: what an update would change stands in no state of its own.
    #[must_use]
    pub fn sight(&self, name: &str) -> Sight {
        let facts = serde_json::to_value(self).unwrap_or(Value::Null);
        Sight {
            facts,
            ..Sight::of(Subject::new(CHANGES, name), "change set", Standing::Good)
        }
    }
}

/// The facts of a sight in their own form.
///
/// # Errors
/// Where an eye of another version told them in another form.
pub fn facts<T: serde::de::DeserializeOwned>(sight: &Sight) -> Result<T, Failure> {
    T::deserialize(&sight.facts).map_err(|why| {
        Failure::new(format!(
            "what was seen of {} is told in a form that this version cannot read",
            sight.about
        ))
        .detail(why.to_string())
        .hint("try again: it is looked at anew")
    })
}

/// The status of a stack whose update can be cancelled.
pub const UNDER_WAY: &str = "UPDATE_IN_PROGRESS";

/// What a status means for one who wants to change the stack. `REVIEW_IN_PROGRESS`, left by a
/// change set that nobody executed, counts as missing.
#[must_use]
pub fn standing(status: &str) -> Standing {
    match status {
        "MISSING" | "REVIEW_IN_PROGRESS" | "DELETE_COMPLETE" => Standing::Missing,
        "CREATE_COMPLETE"
        | "UPDATE_COMPLETE"
        | "UPDATE_ROLLBACK_COMPLETE"
        | "IMPORT_COMPLETE"
        | "IMPORT_ROLLBACK_COMPLETE" => Standing::Good,
        "UPDATE_FAILED" => Standing::Halted,
        "ROLLBACK_COMPLETE" | "CREATE_FAILED" | "ROLLBACK_FAILED" => Standing::NeverMade,
        "UPDATE_ROLLBACK_FAILED" | "IMPORT_ROLLBACK_FAILED" => Standing::RollbackStuck,
        "DELETE_FAILED" => Standing::DeleteStuck,
        other if other.ends_with("_IN_PROGRESS") && other.contains("ROLLBACK") => {
            Standing::Returning
        }
        other if other.ends_with("_IN_PROGRESS") => Standing::Busy,
        _ => Standing::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shuts_a_stack_can_be_repaired_where_it_is_known() {
        for (status, expected, shut, repairable) in [
            ("MISSING", Standing::Missing, false, false),
            ("REVIEW_IN_PROGRESS", Standing::Missing, false, false),
            ("UPDATE_COMPLETE", Standing::Good, false, false),
            ("UPDATE_IN_PROGRESS", Standing::Busy, false, false),
            (
                "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
                Standing::Busy,
                false,
                false,
            ),
            (
                "UPDATE_ROLLBACK_IN_PROGRESS",
                Standing::Returning,
                false,
                false,
            ),
            ("UPDATE_ROLLBACK_COMPLETE", Standing::Good, false, false),
            ("UPDATE_FAILED", Standing::Halted, false, true),
            ("ROLLBACK_COMPLETE", Standing::NeverMade, true, true),
            ("CREATE_FAILED", Standing::NeverMade, true, true),
            (
                "UPDATE_ROLLBACK_FAILED",
                Standing::RollbackStuck,
                true,
                true,
            ),
            ("DELETE_FAILED", Standing::DeleteStuck, true, true),
            ("SOMETHING_NEW", Standing::Unknown, true, false),
        ] {
            let standing = standing(status);
            assert_eq!(
                (standing, standing.is_shut(), standing.is_repairable()),
                (expected, shut, repairable),
                "{status}"
            );
        }
    }

    #[test]
    fn facts_are_read_as_they_were_told() {
        let seen = StackFacts {
            protected: true,
            ..StackFacts::missing()
        };
        assert_eq!(facts::<StackFacts>(&seen.sight("shop")).unwrap(), seen);
        let other = Sight {
            facts: Value::Bool(true),
            ..seen.sight("shop")
        };
        assert!(
            facts::<StackFacts>(&other)
                .unwrap_err()
                .summary
                .contains("cloudformation.stack shop")
        );
    }
}
