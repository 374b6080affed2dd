//! How many tasks of a stack's ECS services run, of how many desired.

use crate::aws::Cloud;
use crate::aws::cfn::stack::is_missing;
use crate::aws::ecs::{Counts, Service};
use crate::domain::failure::Failure;

/// The ECS services of a CloudFormation stack; none when it is not there.
///
/// # Errors
/// When AWS could not be asked.
pub async fn services(cloud: &Cloud, stack_name: &str) -> Result<Vec<Service>, Failure> {
    let listed = cloud
        .call("cloudformation:DescribeStackResources", stack_name, || {
            cloud
                .cfn
                .describe_stack_resources()
                .stack_name(stack_name)
                .send()
        })
        .await;
    let resources = match listed {
        Ok(answer) => answer,
        Err(trouble) if is_missing(&trouble) => return Ok(Vec::new()),
        Err(trouble) => return Err(trouble.into()),
    };
    let services = resources
        .stack_resources()
        .iter()
        .filter(|row| row.resource_type() == Some("AWS::ECS::Service"));
    Ok(services
        .filter_map(|row| row.physical_resource_id().map(Service::of))
        .collect())
}

/// Running and desired tasks of these services together; `None` when there are none.
///
/// # Errors
/// When AWS could not be asked, or does not tell of one of them.
pub async fn tasks(cloud: &Cloud, services: &[Service]) -> Result<Option<(u32, u32)>, Failure> {
    if services.is_empty() {
        return Ok(None);
    }
    sum(services, &cloud.tasks(services).await?).map(Some)
}

fn sum(services: &[Service], counts: &Counts) -> Result<(u32, u32), Failure> {
    services
        .iter()
        .try_fold((0, 0), |(running, desired), service| {
            match counts.get(service) {
                Some((more, wanted)) => Ok((running + more, desired + wanted)),
                None => Err(Failure::new(format!(
                    "ECS was asked for the service {service} and does not tell of it"
                ))),
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_told_only_when_each_service_is() {
        let all: Vec<Service> = ["a", "b"].map(Service::of).to_vec();
        let counts: Counts = [(all[0].clone(), (1, 2))].into();
        assert_eq!(sum(&all[..1], &counts), Ok((1, 2)));
        assert!(
            sum(&all, &counts)
                .unwrap_err()
                .summary
                .contains("the service b")
        );
    }
}
