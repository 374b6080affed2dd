//! What can be written to the embedded store, made ready by its callers so that the one writer has little left to do.

use tokio::sync::oneshot;

use super::super::record::{self, Record};
use super::super::{By, StoreError};
use crate::domain::ask::AskState;
use crate::domain::deployment::DeploymentEvent;
use crate::domain::event::{Append, Event, Stored, StreamId};
use crate::domain::folds::Folds;
use crate::domain::ids::AskId;
use crate::domain::time::Time;

/// Where the outcome of an operation goes.
pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// What can be written.
pub(super) enum Op {
    Append(Box<Appending>, Reply<Vec<Stored>>),
    Submit { id: String, ask: String, at: Time, reply: Reply<()> },
    SetAsk { id: String, state: Result<String, StoreError>, answered: bool, reply: Reply<()> },
    KeepPreview { id: String, subject: String, made_at: Time, preview: String, drop_before: Time, reply: Reply<()> },
    PutSightings { rows: String, reply: Reply<()> },
    PutInterest { console: String, subjects: String, until: Time, reply: Reply<()> },
    Snapshot(Box<Folds>, Reply<()>),
    Close(Reply<()>),
}

/// An append, ready to be placed.
pub(super) struct Appending {
    pub records: Vec<Record>,
    pub expected: Vec<(StreamId, u64)>,
    pub blobs: Vec<(String, Vec<u8>)>,
    pub created: Vec<(String, String, u64)>,
    pub answer: Option<(String, String, bool)>,
}

impl Appending {
    pub(super) fn new(append: &Append, by: &By, answer: Option<(AskId, AskState)>) -> Result<Self, StoreError> {
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
        let written = append.writes.iter().map(|write| (write.stream.clone(), write.expected));
        let expected = written.chain(append.reads.iter().cloned()).collect();
        let blobs = append.blobs.iter().map(|(digest, bytes)| (digest.to_string(), bytes.clone())).collect();
        let answer = answer.map(|(id, state)| Ok((id.to_string(), record::text(&state)?, is_answer(&state)))).transpose()?;
        Ok(Self { records, expected, blobs, created, answer })
    }
}

fn is_answer(state: &AskState) -> bool {
    match state {
        AskState::Asked => false,
        AskState::Answered { .. } => true,
    }
}

impl Op {
    pub(super) fn set_ask(id: String, state: &AskState, reply: Reply<()>) -> Op {
        Op::SetAsk { id, state: record::text(state), answered: is_answer(state), reply }
    }

    /// Whether it must be on the disk before it is acknowledged. What can be seen or said again need not.
    pub(super) fn durable(&self) -> bool {
        match self {
            Op::Append(..) | Op::Submit { .. } | Op::SetAsk { .. } => true,
            Op::KeepPreview { .. } | Op::PutSightings { .. } | Op::PutInterest { .. } | Op::Snapshot(..) | Op::Close(..) => false,
        }
    }
}

/// What became of one operation.
pub(super) type Outcome = Result<Vec<Stored>, StoreError>;

impl Op {
    pub(super) fn answer(self, outcome: Outcome) {
        // Nobody waits any more where this fails.
        let _ = match self {
            Op::Append(_, reply) => reply.send(outcome).map_err(drop),
            Op::Submit { reply, .. }
            | Op::SetAsk { reply, .. }
            | Op::KeepPreview { reply, .. }
            | Op::PutSightings { reply, .. }
            | Op::PutInterest { reply, .. }
            | Op::Snapshot(_, reply)
            | Op::Close(reply) => reply.send(outcome.map(drop)).map_err(drop),
        };
    }
}
