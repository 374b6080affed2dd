//! ECS services as they are: tasks, deployments, events. Who asks while others are being answered
//! waits for the next read, and that one answers all who wait.

use serde::Deserialize;
use serde_json::json;

use super::{CALLS, Service, Services, batches};
use crate::aws::budget::Turn;
use crate::aws::clients::Cloud;
use crate::aws::rest::{Answer, Ask, Json};
use crate::aws::trouble::Trouble;
use crate::forms::ecs::Told;

/// What is told of services.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Described {
    services: Vec<Told>,
    failures: Vec<NotTold>,
}

/// A service of which nothing is told, and why.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NotTold {
    arn: String,
    reason: String,
}

impl Cloud {
    /// These services, read after this was asked, together with those of everybody who asked
    /// meanwhile.
    ///
    /// # Errors
    /// The call did not succeed.
    pub async fn services(&self, services: &[Service]) -> Result<Services, Trouble> {
        let batch = self.counting.join(services.iter().cloned());
        let mut answer = batch.answer.lock().await;
        if answer.is_none() {
            let turn = self.turn().await;
            let wanted: Vec<Service> = self.counting.close(&batch).into_iter().collect();
            *answer = Some(self.describe_services(&wanted, turn).await);
        }
        answer.clone().unwrap_or_else(|| Ok(Services::new()))
    }

    async fn describe_services(&self, wanted: &[Service], turn: Turn) -> Result<Services, Trouble> {
        let (mut all, mut turn) = (Services::new(), Some(turn));
        let name = format!("{CALLS}.DescribeServices");
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
                    let ask = Ask::json(Json::V1_1, &name, &asks);
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
                    all.insert(service.clone(), told.into());
                }
            }
            let gone = described.failures.iter();
            for told in gone.filter(|told| told.reason == "MISSING") {
                // One that is gone has no tasks.
                all.extend(named(&told.arn).map(|service| {
                    let service_name = service.name.clone();
                    let none = Told {
                        service_name,
                        ..Told::default()
                    };
                    (service.clone(), none.into())
                }));
            }
        }
        Ok(all)
    }
}
