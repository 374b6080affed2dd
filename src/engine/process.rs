//! The engine as a process: elected by a lock, woken by the inbox bell, ending when there is no
//! work and nobody looks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};

use crate::aws::Clients;
use crate::domain::gap::{self, Gap};
use crate::domain::time::Time;
use crate::os::clock::SharedClock;
use crate::os::disk::Disk;
use crate::os::files::FileError;
use crate::os::lock::Lock;
use crate::os::mutex::locked;
use crate::os::owner;
use crate::os::paths::Home;
use crate::store::{Ear, Ring, StoreError};

use super::replies::{self, Replier};
use super::watch::Watcher;
use super::{Engine, EngineError, Parts, Signal};

/// What the holder of the engine lock says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Its process id.
    pub pid: u32,
    /// Its program version.
    pub version: String,
    /// Since when the disk of its home is full, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_since: Option<Time>,
    /// A time that nothing confirms, while what became due in it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
}

/// The engine of a store by election. What it says of itself stands in its lock, which needs no
/// room on the disk.
#[derive(Debug)]
pub struct Elected {
    lock: Lock,
    status: Status,
    disk: Arc<Disk>,
}

impl Elected {
    /// The lock that it holds.
    #[must_use]
    pub fn lock(&self) -> &Lock {
        &self.lock
    }

    /// The disk of its home, for those who write there.
    #[must_use]
    pub fn disk(&self) -> &Arc<Disk> {
        &self.disk
    }

    /// What it says of itself.
    #[must_use]
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// Looks at the disk, and says what it found, and whether there is a gap. It is said also where
    /// it is not new: who hears nothing for long knows that the engine is stopped, or stands still.
    pub async fn tell(&mut self, now: Time, gap: Option<Gap>) {
        let disk = self.disk.clone();
        let full_since = tokio::task::spawn_blocking(move || disk.look(now))
            .await
            .unwrap_or(self.status.full_since);
        let is_new = full_since != self.status.full_since;
        (self.status.full_since, self.status.gap) = (full_since, gap);
        match (is_new, full_since) {
            (false, _) => {}
            (true, Some(_)) => tracing::warn!(
                "the disk is full: nothing is recorded; free some space, work goes on by itself"
            ),
            (true, None) => tracing::info!("the disk has room again"),
        }
        if let Err(why) = self.lock.say(&said(&self.status))
            && is_new
        {
            tracing::warn!("what the engine says of itself is old: {why}");
        }
    }

    /// Tells of itself for ever, in turn with its work; `no_room` is set by the engine where its
    /// store was out of room.
    async fn keep_telling(
        &mut self,
        no_room: &AtomicBool,
        gap: &Mutex<Option<Gap>>,
        clock: &SharedClock,
    ) {
        loop {
            if no_room.swap(false, Ordering::Relaxed) {
                self.disk.refused(clock.now());
            }
            let unsure = *locked(gap);
            self.tell(clock.now(), unsure).await;
            clock.sleep(NET).await;
        }
    }
}

fn said(status: &Status) -> String {
    serde_json::to_string(status).unwrap_or_default()
}

/// How long it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stay {
    /// Until there is no work and nobody looks.
    WhileNeeded,
    /// Until it is told to end.
    UntilTold,
}

/// Why it could not work.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// Its files.
    #[error(transparent)]
    File(#[from] FileError),
    /// Its work.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Its store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How often an engine without work asks whether somebody looks.
const LOOK_ROUND: Duration = Duration::from_secs(30);
/// How long an engine that was told to end may take.
const ENDS: Duration = Duration::from_secs(10);
/// How often the inbox is read although no bell rang.
const NET: Duration = Duration::from_secs(5);

/// Takes the engine lock, or says who has it.
///
/// # Errors
/// When the lock file cannot be used.
pub fn elect(home: &Home) -> Result<Result<Elected, String>, FileError> {
    let path = home.engine_lock();
    let Some(lock) = Lock::exclusive(&path)? else {
        return Ok(Err(Lock::said(&path)));
    };
    let status = Status {
        pid: owner::pid(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        full_since: None,
        gap: None,
    };
    lock.say(&said(&status))?;
    Ok(Ok(Elected {
        lock,
        status,
        disk: Arc::new(Disk::of(home.folder())),
    }))
}

/// Passes on every bell of the inbox, and every few seconds the same without one, with what else is
/// due then: however often bells ring.
async fn heed(
    ear: &mut dyn Ear,
    clock: &SharedClock,
    signal: &mpsc::UnboundedSender<Signal>,
    mut round: impl FnMut(),
) {
    let mut due = clock.sleep(NET);
    loop {
        tokio::select! {
            () = ear.heard() => {}
            () = &mut due => {
                due = clock.sleep(NET);
                round();
            }
        }
        let _ = signal.send(Signal::Asks);
    }
}

/// Works as the elected engine of a store until `end` is over, or as `stay` says; answers what is
/// left unfinished.
///
/// # Errors
/// When the store is damaged or does not answer.
pub async fn serve(
    parts: Parts,
    clients: Arc<Clients>,
    home: &Home,
    elected: &mut Elected,
    stay: Stay,
    end: impl Future<Output = ()> + Send,
) -> Result<Vec<String>, ProcessError> {
    let clock = parts.clock.clone();
    let mut ear = parts.store.listen(Ring::Inbox)?;
    let store = parts.store.clone();
    let replier = parts
        .replies
        .clone()
        .map(|by| Replier::new(store.clone(), parts.systems, by));
    let mut engine = Engine::open(parts).await?;
    let watcher = Watcher {
        store: store.clone(),
        clock: clock.clone(),
        clients: clients.clone(),
        eyes: engine.parts.eyes.clone(),
        lines: engine.parts.lines.clone(),
    };
    let (newest, folds) = watch::channel(engine.folds().clone());
    engine.observe(Arc::new(move |folds, _| {
        newest.send_replace(folds.clone());
    }));
    let sweeping = tokio::spawn(super::sweep::run(
        store,
        clock.clone(),
        home.clone(),
        folds.clone(),
        engine.needed(),
    ));
    let replying = replier.map(|one| tokio::spawn(replies::run(one, clock.clone(), folds.clone())));
    let watching = tokio::spawn(watcher.run(folds));
    let (signal, mut signals) = mpsc::unbounded_channel();
    let (needed, no_room, gap) = (engine.needed(), engine.no_room(), engine.gap());
    let result = {
        let mut next_round = clock.now() + LOOK_ROUND;
        let round = || {
            let unsure = *locked(&gap);
            let proven = || clients.apart().is_some_and(|apart| apart < gap::SURE);
            if unsure.is_some_and(|gap| gap.is_made_up(clock.now()) || proven()) {
                let _ = signal.send(Signal::ClockIsRight);
            }
            if stay == Stay::WhileNeeded && clock.now() >= next_round {
                next_round = clock.now() + LOOK_ROUND;
                // A lock that cannot be tried, for want of room perhaps, says nothing: it is tried
                // again.
                let nobody_looks =
                    Lock::exclusive(&home.watch_lock()).is_ok_and(|taken| taken.is_some());
                if nobody_looks && !needed.load(Ordering::Relaxed) {
                    let _ = signal.send(Signal::End);
                }
            }
        };
        let (work, telling, heeding) = (
            engine.run(&mut signals),
            elected.keep_telling(&no_room, &gap, &clock),
            heed(ear.as_mut(), &clock, &signal, round),
        );
        tokio::pin!(work, telling, heeding, end);
        loop {
            tokio::select! {
                result = &mut work => break result,
                () = &mut end => {
                    let _ = signal.send(Signal::End);
                    // Tasks are dropped at their next note; what they started outside is found
                    // again. A store that does not answer must not keep the process: what was not
                    // acknowledged is decided again.
                    break tokio::select! {
                        result = &mut work => result,
                        () = clock.sleep(ENDS) => Ok(()),
                    };
                }
                () = &mut telling => {}
                () = &mut heeding => {}
            }
        }
    };
    watching.abort();
    if let Some(replying) = replying {
        replying.abort();
    }
    sweeping.abort();
    result?;
    Ok(engine.unfinished())
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use futures_util::future::BoxFuture;

    use super::*;
    use crate::os::clock::Stepped;

    /// A bell that rings every second, for so many seconds.
    struct Rings(Stepped, u32);

    impl Ear for Rings {
        fn heard(&mut self) -> BoxFuture<'_, ()> {
            async {
                if self.1 == 0 {
                    std::future::pending::<()>().await;
                }
                self.1 -= 1;
                self.0.advance(Duration::from_secs(1));
                tokio::task::yield_now().await;
            }
            .boxed()
        }
    }

    #[tokio::test]
    async fn what_is_due_every_few_seconds_is_due_under_constant_bells() {
        let clock = Stepped::at(Time(0));
        let (signal, mut signals) = mpsc::unbounded_channel();
        let (mut ear, shared): (_, SharedClock) = (Rings(clock.clone(), 60), Arc::new(clock));
        let mut rounds = 0;
        {
            let heeding = heed(&mut ear, &shared, &signal, || rounds += 1);
            tokio::pin!(heeding);
            for _ in 0..400 {
                assert!(heeding.as_mut().now_or_never().is_none());
            }
        }
        assert!(rounds >= 10, "{rounds} rounds in a minute");
        signals.close();
        let mut passed = 0;
        while signals.try_recv().is_ok() {
            passed += 1;
        }
        assert!(passed >= 60, "every bell is passed on: {passed}");
    }
}
