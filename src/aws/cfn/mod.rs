//! CloudFormation's words, and the reads that hands and eyes share: stacks, events, change sets, inputs. It changes no stack;
//! the change sets that it makes and deletes are inert.

pub mod changes;
pub mod events;
pub mod input;
pub(super) mod reads;
pub mod stack;

/// What a stack status means for somebody who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Something goes on.
    Busy,
    /// An operation has ended well.
    Good,
    /// An operation has ended badly.
    Bad,
    /// There is no stack to speak of.
    Gone,
}

/// The phase of a stack status.
#[must_use]
pub fn phase(status: &str) -> Phase {
    match status {
        "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE" => Phase::Good,
        "MISSING" | "DELETE_COMPLETE" | "REVIEW_IN_PROGRESS" => Phase::Gone,
        busy if busy.ends_with("_IN_PROGRESS") => Phase::Busy,
        // Rollbacks, failures, and what CloudFormation may add some day.
        _ => Phase::Bad,
    }
}
