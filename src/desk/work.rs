//! The desk's thread: opens the store, follows the log, the sightings and the spool, sends asks and
//! sees to the engine.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::pending;
use tokio::sync::mpsc;

use crate::domain::ask::{AskState, InboxAsk};
use crate::domain::event::Stored;
use crate::domain::folds::Folds;
use crate::domain::ids::{AskId, StackId};
use crate::domain::interest::Interest;
use crate::domain::sighting::{Sighting, SightingKey};
use crate::domain::time::Time;
use crate::os::bell::Listener;
use crate::os::lock::Lock;
use crate::os::mutex::locked;
use crate::store::{Ear, Ring, Store, StoreError};
use crate::world::{DiskFull, EngineState, World};

use super::engine::Watch;
use super::live::{Command, Parts, Shared};
use super::read::{numbered, old_deployments};

/// How often the engine's lock is looked at: that wakes nobody else.
const ROUND: Duration = Duration::from_secs(5);
/// How often the store and the spool are read although no bell rang. A ring is lost only when the
/// engine dies between a commit and its ring, and another engine than before is a reason to look at
/// once.
const NET: Duration = Duration::from_secs(15);
/// How often while an engine or the store is being waited for.
const SOON: Duration = Duration::from_millis(100);
/// How long the engine believes that something is on a screen.
const SHOWN: Duration = Duration::from_secs(30);
/// How often that is said again.
const SHOWN_AGAIN: Duration = Duration::from_secs(20);
/// At most so many stacks are looked at beside those on the screen.
const FAR: usize = 200;
/// The newest deployments that are loaded beside the unfinished ones.
const OTHERS: usize = 50;
/// The newest events that the world keeps.
const RECENT: usize = 500;
/// Events in one read.
const PAGE: usize = 1_000;
/// How long an ask is tried to be sent while the store cannot be written.
pub(super) const SENDING: Duration = Duration::from_secs(10);

pub(super) struct Worker {
    pub(super) parts: Parts,
    pub(super) shared: Arc<Shared>,
    pub(super) store: Option<Arc<dyn Store>>,
    pub(super) ear: Option<Box<dyn Ear>>,
    pub(super) spool_ear: Option<Listener>,
    pub(super) folds: Folds,
    pub(super) sightings: std::collections::BTreeMap<SightingKey, Sighting>,
    pub(super) mark: u64,
    pub(super) recent: VecDeque<Arc<Stored>>,
    pub(super) catalog: Arc<crate::domain::estate::Catalog>,
    pub(super) engine: EngineState,
    pub(super) watch: Watch,
    pub(super) trouble: Option<String>,
    pub(super) disk_full: Option<DiskFull>,
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
        parts,
        shared,
        store: None,
        ear: None,
        spool_ear: None,
        folds: Folds::default(),
        sightings: std::collections::BTreeMap::new(),
        mark: 0,
        recent: VecDeque::new(),
        engine: EngineState::Unknown,
        watch: Watch::default(),
        trouble: None,
        disk_full: None,
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
        if self.store.is_none() {
            self.open().await;
        }
        self.say_what_is_shown().await;
        self.send_all(false).await;
        let now = self.now();
        if self.engine != before || now >= self.net || !self.applied || !self.open_asks.is_empty() {
            self.net = now + NET;
            self.follow().await;
            self.send_all(false).await;
            self.read_tails().await;
        }
    }

    async fn open(&mut self) {
        let opened = (self.parts.open)().await;
        let store = match opened {
            Ok(store) => store,
            Err(why) => return self.trouble(Some(why)),
        };
        let loaded = async {
            // The ear first: what is written from here on rings.
            let ear = store.listen(Ring::Log)?;
            let folds = store.folds(OTHERS).await?;
            let mut recent: VecDeque<Arc<Stored>> = store
                .newest(0, RECENT)
                .await?
                .into_iter()
                .map(Arc::new)
                .collect();
            recent.make_contiguous().reverse();
            Ok::<_, StoreError>((ear, folds, recent))
        };
        match loaded.await {
            Ok((ear, folds, recent)) => {
                self.recent = recent;
                // What was committed between the two reads is taken by `follow`, which passes over
                // what it has.
                self.recent.retain(|stored| stored.seq <= folds.seq);
                self.trouble = self
                    .read_sightings(&store)
                    .await
                    .err()
                    .map(|why| why.to_string());
                (self.ear, self.folds, self.store) = (Some(ear), folds, Some(store));
                self.loaded = true;
                self.publish();
            }
            Err(why) => self.trouble(Some(why.to_string())),
        }
    }

    fn trouble(&mut self, why: Option<String>) {
        if self.trouble != why {
            self.trouble = why;
            self.publish();
        }
    }

    /// Takes what is new in the store: events, sightings, answers.
    async fn follow(&mut self) {
        let Some(store) = self.store.clone() else {
            return;
        };
        let mut news = false;
        loop {
            match store.since(self.folds.seq, PAGE).await {
                Ok(events) => {
                    let full = events.len() == PAGE;
                    for stored in events {
                        news = true;
                        self.folds.apply(&stored);
                        self.recent.push_back(Arc::new(stored));
                    }
                    if !full {
                        break;
                    }
                }
                Err(why) => return self.trouble(Some(why.to_string())),
            }
        }
        let extra = self.recent.len().saturating_sub(RECENT);
        self.recent.drain(..extra);
        if self.folds.deployments.len() > 8 * OTHERS
            && let Ok(fresh) = store.folds(OTHERS).await
        {
            // What a long-lived console has gathered is let go of.
            self.folds
                .deployments
                .retain(|id, d| !d.is_over() || fresh.deployments.contains_key(id));
        }
        let (sightings, answers) = (
            self.read_sightings(&store).await,
            self.read_answers(&store).await,
        );
        news |= matches!(sightings, Ok(true));
        let answered = matches!(answers, Ok(true));
        let trouble = sightings.and(answers).err().map(|why| why.to_string());
        if news || self.trouble != trouble {
            self.trouble = trouble;
            self.publish();
        } else if answered {
            self.shared.tell();
        }
        self.record_new_environments();
    }

    async fn read_sightings(&mut self, store: &Arc<dyn Store>) -> Result<bool, StoreError> {
        let (fresh, mark) = store.sightings(self.mark).await?;
        self.mark = mark;
        let any = !fresh.is_empty();
        self.sightings.extend(fresh);
        Ok(any)
    }

    /// Reads the answers that are still to come; one that cannot be read keeps no other one back.
    async fn read_answers(&mut self, store: &Arc<dyn Store>) -> Result<bool, StoreError> {
        let mut read = Ok(false);
        for id in self.open_asks.clone() {
            match store.ask(id).await {
                Ok(Some(state)) => {
                    if matches!(state, AskState::Answered { .. }) {
                        self.open_asks.remove(&id);
                    }
                    let new = locked(&self.shared.states).insert(id, state.clone()) != Some(state);
                    read = read.map(|any| any | new);
                }
                Ok(None) => {}
                Err(why) => read = Err(why),
            }
        }
        read
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
            disk_full: self.disk_full.clone(),
            loaded: self.loaded,
            at: self.now(),
        };
        *locked(&self.shared.world) = Arc::new(world);
        self.shared.tell();
    }

    async fn say_what_is_shown(&mut self) {
        let Some(store) = &self.store else { return };
        let watched = locked(&self.shared.watched).clone();
        let spec = |id: &StackId| {
            self.catalog
                .stacks
                .get(id)
                .and_then(|entry| entry.spec.as_ref().ok())
        };
        let far = self
            .catalog
            .stacks
            .keys()
            .filter(|id| self.parts.overview && !watched.contains(id))
            .take(FAR);
        let subjects: Vec<String> = watched
            .iter()
            .enumerate()
            .map(|(place, id)| {
                let mut interest = Interest::of(id, spec(id));
                if place > 0 && !locked(&self.shared.tails).names(id) {
                    // Log groups are followed of the stack that the screen is about, and of what is
                    // tailed by name; of the others only their state is shown.
                    interest.logs.clear();
                }
                interest.to_string()
            })
            .chain(far.map(|id| Interest::of(id, spec(id)).from_afar().to_string()))
            .collect();
        let now = self.now();
        let (said, at) = &self.said;
        if *said == subjects && (subjects.is_empty() || now.since(*at) < SHOWN_AGAIN) {
            return;
        }
        let console = format!("{}-{}", self.parts.via, crate::os::owner::pid());
        // Not said now is said in the next round.
        if store
            .put_interest(&console, &subjects, now + SHOWN)
            .await
            .is_ok()
        {
            self.said = (subjects, now);
        }
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Submit(ask) => {
                self.unsent.push((*ask, self.now()));
                self.send_all(false).await;
            }
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
