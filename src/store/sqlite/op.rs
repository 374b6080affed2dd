//! What can be written to the embedded store, made ready by its callers so that the one writer has
//! little left to do.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::oneshot;

use super::super::record::{self, Record};
use super::super::{By, EngineId, Lease, Scope, StoreError, Taken};
use crate::domain::ask::AskState;
use crate::domain::deployment::DeploymentEvent;
use crate::domain::event::{Append, Event, Stored, StreamId};
use crate::domain::folds::Folds;
use crate::domain::ids::{AskId, DeploymentNo};
use crate::domain::time::Time;

/// Where the outcome of an operation goes.
pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// What can be written.
pub(super) enum Op {
    Take {
        engine: EngineId,
        scopes: Vec<Scope>,
        now: Time,
        length: Duration,
        reply: Reply<Taken>,
    },
    Extend {
        leases: Vec<Lease>,
        now: Time,
        length: Duration,
        reply: Reply<Vec<Lease>>,
    },
    GiveBack {
        leases: Vec<Lease>,
        reply: Reply<()>,
    },
    Append(Box<Appending>, Reply<Vec<Stored>>),
    Numbers(u64, Reply<Vec<DeploymentNo>>),
    Submit {
        id: String,
        ask: String,
        at: Time,
        reply: Reply<()>,
    },
    SetAside {
        id: String,
        state: String,
        reply: Reply<()>,
    },
    KeepPreview {
        id: String,
        subject: String,
        made_at: Time,
        preview: String,
        drop_before: Time,
        reply: Reply<()>,
    },
    PutSightings {
        rows: String,
        reply: Reply<()>,
    },
    PutInterest {
        console: String,
        subjects: String,
        until: Time,
        reply: Reply<()>,
    },
    Snapshot(Box<Folds>, Reply<()>),
    /// What is kept of these streams is given up, or of all; who works on the folds that it had
    /// reads them anew.
    GiveUp {
        streams: BTreeSet<String>,
        all: bool,
        reply: Reply<()>,
    },
    CloseGap(Reply<()>),
    Close(Reply<()>),
}

/// An append, ready to be placed.
pub(super) struct Appending {
    pub under: Vec<Lease>,
    pub answers: Option<AskId>,
    pub records: Vec<Record>,
    pub expected: Vec<(StreamId, u64)>,
    pub blobs: Vec<(String, Vec<u8>)>,
    pub created: Vec<(String, String, u64)>,
    pub answer: Option<(String, String, bool)>,
}

impl Appending {
    pub(super) fn new(
        append: &Append,
        by: &By,
        answer: Option<(AskId, AskState)>,
    ) -> Result<Self, StoreError> {
        let mut records = Vec::new();
        let mut created = Vec::new();
        for write in &append.writes {
            for event in &write.events {
                records.push(Record::new(&write.stream, event, by)?);
                if let (StreamId::Deployment(id), Event::Deployment(event)) = (&write.stream, event)
                    && let DeploymentEvent::Created { request } = &**event
                {
                    created.push((id.to_string(), request.stack.to_string(), request.no.0));
                }
            }
        }
        let written = append
            .writes
            .iter()
            .map(|write| (write.stream.clone(), write.expected));
        let expected = written.chain(append.reads.iter().cloned()).collect();
        let blobs = append
            .blobs
            .iter()
            .map(|(digest, bytes)| (digest.to_string(), bytes.clone()))
            .collect();
        let answers = answer.as_ref().map(|(id, _)| *id);
        let answer = answer
            .map(|(id, state)| Ok((id.to_string(), record::text(&state)?, is_answer(&state))))
            .transpose()?;
        Ok(Self {
            under: by.under.clone(),
            answers,
            records,
            expected,
            blobs,
            created,
            answer,
        })
    }
}

fn is_answer(state: &AskState) -> bool {
    match state {
        AskState::Asked => false,
        AskState::Answered { .. } => true,
    }
}

impl Op {
    /// Whether it must be on the disk before it is acknowledged. What can be seen or said again
    /// need not.
    pub(super) fn durable(&self) -> bool {
        match self {
            Op::Take { .. }
            | Op::Append(..)
            | Op::Numbers(..)
            | Op::Submit { .. }
            | Op::SetAside { .. }
            | Op::GiveUp { .. } => true,
            // That a lease lasts on, or has ended, is lost with the machine, and so is its engine:
            // it ends by itself.
            Op::Extend { .. }
            | Op::GiveBack { .. }
            | Op::KeepPreview { .. }
            | Op::PutSightings { .. }
            | Op::PutInterest { .. }
            | Op::Snapshot(..)
            | Op::CloseGap(..)
            | Op::Close(..) => false,
        }
    }
}

/// What an operation that was carried out gives.
#[derive(Debug)]
pub(super) enum Given {
    Stored(Vec<Stored>),
    Taken(Taken),
    Numbers(Vec<DeploymentNo>),
    Leases(Vec<Lease>),
    Nothing,
}

impl Given {
    /// The last of the numbers that were given; 0 when none were.
    pub(super) fn last_no(&self) -> u64 {
        match self {
            Given::Numbers(numbers) => numbers.last().map_or(0, |no| no.0),
            Given::Stored(_) | Given::Taken(_) | Given::Leases(_) | Given::Nothing => 0,
        }
    }

    fn stored(self) -> Vec<Stored> {
        match self {
            Given::Stored(stored) => stored,
            Given::Taken(_) | Given::Leases(_) | Given::Numbers(_) | Given::Nothing => Vec::new(),
        }
    }

    fn taken(self) -> Taken {
        match self {
            Given::Taken(taken) => taken,
            Given::Stored(_) | Given::Leases(_) | Given::Numbers(_) | Given::Nothing => {
                Taken::default()
            }
        }
    }

    fn leases(self) -> Vec<Lease> {
        match self {
            Given::Leases(leases) => leases,
            Given::Stored(_) | Given::Taken(_) | Given::Numbers(_) | Given::Nothing => Vec::new(),
        }
    }

    fn numbers(self) -> Vec<DeploymentNo> {
        match self {
            Given::Numbers(numbers) => numbers,
            Given::Stored(_) | Given::Taken(_) | Given::Leases(_) | Given::Nothing => Vec::new(),
        }
    }
}

/// What became of one operation.
pub(super) type Outcome = Result<Given, StoreError>;

impl Op {
    pub(super) fn answer(self, outcome: Outcome) {
        // Nobody waits any more where this fails.
        let _ = match self {
            Op::Append(_, reply) => reply.send(outcome.map(Given::stored)).map_err(drop),
            Op::Numbers(_, reply) => reply.send(outcome.map(Given::numbers)).map_err(drop),
            Op::Take { reply, .. } => reply.send(outcome.map(Given::taken)).map_err(drop),
            Op::Extend { reply, .. } => reply.send(outcome.map(Given::leases)).map_err(drop),
            Op::GiveBack { reply, .. }
            | Op::Submit { reply, .. }
            | Op::SetAside { reply, .. }
            | Op::KeepPreview { reply, .. }
            | Op::PutSightings { reply, .. }
            | Op::PutInterest { reply, .. }
            | Op::Snapshot(_, reply)
            | Op::GiveUp { reply, .. }
            | Op::CloseGap(reply)
            | Op::Close(reply) => reply.send(outcome.map(drop)).map_err(drop),
        };
    }
}
