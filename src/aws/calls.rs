//! One call: in its turn, and again where that helps. What it means when it did not succeed is said
//! by `trouble`.

use std::future::Future;
use std::sync::atomic::Ordering;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::budget::{Turn, Use};
use super::clients::{Cloud, no_sandbox};
use super::trouble::{Call, Facts, Trouble, TroubleKind};

/// How often a throttled call is made again.
const THROTTLED_TRIES: u32 = 6;
/// When a call is made again that failed for a reason that passes. The SDK makes none again: what
/// it would send has no turn.
const AGAIN: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];
/// What was waited for longer than this is not waited for again: who asked has to know.
const LONG: Duration = Duration::from_secs(10);

impl Cloud {
    /// Makes a call within the account's budget: throttled ones again and slower, refused ones to
    /// the embedded cloud once more at its present port, what somebody else answered once more.
    /// Whatever is called must be safe to repeat: a read, or a call with a token.
    pub async fn call<T, E, F>(
        &self,
        action: &'static str,
        on: &str,
        make: impl Fn() -> F,
    ) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        self.call_in(None, action, on, make).await
    }

    /// The same for a page of log lines that is asked for again and again, and so has the pace of
    /// reads.
    pub async fn poll<T, E, F>(
        &self,
        action: &'static str,
        on: &str,
        make: impl Fn() -> F,
    ) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let budget = self.share.budget();
        let _alone = budget.alone().await;
        self.call_in(Some(budget.turn(Use::Watch).await), action, on, make)
            .await
    }

    /// The same, in a turn that was waited for before.
    pub(super) async fn call_in<T, E, F>(
        &self,
        mut turn: Option<Turn>,
        action: &'static str,
        on: &str,
        make: impl Fn() -> F,
    ) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let mut throttled = 0;
        let mut moved = false;
        let mut garbled = false;
        let mut again = AGAIN.into_iter();
        let what = Use::of(action, self.watching);
        loop {
            let budget = self.share.budget();
            let alone = if what == Use::Watch && turn.is_none() {
                Some(budget.alone().await)
            } else {
                None
            };
            let turn = match turn.take() {
                Some(turn) => turn,
                None => budget.turn(what).await,
            };
            let begun = self.clock.now();
            let answer = make().await;
            let long = self.clock.now().since(begun) >= LONG;
            drop((turn, alone));
            let error = match answer {
                Ok(answer) => {
                    budget.went_through(what);
                    return Ok(answer);
                }
                Err(error) => error,
            };
            let trouble = self.trouble(action, on, &error);
            if trouble.kind == TroubleKind::Login {
                self.refused.store(true, Ordering::Release);
            }
            match trouble.kind {
                TroubleKind::Throttled => {
                    budget.throttled(what);
                    throttled += 1;
                    if throttled > THROTTLED_TRIES {
                        return Err(trouble);
                    }
                }
                TroubleKind::Unreachable if !moved && self.sandbox.is_some() => {
                    moved = true;
                    self.find_sandbox().await?;
                }
                TroubleKind::Garbled | TroubleKind::Endless if !garbled => garbled = true,
                TroubleKind::Server | TroubleKind::Timeout | TroubleKind::Unreachable => {
                    match again.next().filter(|_| !long) {
                        Some(pause) => self.clock.sleep(pause).await,
                        None => return Err(trouble),
                    }
                }
                TroubleKind::Garbled
                | TroubleKind::Endless
                | TroubleKind::Login
                | TroubleKind::Denied
                | TroubleKind::Refused => return Err(trouble),
            }
        }
    }

    /// Makes a call that has no part in the budget, because it waits for what happens; once more
    /// where the embedded cloud moved. Who calls says when it is made again.
    pub(super) async fn call_beside<T, E, F>(
        &self,
        action: &'static str,
        on: &str,
        make: impl Fn() -> F,
    ) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let mut moved = false;
        loop {
            let error = match make().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let trouble = self.trouble(action, on, &error);
            match trouble.kind {
                TroubleKind::Unreachable if !moved && self.sandbox.is_some() => {
                    moved = true;
                    self.find_sandbox().await?;
                }
                TroubleKind::Login => {
                    self.refused.store(true, Ordering::Release);
                    return Err(trouble);
                }
                TroubleKind::Throttled
                | TroubleKind::Server
                | TroubleKind::Timeout
                | TroubleKind::Unreachable
                | TroubleKind::Garbled
                | TroubleKind::Endless
                | TroubleKind::Denied
                | TroubleKind::Refused => return Err(trouble),
            }
        }
    }

    /// What an SDK error means.
    pub fn trouble<E>(
        &self,
        action: &'static str,
        on: &str,
        error: &SdkError<E, HttpResponse>,
    ) -> Trouble
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        Facts::of(error).trouble(Call {
            action,
            on,
            login: &self.log_in,
            endpoint: self.target.endpoint_url.as_deref(),
        })
    }

    async fn find_sandbox(&self) -> Result<(), Trouble> {
        let Some(resolve) = &self.sandbox else {
            return Ok(());
        };
        match resolve().await {
            Ok(port) => {
                self.port.store(port, Ordering::Release);
                Ok(())
            }
            Err(why) => {
                let failure = no_sandbox(&why);
                Err(Trouble {
                    kind: TroubleKind::Unreachable,
                    code: String::new(),
                    message: failure.detail.as_str().into(),
                    failure: Box::new(failure),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Arc;

    use aws_sdk_cloudformation::operation::describe_stacks::DescribeStacksError;

    use super::*;
    use crate::aws::{AwsTarget, Clients};
    use crate::domain::time::Time;
    use crate::os::clock::Stepped;

    #[tokio::test]
    async fn what_was_waited_for_long_is_not_waited_for_again() {
        let clock = Stepped::at(Time(0));
        let nobody = Arc::new(|| -> futures_util::future::BoxFuture<'static, _> {
            Box::pin(async { Err("not here".to_owned()) })
        });
        let target = AwsTarget {
            region: Some("eu-west-1".into()),
            endpoint_url: Some("http://127.0.0.1:9".into()),
            ..AwsTarget::default()
        };
        let cloud = Clients::new(Arc::new(clock.clone()), "ana", nobody)
            .of(&target)
            .await
            .unwrap();
        let calls = Cell::new(0);
        let asked = cloud.call("cloudformation:DescribeStacks", "shop", || {
            calls.set(calls.get() + 1);
            clock.advance(Duration::from_secs(30));
            async {
                let late: SdkError<DescribeStacksError, HttpResponse> =
                    SdkError::timeout_error("late");
                Err::<(), _>(late)
            }
        });
        assert_eq!(asked.await.unwrap_err().kind, TroubleKind::Timeout);
        assert_eq!(calls.get(), 1);
    }
}
