//! What the store in memory holds, and how an append changes it: all or nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::contents::Contents;
use super::fault::Fault;
use crate::domain::ask::AskState;
use crate::domain::deployment::DeploymentEvent;
use crate::domain::digest::Digest;
use crate::domain::event::{Append, Event, Stored, StreamId};
use crate::domain::ids::{AskId, DeploymentId, DeploymentNo, StackId};
use crate::domain::sighting::{Sighting, SightingKey};
use crate::domain::time::Time;
use crate::store::lease::Leases;
use crate::store::record::{FIRST, Record, number};
use crate::store::{By, StoreError};

/// What a store in memory holds.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) leases: Leases,
    pub(super) records: Vec<Record>,
    pub(super) last_no: u64,
    pub(super) heads: BTreeMap<String, (u64, String)>,
    pub(super) asks: Vec<Asked>,
    pub(super) previews: Vec<(AskId, String)>,
    pub(super) sightings: BTreeMap<SightingKey, (Sighting, u64)>,
    pub(super) mark: u64,
    pub(super) interest: BTreeMap<String, (BTreeSet<String>, Time)>,
    pub(super) blobs: BTreeMap<Digest, Vec<u8>>,
    pub(super) contents: Contents,
    /// Streams that a check found to be damaged.
    pub(super) given_up: BTreeSet<StreamId>,
    pub(super) calls: u64,
    pub(super) faults: BTreeMap<u64, Fault>,
}

/// A row of the inbox.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) id: AskId,
    pub(super) ask: String,
    pub(super) state: AskState,
    pub(super) at: Time,
}

impl Kept {
    pub(super) fn version(&self, stream: &StreamId) -> u64 {
        self.heads.get(&stream.to_string()).map_or(0, |head| head.0)
    }

    pub(super) fn append(
        &mut self,
        append: &Append,
        by: &By,
        answer: Option<(AskId, AskState)>,
    ) -> Result<Vec<Stored>, StoreError> {
        if !self
            .leases
            .allow(&by.under, answer.as_ref().map(|(id, _)| *id))
        {
            return Err(StoreError::Fenced);
        }
        if let Some((id, _)) = &answer {
            self.unanswered(*id)?;
        }
        let named = append
            .writes
            .iter()
            .map(|write| (&write.stream, write.expected));
        for (stream, expected) in named.chain(
            append
                .reads
                .iter()
                .map(|(stream, version)| (stream, *version)),
        ) {
            let found = self.version(stream);
            if found != expected {
                return Err(StoreError::Conflict {
                    stream: stream.clone(),
                    expected,
                    found,
                });
            }
        }
        let mut fresh = Vec::new();
        let mut heads = self.heads.clone();
        let mut last_no = self.last_no;
        for write in &append.writes {
            for event in &write.events {
                let mut record = Record::new(&write.stream, event, by)?;
                let head = heads
                    .entry(record.stream.clone())
                    .or_insert_with(|| (0, FIRST.to_owned()));
                last_no = last_no.max(number(event).unwrap_or(0));
                record.follow(
                    (self.records.len() + fresh.len() + 1) as u64,
                    head.0,
                    &head.1,
                );
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
    pub(super) fn created(&self) -> Result<Vec<(DeploymentNo, StackId, DeploymentId)>, StoreError> {
        let mut found = Vec::new();
        for record in self.records.iter().filter(|record| record.tag == "created") {
            let stored = record.read()?;
            if let (StreamId::Deployment(id), Ok(Event::Deployment(event))) =
                (&stored.stream, &stored.event)
                && let DeploymentEvent::Created { request } = &**event
            {
                found.push((request.no, request.stack.clone(), *id));
            }
        }
        Ok(found)
    }

    pub(super) fn unanswered(&self, id: AskId) -> Result<(), StoreError> {
        match self
            .asks
            .iter()
            .find(|asked| asked.id == id)
            .map(|asked| &asked.state)
        {
            Some(AskState::Asked) => Ok(()),
            Some(AskState::Answered { .. }) => Err(StoreError::Duplicate),
            None => Err(StoreError::Corrupt(format!("ask {id} is not in the inbox"))),
        }
    }

    pub(super) fn answer(&mut self, id: AskId, state: AskState) {
        if let Some(asked) = self.asks.iter_mut().find(|asked| asked.id == id) {
            asked.state = state;
        }
    }
}
