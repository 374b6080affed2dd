//! The hands on the embedded cloud: every step kind to its end, cut off at its call, cancelled; the
//! ledger shows one effect each. What becomes of them when their engine dies is told in `crashes`.

mod bitbucket;
mod checks;
mod cloudformation;
pub(crate) mod codebuild;
mod contents;
mod kept;
mod large;
mod peers;
mod process;
mod site;
mod source;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use holdpoint::aws::{AwsTarget, Clients};
use holdpoint::domain::artifact::Artifact;
use holdpoint::domain::digest::Digest;
use holdpoint::domain::failure::{Failure, Retry};
use holdpoint::domain::ids::{DeploymentId, DeploymentNo, StepId};
use holdpoint::domain::line::Severity;
use holdpoint::domain::masks::Secret;
use holdpoint::domain::place::Place;
use holdpoint::domain::plan::Output;
use holdpoint::domain::request::{SourceBundle, SourceFile};
use holdpoint::domain::secret_ref::SecretRef;
use holdpoint::domain::time::Time;
use holdpoint::exec::{Content, Executor, Found, Job, Port, executors};
use holdpoint::hosts::Hosts;
use holdpoint::os::clock::{Clock, Real, SharedClock};
use holdpoint::sandbox::{self, Options, Running};
use holdpoint::text::safe::Safe;
use serde_json::Value;
use tokio::sync::watch;

/// The time of the embedded cloud: whoever sleeps moves it on.
#[derive(Clone)]
pub(crate) struct Pace(pub(crate) Arc<Running>);

impl Clock for Pace {
    fn now(&self) -> Time {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let cloud = Arc::clone(&self.0);
        async move {
            cloud.tick(duration);
            tokio::task::yield_now().await;
        }
        .boxed()
    }

    fn sleep_until(&self, time: Time) -> BoxFuture<'static, ()> {
        self.sleep(time.since(self.now()))
    }
}

/// The engine's side of a job.
pub(crate) struct Bench {
    pace: SharedClock,
    pub(crate) lines: Mutex<Vec<String>>,
    notes: Mutex<BTreeMap<String, Value>>,
    bundle: SourceBundle,
    /// Content that is kept beside the store.
    content: Vec<u8>,
    cancel: watch::Sender<bool>,
    /// Cancel once this line was given out.
    cancel_on: Option<&'static str>,
}

impl Port for Bench {
    fn note<'a>(&'a self, key: &'a str, value: Value) -> BoxFuture<'a, Result<(), Failure>> {
        self.notes.lock().unwrap().insert(key.to_owned(), value);
        async { Ok(()) }.boxed()
    }

    fn out(&self, _: Severity, _: &str, text: Safe) {
        if self.cancel_on.is_some_and(|on| text.as_str() == on) {
            self.cancel.send_replace(true);
        }
        self.lines.lock().unwrap().push(text.to_string());
    }

    fn line(&self, nth: u64, _: Severity, part: &str, text: Safe) {
        if self.cancel_on.is_some_and(|on| text.as_str() == on) {
            self.cancel.send_replace(true);
        }
        self.lines.lock().unwrap().push(format!(
            "{nth} {part}{}{text}",
            if part.is_empty() { "" } else { ": " }
        ));
    }

    fn reached(&self) -> BoxFuture<'_, Option<u64>> {
        async { None }.boxed()
    }

    fn bundle(&self, _: Digest) -> BoxFuture<'_, Result<SourceBundle, Failure>> {
        async move { Ok(self.bundle.clone()) }.boxed()
    }

    fn put<'a>(&'a self, _: Content, what: &'a str) -> BoxFuture<'a, Result<Artifact, Failure>> {
        async move { Err(Failure::new(format!("nobody keeps {what} here"))) }.boxed()
    }

    fn get<'a>(&'a self, artifact: &'a Artifact) -> BoxFuture<'a, Result<Content, Failure>> {
        async move {
            if artifact.digest != Digest::of_bytes(&self.content) {
                return Err(Failure::new(format!("nobody kept {} here", artifact.what)));
            }
            let content: Content = Box::new(std::io::Cursor::new(self.content.clone()));
            Ok(content)
        }
        .boxed()
    }

    fn secret<'a>(&'a self, reference: &'a SecretRef) -> BoxFuture<'a, Result<Secret, Failure>> {
        holdpoint::secrets::read(reference).boxed()
    }

    fn covers(&self, _: &holdpoint::domain::masks::Secret) {}

    fn cancelled(&self) -> BoxFuture<'_, ()> {
        let mut cancel = self.cancel.subscribe();
        async move {
            let _ = cancel.wait_for(|cancel| *cancel).await;
        }
        .boxed()
    }

    fn is_cancelled(&self) -> bool {
        *self.cancel.borrow()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.pace.sleep(duration)
    }
}

/// A cloud, its clients and the executors.
pub(crate) struct Workshop {
    cloud: Option<Arc<Running>>,
    clock: SharedClock,
    pub(crate) target: AwsTarget,
    pub(crate) clients: Arc<Clients>,
    executors: Vec<Arc<dyn Executor>>,
    pub(crate) bundle: SourceBundle,
    /// The bucket through which large templates travel.
    bucket: Option<&'static str>,
    step: AtomicU32,
    /// The deployment's number: another one each time on clouds that live on.
    no: u64,
}

impl Workshop {
    pub(crate) async fn open() -> Self {
        let cloud = Arc::new(sandbox::serve(Options::default()).await.unwrap());
        let port = cloud.addr.port();
        let clock: SharedClock = Arc::new(Pace(Arc::clone(&cloud)));
        let clients = Clients::new(
            Arc::clone(&clock),
            "tester",
            Arc::new(move || async move { Ok(port) }.boxed()),
        );
        let target = AwsTarget {
            endpoint_url: Some("sandbox".into()),
            region: Some("eu-west-1".into()),
            ..AwsTarget::default()
        };
        Self::with(Some(cloud), clock, clients, target, 41)
    }

    /// Over somebody else's cloud, in real time.
    pub(crate) fn at(endpoint: &str) -> Self {
        let clock = Real::shared();
        let clients = Clients::new(
            Arc::clone(&clock),
            "tester",
            Arc::new(|| async { Err("not asked for".to_owned()) }.boxed()),
        );
        let target = AwsTarget {
            endpoint_url: Some(endpoint.into()),
            region: Some("eu-west-1".into()),
            ..AwsTarget::default()
        };
        let no = clock.now().0.unsigned_abs();
        Self::with(None, clock, clients, target, no)
    }

    fn with(
        cloud: Option<Arc<Running>>,
        clock: SharedClock,
        clients: Arc<Clients>,
        target: AwsTarget,
        no: u64,
    ) -> Self {
        let executors = executors(&clients, &Hosts::of(&clock));
        Self {
            cloud,
            clock,
            target,
            executors,
            clients,
            bundle: SourceBundle::default(),
            bucket: None,
            step: AtomicU32::new(1),
            no,
        }
    }

    /// The embedded cloud, for whoever lives longer.
    pub(crate) fn shared(&self) -> Arc<Running> {
        Arc::clone(self.cloud.as_ref().unwrap())
    }

    /// The embedded cloud.
    pub(crate) fn cloud(&self) -> &Running {
        self.cloud.as_deref().unwrap()
    }

    pub(crate) fn with_file(mut self, path: &str, text: &str) -> Self {
        self.bundle.files.insert(
            path.to_owned(),
            SourceFile {
                bytes: text.into(),
                executable: false,
            },
        );
        self
    }

    pub(crate) fn through(mut self, bucket: &'static str) -> Self {
        self.bucket = Some(bucket);
        self
    }

    /// The place of all jobs.
    pub(crate) fn place(&self) -> Place {
        let place = self.target.place(None);
        place.using("template bucket", self.bucket)
    }

    pub(crate) fn executor(&self, kind: &str) -> Arc<dyn Executor> {
        Arc::clone(
            self.executors
                .iter()
                .find(|executor| executor.kind().as_str() == kind)
                .unwrap_or_else(|| panic!("no {kind}")),
        )
    }

    /// A job of a step of its own.
    pub(crate) fn job(&self, params: Value) -> Job {
        let nth = self.step.fetch_add(1, Ordering::SeqCst);
        Job {
            store: "0a1b2c3d".into(),
            deployment: DeploymentId(uuid::Uuid::from_u128(7)),
            no: DeploymentNo(self.no),
            stack: "dev/orders".parse().unwrap(),
            step: StepId(format!("step-{nth}")),
            attempt: 1,
            limit: Duration::from_hours(1),
            params,
            notes: BTreeMap::new(),
            env: "dev".parse().unwrap(),
            place: Some(self.place()),
            folder: std::path::PathBuf::from("/nowhere"),
            lasting: std::path::PathBuf::from("/nowhere"),
            port: Arc::new(self.bench(None)),
        }
    }

    fn bench(&self, cancel_on: Option<&'static str>) -> Bench {
        Bench {
            pace: Arc::clone(&self.clock),
            lines: Mutex::default(),
            notes: Mutex::default(),
            bundle: self.bundle.clone(),
            content: Vec::new(),
            cancel: watch::Sender::new(false),
            cancel_on,
        }
    }

    /// Runs a step to its end.
    pub(crate) async fn run(&self, kind: &str, params: Value) -> Result<Output, Failure> {
        self.executor(kind).run(self.job(params)).await
    }

    /// Runs a step to its end as an engine does: without contact it is looked for, and run again
    /// with its notes.
    pub(crate) async fn to_its_end(&self, kind: &str, params: Value) -> Result<Output, Failure> {
        let (bench, executor) = (Arc::new(self.bench(None)), self.executor(kind));
        let mut job = Job {
            port: bench.clone(),
            ..self.job(params)
        };
        let mut result = executor.run(job.clone()).await;
        for _ in 0..9 {
            if !result
                .as_ref()
                .is_err_and(|failure| failure.retry == Retry::Contact)
            {
                break;
            }
            job.notes = bench.notes.lock().unwrap().clone();
            result = match executor.find(job.clone()).await {
                Found::NeverStarted | Found::StillRunning => executor.run(job.clone()).await,
                Found::Ended(result) => result,
                Found::CannotTell(failure) => Err(failure),
            };
        }
        result
    }

    /// Runs a step that is cancelled when it says `on`; gives the lines too.
    pub(crate) async fn run_cancelled(
        &self,
        kind: &str,
        params: Value,
        on: &'static str,
    ) -> (Result<Output, Failure>, Vec<String>) {
        let bench = Arc::new(self.bench(Some(on)));
        let mut job = self.job(params);
        job.port = bench.clone();
        let result = self.executor(kind).run(job).await;
        let lines = bench.lines.lock().unwrap().clone();
        (result, lines)
    }

    /// How many calls of an action had an effect.
    pub(crate) fn effects(&self, action: &str) -> usize {
        self.cloud()
            .ledger()
            .iter()
            .filter(|entry| entry.action == action && entry.effect.is_some())
            .count()
    }
}
