//! The events of a CloudFormation stack and its nested stacks, as one stream of lines.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::aws::Cloud;
use crate::aws::cfn::events::{Back, StackEvent};
use crate::domain::failure::Failure;
use crate::domain::ids::StackId;
use crate::domain::line::{Line, Severity, SourceKind};
use crate::domain::safe::Safe;
use crate::domain::time::Time;

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
        Self { stack, root: root.to_owned(), arn: None, since, newest: BTreeMap::new(), nested: Vec::new() }
    }

    /// The events that are new, in the order of time. None are lost and none come twice.
    ///
    /// # Errors
    /// When AWS could not be asked; what was taken before stays taken.
    pub async fn poll(&mut self, cloud: &Cloud) -> Result<Vec<StackEvent>, Failure> {
        let root = self.arn.clone().unwrap_or_else(|| self.root.clone());
        let mut found = self.of(cloud, &root, 0).await?;
        self.settle(&found);
        let mut next = 0;
        while let Some((id, depth)) = self.nested.get(next).cloned() {
            found.extend(self.of(cloud, &id, depth).await?);
            next += 1;
        }
        found.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        Ok(found)
    }

    /// Learns the stack's ARN; after its last event the next one of that name is waited for.
    fn settle(&mut self, found: &[StackEvent]) {
        let Some(last) = found.iter().rfind(|event| event.is_root()) else { return };
        if last.status == "DELETE_COMPLETE" {
            self.arn = None;
            self.since = last.at + Duration::from_millis(1);
            self.newest.remove(&self.root);
        } else {
            self.arn = Some(last.stack_id.clone());
            self.newest.insert(last.stack_id.clone(), found.last().unwrap_or(last).id.clone());
        }
    }

    async fn of(&mut self, cloud: &Cloud, stack: &str, depth: usize) -> Result<Vec<StackEvent>, Failure> {
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
        let reason = if event.reason.is_empty() { String::new() } else { format!(": {}", event.reason) };
        let kind = event.kind.as_str().strip_prefix("AWS::").unwrap_or(event.kind.as_str());
        Line {
            at: event.at,
            id: event.id.clone(),
            kind: SourceKind::Cfn,
            source: event.stack_name.clone(),
            part: event.logical.clone(),
            stack: self.stack.clone(),
            no,
            severity: severity(&event.status, event.reason.as_str()),
            text: Safe::new(&format!("{} {kind}{reason}", event.status)),
        }
    }
}

fn severity(status: &str, reason: &str) -> Severity {
    if is_failure(status) && !is_cancellation(reason) {
        Severity::Error
    } else if is_failure(status) || status.contains("ROLLBACK") {
        Severity::Warn
    } else {
        Severity::Info
    }
}

pub(super) fn is_failure(status: &str) -> bool {
    status.ends_with("_FAILED")
}

/// True for the reason that CloudFormation gives resources which it stops because another one failed.
pub(super) fn is_cancellation(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    reason.contains("cancelled") || reason.contains("canceled")
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(severity(status, reason), expected, "{status} {reason}");
        }
    }
}
