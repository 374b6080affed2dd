//! The eyes on CloudFormation: stacks as they are and as they go on, and what an update would change.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Deserialize as _;

use super::events::{Follower, is_cancellation, is_failure};
use super::{Eye, Follow, Glance, LookOn, look, serve};
use crate::aws::cfn::events::StackEvent;
use crate::aws::{Clients, Cloud};
use crate::domain::environment::AwsTarget;
use crate::domain::failure::Failure;
use crate::domain::ids::StackId;
use crate::domain::line::Line;
use crate::domain::look::{Health, Look, PartSeen, Sight, Subject};
use crate::domain::request::SourceBundle;
use crate::domain::safe::Safe;
use crate::domain::time::Time;
use crate::forms::cloudformation::{CALLED, CHANGES, CfnInput, STACK, StackFacts, standing};
use crate::os::clock::SharedClock;

/// How many parts a sight keeps.
const PARTS: usize = 200;
/// How long a part that has come to rest is told of.
const RECENT: Duration = Duration::from_hours(1);

/// The clients of an environment.
async fn cloud(clients: &Clients, on: &LookOn) -> Result<Arc<Cloud>, Failure> {
    let target = on.record.aws.as_ref().ok_or_else(|| {
        Failure::new(format!("{} has no `aws:` in the estate file", on.env)).hint("add `aws: { region: … }` and `holdpoint apply`")
    })?;
    clients.of(target).await
}

/// Looks at stacks.
pub(super) struct Stacks {
    clients: Arc<Clients>,
}

impl Stacks {
    pub(super) fn new(clients: Arc<Clients>) -> Self {
        Self { clients }
    }
}

impl Eye for Stacks {
    fn kind(&self) -> &'static str {
        STACK
    }

    fn look<'a>(&'a self, on: &'a LookOn, look: &'a Look, _bundle: Option<&'a SourceBundle>) -> BoxFuture<'a, Result<Sight, Failure>> {
        async move {
            let cloud = cloud(&self.clients, on).await?;
            Ok(look::stack(&cloud, &look.about.name, look.whole).await?.sight(&look.about.name))
        }
        .boxed()
    }

    fn follow(&self, stack: &StackId, about: &Subject, since: Time) -> Option<Box<dyn Follow>> {
        let (clients, events) = (Arc::clone(&self.clients), Follower::new(stack.clone(), &about.name, since));
        Some(Box::new(Followed { clients, about: about.clone(), events, parts: BTreeMap::new() }))
    }
}

/// Looks at what an update would change.
pub(super) struct ChangeSets {
    clients: Arc<Clients>,
    clock: SharedClock,
    store: String,
}

impl ChangeSets {
    pub(super) fn new(clients: Arc<Clients>, clock: SharedClock, store: String) -> Self {
        Self { clients, clock, store }
    }
}

impl Eye for ChangeSets {
    fn kind(&self) -> &'static str {
        CHANGES
    }

    fn reads_files(&self) -> bool {
        true
    }

    fn look<'a>(&'a self, on: &'a LookOn, look: &'a Look, bundle: Option<&'a SourceBundle>) -> BoxFuture<'a, Result<Sight, Failure>> {
        async move {
            let cloud = cloud(&self.clients, on).await?;
            let bundle = bundle.ok_or_else(|| Failure::new("the files of this release are not at hand").hint("deploy from the estate"))?;
            let input = CfnInput::deserialize(&look.with)
                .map_err(|why| Failure::new(format!("what {} is made from cannot be read: {why}", look.about.name)))?;
            Ok(look::changes(&cloud, &self.clock, &self.store, &on.token, &input, bundle).await?.sight(&look.about.name))
        }
        .boxed()
    }
}

/// A stack that is followed, with the newest event of each of its resources.
struct Followed {
    clients: Arc<Clients>,
    about: Subject,
    events: Follower,
    parts: BTreeMap<String, PartSeen>,
}

impl Follow for Followed {
    fn look<'a>(&'a mut self, aws: &'a AwsTarget, glance: Glance) -> BoxFuture<'a, Result<(Sight, Vec<Line>), Failure>> {
        async move {
            let cloud = self.clients.of(aws).await?;
            let Some(stack) = cloud.stack(&self.about.name).await? else {
                self.parts.clear();
                // It was deleted perhaps: its last events are told still.
                let events = if glance.far { Vec::new() } else { self.events.poll(&cloud).await? };
                return Ok((StackFacts::missing().sight(&self.about.name), self.lines(&events, glance)));
            };
            let standing = standing(&stack.status);
            let quiet = glance.far && glance.no.is_none() && !standing.is_busy();
            let events = if quiet { Vec::new() } else { self.events.poll(&cloud).await? };
            for event in &events {
                self.take(event);
            }
            let sight = Sight {
                words: Safe::new(&stack.status),
                reason: stack.reason,
                changed_at: stack.changed_at,
                parts: self.recent(glance.now),
                ..Sight::of(self.about.clone(), CALLED, standing)
            };
            Ok((sight, self.lines(&events, glance)))
        }
        .boxed()
    }

    fn serve<'a>(&'a self, aws: &'a AwsTarget) -> BoxFuture<'a, Result<Option<(u32, u32)>, Failure>> {
        async move { serve::serve(&*self.clients.of(aws).await?, &self.about.name).await }.boxed()
    }
}

impl Followed {
    fn lines(&self, events: &[StackEvent], glance: Glance) -> Vec<Line> {
        events.iter().map(|event| self.events.line(event, glance.no)).collect()
    }

    fn take(&mut self, event: &StackEvent) {
        if event.is_root() && event.status.ends_with("_IN_PROGRESS") && event.reason.as_str().contains("User Initiated") {
            // A new operation: what failed in the one before is history.
            self.parts.clear();
        }
        let part = PartSeen {
            name: event.logical.clone(),
            kind: event.kind.clone(),
            health: health(&event.status, event.reason.as_str()),
            words: Safe::new(&event.status),
            reason: event.reason.clone(),
            at: event.at,
        };
        self.parts.insert(format!("{}/{}", event.stack_name, event.logical), part);
    }

    /// The parts that do not rest, and those that came to rest of late, the oldest first.
    fn recent(&self, now: Time) -> Vec<PartSeen> {
        let told = |part: &&PartSeen| part.health != Health::Fine || now.since(part.at) < RECENT;
        let mut parts: Vec<PartSeen> = self.parts.values().filter(told).cloned().collect();
        parts.sort_by_key(|part| part.at);
        parts.truncate(PARTS);
        parts
    }
}

/// How a resource is. One that CloudFormation stops because another one failed has that as its reason.
fn health(status: &str, reason: &str) -> Health {
    if status.ends_with("_COMPLETE") {
        Health::Fine
    } else if !is_failure(status) {
        Health::Moves
    } else if is_cancellation(reason) {
        Health::Stopped
    } else {
        Health::Failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_because_of_another_is_told_apart() {
        for (status, reason, expected) in [
            ("UPDATE_FAILED", "storage-full", Health::Failed),
            ("UPDATE_FAILED", "Resource update cancelled", Health::Stopped),
            ("CREATE_FAILED", "Resource creation Canceled", Health::Stopped),
            ("UPDATE_IN_PROGRESS", "", Health::Moves),
            ("UPDATE_COMPLETE", "", Health::Fine),
        ] {
            assert_eq!(health(status, reason), expected, "{status} {reason}");
        }
    }
}
