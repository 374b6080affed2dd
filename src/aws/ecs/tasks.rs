//! Counting the tasks of ECS services. Who counts while others count waits for the next count, and
//! that one answers all who wait.

use super::{Counts, Service, batches};
use crate::aws::budget::Turn;
use crate::aws::clients::Cloud;
use crate::aws::trouble::Trouble;

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
            let answer = self
                .call_in(
                    turn.take(),
                    "ecs:DescribeServices",
                    cluster.as_deref().unwrap_or("default"),
                    || {
                        self.ecs
                            .describe_services()
                            .set_cluster(cluster.clone())
                            .set_services(Some(arns.clone()))
                            .send()
                    },
                )
                .await?;
            // Told under its long ARN, asked for under whichever the stack has.
            let named = |arn: Option<&str>| {
                batch
                    .iter()
                    .find(|service| arn.is_some_and(|arn| Service::of(arn).name == service.name))
            };
            let count = |n: i32| u32::try_from(n).unwrap_or(0);
            for told in answer.services() {
                let Some(service) = named(told.service_arn()) else {
                    continue;
                };
                counts.insert(
                    service.clone(),
                    (count(told.running_count()), count(told.desired_count())),
                );
            }
            for told in answer
                .failures()
                .iter()
                .filter(|told| told.reason() == Some("MISSING"))
            {
                // One that is gone has no tasks.
                counts.extend(named(told.arn()).map(|service| (service.clone(), (0, 0))));
            }
        }
        Ok(counts)
    }
}
