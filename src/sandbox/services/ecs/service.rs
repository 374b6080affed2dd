//! A service: it starts and stops one task at a time until what runs is what is asked. Tasks that
//! end by themselves are started anew, more and more rarely; its circuit breaker, where it has one,
//! gives a deployment up whose tasks do not come to run.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Ecs, Task, run};
use crate::domain::digest::Digest;
use crate::domain::time::Time;
use crate::sandbox::realm::Cx;
use crate::sandbox::values::text_of;

/// The pause between two moves, and how long a task takes to start, in seconds at normal pace.
const MOVE: f64 = 1.2;
const START: f64 = 2.0;
/// How many tasks of a deployment fail at least before it is given up, or started more rarely.
const FAILS: u32 = 3;
/// How many do at most before it is given up.
const MOST_FAILS: u32 = 200;
/// How often the pause before another try doubles.
const DOUBLES: u32 = 9;
/// How long a stack waits for a service.
const STABLE: Duration = Duration::from_hours(3);

/// One service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its cluster.
    pub cluster: String,
    /// When it was made.
    pub created: Time,
    /// How many tasks are asked for.
    pub desired: i64,
    /// The deployments, the newest (primary) last.
    pub deployments: Vec<Deployment>,
    /// What it says, oldest first.
    pub events: Vec<(Time, String)>,
    /// When it makes its next move; `None` when it is steady.
    pub next_move: Option<Time>,
    /// When its tasks write the next line.
    pub next_line: Option<Time>,
    /// How many lines they wrote.
    pub lines: u64,
    /// How many events there were, with those that are forgotten.
    #[serde(default)]
    pub said: u64,
    /// What gives a deployment up that fails.
    #[serde(default)]
    pub breaker: Option<Breaker>,
    /// When it was asked for what it is to be.
    #[serde(default)]
    pub asked: Time,
    /// Why that did not come about.
    #[serde(default)]
    pub failed: Option<String>,
}

/// What gives a deployment up that fails.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Breaker {
    /// Whether the deployment before it comes back.
    pub rollback: bool,
}

impl Breaker {
    /// By the properties of a service; none where it has none, or it is off.
    #[must_use]
    pub fn read(properties: &serde_json::Value) -> Option<Self> {
        let breaker = &properties["DeploymentConfiguration"]["DeploymentCircuitBreaker"];
        let is_on = |name: &str| breaker.get(name).map(text_of).as_deref() == Some("true");
        is_on("Enable").then(|| Self {
            rollback: is_on("Rollback"),
        })
    }
}

/// One deployment of a service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Deployment {
    /// Its id.
    pub id: String,
    /// The ARN of the task definition.
    pub definition: String,
    /// When it began.
    pub created: Time,
    /// When it changed last.
    pub updated: Time,
    /// True when it is over.
    pub completed: bool,
    /// How many of its tasks failed in a row.
    #[serde(default)]
    pub fails: u32,
    /// True when it was given up.
    #[serde(default)]
    pub given_up: bool,
}

impl Deployment {
    fn new(definition: &str, cx: &mut Cx<'_>) -> Self {
        Self {
            id: format!("ecs-svc/{:019}", cx.dice.below(10_u64.pow(18))),
            definition: definition.to_owned(),
            created: cx.now,
            updated: cx.now,
            completed: false,
            fails: 0,
            given_up: false,
        }
    }

    /// How far it is, and in words.
    #[must_use]
    pub fn state(&self) -> (&'static str, String) {
        let id = &self.id;
        if self.given_up {
            let why = "ECS deployment circuit breaker: tasks failed to start.";
            ("FAILED", why.to_owned())
        } else if self.completed {
            ("COMPLETED", format!("ECS deployment {id} completed."))
        } else {
            ("IN_PROGRESS", format!("ECS deployment {id} in progress."))
        }
    }
}

impl Service {
    /// A service that runs nothing yet.
    #[must_use]
    pub fn new(name: &str, cluster: &str, now: Time) -> Self {
        Self {
            name: name.to_owned(),
            cluster: cluster.to_owned(),
            created: now,
            desired: 0,
            deployments: Vec::new(),
            events: Vec::new(),
            next_move: None,
            next_line: None,
            lines: 0,
            said: 0,
            breaker: None,
            asked: now,
            failed: None,
        }
    }

    /// Asks for another definition or count, or for new tasks all the same (`force`).
    pub fn deploy(&mut self, definition: &str, desired: i64, force: bool, cx: &mut Cx<'_>) {
        let same = !force
            && self
                .deployments
                .last()
                .is_some_and(|primary| primary.definition == definition);
        self.failed = None;
        self.asked = cx.now;
        if !same {
            self.deployments.push(Deployment::new(definition, cx));
        }
        if !same || self.desired != desired {
            self.desired = desired.max(0);
            self.next_move = Some(cx.after(MOVE));
        }
    }

    /// Tasks that ended by themselves are to be started anew, or their deployment is given up.
    pub fn miss(&mut self, arn: &str, ecs: &mut Ecs, cx: &mut Cx<'_>) {
        let now = cx.now;
        if self.next_move.is_some() && self.failed.is_none() && now.since(self.asked) >= STABLE {
            let text = format!(
                "Resource handler returned message: \"Service {} did not stabilize.\" (RequestToken: {}, HandlerErrorCode: NotStabilized)",
                self.name,
                cx.dice.hex(32)
            );
            self.failed = Some(text);
        }
        let mut missed = 0;
        let primary = self.deployments.last().map(|one| one.id.clone());
        for task in ecs.tasks.values_mut() {
            let is_own = task.service.as_deref() == Some(arn);
            if is_own && task.missed.is_none() && (task.fell(now) || task.was_stopped(now)) {
                task.missed = Some(now);
                missed += u32::from(task.fell(now) && task.started_by == primary);
                self.next_move = self.next_move.or(Some(cx.after(MOVE)));
            }
        }
        let Some(primary) = self.deployments.last_mut().filter(|_| missed > 0) else {
            return;
        };
        let before = primary.fails;
        primary.fails += missed;
        primary.updated = now;
        let (id, fails, in_flight) = (primary.id.clone(), primary.fails, !primary.completed);
        let half = u32::try_from(self.desired.max(0))
            .unwrap_or(MOST_FAILS)
            .div_ceil(2);
        if in_flight && self.breaker.is_some() && fails >= half.clamp(FAILS, MOST_FAILS) {
            self.give_up(&id, cx);
        } else if fails >= FAILS {
            if before < FAILS {
                let text = format!(
                    "(service {}) is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
                    self.name
                );
                self.say(now, text);
            }
            let doubled = f64::from(1_u32 << (fails - FAILS).min(DOUBLES));
            self.next_move = Some(cx.after(MOVE * doubled));
        }
    }

    fn give_up(&mut self, id: &str, cx: &mut Cx<'_>) {
        let now = cx.now;
        if let Some(primary) = self.deployments.last_mut() {
            primary.given_up = true;
        }
        let name = self.name.clone();
        self.say(
            now,
            format!("(service {name}) (deployment {id}) deployment failed: tasks failed to start."),
        );
        self.failed = Some(format!(
            "Resource handler returned message: \"Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'.\" (RequestToken: {}, HandlerErrorCode: GeneralServiceException)",
            cx.dice.hex(32)
        ));
        let before = self.deployments.iter().rev().find(|one| one.completed);
        let before = before.map(|one| one.definition.clone());
        let is_asked = self.breaker.is_some_and(|breaker| breaker.rollback);
        match before.filter(|_| is_asked) {
            Some(definition) => {
                let next = Deployment::new(&definition, cx);
                let text = format!("(service {name}) rolling back to (deployment {}).", next.id);
                self.deployments.push(next);
                self.say(now, text);
                self.next_move = Some(cx.after(MOVE));
            }
            None => self.next_move = None,
        }
    }

    /// Makes one move.
    pub fn advance(&mut self, arn: &str, ecs: &mut Ecs, cx: &mut Cx<'_>) {
        if self.deployments.last().is_some_and(|one| one.given_up) {
            self.next_move = None;
            return;
        }
        let primary = self.deployments.last();
        let (id, definition) = primary
            .map(|primary| (primary.id.clone(), primary.definition.clone()))
            .unwrap_or_default();
        let desired = usize::try_from(self.desired).unwrap_or(0);
        let mut new = Vec::new();
        let mut old = Vec::new();
        let mut pending = false;
        for (task_arn, task) in ecs.tasks.iter().filter(|(_, task)| {
            task.service.as_deref() == Some(arn) && task.desired(cx.now) == "RUNNING"
        }) {
            pending |= task.status(cx.now) == "PENDING";
            if task.started_by.as_deref() == Some(&id) {
                new.push(task_arn.clone());
            } else {
                old.push(task_arn.clone());
            }
        }
        let next = cx.after(MOVE);
        if new.len() < desired {
            let id = cx.dice.hex(32);
            let task = format!(
                "arn:aws:ecs:{}:{}:task/{}/{id}",
                cx.place.region, cx.place.account, self.cluster
            );
            let new = self.task(arn, &definition, ecs, cx);
            ecs.tasks.insert(task, new);
            self.say(
                cx.now,
                format!("(service {}) has started 1 tasks: (task {id}).", self.name),
            );
            self.next_move = Some(next);
        } else if new.len() > desired {
            self.stop(
                ecs,
                new.last().map_or("", String::as_str),
                &format!("Scaling activity initiated by (deployment {id})"),
                cx.now,
            );
            self.next_move = Some(next);
        } else if pending {
            self.next_move = Some(next);
        } else if let Some(task) = old.first() {
            self.stop(
                ecs,
                task,
                &format!("Scaling activity initiated by (deployment {id})"),
                cx.now,
            );
            self.next_move = Some(next);
        } else {
            self.steady(cx.now);
        }
        if self.next_line.is_none() && desired > 0 {
            self.next_line = Some(cx.after(START + 0.5));
        }
    }

    fn steady(&mut self, now: Time) {
        self.next_move = None;
        if let Some(mut primary) = self.deployments.pop() {
            let fresh = !primary.completed;
            primary.completed = true;
            primary.updated = now;
            primary.fails = 0;
            let id = primary.id.clone();
            self.deployments = vec![primary];
            if fresh {
                self.say(
                    now,
                    format!(
                        "(service {}) (deployment {id}) deployment completed.",
                        self.name
                    ),
                );
            }
        }
        self.say(
            now,
            format!("(service {}) has reached a steady state.", self.name),
        );
    }

    /// A task; where variables of its containers say how it goes, it goes so.
    fn task(&self, arn: &str, definition: &str, ecs: &Ecs, cx: &Cx<'_>) -> Task {
        let steered = ecs.definitions.get(definition);
        let steered = steered.and_then(|definition| run::steered(definition, cx));
        let starts = cx.after(START);
        Task {
            cluster: self.cluster.clone(),
            definition: definition.to_owned(),
            service: Some(arn.to_owned()),
            created: cx.now,
            started_by: self.deployments.last().map(|primary| primary.id.clone()),
            ..steered.unwrap_or(Task {
                starts,
                ..Task::default()
            })
        }
    }

    fn stop(&mut self, ecs: &mut Ecs, task: &str, reason: &str, now: Time) {
        if let Some(stopped) = ecs.tasks.get_mut(task) {
            stopped.leave(reason, now);
        }
        let id = task.rsplit('/').next().unwrap_or(task);
        self.say(
            now,
            format!(
                "(service {}) has stopped 1 running tasks: (task {id}).",
                self.name
            ),
        );
    }

    /// The id of the event that was said so many events ago.
    #[must_use]
    pub fn event_id(&self, back: u64) -> String {
        let nth = self.said.saturating_sub(back);
        let name = Digest::of_bytes(self.name.as_bytes()).to_string();
        let (head, made) = (&name[..8], self.created.0 & 0xFFFF_FFFF_FFFF);
        format!(
            "{head}-{:04x}-4{:03x}-8000-{made:012x}",
            nth >> 12 & 0xFFFF,
            nth & 0xFFF
        )
    }

    fn say(&mut self, now: Time, text: String) {
        self.said += 1;
        self.events.push((now, text));
        if self.events.len() > 100 {
            self.events.remove(0);
        }
    }
}
