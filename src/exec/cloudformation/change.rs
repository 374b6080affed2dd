//! A step kind that changes a stack: what is its own of it. How such a step is begun, picked up and
//! found again is the same for all.

use std::marker::PhantomData;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::operation::{Course, Operation};
use crate::aws::Clients;
use crate::domain::failure::Failure;
use crate::domain::plan::{Cancel, Output, StepKind};
use crate::exec::{Executor, Found, Job};

/// A kind of change.
pub(super) trait Change: Send + Sync + 'static {
    /// The form of its parameters.
    type Params: DeserializeOwned + Send + Sync;
    /// Its name in plans.
    const KIND: &'static str;
    /// The operation that it is.
    const OPERATION: Operation;

    /// Checks parameters when the plan is made.
    fn check(params: &Value) -> Result<(), String>;
    /// The stack that it changes.
    fn stack_name(params: &Self::Params) -> &str;
    /// Does it, or goes on with it where the notes say.
    fn run(
        course: Course<'_>,
        params: &Self::Params,
    ) -> impl Future<Output = Result<Output, Failure>> + Send;
}

/// The executor of a kind of change.
pub(super) struct Hand<C> {
    clients: Arc<Clients>,
    of: PhantomData<C>,
}

impl<C: Change> Hand<C> {
    /// That executor, over these clients.
    pub(super) fn executor(clients: &Arc<Clients>) -> Arc<dyn Executor> {
        Arc::new(Self {
            clients: Arc::clone(clients),
            of: PhantomData,
        })
    }
}

impl<C: Change> Executor for Hand<C> {
    fn kind(&self) -> StepKind {
        C::KIND.into()
    }

    fn check(&self, params: &Value) -> Result<(), String> {
        C::check(params)
    }

    fn run(&self, job: Job) -> BoxFuture<'_, Result<Output, Failure>> {
        async move {
            let params: C::Params = super::params(&job)?;
            let cloud = super::cloud(&self.clients, &job).await?;
            C::run(
                Course::new(&job, &cloud, C::OPERATION, C::stack_name(&params))?,
                &params,
            )
            .await
        }
        .boxed()
    }

    /// Asks what became of it, without starting anything.
    fn find(&self, job: Job) -> BoxFuture<'_, Found> {
        async move {
            let found = async {
                let params: C::Params = super::params(&job)?;
                let cloud = super::cloud(&self.clients, &job).await?;
                Course::new(&job, &cloud, C::OPERATION, C::stack_name(&params))?
                    .found()
                    .await
            };
            found.await.unwrap_or_else(Found::CannotTell)
        }
        .boxed()
    }

    fn cancel(&self) -> Cancel {
        if C::OPERATION.cancels {
            Cancel::BestEffort
        } else {
            Cancel::None
        }
    }
}
