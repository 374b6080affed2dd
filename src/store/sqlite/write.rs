//! The one writer: a task with a connection of its own. It gathers all that waits while the last commit reaches the disk, and commits
//! it together; each append in it is taken whole or refused for itself.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection as _, Executor as _};
use tokio::sync::{mpsc, oneshot};

use super::super::record::{self, FIRST, Record};
use super::super::{By, StoreError};
use super::rows::failed;
use super::snapshot;
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
    records: Vec<Record>,
    expected: Vec<(StreamId, u64)>,
    blobs: Vec<(String, Vec<u8>)>,
    created: Vec<(String, String, u64)>,
    answer: Option<(String, String, bool)>,
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
        AskState::Asked | AskState::Looking => false,
        AskState::Answered { .. } => true,
    }
}

impl Op {
    pub(super) fn set_ask(id: String, state: &AskState, reply: Reply<()>) -> Op {
        Op::SetAsk { id, state: record::text(state), answered: is_answer(state), reply }
    }

    /// Whether it must be on the disk before it is acknowledged. What can be seen or said again need not.
    fn durable(&self) -> bool {
        match self {
            Op::Append(..) | Op::Submit { .. } | Op::SetAsk { .. } => true,
            Op::KeepPreview { .. } | Op::PutSightings { .. } | Op::PutInterest { .. } | Op::Snapshot(..) | Op::Close(..) => false,
        }
    }
}

/// The writer, as the store holds it. It ends when this is dropped and all is written.
pub(super) struct Writer(mpsc::Sender<Op>);

impl Writer {
    /// Starts it. `epoch` is the engine's fence; without it, no event is written.
    pub(super) fn start(connection: SqliteConnection, epoch: Option<String>) -> Self {
        let (sender, ops) = mpsc::channel(GATHERED);
        tokio::spawn(Work { connection, epoch, heads: Heads::default(), durable: true }.run(ops));
        Self(sender)
    }

    pub(super) async fn ask<T>(&self, op: impl FnOnce(Reply<T>) -> Op) -> Result<T, StoreError> {
        let ended = || StoreError::Unavailable("its writer has ended".to_owned());
        let (reply, outcome) = oneshot::channel();
        self.0.send(op(reply)).await.map_err(|_| ended())?;
        outcome.await.map_err(|_| ended())?
    }

    pub(super) async fn close(self) {
        // An error says that it has ended already.
        let _ = self.ask(Op::Close).await;
    }
}

/// The most operations in one commit, and the most that wait.
const GATHERED: usize = 1_024;

/// The most heads that are remembered.
const REMEMBERED: usize = 50_000;

/// Version and hash of the last event of each stream, and the last place in the log. Only the holder of the fence writes events, so
/// they stay true between its commits.
#[derive(Default)]
struct Heads {
    seq: Option<u64>,
    of: HashMap<String, (u64, String)>,
}

struct Work {
    connection: SqliteConnection,
    epoch: Option<String>,
    heads: Heads,
    durable: bool,
}

impl Work {
    async fn run(mut self, mut ops: mpsc::Receiver<Op>) {
        while let Some(first) = ops.recv().await {
            let mut batch = vec![first];
            while batch.len() < GATHERED
                && let Ok(op) = ops.try_recv()
            {
                batch.push(op);
            }
            let close = batch.iter().position(|op| matches!(op, Op::Close(_))).map(|at| batch.swap_remove(at));
            if !batch.is_empty() {
                self.write(batch).await;
            }
            if let Some(Op::Close(reply)) = close {
                let _ = self.connection.close().await;
                let _ = reply.send(Ok(()));
                return;
            }
        }
    }

    /// Writes a batch in one transaction; when that fails, each operation in its own, so that one cannot spoil the others.
    async fn write(&mut self, batch: Vec<Op>) {
        let many = batch.len() > 1;
        match self.transact(&batch).await {
            Ok(outcomes) => {
                for (op, outcome) in batch.into_iter().zip(outcomes) {
                    op.answer(outcome);
                }
            }
            Err(_) if many => {
                for op in batch {
                    let outcome = self.transact(std::slice::from_ref(&op)).await.and_then(|mut one| one.pop().unwrap_or(Ok(Vec::new())));
                    op.answer(outcome);
                }
            }
            Err(why) => batch.into_iter().for_each(|op| op.answer(Err(why.clone()))),
        }
    }

    /// One transaction. An error means that nothing of it is written, or that nobody can tell: who asks again finds out by
    /// `Conflict` or `Duplicate`.
    async fn transact(&mut self, batch: &[Op]) -> Result<Vec<Outcome>, StoreError> {
        self.set_durable(batch.iter().any(Op::durable)).await?;
        let result = self.transact_raw(batch).await;
        if result.is_err() {
            self.heads = Heads::default();
            // After most errors SQLite has rolled back by itself, and says so.
            let _ = self.connection.execute("ROLLBACK").await;
        }
        result
    }

    async fn transact_raw(&mut self, batch: &[Op]) -> Result<Vec<Outcome>, StoreError> {
        let epoch: Option<String> = sqlx::query_scalar("BEGIN IMMEDIATE; SELECT value FROM meta WHERE key = 'epoch'")
            .fetch_optional(&mut self.connection)
            .await
            .map_err(failed)?;
        let fenced = self.epoch.is_none() || self.epoch != epoch;
        let mut outcomes: Vec<Option<Outcome>> = Vec::with_capacity(batch.len());
        let mut appends = Vec::new();
        for op in batch {
            outcomes.push(match op {
                Op::Append(..) | Op::SetAsk { .. } if fenced => Some(Err(StoreError::Fenced)),
                Op::Append(append, _) => {
                    appends.push(&**append);
                    None
                }
                Op::Submit { .. }
                | Op::SetAsk { .. }
                | Op::KeepPreview { .. }
                | Op::PutSightings { .. }
                | Op::PutInterest { .. }
                | Op::Snapshot(..)
                | Op::Close(_) => Some(self.single(op).await?.map(|()| Vec::new())),
            });
        }
        let placed = self.place(&appends).await?;
        let commit = self.commit(&placed).await?;
        let mut taken = placed.outcomes.into_iter();
        let outcomes = outcomes.into_iter().map(|outcome| outcome.or_else(|| taken.next()).unwrap_or(Ok(Vec::new()))).collect();
        self.heads = commit;
        Ok(outcomes)
    }

    /// An operation that is no append. The outer error fails the whole transaction.
    async fn single(&mut self, op: &Op) -> Result<Result<(), StoreError>, StoreError> {
        let to = &mut self.connection;
        match op {
            Op::Append(..) | Op::Close(_) => {}
            Op::Submit { id, ask, at, .. } => {
                let put = "INSERT INTO inbox (id, ask, state, answered, asked_at) VALUES (?, ?, ?, 0, ?) ON CONFLICT (id) DO NOTHING";
                let state = record::text(&AskState::Asked)?;
                sqlx::query(put).bind(id).bind(ask).bind(state).bind(at.0).execute(to).await.map_err(failed)?;
            }
            Op::SetAsk { id, state, answered, .. } => {
                let state = match state {
                    Ok(state) => state,
                    Err(why) => return Ok(Err(why.clone())),
                };
                let put = "UPDATE inbox SET state = ?, answered = ?, ask = CASE WHEN ? THEN '' ELSE ask END WHERE id = ? AND answered = 0";
                let done = sqlx::query(put).bind(state).bind(answered).bind(answered).bind(id).execute(&mut *to).await.map_err(failed)?;
                if done.rows_affected() == 0 {
                    let known: Option<i64> =
                        sqlx::query_scalar("SELECT 1 FROM inbox WHERE id = ?").bind(id).fetch_optional(to).await.map_err(failed)?;
                    return Ok(Err(if known.is_some() { StoreError::Duplicate } else { no_such_ask(id) }));
                }
            }
            Op::KeepPreview { id, subject, made_at, preview, drop_before, .. } => {
                sqlx::query("DELETE FROM previews WHERE made_at < ?").bind(drop_before.0).execute(&mut *to).await.map_err(failed)?;
                let put = "INSERT OR REPLACE INTO previews (ask, subject, made_at, preview) VALUES (?, ?, ?, ?)";
                sqlx::query(put).bind(id).bind(subject).bind(made_at.0).bind(preview).execute(to).await.map_err(failed)?;
            }
            Op::PutSightings { rows, .. } => {
                let put = "INSERT OR REPLACE INTO sightings (subject, source, sighting, mark)
                           SELECT value->>0, value->>1, value->>2, (SELECT coalesce(max(mark), 0) FROM sightings) + 1 + key FROM json_each(?)";
                sqlx::query(put).bind(rows).execute(to).await.map_err(failed)?;
            }
            Op::PutInterest { console, subjects, until, .. } => {
                // What nobody has renewed for an hour is of a console that is gone.
                let drop = "DELETE FROM interest WHERE console = ? OR until < ?";
                sqlx::query(drop).bind(console).bind(until.0 - 3_600_000).execute(&mut *to).await.map_err(failed)?;
                let put = "INSERT OR REPLACE INTO interest (console, subject, until) SELECT ?, value, ? FROM json_each(?)";
                sqlx::query(put).bind(console).bind(until.0).bind(subjects).execute(to).await.map_err(failed)?;
            }
            Op::Snapshot(folds, _) => snapshot::keep(to, folds).await?,
        }
        Ok(Ok(()))
    }

    /// Decides which appends are taken, and gives their events their places.
    async fn place(&mut self, appends: &[&Appending]) -> Result<Placed, StoreError> {
        let mut placed = Placed::default();
        if appends.is_empty() {
            return Ok(placed);
        }
        self.recall(appends).await?;
        let mut waiting = self.waiting(appends).await?;
        let mut seq = self.heads.seq.unwrap_or(0);
        for append in appends {
            let refused = refused(append, &self.heads, &placed, &waiting);
            if let Some(why) = refused {
                placed.outcomes.push(Err(why));
                continue;
            }
            let mut stored = Vec::with_capacity(append.records.len());
            for record in &append.records {
                let mut record = record.clone();
                seq += 1;
                let head = placed.heads.get(&record.stream).or_else(|| self.heads.of.get(&record.stream));
                let (version, hash) = head.map_or((0, FIRST), |(version, hash)| (*version, hash.as_str()));
                record.follow(seq, version, hash);
                placed.heads.insert(record.stream.clone(), (record.version, record.hash.clone()));
                stored.push(record.read()?);
                placed.records.push(record);
            }
            placed.created.extend(append.created.iter().cloned());
            placed.blobs.extend(append.blobs.iter().cloned());
            if let Some((id, state, answered)) = &append.answer {
                if *answered {
                    waiting.insert(id.clone(), false);
                }
                placed.answers.push((id.clone(), state.clone(), *answered));
            }
            placed.outcomes.push(Ok(stored));
        }
        placed.seq = seq;
        Ok(placed)
    }

    /// Reads the heads that are not remembered.
    async fn recall(&mut self, appends: &[&Appending]) -> Result<(), StoreError> {
        if self.heads.of.len() > REMEMBERED {
            self.heads.of.clear();
        }
        let names: BTreeSet<String> = appends
            .iter()
            .flat_map(|append| append.expected.iter().map(|(stream, _)| stream.to_string()))
            .filter(|stream| !self.heads.of.contains_key(stream))
            .collect();
        if !names.is_empty() {
            let heads = "SELECT e.stream, e.version, e.hash FROM json_each(?) j JOIN events e ON e.stream = j.value
                         AND e.version = (SELECT max(version) FROM events WHERE stream = j.value)";
            let found: Vec<(String, i64, String)> =
                sqlx::query_as(heads).bind(record::text(&names)?).fetch_all(&mut self.connection).await.map_err(failed)?;
            self.heads.of.extend(names.into_iter().map(|name| (name, (0, FIRST.to_owned()))));
            self.heads.of.extend(found.into_iter().map(|(name, version, hash)| (name, (version.cast_unsigned(), hash))));
        }
        if self.heads.seq.is_none() {
            let last: Option<i64> =
                sqlx::query_scalar("SELECT max(seq) FROM events").fetch_one(&mut self.connection).await.map_err(failed)?;
            self.heads.seq = Some(last.unwrap_or(0).cast_unsigned());
        }
        Ok(())
    }

    /// Of the asks that are to be answered: which wait (true) and which are answered already (false); unknown ones are absent.
    async fn waiting(&mut self, appends: &[&Appending]) -> Result<BTreeMap<String, bool>, StoreError> {
        let ids: Vec<&String> = appends.iter().filter_map(|append| append.answer.as_ref().map(|(id, ..)| id)).collect();
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let asks = "SELECT id, answered = 0 FROM inbox WHERE id IN (SELECT value FROM json_each(?))";
        let found: Vec<(String, bool)> =
            sqlx::query_as(asks).bind(record::text(&ids)?).fetch_all(&mut self.connection).await.map_err(failed)?;
        Ok(found.into_iter().collect())
    }

    /// Writes what was placed, and commits; gives the heads as they are then.
    async fn commit(&mut self, placed: &Placed) -> Result<Heads, StoreError> {
        let to = &mut self.connection;
        for (digest, bytes) in &placed.blobs {
            let put = "INSERT INTO blobs (digest, bytes) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING";
            sqlx::query(put).bind(digest).bind(bytes).execute(&mut *to).await.map_err(failed)?;
        }
        if !placed.created.is_empty() {
            let put = "INSERT OR IGNORE INTO deployments (id, stack, no) SELECT value->>0, value->>1, value->>2 FROM json_each(?)";
            sqlx::query(put).bind(record::text(&placed.created)?).execute(&mut *to).await.map_err(failed)?;
        }
        if !placed.answers.is_empty() {
            let put = "UPDATE inbox SET state = j.value->>1, answered = j.value->>2, ask = CASE WHEN j.value->>2 THEN '' ELSE ask END
                       FROM json_each(?) j WHERE inbox.id = j.value->>0";
            sqlx::query(put).bind(record::text(&placed.answers)?).execute(&mut *to).await.map_err(failed)?;
        }
        if placed.records.is_empty() {
            to.execute("COMMIT").await.map_err(failed)?;
        } else {
            // One statement for all events of the batch, and the commit in the same call.
            let put = "INSERT INTO events (seq, stream, version, tag, form, payload, at, person, cause, hash)
                       SELECT value->>'seq', value->>'stream', value->>'version', value->>'tag', value->>'form', value->>'payload',
                              value->>'at', value->>'person', value->>'cause', value->>'hash' FROM json_each(?); COMMIT";
            sqlx::query(put).bind(record::text(&placed.records)?).execute(to).await.map_err(failed)?;
        }
        let mut heads = std::mem::take(&mut self.heads);
        heads.of.extend(placed.heads.iter().map(|(name, head)| (name.clone(), head.clone())));
        if placed.seq > 0 {
            heads.seq = Some(placed.seq);
        }
        Ok(heads)
    }

    async fn set_durable(&mut self, durable: bool) -> Result<(), StoreError> {
        if durable != self.durable {
            // A later durable commit brings the earlier ones to the disk as well: they are in the same file.
            let pragma = if durable { "PRAGMA synchronous = FULL" } else { "PRAGMA synchronous = NORMAL" };
            self.connection.execute(pragma).await.map_err(failed)?;
            self.durable = durable;
        }
        Ok(())
    }
}

/// What became of one operation.
type Outcome = Result<Vec<Stored>, StoreError>;

/// The appends of a batch that are taken, put together.
#[derive(Default)]
struct Placed {
    outcomes: Vec<Outcome>,
    records: Vec<Record>,
    heads: HashMap<String, (u64, String)>,
    created: Vec<(String, String, u64)>,
    blobs: Vec<(String, Vec<u8>)>,
    answers: Vec<(String, String, bool)>,
    seq: u64,
}

fn refused(append: &Appending, heads: &Heads, placed: &Placed, waiting: &BTreeMap<String, bool>) -> Option<StoreError> {
    if let Some((id, ..)) = &append.answer {
        match waiting.get(id) {
            Some(true) => {}
            Some(false) => return Some(StoreError::Duplicate),
            None => return Some(no_such_ask(id)),
        }
    }
    append.expected.iter().find_map(|(stream, expected)| {
        let name = stream.to_string();
        let found = placed.heads.get(&name).or_else(|| heads.of.get(&name)).map_or(0, |head| head.0);
        (found != *expected).then(|| StoreError::Conflict { stream: stream.clone(), expected: *expected, found })
    })
}

fn no_such_ask(id: &str) -> StoreError {
    StoreError::Corrupt(format!("ask {id} is not in the inbox"))
}

impl Op {
    fn answer(self, outcome: Outcome) {
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
