//! `cloudformation.verify {stack_name, expect, counts}`: looks whether the stack is what the plan
//! says it should be by now.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;

use crate::aws::cfn::stack::CfnStack;
use crate::aws::{Clients, Trouble};
use crate::domain::failure::Failure;
use crate::domain::look::Standing;
use crate::domain::plan::{Output, StepKind};
use crate::exec::{Cancel, Executor, Found, Job};
use crate::forms::cloudformation::standing;

/// Looks at the result.
pub(super) struct Verify(pub(super) Arc<Clients>);

#[derive(Deserialize)]
struct Params {
    stack_name: String,
    expect: Expect,
    #[serde(default)]
    counts: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Expect {
    /// The last operation ended well.
    Complete,
    /// Nothing goes on and the stack can be used: a rollback that has ended counts too.
    Quiet,
    /// Nothing goes on and the stack takes an update, however the last one ended.
    Usable,
    /// There is no stack.
    Missing,
}

impl Executor for Verify {
    fn kind(&self) -> StepKind {
        "cloudformation.verify".into()
    }

    fn check(&self, params: &Value) -> Result<(), String> {
        super::require(params, &["stack_name", "expect"])?;
        serde_json::from_value::<Expect>(params["expect"].clone())
            .map(|_| ())
            .map_err(|why| format!("expect: {why}"))
    }

    fn run(&self, job: Job) -> BoxFuture<'_, Result<Output, Failure>> {
        async move { run(&self.0, &job).await }.boxed()
    }

    /// A look changes nothing: it is made again.
    fn find(&self, _: Job) -> BoxFuture<'_, Found> {
        async { Found::NeverStarted }.boxed()
    }

    fn cancel(&self) -> Cancel {
        Cancel::Full
    }
}

async fn run(clients: &Clients, job: &Job) -> Result<Output, Failure> {
    let params: Params = super::params(job)?;
    let cloud = super::cloud(clients, job).await?;
    let mut waited = Duration::ZERO;
    loop {
        let stack = cloud
            .stack(&params.stack_name)
            .await
            .map_err(Trouble::held_open)?;
        if stack
            .as_ref()
            .is_none_or(|stack| !standing(&stack.status).is_busy())
        {
            return verdict(&params, stack.as_ref()).map(|()| {
                super::output(
                    job,
                    stack.as_ref().filter(|s| s.status != "DELETE_COMPLETE"),
                    true,
                )
            });
        }
        if job.port.is_cancelled() {
            return Err(Failure::new(
                "cancelled; it only looked, nothing was changed",
            ));
        }
        let pause = super::pause(&cloud, waited);
        futures_util::future::select(job.port.sleep(pause), job.port.cancelled()).await;
        waited += pause;
    }
}

fn verdict(params: &Params, stack: Option<&CfnStack>) -> Result<(), Failure> {
    let name = &params.stack_name;
    let status = stack.map_or("MISSING", |stack| stack.status.as_str());
    let good = match params.expect {
        Expect::Complete => standing(status) == Standing::Good && !status.contains("ROLLBACK"),
        Expect::Quiet => standing(status) == Standing::Good,
        Expect::Usable => matches!(standing(status), Standing::Good | Standing::Halted),
        Expect::Missing => standing(status) == Standing::Missing,
    };
    if !good {
        let wanted = match params.expect {
            Expect::Complete => "complete",
            Expect::Quiet => "quiet",
            Expect::Usable => "there and open to updates",
            Expect::Missing => "gone",
        };
        let reason = stack
            .map(|stack| stack.reason.to_string())
            .filter(|reason| !reason.is_empty());
        return Err(
            Failure::new(format!("{name} should be {wanted} and is {status}"))
                .detail(reason.unwrap_or_default())
                .hint("look at the stack's events: somebody else may have changed it"),
        );
    }
    let off: Vec<String> = params
        .counts
        .iter()
        .filter_map(|(key, wanted)| {
            let found = stack.and_then(|stack| stack.parameters.get(key));
            (found != Some(wanted)).then(|| {
                format!(
                    "{key} is {} and should be {wanted}",
                    found.map_or("absent", String::as_str)
                )
            })
        })
        .collect();
    if off.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(format!("{name}: {}", off.join(", "))).hint("deploy again"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_judged() {
        let cases = [
            (Expect::Complete, "CREATE_COMPLETE", true),
            (Expect::Complete, "UPDATE_COMPLETE", true),
            (Expect::Complete, "UPDATE_ROLLBACK_COMPLETE", false),
            (Expect::Complete, "MISSING", false),
            (Expect::Quiet, "UPDATE_ROLLBACK_COMPLETE", true),
            (Expect::Quiet, "ROLLBACK_COMPLETE", false),
            (Expect::Usable, "UPDATE_COMPLETE", true),
            (Expect::Usable, "UPDATE_FAILED", true),
            (Expect::Usable, "UPDATE_ROLLBACK_FAILED", false),
            (Expect::Usable, "DELETE_FAILED", false),
            (Expect::Usable, "MISSING", false),
            (Expect::Missing, "MISSING", true),
            (Expect::Missing, "DELETE_COMPLETE", true),
            (Expect::Missing, "REVIEW_IN_PROGRESS", true),
            (Expect::Missing, "DELETE_FAILED", false),
        ];
        for (expect, status, good) in cases {
            let params = Params {
                stack_name: "orders".into(),
                expect,
                counts: BTreeMap::new(),
            };
            let stack = CfnStack {
                status: status.into(),
                ..CfnStack::default()
            };
            assert_eq!(
                verdict(&params, Some(&stack).filter(|_| status != "MISSING")).is_ok(),
                good,
                "{expect:?} {status}"
            );
        }
    }

    #[test]
    fn counts_are_compared() {
        let counts: BTreeMap<_, _> = [("DesiredCount".to_owned(), "6".to_owned())].into();
        let params = Params {
            stack_name: "orders".into(),
            expect: Expect::Complete,
            counts: counts.clone(),
        };
        let mut stack = CfnStack {
            status: "UPDATE_COMPLETE".into(),
            parameters: counts,
            ..CfnStack::default()
        };
        assert!(verdict(&params, Some(&stack)).is_ok());
        stack.parameters.insert("DesiredCount".into(), "0".into());
        assert!(
            verdict(&params, Some(&stack))
                .unwrap_err()
                .summary
                .contains("is 0 and should be 6")
        );
    }
}
