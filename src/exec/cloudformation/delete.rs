//! `cloudformation.delete {stack_name, retain}`: deletes a stack under its ARN, so that a new one
//! of the same name is never hit.

use serde::Deserialize;
use serde_json::Value;

use super::change::Change;
use super::operation::{Course, Operation};
use crate::aws::Trouble;
use crate::domain::failure::Failure;
use crate::domain::plan::Output;

/// Deletes stacks.
pub(super) struct Delete;

#[derive(Deserialize)]
pub(super) struct Params {
    stack_name: String,
    #[serde(default)]
    retain: Vec<String>,
}

impl Change for Delete {
    type Params = Params;
    const KIND: &'static str = "cloudformation.delete";
    const OPERATION: Operation = Operation {
        action: "cloudformation:DeleteStack",
        verb: "delete",
        good: &["DELETE_COMPLETE", "MISSING"],
        cancels: false,
    };

    fn check(params: &Value) -> Result<(), String> {
        super::require(params, &["stack_name"])
    }

    fn stack_name(params: &Params) -> &str {
        &params.stack_name
    }

    async fn run(course: Course<'_>, params: &Params) -> Result<Output, Failure> {
        let (job, cloud) = (course.job, course.cloud);
        // Later the ARN in the notes counts, and never what has the name now.
        let now = if course.is_fresh() {
            cloud
                .stack(&params.stack_name)
                .await
                .map_err(Trouble::held_open)?
        } else {
            None
        };
        if course.is_fresh()
            && now
                .as_ref()
                .is_none_or(|stack| stack.status == "DELETE_COMPLETE")
        {
            return Ok(super::output(job, None, true));
        }
        if let Some(stack) = now.as_ref() {
            super::as_seen(job, stack)?;
        }
        let noted = job
            .notes
            .get("intent")
            .and_then(|intent| intent["id"].as_str())
            .map(str::to_owned);
        let id = noted
            .or_else(|| now.as_ref().map(|stack| stack.id.clone()))
            .unwrap_or_else(|| params.stack_name.clone());
        let retain = (!params.retain.is_empty()).then(|| params.retain.clone());
        course
            .run(
                now.as_ref(),
                |token| {
                    let call = cloud.cfn.delete_stack().stack_name(&id);
                    call.set_retain_resources(retain.clone())
                        .client_request_token(token)
                        .send()
                },
                |_| Some(id.clone()),
            )
            .await
    }
}
