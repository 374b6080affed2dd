//! What a step is for, and what follows from that for those who are served.

use serde::{Deserialize, Serialize};

/// What a step is for: guards, cards and screens go by this and by what it is about, never by its
/// id or a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Finds out or compares, and changes nothing.
    Look,
    /// Makes what nobody uses yet: an archive, an image.
    Build,
    /// Puts what was made where others take it from.
    Publish,
    /// Changes what is in service.
    Change,
    /// Changes data so that no earlier release takes it back.
    Migrate,
    /// Takes counts down: who was served is served less, or not at all.
    ScaleDown,
    /// Brings counts up again.
    ScaleUp,
    /// Brings a service back after a bad end.
    Restore,
    /// Looks whether what was changed is well.
    Verify,
    /// Removes what is there.
    Remove,
    /// Waits for a person, whose choice is its branch.
    Decide,
    /// Asks for a deployment of another stack, and waits for its end.
    Child,
}

impl Role {
    /// Whether it can change anything that somebody uses.
    #[must_use]
    pub fn changes(self) -> bool {
        match self {
            Role::Look | Role::Build | Role::Verify | Role::Decide => false,
            Role::Publish
            | Role::Change
            | Role::Migrate
            | Role::ScaleDown
            | Role::ScaleUp
            | Role::Restore
            | Role::Remove
            | Role::Child => true,
        }
    }

    /// Whether it takes counts down or up.
    #[must_use]
    pub fn scales(self) -> bool {
        match self {
            Role::ScaleDown | Role::ScaleUp | Role::Restore => true,
            Role::Look
            | Role::Build
            | Role::Publish
            | Role::Change
            | Role::Migrate
            | Role::Verify
            | Role::Remove
            | Role::Decide
            | Role::Child => false,
        }
    }
}
