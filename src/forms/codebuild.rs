//! CodeBuild: the phases of a build in their order, what its lines say of them, and how a build is
//! told to a person.

mod build;
pub mod change;
mod container;
mod told;

pub use build::{Build, Log, Object, Phase};
pub use told::{Given, Told};

/// The phases, in the order in which a build goes through them.
pub const PHASES: [&str; 11] = [
    "SUBMITTED",
    "QUEUED",
    "PROVISIONING",
    "DOWNLOAD_SOURCE",
    "INSTALL",
    "PRE_BUILD",
    "BUILD",
    "POST_BUILD",
    "UPLOAD_ARTIFACTS",
    "FINALIZING",
    "COMPLETED",
];
/// The first phase in which a container writes lines,
pub const FIRST_WRITING: usize = 3;
/// and the last one.
pub const LAST_WRITING: usize = 8;
/// The place of the phase that says that all is over.
pub const COMPLETED: usize = 10;

/// The variable by which a build that was started here is found again: its value is the token of
/// the call. CodeBuild itself knows a token for five minutes alone.
pub const MARK: &str = "HOLDPOINT_BUILD";

/// The status of a build that goes on.
pub const IN_PROGRESS: &str = "IN_PROGRESS";
/// The one good end.
pub const SUCCEEDED: &str = "SUCCEEDED";

/// The place of a phase among all; none of a name that nobody knows.
#[must_use]
pub fn place(phase: &str) -> Option<usize> {
    PHASES.iter().position(|name| *name == phase)
}
