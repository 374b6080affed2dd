//! The log groups that are followed now: one task each, started and ended by what is watched.

use std::collections::BTreeMap;
use std::sync::Arc;

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::aws::Clients;
use crate::domain::environment::AwsTarget;
use crate::domain::ids::StackId;
use crate::domain::line::Line;
use crate::domain::sighting::{Seen, Sighting, SightingKey};
use crate::observe::logs::{Out, Tail};
use crate::os::clock::SharedClock;
use crate::store::Store;

use super::Lines;
use super::watch::{Wanted, Watcher};

/// How far back a tail begins.
const HISTORY: Duration = Duration::from_mins(15);
/// How long is waited before a refused group is tried again.
const REFUSED: Duration = Duration::from_mins(1);
/// How often it is told how a tail is doing.
const TOLD: Duration = Duration::from_secs(3);

/// All tails of an engine.
pub(super) struct Tails {
    store: Arc<dyn Store>,
    clock: SharedClock,
    clients: Arc<Clients>,
    lines: Arc<dyn Lines>,
    live: BTreeMap<(StackId, String), JoinHandle<()>>,
}

impl Tails {
    pub(super) fn new(watcher: &Watcher) -> Self {
        Self {
            store: watcher.store.clone(),
            clock: watcher.clock.clone(),
            clients: watcher.clients.clone(),
            lines: watcher.lines.clone(),
            live: BTreeMap::new(),
        }
    }

    /// Follows exactly the groups that are wanted.
    pub(super) fn keep(&mut self, wanted: &BTreeMap<StackId, Wanted>) {
        self.live.retain(|(stack, group), task| {
            let keep = wanted.get(stack).is_some_and(|what| what.logs.contains(group)) && !task.is_finished();
            if !keep {
                task.abort();
            }
            keep
        });
        for (stack, what) in wanted {
            let Some(aws) = &what.aws else { continue };
            for group in &what.logs {
                let key = (stack.clone(), group.clone());
                if !self.live.contains_key(&key) {
                    let task = self.follow(stack.clone(), group.clone(), aws.clone());
                    self.live.insert(key, task);
                }
            }
        }
    }
}

impl Drop for Tails {
    fn drop(&mut self) {
        for task in self.live.values() {
            task.abort();
        }
    }
}

impl Tails {
    fn follow(&self, stack: StackId, group: String, aws: AwsTarget) -> JoinHandle<()> {
        let (clock, clients) = (self.clock.clone(), self.clients.clone());
        let (sighted, sightings) = watch::channel(None::<Seen>);
        let out: Arc<dyn Out> = Arc::new(ToEngine { lines: self.lines.clone(), sighted });
        let store = self.store.clone();
        tokio::spawn(async move {
            let key = (format!("stack/{stack}"), format!("tail/{group}"));
            let keeping = keep(store, clock.clone(), key, sightings);
            let following = async {
                loop {
                    if let Ok(cloud) = clients.of(&aws).await {
                        let since = clock.now() - HISTORY;
                        let tail = Tail::new(cloud, clock.clone(), stack.clone(), group.clone(), since, Arc::clone(&out));
                        if let Err(failure) = tail.follow().await {
                            tracing::warn!("{group} is not followed: {}", failure.summary);
                        }
                    }
                    clock.sleep(REFUSED).await;
                }
            };
            tokio::select! {
                () = keeping => {}
                () = following => {}
            }
        })
    }
}

/// Writes how the tail is doing, at most every few seconds.
async fn keep(store: Arc<dyn Store>, clock: SharedClock, key: SightingKey, mut sightings: watch::Receiver<Option<Seen>>) {
    while sightings.changed().await.is_ok() {
        let seen = sightings.borrow_and_update().clone();
        if let Some(value) = seen {
            let _ = store.put_sightings(&[(key.clone(), Sighting { value, taken_at: clock.now(), stale: None })]).await;
        }
        clock.sleep(TOLD).await;
    }
}

struct ToEngine {
    lines: Arc<dyn Lines>,
    sighted: watch::Sender<Option<Seen>>,
}

impl Out for ToEngine {
    fn lines(&self, lines: Vec<Line>) {
        self.lines.take(lines);
    }

    fn told(&self, state: Seen) {
        self.sighted.send_replace(Some(state));
    }
}
