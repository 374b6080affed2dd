//! The sentences for operations that did not succeed: what failed first, and what to do next for
//! each state that is left.

use crate::aws::cfn::events::{FirstFailure, StackEvent};
use crate::aws::ecs::Unstable;
use crate::aws::{Trouble, TroubleKind};
use crate::domain::failure::{Failure, Retry};
use crate::text::safe::Safe;
use std::time::Duration;

/// An operation that ended in a status that is not its success.
pub(super) struct Ended<'a> {
    pub(super) verb: &'a str,
    pub(super) name: &'a str,
    pub(super) status: &'a str,
    pub(super) reason: Safe,
    pub(super) first: Option<&'a FirstFailure>,
    /// What the service says that failed first.
    pub(super) unstable: Option<&'a Unstable>,
    pub(super) events: &'a [StackEvent],
    pub(super) cancelled: bool,
}

/// The failure for it.
pub(super) fn failed(ended: &Ended<'_>) -> Failure {
    let Ended {
        verb,
        name,
        status,
        reason,
        first,
        unstable,
        events,
        cancelled,
    } = ended;
    let summary = match first {
        _ if *cancelled && first.is_none() => {
            format!("the {verb} of {name} was cancelled; the stack is {status}")
        }
        Some(first) if let Some(unstable) = unstable => {
            format!("{}: {}", first.path, Safe::told(&unstable.why))
        }
        Some(first) if first.event.reason.is_empty() => {
            format!("{}: {}", first.path, first.event.status)
        }
        Some(first) => format!("{}: {}", first.path, first.event.reason),
        None if reason.is_empty() => format!("the {verb} of {name} ended in {status}"),
        None => format!("the {verb} of {name} ended in {status}: {reason}"),
    };
    let all: Vec<String> = events
        .iter()
        .filter(|event| event.is_failure())
        .map(|event| {
            format!(
                "{} {} {} {}",
                event.at.clock(),
                event.logical,
                event.status,
                event.reason
            )
        })
        .chain(unstable.iter().flat_map(|unstable| {
            let said = unstable.said.iter();
            said.map(|(at, text)| format!("{} {}", at.clock(), Safe::told(text)))
        }))
        .collect();
    let failure = Failure::new(summary)
        .detail(
            format!("{name} is {status}\n{}", all.join("\n"))
                .trim_end()
                .to_owned(),
        )
        .hint(hint(status));
    if status.ends_with("UPDATE_ROLLBACK_COMPLETE") {
        failure.as_before()
    } else {
        failure
    }
}

/// What to do about a status.
fn hint(status: &str) -> &'static str {
    match status {
        "UPDATE_ROLLBACK_COMPLETE" => {
            "the stack is as it was before; fix what failed and deploy again"
        }
        "ROLLBACK_COMPLETE" | "CREATE_FAILED" | "ROLLBACK_FAILED" => {
            "nothing of it can be used; unblock it (U): recover deletes what is left and creates it again"
        }
        "UPDATE_ROLLBACK_FAILED" => {
            "unblock it (U): recover continues the rollback, leaving out what cannot be rolled back"
        }
        "UPDATE_FAILED" => {
            "fix what failed and deploy again, or unblock it (U): recover updates it once more"
        }
        "DELETE_FAILED" => {
            "unblock it (U): recover deletes the stack and retains what cannot be deleted"
        }
        "MISSING" | "DELETE_COMPLETE" => {
            "somebody deleted the stack meanwhile; deploy again to create it"
        }
        _ => "look at the stack's events, then deploy again",
    }
}

/// A call that AWS refused, or that could not be made.
pub(super) fn refused(trouble: Trouble, name: &str) -> Failure {
    if trouble.kind != TroubleKind::Refused {
        let begun = trouble.is_unsure();
        let failure = trouble.held_open();
        return if begun { failure } else { failure.as_before() };
    }
    let said = trouble.message.clone();
    let about = |summary: String| Failure {
        summary,
        as_before: true,
        ..(*trouble.failure).clone()
    };
    if trouble.is("AlreadyExistsException") {
        about(format!(
            "a CloudFormation stack named {name} is there already, and this attempt did not make it"
        ))
        .hint("deploy again: it is then looked at and updated")
    } else if said.as_str().contains("_IN_PROGRESS state") {
        about(format!("{name} is being changed by somebody else: {said}"))
            .hint("wait until that has ended, then deploy again")
            .retry(Retry::After(Duration::from_secs(15)))
    } else if trouble.code.contains("ChangeSetNotFound") {
        about(format!(
            "the change set of {name} is gone: the stack was changed after it was made"
        ))
        .hint("deploy again: a new one is made")
    } else if said.as_str().contains("TerminationProtection")
        || said.as_str().contains("termination protection")
    {
        about(format!("{name} is protected against deletion")).hint(format!(
            "if it is to go: aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name {name}"
        ))
    } else if trouble.is("InsufficientCapabilitiesException")
        || trouble.is("InsufficientCapabilities")
    {
        let asked = capabilities(said.as_str());
        about(format!("{name}: {said}")).hint(format!(
            "acknowledge them in the estate file: capabilities: [{asked}], beside those that stand there"
        ))
    } else {
        about(format!("{name}: {said}"))
    }
}

/// The capabilities that a refusal asks for, as it names them.
fn capabilities(said: &str) -> String {
    let asked: Vec<&str> = said
        .split(|c: char| !(c.is_ascii_uppercase() || c == '_'))
        .filter(|word| word.starts_with("CAPABILITY_"))
        .collect();
    if asked.is_empty() {
        "…".to_owned()
    } else {
        asked.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(code: &str, message: &str) -> Trouble {
        Trouble {
            kind: TroubleKind::Refused,
            code: code.into(),
            message: message.into(),
            failure: Box::new(Failure::new("x")),
        }
    }

    #[test]
    fn every_refusal_names_the_next_action() {
        let cases = [
            (
                "AlreadyExistsException",
                "Stack [orders] already exists",
                "deploy again",
                Retry::Never,
            ),
            (
                "ValidationError",
                "Stack:arn is in UPDATE_IN_PROGRESS state and can not be updated.",
                "wait",
                Retry::After(Duration::from_secs(15)),
            ),
            (
                "ChangeSetNotFound",
                "ChangeSet [x] does not exist",
                "deploy again",
                Retry::Never,
            ),
            (
                "ValidationError",
                "Stack [x] cannot be deleted while TerminationProtection is enabled",
                "if it is to go",
                Retry::Never,
            ),
            (
                "InsufficientCapabilitiesException",
                "Requires capabilities : [CAPABILITY_IAM, CAPABILITY_AUTO_EXPAND]",
                "capabilities: [CAPABILITY_IAM, CAPABILITY_AUTO_EXPAND]",
                Retry::Never,
            ),
        ];
        for (code, message, hint, retry) in cases {
            let failure = refused(trouble(code, message), "orders");
            assert!(
                failure.summary.contains("orders")
                    && failure.hint.contains(hint)
                    && failure.retry == retry
                    && failure.as_before,
                "{failure:?}"
            );
        }
    }

    #[test]
    fn the_first_failure_is_the_summary() {
        let event = StackEvent {
            logical: "Database".into(),
            status: "UPDATE_FAILED".into(),
            reason: "storage-full".into(),
            ..StackEvent::default()
        };
        let first = FirstFailure {
            path: "orders/Database".into(),
            event: event.clone(),
        };
        let events = [event];
        let ended = Ended {
            verb: "update",
            name: "orders",
            status: "UPDATE_ROLLBACK_COMPLETE",
            reason: Safe::default(),
            first: Some(&first),
            unstable: None,
            events: &events,
            cancelled: false,
        };
        let failure = failed(&ended);
        assert_eq!(failure.summary, "orders/Database: storage-full");
        assert!(
            failure.detail.contains("UPDATE_ROLLBACK_COMPLETE")
                && failure.hint.contains("as it was before")
                && failure.as_before
        );
        let cancelled = failed(&Ended {
            first: None,
            cancelled: true,
            ..ended
        });
        assert!(
            cancelled.summary.contains("was cancelled"),
            "{}",
            cancelled.summary
        );
    }
}
