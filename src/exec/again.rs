//! Hands whose attempt is picked up by running it again: what of it is done already is found done,
//! so that nothing has to be known of where it was left but that it had begun.

use std::future::ready;
use std::marker::PhantomData;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::job::{cloud, params, require};
use super::{Cancel, Executor, Found, Job};
use crate::aws::{Clients, Cloud};
use crate::domain::failure::Failure;
use crate::domain::line::Severity;
use crate::domain::plan::{Output, StepKind};
use crate::text::safe::Safe;

/// The note by which an attempt has begun.
const INTENT: &str = "intent";

/// Such a kind of step.
pub(super) trait Again: Send + Sync + 'static {
    /// The form of its parameters.
    type Params: DeserializeOwned + Send + Sync;
    /// Its name in plans.
    const KIND: &'static str;
    /// Parameters that must be there when the plan is made.
    const NEEDS: &'static [&'static str];
    /// What a cancel can do about it.
    const CANCEL: Cancel;

    /// Checks what is known of the parameters when the plan is made.
    fn check(_: &Value) -> Result<(), String> {
        Ok(())
    }

    /// Does what is left to do.
    fn run(
        job: &Job,
        cloud: &Arc<Cloud>,
        params: Self::Params,
    ) -> impl Future<Output = Result<Output, Failure>> + Send;
}

/// The executor of such a kind.
pub(super) struct Hand<A> {
    clients: Arc<Clients>,
    of: PhantomData<A>,
}

impl<A: Again> Hand<A> {
    /// That executor, over these clients.
    pub(super) fn executor(clients: &Arc<Clients>) -> Arc<dyn Executor> {
        Arc::new(Self {
            clients: Arc::clone(clients),
            of: PhantomData,
        })
    }
}

impl<A: Again> Executor for Hand<A> {
    fn kind(&self) -> StepKind {
        A::KIND.into()
    }

    fn check(&self, params: &Value) -> Result<(), String> {
        require(params, A::NEEDS)?;
        A::check(params)
    }

    fn run(&self, job: Job) -> BoxFuture<'_, Result<Output, Failure>> {
        async move {
            let params: A::Params = params(&job)?;
            let cloud = cloud(&self.clients, &job).await?;
            A::run(&job, &cloud, params).await
        }
        .boxed()
    }

    fn find(&self, job: Job) -> BoxFuture<'_, Found> {
        ready(found(&job)).boxed()
    }

    fn cancel(&self) -> Cancel {
        A::CANCEL
    }
}

/// What became of an attempt that is picked up by running it again.
pub(super) fn found(job: &Job) -> Found {
    if is_fresh(job) {
        Found::NeverStarted
    } else {
        Found::StillRunning
    }
}

/// True before the attempt has begun.
pub(super) fn is_fresh(job: &Job) -> bool {
    !job.notes.contains_key(INTENT)
}

/// Begins the attempt, once: what it is about to do is durable before anything is called that
/// changes something.
pub(super) async fn begin(job: &Job, what: Value) -> Result<(), Failure> {
    if !is_fresh(job) {
        return Ok(());
    }
    if job.port.is_cancelled() {
        return Err(Failure::new("cancelled before anything was changed").as_before());
    }
    job.port.note(INTENT, what).await
}

/// Says something about a thing.
pub(super) fn say(job: &Job, part: &str, text: &str) {
    job.port.out(Severity::Info, part, Safe::new(text));
}

/// A failure of what was only looked at before the attempt began.
pub(super) fn before(job: &Job, failure: Failure) -> Failure {
    if is_fresh(job) {
        failure.as_before()
    } else {
        failure
    }
}
