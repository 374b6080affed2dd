//! CloudFormation with time in it: stacks, their resources, events, change sets and the operation
//! under way.
//!
//! `template`, `resolve`, `parameters` read; `diff` compares; `machine` and `rollback` move a stack
//! through time; `api`, `sets` and `describe` answer calls. What stands behind a resource is made
//! by the service that brings its type.

pub mod api;
pub mod describe;
pub mod diff;
pub mod effects;
pub mod events;
pub mod imports;
pub mod machine;
pub mod nested;
pub mod parameters;
pub mod resolve;
pub mod rollback;
pub mod scope;
pub mod service;
pub mod sets;
pub mod tasks;
pub mod template;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use service::{All, CloudFormation, OFFER};

use crate::domain::time::Time;
use crate::sandbox::door::{Act, Thing};

macro_rules! words {
    ($(#[$doc:meta])* $type:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[allow(missing_docs)]
        pub enum $type {
            $(#[serde(rename = $word)] $variant),*
        }

        impl $type {
            /// The word on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words!(
    /// The status of a stack.
    Status {
        CreateInProgress = "CREATE_IN_PROGRESS", CreateFailed = "CREATE_FAILED", CreateComplete = "CREATE_COMPLETE",
        RollbackInProgress = "ROLLBACK_IN_PROGRESS", RollbackFailed = "ROLLBACK_FAILED", RollbackComplete = "ROLLBACK_COMPLETE",
        DeleteInProgress = "DELETE_IN_PROGRESS", DeleteFailed = "DELETE_FAILED", DeleteComplete = "DELETE_COMPLETE",
        UpdateInProgress = "UPDATE_IN_PROGRESS", UpdateCleanup = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        UpdateComplete = "UPDATE_COMPLETE", UpdateFailed = "UPDATE_FAILED",
        UpdateRollbackInProgress = "UPDATE_ROLLBACK_IN_PROGRESS", UpdateRollbackFailed = "UPDATE_ROLLBACK_FAILED",
        UpdateRollbackCleanup = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", UpdateRollbackComplete = "UPDATE_ROLLBACK_COMPLETE",
        ReviewInProgress = "REVIEW_IN_PROGRESS",
        ImportInProgress = "IMPORT_IN_PROGRESS", ImportComplete = "IMPORT_COMPLETE",
    }
);

impl Status {
    /// True when an update may start.
    #[must_use]
    pub fn can_update(self) -> bool {
        matches!(
            self,
            Self::CreateComplete
                | Self::UpdateComplete
                | Self::UpdateRollbackComplete
                | Self::ImportComplete
        )
    }

    /// True while CloudFormation works on the stack.
    #[must_use]
    pub fn is_moving(self) -> bool {
        self.as_str().ends_with("_IN_PROGRESS") && self != Self::ReviewInProgress
    }
}

/// A stack, as CloudFormation knows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CfnStack {
    /// Its ARN.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub status: Status,
    /// Why.
    pub reason: Option<String>,
    /// When it was made.
    pub created: Time,
    /// When it was changed last.
    pub updated: Option<Time>,
    /// When it was gone.
    pub deleted: Option<Time>,
    /// What it holds.
    pub version: Version,
    /// The rows of its resources by logical id.
    pub resources: BTreeMap<String, Resource>,
    /// Its outputs.
    pub outputs: Vec<Output>,
    /// Its events, oldest first.
    pub events: Vec<Event>,
    /// Its change sets by name.
    pub change_sets: BTreeMap<String, ChangeSet>,
    /// What goes on.
    pub operation: Option<Operation>,
    /// A rollback that failed and can be continued.
    pub stuck: Option<Operation>,
    /// The stack that it is nested in.
    pub parent: Option<String>,
    /// The outermost stack of the nesting.
    pub root: Option<String>,
    /// True when it may not be deleted.
    pub protected: bool,
    /// What happens when its creation fails.
    pub on_failure: OnFailure,
}

/// What happens when the creation of a stack fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum OnFailure {
    /// What was made is deleted; the stack stays as `ROLLBACK_COMPLETE`.
    #[default]
    Rollback,
    /// It stays as it is: `CREATE_FAILED`.
    DoNothing,
    /// It is deleted.
    Delete,
}

/// What a stack is made from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Version {
    /// The template's text.
    pub body: String,
    /// Every parameter's value.
    pub parameters: BTreeMap<String, String>,
    /// The acknowledged capabilities.
    pub capabilities: Vec<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The role CloudFormation acts with.
    pub role: Option<String>,
}

/// One resource of a stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Resource {
    /// Its type.
    pub kind: String,
    /// Its id in the cloud; empty before it has one.
    pub physical: String,
    /// The name in it.
    pub name: String,
    /// Its status.
    pub status: String,
    /// Why.
    pub reason: Option<String>,
    /// Since when.
    pub at: Time,
    /// Its resolved properties.
    pub properties: Value,
}

/// One output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
    /// What it is.
    pub description: Option<String>,
    /// The name under which other stacks import it.
    pub export: Option<String>,
}

/// One event.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    /// Its id.
    pub id: String,
    /// When.
    pub at: Time,
    /// Of which resource; the stack's name for the stack itself.
    pub logical: String,
    /// Its id in the cloud.
    pub physical: String,
    /// Its type.
    pub kind: String,
    /// What it is now.
    pub status: String,
    /// Why.
    pub reason: Option<String>,
    /// The token of the call that led to it.
    pub token: Option<String>,
}

/// A change set.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChangeSet {
    /// Its ARN.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for, in the caller's words.
    pub description: Option<String>,
    /// When it was made.
    pub created: Time,
    /// When it will be ready.
    pub ready: Time,
    /// True for the first one of a stack that does not exist.
    pub creates: bool,
    /// Physical ids by logical id of what a new stack takes.
    #[serde(default)]
    pub imports: BTreeMap<String, String>,
    /// What the stack will hold.
    pub next: Version,
    /// The differences.
    pub changes: Vec<Value>,
    /// Why it failed; `None` when it can be executed.
    pub failed: Option<String>,
    /// The caller's token.
    pub token: Option<String>,
}

/// What CloudFormation is doing to a stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Operation {
    /// What.
    pub kind: OperationKind,
    /// Whether it works or cleans up after the work.
    pub cleaning: bool,
    /// The token of the call.
    pub token: Option<String>,
    /// When its first resource starts.
    pub starts: Time,
    /// What is done to each resource.
    pub tasks: BTreeMap<String, Task>,
    /// Physical resources to delete when the work is done.
    pub leftovers: BTreeMap<String, Resource>,
    /// What it was, for the way back.
    pub before: Option<Box<Before>>,
    /// Logical ids that failed, first one first.
    pub failed: Vec<String>,
}

/// The kind of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OperationKind {
    /// A new stack.
    Create,
    /// A new stack of what is there.
    Import,
    /// A change.
    Update,
    /// The end of a stack.
    Delete,
    /// The way back of a creation.
    Rollback,
    /// The way back of a change.
    UpdateRollback,
}

/// What a stack was before a change.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Before {
    /// What it held.
    pub version: Version,
    /// Its resources.
    pub resources: BTreeMap<String, Resource>,
    /// Its outputs.
    pub outputs: Vec<Output>,
}

/// What is done to one resource in one operation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Task {
    /// What is done.
    pub act: Act,
    /// The resource's type.
    pub kind: String,
    /// What must be done before.
    pub needs: BTreeSet<String>,
    /// How far it is.
    pub state: State,
    /// The row that it leads to; what is deleted, for a deletion; what has the physical id alone, for an
    /// import.
    pub row: Option<Resource>,
}

/// How far a task is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Its needs are not done.
    Waiting,
    /// It runs.
    Running {
        /// When the second "in progress" event, which names the physical id, is due.
        announce: Option<Time>,
        /// What it waits for.
        until: Until,
    },
    /// It is done.
    Done,
    /// It failed or was cancelled.
    Failed,
}

/// What a running task waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Until {
    /// A time; then it is done.
    Done(Time),
    /// A time; then it fails with this reason.
    Fails(Time, String),
    /// A nested stack that comes to rest.
    Child(String),
    /// The service behind its resource, which says when it is done.
    Ready,
}

impl Resource {
    /// As the service behind it sees it.
    #[must_use]
    pub fn thing(&self) -> Thing<'_> {
        Thing {
            kind: &self.kind,
            physical: &self.physical,
            name: &self.name,
            properties: &self.properties,
        }
    }
}

impl CfnStack {
    /// A stack that is about to be created.
    #[must_use]
    pub fn new(id: &str, name: &str, version: Version, now: Time) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            status: Status::ReviewInProgress,
            reason: None,
            created: now,
            updated: None,
            deleted: None,
            version,
            resources: BTreeMap::new(),
            outputs: Vec::new(),
            events: Vec::new(),
            change_sets: BTreeMap::new(),
            operation: None,
            stuck: None,
            parent: None,
            root: None,
            protected: false,
            on_failure: OnFailure::default(),
        }
    }
}

#[cfg(test)]
mod tests;
