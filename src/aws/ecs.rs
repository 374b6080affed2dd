//! ECS services, and their tasks.

mod run;
mod services;
mod tasks;

pub use run::NewTask;
pub use tasks::Unstable;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bounds::ANSWER;
use super::gather::Gather;
use super::rest;
use super::trouble::Trouble;
use crate::forms::ecs::Told;

/// What begins the names of calls.
const CALLS: &str = "AmazonEC2ContainerServiceV20141113";

/// How many services one call describes.
const BATCH: usize = 10;

/// Where it is for a region.
pub(super) fn service(region: &str) -> rest::Service {
    rest::Service::in_region("ecs", region, ANSWER)
}

/// An ECS service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Service {
    /// Its cluster; none in the short form of the ARN.
    cluster: Option<String>,
    name: String,
    arn: String,
}

impl Service {
    /// The service of that ARN.
    #[must_use]
    pub fn of(arn: &str) -> Self {
        let mut parts = arn.rsplit(':').next().unwrap_or(arn).split('/');
        let (cluster, name) = match (parts.next(), parts.next(), parts.next()) {
            (Some("service"), Some(cluster), Some(name)) => (Some(cluster.to_owned()), name),
            (Some("service"), Some(name), None) | (Some(name), None, None) => (None, name),
            _ => (None, arn),
        };
        Self {
            cluster,
            name: name.to_owned(),
            arn: arn.to_owned(),
        }
    }

    /// Its cluster.
    fn cluster(&self) -> &str {
        self.cluster.as_deref().unwrap_or("default")
    }
}

impl std::fmt::Display for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

/// What was told of each service; of what AWS did not tell there is none.
pub type Services = BTreeMap<Service, Arc<Told>>;

/// Those who ask now.
pub(super) type Counting = Gather<Service, Result<Services, Trouble>>;

/// The services of each call: of one cluster, so many as one call takes.
fn batches(services: &[Service]) -> Vec<Vec<Service>> {
    let mut by_cluster: BTreeMap<&Option<String>, Vec<Service>> = BTreeMap::new();
    for service in services {
        by_cluster
            .entry(&service.cluster)
            .or_default()
            .push(service.clone());
    }
    by_cluster
        .into_values()
        .flat_map(|all| {
            all.chunks(BATCH)
                .map(<[Service]>::to_vec)
                .collect::<Vec<_>>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cluster_stands_in_the_arn() {
        for (arn, cluster, name) in [
            (
                "arn:aws:ecs:eu-west-1:000000000000:service/main/orders",
                Some("main"),
                "orders",
            ),
            (
                "arn:aws:ecs:eu-west-1:000000000000:service/orders",
                None,
                "orders",
            ),
            ("orders", None, "orders"),
        ] {
            let service = Service::of(arn);
            assert_eq!(
                (service.cluster.as_deref(), service.name.as_str()),
                (cluster, name),
                "{arn}"
            );
        }
    }

    #[test]
    fn one_call_answers_for_as_many_as_it_takes_of_a_cluster() {
        let of = |cluster: &str, n: usize| {
            Service::of(&format!("arn:aws:ecs:eu-west-1:1:service/{cluster}/{n}"))
        };
        let all: Vec<Service> = (0..25)
            .map(|n| of(if n % 5 == 4 { "b" } else { "a" }, n))
            .collect();
        assert_eq!(
            batches(&all).iter().map(Vec::len).collect::<Vec<_>>(),
            [10, 10, 5]
        );
        assert!(batches(&[]).is_empty());
    }
}
