//! The store as a test double: the same contract, in memory, and not too kind. It refuses what the others refuse, keeps the same
//! text, and fails on request. A copy is the same store: an engine that "restarts" gets a copy.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _, ready};
use tokio::sync::watch;

use super::lease::Leases;
use super::record::{self, FIRST, Record, number};
use super::{Answered, By, Content, Ear, EngineId, Lease, NO_END, Preview, Ring, Scope, Store, StoreError, Swept, Taken, bundles, gather};
use crate::domain::artifact::Artifact;
use crate::domain::ask::{AskState, InboxAsk, Waiting};
use crate::domain::deployment::DeploymentEvent;
use crate::domain::digest::Digest;
use crate::domain::event::{Append, Event, Stored, StreamId};
use crate::domain::folds::Folds;
use crate::domain::ids::{AskId, DeploymentId, DeploymentNo, StackId};
use crate::domain::person::Person;
use crate::domain::sighting::{Sighting, SightingKey};
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
}

/// What a call meets instead of being carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It fails and changes nothing.
    Before(StoreError),
    /// It is carried out, but the caller is told that it failed: the answer was lost.
    After(StoreError),
}

#[derive(Debug, Default)]
struct Kept {
    leases: Leases,
    records: Vec<Record>,
    last_no: u64,
    heads: BTreeMap<String, (u64, String)>,
    asks: Vec<Asked>,
    previews: Vec<(AskId, String)>,
    sightings: BTreeMap<SightingKey, (Sighting, u64)>,
    mark: u64,
    interest: BTreeMap<String, (BTreeSet<String>, Time)>,
    blobs: BTreeMap<Digest, Vec<u8>>,
    contents: BTreeMap<Digest, (Vec<u8>, Time)>,
    calls: u64,
    faults: BTreeMap<u64, Fault>,
}

#[derive(Debug)]
struct Asked {
    id: AskId,
    ask: String,
    state: AskState,
    at: Time,
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
        Self { clock, kept: Arc::default(), inbox: Arc::new(watch::Sender::new(0)), log: Arc::new(watch::Sender::new(0)) }
    }

    /// The same store for an engine that was elected: nobody who was at work before may write any more.
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
        kept.leases.take(EngineId(uuid::Uuid::nil()), &[Scope::All], Time(0), NO_END).leases
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

    /// All events as their kept texts, oldest first: for tests that compare whole logs.
    #[must_use]
    pub fn transcript(&self) -> Vec<String> {
        self.kept().records.iter().map(|record| format!("{} {} {}", record.stream, record.version, record.payload)).collect()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        locked(&self.kept)
    }

    fn call<'a, T: Send + 'a>(&self, work: impl FnOnce(&mut Kept) -> Result<T, StoreError>) -> Answered<'a, T> {
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

impl Kept {
    fn version(&self, stream: &StreamId) -> u64 {
        self.heads.get(&stream.to_string()).map_or(0, |head| head.0)
    }

    fn append(&mut self, append: &Append, by: &By, answer: Option<(AskId, AskState)>) -> Result<Vec<Stored>, StoreError> {
        if !self.leases.allow(&by.under, answer.as_ref().map(|(id, _)| *id)) {
            return Err(StoreError::Fenced);
        }
        if let Some((id, _)) = &answer {
            self.unanswered(*id)?;
        }
        let named = append.writes.iter().map(|write| (&write.stream, write.expected));
        for (stream, expected) in named.chain(append.reads.iter().map(|(stream, version)| (stream, *version))) {
            let found = self.version(stream);
            if found != expected {
                return Err(StoreError::Conflict { stream: stream.clone(), expected, found });
            }
        }
        let mut fresh = Vec::new();
        let mut heads = self.heads.clone();
        let mut last_no = self.last_no;
        for write in &append.writes {
            for event in &write.events {
                let mut record = Record::new(&write.stream, event, by)?;
                let head = heads.entry(record.stream.clone()).or_insert_with(|| (0, FIRST.to_owned()));
                last_no = last_no.max(number(event).unwrap_or(0));
                record.follow((self.records.len() + fresh.len() + 1) as u64, head.0, &head.1);
                *head = (record.version, record.hash.clone());
                fresh.push(record);
            }
        }
        let stored = fresh.iter().map(Record::read).collect::<Result<_, _>>()?;
        self.heads = heads;
        self.last_no = last_no;
        self.records.extend(fresh);
        self.blobs.extend(append.blobs.iter().cloned());
        if let Some((id, state)) = answer {
            self.answer(id, state);
        }
        Ok(stored)
    }

    /// All deployments, with their numbers and stacks.
    fn created(&self) -> Result<Vec<(DeploymentNo, StackId, DeploymentId)>, StoreError> {
        let mut found = Vec::new();
        for record in self.records.iter().filter(|record| record.tag == "created") {
            let stored = record.read()?;
            if let (StreamId::Deployment(id), Ok(Event::Deployment(event))) = (&stored.stream, &stored.event)
                && let DeploymentEvent::Created { request } = &**event
            {
                found.push((request.no, request.stack.clone(), *id));
            }
        }
        Ok(found)
    }

    fn unanswered(&self, id: AskId) -> Result<(), StoreError> {
        match self.asks.iter().find(|asked| asked.id == id).map(|asked| &asked.state) {
            Some(AskState::Asked) => Ok(()),
            Some(AskState::Answered { .. }) => Err(StoreError::Duplicate),
            None => Err(StoreError::Corrupt(format!("ask {id} is not in the inbox"))),
        }
    }

    fn answer(&mut self, id: AskId, state: AskState) {
        if let Some(asked) = self.asks.iter_mut().find(|asked| asked.id == id) {
            asked.state = state;
        }
    }
}

struct Heard {
    bell: watch::Receiver<u64>,
    // Held, so that a wait ends by a ring alone and not because the store is gone.
    _rope: Arc<watch::Sender<u64>>,
}

impl Ear for Heard {
    fn heard(&mut self) -> BoxFuture<'_, ()> {
        self.bell.changed().map(|_| ()).boxed()
    }
}

impl Store for Memory {
    fn id(&self) -> String {
        "00c0ffee".to_owned()
    }

    fn listen(&self, ring: Ring) -> Result<Box<dyn Ear>, StoreError> {
        let bell = match ring {
            Ring::Inbox => &self.inbox,
            Ring::Log => &self.log,
        };
        Ok(Box::new(Heard { bell: bell.subscribe(), _rope: Arc::clone(bell) }))
    }

    fn take<'a>(&'a self, engine: EngineId, scopes: &'a [Scope], length: Duration) -> Answered<'a, Taken> {
        let now = self.clock.now();
        self.call(|kept| Ok(kept.leases.take(engine, scopes, now, length)))
    }

    fn extend<'a>(&'a self, leases: &'a [Lease], length: Duration) -> Answered<'a, Vec<Lease>> {
        let now = self.clock.now();
        self.call(|kept| Ok(kept.leases.extend(leases, now, length)))
    }

    fn give_back<'a>(&'a self, leases: &'a [Lease]) -> Answered<'a, ()> {
        self.call(|kept| {
            kept.leases.give_back(leases);
            Ok(())
        })
    }

    fn append<'a>(&'a self, append: &'a Append, by: &'a By, answer: Option<(AskId, AskState)>) -> Answered<'a, Vec<Stored>> {
        let result = self.call(|kept| kept.append(append, by, answer));
        self.ring(Ring::Log);
        result
    }

    fn numbers(&self, how_many: usize) -> Answered<'_, Vec<DeploymentNo>> {
        self.call(|kept| {
            let first = kept.last_no + 1;
            kept.last_no += how_many as u64;
            Ok((first..=kept.last_no).map(DeploymentNo).collect())
        })
    }

    fn folds(&self, others: usize) -> Answered<'_, Folds> {
        self.call(|kept| {
            let mut folds = Folds::default();
            for record in &kept.records {
                folds.apply(&record.read()?);
            }
            gather::trim(&mut folds, others);
            Ok(folds)
        })
    }

    fn since(&self, seq: u64, limit: usize) -> Answered<'_, Vec<Stored>> {
        self.call(|kept| kept.records.iter().filter(|record| record.seq > seq).take(limit).map(Record::read).collect())
    }

    fn newest(&self, seq: u64, limit: usize) -> Answered<'_, Vec<Stored>> {
        let below = |record: &&Record| seq == 0 || record.seq <= seq;
        self.call(|kept| kept.records.iter().rev().filter(below).take(limit).map(Record::read).collect())
    }

    fn stream<'a>(&'a self, stream: &'a StreamId) -> Answered<'a, Vec<Stored>> {
        let name = stream.to_string();
        self.call(|kept| kept.records.iter().filter(|record| record.stream == name).map(Record::read).collect())
    }

    fn deployments_of<'a>(&'a self, stack: &'a StackId, limit: usize) -> Answered<'a, Vec<DeploymentId>> {
        self.call(|kept| {
            let mut found: Vec<_> = kept.created()?.into_iter().filter(|(_, of, _)| of == stack).collect();
            found.sort_unstable_by(|a, b| b.cmp(a));
            Ok(found.into_iter().take(limit).map(|(.., id)| id).collect())
        })
    }

    fn numbered(&self, no: DeploymentNo) -> Answered<'_, Option<DeploymentId>> {
        self.call(|kept| Ok(kept.created()?.into_iter().find(|(of, ..)| *of == no).map(|(.., id)| id)))
    }

    fn submit<'a>(&'a self, ask: &'a InboxAsk, at: Time) -> Answered<'a, ()> {
        let result = self.call(|kept| {
            if kept.asks.iter().all(|asked| asked.id != ask.id) {
                kept.asks.push(Asked { id: ask.id, ask: record::text(ask)?, state: AskState::Asked, at });
            }
            Ok(())
        });
        self.ring(Ring::Inbox);
        result
    }

    fn asks(&self) -> Answered<'_, Vec<Waiting>> {
        let waits = |asked: &Asked| {
            let ask = record::value(&asked.ask, "an ask")?;
            Ok(Waiting { ask, writer: Person::Owner("ana".into()), state: asked.state.clone(), at: asked.at })
        };
        self.call(move |kept| kept.asks.iter().filter(|asked| !matches!(asked.state, AskState::Answered { .. })).map(waits).collect())
    }

    fn ask(&self, id: AskId) -> Answered<'_, Option<AskState>> {
        self.call(|kept| Ok(kept.asks.iter().find(|asked| asked.id == id).map(|asked| asked.state.clone())))
    }

    fn keep_preview<'a>(&'a self, id: AskId, preview: &'a Preview, drop_before: Time) -> Answered<'a, ()> {
        self.call(|kept| {
            let mut all: Vec<(AskId, String)> = Vec::new();
            for (other, text) in kept.previews.drain(..) {
                let old: Preview = record::value(&text, "a preview")?;
                if other != id && old.card.made_at >= drop_before {
                    all.push((other, text));
                }
            }
            all.push((id, record::text(preview)?));
            kept.previews = all;
            Ok(())
        })
    }

    fn preview(&self, subject: Digest) -> Answered<'_, Option<Preview>> {
        self.call(|kept| {
            let mut newest: Option<Preview> = None;
            for (_, text) in &kept.previews {
                let one: Preview = record::value(text, "a preview")?;
                if one.card.subject == subject && newest.as_ref().is_none_or(|other| other.card.made_at <= one.card.made_at) {
                    newest = Some(one);
                }
            }
            Ok(newest)
        })
    }

    fn put_sightings<'a>(&'a self, sightings: &'a [(SightingKey, Sighting)]) -> Answered<'a, ()> {
        let result = self.call(|kept| {
            for (key, sighting) in sightings {
                kept.mark += 1;
                kept.sightings.insert(key.clone(), (sighting.clone(), kept.mark));
            }
            Ok(())
        });
        self.ring(Ring::Log);
        result
    }

    fn sightings(&self, after: u64) -> Answered<'_, (Vec<(SightingKey, Sighting)>, u64)> {
        self.call(|kept| {
            let newer = kept.sightings.iter().filter(|(_, (_, mark))| *mark > after);
            Ok((newer.map(|(key, (sighting, _))| (key.clone(), sighting.clone())).collect(), kept.mark.max(after)))
        })
    }

    fn put_interest<'a>(&'a self, console: &'a str, subjects: &'a [String], until: Time) -> Answered<'a, ()> {
        let result = self.call(|kept| {
            kept.interest.insert(console.to_owned(), (subjects.iter().cloned().collect(), until));
            Ok(())
        });
        self.ring(Ring::Inbox);
        result
    }

    fn interests(&self, now: Time) -> Answered<'_, Vec<String>> {
        self.call(|kept| {
            let live = kept.interest.values().filter(|(_, until)| *until > now);
            Ok(live.flat_map(|(subjects, _)| subjects.iter().cloned()).collect::<BTreeSet<_>>().into_iter().collect())
        })
    }

    fn put<'a>(&'a self, mut content: Content, what: &'a str, at: Time) -> Answered<'a, Artifact> {
        self.call(|kept| {
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes).map_err(|why| StoreError::Unavailable(why.to_string()))?;
            let artifact = Artifact { digest: Digest::of_bytes(&bytes), length: bytes.len() as u64, what: what.to_owned() };
            kept.contents.insert(artifact.digest, (bytes, at));
            Ok(artifact)
        })
    }

    fn get(&self, digest: Digest) -> Answered<'_, Option<Content>> {
        self.call(|kept| Ok(kept.contents.get(&digest).map(|(bytes, _)| Box::new(Cursor::new(bytes.clone())) as Content)))
    }

    fn sweep<'a>(&'a self, named: &'a BTreeSet<Digest>, before: Time) -> Answered<'a, Swept> {
        self.call(|kept| {
            let mut named = named.clone();
            kept.asks
                .iter()
                .filter(|asked| !matches!(asked.state, AskState::Answered { .. }))
                .for_each(|asked| bundles::named(asked.ask.as_bytes(), &mut named));
            kept.blobs.values().for_each(|bundle| bundles::named(bundle, &mut named));
            let mut swept = Swept::default();
            kept.contents.retain(|digest, (bytes, at)| {
                let goes = *at < before && !named.contains(digest);
                if goes {
                    swept = Swept { removed: swept.removed + 1, freed: swept.freed + bytes.len() as u64 };
                }
                !goes
            });
            Ok(swept)
        })
    }

    fn blob(&self, digest: Digest) -> Answered<'_, Option<Vec<u8>>> {
        self.call(|kept| Ok(kept.blobs.get(&digest).cloned()))
    }

    fn snapshot<'a>(&'a self, _folds: &'a Folds) -> Answered<'a, ()> {
        // Nothing to keep: folding from zero is what the others are compared with.
        self.call(|_| Ok(()))
    }
}
