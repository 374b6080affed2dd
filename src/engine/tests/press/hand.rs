//! The hand of a press: it gives an order under a token, waits, and asks how it went. This file is
//! what `exec/<tool>.rs` would be.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ORDER;
use super::works::Works;
use crate::domain::failure::Failure;
use crate::domain::plan::{Cancel, Output, StepKind};
use crate::exec::{Executor, Found, Job};

/// The hand.
pub(super) struct Orders(pub(super) Arc<Works>);

#[derive(Deserialize)]
struct Params {
    edition: String,
    order: String,
    sheets: Vec<String>,
}

impl Params {
    fn of(params: &Value) -> Result<Self, String> {
        Self::deserialize(params).map_err(|why| why.to_string())
    }
}

impl Executor for Orders {
    fn kind(&self) -> StepKind {
        ORDER.into()
    }

    fn check(&self, params: &Value) -> Result<(), String> {
        Params::of(params).map(drop)
    }

    fn run(&self, job: Job) -> BoxFuture<'_, Result<Output, Failure>> {
        async move {
            let Params { edition, order, sheets } = Params::of(&job.params).map_err(Failure::new)?;
            if !job.notes.contains_key("intent") {
                job.port.note("intent", json!(order)).await?;
            }
            // Given twice under one token it is one order.
            self.0.order(job.token(1), &order, &edition);
            tokio::select! {
                () = job.port.sleep(Duration::from_secs(10)) => {}
                () = job.port.cancelled() => return Err(Failure::new(format!("{order} {edition} was called off"))),
            }
            if self.0.finish(&order, &edition, sheets) {
                Ok(Output::default())
            } else {
                Err(Failure::new(format!("the machine of {edition} is jammed")))
            }
        }
        .boxed()
    }

    fn find(&self, job: Job) -> BoxFuture<'_, Found> {
        let found = if self.0.knows(&job.token(1)) {
            Found::StillRunning
        } else {
            Found::NeverStarted
        };
        async { found }.boxed()
    }

    fn cancel(&self) -> Cancel {
        Cancel::Full
    }
}
