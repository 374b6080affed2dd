//! The world between the tasks of the server: one lock, the time of the beat, the journal. Time
//! only comes in from outside.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::SandboxError;
use super::call::Call;
use super::journal::{Journal, Written};
use super::levers;
use super::world::{Outcome, World};
use crate::domain::time::Time;

/// A handle on the world; clones are the same world.
#[derive(Debug, Clone)]
pub struct Shared {
    inner: Arc<Mutex<Inner>>,
    beat: watch::Receiver<Time>,
    last_call: Arc<AtomicI64>,
}

/// When somebody who comes finds something that already moves (the story `arrival`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Welcome {
    /// With the first call, and after a pause.
    FirstCall,
    /// After a pause.
    AfterAPause,
}

/// Nobody called for so long: who calls then has just come.
const PAUSE: Duration = Duration::from_mins(1);

#[derive(Debug)]
struct Inner {
    welcome: Option<Welcome>,
    world: World,
    journal: Option<Journal>,
}

impl Shared {
    /// Puts a world behind a lock.
    #[must_use]
    pub fn new(
        world: World,
        journal: Option<Journal>,
        beat: watch::Receiver<Time>,
        welcome: Option<Welcome>,
    ) -> Self {
        let last_call = Arc::new(AtomicI64::new(beat.borrow().0));
        Self {
            inner: Arc::new(Mutex::new(Inner {
                welcome,
                world,
                journal,
            })),
            beat,
            last_call,
        }
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Time {
        *self.beat.borrow()
    }

    /// When the last call came.
    #[must_use]
    pub fn last_call(&self) -> Time {
        Time(self.last_call.load(Ordering::Relaxed))
    }

    /// Answers a call. What it changed is on the disk before the answer leaves; this waits for the
    /// disk.
    pub fn call(&self, call: &Call) -> Outcome {
        let now = self.now();
        let pause = now.since(self.last_call());
        self.touch();
        let mut lines = Vec::new();
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if !inner.world.is_lever(call)
            && let Some(welcome) = inner.welcome
            && (welcome == Welcome::FirstCall || pause >= PAUSE)
        {
            inner.welcome = Some(Welcome::AfterAPause);
            inner.call(now, &levers::story("arrival"), &mut lines);
        }
        let outcome = inner.call(now, call, &mut lines);
        drop(inner);
        for line in lines {
            told(line.on_disk());
        }
        outcome
    }

    /// Somebody is there.
    pub fn touch(&self) {
        self.last_call.store(self.now().0, Ordering::Relaxed);
    }

    /// As `call`, off the async threads, since it waits for the disk.
    pub async fn call_soon(&self, call: Call) -> Outcome {
        let shared = self.clone();
        let call = Arc::new(call);
        let again = Arc::clone(&call);
        match tokio::task::spawn_blocking(move || shared.call(&again)).await {
            Ok(outcome) => outcome,
            Err(_) => self.call(&call),
        }
    }

    /// Lets everything happen that is due.
    pub fn advance(&self) {
        let now = self.now();
        self.inner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .world
            .advance(now);
    }

    /// Reads the world as it is now.
    pub fn look<T>(&self, read: impl FnOnce(&World) -> T) -> T {
        let now = self.now();
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.world.advance(now);
        read(&inner.world)
    }

    /// Waits until the beat has gone on that far; false when it stopped.
    pub async fn pause(&self, pause: Duration) -> bool {
        let until = self.now() + pause;
        let mut beat = self.beat.clone();
        beat.wait_for(|now| *now >= until).await.is_ok()
    }

    /// Waits for the next beat; false when there will be none.
    pub async fn next_beat(&mut self) -> bool {
        self.beat.changed().await.is_ok()
    }
}

impl Inner {
    /// Answers a call; a line for it that has yet to reach the disk goes to `lines`.
    fn call(&mut self, now: Time, call: &Call, lines: &mut Vec<Written>) -> Outcome {
        let outcome = self.world.call(now, call);
        if outcome.changed
            && let Some(journal) = &mut self.journal
        {
            lines.extend(told(journal.add(&self.world, call)).flatten());
        }
        outcome
    }
}

fn told<T>(written: Result<T, SandboxError>) -> Option<T> {
    written
        .inspect_err(|error| {
            tracing::error!(%error, "the embedded cloud cannot write its journal; what follows is lost when it ends");
        })
        .ok()
}
