//! Worlds for tests, made as real ones are: by applying events. `scene()` has one stack in every
//! state that matters.

mod answers;
mod asked;
mod deployments;
mod parts;
mod plans;
mod seen;
mod specs;
mod whole;

pub use answers::{append, decided};
pub use plans::{rows, update_plan};
pub use seen::seen;
pub use specs::{script, spec, spec_with};

use std::sync::Arc;
use std::time::Duration;

use crate::domain::aside::{Aside, AsideKind, AsideRead, SetAside};
use crate::domain::class::EnvClass;
use crate::domain::deployment::DeploymentEvent;
use crate::domain::environment::{
    EnvironmentEvent, EnvironmentRecord, Mode, OnFailure, QueuePolicy,
};
use crate::domain::estate::{Catalog, Entry};
use crate::domain::event::{Event, Stored, StreamId};
use crate::domain::given::ana;
use crate::domain::ids::{DeploymentId, StackId};
use crate::domain::person::Person;
use crate::domain::place::{self, Proof};
use crate::domain::queue::QueueKind;
use crate::domain::request::Spec;
use crate::domain::sighting::{Seen, Slowed};
use crate::domain::stack::StackEvent;
use crate::domain::time::Time;
use crate::text::safe::Safe;

use super::{EngineState, World};

/// The time of every scene: 2026-03-12T14:03:22Z.
pub const NOW: Time = Time(1_773_324_202_000);

/// A stack's id.
pub fn id(text: &str) -> StackId {
    text.parse().unwrap()
}

/// This many seconds before [`NOW`].
pub fn ago(secs: u64) -> Time {
    NOW - Duration::from_secs(secs)
}

/// A place in this account.
pub fn account(account: &str) -> place::Place {
    place::Place::new("aws", "account", "region")
        .of(Some(account))
        .within(Some("eu-west-1"))
}

/// What an engine says of how often AWS may be read.
pub fn pace(slowed: Option<Slowed>) -> Seen {
    Seen::Pace {
        by: "AWS".to_owned(),
        slowed,
    }
}

/// The same record with its home in another account.
pub fn in_account(record: &EnvironmentRecord, other: &str) -> EnvironmentRecord {
    EnvironmentRecord {
        places: account(other).into(),
        ..record.clone()
    }
}

/// A record of an environment.
pub fn record(class: EnvClass) -> EnvironmentRecord {
    EnvironmentRecord {
        class,
        places: account("441200007731").into(),
        on_failure: OnFailure::Break,
        queue: QueuePolicy::Queue,
        mode: Mode::Deploy,
        min_level: None,
        hold_expiry: Duration::from_hours(24),
    }
}

/// A world under construction, with the log that makes it.
#[derive(Clone)]
pub struct Scene {
    /// The world so far.
    pub world: World,
    /// Every event, in order.
    pub log: Vec<Stored>,
    /// The time of the next events.
    pub at: Time,
}

impl Scene {
    /// Nothing yet: an engine runs, ana looks.
    pub fn new() -> Self {
        let engine = EngineState::Live {
            pid: 4711,
            version: "0.1.0".to_owned(),
        };
        let catalog = Arc::new(Catalog {
            file: "holdpoint.yaml".to_owned(),
            ..Catalog::default()
        });
        let world = World {
            engine,
            you: "ana".to_owned(),
            at: NOW,
            catalog,
            loaded: true,
            ..World::default()
        };
        Self {
            world,
            log: Vec::new(),
            at: ago(86_400),
        }
    }

    /// Sets the time of the next events to this many seconds before [`NOW`].
    pub fn ago(&mut self, secs: u64) -> &mut Self {
        self.at = ago(secs);
        self
    }

    /// Appends an event.
    pub fn event(&mut self, stream: StreamId, event: Event, by: Person) {
        let stored = recorded(&mut self.world, stream, event, by, self.at);
        self.log.push(stored);
    }

    /// An environment, in the file and in the store.
    pub fn env(&mut self, name: &str, class: EnvClass) -> &mut Self {
        let name: crate::domain::ids::EnvName = name.parse().unwrap();
        let record = record(class);
        Arc::make_mut(&mut self.world.catalog)
            .environments
            .insert(name.clone(), record.clone());
        self.event(
            StreamId::Environment(name.clone()),
            Event::Environment(EnvironmentEvent::Configured { record }),
            ana(),
        );
        let proof = Proof {
            whose: "441200007731".to_owned(),
            within: "eu-west-1".to_owned(),
            who: "arn:aws:sts::441200007731:assumed-role/deployer/ana".into(),
            called: "deployer".into(),
            expires_at: Some(NOW + Duration::from_mins(52)),
            at: ago(12),
        };
        self.sighting(
            &format!("environment/{name}"),
            "proof/aws",
            Seen::Proof { proof },
            12,
        );
        self
    }

    /// The record of an environment changes, in the file and in the store.
    pub fn recorded(&mut self, name: &str, record: EnvironmentRecord) -> &mut Self {
        let name: crate::domain::ids::EnvName = name.parse().unwrap();
        Arc::make_mut(&mut self.world.catalog)
            .environments
            .insert(name.clone(), record.clone());
        self.event(
            StreamId::Environment(name),
            Event::Environment(EnvironmentEvent::Configured { record }),
            ana(),
        );
        self
    }

    /// Names a stack in the estate file.
    pub fn listed(&mut self, stack: &str, spec: Result<Spec, String>) -> &mut Self {
        let entry = Entry {
            spec,
            bundle: specs::bundle(),
            depends_on: Vec::new(),
            after: Vec::new(),
            rows: Vec::new(),
            brings: crate::domain::estate::Brings::default(),
            beside: Vec::new(),
            parameters: None,
            takes: Vec::new(),
            lacks: None,
        };
        Arc::make_mut(&mut self.world.catalog)
            .stacks
            .insert(id(stack), entry);
        self
    }

    /// An event of a deployment, by the engine.
    pub fn on(&mut self, d: DeploymentId, event: DeploymentEvent) -> &mut Self {
        self.event(
            StreamId::Deployment(d),
            Event::Deployment(Box::new(event)),
            Person::Engine,
        );
        self
    }

    /// An event of a stack, by the engine.
    pub fn on_stack(&mut self, stack: &str, event: StackEvent) -> &mut Self {
        self.event(
            StreamId::Stack(id(stack)),
            Event::Stack(event),
            Person::Engine,
        );
        self
    }
}

/// An event happens in a world.
fn recorded(world: &mut World, stream: StreamId, event: Event, by: Person, at: Time) -> Stored {
    let stored = Stored {
        seq: world.folds.seq + 1,
        version: world.folds.version(&stream) + 1,
        stream,
        at,
        person: by,
        cause: None,
        event: Ok(event),
    };
    world.folds.apply(&stored);
    assert!(world.folds.broken.is_empty(), "{:?}", world.folds.broken);
    Arc::make_mut(&mut world.recent).push_back(Arc::new(stored.clone()));
    stored
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

/// Two messages that were set aside, half an hour and two days ago.
pub fn set_aside() -> AsideRead {
    let one = |id: &str, of, kind, why: &str, body: &str, received, secs| SetAside {
        queue: format!("hp-{of} ({of} of dev)"),
        of: Some(of),
        kind: Some(kind),
        id: id.to_owned(),
        why: Safe::new(why),
        body: Safe::told(body),
        received,
        at: ago(secs),
    };
    let kept = Aside {
        messages: vec![
            one(
                "59a1c7e2-0b6f-4c8e-9d1a-2f4be3a60c11",
                QueueKind::Setup,
                AsideKind::Unreadable,
                "there is no field \"token\" in a message",
                "{\"stack\": \"dev/docs\", \"token\": \"ghp_0123456789abcdefghijklmnopqrstuvwxyz\"}",
                1,
                172_800,
            ),
            one(
                "c0ffee00-7d2b-4f3e-8a55-b6d0f1e2a3b4",
                QueueKind::Builds,
                AsideKind::GivenUp,
                "build shop:9 was not started from here, and nothing here watches shop",
                "{\"source\": \"aws.codebuild\"}",
                5,
                1_800,
            ),
        ],
        total: 203,
    };
    AsideRead {
        kept: Arc::new(kept),
        trouble: None,
    }
}

/// The whole scene's world.
pub fn scene() -> World {
    Scene::whole().world
}
