//! Stack events: read back to a mark, told apart by the token of the operation that made them,
//! searched for the first real failure.

use aws_sdk_cloudformation::types::StackEvent as Raw;

use super::stack::{is_missing, time};
use crate::aws::clients::Cloud;
use crate::aws::trouble::Trouble;
use crate::domain::time::Time;
use crate::text::safe::Safe;

/// The most pages that are read back for one question.
const MOST_PAGES: usize = 200;
/// How deep nested stacks are followed.
const DEEPEST: usize = 6;

/// One event of a CloudFormation stack.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StackEvent {
    /// Its id.
    pub id: String,
    /// When.
    pub at: Time,
    /// The stack's ARN.
    pub stack_id: String,
    /// The stack's name.
    pub stack_name: Safe,
    /// Logical id.
    pub logical: Safe,
    /// Physical id.
    pub physical: String,
    /// Resource type.
    pub kind: Safe,
    /// Status.
    pub status: String,
    /// Why.
    pub reason: Safe,
    /// The token of the operation.
    pub token: Option<String>,
}

impl StackEvent {
    fn of(raw: &Raw) -> Self {
        let safe = |text: Option<&str>| Safe::new(text.unwrap_or_default());
        Self {
            id: raw.event_id().unwrap_or_default().to_owned(),
            at: raw.timestamp().and_then(time).unwrap_or_default(),
            stack_id: raw.stack_id().unwrap_or_default().to_owned(),
            stack_name: safe(raw.stack_name()),
            logical: safe(raw.logical_resource_id()),
            physical: raw.physical_resource_id().unwrap_or_default().to_owned(),
            kind: safe(raw.resource_type()),
            status: raw
                .resource_status()
                .map(|status| Safe::new(status.as_str()).to_string())
                .unwrap_or_default(),
            reason: Safe::told(raw.resource_status_reason().unwrap_or_default()),
            token: raw.client_request_token().map(str::to_owned),
        }
    }

    /// True when it is about the stack itself and not about one of its resources.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.physical == self.stack_id
    }

    /// True when it tells of the beginning, or of a stage, of what is not over.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.status.ends_with("_IN_PROGRESS")
    }

    /// True when it tells that a resource failed.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.status.ends_with("_FAILED")
    }

    /// True when it tells that a resource is taken away.
    #[must_use]
    pub fn is_removal(&self) -> bool {
        self.status.starts_with("DELETE_")
    }

    /// True when a resource was only stopped, because another one failed.
    #[must_use]
    pub fn is_cancellation(&self) -> bool {
        let reason = self.reason.as_str();
        self.is_failure()
            && reason.starts_with("Resource ")
            && reason.to_ascii_lowercase().contains("cancel")
    }

    /// The nested stack that it is about, if it is about one.
    #[must_use]
    pub fn nested(&self) -> Option<&str> {
        let nested = self.kind.as_str() == "AWS::CloudFormation::Stack"
            && !self.is_root()
            && self.physical.starts_with("arn:");
        nested.then_some(self.physical.as_str())
    }

    /// True when a resource failed by itself, and not because something else did.
    #[must_use]
    pub fn is_real_failure(&self) -> bool {
        self.is_failure() && !self.is_root() && !self.is_cancellation()
    }
}

/// Where an event list was read up to.
#[derive(Debug, Clone, Copy)]
pub enum Back<'a> {
    /// To the beginning.
    All,
    /// To this event, without it.
    To(&'a str),
    /// To this time, with it.
    Since(Time),
}

impl Cloud {
    /// The id of the newest event of a stack; `None` when there is none.
    pub async fn newest_event(&self, stack: &str) -> Result<Option<String>, Trouble> {
        let call = self.call("cloudformation:DescribeStackEvents", stack, || {
            self.cfn.describe_stack_events().stack_name(stack).send()
        });
        match call.await {
            Ok(answer) => Ok(answer
                .stack_events()
                .first()
                .and_then(Raw::event_id)
                .map(str::to_owned)),
            Err(trouble) if is_missing(&trouble) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// The events of a stack, oldest first, read back as far as told. None when the stack is not
    /// there.
    pub async fn events(&self, stack: &str, back: Back<'_>) -> Result<Vec<StackEvent>, Trouble> {
        let mut found = Vec::new();
        let mut token: Option<String> = None;
        'pages: for _ in 0..MOST_PAGES {
            let call = self.call("cloudformation:DescribeStackEvents", stack, || {
                self.cfn
                    .describe_stack_events()
                    .stack_name(stack)
                    .set_next_token(token.clone())
                    .send()
            });
            let page = match call.await {
                Ok(page) => page,
                Err(trouble) if is_missing(&trouble) => break,
                Err(trouble) => return Err(trouble),
            };
            for raw in page.stack_events() {
                let event = StackEvent::of(raw);
                match back {
                    Back::To(id) if event.id == id => break 'pages,
                    Back::Since(at) if event.at < at => break 'pages,
                    Back::All | Back::To(_) | Back::Since(_) => found.push(event),
                }
            }
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
        found.reverse();
        Ok(found)
    }

    /// The first real failure among some events, looked for in nested stacks too: `nested/Resource:
    /// reason` below the stack's name.
    pub async fn first_failure(&self, events: &[StackEvent]) -> Option<FirstFailure> {
        let mut path: Vec<String> = events
            .first()
            .map(|event| event.stack_name.to_string())
            .into_iter()
            .collect();
        let mut here = first_failure(events)?.clone();
        let from = events.first().map_or(Time(0), |event| event.at);
        for _ in 0..DEEPEST {
            let Some(nested) = here.nested() else { break };
            // What cannot be read now is told as far as it is known.
            let Ok(inside) = self.events(nested, Back::Since(from)).await else {
                break;
            };
            let Some(deeper) = first_failure(&inside) else {
                break;
            };
            path.push(here.logical.to_string());
            here = deeper.clone();
        }
        path.push(here.logical.to_string());
        Some(FirstFailure {
            path: path.join("/"),
            event: here,
        })
    }
}

/// The failure that began it all.
#[derive(Debug, Clone, PartialEq)]
pub struct FirstFailure {
    /// Stack, nested stacks and resource.
    pub path: String,
    /// The event.
    pub event: StackEvent,
}

/// The earliest failure that is no consequence of another one.
#[must_use]
pub fn first_failure(events: &[StackEvent]) -> Option<&StackEvent> {
    events
        .iter()
        .filter(|event| event.is_real_failure())
        .min_by_key(|event| event.at)
}

/// The events of our operation: those that carry one of its tokens; all of them on a cloud that
/// tells no tokens.
#[must_use]
pub fn ours<'a>(events: &'a [StackEvent], tokens: &[String]) -> Vec<&'a StackEvent> {
    if events.iter().all(|event| event.token.is_none()) {
        return events.iter().collect();
    }
    events
        .iter()
        .filter(|event| {
            event
                .token
                .as_ref()
                .is_some_and(|token| tokens.contains(token))
        })
        .collect()
}

/// The status with which an operation has ended, by the stack's own events; `None` while it has
/// not.
#[must_use]
pub fn ending<'a>(events: &[&'a StackEvent]) -> Option<&'a str> {
    let last = events.iter().rev().find(|event| event.is_root())?;
    (!last.goes_on()).then_some(last.status.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STACK: &str = "arn:aws:cloudformation:eu-west-1:1:stack/orders/1";

    fn event(
        at: i64,
        logical: &str,
        status: &str,
        reason: &str,
        token: Option<&str>,
    ) -> StackEvent {
        let root = logical == "orders";
        StackEvent {
            id: format!("{logical}-{at}"),
            at: Time(at),
            stack_id: STACK.into(),
            stack_name: "orders".into(),
            logical: logical.into(),
            physical: if root {
                STACK.into()
            } else {
                format!("{logical}-physical")
            },
            kind: if root {
                "AWS::CloudFormation::Stack".into()
            } else {
                "AWS::RDS::DBInstance".into()
            },
            status: status.into(),
            reason: reason.into(),
            token: token.map(str::to_owned),
        }
    }

    #[test]
    fn the_first_real_failure_is_no_consequence() {
        let events = [
            event(1, "orders", "UPDATE_IN_PROGRESS", "User Initiated", None),
            event(
                4,
                "Queue",
                "UPDATE_FAILED",
                "Resource update cancelled",
                None,
            ),
            event(
                5,
                "Topic",
                "CREATE_FAILED",
                "Resource creation Cancelled",
                None,
            ),
            event(5, "Database", "UPDATE_FAILED", "storage-full", None),
            event(3, "Late", "UPDATE_IN_PROGRESS", "", None),
            event(
                6,
                "orders",
                "UPDATE_ROLLBACK_FAILED",
                "The following resource(s) failed to update: [Database].",
                None,
            ),
            event(7, "Other", "UPDATE_FAILED", "later", None),
        ];
        assert_eq!(first_failure(&events).unwrap().logical.as_str(), "Database");
        assert!(first_failure(&events[..3]).is_none());
    }

    #[test]
    fn events_belong_to_the_operation_whose_token_they_carry() {
        let mine = ["hp-1".to_owned()];
        let told = [
            event(1, "orders", "UPDATE_COMPLETE", "", Some("other")),
            event(2, "orders", "UPDATE_IN_PROGRESS", "", Some("hp-1")),
            event(3, "Queue", "UPDATE_COMPLETE", "", Some("hp-1")),
        ];
        assert_eq!(ours(&told, &mine).len(), 2);
        assert_eq!(ours(&told[..1], &mine).len(), 0);
        assert_eq!(
            ending(&ours(&told, &mine)),
            None,
            "a resource that is done does not end the stack"
        );
        let untold = [
            event(1, "orders", "UPDATE_IN_PROGRESS", "", None),
            event(2, "orders", "UPDATE_COMPLETE", "", None),
        ];
        assert_eq!(ending(&ours(&untold, &mine)), Some("UPDATE_COMPLETE"));
    }

    #[test]
    fn a_cleanup_is_no_end() {
        let events = [event(
            1,
            "orders",
            "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
            "",
            None,
        )];
        assert_eq!(ending(&events.iter().collect::<Vec<_>>()), None);
    }
}
