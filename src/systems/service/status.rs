//! What the status of a CloudFormation stack means: for one who waits for it to be quiet, and for the plan that fits it.

use crate::domain::failure::Failure;
use crate::domain::look::{Quiet, StackSeen};
use crate::domain::stack::Purpose;

/// What can be done with a stack in its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// There is none.
    Missing,
    /// Something is going on.
    Busy,
    /// It can be updated.
    Good,
    /// Its creation failed: it can only be deleted.
    NeverMade,
    /// A rollback is stuck: it must be continued.
    RollbackStuck,
    /// A deletion failed.
    DeleteStuck,
    /// A status that this version does not know.
    Unknown,
}

/// What a status means.
pub(super) fn state(stack: &StackSeen) -> State {
    if stack.is_missing() {
        return State::Missing;
    }
    match stack.status.as_str() {
        "CREATE_COMPLETE"
        | "UPDATE_COMPLETE"
        | "UPDATE_ROLLBACK_COMPLETE"
        | "UPDATE_FAILED"
        | "IMPORT_COMPLETE"
        | "IMPORT_ROLLBACK_COMPLETE" => State::Good,
        "ROLLBACK_COMPLETE" | "CREATE_FAILED" | "ROLLBACK_FAILED" => State::NeverMade,
        "UPDATE_ROLLBACK_FAILED" | "IMPORT_ROLLBACK_FAILED" => State::RollbackStuck,
        "DELETE_FAILED" => State::DeleteStuck,
        other if other.ends_with("_IN_PROGRESS") => State::Busy,
        _ => State::Unknown,
    }
}

/// What it means for a deployment that wants to start.
pub(super) fn quiet(purpose: Purpose, name: &str, stack: &StackSeen) -> Quiet {
    match (state(stack), purpose) {
        (State::Busy, _) => Quiet::Busy,
        (State::Missing | State::Good, _)
        | (State::NeverMade | State::RollbackStuck | State::DeleteStuck, Purpose::Teardown | Purpose::Recover) => Quiet::Quiet,
        (State::NeverMade | State::RollbackStuck | State::DeleteStuck, Purpose::Deploy) | (State::Unknown, _) => {
            Quiet::Stuck(stuck(name, stack))
        }
    }
}

/// Why nothing can be deployed, and the way out.
pub(super) fn stuck(name: &str, stack: &StackSeen) -> Failure {
    let status = &stack.status;
    let (why, way) = match state(stack) {
        State::NeverMade => ("its creation failed, so it can only be deleted and made again", RECOVER),
        State::RollbackStuck => ("a rollback got stuck and must be continued", RECOVER),
        State::DeleteStuck => ("its deletion got stuck", RECOVER),
        State::Missing | State::Busy | State::Good | State::Unknown => {
            ("this version does not know that status", "look at it in the AWS console; unblock with U: free, once it is well")
        }
    };
    Failure::new(format!("{name} is {status}: {why}")).detail(stack.reason.to_string()).hint(way)
}

const RECOVER: &str = "unblock it: U in the console, or holdpoint unblock STACK --way recover";
