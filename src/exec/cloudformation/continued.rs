//! `cloudformation.continue {stack_name, skip}`: continues a rollback that got stuck, leaving out
//! what cannot be rolled back.

use serde::Deserialize;
use serde_json::Value;

use super::change::Change;
use super::operation::{Course, Operation};
use super::update::there;
use crate::domain::failure::Failure;
use crate::domain::plan::Output;

/// Continues rollbacks.
pub(super) struct Continue;

#[derive(Deserialize)]
pub(super) struct Params {
    stack_name: String,
    #[serde(default)]
    skip: Vec<String>,
}

impl Change for Continue {
    type Params = Params;
    const KIND: &'static str = "cloudformation.continue";
    const OPERATION: Operation = Operation {
        action: "cloudformation:ContinueUpdateRollback",
        verb: "rollback",
        good: &["UPDATE_ROLLBACK_COMPLETE"],
        cancels: false,
    };

    fn check(params: &Value) -> Result<(), String> {
        super::require(params, &["stack_name"])
    }

    fn stack_name(params: &Params) -> &str {
        &params.stack_name
    }

    async fn run(course: Course<'_>, params: &Params) -> Result<Output, Failure> {
        let cloud = course.cloud;
        let stack = there(cloud, &params.stack_name).await?;
        if course.is_fresh() && stack.status == "UPDATE_ROLLBACK_COMPLETE" {
            return Ok(super::output(course.job, Some(&stack), true));
        }
        if course.is_fresh() {
            super::as_seen(course.job, &stack)?;
        }
        let skip = (!params.skip.is_empty()).then(|| params.skip.clone());
        course
            .run(
                Some(&stack),
                |token| {
                    let call = cloud.cfn.continue_update_rollback();
                    call.stack_name(&params.stack_name)
                        .set_resources_to_skip(skip.clone())
                        .client_request_token(token)
                        .send()
                },
                |_| None,
            )
            .await
    }
}
