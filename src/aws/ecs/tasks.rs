//! Counting the tasks of ECS services. Who counts while others count waits for the next count, and
//! that one answers all who wait.

use serde::Deserialize;
use serde_json::json;

use super::{Counts, Service, batches};
use crate::aws::budget::Turn;
use crate::aws::clients::Cloud;
use crate::aws::rest::{Answer, Ask, Json};
use crate::aws::trouble::Trouble;

/// The call, as the service names it.
const DESCRIBE: &str = "AmazonEC2ContainerServiceV20141113.DescribeServices";

/// What is told of services.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    #[serde(default)]
    services: Vec<Told>,
    #[serde(default)]
    failures: Vec<NotTold>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    service_arn: String,
    running_count: u32,
    desired_count: u32,
}

/// A service of which nothing is told, and why.
#[derive(Debug, Deserialize)]
struct NotTold {
    #[serde(default)]
    arn: String,
    #[serde(default)]
    reason: String,
}

impl Cloud {
    /// The tasks of these services, counted after this was asked, together with those of everybody
    /// who asked meanwhile.
    pub async fn tasks(&self, services: &[Service]) -> Result<Counts, Trouble> {
        let batch = self.counting.join(services.iter().cloned());
        let mut answer = batch.answer.lock().await;
        if answer.is_none() {
            let turn = self.turn().await;
            let wanted: Vec<Service> = self.counting.close(&batch).into_iter().collect();
            *answer = Some(self.count(&wanted, turn).await);
        }
        answer.clone().unwrap_or_else(|| Ok(Counts::new()))
    }

    async fn count(&self, wanted: &[Service], turn: Turn) -> Result<Counts, Trouble> {
        let (mut counts, mut turn) = (Counts::new(), Some(turn));
        for batch in batches(wanted) {
            let cluster = batch.first().and_then(|service| service.cluster.clone());
            let arns: Vec<String> = batch.iter().map(|service| service.arn.clone()).collect();
            let mut asks = json!({ "services": arns });
            if let Some(cluster) = &cluster {
                asks["cluster"] = json!(cluster);
            }
            let on = cluster.as_deref().unwrap_or("default");
            let described: Described = self
                .call_in(turn.take(), "ecs:DescribeServices", on, || {
                    let ask = Ask::json(Json::V1_1, DESCRIBE, &asks);
                    self.ecs.call(ask, Answer::json)
                })
                .await?;
            // Told under its long ARN, asked for under whichever the stack has.
            let named = |arn: &str| {
                let mut all = batch.iter();
                all.find(|service| Service::of(arn).name == service.name)
            };
            for told in described.services {
                if let Some(service) = named(&told.service_arn) {
                    let count = (told.running_count, told.desired_count);
                    counts.insert(service.clone(), count);
                }
            }
            let gone = described.failures.iter();
            for told in gone.filter(|told| told.reason == "MISSING") {
                // One that is gone has no tasks.
                counts.extend(named(&told.arn).map(|service| (service.clone(), (0, 0))));
            }
        }
        Ok(counts)
    }
}
