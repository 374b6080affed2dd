//! The door between CloudFormation and every other service: a resource of a stack is made, changed
//! and removed by the service that brings its type. CloudFormation knows the type's data
//! (`catalog`) and nothing of the service behind it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is done to one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Act {
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// It is removed.
    Delete,
    /// It is there, and a stack takes it.
    Import,
}

impl Act {
    /// The word in statuses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Import => "IMPORT",
        }
    }
}

/// A resource of a stack, as the service that brings its type sees it.
#[derive(Debug, Clone, Copy)]
pub struct Thing<'a> {
    /// Its type, for example `AWS::ECS::Service`.
    pub kind: &'a str,
    /// Its id in the cloud; empty while it has none.
    pub physical: &'a str,
    /// The name in it.
    pub name: &'a str,
    /// Its resolved properties.
    pub properties: &'a Value,
}

/// When what was begun is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    /// After the usual time of the type.
    InTime,
    /// When the service says so (`Service::ready`).
    WhenSaid,
}
