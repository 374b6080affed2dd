//! Containers: clusters, task definitions, services that converge to their desired count, tasks
//! that write log lines.

pub mod api;
pub mod behind;
pub mod definition;
pub mod run;
pub mod service;
mod steer;
pub mod task;
#[cfg(test)]
mod tests;
pub mod traffic;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use definition::{Container, TaskDefinition};
pub use service::Service;
pub use task::Task;

use crate::domain::time::Time;
use crate::sandbox::call::{AwsError, Call};
use crate::sandbox::door::{Ready, Thing};
use crate::sandbox::protocol::Protocol;
use crate::sandbox::realm::{Cx, Realm, Site};
use crate::sandbox::service::{self as offered, Offer, Reply};

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

/// How long the stopped tasks of services can still be described, and how far back lines are written.
const REMEMBERS: Duration = Duration::from_mins(10);
/// How long a stopped task of its own can still be described, and a service that was deleted.
const REMEMBERS_OWN: Duration = Duration::from_hours(1);

/// All containers of a realm.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Ecs {
    /// Names of clusters.
    pub clusters: BTreeSet<String>,
    /// Task definitions by ARN.
    pub definitions: BTreeMap<String, TaskDefinition>,
    /// Services by ARN.
    pub services: BTreeMap<String, Service>,
    /// Services that were deleted, and when: they can be described for a while.
    #[serde(default)]
    pub gone: BTreeMap<String, (Service, Time)>,
    /// Tasks by ARN.
    pub tasks: BTreeMap<String, Task>,
    /// Tasks of their own that were asked for, by cluster and token.
    #[serde(default)]
    pub tokens: BTreeMap<String, run::Given>,
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
            Some(Service {
                failed: Some(why), ..
            }) => Some(Err(why.clone())),
            Some(service) if service.next_move.is_some() => None,
            Some(_) | None => Some(Ok(())),
        }
    }

    /// A service is deleted: its tasks end.
    pub fn delete(&mut self, arn: &str, now: Time) {
        if let Some(service) = self.services.remove(arn) {
            self.gone.insert(arn.to_owned(), (service, now));
        }
        let orphans = self
            .tasks
            .values_mut()
            .filter(|task| task.service.as_deref() == Some(arn) && task.desired(now) == "RUNNING");
        for task in orphans {
            task.leave("Essential container in task exited", now);
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
        let now = cx.now;
        self.tasks.retain(|_, task| {
            let kept = if task.service.is_some() {
                REMEMBERS
            } else {
                REMEMBERS_OWN
            };
            task.ends.is_none_or(|ends| now.since(ends) < kept)
        });
        self.gone
            .retain(|_, (_, at)| now.since(*at) < REMEMBERS_OWN);
        traffic::tasks(self, cx);
        let arns: Vec<String> = self.services.keys().cloned().collect();
        for arn in arns {
            if let Some(mut service) = self.services.remove(&arn) {
                service.miss(&arn, self, cx);
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

/// The ARN of something of a realm.
fn arn(place: &Site, kind: &str, name: &str) -> String {
    let (region, account) = (&place.region, &place.account);
    format!("arn:aws:ecs:{region}:{account}:{kind}/{name}")
}
