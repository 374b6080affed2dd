//! `cloudformation.delete {stack_name, retain}`: deletes a stack under its ARN, so that a new one of the same name is never hit.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;

use super::operation::{Course, Operation, Sent, find};
use crate::aws::{Clients, Trouble};
use crate::domain::failure::Failure;
use crate::domain::plan::{Output, StepKind};
use crate::exec::{Cancel, Executor, Found, Job};

/// Deletes stacks.
pub(super) struct Delete(pub(super) Arc<Clients>);

#[derive(Deserialize)]
struct Params {
    stack_name: String,
    #[serde(default)]
    retain: Vec<String>,
}

const DELETE: Operation = Operation { action: "DeleteStack", verb: "delete", good: &["DELETE_COMPLETE", "MISSING"], cancels: false };

impl Executor for Delete {
    fn kind(&self) -> StepKind {
        "cloudformation.delete".into()
    }

    fn check(&self, params: &Value) -> Result<(), String> {
        super::require(params, &["stack_name"])
    }

    fn run(&self, job: Job) -> BoxFuture<'_, Result<Output, Failure>> {
        async move { run(&self.0, &job).await }.boxed()
    }

    fn find(&self, job: Job) -> BoxFuture<'_, Found> {
        async move { find(&self.0, &job, DELETE, |params: &Params| &params.stack_name).await }.boxed()
    }

    fn cancel(&self) -> Cancel {
        Cancel::None
    }
}

async fn run(clients: &Clients, job: &Job) -> Result<Output, Failure> {
    let params: Params = super::params(job)?;
    let cloud = super::cloud(clients, job).await?;
    let course = Course::new(job, &cloud, DELETE, &params.stack_name)?;
    // Later the ARN in the notes counts, and never what has the name now.
    let now = if course.is_fresh() { cloud.stack(&params.stack_name).await.map_err(Trouble::held_open)? } else { None };
    if course.is_fresh() && now.as_ref().is_none_or(|stack| stack.status == "DELETE_COMPLETE") {
        return Ok(super::output(job, None, true));
    }
    let noted = job.notes.get("intent").and_then(|intent| intent["id"].as_str()).map(str::to_owned);
    let id = noted.or_else(|| now.as_ref().map(|stack| stack.id.clone())).unwrap_or_else(|| params.stack_name.clone());
    let retain = (!params.retain.is_empty()).then(|| params.retain.clone());
    course
        .run(now.as_ref(), |token| {
            let (cloud, id, retain) = (&cloud, &id, &retain);
            async move {
                cloud
                    .call("cloudformation:DeleteStack", id, || {
                        cloud.cfn.delete_stack().stack_name(id).set_retain_resources(retain.clone()).client_request_token(&token).send()
                    })
                    .await?;
                Ok(Sent::Accepted(Some(id.clone())))
            }
        })
        .await
}
