//! Hands: one file a tool. An executor carries out one kind of step, or finds out what became of
//! it; it decides nothing.

pub mod acm;
mod again;
mod archived;
pub mod cloudformation;
pub mod cloudfront;
pub mod codebuild;
#[cfg(test)]
mod double;
pub mod ecs;
pub mod git;
mod job;
pub mod postgres;
pub mod process;
pub mod route53;
pub mod s3;
pub mod source;
pub mod ssm;
pub mod terraform;
mod wait;
pub mod workshop;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::aws::Clients;
use crate::domain::artifact::Artifact;
use crate::domain::digest::Digest;
use crate::domain::failure::Failure;
use crate::domain::ids::{DeploymentId, DeploymentNo, EnvName, StackId, StepId};
use crate::domain::line::{PhaseMark, Severity};
use crate::domain::masks::Secret;
use crate::domain::place::Place;
use crate::domain::plan::{Cancel, Output, StepKind};
use crate::domain::request::SourceBundle;
use crate::domain::secret_ref::SecretRef;
use crate::hosts::Hosts;
use crate::text::safe::Safe;

/// What a job gets from the engine: durable notes, lines out, files, and the wish to stop.
pub trait Port: Send + Sync {
    /// Makes a note durable; the next call outside may be made only after this returned.
    fn note<'a>(&'a self, key: &'a str, value: Value) -> BoxFuture<'a, Result<(), Failure>>;
    /// Gives out a line.
    fn out(&self, severity: Severity, part: &str, text: Safe);
    /// Gives out a line of an attempt that counts its lines, by a number that rises: given again
    /// after a restart, it is still one line. Such an attempt gives no line without a number.
    fn line(&self, nth: u64, severity: Severity, part: &str, text: Safe);
    /// Gives out such a line of a part that counts for itself: lines of several parts come in the
    /// order in which each has them, in whatever order among them.
    fn part_line(&self, nth: u64, severity: Severity, part: &str, text: Safe) {
        self.line(nth, severity, part, text);
    }
    /// Gives out such a line of an attempt that goes through phases: its part is the phase, and it
    /// says whether that begins or ends.
    fn phase_line(&self, nth: u64, severity: Severity, phase: &str, _mark: PhaseMark, text: Safe) {
        self.line(nth, severity, phase, text);
    }
    /// The number of the newest line of this attempt that is kept; none where no line is known to
    /// be.
    fn reached(&self) -> BoxFuture<'_, Option<u64>>;
    /// The files of a bundle.
    fn bundle(&self, digest: Digest) -> BoxFuture<'_, Result<SourceBundle, Failure>>;
    /// Keeps content of any length beside the store.
    fn put<'a>(
        &'a self,
        content: Content,
        what: &'a str,
    ) -> BoxFuture<'a, Result<Artifact, Failure>>;
    /// Content that was kept, to be read where one may block.
    fn get<'a>(&'a self, artifact: &'a Artifact) -> BoxFuture<'a, Result<Content, Failure>>;
    /// Reads a secret. From then on it is covered, by its value, in all that this attempt gives
    /// out, notes or ends with.
    fn secret<'a>(&'a self, reference: &'a SecretRef) -> BoxFuture<'a, Result<Secret, Failure>>;
    /// Reads secrets, in the order of their references, as [`Port::secret`] does.
    fn secrets(&self, references: Vec<SecretRef>) -> BoxFuture<'_, Result<Vec<Secret>, Failure>> {
        async move {
            let mut all = Vec::with_capacity(references.len());
            for reference in &references {
                all.push(self.secret(reference).await?);
            }
            Ok(all)
        }
        .boxed()
    }
    /// Covers a secret that the hand itself read or made, from now on.
    fn covers(&self, secret: &Secret);
    /// Ends when the step is to be cancelled.
    fn cancelled(&self) -> BoxFuture<'_, ()>;
    /// True once the step is to be cancelled.
    fn is_cancelled(&self) -> bool;
    /// Sleeps on the engine's clock.
    fn sleep(&self, duration: std::time::Duration) -> BoxFuture<'_, ()>;
}

/// Content that is read once. Its last read fails where it is not what was kept.
pub type Content = Box<dyn std::io::Read + Send>;

/// One attempt of one step.
#[derive(Clone)]
pub struct Job {
    /// The id of the store: part of names that we make outside.
    pub store: String,
    /// The deployment.
    pub deployment: DeploymentId,
    /// Its number.
    pub no: DeploymentNo,
    /// The stack.
    pub stack: StackId,
    /// The step.
    pub step: StepId,
    /// The attempt, from 1.
    pub attempt: u32,
    /// How long it may take.
    pub limit: Duration,
    /// The parameters with all outputs filled in.
    pub params: Value,
    /// Notes of this attempt so far (after a restart: what the last engine noted).
    pub notes: BTreeMap<String, Value>,
    /// The environment.
    pub env: EnvName,
    /// Where it acts.
    pub place: Option<Place>,
    /// A folder of this attempt's own; made by whoever needs it, mode 0700.
    pub folder: PathBuf,
    /// A folder that lasts from one deployment of its stack to the next, and that all parts of a
    /// whole share; made by whoever needs it, mode 0700.
    pub lasting: PathBuf,
    /// The engine.
    pub port: Arc<dyn Port>,
}

impl Job {
    /// The token of the n-th call of this attempt: the same after a restart, so that the other side
    /// sees one request.
    #[must_use]
    pub fn token(&self, n: u32) -> String {
        let short = Digest::of(
            "holdpoint/token/1",
            &serde_json::json!([self.store, self.deployment, self.step, self.attempt, n]),
        );
        format!("hp-{}-{}", self.store, &short.to_string()[..24])
    }
}

/// What became of an attempt whose engine is gone.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// Nothing was called.
    NeverStarted,
    /// It runs: `run` again with the notes attaches to it.
    StillRunning,
    /// It has ended.
    Ended(Result<Output, Failure>),
    /// Nobody can tell: a person must look.
    CannotTell(Failure),
}

/// Carries out one kind of step.
pub trait Executor: Send + Sync {
    /// Which kind.
    fn kind(&self) -> StepKind;
    /// Checks the parameters when the plan is made.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    fn check(&self, params: &Value) -> Result<(), String>;
    /// Starts the attempt, or attaches to it from the job's notes; ends with the attempt. On a
    /// cancel it stops what it can and ends with a failure that says what it left. It notes what
    /// it is about to do before it changes anything outside: an attempt that noted nothing is
    /// cancelled without waiting for it.
    fn run(&self, job: Job) -> BoxFuture<'_, Result<Output, Failure>>;
    /// Finds out what became of it, without starting anything.
    fn find(&self, job: Job) -> BoxFuture<'_, Found>;
    /// What a cancel can do about an attempt; the card of a cancel says it of each step that runs.
    fn cancel(&self) -> Cancel;
}

/// All executors of this program.
#[must_use]
pub fn executors(clients: &Arc<Clients>, hosts: &Arc<Hosts>) -> Vec<Arc<dyn Executor>> {
    let mut all = cloudformation::executors(clients);
    all.extend(s3::executors(clients));
    all.extend(cloudfront::executors(clients));
    all.extend(acm::executors(clients));
    all.extend(ssm::executors(clients));
    all.extend(route53::executors(clients));
    all.extend(ecs::executors(clients));
    all.extend(postgres::executors(clients));
    all.extend(git::executors(clients));
    all.extend(source::executors(clients, hosts));
    all.extend(codebuild::executors(clients));
    let process = Arc::new(process::Process::new());
    all.extend(terraform::executors(clients, &process));
    all.extend(workshop::executors(clients, &process));
    all.push(process);
    all
}
