//! An operation that changes a CloudFormation stack, from its intent to its end: note, call with
//! the token, wait, judge by the events that carry the token. Started again after a crash it asks
//! first and never does it twice.

mod cancel;
mod seen;

use std::future::Future;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::outcome;
use super::output;
use crate::aws::cfn::events::{FirstFailure, StackEvent, ours};
use crate::aws::cfn::stack::CfnStack;
use crate::aws::ecs::Unstable;
use crate::aws::{Cloud, Trouble, TroubleKind};
use crate::domain::failure::{Failure, Retry};
use crate::domain::line::Severity;
use crate::domain::plan::Output;
use crate::exec::{Found, Job};
use crate::forms::cloudformation::{ECS_SERVICE, standing};
use crate::text::safe::Safe;

/// The number of the call that does it, within the attempt.
const CALL: u32 = 1;
/// The number of the call that cancels it.
const CANCEL: u32 = 9;
/// How often a call whose fate is unknown is made again with the same token.
const TRIES: u32 = 3;
/// How often contact may be lost in a row while waiting.
const LOST: u32 = 4;
/// How long the other side may take to show that an accepted operation has begun.
const BEGINS: Duration = Duration::from_mins(1);

/// What kind of operation it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operation {
    /// The API's action with its service, as a policy names it.
    pub(super) action: &'static str,
    /// The verb of the sentences ("update").
    pub(super) verb: &'static str,
    /// The stack statuses that are its success.
    pub(super) good: &'static [&'static str],
    /// Whether CloudFormation can be asked to cancel it.
    pub(super) cancels: bool,
}

impl Operation {
    /// The action without its service, as the cloud's own records name it.
    fn call(&self) -> &'static str {
        self.action
            .split_once(':')
            .map_or(self.action, |(_, call)| call)
    }
}

/// What the call answered.
enum Sent {
    /// It goes on; the stack's ARN where the answer has it.
    Accepted(Option<String>),
    /// There is nothing to do.
    Nothing,
}

/// The note before the call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Intent {
    action: String,
    /// Name of the stack.
    name: String,
    /// ARN of the stack, where it was there.
    id: Option<String>,
    /// The newest event before the call.
    mark: Option<String>,
    token: String,
}

/// The note once the call was accepted.
#[derive(Debug, Serialize, Deserialize)]
struct Accepted {
    /// ARN of the stack.
    id: String,
}

/// One operation under way.
pub(super) struct Course<'a> {
    pub(super) job: &'a Job,
    pub(super) cloud: &'a Cloud,
    operation: Operation,
    name: &'a str,
    intent: Option<Intent>,
    /// The ARN, once the call was accepted.
    sent: Option<String>,
    cancelling: bool,
}

impl<'a> Course<'a> {
    /// Where the notes say that it stands.
    pub(super) fn new(
        job: &'a Job,
        cloud: &'a Cloud,
        operation: Operation,
        name: &'a str,
    ) -> Result<Self, Failure> {
        Ok(Self {
            job,
            cloud,
            operation,
            name,
            intent: super::noted(job, "intent")?,
            sent: super::noted::<Accepted>(job, "sent")?.map(|sent| sent.id),
            cancelling: job.notes.contains_key("cancel"),
        })
    }

    /// True when nothing was noted yet: checks of the stack as it is belong before the intent.
    pub(super) fn is_fresh(&self) -> bool {
        self.intent.is_none()
    }

    /// Does it, or picks it up where the notes say: `call` makes the call with the token, `id` takes
    /// the stack's ARN out of its answer, where the answer has it.
    pub(super) async fn run<T, E, F>(
        mut self,
        now: Option<&CfnStack>,
        call: impl Fn(&str) -> F,
        id: impl Fn(T) -> Option<String>,
    ) -> Result<Output, Failure>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let mut asked_before = true;
        if self.intent.is_none() {
            asked_before = false;
            if self.job.port.is_cancelled() {
                return Err(Failure::new(format!(
                    "cancelled before the {} of {} was asked for",
                    self.operation.verb, self.name
                ))
                .as_before());
            }
            self.note_intent(now).await?;
        }
        if self.sent.is_none() {
            match self.send(asked_before, call, id).await? {
                Sent::Accepted(id) => self.note_sent(id).await?,
                Sent::Nothing => {
                    self.say("nothing to change");
                    let stack = self
                        .cloud
                        .stack(self.name)
                        .await
                        .map_err(Trouble::out_of_sight)?;
                    return Ok(output(self.job, stack.as_ref(), true));
                }
            }
        }
        self.wait().await
    }

    /// What became of it.
    pub(super) async fn found(&self) -> Result<Found, Failure> {
        if self.intent.is_none() {
            return Ok(Found::NeverStarted);
        }
        if self.sent.is_none() && !self.has_begun().await.map_err(Trouble::out_of_sight)? {
            return Ok(Found::NeverStarted);
        }
        let stack = self.look().await.map_err(Trouble::out_of_sight)?;
        match self
            .judge(stack.as_ref())
            .await
            .map_err(Trouble::out_of_sight)?
        {
            Some(status) => Ok(Found::Ended(self.end(stack.as_ref(), &status).await)),
            None => Ok(Found::StillRunning),
        }
    }

    async fn note_intent(&mut self, now: Option<&CfnStack>) -> Result<(), Failure> {
        let mark = match now {
            Some(stack) => self
                .cloud
                .newest_event(&stack.id)
                .await
                .map_err(Trouble::held_open)?,
            None => None,
        };
        let intent = Intent {
            action: self.operation.call().to_owned(),
            name: self.name.to_owned(),
            id: now.map(|stack| stack.id.clone()),
            mark,
            token: self.job.token(CALL),
        };
        self.job
            .port
            .note(
                "intent",
                serde_json::to_value(&intent).unwrap_or(Value::Null),
            )
            .await?;
        self.intent = Some(intent);
        Ok(())
    }

    async fn note_sent(&mut self, id: Option<String>) -> Result<(), Failure> {
        let known = id.or_else(|| self.intent.as_ref().and_then(|intent| intent.id.clone()));
        let id = match known {
            Some(id) => id,
            None => self
                .cloud
                .stack(self.name)
                .await
                .map_err(Trouble::out_of_sight)?
                .map_or_else(|| self.name.to_owned(), |stack| stack.id),
        };
        self.say(&format!("{} accepted", self.operation.verb));
        self.job
            .port
            .note("sent", json!(Accepted { id: id.clone() }))
            .await?;
        self.sent = Some(id);
        Ok(())
    }

    /// Makes the call; where its fate is unknown, asks before it is made again with the same token.
    async fn send<T, E, F>(
        &mut self,
        asked_before: bool,
        call: impl Fn(&str) -> F,
        id: impl Fn(T) -> Option<String>,
    ) -> Result<Sent, Failure>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let token = self.job.token(CALL);
        if asked_before && self.has_begun().await.map_err(Trouble::out_of_sight)? {
            return Ok(Sent::Accepted(None));
        }
        let mut tries = 0;
        loop {
            let sent = self
                .cloud
                .call(self.operation.action, self.name, || call(&token));
            let trouble = match sent.await {
                Ok(answer) => return Ok(Sent::Accepted(id(answer))),
                Err(trouble) if trouble.says("No updates are to be performed") => {
                    return Ok(Sent::Nothing);
                }
                Err(trouble) => trouble,
            };
            tries += 1;
            let there =
                trouble.is("AlreadyExistsException") || trouble.is("TokenAlreadyExistsException");
            let gone =
                trouble.is("InvalidChangeSetStatus") || trouble.code.contains("ChangeSetNotFound");
            if (trouble.is_unsure() || there || gone)
                && self.has_begun().await.map_err(Trouble::out_of_sight)?
            {
                return Ok(Sent::Accepted(None));
            }
            if !trouble.is_unsure() || tries >= TRIES {
                let refused = outcome::refused(trouble, self.name);
                // What an earlier call of it may have begun is not told by a later refusal.
                let as_before = refused.as_before && tries == 1 && !asked_before;
                return Err(Failure {
                    as_before,
                    ..refused
                });
            }
            self.job
                .port
                .sleep(Duration::from_secs(u64::from(tries)))
                .await;
        }
    }

    /// Waits for the end: looks at once, then more and more rarely, never later than a twentieth of
    /// the time that it takes.
    async fn wait(&mut self) -> Result<Output, Failure> {
        let (mut waited, mut lost, mut shown) = (Duration::ZERO, 0, String::new());
        loop {
            match self.look().await {
                Ok(stack) => {
                    lost = 0;
                    let status = stack
                        .as_ref()
                        .map_or("MISSING", |stack| stack.status.as_str())
                        .to_owned();
                    if status != shown {
                        self.say(&status);
                        shown.clone_from(&status);
                    }
                    if let Some(status) = self
                        .judge(stack.as_ref())
                        .await
                        .map_err(Trouble::out_of_sight)?
                    {
                        return self.end(stack.as_ref(), &status).await;
                    }
                    if !standing(&status).is_busy() && waited > BEGINS {
                        return Err(self.never_began(&status));
                    }
                    if self.job.port.is_cancelled() && !self.cancelling {
                        self.ask_to_cancel(&status).await?;
                    }
                }
                Err(trouble)
                    if trouble.kind == TroubleKind::Login
                        || lost >= LOST
                        || !(trouble.is_unsure() || trouble.kind == TroubleKind::Throttled) =>
                {
                    return Err(trouble.out_of_sight());
                }
                Err(_) => lost += 1,
            }
            let pause = super::pause(self.cloud, waited).max(Duration::from_secs(lost.into()));
            self.pause(pause).await;
            waited += pause;
        }
    }

    /// Sleeps; a cancel that was not seen yet ends it at once.
    async fn pause(&self, pause: Duration) {
        if self.cancelling {
            return self.job.port.sleep(pause).await;
        }
        futures_util::future::select(self.job.port.sleep(pause), self.job.port.cancelled()).await;
    }

    async fn end(&self, stack: Option<&CfnStack>, status: &str) -> Result<Output, Failure> {
        // What comes next looks at it at once.
        self.cloud.changed();
        if self.operation.good.contains(&status) {
            return Ok(output(
                self.job,
                stack.filter(|_| status != "DELETE_COMPLETE"),
                false,
            ));
        }
        let id = stack.map_or(self.name, |stack| stack.id.as_str());
        let events = self.events(id).await.map_err(Trouble::out_of_sight)?;
        let ours: Vec<StackEvent> = ours(&events, &self.tokens()).into_iter().cloned().collect();
        let first = self.cloud.first_failure(&ours).await;
        let unstable = self.unstable(first.as_ref(), &ours).await;
        Err(outcome::failed(&outcome::Ended {
            verb: self.operation.verb,
            name: self.name,
            status,
            reason: stack.map(|stack| stack.reason.clone()).unwrap_or_default(),
            first: first.as_ref(),
            unstable: unstable.as_ref(),
            events: &ours,
            cancelled: self.cancelling,
        })
        .changed_at(stack.and_then(|stack| stack.changed_at)))
    }

    /// What its service itself says where that failed first: of it CloudFormation tells no more than
    /// that it did not come to be stable.
    async fn unstable(
        &self,
        first: Option<&FirstFailure>,
        ours: &[StackEvent],
    ) -> Option<Unstable> {
        let failed = &first?.event;
        let since = ours.iter().map(|event| event.at).min()?;
        if failed.kind.as_str() != ECS_SERVICE || failed.physical.is_empty() {
            return None;
        }
        self.cloud.why_unstable(&failed.physical, since).await
    }

    fn say(&self, text: &str) {
        self.job
            .port
            .out(Severity::Info, self.name, Safe::new(text));
    }

    fn never_began(&self, status: &str) -> Failure {
        Failure::new(format!(
            "{} of {} was accepted and has not begun; the stack is {status}",
            self.operation.verb, self.name
        ))
        .hint("look at the stack's events, then resolve the step as done or failed")
        .retry(Retry::AskAPerson)
    }
}
