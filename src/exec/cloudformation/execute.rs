//! `cloudformation.execute {stack_name, change_set, ...}`: executes the change set that was shown and approved, and no other.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;

use super::operation::{Course, Operation, Sent, find};
use super::update::there;
use crate::aws::{Clients, Trouble};
use crate::domain::failure::Failure;
use crate::domain::plan::{ChangeRow, Output, StepKind};
use crate::exec::{Cancel, Executor, Found, Job};

/// Executes change sets.
pub(super) struct Execute(pub(super) Arc<Clients>);

#[derive(Deserialize)]
struct Params {
    stack_name: String,
    change_set: Value,
    #[serde(default)]
    rows: Option<Vec<ChangeRow>>,
}

const EXECUTE: Operation = Operation { action: "ExecuteChangeSet", verb: "update", good: &["UPDATE_COMPLETE"], cancels: true };

impl Executor for Execute {
    fn kind(&self) -> StepKind {
        "cloudformation.execute".into()
    }

    fn check(&self, params: &Value) -> Result<(), String> {
        super::require(params, &["stack_name", "change_set"])
    }

    fn run(&self, job: Job) -> BoxFuture<'_, Result<Output, Failure>> {
        async move { run(&self.0, &job).await }.boxed()
    }

    fn find(&self, job: Job) -> BoxFuture<'_, Found> {
        async move { find(&self.0, &job, EXECUTE, |params: &Params| &params.stack_name).await }.boxed()
    }

    fn cancel(&self) -> Cancel {
        Cancel::BestEffort
    }
}

async fn run(clients: &Clients, job: &Job) -> Result<Output, Failure> {
    let params: Params = super::params(job)?;
    let arn = arn(&params.change_set).ok_or_else(|| Failure::new(format!("step {} names no change set", job.step)))?;
    let cloud = super::cloud(clients, job).await?;
    let stack = there(&cloud, &params.stack_name).await?;
    let course = Course::new(job, &cloud, EXECUTE, &params.stack_name)?;
    if arn.is_empty() {
        // A change set with nothing in it was deleted where it was made.
        return Ok(super::output(job, Some(&stack), true));
    }
    if course.is_fresh() {
        let set = cloud.change_set(&params.stack_name, &arn).await.map_err(Trouble::held_open)?.ok_or_else(gone)?;
        if params.rows.as_ref().is_some_and(|rows| !same(rows, &set.rows)) {
            return Err(Failure::new(format!("the change set of {} does not show what was approved", params.stack_name))
                .hint("deploy again: it is shown anew"));
        }
    }
    course
        .run(Some(&stack), |token| {
            let (cloud, name, arn) = (&cloud, &params.stack_name, &arn);
            async move {
                cloud
                    .call("cloudformation:ExecuteChangeSet", name, || {
                        cloud.cfn.execute_change_set().stack_name(name).change_set_name(arn).client_request_token(&token).send()
                    })
                    .await?;
                Ok(Sent::Accepted(None))
            }
        })
        .await
}

/// The ARN, given as text or as the output of the step that made it.
fn arn(change_set: &Value) -> Option<String> {
    change_set.as_str().or_else(|| change_set["arn"].as_str()).map(str::to_owned)
}

fn same(approved: &[ChangeRow], now: &[ChangeRow]) -> bool {
    let keys = |rows: &[ChangeRow]| {
        let mut keys: Vec<_> = rows.iter().map(ChangeRow::key).collect();
        keys.sort();
        keys
    };
    keys(approved) == keys(now)
}

fn gone() -> Failure {
    Failure::new("the change set is gone: the stack was changed after it was made").hint("deploy again: a new one is made")
}
