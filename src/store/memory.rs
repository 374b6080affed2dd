//! The store as a test double: the same contract, in memory, and not too kind. It refuses what the
//! others refuse, keeps the same text, and fails on request. A copy is the same store: an engine
//! that "restarts" gets a copy.

mod contents;
mod fault;
mod heard;
mod kept;
mod store;

pub use fault::Fault;

use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::future::{FutureExt as _, ready};
use tokio::sync::watch;

use self::kept::Kept;
use super::{Answered, EngineId, Lease, NO_END, Ring, Scope, StoreError};
use crate::domain::event::StreamId;
use crate::domain::gap::Gap;
use crate::domain::time::Time;
use crate::os::clock::{SharedClock, Stepped};
use crate::os::mutex::locked;

/// A store in memory.
#[derive(Clone)]
pub struct Memory {
    clock: SharedClock,
    kept: Arc<Mutex<Kept>>,
    inbox: Arc<watch::Sender<u64>>,
    log: Arc<watch::Sender<u64>>,
    /// Why nothing comes through on this way to the store, while it is cut.
    cut: Arc<Mutex<Option<StoreError>>>,
    gap: Arc<Mutex<Option<Gap>>>,
}

impl Memory {
    /// An empty store, whose time stands still: no lease runs out.
    #[must_use]
    pub fn new() -> Self {
        Self::by(Arc::new(Stepped::at(Time(0))))
    }

    /// An empty store whose leases run out by that clock.
    #[must_use]
    pub fn by(clock: SharedClock) -> Self {
        Self {
            clock,
            kept: Arc::default(),
            inbox: Arc::new(watch::Sender::new(0)),
            log: Arc::new(watch::Sender::new(0)),
            cut: Arc::default(),
            gap: Arc::default(),
        }
    }

    /// The clock went on where nobody could see it.
    pub fn doubt_the_clock(&self, gap: Gap) {
        *locked(&self.gap) = Some(gap);
    }

    /// The same store for an engine that was elected: nobody who was at work before may write any
    /// more.
    #[must_use]
    pub fn elected(&self) -> Self {
        self.kept().leases.end();
        self.clone()
    }

    /// All of it, for tests that write themselves; who was at work before may write no more.
    #[must_use]
    pub fn all(&self) -> Vec<Lease> {
        let mut kept = self.kept();
        kept.leases.end();
        kept.leases
            .take(EngineId(uuid::Uuid::nil()), &[Scope::All], Time(0), NO_END)
            .leases
    }

    /// A check finds that a stream is damaged.
    pub fn give_up(&self, stream: &StreamId) {
        self.kept().given_up.insert(stream.clone());
        self.ring(Ring::Log);
    }

    /// How many calls were made so far.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.kept().calls
    }

    /// Lets the n-th call from now (1 is the next one) meet a fault.
    pub fn fail(&self, nth: u64, fault: Fault) {
        let mut kept = self.kept();
        let at = kept.calls + nth;
        kept.faults.insert(at, fault);
    }

    /// Another way to the same store, which can be cut while the others work.
    #[must_use]
    pub fn by_another_way(&self) -> Self {
        Self {
            cut: Arc::default(),
            ..self.clone()
        }
    }

    /// Cuts this way (every call on it fails), or mends it.
    pub fn cut(&self, why: Option<StoreError>) {
        *locked(&self.cut) = why;
    }

    /// All events as their kept texts, oldest first: for tests that compare whole logs.
    #[must_use]
    pub fn transcript(&self) -> Vec<String> {
        self.kept()
            .records
            .iter()
            .map(|record| format!("{} {} {}", record.stream, record.version, record.payload))
            .collect()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        locked(&self.kept)
    }

    fn call<'a, T: Send + 'a>(
        &self,
        work: impl FnOnce(&mut Kept) -> Result<T, StoreError>,
    ) -> Answered<'a, T> {
        if let Some(why) = locked(&self.cut).clone() {
            return ready(Err(why)).boxed();
        }
        let mut kept = self.kept();
        kept.calls += 1;
        let calls = kept.calls;
        let result = match kept.faults.remove(&calls) {
            None => work(&mut kept),
            Some(Fault::Before(why)) => Err(why),
            Some(Fault::After(why)) => work(&mut kept).and(Err(why)),
        };
        drop(kept);
        ready(result).boxed()
    }

    fn ring(&self, ring: Ring) {
        match ring {
            Ring::Inbox => self.inbox.send_modify(|rung| *rung += 1),
            Ring::Log => self.log.send_modify(|rung| *rung += 1),
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}
