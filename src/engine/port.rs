//! What a running attempt gets from the engine: durable notes, lines out, its files, and the wish to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot, watch};

use crate::domain::digest::Digest;
use crate::domain::failure::{Failure, Retry};
use crate::domain::ids::{DeploymentNo, StackId};
use crate::domain::line::{Giver, Id, Line, Severity, SourceKind, Turn};
use crate::domain::request::SourceBundle;
use crate::domain::safe::Safe;
use crate::exec::Port;
use crate::os::clock::SharedClock;
use crate::store::Store;

use super::tasks::Key;
use super::{Failpoint, Lines, Msg};

/// The port of one attempt.
pub(crate) struct EnginePort {
    pub key: Key,
    pub to: mpsc::UnboundedSender<Msg>,
    pub cancelled: watch::Receiver<bool>,
    pub clock: SharedClock,
    pub store: Arc<dyn Store>,
    pub lines: Arc<dyn Lines>,
    pub stack: StackId,
    pub no: DeploymentNo,
    pub made: AtomicU64,
    pub failpoint: Option<Failpoint>,
}

impl EnginePort {
    fn give(&self, id: Id, severity: Severity, part: &str, text: Safe) {
        self.lines.take(vec![Line {
            turn: Turn::default(),
            at: self.clock.now(),
            id,
            kind: SourceKind::Out,
            source: Safe::new(self.key.step.as_str()),
            part: Safe::new(part),
            stack: self.stack.clone(),
            no: Some(self.no),
            severity,
            text,
        }]);
    }

    /// Where the engine dies here, this task never goes on.
    async fn passes(&self, point: &str) {
        if self.failpoint.as_ref().is_some_and(|dies| dies(point)) {
            std::future::pending::<()>().await;
        }
    }
}

/// Lines are counted within an attempt, which has this many bits; a later attempt counts on above it.
const COUNTS: u32 = 40;

fn gone() -> Failure {
    Failure::new("the engine has ended").retry(Retry::Contact)
}

impl Port for EnginePort {
    fn note<'a>(&'a self, key: &'a str, value: Value) -> BoxFuture<'a, Result<(), Failure>> {
        async move {
            self.passes("before note").await;
            let (reply, answer) = oneshot::channel();
            let msg = Msg::Note { key: self.key.clone(), name: key.to_owned(), value, reply };
            self.to.send(msg).map_err(|_| gone())?;
            let answer = answer.await.unwrap_or_else(|_| Err(gone()));
            self.passes("after note").await;
            answer
        }
        .boxed()
    }

    fn out(&self, severity: Severity, part: &str, text: Safe) {
        let n = self.made.fetch_add(1, Ordering::Relaxed);
        self.give(format!("{}/{}/{n}/{}", self.no.0, self.key.attempt, self.clock.now().0).into(), severity, part, text);
    }

    fn line(&self, nth: u64, severity: Severity, part: &str, text: Safe) {
        self.give(Id::Nth(u64::from(self.key.attempt) << COUNTS | nth), severity, part, text);
    }

    fn reached(&self) -> BoxFuture<'_, Option<u64>> {
        let (lines, stack, giver) = (Arc::clone(&self.lines), self.stack.clone(), Giver::step(self.no, self.key.step.as_str()));
        let attempt = u64::from(self.key.attempt);
        async move {
            let reached = tokio::task::spawn_blocking(move || lines.reached(&stack, &giver)).await.ok().flatten()?;
            (reached >> COUNTS == attempt).then_some(reached & ((1 << COUNTS) - 1))
        }
        .boxed()
    }

    fn bundle(&self, digest: Digest) -> BoxFuture<'_, Result<SourceBundle, Failure>> {
        async move {
            let bytes = self
                .store
                .blob(digest)
                .await
                .map_err(|why| Failure::new("the files of this deployment cannot be read").detail(why.to_string()).retry(Retry::Contact))?
                .ok_or_else(|| Failure::new(format!("the store has no files {}", digest.short())).hint("deploy from the estate again"))?;
            let bundle: SourceBundle = serde_json::from_slice(&bytes)
                .map_err(|why| Failure::new(format!("the files {} cannot be read", digest.short())).detail(why.to_string()))?;
            if bundle.digest() == digest {
                Ok(bundle)
            } else {
                Err(Failure::new(format!("the files {} are not what was recorded", digest.short()))
                    .hint("the store is damaged: `holdpoint doctor`"))
            }
        }
        .boxed()
    }

    fn cancelled(&self) -> BoxFuture<'_, ()> {
        let mut cancelled = self.cancelled.clone();
        async move {
            if cancelled.wait_for(|asked| *asked).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
        .boxed()
    }

    fn is_cancelled(&self) -> bool {
        *self.cancelled.borrow()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        async move {
            self.passes("before sleep").await;
            self.clock.sleep(duration).await;
        }
        .boxed()
    }
}
