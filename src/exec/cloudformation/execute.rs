//! `cloudformation.execute {stack_name, change_set, ...}`: executes the change set that was shown
//! and approved, and no other.

use serde::Deserialize;
use serde_json::Value;

use super::change::Change;
use super::operation::{Course, Operation};
use super::update::there;
use crate::aws::Trouble;
use crate::domain::failure::Failure;
use crate::domain::plan::{ChangeRow, Output};

/// Executes change sets.
pub(super) struct Execute;

#[derive(Deserialize)]
pub(super) struct Params {
    stack_name: String,
    change_set: Value,
    #[serde(default)]
    rows: Option<Vec<ChangeRow>>,
}

impl Change for Execute {
    type Params = Params;
    const KIND: &'static str = "cloudformation.execute";
    const OPERATION: Operation = Operation {
        action: "cloudformation:ExecuteChangeSet",
        verb: "update",
        good: &["UPDATE_COMPLETE", "IMPORT_COMPLETE"],
        cancels: true,
    };

    fn check(params: &Value) -> Result<(), String> {
        super::require(params, &["stack_name", "change_set"])
    }

    fn stack_name(params: &Params) -> &str {
        &params.stack_name
    }

    async fn run(course: Course<'_>, params: &Params) -> Result<Output, Failure> {
        let (job, cloud) = (course.job, course.cloud);
        let arn = arn(&params.change_set)
            .ok_or_else(|| Failure::new(format!("step {} names no change set", job.step)))?;
        let stack = there(cloud, &params.stack_name).await?;
        if arn.is_empty() {
            // A change set with nothing in it was deleted where it was made.
            return Ok(super::output(job, Some(&stack), true));
        }
        if course.is_fresh() {
            super::as_seen(job, &stack)?;
            let set = cloud
                .change_set(&params.stack_name, &arn)
                .await
                .map_err(Trouble::held_open)?
                .ok_or_else(gone)?;
            if params
                .rows
                .as_ref()
                .is_some_and(|rows| !same(rows, &set.rows))
            {
                return Err(Failure::new(format!(
                    "the change set of {} does not show what was approved",
                    params.stack_name
                ))
                .hint("deploy again: it is shown anew"));
            }
        }
        course
            .run(
                Some(&stack),
                |token| {
                    let call = cloud.cfn.execute_change_set();
                    call.stack_name(&params.stack_name)
                        .change_set_name(&arn)
                        .client_request_token(token)
                        .send()
                },
                |_| None,
            )
            .await
    }
}

/// The ARN, given as text or as the output of the step that made it.
fn arn(change_set: &Value) -> Option<String> {
    change_set
        .as_str()
        .or_else(|| change_set["arn"].as_str())
        .map(str::to_owned)
}

fn same(approved: &[ChangeRow], now: &[ChangeRow]) -> bool {
    let sorted = |rows: &[ChangeRow]| {
        let mut rows = rows.to_vec();
        rows.sort();
        rows
    };
    sorted(approved) == sorted(now)
}

fn gone() -> Failure {
    Failure::new("the change set is gone: the stack was changed after it was made")
        .hint("deploy again: a new one is made")
}
