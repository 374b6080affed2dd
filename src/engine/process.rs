//! The engine as a process: elected by a lock, woken by the inbox bell, ending when there is no work and nobody looks.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};

use crate::aws::Clients;
use crate::os::files::FileError;
use crate::os::lock::Lock;
use crate::os::paths::Home;
use crate::store::{Ring, StoreError};

use super::watch::Watcher;
use super::{Engine, EngineError, Parts, Signal};

/// What the holder of the engine lock says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Its process id.
    pub pid: u32,
    /// Its program version.
    pub version: String,
}

/// How long it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stay {
    /// Until there is no work and nobody looks.
    WhileNeeded,
    /// Until it is told to end.
    UntilTold,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// Another engine has the lock; nothing was done.
    AnotherRuns(String),
    /// It was told to, or nobody needed it; what is unfinished.
    Left(Vec<String>),
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
pub fn elect(home: &Home, status: &Status) -> Result<Result<Lock, String>, FileError> {
    let path = home.engine_lock();
    let Some(lock) = Lock::exclusive(&path)? else { return Ok(Err(Lock::said(&path))) };
    lock.say(&serde_json::to_string(status).unwrap_or_default())?;
    Ok(Ok(lock))
}

/// Works as the engine of a store until `end` is over, or as `stay` says. The caller holds the engine lock.
///
/// # Errors
/// When the store is damaged or does not answer.
pub async fn serve(
    parts: Parts,
    clients: Arc<Clients>,
    home: &Home,
    stay: Stay,
    end: impl Future<Output = ()> + Send,
) -> Result<Ended, ProcessError> {
    let clock = parts.clock.clone();
    let mut ear = parts.store.listen(Ring::Inbox)?;
    let watcher =
        Watcher { store: parts.store.clone(), clock: clock.clone(), clients, eyes: parts.eyes.clone(), lines: parts.lines.clone() };
    let mut engine = Engine::open(parts).await?;
    let (newest, folds) = watch::channel(engine.folds().clone());
    engine.observe(Arc::new(move |folds, _| {
        newest.send_replace(folds.clone());
    }));
    let watching = tokio::spawn(watcher.run(folds));
    let (signal, mut signals) = mpsc::unbounded_channel();
    let needed = engine.needed();
    let result = {
        let work = engine.run(&mut signals);
        tokio::pin!(work, end);
        let mut next_round = clock.now() + LOOK_ROUND;
        loop {
            tokio::select! {
                result = &mut work => break result,
                () = &mut end => {
                    let _ = signal.send(Signal::End);
                    // Tasks are dropped at their next note; what they started outside is found again. A store that does not answer
                    // must not keep the process: what was not acknowledged is decided again.
                    break tokio::select! {
                        result = &mut work => result,
                        () = clock.sleep(ENDS) => Ok(()),
                    };
                }
                () = ear.heard() => { let _ = signal.send(Signal::Asks); }
                () = clock.sleep(NET) => {
                    let _ = signal.send(Signal::Asks);
                    if stay == Stay::WhileNeeded && clock.now() >= next_round {
                        next_round = clock.now() + LOOK_ROUND;
                        let nobody_looks = Lock::exclusive(&home.watch_lock())?.is_some();
                        if nobody_looks && !needed.load(std::sync::atomic::Ordering::Relaxed) {
                            let _ = signal.send(Signal::End);
                        }
                    }
                }
            }
        }
    };
    watching.abort();
    result?;
    Ok(Ended::Left(engine.unfinished()))
}
