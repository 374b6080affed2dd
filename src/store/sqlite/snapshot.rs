//! Kept folds, so that a start need not read the whole log. They follow from the log alone: what is
//! missing, of another form or unreadable is folded again from zero, and never trusted over an
//! event.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use serde::Serialize;
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqlitePool};

use super::super::record::{self, Chains, Record};
use super::super::{StoreError, gather};
use super::rows::{Text, columns, failed, limit};
use crate::domain::digest::Digest;
use crate::domain::event::StreamId;
use crate::domain::folds::Folds;

/// The form of the kept folds. Rises when a fold changes its shape or its meaning; every version of
/// the program keeps its own besides.
const FORM: &str = concat!(env!("CARGO_PKG_VERSION"), "/4");

/// Keeps the folds of all streams that have changed since the last time, as of `folds.seq`. The
/// caller has begun a transaction.
pub(super) async fn keep(
    connection: &mut SqliteConnection,
    folds: &Folds,
) -> Result<(), StoreError> {
    let mut from = kept_up_to(connection).await?;
    if from.is_none() {
        sqlx::query("DELETE FROM snapshots")
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    let done = *from.get_or_insert(0);
    if folds.seq <= done {
        return Ok(());
    }
    let changed: Vec<(Text, i64)> =
        sqlx::query_as("SELECT stream, max(version) FROM events WHERE seq > ? AND seq <= ? GROUP BY stream ORDER BY stream")
            .bind(done.cast_signed())
            .bind(folds.seq.cast_signed())
            .fetch_all(&mut *connection)
            .await
            .map_err(failed)?;
    for some in changed.chunks(500) {
        let mut rows = Vec::with_capacity(some.len());
        for (name, version) in some {
            // Of what has no name, nothing can be kept.
            let Some(stream) = named(name) else { continue };
            let row = if folds.version(&stream) == version.cast_unsigned()
                && !folds.broken.contains_key(&stream)
            {
                row(&stream, folds)?
            } else {
                // It is not among the folds (they leave out old deployments), or cannot be folded
                // at all.
                row(&stream, &alone(connection, &stream, folds.seq).await?)?
            };
            rows.push(row);
        }
        // One that is to be folded from zero stays so.
        let put = "INSERT INTO snapshots (stream, kind, version, no, over, fold)
                   SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>5 FROM json_each(?) WHERE true
                   ON CONFLICT (stream) DO UPDATE SET kind = excluded.kind, version = excluded.version, no = excluded.no,
                   over = iif(fold IS NULL, 0, excluded.over), fold = iif(fold IS NULL, NULL, excluded.fold)";
        sqlx::query(put)
            .bind(record::text(&rows)?)
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    let note =
        "INSERT OR REPLACE INTO meta (key, value) VALUES ('snapshot_seq', ?), ('snapshot_form', ?)";
    sqlx::query(note)
        .bind(folds.seq.to_string())
        .bind(FORM)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Of which streams what is kept is damaged.
pub(super) async fn damaged(pool: &SqlitePool) -> Result<Vec<String>, StoreError> {
    let mut moment = pool.begin().await.map_err(failed)?;
    if kept_up_to(&mut moment).await?.is_none() {
        return Ok(Vec::new());
    }
    let mut damaged = Vec::new();
    let mut rows = sqlx::query_as("SELECT stream, fold FROM snapshots WHERE fold IS NOT NULL")
        .fetch(&mut *moment);
    while let Some(row) = rows.try_next().await.map_err(failed)? {
        let (name, fold): (Text, Text) = row;
        if named(&name).is_none_or(|stream| unsealed(&stream, &fold).is_none()) {
            damaged.push(String::from_utf8_lossy(&name).into_owned());
        }
    }
    Ok(damaged)
}

/// Lets every next reader fold these streams from zero, and all, where what is kept is damaged.
/// Says whether anything of it was not so before.
pub(super) async fn give_up(
    connection: &mut SqliteConnection,
    streams: &BTreeSet<String>,
    all: bool,
) -> Result<bool, StoreError> {
    let of_streams = "UPDATE snapshots SET fold = NULL, over = 0 WHERE fold IS NOT NULL AND stream IN (SELECT value FROM json_each(?))";
    let given_up = sqlx::query(of_streams)
        .bind(record::text(streams)?)
        .execute(&mut *connection)
        .await
        .map_err(failed)?
        .rows_affected();
    if all {
        sqlx::query("UPDATE meta SET value = '' WHERE key = 'snapshot_form'")
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    let mut named = named_as_given_up(connection).await?;
    let known = named.len();
    named.extend(streams.iter().cloned());
    if named.len() > known {
        sqlx::query("INSERT OR REPLACE INTO meta (key, value) VALUES ('given_up', ?)")
            .bind(record::text(&named)?)
            .execute(connection)
            .await
            .map_err(failed)?;
    }
    Ok(given_up > 0 || named.len() > known)
}

/// How many streams were given up so far.
pub(super) async fn given_up(pool: &SqlitePool) -> Result<u64, StoreError> {
    let mut connection = pool.acquire().await.map_err(failed)?;
    let named = named_as_given_up(&mut connection).await?;
    Ok(named.len() as u64)
}

/// Their names, also of those of which nothing was kept: who has folded them before cannot know.
async fn named_as_given_up(
    connection: &mut SqliteConnection,
) -> Result<BTreeSet<String>, StoreError> {
    let named: Option<Text> = sqlx::query_scalar("SELECT value FROM meta WHERE key = 'given_up'")
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    Ok(named
        .and_then(|named| serde_json::from_slice(&named).ok())
        .unwrap_or_default())
}

/// Loads what a reader of the newest `others` needs: environments, stacks, unfinished deployments,
/// the newest others, and every stream that has changed since. `None` when nothing is kept in a
/// form that this program reads.
pub(super) async fn load(
    moment: &mut SqliteConnection,
    others: usize,
) -> Result<Option<Folds>, StoreError> {
    let Some(seq) = kept_up_to(moment).await?.filter(|seq| *seq > 0) else {
        return Ok(None);
    };
    let mut folds = Folds {
        seq,
        ..Folds::default()
    };
    let wanted = "SELECT stream, fold FROM snapshots WHERE kind <> 'deployment' OR over = 0
        UNION SELECT stream, fold FROM (SELECT stream, fold FROM snapshots WHERE kind = 'deployment' AND over = 1 ORDER BY no DESC LIMIT ?)
        UNION SELECT stream, fold FROM snapshots WHERE stream IN (SELECT DISTINCT stream FROM events WHERE seq > ?)";
    let rows = sqlx::query(wanted)
        .bind(limit(others))
        .bind(seq.cast_signed());
    let rows = rows.fetch_all(&mut *moment).await.map_err(failed)?;
    let mut kept = Vec::with_capacity(rows.len());
    for row in rows {
        kept.push((
            row.try_get::<Text, _>(0).map_err(failed)?,
            row.try_get::<Option<Text>, _>(1).map_err(failed)?,
        ));
    }
    if take(moment, &mut folds, kept).await?.is_none() {
        return Ok(None);
    }
    folds.seq = seq;
    Ok(Some(folds))
}

/// Adds the deployments that stacks name and that are not loaded yet.
pub(super) async fn complete(
    moment: &mut SqliteConnection,
    folds: &mut Folds,
) -> Result<(), StoreError> {
    let missing: Vec<_> = gather::named(folds)
        .into_iter()
        .filter(|id| !folds.deployments.contains_key(id))
        .map(StreamId::Deployment)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let seq = folds.seq;
    let names = record::text(&missing)?;
    let kept: Vec<(Text, Option<Text>)> = sqlx::query_as(
        "SELECT stream, fold FROM snapshots WHERE stream IN (SELECT value FROM json_each(?))",
    )
    .bind(names)
    .fetch_all(&mut *moment)
    .await
    .map_err(failed)?;
    if take(moment, folds, kept).await?.is_none() {
        for stream in &missing {
            let one = alone(moment, stream, ALL).await?;
            folds.deployments.extend(one.deployments);
            folds.broken.extend(one.broken);
        }
    }
    folds.seq = seq;
    Ok(())
}

/// Puts kept folds among the others; those that are to be folded from zero are. `None` when one
/// cannot be read.
async fn take(
    moment: &mut SqliteConnection,
    folds: &mut Folds,
    kept: Vec<(Text, Option<Text>)>,
) -> Result<Option<()>, StoreError> {
    for (name, fold) in kept {
        let Some(stream) = named(&name) else {
            return Ok(None);
        };
        let Some(text) = fold else {
            let one = alone(moment, &stream, ALL).await?;
            folds.environments.extend(one.environments);
            folds.stacks.extend(one.stacks);
            folds.deployments.extend(one.deployments);
            folds.broken.extend(one.broken);
            continue;
        };
        let Some(text) = unsealed(&stream, &text) else {
            return Ok(None);
        };
        let read = match stream {
            StreamId::Environment(name) => serde_json::from_slice(text).map(|fold| {
                folds.environments.insert(name, Arc::new(fold));
            }),
            StreamId::Stack(id) => serde_json::from_slice(text).map(|fold| {
                folds.stacks.insert(id, Arc::new(fold));
            }),
            StreamId::Deployment(id) => serde_json::from_slice(text).map(|fold| {
                folds.deployments.insert(id, Arc::new(fold));
            }),
        };
        if read.is_err() {
            return Ok(None);
        }
    }
    Ok(Some(()))
}

/// The end of every log.
const ALL: u64 = i64::MAX.cast_unsigned();

/// One stream folded from zero, up to a place in the log.
async fn alone(
    connection: &mut SqliteConnection,
    stream: &StreamId,
    seq: u64,
) -> Result<Folds, StoreError> {
    let mut folds = Folds::default();
    let mut events = sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM events WHERE stream = ? AND seq <= ? ORDER BY version"
    ))
    .bind(stream.to_string())
    .bind(seq.cast_signed())
    .fetch(connection);
    let mut chains = Chains::default();
    while let Some(record) = events.try_next().await.map_err(failed)? {
        let record: Record = record;
        folds.apply(&chains.read(&record)?);
    }
    Ok(folds)
}

fn named(name: &[u8]) -> Option<StreamId> {
    StreamId::try_from(String::from_utf8(name.to_vec()).ok()?).ok()
}

/// A fold as it is kept: behind a sum of it and of whose it is. A page of the file that was changed
/// is not always noticed by the database.
fn sealed(stream: &StreamId, fold: &str) -> String {
    format!("{} {fold}", sum(stream, fold.as_bytes()))
}

/// The fold that was kept of that stream; none where it is damaged.
fn unsealed<'a>(stream: &StreamId, kept: &'a [u8]) -> Option<&'a [u8]> {
    let end = memchr::memchr(b' ', kept)?;
    let (sum, fold) = (&kept[..end], &kept[end + 1..]);
    (self::sum(stream, fold).as_bytes() == sum).then_some(fold)
}

fn sum(stream: &StreamId, fold: &[u8]) -> String {
    Digest::of_bytes(&[stream.to_string().as_bytes(), b" ", fold].concat()).short()
}

/// Up to where folds are kept in the form of this program.
async fn kept_up_to(connection: &mut SqliteConnection) -> Result<Option<u64>, StoreError> {
    let seq: Option<i64> = sqlx::query_scalar(
        "SELECT CAST(a.value AS INTEGER) FROM meta a JOIN meta b ON b.key = 'snapshot_form' AND b.value = ? WHERE a.key = 'snapshot_seq'",
    )
    .bind(FORM)
    .fetch_optional(connection)
    .await
    .map_err(failed)?;
    Ok(seq.map(i64::cast_unsigned))
}

/// What is kept of a stream: name, kind, version, number, whether it is over, fold.
type Row = (String, &'static str, u64, u64, u8, Option<String>);

fn row(stream: &StreamId, folds: &Folds) -> Result<Row, StoreError> {
    let broken = folds.broken.contains_key(stream);
    let fold = |fold: Option<String>| fold.filter(|_| !broken).map(|fold| sealed(stream, &fold));
    let version = folds.version(stream);
    Ok(match stream {
        StreamId::Environment(name) => (
            stream.to_string(),
            "environment",
            version,
            0,
            0,
            fold(json(folds.environments.get(name).map(Arc::as_ref))?),
        ),
        StreamId::Stack(id) => (
            stream.to_string(),
            "stack",
            version,
            0,
            0,
            fold(json(folds.stacks.get(id).map(Arc::as_ref))?),
        ),
        StreamId::Deployment(id) => {
            let one = folds.deployments.get(id);
            let no = one.map_or(0, |one| one.no().0);
            let over = u8::from(one.is_some_and(|one| one.is_over()) && !broken);
            (
                stream.to_string(),
                "deployment",
                version,
                no,
                over,
                fold(json(one.map(Arc::as_ref))?),
            )
        }
    })
}

fn json<T: Serialize>(fold: Option<&T>) -> Result<Option<String>, StoreError> {
    fold.map(record::text).transpose()
}
