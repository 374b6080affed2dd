//! How many tasks of a stack's ECS services run, of how many desired.

use crate::aws::Cloud;
use crate::domain::failure::Failure;

/// How many services one call describes.
const BATCH: usize = 10;

/// The sum over the ECS services of a CloudFormation stack; `None` when it has none.
///
/// # Errors
/// When AWS could not be asked.
pub async fn serve(cloud: &Cloud, stack_name: &str) -> Result<Option<(u32, u32)>, Failure> {
    let listed = cloud
        .call("cloudformation:DescribeStackResources", stack_name, || cloud.cfn.describe_stack_resources().stack_name(stack_name).send())
        .await;
    let resources = match listed {
        Ok(answer) => answer,
        Err(trouble) if crate::aws::cfn::stack::is_missing(&trouble) => return Ok(None),
        Err(trouble) => return Err(trouble.into()),
    };
    let services: Vec<String> = resources
        .stack_resources()
        .iter()
        .filter(|row| row.resource_type() == Some("AWS::ECS::Service"))
        .filter_map(|row| row.physical_resource_id().map(str::to_owned))
        .collect();
    if services.is_empty() {
        return Ok(None);
    }
    let (mut running, mut desired) = (0, 0);
    for batch in services.chunks(BATCH) {
        let cluster = batch.first().and_then(|arn| cluster_of(arn));
        let answer = cloud
            .call("ecs:DescribeServices", stack_name, || {
                cloud.ecs.describe_services().set_cluster(cluster.clone()).set_services(Some(batch.to_vec())).send()
            })
            .await?;
        for service in answer.services() {
            running += u32::try_from(service.running_count()).unwrap_or(0);
            desired += u32::try_from(service.desired_count()).unwrap_or(0);
        }
    }
    Ok(Some((running, desired)))
}

/// The cluster in `arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/NAME`; none in the short form of the ARN.
fn cluster_of(arn: &str) -> Option<String> {
    let mut parts = arn.rsplit(':').next()?.split('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("service"), Some(cluster), Some(_)) => Some(cluster.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cluster_stands_in_the_long_form_of_the_arn() {
        assert_eq!(cluster_of("arn:aws:ecs:eu-west-1:000000000000:service/main/orders").as_deref(), Some("main"));
        assert_eq!(cluster_of("arn:aws:ecs:eu-west-1:000000000000:service/orders"), None);
        assert_eq!(cluster_of("orders"), None);
    }
}
