//! A service: it starts and stops one task at a time until what runs is what is asked.

use serde::{Deserialize, Serialize};

use super::{Ecs, Task};
use crate::domain::time::Time;
use crate::sandbox::realm::Cx;

/// The pause between two moves, and how long a task takes to start, in seconds at normal pace.
const MOVE: f64 = 1.2;
const START: f64 = 2.0;

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
        }
    }

    /// Asks for another definition or count, or for new tasks all the same (`force`).
    pub fn deploy(&mut self, definition: &str, desired: i64, force: bool, cx: &mut Cx<'_>) {
        let same = !force
            && self
                .deployments
                .last()
                .is_some_and(|primary| primary.definition == definition);
        if !same {
            self.deployments.push(Deployment {
                id: format!("ecs-svc/{:019}", cx.dice.below(10_u64.pow(18))),
                definition: definition.to_owned(),
                created: cx.now,
                updated: cx.now,
                completed: false,
            });
        }
        if !same || self.desired != desired {
            self.desired = desired.max(0);
            self.next_move = Some(cx.after(MOVE));
        }
    }

    /// Makes one move.
    pub fn advance(&mut self, arn: &str, ecs: &mut Ecs, cx: &mut Cx<'_>) {
        let primary = self.deployments.last();
        let (id, definition) = primary
            .map(|primary| (primary.id.clone(), primary.definition.clone()))
            .unwrap_or_default();
        let desired = usize::try_from(self.desired).unwrap_or(0);
        let mut new = Vec::new();
        let mut old = Vec::new();
        let mut pending = false;
        for (task_arn, task) in ecs
            .tasks
            .iter()
            .filter(|(_, task)| task.service.as_deref() == Some(arn) && task.ends.is_none())
        {
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
            ecs.tasks.insert(task, self.task(arn, &definition, cx));
            self.say(
                cx.now,
                format!("(service {}) has started 1 tasks: (task {id}).", self.name),
            );
            self.next_move = Some(next);
        } else if new.len() > desired {
            self.stop(
                ecs,
                new.last().map_or("", String::as_str),
                "Scaling activity initiated by deployment",
                cx.now,
            );
            self.next_move = Some(next);
        } else if pending {
            self.next_move = Some(next);
        } else if let Some(task) = old.first() {
            self.stop(
                ecs,
                task,
                "Scaling activity initiated by deployment",
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

    fn task(&self, arn: &str, definition: &str, cx: &Cx<'_>) -> Task {
        Task {
            cluster: self.cluster.clone(),
            definition: definition.to_owned(),
            service: Some(arn.to_owned()),
            created: cx.now,
            starts: cx.after(START),
            started_by: self.deployments.last().map(|primary| primary.id.clone()),
            ..Task::default()
        }
    }

    fn stop(&mut self, ecs: &mut Ecs, task: &str, reason: &str, now: Time) {
        if let Some(stopped) = ecs.tasks.get_mut(task) {
            stopped.ends = Some(now);
            stopped.exit = Some(0);
            stopped.reason = Some(reason.to_owned());
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

    fn say(&mut self, now: Time, text: String) {
        self.events.push((now, text));
        if self.events.len() > 100 {
            self.events.remove(0);
        }
    }
}
