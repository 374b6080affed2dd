//! The engine's side of a job, for tests: over an account in this process, on its clock.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::watch;

use super::{Content, Executor, Found, Job, Port, executors};
use crate::aws::double::Account;
use crate::domain::artifact::Artifact;
use crate::domain::digest::Digest;
use crate::domain::failure::Failure;
use crate::domain::ids::{DeploymentId, DeploymentNo, StepId};
use crate::domain::line::Severity;
use crate::domain::masks::Secret;
use crate::domain::plan::Output;
use crate::domain::request::SourceBundle;
use crate::domain::secret_ref::SecretRef;
use crate::os::clock::Clock as _;
use crate::os::mutex::locked;
use crate::text::safe::Safe;

/// What an engine keeps of one attempt.
pub(super) struct Bench {
    account: Account,
    pub(super) lines: Mutex<Vec<String>>,
    /// The lines that their parts counted.
    counted: Mutex<Vec<String>>,
    pub(super) notes: Mutex<BTreeMap<String, Value>>,
    content: Vec<u8>,
    cancel: watch::Sender<bool>,
    /// Cancelled once a line begins so.
    cancel_on: Option<&'static str>,
    folder: tempfile::TempDir,
}

impl Bench {
    pub(super) fn over(account: &Account) -> Self {
        Self {
            account: account.clone(),
            lines: Mutex::default(),
            counted: Mutex::default(),
            notes: Mutex::default(),
            content: Vec::new(),
            cancel: watch::Sender::new(false),
            cancel_on: None,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// With content that is kept.
    pub(super) fn keeping(self, content: Vec<u8>) -> Self {
        Self { content, ..self }
    }

    pub(super) fn cancelled_on(self, line: &'static str) -> Self {
        Self {
            cancel_on: Some(line),
            ..self
        }
    }

    pub(super) fn artifact(&self) -> Artifact {
        Artifact {
            digest: Digest::of_bytes(&self.content),
            length: self.content.len() as u64,
            what: "site.zip".to_owned(),
        }
    }

    /// One attempt, or the same one again, with the notes that there are.
    pub(super) async fn run(
        self: &Arc<Self>,
        kind: &str,
        params: Value,
    ) -> Result<Output, Failure> {
        self.executor(kind).run(self.job(params)).await
    }

    /// What became of it.
    pub(super) async fn find(self: &Arc<Self>, kind: &str, params: Value) -> Found {
        self.executor(kind).find(self.job(params)).await
    }

    pub(super) fn executor(&self, kind: &str) -> Arc<dyn Executor> {
        executors(
            &self.account.clients(),
            &crate::hosts::Hosts::of(&crate::os::clock::Real::shared()),
        )
        .into_iter()
        .find(|executor| executor.kind().as_str() == kind)
        .unwrap()
    }

    pub(super) fn job(self: &Arc<Self>, params: Value) -> Job {
        Job {
            store: "0a1b2c3d".into(),
            deployment: DeploymentId(uuid::Uuid::from_u128(7)),
            no: DeploymentNo(41),
            stack: "dev/shop".parse().unwrap(),
            step: StepId("step".to_owned()),
            attempt: 1,
            limit: Duration::from_hours(1),
            params,
            notes: locked(&self.notes).clone(),
            env: "dev".parse().unwrap(),
            place: Some(Account::target("eu-west-1").place(None)),
            folder: self.folder.path().join("job"),
            lasting: self.folder.path().join("lasting"),
            port: self.clone(),
        }
    }

    /// The lines that their parts counted, each with its number and its part.
    pub(super) fn counted(&self) -> Vec<String> {
        locked(&self.counted).clone()
    }

    /// True where a line has these words.
    pub(super) fn said(&self, words: &str) -> bool {
        locked(&self.lines).iter().any(|line| line.contains(words))
    }
}

/// What every reference leads to.
pub(super) const SECRET: &str = "correct horse battery";

impl Port for Bench {
    fn note<'a>(&'a self, key: &'a str, value: Value) -> BoxFuture<'a, Result<(), Failure>> {
        locked(&self.notes).insert(key.to_owned(), value);
        async { Ok(()) }.boxed()
    }

    fn out(&self, _: Severity, _: &str, text: Safe) {
        if self
            .cancel_on
            .is_some_and(|on| text.as_str().starts_with(on))
        {
            self.cancel.send_replace(true);
        }
        locked(&self.lines).push(text.into_string());
    }

    fn line(&self, _: u64, _: Severity, _: &str, _: Safe) {}

    fn part_line(&self, nth: u64, _: Severity, part: &str, text: Safe) {
        locked(&self.counted).push(format!("{nth} {part}: {text}"));
    }

    fn reached(&self) -> BoxFuture<'_, Option<u64>> {
        async { None }.boxed()
    }

    fn bundle(&self, _: Digest) -> BoxFuture<'_, Result<SourceBundle, Failure>> {
        async { Err(Failure::new("not asked for")) }.boxed()
    }

    fn put<'a>(&'a self, _: Content, _: &'a str) -> BoxFuture<'a, Result<Artifact, Failure>> {
        async { Err(Failure::new("not asked for")) }.boxed()
    }

    fn get<'a>(&'a self, artifact: &'a Artifact) -> BoxFuture<'a, Result<Content, Failure>> {
        async move {
            if artifact.digest != Digest::of_bytes(&self.content) {
                return Err(Failure::new(format!("nobody kept {}", artifact.what)));
            }
            let content: Content = Box::new(std::io::Cursor::new(self.content.clone()));
            Ok(content)
        }
        .boxed()
    }

    fn secret<'a>(&'a self, _: &'a SecretRef) -> BoxFuture<'a, Result<Secret, Failure>> {
        async { Ok(Secret::new(SECRET.to_owned())) }.boxed()
    }

    fn covers(&self, _: &Secret) {}

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
        self.account.clock.sleep(duration)
    }
}
