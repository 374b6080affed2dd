//! The store as a test double: the same contract, in memory, and not too kind. It refuses what the
//! others refuse, keeps the same text, and fails on request. A copy is the same store: an engine
//! that "restarts" gets a copy.

mod contents;
mod fault;
mod heard;
mod kept;

pub use fault::Fault;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::future::{FutureExt as _, ready};
use tokio::sync::watch;

use self::heard::Heard;
use self::kept::{Asked, Kept};
use super::record::{self, Record};
use super::{
    Answered, By, Content, Ear, EngineId, Lease, NO_END, Preview, Ring, Scope, Store, StoreError,
    Swept, Taken, bundles, gather,
};
use crate::domain::artifact::Artifact;
use crate::domain::ask::{AskState, InboxAsk, Waiting};
use crate::domain::digest::Digest;
use crate::domain::event::{Append, Stored, StreamId};
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
        }
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

impl Store for Memory {
    fn id(&self) -> String {
        "00c0ffee".to_owned()
    }

    fn listen(&self, ring: Ring) -> Result<Box<dyn Ear>, StoreError> {
        let bell = match ring {
            Ring::Inbox => &self.inbox,
            Ring::Log => &self.log,
        };
        Ok(Box::new(Heard::at(bell)))
    }

    fn take<'a>(
        &'a self,
        engine: EngineId,
        scopes: &'a [Scope],
        length: Duration,
    ) -> Answered<'a, Taken> {
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

    fn append<'a>(
        &'a self,
        append: &'a Append,
        by: &'a By,
        answer: Option<(AskId, AskState)>,
    ) -> Answered<'a, Vec<Stored>> {
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
        self.call(|kept| {
            kept.records
                .iter()
                .filter(|record| record.seq > seq)
                .take(limit)
                .map(Record::read)
                .collect()
        })
    }

    fn newest(&self, seq: u64, limit: usize) -> Answered<'_, Vec<Stored>> {
        let below = |record: &&Record| seq == 0 || record.seq <= seq;
        self.call(|kept| {
            kept.records
                .iter()
                .rev()
                .filter(below)
                .take(limit)
                .map(Record::read)
                .collect()
        })
    }

    fn stream<'a>(&'a self, stream: &'a StreamId) -> Answered<'a, Vec<Stored>> {
        let name = stream.to_string();
        self.call(|kept| {
            kept.records
                .iter()
                .filter(|record| record.stream == name)
                .map(Record::read)
                .collect()
        })
    }

    fn deployments_of<'a>(
        &'a self,
        stack: &'a StackId,
        limit: usize,
    ) -> Answered<'a, Vec<DeploymentId>> {
        self.call(|kept| {
            let mut found: Vec<_> = kept
                .created()?
                .into_iter()
                .filter(|(_, of, _)| of == stack)
                .collect();
            found.sort_unstable_by(|a, b| b.cmp(a));
            Ok(found.into_iter().take(limit).map(|(.., id)| id).collect())
        })
    }

    fn numbered(&self, no: DeploymentNo) -> Answered<'_, Option<DeploymentId>> {
        self.call(|kept| {
            Ok(kept
                .created()?
                .into_iter()
                .find(|(of, ..)| *of == no)
                .map(|(.., id)| id))
        })
    }

    fn submit<'a>(&'a self, ask: &'a InboxAsk, at: Time) -> Answered<'a, ()> {
        let result = self.call(|kept| {
            if kept.asks.iter().all(|asked| asked.id != ask.id) {
                kept.asks.push(Asked {
                    id: ask.id,
                    ask: record::text(ask)?,
                    state: AskState::Asked,
                    at,
                });
            }
            Ok(())
        });
        self.ring(Ring::Inbox);
        result
    }

    fn asks(&self) -> Answered<'_, Vec<Waiting>> {
        let waits = |asked: &Asked| {
            let ask = record::value(&asked.ask, "an ask")?;
            Ok(Waiting {
                ask,
                writer: Person::Owner("ana".into()),
                state: asked.state.clone(),
                at: asked.at,
            })
        };
        self.call(move |kept| {
            kept.asks
                .iter()
                .filter(|asked| !matches!(asked.state, AskState::Answered { .. }))
                .map(waits)
                .collect()
        })
    }

    fn ask(&self, id: AskId) -> Answered<'_, Option<AskState>> {
        self.call(|kept| {
            Ok(kept
                .asks
                .iter()
                .find(|asked| asked.id == id)
                .map(|asked| asked.state.clone()))
        })
    }

    fn keep_preview<'a>(
        &'a self,
        id: AskId,
        preview: &'a Preview,
        drop_before: Time,
    ) -> Answered<'a, ()> {
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
                if one.card.subject == subject
                    && newest
                        .as_ref()
                        .is_none_or(|other| other.card.made_at <= one.card.made_at)
                {
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
                kept.sightings
                    .insert(key.clone(), (sighting.clone(), kept.mark));
            }
            Ok(())
        });
        self.ring(Ring::Log);
        result
    }

    fn sightings(&self, after: u64) -> Answered<'_, (Vec<(SightingKey, Sighting)>, u64)> {
        self.call(|kept| {
            let newer = kept.sightings.iter().filter(|(_, (_, mark))| *mark > after);
            Ok((
                newer
                    .map(|(key, (sighting, _))| (key.clone(), sighting.clone()))
                    .collect(),
                kept.mark.max(after),
            ))
        })
    }

    fn put_interest<'a>(
        &'a self,
        console: &'a str,
        subjects: &'a [String],
        until: Time,
    ) -> Answered<'a, ()> {
        let result = self.call(|kept| {
            kept.interest.insert(
                console.to_owned(),
                (subjects.iter().cloned().collect(), until),
            );
            Ok(())
        });
        self.ring(Ring::Inbox);
        result
    }

    fn interests(&self, now: Time) -> Answered<'_, Vec<String>> {
        self.call(|kept| {
            let live = kept.interest.values().filter(|(_, until)| *until > now);
            Ok(live
                .flat_map(|(subjects, _)| subjects.iter().cloned())
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect())
        })
    }

    fn put<'a>(&'a self, content: Content, what: &'a str, at: Time) -> Answered<'a, Artifact> {
        self.call(|kept| kept.contents.put(content, what, at))
    }

    fn get(&self, digest: Digest) -> Answered<'_, Option<Content>> {
        self.call(|kept| Ok(kept.contents.get(digest)))
    }

    fn sweep<'a>(&'a self, named: &'a BTreeSet<Digest>, before: Time) -> Answered<'a, Swept> {
        self.call(|kept| {
            let mut named = named.clone();
            for asked in kept
                .asks
                .iter()
                .filter(|asked| !matches!(asked.state, AskState::Answered { .. }))
            {
                bundles::named(asked.ask.as_bytes(), &mut named);
            }
            kept.blobs
                .values()
                .for_each(|bundle| bundles::named(bundle, &mut named));
            Ok(kept.contents.sweep(&named, before))
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
