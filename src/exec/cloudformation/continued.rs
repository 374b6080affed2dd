//! `cloudformation.continue {stack_name, skip}`: continues a rollback that got stuck, leaving out what cannot be rolled back.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;

use super::operation::{Course, Operation, Sent, find};
use super::update::there;
use crate::aws::Clients;
use crate::domain::failure::Failure;
use crate::domain::plan::{Output, StepKind};
use crate::exec::{Cancel, Executor, Found, Job};

/// Continues rollbacks.
pub(super) struct Continue(pub(super) Arc<Clients>);

#[derive(Deserialize)]
struct Params {
    stack_name: String,
    #[serde(default)]
    skip: Vec<String>,
}

const CONTINUE: Operation =
    Operation { action: "ContinueUpdateRollback", verb: "rollback", good: &["UPDATE_ROLLBACK_COMPLETE"], cancels: false };

impl Executor for Continue {
    fn kind(&self) -> StepKind {
        "cloudformation.continue".into()
    }

    fn check(&self, params: &Value) -> Result<(), String> {
        super::require(params, &["stack_name"])
    }

    fn run(&self, job: Job) -> BoxFuture<'_, Result<Output, Failure>> {
        async move { run(&self.0, &job).await }.boxed()
    }

    fn find(&self, job: Job) -> BoxFuture<'_, Found> {
        async move { find(&self.0, &job, CONTINUE, |params: &Params| &params.stack_name).await }.boxed()
    }

    fn cancel(&self) -> Cancel {
        Cancel::None
    }
}

async fn run(clients: &Clients, job: &Job) -> Result<Output, Failure> {
    let params: Params = super::params(job)?;
    let cloud = super::cloud(clients, job).await?;
    let stack = there(&cloud, &params.stack_name).await?;
    let course = Course::new(job, &cloud, CONTINUE, &params.stack_name)?;
    if course.is_fresh() && stack.status == "UPDATE_ROLLBACK_COMPLETE" {
        return Ok(super::output(job, Some(&stack), true));
    }
    let skip = (!params.skip.is_empty()).then(|| params.skip.clone());
    course
        .run(Some(&stack), |token| {
            let (cloud, name, skip) = (&cloud, &params.stack_name, &skip);
            async move {
                cloud
                    .call("cloudformation:ContinueUpdateRollback", name, || {
                        cloud
                            .cfn
                            .continue_update_rollback()
                            .stack_name(name)
                            .set_resources_to_skip(skip.clone())
                            .client_request_token(&token)
                            .send()
                    })
                    .await?;
                Ok(Sent::Accepted(None))
            }
        })
        .await
}
