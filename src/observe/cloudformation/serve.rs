//! What a stack is made of, and which ECS services are among that.

use aws_sdk_cloudformation::types::{ResourceStatus, StackResource};

use crate::aws::Cloud;
use crate::aws::cfn::events::StackEvent;
use crate::aws::cfn::stack::is_missing;
use crate::aws::ecs::Service;
use crate::domain::failure::Failure;
use crate::domain::look::{Health, Member};
use crate::forms::cloudformation::ECS_SERVICE;
use crate::text::safe::Safe;

/// The resources of a CloudFormation stack as they are, and the ECS services among them; none when
/// it is not there.
///
/// # Errors
/// When AWS could not be asked.
pub async fn resources(
    cloud: &Cloud,
    stack_name: &str,
) -> Result<(Vec<Member>, Vec<Service>), Failure> {
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
        Err(trouble) if is_missing(&trouble) => return Ok((Vec::new(), Vec::new())),
        Err(trouble) => return Err(trouble.into()),
    };
    let rows = resources.stack_resources();
    let services = rows
        .iter()
        .filter(|row| row.resource_type() == Some(ECS_SERVICE))
        .filter_map(|row| row.physical_resource_id().map(Service::of));
    Ok((rows.iter().map(member).collect(), services.collect()))
}

fn member(row: &StackResource) -> Member {
    let safe = |text: Option<&str>| Safe::new(text.unwrap_or_default());
    let words = row.resource_status().map_or("", ResourceStatus::as_str);
    let reason = Safe::told(row.resource_status_reason().unwrap_or_default());
    let event = StackEvent {
        status: words.to_owned(),
        reason: reason.clone(),
        ..StackEvent::default()
    };
    Member {
        name: safe(row.logical_resource_id()),
        kind: safe(row.resource_type()),
        id: Safe::told(row.physical_resource_id().unwrap_or_default()),
        health: health(&event),
        removes: event.is_removal(),
        words: Safe::new(words),
        reason,
    }
}

/// How a resource is. One that CloudFormation stops because another one failed has that as its
/// reason.
pub(super) fn health(event: &StackEvent) -> Health {
    if event.status.ends_with("_COMPLETE") {
        Health::Fine
    } else if !event.is_failure() {
        Health::Moves
    } else if event.is_cancellation() {
        Health::Stopped
    } else {
        Health::Failed
    }
}
