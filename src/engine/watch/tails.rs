//! The log groups, the builds and the streams of tasks that are followed now: one task each (of
//! streams one a stack), started and ended by what is watched. A tail goes on where the one before it ended, so that nothing is lost while no engine
//! ran; what lies too far back is said to be missing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::aws::{Clients, Cloud, target};
use crate::domain::failure::Failure;
use crate::domain::ids::StackId;
use crate::domain::line::Line;
use crate::domain::place::Place;
use crate::domain::sighting::{Seen, Sighting, SightingKey};
use crate::domain::tailed::Tailed;
use crate::domain::time::Time;
use crate::observe::codebuild::Builds;
use crate::observe::logs::{Begin, LATE, Out, Tail};
use crate::os::clock::SharedClock;
use crate::store::Store;
use crate::text::safe::Safe;

use super::{Eyes, Lines, Wanted, Watcher};
use crate::engine::looks::{PROOF, prove};

/// How far back a tail begins of a group that nobody followed before.
const HISTORY: Duration = Duration::from_mins(15);
/// How far back a tail goes on where another one ended.
const REACH: Duration = Duration::from_hours(24);
/// How long is waited before a refused group is tried again.
const REFUSED: Duration = Duration::from_mins(1);
/// How often it is told at most how a tail is doing.
const TOLD: Duration = Duration::from_secs(3);
/// How often it is told that a tail is still cut.
const STILL: Duration = Duration::from_secs(15);

/// All tails of an engine.
pub(super) struct Tails {
    store: Arc<dyn Store>,
    clock: SharedClock,
    clients: Arc<Clients>,
    eyes: Arc<dyn Eyes>,
    lines: Arc<dyn Lines>,
    live: BTreeMap<(StackId, String), (Place, JoinHandle<()>)>,
    /// The streams of the tasks of each stack.
    tasks: BTreeMap<StackId, tasks::Followed>,
}

impl Tails {
    pub(super) fn new(watcher: &Watcher) -> Self {
        Self {
            store: watcher.store.clone(),
            clock: watcher.clock.clone(),
            clients: watcher.clients.clone(),
            eyes: watcher.eyes.clone(),
            lines: watcher.lines.clone(),
            live: BTreeMap::new(),
            tasks: BTreeMap::new(),
        }
    }

    /// Follows exactly the groups that are wanted.
    pub(super) fn keep(&mut self, wanted: &BTreeMap<StackId, Wanted>) {
        self.tasks
            .retain(|stack, tasks| wanted.get(stack).is_some_and(|what| tasks.is_for(what)));
        self.live.retain(|(stack, group), (place, task)| {
            let keep = wanted.get(stack).is_some_and(|what| {
                what.logs.contains(group) && what.places.of_kind(target::KIND) == Some(place)
            }) && !task.is_finished();
            if !keep {
                task.abort();
            }
            keep
        });
        for (stack, what) in wanted {
            let Some(place) = what.places.of_kind(target::KIND) else {
                continue;
            };
            for group in &what.logs {
                let key = (stack.clone(), group.clone());
                if !self.live.contains_key(&key) {
                    let task = self.start(stack.clone(), group.clone(), place.clone());
                    self.live.insert(key, (place.clone(), task));
                }
            }
        }
    }

    fn start(&self, stack: StackId, group: String, place: Place) -> JoinHandle<()> {
        let (sighted, sightings) = watch::channel(None);
        let one = One {
            key: (format!("stack/{stack}"), format!("tail/{group}")),
            place,
            eyes: self.eyes.clone(),
            store: self.store.clone(),
            clock: self.clock.clone(),
            lines: self.lines.clone(),
            out: Arc::new(ToEngine {
                lines: self.lines.clone(),
                sighted,
            }),
            stack,
            group,
        };
        let clients = self.clients.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = one.tell(sightings) => {}
                () = one.follow(&clients) => {}
            }
        })
    }
}

impl Drop for Tails {
    fn drop(&mut self) {
        for (_, task) in self.live.values() {
            task.abort();
        }
    }
}

mod tasks;

/// One group, or the builds of one project.
struct One {
    stack: StackId,
    group: String,
    key: SightingKey,
    place: Place,
    store: Arc<dyn Store>,
    clock: SharedClock,
    eyes: Arc<dyn Eyes>,
    lines: Arc<dyn Lines>,
    out: Arc<ToEngine>,
}

impl One {
    /// Follows the group, where this is the account that it should be.
    async fn follow(&self, clients: &Clients) {
        loop {
            let cloud = match prove(
                self.eyes.as_ref(),
                &self.stack.env,
                Some(&self.place),
                PROOF,
            )
            .await
            {
                Ok(()) => clients.at(&self.place).await,
                Err(failure) => Err(failure),
            };
            let ended = match cloud {
                Ok(cloud) => self.once(cloud).await,
                Err(failure) => Err(failure),
            };
            if let Err(failure) = ended {
                tracing::warn!("{} is not followed: {}", self.group, failure.summary);
                self.out.told(self.cut(&failure).await);
            }
            self.clock.sleep(REFUSED).await;
        }
    }

    async fn once(&self, cloud: Arc<Cloud>) -> Result<(), Failure> {
        let (lines, stack, group) = (self.lines.clone(), self.stack.clone(), self.group.clone());
        let kept = tokio::task::spawn_blocking(move || lines.kept(&stack, &group, LATE))
            .await
            .unwrap_or_default();
        let begin = begin(kept, self.through().await, self.clock.now());
        let (cloud, clock) = (Arc::new(cloud.watching()), self.clock.clone());
        let (stack, out) = (self.stack.clone(), self.out.clone());
        match Tailed::of(&self.group) {
            Tailed::Group(group) => {
                let tail = Tail::new(cloud, clock, stack, group.to_owned(), begin, out);
                tail.follow().await
            }
            Tailed::Builds(project) => {
                let builds = Builds::new(cloud, clock, stack, project.to_owned(), begin, out);
                builds.follow().await
            }
        }
    }

    /// Up to where the group was followed here, as was told last, also by an engine before.
    async fn through(&self) -> Option<Time> {
        let (all, _) = self.store.sightings(0).await.ok()?;
        let (_, told) = all.into_iter().find(|(key, _)| *key == self.key)?;
        through(&told).filter(|_| told.place.as_ref() == Some(&self.place))
    }

    /// What is told of a group that cannot be followed at all.
    async fn cut(&self, failure: &Failure) -> Sighting {
        let now = self.clock.now();
        let lag = self
            .through()
            .await
            .map_or(Duration::ZERO, |through| now.since(through));
        let value = Seen::Tail {
            live: false,
            dropped: 0,
            sampled: false,
            lag_ms: millis(lag),
        };
        Sighting {
            value,
            taken_at: now,
            place: None,
            stale: Some(Safe::new(&failure.summary)),
        }
    }

    /// Writes how the tail is doing, at most every few seconds.
    async fn tell(&self, mut sightings: watch::Receiver<Option<Sighting>>) {
        let mut cut = false;
        loop {
            tokio::select! {
                changed = sightings.changed() => if changed.is_err() { return },
                () = self.clock.sleep(STILL), if cut => {}
            }
            let told = sightings.borrow_and_update().clone();
            if let Some(told) = told {
                cut = matches!(told.value, Seen::Tail { live: false, .. });
                let told = Sighting {
                    place: Some(self.place.clone()),
                    ..still(told, self.clock.now())
                };
                let _ = self.store.put_sightings(&[(self.key.clone(), told)]).await;
            }
            self.clock.sleep(TOLD).await;
        }
    }
}

/// Where a tail begins: where lines that are kept, or the tail before, came to; with what may come
/// late after that.
fn begin(kept: Vec<(String, Time)>, through: Option<Time>, now: Time) -> Begin {
    let Some(last) = kept.iter().map(|(_, at)| *at).max().max(through) else {
        return Begin::fresh(now - HISTORY);
    };
    // A clock that was wrong must not make us wait for what is yet to come.
    let last = last.min(now);
    if now.since(last) > REACH {
        return Begin {
            missing: Some(last),
            ..Begin::fresh(now - REACH)
        };
    }
    Begin {
        since: last - LATE,
        through: last,
        given: kept,
        missing: None,
    }
}

fn through(told: &Sighting) -> Option<Time> {
    match told.value {
        Seen::Tail { lag_ms, .. } => Some(told.taken_at - Duration::from_millis(lag_ms)),
        Seen::Nothing
        | Seen::Thing { .. }
        | Seen::Serve { .. }
        | Seen::Proof { .. }
        | Seen::Pace { .. }
        | Seen::Reply { .. } => None,
    }
}

/// The same, said again: a tail that is cut falls behind all the time. One that is not is as old as
/// when it was told.
fn still(mut told: Sighting, now: Time) -> Sighting {
    if let Seen::Tail {
        live: false,
        lag_ms,
        ..
    } = &mut told.value
    {
        *lag_ms = lag_ms.saturating_add(millis(now.since(told.taken_at)));
        told.taken_at = now;
    }
    told
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

struct ToEngine {
    lines: Arc<dyn Lines>,
    sighted: watch::Sender<Option<Sighting>>,
}

impl Out for ToEngine {
    fn lines(&self, lines: Vec<Line>) {
        self.lines.take(lines);
    }

    fn told(&self, state: Sighting) {
        self.sighted.send_replace(Some(state));
    }
}

#[cfg(test)]
mod tests;
