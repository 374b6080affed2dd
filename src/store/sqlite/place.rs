//! Where appends go: which are taken, which are refused, and the places and hashes of their events.
//! Decided before anything is written, so that a whole batch is written by one insert.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sqlx::Executor as _;
use sqlx::sqlite::SqliteConnection;

use super::super::StoreError;
use super::super::record::{self, FIRST, Record};
use super::op::{Appending, Given, Outcome};
use super::rows::failed;

/// The most heads that are remembered.
const REMEMBERED: usize = 50_000;

/// Version and hash of the last event of each stream, as of a place in the log: they are true as
/// long as that is its last.
#[derive(Default)]
pub(super) struct Heads {
    seq: u64,
    of: HashMap<String, (u64, String)>,
}

impl Heads {
    /// Forgets them where another engine has written since.
    pub(super) fn as_of(&mut self, last: u64) {
        if self.seq != last {
            self.of.clear();
            self.seq = last;
        }
    }

    /// Decides which appends are taken, and gives their events their places.
    pub(super) async fn place(
        &mut self,
        connection: &mut SqliteConnection,
        appends: &[&Appending],
    ) -> Result<Placed, StoreError> {
        let mut placed = Placed::default();
        if appends.is_empty() {
            return Ok(placed);
        }
        self.recall(connection, appends).await?;
        let mut waiting = waiting(connection, appends).await?;
        let mut seq = self.seq;
        for append in appends {
            let refused = refused(append, self, &placed, &waiting);
            if let Some(why) = refused {
                placed.outcomes.push(Err(why));
                continue;
            }
            let mut stored = Vec::with_capacity(append.records.len());
            for record in &append.records {
                let mut record = record.clone();
                seq += 1;
                let head = placed
                    .heads
                    .get(&record.stream)
                    .or_else(|| self.of.get(&record.stream));
                let (version, hash) =
                    head.map_or((0, FIRST), |(version, hash)| (*version, hash.as_str()));
                record.follow(seq, version, hash);
                placed
                    .heads
                    .insert(record.stream.clone(), (record.version, record.hash.clone()));
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
            placed.outcomes.push(Ok(Given::Stored(stored)));
        }
        placed.seq = seq;
        Ok(placed)
    }

    /// Reads the heads that are not remembered.
    async fn recall(
        &mut self,
        connection: &mut SqliteConnection,
        appends: &[&Appending],
    ) -> Result<(), StoreError> {
        if self.of.len() > REMEMBERED {
            self.of.clear();
        }
        let names: BTreeSet<String> = appends
            .iter()
            .flat_map(|append| append.expected.iter().map(|(stream, _)| stream.to_string()))
            .filter(|stream| !self.of.contains_key(stream))
            .collect();
        if !names.is_empty() {
            let heads = "SELECT e.stream, e.version, e.hash FROM json_each(?) j JOIN events e ON e.stream = j.value
                         AND e.version = (SELECT max(version) FROM events WHERE stream = j.value)";
            let found: Vec<(String, i64, String)> = sqlx::query_as(heads)
                .bind(record::text(&names)?)
                .fetch_all(&mut *connection)
                .await
                .map_err(failed)?;
            self.of
                .extend(names.into_iter().map(|name| (name, (0, FIRST.to_owned()))));
            self.of.extend(
                found
                    .into_iter()
                    .map(|(name, version, hash)| (name, (version.cast_unsigned(), hash))),
            );
        }
        Ok(())
    }

    /// Takes over what was committed.
    pub(super) fn advance(&mut self, placed: Placed) {
        self.of.extend(placed.heads);
        if placed.seq > 0 {
            self.seq = placed.seq;
        }
    }
}

/// The appends of a batch that are taken, put together.
#[derive(Default)]
pub(super) struct Placed {
    pub outcomes: Vec<Outcome>,
    pub records: Vec<Record>,
    heads: HashMap<String, (u64, String)>,
    pub created: Vec<(String, String, u64)>,
    pub blobs: Vec<(String, Vec<u8>)>,
    pub answers: Vec<(String, String, bool)>,
    seq: u64,
}

impl Placed {
    /// Writes what was placed, and commits.
    pub(super) async fn commit(&self, to: &mut SqliteConnection) -> Result<(), StoreError> {
        for (digest, bytes) in &self.blobs {
            let put =
                "INSERT INTO blobs (digest, bytes) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING";
            sqlx::query(put)
                .bind(digest)
                .bind(bytes)
                .execute(&mut *to)
                .await
                .map_err(failed)?;
        }
        if !self.created.is_empty() {
            let put = "INSERT OR IGNORE INTO deployments (id, stack, no) SELECT value->>0, value->>1, value->>2 FROM json_each(?)";
            sqlx::query(put)
                .bind(record::text(&self.created)?)
                .execute(&mut *to)
                .await
                .map_err(failed)?;
            let last = self.created.iter().map(|(_, _, no)| *no).max().unwrap_or(0);
            let rise =
                "UPDATE meta SET value = max(CAST(value AS INTEGER), ?) WHERE key = 'last_no'";
            sqlx::query(rise)
                .bind(last.cast_signed())
                .execute(&mut *to)
                .await
                .map_err(failed)?;
        }
        if !self.answers.is_empty() {
            let put = "UPDATE inbox SET state = j.value->>1, answered = j.value->>2, ask = CASE WHEN j.value->>2 THEN '' ELSE ask END
                       FROM json_each(?) j WHERE inbox.id = j.value->>0";
            sqlx::query(put)
                .bind(record::text(&self.answers)?)
                .execute(&mut *to)
                .await
                .map_err(failed)?;
        }
        if self.records.is_empty() {
            to.execute("COMMIT").await.map_err(failed)?;
        } else {
            // One statement for all events of the batch, and the commit in the same call.
            let put = "INSERT INTO events (seq, stream, version, tag, form, payload, at, person, cause, hash)
                       SELECT value->>'seq', value->>'stream', value->>'version', value->>'tag', value->>'form', value->>'payload',
                              value->>'at', value->>'person', value->>'cause', value->>'hash' FROM json_each(?); COMMIT";
            sqlx::query(put)
                .bind(record::text(&self.records)?)
                .execute(to)
                .await
                .map_err(failed)?;
        }
        Ok(())
    }
}

fn refused(
    append: &Appending,
    heads: &Heads,
    placed: &Placed,
    waiting: &BTreeMap<String, bool>,
) -> Option<StoreError> {
    if let Some((id, ..)) = &append.answer {
        match waiting.get(id) {
            Some(true) => {}
            Some(false) => return Some(StoreError::Duplicate),
            None => return Some(no_such_ask(id)),
        }
    }
    append.expected.iter().find_map(|(stream, expected)| {
        let name = stream.to_string();
        let found = placed
            .heads
            .get(&name)
            .or_else(|| heads.of.get(&name))
            .map_or(0, |head| head.0);
        (found != *expected).then(|| StoreError::Conflict {
            stream: stream.clone(),
            expected: *expected,
            found,
        })
    })
}

/// Of the asks that are to be answered: which wait (true) and which are answered already (false);
/// unknown ones are absent.
async fn waiting(
    connection: &mut SqliteConnection,
    appends: &[&Appending],
) -> Result<BTreeMap<String, bool>, StoreError> {
    let ids: Vec<&String> = appends
        .iter()
        .filter_map(|append| append.answer.as_ref().map(|(id, ..)| id))
        .collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let asks = "SELECT id, answered = 0 FROM inbox WHERE id IN (SELECT value FROM json_each(?))";
    let found: Vec<(String, bool)> = sqlx::query_as(asks)
        .bind(record::text(&ids)?)
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    Ok(found.into_iter().collect())
}

/// Nobody has asked that.
fn no_such_ask(id: &str) -> StoreError {
    StoreError::Corrupt(format!("ask {id} is not in the inbox"))
}
