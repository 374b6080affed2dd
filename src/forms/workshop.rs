//! What plans share with the hands of a workshop: a folder of a deployment in which the files of a
//! commit are, and in which commands make something of them.

use serde::{Deserialize, Serialize};

/// The kinds of steps: brings the files of a commit into a folder.
pub const CHECKOUT: &str = "workshop.checkout";
/// Runs a command there.
pub const RUN: &str = "workshop.run";
/// Puts a file of it where others take it from, under its version.
pub const PUSH: &str = "workshop.push";
/// Says that a version is there.
pub const REGISTER: &str = "workshop.register";
/// Removes the folder.
pub const DISCARD: &str = "workshop.discard";

/// The way of a plan after a checkout whose commit is on the branch that publishes.
pub const PUBLISHES: &str = "publishes";
/// The way after one whose commit is not.
pub const TRIES: &str = "tries";

/// What a commit is in its repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The repository.
    pub repository: String,
    /// The branch that publishes.
    pub branch: String,
    /// The whole name of the commit.
    pub commit: String,
}
