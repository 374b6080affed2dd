//! The resources of a stack, as CloudFormation lists them.

use aws_sdk_cloudformation::types::ResourceStatus;

use crate::aws::clients::Cloud;
use crate::aws::trouble::Trouble;
use crate::forms::cloudformation::Resource;
use crate::text::safe::Safe;

impl Cloud {
    /// The resources of one stack, each with its physical id; not those of stacks within it.
    pub async fn resources(&self, stack: &str) -> Result<Vec<(Resource, String)>, Trouble> {
        let mut rows = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let page = self
                .call("cloudformation:ListStackResources", stack, || {
                    self.cfn
                        .list_stack_resources()
                        .stack_name(stack)
                        .set_next_token(token.clone())
                        .send()
                })
                .await?;
            // One cloud lists what a condition left out, without a name.
            let named = page
                .stack_resource_summaries()
                .iter()
                .filter(|row| row.logical_resource_id().is_some_and(|id| !id.is_empty()));
            rows.extend(named.map(|row| {
                let found = Resource {
                    logical: safe(row.logical_resource_id()),
                    kind: safe(row.resource_type()),
                    status: safe(row.resource_status().map(ResourceStatus::as_str)),
                    fate: None,
                };
                (
                    found,
                    row.physical_resource_id().unwrap_or_default().to_owned(),
                )
            }));
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(rows);
            }
        }
    }
}

fn safe(text: Option<&str>) -> String {
    Safe::new(text.unwrap_or_default()).to_string()
}
