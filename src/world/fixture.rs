//! Worlds for tests, made as real ones are: by applying events. `scene()` has one stack in every
//! state that matters.

mod parts;
mod plans;
mod whole;

pub use plans::{rows, script_plan, update_plan};

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::cause::Parent;
use crate::domain::decide::{Cx, hold_want};
use crate::domain::deployment::{DeploymentEvent, Request, Shown, Stopping};
use crate::domain::end::End;
use crate::domain::environment::{
    Class, EnvironmentEvent, EnvironmentRecord, Mode, OnFailure, QueuePolicy,
};
use crate::domain::estate::{Catalog, Entry};
use crate::domain::event::{Event, Stored, StreamId};
use crate::domain::failure::Failure;
use crate::domain::given::{self, ana};
use crate::domain::hold::{Decision, Verdict};
use crate::domain::ids::{DeploymentId, HoldId, StackId};
use crate::domain::level::Level;
use crate::domain::lifecycle::PhaseFlag;
use crate::domain::look::{PartSeen, Sight};
use crate::domain::person::Person;
use crate::domain::place::{self, Proof};
use crate::domain::plan::{ChangeRow, Output, Plan, PlanShown, resolve};
use crate::domain::request::{SourceBundle, Spec};
use crate::domain::sighting::{SERVE, Seen, Sighting, THING};
use crate::domain::stack::{Left, QueueEnd, Queued, StackEvent};
use crate::domain::time::Time;
use crate::forms::cloudformation::StackFacts;

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

/// The same record with its home in another account.
pub fn in_account(record: &EnvironmentRecord, other: &str) -> EnvironmentRecord {
    EnvironmentRecord {
        places: account(other).into(),
        ..record.clone()
    }
}

/// A record of an environment.
pub fn record(class: Class) -> EnvironmentRecord {
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

/// A spec of the service system.
pub fn spec(release: &str, parameters: &Value) -> Spec {
    given::spec(
        "service",
        release,
        json!({ "input": { "parameters": parameters } }),
    )
}

/// A world under construction, with the log that makes it.
pub struct Scene {
    /// The world so far.
    pub world: World,
    /// Every event, in order.
    pub log: Vec<Stored>,
    /// The time of the next events.
    pub at: Time,
}

/// A CloudFormation stack in this status, as its eye tells it.
pub fn seen(status: &str) -> Sight {
    StackFacts {
        status: status.to_owned(),
        ..StackFacts::default()
    }
    .sight("shop")
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
        let stored = Stored {
            seq: self.log.len() as u64 + 1,
            version: self.world.folds.version(&stream) + 1,
            stream,
            at: self.at,
            person: by,
            cause: None,
            event: Ok(event),
        };
        self.world.folds.apply(&stored);
        assert!(
            self.world.folds.broken.is_empty(),
            "{:?}",
            self.world.folds.broken
        );
        Arc::make_mut(&mut self.world.recent).push_back(Arc::new(stored.clone()));
        self.log.push(stored);
    }

    /// An environment, in the file and in the store.
    pub fn env(&mut self, name: &str, class: Class) -> &mut Self {
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
            bundle: SourceBundle::default(),
            depends_on: Vec::new(),
        };
        Arc::make_mut(&mut self.world.catalog)
            .stacks
            .insert(id(stack), entry);
        self
    }

    /// Records what was seen.
    pub fn sighting(
        &mut self,
        subject: &str,
        source: &str,
        value: Seen,
        secs_ago: u64,
    ) -> &mut Self {
        let env = subject.split('/').nth(1).and_then(|env| env.parse().ok());
        let record = env.and_then(|env| self.world.record(&env));
        let sighting = Sighting {
            value,
            taken_at: ago(secs_ago),
            place: record.and_then(|record| record.places.home().cloned()),
            stale: None,
        };
        self.world
            .sightings
            .insert((subject.to_owned(), source.to_owned()), sighting);
        self
    }

    /// Running and desired tasks.
    pub fn serve(&mut self, stack: &str, running: u32, desired: u32) -> &mut Self {
        self.sighting(
            &format!("stack/{stack}"),
            SERVE,
            Seen::Serve { running, desired },
            2,
        )
    }

    /// The CloudFormation stack.
    pub fn cfn(
        &mut self,
        stack: &str,
        status: &str,
        secs_ago: u64,
        parts: Vec<PartSeen>,
    ) -> &mut Self {
        let sight = Sight {
            changed_at: Some(ago(secs_ago)),
            parts,
            ..seen(status)
        };
        self.sighting(&format!("stack/{stack}"), THING, Seen::Thing { sight }, 2)
    }

    /// The last looks at a stack failed.
    pub fn stale(&mut self, stack: &str, why: &str) -> &mut Self {
        for (key, sighting) in &mut self.world.sightings {
            if key.0 == format!("stack/{stack}") {
                sighting.stale = Some(why.into());
            }
        }
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

    /// Asks for a deployment and queues it.
    pub fn ask(
        &mut self,
        stack: &str,
        spec: Spec,
        armed_for: Option<u64>,
        after: &[DeploymentId],
    ) -> DeploymentId {
        let not_before = armed_for.map(|secs| NOW + Duration::from_secs(secs));
        self.create(Request {
            not_before,
            after: after.to_vec(),
            ..self.request(stack, spec)
        })
    }

    /// Asks for a deployment of which this plan was on the card.
    pub fn ask_for(&mut self, stack: &str, spec: Spec, plan: &Plan) -> DeploymentId {
        let seen = Shown {
            card: plan.digest(),
            level: Level::L3,
            branch: plan.branch.clone(),
            changes: plan.changes.clone(),
            covers: Vec::new(),
            plan: Some(PlanShown::of(plan)),
        };
        self.create(Request {
            seen: Some(seen),
            ..self.request(stack, spec)
        })
    }

    /// The next deployment of a stack, by its owner at the console.
    fn request(&self, stack: &str, spec: Spec) -> Request {
        let nth = self
            .world
            .folds
            .deployments
            .values()
            .map(|d| d.no().0)
            .max()
            .unwrap_or(0)
            + 1;
        Request {
            places: account("441200007731").into(),
            ..given::request(nth.max(2_290), &id(stack), spec)
        }
    }

    fn create(&mut self, request: Request) -> DeploymentId {
        let Request {
            no,
            purpose,
            not_before,
            ..
        } = request;
        let (stack, system, after) = (
            request.stack.clone(),
            request.spec.system.clone(),
            request.after.clone(),
        );
        let deployment = request.parent.as_ref().map_or_else(
            || DeploymentId(Uuid::from_u128(u128::from(no.0))),
            Parent::child,
        );
        let created = DeploymentEvent::Created {
            request: Box::new(request),
        };
        self.event(
            StreamId::Deployment(deployment),
            Event::Deployment(Box::new(created)),
            ana(),
        );
        let entry = Queued {
            deployment,
            no,
            purpose,
            not_before,
            after,
        };
        self.event(
            StreamId::Stack(stack),
            Event::Stack(StackEvent::Requested {
                system,
                entry,
                place: QueueEnd::Tail,
            }),
            ana(),
        );
        deployment
    }

    /// Starts a queued deployment with a plan, up to RUNNING.
    pub fn start(&mut self, stack: &str, deployment: DeploymentId, plan: Plan) -> &mut Self {
        let first = self.world.folds.stack(&id(stack)).is(PhaseFlag::LookFirst);
        self.on_stack(
            stack,
            if first {
                StackEvent::FoundMissing { deployment }
            } else {
                StackEvent::Popped { deployment }
            },
        );
        let digest = plan.digest();
        self.on(deployment, DeploymentEvent::Triggered)
            .on(deployment, DeploymentEvent::StackWait)
            .on(
                deployment,
                DeploymentEvent::StackAvailable {
                    found: [seen("UPDATE_COMPLETE")].into_iter().collect(),
                },
            )
            .on(
                deployment,
                DeploymentEvent::Planned {
                    plan: Box::new(plan),
                    digest,
                    carried: Vec::new(),
                },
            )
            .on(deployment, DeploymentEvent::RunSteps)
    }

    /// Starts a step.
    pub fn begin(&mut self, d: DeploymentId, step: &str) -> &mut Self {
        let deadline = self.at + Duration::from_hours(1);
        self.on(
            d,
            DeploymentEvent::StepStarted {
                step: step.into(),
                attempt: 1,
                subject: None,
                params: json!({}),
                deadline,
            },
        )
    }

    /// Whoever carries out a step notes what it is about to begin.
    pub fn note(&mut self, d: DeploymentId, step: &str) -> &mut Self {
        self.on(
            d,
            DeploymentEvent::StepNoted {
                step: step.into(),
                key: "intent".to_owned(),
                value: json!({}),
            },
        )
    }

    /// Starts a step and ends it well after some seconds.
    pub fn done(&mut self, d: DeploymentId, step: &str, secs: u64, output: Value) -> &mut Self {
        self.begin(d, step);
        self.at = self.at + Duration::from_secs(secs);
        self.on(
            d,
            DeploymentEvent::StepDone {
                step: step.into(),
                output: Output::public(output),
            },
        )
    }

    /// A change set with these rows, and what the next step makes of it.
    pub fn weighed(
        &mut self,
        d: DeploymentId,
        set: &str,
        eval: &str,
        rows: &[ChangeRow],
    ) -> &mut Self {
        self.done(d, set, 12, plans::change_set(rows))
            .begin(d, eval);
        let fold = &self.world.folds.deployments[&d];
        let step = fold
            .plan
            .as_ref()
            .and_then(|plan| plan.step(&eval.into()))
            .unwrap();
        let params = resolve(&step.params, &fold.outputs()).unwrap();
        let system = crate::systems::named("service");
        let output = crate::systems::pure_step(system, step.kind.as_str(), &params).unwrap();
        self.on(
            d,
            DeploymentEvent::StepDone {
                step: eval.into(),
                output,
            },
        )
    }

    /// A deployment that took its service to zero for some time, and ended well.
    pub fn outage(&mut self, stack: &str, spec: Spec, secs: u64) -> &mut Self {
        let d = self.ask(stack, spec, None, &[]);
        self.start(stack, d, update_plan(stack, true))
            .weighed(d, "change-set", "join", &rows(true))
            .done(d, "scale-down", 20, json!({}));
        self.weighed(d, "change-set-2", "same", &rows(true)).done(
            d,
            "execute-2",
            secs - 22,
            json!({}),
        );
        self.done(d, "scale-up", 10, json!({}))
            .done(d, "verify-2", 5, json!({}))
            .end(stack, d, End::Done)
    }

    /// Fails a step that runs.
    pub fn fail_step(&mut self, d: DeploymentId, step: &str, failure: Failure) -> &mut Self {
        self.on(
            d,
            DeploymentEvent::StepFailed {
                step: step.into(),
                failure,
                retry_at: None,
            },
        )
        .on(
            d,
            DeploymentEvent::Stopping {
                stopping: Stopping::Failing,
            },
        )
    }

    /// Opens the hold of a step, as the engine does.
    pub fn hold(&mut self, d: DeploymentId, step: &str) -> HoldId {
        let (folds, cx) = (
            &self.world.folds,
            Cx {
                now: self.at,
                person: Person::Engine,
                asked: None,
                fresh: &[],
                cancels: &BTreeMap::new(),
            },
        );
        let append = hold_want(folds, &folds.deployments[&d], &step.into(), &cx);
        for write in append.writes {
            for event in write.events {
                self.event(write.stream.clone(), event, Person::Engine);
            }
        }
        self.world.folds.deployments[&d]
            .holds
            .last()
            .unwrap()
            .id
            .clone()
    }

    /// Approves a hold.
    pub fn approve(&mut self, d: DeploymentId, hold: &HoldId) -> &mut Self {
        let subject = self.world.folds.hold(hold).unwrap().1.subject;
        let decision = Decision {
            verdict: Verdict::Approved {
                subject,
                choice: None,
            },
            by: ana(),
            at: self.at,
            note: String::new(),
        };
        let event = DeploymentEvent::HoldDecided {
            hold: hold.clone(),
            decision,
        };
        self.event(
            StreamId::Deployment(d),
            Event::Deployment(Box::new(event)),
            ana(),
        );
        self
    }

    /// Ends a deployment, and its stack with it.
    pub fn end(&mut self, stack: &str, deployment: DeploymentId, end: End) -> &mut Self {
        let release = self.world.folds.deployments[&deployment]
            .request
            .as_ref()
            .unwrap()
            .spec
            .release
            .clone();
        match end {
            End::Done => {
                self.on(deployment, DeploymentEvent::Done).on_stack(
                    stack,
                    StackEvent::Succeeded {
                        deployment,
                        release: Some(release),
                        as_before: false,
                    },
                );
                if self.world.folds.stack(&id(stack)).is(PhaseFlag::Settles) {
                    self.on_stack(stack, StackEvent::QueueEmpty);
                }
            }
            End::Partial { arrived, missing } => {
                let reason = End::shortfall(&arrived, &missing);
                self.on(deployment, DeploymentEvent::Partial { arrived, missing })
                    .on_stack(
                        stack,
                        StackEvent::Failed {
                            deployment,
                            reason,
                            left: Left::Before,
                        },
                    );
            }
            End::Failed { failure } => {
                let reason = failure.summary.clone();
                self.on(deployment, DeploymentEvent::Error { failure })
                    .on_stack(
                        stack,
                        StackEvent::Failed {
                            deployment,
                            reason,
                            left: Left::Before,
                        },
                    );
            }
            End::Terminated { reason, by } => {
                self.on(deployment, DeploymentEvent::Terminated { reason, by })
                    .on_stack(stack, StackEvent::Withdrawn { deployment });
            }
        }
        self
    }

    /// A good update that took its usual time.
    pub fn good(&mut self, stack: &str, spec: Spec) -> DeploymentId {
        let d = self.ask(stack, spec, None, &[]);
        self.start(stack, d, update_plan(stack, false))
            .weighed(d, "change-set", "join", &rows(false))
            .done(d, "execute", 70, json!({}))
            .done(d, "verify", 20, json!({}))
            .end(stack, d, End::Done);
        d
    }
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

/// The whole scene's world.
pub fn scene() -> World {
    Scene::whole().world
}
