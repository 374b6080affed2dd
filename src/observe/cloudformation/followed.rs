//! A stack that is followed: its state at each look, the newest event of each of its resources, the
//! resources and services that it has; and what of these is worth a call, by what its state tells.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use crate::aws::cfn::events::StackEvent;
use crate::aws::cfn::stack::CfnStack;
use crate::aws::ecs::Service;
use crate::aws::{Clients, Cloud};
use crate::domain::failure::Failure;
use crate::domain::line::Line;
use crate::domain::look::{Health, Member, PartSeen, Sight, Standing, Subject};
use crate::domain::place::Place;
use crate::domain::time::Time;
use crate::forms::cloudformation::{CALLED, ECS_SERVICE, StackFacts, standing};
use crate::observe::cloudformation::events::Follower;
use crate::observe::cloudformation::look::told;
use crate::observe::cloudformation::serve::{self, health};
use crate::observe::{Follow, Glance, Served, ecs};
use crate::text::safe::Safe;

/// How many parts a sight keeps.
const PARTS: usize = 200;
/// How long a part that has come to rest is told of, and what happened to a stack is worth a look.
const RECENT: Duration = Duration::from_hours(1);
/// How often events are read of a stack at rest whose last event does not come.
const READS: u32 = 3;
/// How long a list of services holds while the stack changes.
const LISTED: Duration = Duration::from_secs(10);

/// A stack that is followed.
pub(super) struct Followed {
    clients: Arc<Clients>,
    about: Subject,
    events: Follower,
    parts: BTreeMap<String, PartSeen>,
    /// As it was at the last look; `None` until then.
    state: Option<State>,
    /// How often events were read since it is in that state.
    reads: u32,
    /// What it was given and what it gives, where that is told.
    given: Value,
    /// The newest event about the stack itself: its status, and when.
    last: Option<(String, Time)>,
    /// What it is made of, as it was when its services were found out.
    members: Vec<Member>,
    /// Its services, in which state, and when that was found out.
    services: Option<(State, Time, Vec<Service>)>,
    /// What is known of those.
    tasks: ecs::Services,
}

/// What CloudFormation says of a stack.
#[derive(Debug, Clone, PartialEq)]
struct State {
    /// `None` when there is none.
    status: Option<String>,
    reason: Safe,
    changed_at: Option<Time>,
}

impl State {
    fn of(stack: Option<CfnStack>) -> Self {
        match stack {
            Some(stack) => Self {
                status: Some(stack.status),
                reason: stack.reason,
                changed_at: stack.changed_at,
            },
            None => Self {
                status: None,
                reason: Safe::default(),
                changed_at: None,
            },
        }
    }

    fn standing(&self) -> Standing {
        self.status.as_deref().map_or(Standing::Missing, standing)
    }

    /// Whether an event about the stack itself says what this state says.
    fn is_told_by(&self, status: &str, at: Time) -> bool {
        match &self.status {
            Some(now) => status == now && self.changed_at.is_none_or(|changed| at >= changed),
            None => status == "DELETE_COMPLETE",
        }
    }
}

impl Follow for Followed {
    fn look<'a>(
        &'a mut self,
        place: &'a Place,
        glance: Glance,
    ) -> BoxFuture<'a, Result<(Sight, Time), Failure>> {
        async move {
            let cloud = self.cloud(place).await?;
            let (stack, at) = cloud.glimpse(&self.about.name).await?;
            self.given = stack
                .as_ref()
                .filter(|_| glance.given)
                .map_or(Value::Null, given);
            self.is(State::of(stack));
            Ok((self.sight(glance), at))
        }
        .boxed()
    }

    fn has_news(&self, glance: Glance) -> bool {
        let Some(state) = &self.state else {
            return false;
        };
        if glance.far && glance.no.is_none() {
            return false;
        }
        if state.standing().is_busy() {
            return true;
        }
        let told = self
            .last
            .as_ref()
            .is_some_and(|(status, at)| state.is_told_by(status, *at));
        // Of what was changed long ago, or never was there, nothing is told; one read shows whether
        // that is so.
        let old = match &state.status {
            Some(_) => state
                .changed_at
                .is_none_or(|changed| glance.now.since(changed) >= RECENT),
            None => self.last.is_none(),
        };
        !told && self.reads < if old { 1 } else { READS }
    }

    fn news<'a>(
        &'a mut self,
        place: &'a Place,
        glance: Glance,
    ) -> BoxFuture<'a, Result<(Sight, Vec<Line>), Failure>> {
        async move {
            self.reads = self.reads.saturating_add(1);
            let cloud = self.cloud(place).await?;
            let events = self.events.poll(&cloud).await?;
            for event in &events {
                self.take(event);
            }
            let lines = events
                .iter()
                .map(|event| self.events.line(event, glance.no))
                .collect();
            Ok((self.sight(glance), lines))
        }
        .boxed()
    }

    fn is_unsurveyed(&self, now: Time) -> bool {
        let Some(state) = self.state.as_ref().filter(|state| state.status.is_some()) else {
            return false;
        };
        let busy = state.standing().is_busy();
        !self
            .services
            .as_ref()
            .is_some_and(|(known, at, _)| known == state && !(busy && now.since(*at) >= LISTED))
    }

    fn survey<'a>(&'a mut self, place: &'a Place, now: Time) -> BoxFuture<'a, Result<(), Failure>> {
        async move {
            let cloud = self.cloud(place).await?;
            let (members, services) = serve::resources(&cloud, &self.about.name).await?;
            self.members = members;
            self.services = self.state.clone().map(|state| (state, now, services));
            Ok(())
        }
        .boxed()
    }

    fn serve<'a>(
        &'a mut self,
        place: &'a Place,
        glance: Glance,
    ) -> BoxFuture<'a, Result<Option<Served>, Failure>> {
        async move {
            let there = self
                .state
                .as_ref()
                .is_some_and(|state| state.status.is_some());
            let services = self
                .services
                .as_ref()
                .filter(|_| there)
                .map_or(&[] as &[Service], |(_, _, services)| services);
            let cloud = self.clients.at(place).await?.watching();
            self.tasks.served(&cloud, services, glance).await
        }
        .boxed()
    }
}

impl Followed {
    pub(super) fn new(
        clients: Arc<Clients>,
        about: Subject,
        events: Follower,
        tasks: ecs::Services,
    ) -> Self {
        Self {
            clients,
            about,
            events,
            parts: BTreeMap::new(),
            state: None,
            given: Value::Null,
            reads: 0,
            last: None,
            members: Vec::new(),
            services: None,
            tasks,
        }
    }

    async fn cloud(&self, place: &Place) -> Result<Cloud, Failure> {
        Ok(self.clients.at(place).await?.watching())
    }

    /// Takes what was seen of it.
    fn is(&mut self, state: State) {
        if state.status.is_none() {
            self.parts.clear();
            self.members.clear();
        }
        if self.state.as_ref() != Some(&state) {
            self.reads = 0;
        }
        self.state = Some(state);
    }

    fn take(&mut self, event: &StackEvent) {
        if self.events.is_own(event) {
            self.last = Some((event.status.clone(), event.at));
            if event.goes_on() && event.reason.as_str().contains("User Initiated") {
                // A new operation: what failed in the one before is history.
                self.parts.clear();
            }
        }
        if self
            .state
            .as_ref()
            .is_some_and(|state| state.status.is_none())
        {
            return;
        }
        let part = PartSeen {
            name: event.logical.clone(),
            kind: event.kind.clone(),
            health: health(event),
            words: Safe::new(&event.status),
            reason: event.reason.clone(),
            at: event.at,
            removes: event.is_removal(),
        };
        self.parts
            .insert(format!("{}/{}", event.stack_name, event.logical), part);
    }

    /// As it was at the last look, with what is known of its parts.
    fn sight(&self, glance: Glance) -> Sight {
        match &self.state {
            Some(State {
                status: Some(status),
                reason,
                changed_at,
            }) => Sight {
                words: Safe::new(status),
                reason: reason.clone(),
                changed_at: *changed_at,
                parts: self.recent(glance.now),
                members: self.shown(glance),
                members_at: self.listed_at(glance),
                facts: self.given.clone(),
                ..Sight::of(self.about.clone(), CALLED, standing(status))
            },
            Some(State { status: None, .. }) | None => {
                StackFacts::missing().sight(&self.about.name)
            }
        }
    }

    /// What it is made of, for those who see it: what nobody looks at closely is told by its state.
    fn shown(&self, glance: Glance) -> Vec<Member> {
        if glance.far {
            return Vec::new();
        }
        self.members.iter().take(PARTS).cloned().collect()
    }

    /// When that was read.
    fn listed_at(&self, glance: Glance) -> Option<Time> {
        let (_, at, _) = self.services.as_ref()?;
        Some(*at).filter(|_| !glance.far && !self.members.is_empty())
    }

    /// The parts that do not rest, and those that came to rest of late, the oldest first.
    fn recent(&self, now: Time) -> Vec<PartSeen> {
        let told = |part: &&PartSeen| part.health != Health::Fine || now.since(part.at) < RECENT;
        let mut parts: Vec<PartSeen> = self.parts.values().filter(told).cloned().collect();
        for part in parts.iter_mut().filter(|part| is_unstable(part)) {
            let mut members = self.members.iter();
            let member = members.find(|member| member.name == part.name);
            if let Some(why) = member.and_then(|member| self.tasks.why(member.id.as_str())) {
                part.reason = why.clone();
            }
        }
        parts.sort_by_key(|part| part.at);
        parts.truncate(PARTS);
        parts
    }
}

/// Its parameters and its outputs, without what is a secret.
fn given(stack: &CfnStack) -> Value {
    json!({ "parameters": told(&stack.parameters), "outputs": told(&stack.outputs) })
}

/// Whether it is a service of which CloudFormation says no more than that it failed.
fn is_unstable(part: &PartSeen) -> bool {
    part.health == Health::Failed && part.kind.as_str() == ECS_SERVICE
}

#[cfg(test)]
mod tests;
