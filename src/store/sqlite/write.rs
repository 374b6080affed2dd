//! The one writer: a task with a connection of its own. It gathers all that waits while the last
//! commit reaches the disk, and commits it together; each append in it is taken whole or refused
//! for itself.

use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection as _, Executor as _};
use tokio::sync::{mpsc, oneshot};

use super::super::lease::Leases;
use super::super::{Lease, StoreError, record};
use super::mark::Marker;
use super::op::{Given, Op, Outcome, Reply};
use super::place::Heads;
use super::rows::failed;
use super::snapshot;
use crate::domain::ask::AskState;
use crate::domain::ids::DeploymentNo;

/// The writer, as the store holds it. It ends when this is dropped and all is written.
pub(super) struct Writer(mpsc::Sender<Op>);

impl Writer {
    /// Of an engine, `marker` keeps what was recorded last.
    pub(super) fn start(connection: SqliteConnection, marker: Option<Marker>) -> Self {
        let (sender, ops) = mpsc::channel(GATHERED);
        tokio::spawn(Work::new(connection, marker).run(ops));
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

struct Work {
    connection: SqliteConnection,
    /// The leases of the store, and the text that they were read from.
    leases: (String, Leases),
    /// What was taken through this writer.
    taken: Vec<Lease>,
    heads: Heads,
    durable: bool,
    marker: Option<Marker>,
}

impl Work {
    fn new(connection: SqliteConnection, marker: Option<Marker>) -> Self {
        Self {
            connection,
            leases: Default::default(),
            taken: Vec::new(),
            heads: Heads::default(),
            durable: true,
            marker,
        }
    }

    async fn run(mut self, mut ops: mpsc::Receiver<Op>) {
        while let Some(first) = ops.recv().await {
            let mut batch = vec![first];
            while batch.len() < GATHERED
                && let Ok(op) = ops.try_recv()
            {
                batch.push(op);
            }
            let close = batch
                .iter()
                .position(|op| matches!(op, Op::Close(_)))
                .map(|at| batch.swap_remove(at));
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

    /// Writes a batch in one transaction; when that fails, each operation in its own, so that one
    /// cannot spoil the others.
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
                    let outcome = self
                        .transact(std::slice::from_ref(&op))
                        .await
                        .and_then(|mut one| one.pop().unwrap_or(Ok(Given::Nothing)));
                    op.answer(outcome);
                }
            }
            Err(why) => batch.into_iter().for_each(|op| op.answer(Err(why.clone()))),
        }
    }

    /// One transaction. An error means that nothing of it is written, or that nobody can tell: who
    /// asks again finds out by `Conflict` or `Duplicate`.
    async fn transact(&mut self, batch: &[Op]) -> Result<Vec<Outcome>, StoreError> {
        self.set_durable(batch.iter().any(Op::durable)).await?;
        let result = self.transact_raw(batch).await;
        if result.is_err() {
            self.heads = Heads::default();
            self.leases = Default::default();
            // After most errors SQLite has rolled back by itself, and says so.
            let _ = self.connection.execute("ROLLBACK").await;
        }
        result
    }

    async fn transact_raw(&mut self, batch: &[Op]) -> Result<Vec<Outcome>, StoreError> {
        self.begin().await?;
        let mut outcomes: Vec<Option<Outcome>> = Vec::with_capacity(batch.len());
        for op in batch {
            outcomes.push(self.single(op).await?);
        }
        // After the leases of this batch: what was taken over in it is fenced in it.
        let mut appends = Vec::new();
        for (op, outcome) in batch.iter().zip(&mut outcomes) {
            let Op::Append(append, _) = op else { continue };
            if self.leases.1.allow(&append.under, append.answers) {
                appends.push(&**append);
            } else {
                *outcome = Some(Err(StoreError::Fenced));
            }
        }
        let mut placed = self.heads.place(&mut self.connection, &appends).await?;
        placed.commit(&mut self.connection).await?;
        if let Some(marker) = &mut self.marker {
            let given = outcomes.iter().flatten().flatten().map(Given::last_no);
            let created = placed.created.iter().map(|(_, _, no)| *no);
            marker.recorded(
                placed.records.last(),
                given.chain(created).max().unwrap_or(0),
            );
        }
        let mut taken = std::mem::take(&mut placed.outcomes).into_iter();
        self.heads.advance(placed);
        Ok(outcomes
            .into_iter()
            .map(|outcome| {
                outcome
                    .or_else(|| taken.next())
                    .unwrap_or(Ok(Given::Nothing))
            })
            .collect())
    }

    /// Begins a transaction, with what other writers have changed since the last one.
    async fn begin(&mut self) -> Result<(), StoreError> {
        let begin = "BEGIN IMMEDIATE; SELECT value, (SELECT coalesce(max(seq), 0) FROM events) FROM meta WHERE key = 'leases'";
        let (leases, last): (String, i64) = sqlx::query_as(begin)
            .fetch_one(&mut self.connection)
            .await
            .map_err(failed)?;
        if leases != self.leases.0 {
            self.leases = (
                leases.clone(),
                record::value(&leases, "who works on the store")?,
            );
        }
        self.heads.as_of(last.cast_unsigned());
        Ok(())
    }

    async fn keep_leases(&mut self) -> Result<(), StoreError> {
        self.leases.0 = record::text(&self.leases.1)?;
        let put = "UPDATE meta SET value = ? WHERE key = 'leases'";
        sqlx::query(put)
            .bind(&self.leases.0)
            .execute(&mut self.connection)
            .await
            .map_err(failed)?;
        Ok(())
    }

    /// Carries out what is no append. The outer error fails the whole transaction.
    async fn single(&mut self, op: &Op) -> Result<Option<Outcome>, StoreError> {
        let to = &mut self.connection;
        match op {
            Op::Append(..) => return Ok(None),
            Op::Close(_) => {}
            Op::Numbers(how_many, _) => {
                let take = "UPDATE meta SET value = CAST(value AS INTEGER) + ? WHERE key = 'last_no' RETURNING CAST(value AS INTEGER)";
                let last: i64 = sqlx::query_scalar(take)
                    .bind(how_many.cast_signed())
                    .fetch_one(to)
                    .await
                    .map_err(failed)?;
                let last = last.cast_unsigned();
                return Ok(Some(Ok(Given::Numbers(
                    (last - how_many + 1..=last).map(DeploymentNo).collect(),
                ))));
            }
            Op::Take {
                engine,
                scopes,
                now,
                length,
                ..
            } => {
                let taken = self.leases.1.take(*engine, scopes, *now, *length);
                self.taken.extend(taken.leases.iter().cloned());
                self.keep_leases().await?;
                return Ok(Some(Ok(Given::Taken(taken))));
            }
            Op::Extend {
                leases,
                now,
                length,
                ..
            } => {
                let kept = self.leases.1.extend(leases, *now, *length);
                self.keep_leases().await?;
                return Ok(Some(Ok(Given::Leases(kept))));
            }
            Op::GiveBack { leases, .. } => {
                self.leases.1.give_back(leases);
                self.taken.retain(|lease| !leases.contains(lease));
                self.keep_leases().await?;
            }
            Op::Submit { id, ask, at, .. } => {
                let put = "INSERT INTO inbox (id, ask, state, answered, asked_at) VALUES (?, ?, ?, 0, ?) ON CONFLICT (id) DO NOTHING";
                let state = record::text(&AskState::Asked)?;
                sqlx::query(put)
                    .bind(id)
                    .bind(ask)
                    .bind(state)
                    .bind(at.0)
                    .execute(to)
                    .await
                    .map_err(failed)?;
            }
            Op::SetAside { id, state, .. } => {
                // An engine that was taken over would set aside what its successor understands.
                if !self.taken.iter().any(|lease| self.leases.1.holds(lease)) {
                    return Ok(Some(Err(StoreError::Fenced)));
                }
                let put = "UPDATE inbox SET state = ?, answered = 1, ask = '' WHERE id = ? AND answered = 0";
                sqlx::query(put)
                    .bind(state)
                    .bind(id)
                    .execute(to)
                    .await
                    .map_err(failed)?;
            }
            Op::KeepPreview {
                id,
                subject,
                made_at,
                preview,
                drop_before,
                ..
            } => {
                sqlx::query("DELETE FROM previews WHERE made_at < ?")
                    .bind(drop_before.0)
                    .execute(&mut *to)
                    .await
                    .map_err(failed)?;
                let put = "INSERT OR REPLACE INTO previews (ask, subject, made_at, preview) VALUES (?, ?, ?, ?)";
                sqlx::query(put)
                    .bind(id)
                    .bind(subject)
                    .bind(made_at.0)
                    .bind(preview)
                    .execute(to)
                    .await
                    .map_err(failed)?;
            }
            Op::PutSightings { rows, .. } => {
                let put = "INSERT OR REPLACE INTO sightings (subject, source, sighting, mark)
                           SELECT value->>0, value->>1, value->>2, (SELECT coalesce(max(mark), 0) FROM sightings) + 1 + key FROM json_each(?)";
                sqlx::query(put)
                    .bind(rows)
                    .execute(to)
                    .await
                    .map_err(failed)?;
            }
            Op::PutInterest {
                console,
                subjects,
                until,
                ..
            } => {
                // What nobody has renewed for an hour is of a console that is gone.
                let drop = "DELETE FROM interest WHERE console = ? OR until < ?";
                sqlx::query(drop)
                    .bind(console)
                    .bind(until.0 - 3_600_000)
                    .execute(&mut *to)
                    .await
                    .map_err(failed)?;
                let put = "INSERT OR REPLACE INTO interest (console, subject, until) SELECT ?, value, ? FROM json_each(?)";
                sqlx::query(put)
                    .bind(console)
                    .bind(until.0)
                    .bind(subjects)
                    .execute(to)
                    .await
                    .map_err(failed)?;
            }
            Op::CloseGap(_) => {
                if let Some(marker) = &mut self.marker {
                    let closed = marker.close_gap();
                    closed.map_err(|why| StoreError::Unavailable(why.to_string()))?;
                }
            }
            Op::Snapshot(folds, _) => snapshot::keep(to, folds).await?,
            Op::GiveUp { streams, all, .. } => {
                if snapshot::give_up(to, streams, *all).await? {
                    // As after an election: an engine that goes on writes about a stream that is
                    // damaged.
                    self.leases.1.end();
                    self.keep_leases().await?;
                }
            }
        }
        Ok(Some(Ok(Given::Nothing)))
    }

    async fn set_durable(&mut self, durable: bool) -> Result<(), StoreError> {
        if durable != self.durable {
            // A later durable commit brings the earlier ones to the disk as well: they are in the
            // same file.
            let pragma = if durable {
                "PRAGMA synchronous = FULL"
            } else {
                "PRAGMA synchronous = NORMAL"
            };
            self.connection.execute(pragma).await.map_err(failed)?;
            self.durable = durable;
        }
        Ok(())
    }
}
