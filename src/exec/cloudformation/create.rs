//! `cloudformation.create {input, on_failure_keep}`: makes a stack that is not there.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_cloudformation::types::OnFailure;
use serde::Deserialize;
use serde_json::{Value, json};

use super::change::Change;
use super::operation::{Course, Operation};
use crate::aws::cfn::stack::CfnStack;
use crate::aws::{Cloud, Trouble};
use crate::domain::failure::Failure;
use crate::domain::plan::Output;
use crate::exec::Job;
use crate::forms::cloudformation::{CfnInput, SHELL, change_set_prefix};

/// Creates stacks.
pub(super) struct Create;

#[derive(Deserialize)]
pub(super) struct Params {
    input: CfnInput,
    #[serde(default)]
    on_failure_keep: bool,
}

impl Change for Create {
    type Params = Params;
    const KIND: &'static str = "cloudformation.create";
    const OPERATION: Operation = Operation {
        action: "cloudformation:CreateStack",
        verb: "create",
        good: &["CREATE_COMPLETE"],
        cancels: false,
    };

    fn check(params: &Value) -> Result<(), String> {
        super::check_input(params)
    }

    fn stack_name(params: &Params) -> &str {
        &params.input.stack_name
    }

    async fn run(course: Course<'_>, params: &Params) -> Result<Output, Failure> {
        let (job, cloud) = (course.job, course.cloud);
        let given = super::given(job, cloud, &params.input, &BTreeMap::new(), None).await?;
        if course.is_fresh() {
            super::bring(job, cloud, &given).await?;
            make_room(job, cloud, &params.input.stack_name).await?;
        }
        let keep = params.on_failure_keep.then_some(OnFailure::DoNothing);
        course
            .run(
                None,
                |token| {
                    let call = cloud.cfn.create_stack().stack_name(&given.stack_name);
                    call.set_template_body(given.body())
                        .set_template_url(given.url())
                        .set_parameters(Some(given.parameters.clone()))
                        .set_capabilities(Some(given.capabilities.clone()))
                        .set_tags(Some(given.tags.clone()))
                        .set_role_arn(given.role_arn.clone())
                        .set_on_failure(keep.clone())
                        .client_request_token(token)
                        .send()
                },
                |made| made.stack_id,
            )
            .await
            .map_err(|failure| given.told(failure))
    }
}

/// Takes away what a change set that nobody executed left under the name, if it is ours; refuses
/// what is somebody else's.
pub(super) async fn make_room(job: &Job, cloud: &Cloud, name: &str) -> Result<(), Failure> {
    let Some(stack) = cloud.stack(name).await.map_err(Trouble::held_open)? else {
        return Ok(());
    };
    if stack.status == "DELETE_COMPLETE" {
        return Ok(());
    }
    if stack.status != SHELL {
        return Err(Failure::new(format!(
            "a CloudFormation stack named {name} is there already ({})",
            stack.status
        ))
        .hint("deploy again: it is then looked at and updated"));
    }
    if !is_ours(job, cloud, &stack).await? {
        return Err(Failure::new(format!("{name} is only the shell of a change set that nobody executed, and not made by this store"))
            .hint(format!("execute that change set, or delete it: aws cloudformation delete-stack --stack-name {name}")));
    }
    job.port.note("cleared", json!({ "id": stack.id })).await?;
    let token = job.token(2);
    cloud
        .call("cloudformation:DeleteStack", name, || {
            cloud
                .cfn
                .delete_stack()
                .stack_name(&stack.id)
                .client_request_token(&token)
                .send()
        })
        .await
        .map_err(Trouble::held_open)?;
    // An empty shell goes at once; a minute is for a service in trouble.
    for _ in 0..60 {
        if cloud
            .stack(&stack.id)
            .await
            .map_err(Trouble::held_open)?
            .is_none_or(|stack| stack.status == "DELETE_COMPLETE")
        {
            return Ok(());
        }
        job.port.sleep(Duration::from_secs(1)).await;
    }
    Err(Failure::new(format!(
        "the shell of a change set named {name} was not deleted"
    ))
    .hint("look at the stack's events, then deploy again"))
}

async fn is_ours(job: &Job, cloud: &Cloud, stack: &CfnStack) -> Result<bool, Failure> {
    if stack.is_of(&job.store) {
        return Ok(true);
    }
    let prefix = change_set_prefix(&job.store);
    let sets = cloud
        .change_sets(&stack.name)
        .await
        .map_err(Trouble::held_open)?;
    Ok(!sets.is_empty() && sets.iter().all(|(_, name)| name.starts_with(&prefix)))
}
