//! The world between the tasks of the server: one lock, the time of the beat, the journal. Time only comes in from outside.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::call::Call;
use super::journal::Journal;
use super::world::{Outcome, World};
use crate::domain::time::Time;

/// A handle on the world; clones are the same world.
#[derive(Debug, Clone)]
pub struct Shared {
    inner: Arc<Mutex<Inner>>,
    beat: watch::Receiver<Time>,
    last_call: Arc<AtomicI64>,
}

#[derive(Debug)]
struct Inner {
    world: World,
    journal: Option<Journal>,
}

impl Shared {
    /// Puts a world behind a lock.
    #[must_use]
    pub fn new(world: World, journal: Option<Journal>, beat: watch::Receiver<Time>) -> Self {
        let last_call = Arc::new(AtomicI64::new(beat.borrow().0));
        Self { inner: Arc::new(Mutex::new(Inner { world, journal })), beat, last_call }
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

    /// Answers a call. What it changed is on the disk before the answer leaves; this waits for the disk.
    pub fn call(&self, call: &Call) -> Outcome {
        let now = self.now();
        self.last_call.store(now.0, Ordering::Relaxed);
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let Inner { world, journal } = &mut *inner;
        let outcome = world.call(now, call);
        if outcome.changed
            && let Some(journal) = journal
            && let Err(error) = journal.add(world, call)
        {
            tracing::error!(%error, "the embedded cloud cannot write its journal; what follows is lost when it ends");
        }
        outcome
    }

    /// As `call`, off the async threads, since it waits for the disk.
    pub async fn call_soon(&self, call: Call) -> Outcome {
        let shared = self.clone();
        let again = call.clone();
        match tokio::task::spawn_blocking(move || shared.call(&again)).await {
            Ok(outcome) => outcome,
            Err(_) => self.call(&call),
        }
    }

    /// Lets everything happen that is due.
    pub fn advance(&self) {
        let now = self.now();
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).world.advance(now);
    }

    /// Reads the world as it is now.
    pub fn look<T>(&self, read: impl FnOnce(&World) -> T) -> T {
        let now = self.now();
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.world.advance(now);
        read(&inner.world)
    }

    /// Waits until the beat has gone on that far, or stopped.
    pub async fn pause(&self, pause: Duration) {
        let until = self.now() + pause;
        let mut beat = self.beat.clone();
        let _ = beat.wait_for(|now| *now >= until).await;
    }

    /// Waits for the next beat; false when there will be none.
    pub async fn next_beat(&mut self) -> bool {
        self.beat.changed().await.is_ok()
    }
}
