//! Containers: clusters, task definitions, services that converge to their desired count, tasks
//! that write log lines.

pub mod api;
pub mod behind;
pub mod service;
pub mod traffic;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use service::Service;

use crate::domain::time::Time;
use crate::sandbox::call::{AwsError, Call};
use crate::sandbox::door::{Ready, Thing};
use crate::sandbox::protocol::Protocol;
use crate::sandbox::realm::{Cx, Realm};
use crate::sandbox::service::{self as offered, Offer, Reply};
use crate::sandbox::values::text_of;

/// The Elastic Container Service.
pub const OFFER: Offer = Offer {
    subjects: &["service", "cluster"],
    tokens: &["clientToken"],
    types: include_str!("resources.yaml"),
    ..Offer::of::<Ecs>(
        "ecs",
        Protocol::Json {
            version: "1.1",
            target: "AmazonEC2ContainerServiceV20141113",
        },
    )
};

/// How long stopped tasks can still be described, and how far back lines are written.
const REMEMBERS: Duration = Duration::from_mins(10);

/// All containers of a realm.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Ecs {
    /// Names of clusters.
    pub clusters: BTreeSet<String>,
    /// Task definitions by ARN.
    pub definitions: BTreeMap<String, TaskDefinition>,
    /// Services by ARN.
    pub services: BTreeMap<String, Service>,
    /// Tasks by ARN.
    pub tasks: BTreeMap<String, Task>,
}

/// What a task runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TaskDefinition {
    /// Its family.
    pub family: String,
    /// False once it was deregistered.
    pub active: bool,
    /// Its containers.
    pub containers: Vec<Container>,
}

/// One container.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Its image.
    pub image: String,
    /// The log group of its `awslogs` options.
    pub group: Option<String>,
    /// The stream prefix of its `awslogs` options.
    pub prefix: Option<String>,
    /// Its variables.
    pub variables: BTreeMap<String, String>,
}

/// One task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Task {
    /// Its cluster.
    pub cluster: String,
    /// The ARN of its definition.
    pub definition: String,
    /// The service that started it.
    pub service: Option<String>,
    /// When it was asked for.
    pub created: Time,
    /// When it runs.
    pub starts: Time,
    /// When it ends, once that is known.
    pub ends: Option<Time>,
    /// How it ends.
    pub exit: Option<i64>,
    /// Why it ends.
    pub reason: Option<String>,
    /// Who asked for it.
    pub started_by: Option<String>,
    /// True once it said that it runs.
    pub greeted: bool,
    /// True once it said that it ended.
    pub parted: bool,
    /// What it was told to run, for a task of its own.
    pub command: Vec<String>,
}

impl TaskDefinition {
    /// Reads the properties of a `AWS::ECS::TaskDefinition`; names may start with a capital
    /// (CloudFormation) or not (the API).
    #[must_use]
    pub fn read(family: &str, properties: &Value) -> Self {
        let list = any(properties, "ContainerDefinitions").and_then(Value::as_array);
        let containers = list.into_iter().flatten().map(Container::read).collect();
        Self {
            family: family.to_owned(),
            active: true,
            containers,
        }
    }
}

impl Container {
    fn read(raw: &Value) -> Self {
        let text = |name: &str| any(raw, name).map(text_of);
        let options = any(raw, "LogConfiguration").and_then(|logs| any(logs, "Options"));
        let option = |name: &str| options.and_then(|options| options.get(name)).map(text_of);
        let variables = any(raw, "Environment")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        Self {
            name: text("Name").unwrap_or_default(),
            image: text("Image").unwrap_or_default(),
            group: option("awslogs-group"),
            prefix: option("awslogs-stream-prefix"),
            variables: variables
                .filter_map(|pair| {
                    Some((text_of(any(pair, "Name")?), text_of(any(pair, "Value")?)))
                })
                .collect(),
        }
    }
}

impl Task {
    /// How far it is.
    #[must_use]
    pub fn status(&self, now: Time) -> &'static str {
        match (
            self.ends.is_some_and(|ends| now >= ends),
            now >= self.starts,
        ) {
            (true, _) => "STOPPED",
            (false, true) => "RUNNING",
            (false, false) => "PENDING",
        }
    }

    /// The stream that its first container writes to.
    #[must_use]
    pub fn stream(&self, arn: &str, container: &Container) -> String {
        let id = arn.rsplit('/').next().unwrap_or(arn);
        format!(
            "{}/{}/{id}",
            container.prefix.as_deref().unwrap_or("ecs"),
            container.name
        )
    }

    fn next_due(&self) -> Option<Time> {
        let start = (!self.greeted).then_some(self.starts);
        let end = self.ends.filter(|_| !self.parted);
        start.into_iter().chain(end).min()
    }
}

impl Ecs {
    /// The next revision of a family.
    #[must_use]
    pub fn next_revision(&self, family: &str) -> usize {
        self.definitions
            .values()
            .filter(|definition| definition.family == family)
            .count()
            + 1
    }

    /// How a service's deployment went, once it is over.
    #[must_use]
    pub fn settled(&self, arn: &str) -> Option<Result<(), String>> {
        match self.services.get(arn) {
            Some(service) if service.next_move.is_some() => None,
            Some(_) | None => Some(Ok(())),
        }
    }

    /// A service is deleted: its tasks end.
    pub fn delete(&mut self, arn: &str, now: Time) {
        self.services.remove(arn);
        let orphans = self
            .tasks
            .values_mut()
            .filter(|task| task.service.as_deref() == Some(arn) && task.ends.is_none());
        for task in orphans {
            task.ends = Some(now);
            task.exit = Some(0);
            task.reason = Some("Essential container in task exited".to_owned());
        }
    }
}

impl offered::Service for Ecs {
    fn call(&mut self, call: &Call, cx: &mut Cx<'_>) -> Result<Reply, AwsError> {
        api::call(self, cx, call).map(Reply::from)
    }

    fn due(&self, _: Realm<'_>) -> Option<Time> {
        let services = self
            .services
            .values()
            .flat_map(|service| [service.next_move, service.next_line])
            .flatten();
        services
            .chain(self.tasks.values().filter_map(Task::next_due))
            .min()
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.tasks
            .retain(|_, task| task.ends.is_none_or(|ends| cx.now.since(ends) < REMEMBERS));
        traffic::tasks(self, cx);
        let arns: Vec<String> = self.services.keys().cloned().collect();
        for arn in arns {
            if let Some(mut service) = self.services.remove(&arn) {
                if service.next_move.is_some_and(|at| at <= cx.now) {
                    service.advance(&arn, self, cx);
                }
                if service.next_line.is_some_and(|at| at <= cx.now) {
                    traffic::line(&arn, &mut service, self, cx);
                }
                self.services.insert(arn, service);
            }
        }
    }

    /// Lines older than ten minutes are not written when a long time passes at once.
    fn leap(&mut self, to: Time) {
        let oldest = to - REMEMBERS;
        for service in self.services.values_mut() {
            service.next_line = service.next_line.map(|at| at.max(oldest));
        }
    }

    fn places(&self, thing: &Thing<'_>) -> Vec<(&'static str, String)> {
        behind::places(self, thing)
    }

    fn make(&mut self, thing: &Thing<'_>, _: bool, cx: &mut Cx<'_>) -> Result<Ready, String> {
        behind::make(self, thing, cx)
    }

    fn remove(&mut self, thing: &Thing<'_>, cx: &mut Cx<'_>) -> Result<Ready, String> {
        behind::remove(self, thing, cx);
        Ok(Ready::InTime)
    }

    fn ready(&self, thing: &Thing<'_>) -> Option<Result<(), String>> {
        self.settled(thing.physical)
    }
}

/// A field whose name starts with a capital or a small letter.
fn any<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.get(name).or_else(|| {
        let mut letters = name.chars();
        let first = letters.next()?.to_lowercase();
        value.get(first.chain(letters).collect::<String>())
    })
}
