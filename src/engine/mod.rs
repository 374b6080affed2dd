//! The engine: the writer of events. It takes asks in order, grants what machines want, keeps a
//! task for every running step, and appends what came of it. It holds no state of its own that a
//! restart would miss.

mod around;
mod clerk;
mod commit;
mod contact;
mod door;
mod driver;
mod eyes;
mod leases;
mod looks;
mod msg;
mod parts;
mod port;
pub mod process;
mod recall;
pub mod replies;
mod sweep;
mod tasks;
pub mod watch;

pub use eyes::EyesByKind;
pub use leases::Share;
pub use looks::Eyes;
pub(crate) use msg::Msg;
pub use msg::Signal;
pub use parts::{Failpoint, JobFolder, LastingFolder, Lines, Parts};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::domain::ask::AskState;
use crate::domain::decide::Cancels;
use crate::domain::event::{Append, Stored};
use crate::domain::folds::Folds;
use crate::domain::gap::Gap;
use crate::domain::grant::Attempt;
use crate::domain::ids::{AskId, DeploymentNo, StackId};
use crate::domain::look::Sights;
use crate::domain::place::Places;
use crate::domain::time::Time;
use crate::os::mutex::locked;
use crate::os::random;
use crate::store::{By, EngineId, StoreError};

use commit::{Committed, Promise};
use door::Door;
use leases::Own;
use tasks::Task;

/// Follows what an engine commits.
pub type Observer = Arc<dyn Fn(&Folds, &[Stored]) + Send + Sync>;
/// A decision that is not durable yet: what, by whom, and the ask that it answers.
type Decision = (Append, By, Option<(AskId, AskState)>);

/// Why an engine ended before it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store does not answer, or is damaged.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A failpoint of a test.
    #[error("the engine was killed at {0}")]
    Killed(String),
}

/// How many commits one round has at most: tasks that report without an end must not keep asks
/// waiting.
const ROUNDS: usize = 64;
/// What becomes due within this time keeps an engine alive.
const SOON: Duration = Duration::from_mins(10);

/// An engine at work.
pub struct Engine {
    /// Its eyes and the way of its lines are behind the door.
    pub(crate) parts: Parts,
    door: Door,
    pub(crate) folds: Folds,
    id: EngineId,
    own: Own,
    /// When the inbox is read again without being told.
    ask_again: Option<Time>,
    pending: Vec<Decision>,
    promises: Vec<Promise>,
    live: BTreeMap<Attempt, Task>,
    fresh: BTreeSet<Attempt>,
    looking: BTreeMap<String, AbortHandle>,
    parked: BTreeMap<AskId, Vec<StackId>>,
    previews: Vec<(AskId, crate::store::Preview)>,
    /// Numbers that the store gave and no decision has used.
    numbers: Vec<DeploymentNo>,
    /// A deployment of a part is wanted, and there was no number for it.
    lacks_number: bool,
    to: mpsc::UnboundedSender<Msg>,
    from: mpsc::UnboundedReceiver<Msg>,
    seen: BTreeMap<StackId, (Time, Places, Sights)>,
    draining: bool,
    /// What a cancel can do about steps of each kind.
    cancels: Cancels,
    needed: Arc<AtomicBool>,
    no_room: Arc<AtomicBool>,
    /// A time that nothing confirms.
    gap: Arc<Mutex<Option<Gap>>>,
    /// Committed events, for whoever follows in this process.
    observer: Option<Observer>,
}

impl Engine {
    /// Starts from what the store has.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn open(mut parts: Parts) -> Result<Engine, EngineError> {
        let folds = recall::folds(parts.store.as_ref()).await?;
        let door = Door::default();
        let begun = folds.deployments.values().filter(|d| !d.is_over());
        for request in begun.filter_map(|d| d.request.as_ref()) {
            door.learn(&request.spec).await;
        }
        contact::nobody_waits(parts.store.as_ref()).await;
        (parts.eyes, parts.lines) = (door.eyes(parts.eyes), door.lines(parts.lines));
        let found = parts.store.gap();
        let gap = found.filter(|gap| gap.matters(&folds));
        if let Some(gap) = gap {
            tracing::warn!("{}", gap.says());
        } else if found.is_some() {
            // Nothing was due in it, and nothing ever will be.
            parts.store.close_gap().await?;
        }
        let own = Own::read_to(folds.seq);
        let (to, from) = mpsc::unbounded_channel();
        let cancels = parts
            .executors
            .values()
            .map(|executor| (executor.kind(), executor.cancel()))
            .collect();
        Ok(Self {
            parts,
            door,
            folds,
            id: EngineId(random::id()),
            own,
            ask_again: None,
            pending: Vec::new(),
            promises: Vec::new(),
            live: BTreeMap::new(),
            fresh: BTreeSet::new(),
            looking: BTreeMap::new(),
            parked: BTreeMap::new(),
            previews: Vec::new(),
            numbers: Vec::new(),
            lacks_number: false,
            to,
            from,
            seen: BTreeMap::new(),
            draining: false,
            cancels,
            needed: Arc::new(AtomicBool::new(true)),
            no_room: Arc::default(),
            gap: Arc::new(Mutex::new(gap)),
            observer: None,
        })
    }

    /// Calls `observer` after every commit, with the folds as they are then.
    pub fn observe(&mut self, observer: Observer) {
        self.observer = Some(observer);
    }

    /// The folds.
    #[must_use]
    pub fn folds(&self) -> &Folds {
        &self.folds
    }

    /// True while the engine has work: something runs, is looked at, or becomes due soon. Held and
    /// frozen deployments are none.
    #[must_use]
    pub fn needed(&self) -> Arc<AtomicBool> {
        self.needed.clone()
    }

    /// Set when the store was out of room; whoever tells of it unsets it, and it is set again as
    /// long as that lasts.
    #[must_use]
    pub fn no_room(&self) -> Arc<AtomicBool> {
        self.no_room.clone()
    }

    /// A time that nothing confirms, as long as that is so.
    #[must_use]
    pub fn gap(&self) -> Arc<Mutex<Option<Gap>>> {
        self.gap.clone()
    }

    /// The clock is right. Where the store does not take that, it is confirmed again later.
    async fn close_gap(&self) {
        *locked(&self.gap) = None;
        if let Err(why) = self.parts.store.close_gap().await {
            tracing::warn!("that the clock is right is not kept: {why}");
        }
    }

    fn note_need(&self, wake: Option<Time>) {
        let busy = !(self.live.is_empty() && self.looking.is_empty() && self.parked.is_empty());
        let soon = wake.is_some_and(|at| at.since(self.now()) < SOON);
        self.needed.store(busy || soon, Ordering::Relaxed);
    }

    /// What is unfinished, as sentences.
    #[must_use]
    pub fn unfinished(&self) -> Vec<String> {
        let mut left: Vec<_> = self
            .folds
            .deployments
            .values()
            .filter(|d| !d.is_over() && d.request.is_some())
            .collect();
        left.sort_by_key(|d| d.no());
        left.iter()
            .map(|d| {
                format!(
                    "{} {} {}",
                    d.no(),
                    d.stack().map(ToString::to_string).unwrap_or_default(),
                    d.phase
                )
            })
            .collect()
    }

    /// Works until `signals` says End or closes.
    ///
    /// # Errors
    /// When the store is damaged, taken over or does not answer for long; everything else is a
    /// state of a deployment.
    pub async fn run(
        &mut self,
        signals: &mut mpsc::UnboundedReceiver<Signal>,
    ) -> Result<(), EngineError> {
        let mut asks = true;
        loop {
            let wake = self.step(std::mem::take(&mut asks)).await?;
            if self.draining {
                self.leave_work().await;
                return Ok(());
            }
            // Whatever wakes it and however often: signals, asks and tasks have their turn between
            // any two rounds.
            tokio::task::yield_now().await;
            let clock = self.parts.clock.clone();
            let sleep = async {
                match wake {
                    Some(at) => clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // In this order, so that the same world leads to the same log.
                biased;
                signal = signals.recv() => match signal {
                    Some(Signal::Asks) => asks = true,
                    Some(Signal::ClockIsRight) => self.close_gap().await,
                    Some(Signal::End) | None => {
                        self.leave_work().await;
                        return Ok(());
                    }
                },
                msg = self.from.recv() => {
                    if let Some(msg) = msg {
                        self.receive(msg).await?;
                    }
                }
                () = sleep => {}
            }
        }
    }

    /// One round: messages, asks, wants, commit, until nothing more happens by itself or the store
    /// is in trouble. Answers when to look again.
    ///
    /// # Errors
    /// As [`Engine::run`].
    pub async fn step(&mut self, asks: bool) -> Result<Option<Time>, EngineError> {
        if !self.hold_work().await? {
            return Ok(Some(self.now() + driver::REST));
        }
        if asks || self.ask_again.is_some_and(|at| at <= self.now()) {
            self.is_elected_still().await?;
            self.asks().await?;
        }
        let mut failed = false;
        for _ in 0..ROUNDS {
            while let Ok(msg) = self.from.try_recv() {
                self.receive(msg).await?;
            }
            // What was accepted, and what others left meanwhile, is work.
            if !self.hold_work().await? {
                return Ok(Some(self.now() + driver::REST));
            }
            let mut granted = self.grant()?;
            while self.lacks_number {
                if !self.have_number().await? {
                    return Ok(Some(self.now() + driver::REST));
                }
                granted = self.grant()?;
            }
            let wake = [granted, self.own.wake(), self.ask_again]
                .into_iter()
                .flatten()
                .min();
            match self.commit().await? {
                Committed::Nothing => {
                    self.note_need(wake);
                    return Ok(wake);
                }
                Committed::All => failed = false,
                Committed::Failed if failed => return Ok(Some(self.now() + driver::REST)),
                Committed::Failed => failed = true,
            }
        }
        Ok(Some(self.now()))
    }

    pub(crate) fn now(&self) -> Time {
        self.parts.clock.now()
    }

    pub(crate) fn failpoint(&self, name: &str) -> Result<(), EngineError> {
        match &self.parts.failpoint {
            Some(dies) if dies(name) => Err(EngineError::Killed(name.to_owned())),
            Some(_) | None => Ok(()),
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        for live in self.live.values() {
            live.stop();
        }
        for look in self.looking.values() {
            look.abort();
        }
    }
}

#[cfg(test)]
mod tests;
