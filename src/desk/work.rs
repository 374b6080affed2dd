//! The desk's thread: when the store, the spool and the engine are looked at, and what commands ask
//! of it.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::pending;
use tokio::sync::mpsc;

use crate::domain::aside::AsideRead;
use crate::domain::ask::InboxAsk;
use crate::domain::event::Stored;
use crate::domain::folds::Folds;
use crate::domain::gap::Gap;
use crate::domain::ids::AskId;
use crate::domain::instance::Instances;
use crate::domain::sighting::{Sighting, SightingKey};
use crate::domain::time::Time;
use crate::os::bell::Listener;
use crate::os::lock::Lock;
use crate::os::mutex::locked;
use crate::store::{Ear, Store};
use crate::text::safe::Safe;
use crate::world::{DiskFull, EngineState, World};

use super::aside::Written;
use super::history::{numbered, old_deployments};
use super::newer::Newest;
use super::parts::Parts;
use super::shared::{Command, Shared};
use super::watch::Watch;

/// How often the engine's lock is looked at: that wakes nobody else.
const ROUND: Duration = Duration::from_secs(5);
/// How often the store and the spool are read although no bell rang. A ring is lost only when the
/// engine dies between a commit and its ring, and another engine than before is a reason to look at
/// once.
const NET: Duration = Duration::from_secs(15);
/// How often while an engine or the store is being waited for.
const SOON: Duration = Duration::from_millis(100);
/// How long an ask is tried to be sent while the store cannot be written.
pub(super) const SENDING: Duration = Duration::from_secs(10);

pub(super) struct Worker {
    pub(super) parts: Parts,
    pub(super) shared: Arc<Shared>,
    pub(super) store: Option<Arc<dyn Store>>,
    pub(super) ear: Option<Box<dyn Ear>>,
    pub(super) spool_ear: Option<Listener>,
    pub(super) folds: Folds,
    /// How many streams the store had given up when these were taken.
    pub(super) given_up: u64,
    pub(super) sightings: std::collections::BTreeMap<SightingKey, Sighting>,
    pub(super) mark: u64,
    pub(super) recent: VecDeque<Arc<Stored>>,
    pub(super) catalog: Arc<crate::domain::estate::Catalog>,
    /// The instances that stand in it.
    pub(super) instances: Instances,
    pub(super) engine: EngineState,
    pub(super) watch: Watch,
    pub(super) trouble: Option<String>,
    pub(super) doubt: Option<Safe>,
    pub(super) disk_full: Option<DiskFull>,
    pub(super) gap: Option<Gap>,
    pub(super) aside: AsideRead,
    /// The file from which that was read, as it was then.
    pub(super) aside_written: Written,
    pub(super) newer: Newest,
    pub(super) loaded: bool,
    pub(super) applied: bool,
    pub(super) watching: Option<Lock>,
    pub(super) open_asks: BTreeSet<AskId>,
    pub(super) unsent: Vec<(InboxAsk, Time)>,
    /// When the store is read although no bell rang.
    pub(super) net: Time,
    /// What was said to be on the screen, and when.
    pub(super) said: (Vec<String>, Time),
}

pub(super) async fn work(parts: Parts, shared: Arc<Shared>, mut commands: mpsc::Receiver<Command>) {
    let mut worker = Worker {
        catalog: Arc::new(parts.catalog.clone()),
        instances: Instances::new(),
        parts,
        shared,
        store: None,
        ear: None,
        spool_ear: None,
        folds: Folds::default(),
        given_up: 0,
        sightings: std::collections::BTreeMap::new(),
        mark: 0,
        recent: VecDeque::new(),
        engine: EngineState::Unknown,
        watch: Watch::default(),
        trouble: None,
        doubt: None,
        disk_full: None,
        gap: None,
        aside: AsideRead::default(),
        aside_written: None,
        newer: Newest::default(),
        loaded: false,
        applied: false,
        watching: None,
        open_asks: BTreeSet::new(),
        unsent: Vec::new(),
        net: Time::default(),
        said: (Vec::new(), Time::default()),
    };
    let clock = Arc::clone(&worker.parts.clock);
    let mut next = clock.now();
    loop {
        if clock.now() >= next {
            worker.round().await;
            next = clock.now() + if worker.in_a_hurry() { SOON } else { ROUND };
        }
        tokio::select! {
            command = commands.recv() => match command {
                Some(command) => worker.obey(command).await,
                None => break,
            },
            () = hear(&mut worker.ear) => worker.follow().await,
            () = hear_spool(&mut worker.spool_ear) => worker.read_tails().await,
            Some(found) = worker.newer.heard() => worker.found_newer(found),
            () = clock.sleep_until(next) => {}
        }
    }
    worker.send_all(true).await;
    locked(&worker.shared.watched).clear();
    worker.say_what_is_shown().await;
}

async fn hear(ear: &mut Option<Box<dyn Ear>>) {
    match ear {
        Some(ear) => ear.heard().await,
        None => pending().await,
    }
}

async fn hear_spool(ear: &mut Option<Listener>) {
    match ear {
        Some(listener) => {
            if listener.heard().await.is_err() {
                // The round of every 5 s reads on.
                pending::<()>().await;
            }
        }
        None => pending().await,
    }
}

impl Worker {
    pub(super) fn now(&self) -> Time {
        self.parts.clock.now()
    }

    /// True while something that is missing is expected to come at once.
    fn in_a_hurry(&self) -> bool {
        let starting = matches!(
            self.engine,
            EngineState::Starting | EngineState::Draining { .. }
        );
        starting
            || (self.store.is_none() && !matches!(self.engine, EngineState::None(_)))
            || !self.unsent.is_empty()
    }

    /// Looks at everything once.
    async fn round(&mut self) {
        if let Some(home) = &self.parts.home
            && self.watching.is_none()
        {
            // The engine tries this lock for a moment; then the next round takes it.
            self.watching = Lock::shared(&home.watch_lock()).ok().flatten();
        }
        let before = self.engine.clone();
        // First, so that the first world that is shown says how engine and disk are.
        self.see_to_the_engine();
        self.see_to_what_is_aside();
        if self.store.is_none() {
            self.open().await;
        }
        self.say_what_is_shown().await;
        self.send_all(false).await;
        let now = self.now();
        if now >= self.net {
            self.doubt().await;
        }
        if self.engine != before || now >= self.net || !self.applied || !self.open_asks.is_empty() {
            self.net = now + NET;
            self.follow().await;
            self.send_all(false).await;
            self.read_tails().await;
        }
    }

    pub(super) fn trouble(&mut self, why: Option<String>) {
        if self.trouble != why {
            self.trouble = why;
            self.publish();
        }
    }

    pub(super) fn publish(&mut self) {
        let world = World {
            folds: self.folds.clone(),
            sightings: self.sightings.clone(),
            catalog: Arc::clone(&self.catalog),
            engine: self.engine.clone(),
            you: self.parts.you.clone(),
            recent: Arc::new(self.recent.clone()),
            trouble: self.trouble.clone(),
            doubt: self.doubt.clone(),
            disk_full: self.disk_full.clone(),
            gap: self.gap,
            aside: self.aside.clone(),
            newer: Arc::clone(&self.newer.all),
            loaded: self.loaded,
            at: self.now(),
        };
        *locked(&self.shared.world) = Arc::new(world);
        self.shared.tell();
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Submit(ask) => {
                self.unsent.push((*ask, self.now()));
                self.send_all(false).await;
            }
            Command::Relay(ask, reply) => {
                let _ = reply.send(self.relay(&ask).await);
            }
            Command::Newer(whole) => self.look_for_newer(whole),
            Command::Look => {
                self.say_what_is_shown().await;
                self.read_tails().await;
            }
            Command::Newest(seq, limit, reply) => {
                let answer = match self.reading() {
                    Ok(store) => store
                        .newest(seq, limit)
                        .await
                        .map_err(|why| why.to_string()),
                    Err(why) => Err(why),
                };
                let _ = reply.send(answer);
            }
            Command::History(stack, limit, reply) => {
                let answer = match self.reading() {
                    Ok(store) => match store.deployments_of(&stack, limit).await {
                        Ok(ids) => old_deployments(store.as_ref(), ids).await,
                        Err(why) => Err(why.to_string()),
                    },
                    Err(why) => Err(why),
                };
                let _ = reply.send(answer);
            }
            Command::Keep(content, what, reply) => {
                let answer = match self.reading() {
                    Ok(store) => store
                        .put(content, &what, self.now())
                        .await
                        .map_err(|why| why.to_string()),
                    Err(why) => Err(why),
                };
                let _ = reply.send(answer);
            }
            Command::Numbered(no, reply) => {
                let answer = match (self.folds.by_no(no), self.reading()) {
                    (Some(d), _) => Ok(Some((**d).clone())),
                    (None, Ok(store)) => numbered(store.as_ref(), no).await,
                    (None, Err(why)) => Err(why),
                };
                let _ = reply.send(answer);
            }
        }
    }

    pub(super) fn reading(&self) -> Result<Arc<dyn Store>, String> {
        self.store.clone().ok_or_else(|| {
            self.trouble
                .clone()
                .unwrap_or_else(|| "the store is not open yet".to_owned())
        })
    }
}
