//! `cloudformation.cancel {stack_name, as_seen}`: cancels an update that was begun elsewhere, and waits
//! until it is rolled back. What the stack is then was not known when the plan was made: it is made
//! anew.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use super::update::there;
use crate::aws::cfn::stack::CfnStack;
use crate::aws::{Clients, Cloud, Trouble, TroubleKind};
use crate::domain::failure::{Failure, Retry};
use crate::domain::line::Severity;
use crate::domain::look::Standing;
use crate::domain::plan::{Output, StepKind};
use crate::exec::{Cancel, Executor, Found, Job};
use crate::forms::cloudformation::{UNDER_WAY, standing};
use crate::text::safe::Safe;

/// Cancels updates.
pub(super) struct CancelUpdate(pub(super) Arc<Clients>);

/// The number of its call, within the attempt.
const CALL: u32 = 1;

#[derive(Deserialize)]
struct Params {
    stack_name: String,
}

impl Executor for CancelUpdate {
    fn kind(&self) -> StepKind {
        "cloudformation.cancel".into()
    }

    fn check(&self, params: &Value) -> Result<(), String> {
        super::require(params, &["stack_name"])
    }

    fn run(&self, job: Job) -> BoxFuture<'_, Result<Output, Failure>> {
        async move { run(&self.0, &job).await }.boxed()
    }

    /// An update that goes on can be cancelled once more, and one that is over is seen to be.
    fn find(&self, _: Job) -> BoxFuture<'_, Found> {
        async { Found::NeverStarted }.boxed()
    }

    fn cancel(&self) -> Cancel {
        Cancel::None
    }
}

async fn run(clients: &Clients, job: &Job) -> Result<Output, Failure> {
    let params: Params = super::params(job)?;
    let cloud = super::cloud(clients, job).await?;
    let (mut waited, mut asked) = (Duration::ZERO, false);
    loop {
        let stack = there(&cloud, &params.stack_name).await?;
        if !standing(&stack.status).is_busy() {
            return Err(over(&stack));
        }
        if stack.status == UNDER_WAY && !asked {
            super::as_seen(job, &stack)?;
            ask(job, &cloud, &stack).await?;
            asked = true;
        }
        let pause = super::pause(&cloud, waited);
        job.port.sleep(pause).await;
        waited += pause;
    }
}

/// Asks for it. An update that has ended in this moment is none to cancel any more.
async fn ask(job: &Job, cloud: &Cloud, stack: &CfnStack) -> Result<(), Failure> {
    let (name, id) = (&stack.name, &stack.id);
    let token = job.token(CALL);
    job.port
        .note(
            "intent",
            json!({ "action": "CancelUpdateStack", "token": token }),
        )
        .await?;
    let call = cloud.call("cloudformation:CancelUpdateStack", name, || {
        cloud
            .cfn
            .cancel_update_stack()
            .stack_name(id)
            .client_request_token(&token)
            .send()
    });
    let says = match call.await {
        Ok(_) => "cancel accepted: CloudFormation rolls the update back".to_owned(),
        Err(trouble) if trouble.kind == TroubleKind::Refused => {
            format!("cancel not accepted: {}", trouble.message)
        }
        Err(trouble) => return Err(Trouble::held_open(trouble)),
    };
    job.port.out(Severity::Info, name, Safe::new(&says));
    Ok(())
}

/// What is done once nothing goes on: what is deployed is worked out for the stack as it is now.
fn over(stack: &CfnStack) -> Failure {
    let (name, status) = (&stack.name, &stack.status);
    if standing(status) == Standing::Good {
        return Failure::new(format!(
            "the update of {name} that was under way has ended ({status}): what is deployed is worked out anew"
        ))
        .retry(Retry::Replan)
        .as_before();
    }
    Failure::new(format!("{name} is {status} since its update was cancelled"))
        .detail(stack.reason.to_string())
        .hint("unblock it: U in the console, or holdpoint unblock STACK --way recover")
}
