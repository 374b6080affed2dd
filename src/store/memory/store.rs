//! The contract of stores, kept in memory.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::record::{self, Record};
use super::super::{
    Answered, By, Content, Ear, EngineId, Lease, Preview, Ring, Scope, Store, StoreError, Swept,
    Taken, bundles, gather,
};
use super::Memory;
use super::heard::Heard;
use super::kept::Asked;
use crate::domain::artifact::Artifact;
use crate::domain::ask::{AskState, InboxAsk, Waiting};
use crate::domain::digest::Digest;
use crate::domain::event::{Append, Stored, StreamId};
use crate::domain::folds::Folds;
use crate::domain::gap::Gap;
use crate::domain::ids::{AskId, DeploymentId, DeploymentNo, StackId};
use crate::domain::person::Person;
use crate::domain::sighting::{Sighting, SightingKey};
use crate::domain::time::Time;
use crate::os::mutex::locked;

impl Store for Memory {
    fn id(&self) -> String {
        "00c0ffee".to_owned()
    }

    fn gap(&self) -> Option<Gap> {
        *locked(&self.gap)
    }

    fn close_gap(&self) -> Answered<'_, ()> {
        *locked(&self.gap) = None;
        self.call(|_| Ok(()))
    }

    fn doubt(&self) -> Answered<'_, Option<String>> {
        self.call(|_| Ok(None))
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

    fn holds<'a>(&'a self, leases: &'a [Lease]) -> Answered<'a, bool> {
        self.call(|kept| Ok(leases.iter().all(|lease| kept.leases.holds(lease))))
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

    fn given_up(&self) -> Answered<'_, u64> {
        self.call(|kept| Ok(kept.given_up.len() as u64))
    }

    fn folds(&self, others: usize) -> Answered<'_, Folds> {
        self.call(|kept| {
            let broken = kept.given_up.iter().cloned();
            let mut folds = Folds {
                broken: broken.map(|of| (of, "it is damaged".to_owned())).collect(),
                ..Folds::default()
            };
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
