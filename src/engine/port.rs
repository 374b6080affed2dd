//! What a running attempt gets from the engine: durable notes, lines out, its files, and the wish
//! to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot, watch};

use crate::domain::artifact::Artifact;
use crate::domain::digest::Digest;
use crate::domain::failure::{Failure, Retry};
use crate::domain::grant::Attempt;
use crate::domain::ids::{DeploymentNo, StackId};
use crate::domain::line::{Giver, Id, InPhase, Line, PhaseMark, Severity, SourceKind, Turn};
use crate::domain::masks::Secret;
use crate::domain::request::SourceBundle;
use crate::domain::secret_ref::SecretRef;
use crate::exec::{Content, Port};
use crate::os::clock::SharedClock;
use crate::secrets;
use crate::store::{Store, StoreError, bundles};
use crate::text::safe::Safe;

use super::door::Door;
use super::{Failpoint, Lines, Msg};

/// The port of one attempt.
pub(crate) struct EnginePort {
    pub key: Attempt,
    pub to: mpsc::UnboundedSender<Msg>,
    pub cancelled: watch::Receiver<bool>,
    pub clock: SharedClock,
    pub store: Arc<dyn Store>,
    pub lines: Arc<dyn Lines>,
    pub stack: StackId,
    pub no: DeploymentNo,
    pub made: AtomicU64,
    pub door: Door,
    pub failpoint: Option<Failpoint>,
}

impl EnginePort {
    fn give(&self, id: Id, severity: Severity, part: &str, phase: Option<InPhase>, text: Safe) {
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
            phase,
            text,
        }]);
    }

    /// The number of a line that this attempt counts.
    fn counted(&self, nth: u64) -> u64 {
        u64::from(self.key.attempt) << COUNTS | nth
    }

    /// Where the engine dies here, this task never goes on.
    async fn passes(&self, point: &str) {
        if self.failpoint.as_ref().is_some_and(|dies| dies(point)) {
            std::future::pending::<()>().await;
        }
    }
}

/// Lines are counted within an attempt, which has this many bits; a later attempt counts on above
/// it.
const COUNTS: u32 = 40;

/// What the store says of content: it is tried again where that may help.
fn kept(why: &StoreError, what: &str) -> Failure {
    let failure = Failure::new(what).detail(why.to_string());
    if why.passes() {
        failure.retry(Retry::Contact)
    } else {
        failure.hint("deploy from the estate again; `holdpoint doctor` checks the store")
    }
}

fn gone() -> Failure {
    Failure::new("the engine has ended").retry(Retry::Contact)
}

impl Port for EnginePort {
    fn note<'a>(&'a self, key: &'a str, value: Value) -> BoxFuture<'a, Result<(), Failure>> {
        async move {
            self.passes("before note").await;
            let value = self.door.note(value)?;
            let (reply, answer) = oneshot::channel();
            let msg = Msg::Note {
                key: self.key.clone(),
                name: key.to_owned(),
                value,
                reply,
            };
            self.to.send(msg).map_err(|_| gone())?;
            let answer = answer.await.unwrap_or_else(|_| Err(gone()));
            self.passes("after note").await;
            answer
        }
        .boxed()
    }

    fn out(&self, severity: Severity, part: &str, text: Safe) {
        let n = self.made.fetch_add(1, Ordering::Relaxed);
        self.give(
            format!(
                "{}/{}/{n}/{}",
                self.no.0,
                self.key.attempt,
                self.clock.now().0
            )
            .into(),
            severity,
            part,
            None,
            text,
        );
    }

    fn line(&self, nth: u64, severity: Severity, part: &str, text: Safe) {
        self.give(Id::Nth(self.counted(nth)), severity, part, None, text);
    }

    fn part_line(&self, nth: u64, severity: Severity, part: &str, text: Safe) {
        let of_part = self.counted(nth);
        self.give(Id::OfPart { of_part }, severity, part, None, text);
    }

    fn phase_line(&self, nth: u64, severity: Severity, phase: &str, mark: PhaseMark, text: Safe) {
        let run = self.key.attempt;
        let told = Some(InPhase { run, mark });
        self.give(Id::Nth(self.counted(nth)), severity, phase, told, text);
    }

    fn reached(&self) -> BoxFuture<'_, Option<u64>> {
        let (lines, stack, giver) = (
            Arc::clone(&self.lines),
            self.stack.clone(),
            Giver::step(self.no, self.key.step.as_str()),
        );
        let attempt = u64::from(self.key.attempt);
        async move {
            let reached = tokio::task::spawn_blocking(move || lines.reached(&stack, &giver))
                .await
                .ok()
                .flatten()?;
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
                .map_err(|why| {
                    Failure::new("the files of this deployment cannot be read")
                        .detail(why.to_string())
                        .retry(Retry::Contact)
                })?
                .ok_or_else(|| {
                    Failure::new(format!("the store has no files {}", digest.short()))
                        .hint("deploy from the estate again")
                })?;
            let bundle: SourceBundle = serde_json::from_slice(&bytes).map_err(|why| {
                Failure::new(format!("the files {} cannot be read", digest.short()))
                    .detail(why.to_string())
            })?;
            let bundle = bundles::unpack(self.store.as_ref(), bundle)
                .await
                .map_err(|why| kept(&why, "the files of this deployment cannot be read"))?;
            if bundle.digest() == digest {
                Ok(bundle)
            } else {
                Err(Failure::new(format!(
                    "the files {} are not what was recorded",
                    digest.short()
                ))
                .hint("the store is damaged: `holdpoint doctor`"))
            }
        }
        .boxed()
    }

    fn put<'a>(
        &'a self,
        content: Content,
        what: &'a str,
    ) -> BoxFuture<'a, Result<Artifact, Failure>> {
        async move {
            let put = self.store.put(content, what, self.clock.now()).await;
            put.map_err(|why| kept(&why, &format!("{what} cannot be kept")))
        }
        .boxed()
    }

    fn get<'a>(&'a self, artifact: &'a Artifact) -> BoxFuture<'a, Result<Content, Failure>> {
        async move {
            let content = self.store.get(artifact.digest).await;
            content
                .map_err(|why| kept(&why, &format!("{} cannot be read", artifact.what)))?
                .ok_or_else(|| {
                    Failure::new(format!(
                        "{} ({}) is not kept any more",
                        artifact.what,
                        artifact.digest.short()
                    ))
                    .hint("deploy again: the step that makes it is carried out anew")
                })
        }
        .boxed()
    }

    fn secret<'a>(&'a self, reference: &'a SecretRef) -> BoxFuture<'a, Result<Secret, Failure>> {
        async move {
            let secret = secrets::read(reference).await?;
            self.door.knows(&secret);
            Ok(secret)
        }
        .boxed()
    }

    fn secrets(&self, references: Vec<SecretRef>) -> BoxFuture<'_, Result<Vec<Secret>, Failure>> {
        async move {
            let all = secrets::read_all(&references).await.into_iter();
            let all: Vec<Secret> = all.collect::<Result<_, _>>()?;
            for secret in &all {
                self.door.knows(secret);
            }
            Ok(all)
        }
        .boxed()
    }

    fn covers(&self, secret: &Secret) {
        self.door.knows(secret);
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
