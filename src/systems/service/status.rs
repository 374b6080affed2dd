//! What the status of a CloudFormation stack means: for one who waits for it to be quiet, and for
//! the plan that fits it.

use crate::domain::failure::Failure;
use crate::domain::ids::StackId;
use crate::domain::look::{Quiet, Standing};
use crate::domain::purpose::Purpose;
use crate::forms::cloudformation::StackFacts;

/// What it means for a deployment that wants to start.
pub(super) fn quiet(purpose: Purpose, name: &str, stack: &StackFacts) -> Quiet {
    match (stack.standing(), purpose) {
        (Standing::Busy | Standing::Returning, _) => Quiet::Busy,
        (Standing::Missing | Standing::Good | Standing::Halted, _)
        | (
            Standing::NeverMade | Standing::RollbackStuck | Standing::DeleteStuck,
            Purpose::Teardown | Purpose::Recover,
        ) => Quiet::Quiet,
        (
            Standing::NeverMade | Standing::RollbackStuck | Standing::DeleteStuck,
            Purpose::Deploy,
        )
        | (Standing::Unknown, _) => Quiet::Stuck(stuck(name, stack)),
    }
}

/// Why nothing can be deployed, and the way out.
pub(super) fn stuck(name: &str, stack: &StackFacts) -> Failure {
    let status = &stack.status;
    let (why, way) = match stack.standing() {
        Standing::NeverMade => (
            "its creation failed, so it can only be deleted and made again",
            RECOVER,
        ),
        Standing::RollbackStuck => ("a rollback got stuck and must be continued", RECOVER),
        Standing::DeleteStuck => ("its deletion got stuck", RECOVER),
        Standing::Missing
        | Standing::Busy
        | Standing::Returning
        | Standing::Good
        | Standing::Halted
        | Standing::Unknown => (
            "this version does not know that status",
            "look at it in the AWS console; unblock with U: free, once it is well",
        ),
    };
    Failure::new(format!("{name} is {status}: {why}"))
        .detail(stack.reason.to_string())
        .hint(way)
}

/// Why there is nothing to recover.
pub(super) fn well(id: &StackId, name: &str, stack: &StackFacts) -> Failure {
    Failure::new(format!("{name} is {}: there is nothing to recover", stack.status))
        .hint(format!("holdpoint deploy {id}; where {id} is broken here: holdpoint unblock {id} --way retry, last-good or free"))
}

/// Why nobody can say yet what there is to recover.
pub(super) fn busy(id: &StackId, name: &str, stack: &StackFacts) -> Failure {
    Failure::new(format!(
        "{name} is {}: what there is to recover will be known when that has ended",
        stack.status
    ))
    .hint(format!(
        "wait for it, then: holdpoint unblock {id} --way recover"
    ))
}

const RECOVER: &str = "unblock it: U in the console, or holdpoint unblock STACK --way recover";
