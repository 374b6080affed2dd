//! The events of a CloudFormation stack and its nested stacks, as one stream of lines.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::aws::Cloud;
use crate::aws::cfn::events::{Back, StackEvent};
use crate::domain::failure::Failure;
use crate::domain::ids::StackId;
use crate::domain::line::{Line, Severity, SourceKind, Turn};
use crate::domain::time::Time;
use crate::text::safe::Safe;
use crate::text::secret::masked;

/// How deep nested stacks are followed.
const DEEPEST: usize = 3;

/// Follows the events of one stack from a point in time.
#[derive(Debug)]
pub struct Follower {
    stack: StackId,
    root: String,
    /// The ARN, once it is known: events of a stack that was deleted are told under it alone.
    arn: Option<String>,
    since: Time,
    /// The newest event taken of each stack, nested ones by ARN.
    newest: BTreeMap<String, String>,
    nested: Vec<(String, usize)>,
}

impl Follower {
    /// Follows the stack of that name.
    #[must_use]
    pub fn new(stack: StackId, root: &str, since: Time) -> Self {
        Self {
            stack,
            root: root.to_owned(),
            arn: None,
            since,
            newest: BTreeMap::new(),
            nested: Vec::new(),
        }
    }

    /// Whether an event is about the followed stack itself, and not about a resource or a nested
    /// stack.
    #[must_use]
    pub fn is_own(&self, event: &StackEvent) -> bool {
        event.is_root() && event.stack_name.as_str() == self.root
    }

    /// The events that are new: by time, those of one stack in the order in which CloudFormation
    /// tells them. None are lost and none come twice.
    ///
    /// # Errors
    /// When AWS could not be asked; what was taken before stays taken.
    pub async fn poll(&mut self, cloud: &Cloud) -> Result<Vec<StackEvent>, Failure> {
        let root = self.arn.clone().unwrap_or_else(|| self.root.clone());
        let own = self.of(cloud, &root, 0).await?;
        self.settle(&own);
        let mut found = vec![own];
        let mut next = 0;
        while let Some((id, depth)) = self.nested.get(next).cloned() {
            found.push(self.of(cloud, &id, depth).await?);
            next += 1;
        }
        Ok(merged(found))
    }

    /// Learns the stack's ARN; after its last event the next one of that name is waited for.
    fn settle(&mut self, found: &[StackEvent]) {
        let Some(last) = found.iter().rfind(|event| event.is_root()) else {
            return;
        };
        if last.status == "DELETE_COMPLETE" {
            self.arn = None;
            self.since = last.at + Duration::from_millis(1);
            self.newest.remove(&self.root);
        } else {
            self.arn = Some(last.stack_id.clone());
            self.newest.insert(
                last.stack_id.clone(),
                found.last().unwrap_or(last).id.clone(),
            );
        }
    }

    async fn of(
        &mut self,
        cloud: &Cloud,
        stack: &str,
        depth: usize,
    ) -> Result<Vec<StackEvent>, Failure> {
        let back = match self.newest.get(stack) {
            Some(id) => Back::To(id),
            None => Back::Since(self.since),
        };
        let events = match cloud.events(stack, back).await {
            Ok(events) => events,
            // A stack that is gone has no more events under its name.
            Err(trouble) if crate::aws::cfn::stack::is_missing(&trouble) => return Ok(Vec::new()),
            Err(trouble) => return Err(trouble.into()),
        };
        if let Some(newest) = events.last() {
            self.newest.insert(stack.to_owned(), newest.id.clone());
        }
        for event in &events {
            if let Some(nested) = event.nested()
                && depth < DEEPEST
                && !self.nested.iter().any(|(known, _)| known == nested)
            {
                self.nested.push((nested.to_owned(), depth + 1));
            }
        }
        Ok(events)
    }

    /// An event as a line.
    #[must_use]
    pub fn line(&self, event: &StackEvent, no: Option<crate::domain::ids::DeploymentNo>) -> Line {
        let reason = if event.reason.is_empty() {
            String::new()
        } else {
            format!(": {}", event.reason)
        };
        let kind = event
            .kind
            .as_str()
            .strip_prefix("AWS::")
            .unwrap_or(event.kind.as_str());
        Line {
            turn: Turn::default(),
            phase: None,
            at: event.at,
            id: event.id.as_str().into(),
            kind: SourceKind::Events,
            source: event.stack_name.clone(),
            part: event.logical.clone(),
            stack: self.stack.clone(),
            no,
            severity: guess(event),
            text: Safe::from_bytes(&masked(
                format!("{} {kind}{reason}", event.status).as_bytes(),
            )),
        }
    }
}

/// The events of several stacks by time; those of one stack stay in their order.
fn merged(stacks: Vec<Vec<StackEvent>>) -> Vec<StackEvent> {
    let mut all = Vec::new();
    for events in stacks {
        let mut turn = Time::default();
        for event in events {
            turn = turn.max(event.at);
            all.push((turn, event));
        }
    }
    all.sort_by_key(|(turn, _)| *turn);
    all.into_iter().map(|(_, event)| event).collect()
}

fn guess(event: &StackEvent) -> Severity {
    if event.is_failure() && !event.is_cancellation() {
        Severity::Error
    } else if event.is_failure() || event.status.contains("ROLLBACK") {
        Severity::Warn
    } else {
        Severity::Info
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_one_stack_keep_their_order_whatever_their_times_and_ids() {
        let event = |id: &str, at| StackEvent {
            id: id.to_owned(),
            at: Time(at),
            ..StackEvent::default()
        };
        let own = vec![
            event("d", 1),
            event("c", 4),
            event("b", 4),
            event("a", 3),
            event("z", 6),
        ];
        let nested = vec![event("y", 2), event("x", 4), event("w", 5)];
        let ids: Vec<String> = merged(vec![own, nested])
            .into_iter()
            .map(|event| event.id)
            .collect();
        assert_eq!(ids, ["d", "y", "c", "b", "a", "x", "w", "z"]);
    }

    #[test]
    fn failures_are_errors_and_ways_back_are_warnings() {
        for (status, reason, expected) in [
            ("UPDATE_FAILED", "storage-full", Severity::Error),
            ("UPDATE_FAILED", "Resource update cancelled", Severity::Warn),
            ("UPDATE_ROLLBACK_FAILED", "", Severity::Error),
            ("ROLLBACK_IN_PROGRESS", "", Severity::Warn),
            ("UPDATE_ROLLBACK_COMPLETE", "", Severity::Warn),
            ("CREATE_COMPLETE", "", Severity::Info),
        ] {
            let event = StackEvent {
                status: status.to_owned(),
                reason: reason.into(),
                ..StackEvent::default()
            };
            assert_eq!(guess(&event), expected, "{status} {reason}");
        }
    }
}
