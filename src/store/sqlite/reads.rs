//! Reads: short, from a pool of their own, never in the way of the writer.

use std::collections::BTreeSet;

use futures_util::TryStreamExt as _;
use sqlx::sqlite::{SqliteConnection, SqlitePool};

use super::super::lease::{Lease, Leases};
use super::super::record::{self, Chains, Record};
use super::super::{Preview, StoreError, bundles, gather};
use super::rows::{Text, columns, failed, limit};
use super::snapshot;
use crate::domain::ask::{Answer, AskState, Waiting};
use crate::domain::digest::Digest;
use crate::domain::event::{Stored, StreamId};
use crate::domain::folds::Folds;
use crate::domain::ids::{AskId, DeploymentId, DeploymentNo, StackId};
use crate::domain::person::Person;
use crate::domain::refused::Refused;
use crate::domain::sighting::{Sighting, SightingKey};
use crate::domain::time::Time;

/// The folds as of one moment: from the snapshot and what is newer, else from zero.
pub(super) async fn folds(pool: &SqlitePool, others: usize) -> Result<Folds, StoreError> {
    let mut moment = pool.begin().await.map_err(failed)?;
    let mut folds = snapshot::load(&mut moment, others)
        .await?
        .unwrap_or_default();
    let from = folds.seq;
    fold_since(&mut moment, &mut folds, from).await?;
    snapshot::complete(&mut moment, &mut folds).await?;
    gather::trim(&mut folds, others);
    Ok(folds)
}

async fn fold_since(
    moment: &mut SqliteConnection,
    folds: &mut Folds,
    seq: u64,
) -> Result<(), StoreError> {
    let behind: Vec<(Text, i64, Text)> = if seq == 0 {
        Vec::new()
    } else {
        let heads = "SELECT e.stream, e.version, e.hash FROM events e
                     JOIN (SELECT stream, min(version) - 1 AS version FROM events WHERE seq > ? GROUP BY stream) n
                     ON e.stream = n.stream AND e.version = n.version";
        sqlx::query_as(heads)
            .bind(seq.cast_signed())
            .fetch_all(&mut *moment)
            .await
            .map_err(failed)?
    };
    let text = |bytes: Text| String::from_utf8_lossy(&bytes).into_owned();
    let mut chains = Chains::behind(
        behind
            .into_iter()
            .map(|(name, version, hash)| (text(name), version.cast_unsigned(), text(hash))),
    );
    let mut newer = sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM events WHERE seq > ? ORDER BY seq"
    ))
    .bind(seq.cast_signed())
    .fetch(moment);
    while let Some(record) = newer.try_next().await.map_err(failed)? {
        let record: Record = record;
        match chains.read(&record) {
            Ok(stored) => folds.apply(&stored),
            // Nobody can tell of which stream it is.
            Err(_) => folds.seq = folds.seq.max(record.seq),
        }
    }
    Ok(())
}

/// Whether all of these leases hold still.
pub(super) async fn holds(pool: &SqlitePool, leases: &[Lease]) -> Result<bool, StoreError> {
    let kept: String = sqlx::query_scalar("SELECT value FROM meta WHERE key = 'leases'")
        .fetch_one(pool)
        .await
        .map_err(failed)?;
    let kept: Leases = record::value(&kept, "who works on the store")?;
    Ok(leases.iter().all(|lease| kept.holds(lease)))
}

pub(super) async fn since(
    pool: &SqlitePool,
    seq: u64,
    most: usize,
) -> Result<Vec<Stored>, StoreError> {
    let records = sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM events WHERE seq > ? ORDER BY seq LIMIT ?"
    ))
    .bind(seq.cast_signed())
    .bind(limit(most));
    read(records.fetch_all(pool).await)
}

pub(super) async fn newest(
    pool: &SqlitePool,
    seq: u64,
    most: usize,
) -> Result<Vec<Stored>, StoreError> {
    let below = if seq == 0 {
        i64::MAX
    } else {
        seq.cast_signed()
    };
    let records = sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM events WHERE seq <= ? ORDER BY seq DESC LIMIT ?"
    ))
    .bind(below)
    .bind(limit(most));
    read(records.fetch_all(pool).await)
}

pub(super) async fn stream(
    pool: &SqlitePool,
    stream: &StreamId,
) -> Result<Vec<Stored>, StoreError> {
    let records = sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM events WHERE stream = ? ORDER BY version"
    ))
    .bind(stream.to_string());
    let records: Vec<Record> = records.fetch_all(pool).await.map_err(failed)?;
    let mut chains = Chains::default();
    records.iter().map(|record| chains.read(record)).collect()
}

/// What can be read of them: of a record without the name of a stream nobody can tell where it
/// belongs.
fn read(records: Result<Vec<Record>, sqlx::Error>) -> Result<Vec<Stored>, StoreError> {
    let records = records.map_err(failed)?;
    Ok(records.iter().filter_map(|one| one.read().ok()).collect())
}

pub(super) async fn deployments_of(
    pool: &SqlitePool,
    stack: &StackId,
    most: usize,
) -> Result<Vec<DeploymentId>, StoreError> {
    let ids: Vec<String> =
        sqlx::query_scalar("SELECT id FROM deployments WHERE stack = ? ORDER BY no DESC LIMIT ?")
            .bind(stack.to_string())
            .bind(limit(most))
            .fetch_all(pool)
            .await
            .map_err(failed)?;
    ids.iter().map(|id| deployment(id)).collect()
}

pub(super) async fn numbered(
    pool: &SqlitePool,
    no: DeploymentNo,
) -> Result<Option<DeploymentId>, StoreError> {
    let id: Option<String> = sqlx::query_scalar("SELECT id FROM deployments WHERE no = ?")
        .bind(no.0.cast_signed())
        .fetch_optional(pool)
        .await
        .map_err(failed)?;
    id.map(|id| deployment(&id)).transpose()
}

fn deployment(id: &str) -> Result<DeploymentId, StoreError> {
    id.parse()
        .map_err(|why| record::unreadable("the id of a deployment", &why))
}

/// The unanswered asks, and those that this program cannot read with the answer that they get.
/// The asks that wait, and those that cannot be read. Only `owner` can write to the file.
pub(super) async fn asks(
    pool: &SqlitePool,
    owner: &Person,
) -> Result<(Vec<Waiting>, Vec<(String, AskState)>), StoreError> {
    let rows: Vec<(Text, Text, Text, i64)> = sqlx::query_as(
        "SELECT id, ask, state, asked_at FROM inbox WHERE answered = 0 ORDER BY place",
    )
    .fetch_all(pool)
    .await
    .map_err(failed)?;
    let (mut asks, mut strange) = (Vec::new(), Vec::new());
    for (id, ask, state, at) in rows {
        match (serde_json::from_slice(&ask), serde_json::from_slice(&state)) {
            (Ok(ask), Ok(state)) => asks.push(Waiting {
                ask,
                writer: owner.clone(),
                state,
                at: Time(at),
            }),
            (Err(why), _) | (_, Err(why)) => {
                strange.push((
                    String::from_utf8_lossy(&id).into_owned(),
                    not_understood(&why),
                ));
            }
        }
    }
    Ok((asks, strange))
}

fn not_understood(why: &serde_json::Error) -> AskState {
    let refused = Refused::new("unknown-ask", format!("the engine does not understand this ask: {why}"))
        .hint("the engine is older than the program that asked, or the ask is damaged: restart the engine, then ask again");
    AskState::Answered {
        answer: Answer::Refused(refused),
    }
}

pub(super) async fn ask(pool: &SqlitePool, id: AskId) -> Result<Option<AskState>, StoreError> {
    let state: Option<Text> = sqlx::query_scalar("SELECT state FROM inbox WHERE id = ?")
        .bind(id.to_string())
        .fetch_optional(pool)
        .await
        .map_err(failed)?;
    state
        .map(|state| record::value(&state, "the state of an ask"))
        .transpose()
}

pub(super) async fn preview(
    pool: &SqlitePool,
    subject: Digest,
) -> Result<Option<Preview>, StoreError> {
    let text: Option<Text> = sqlx::query_scalar(
        "SELECT preview FROM previews WHERE subject = ? ORDER BY made_at DESC, ask DESC LIMIT 1",
    )
    .bind(subject.to_string())
    .fetch_optional(pool)
    .await
    .map_err(failed)?;
    // One that cannot be read is made again, as one that is not kept.
    Ok(text.and_then(|text| serde_json::from_slice(&text).ok()))
}

pub(super) async fn sightings(
    pool: &SqlitePool,
    after: u64,
) -> Result<(Vec<(SightingKey, Sighting)>, u64), StoreError> {
    let rows: Vec<(Text, Text, Text, i64)> = sqlx::query_as(
        "SELECT subject, source, sighting, mark FROM sightings WHERE mark > ? ORDER BY mark",
    )
    .bind(after.cast_signed())
    .fetch_all(pool)
    .await
    .map_err(failed)?;
    let mark = rows.last().map_or(after, |row| row.3.cast_unsigned());
    // A sighting of a kind that this program does not know, or that is damaged, is nothing to show:
    // it is seen again.
    let known = rows.into_iter().filter_map(|(subject, source, text, _)| {
        let key = (
            String::from_utf8(subject).ok()?,
            String::from_utf8(source).ok()?,
        );
        Some((key, serde_json::from_slice(&text).ok()?))
    });
    Ok((known.collect(), mark))
}

pub(super) async fn interests(pool: &SqlitePool, now: Time) -> Result<Vec<String>, StoreError> {
    sqlx::query_scalar("SELECT DISTINCT subject FROM interest WHERE until > ? ORDER BY subject")
        .bind(now.0)
        .fetch_all(pool)
        .await
        .map_err(failed)
}

pub(super) async fn blob(pool: &SqlitePool, digest: Digest) -> Result<Option<Vec<u8>>, StoreError> {
    sqlx::query_scalar("SELECT bytes FROM blobs WHERE digest = ?")
        .bind(digest.to_string())
        .fetch_optional(pool)
        .await
        .map_err(failed)
}

/// All artifacts that asks on their way and stored bundles name.
pub(super) async fn named(
    pool: &SqlitePool,
    named: &mut BTreeSet<Digest>,
) -> Result<(), StoreError> {
    // A bundle without large files names none, and is not read.
    let all = "SELECT CAST(ask AS BLOB) FROM inbox WHERE answered = 0
               UNION ALL SELECT bytes FROM blobs WHERE instr(bytes, CAST('\"artifact\"' AS BLOB)) > 0";
    let mut rows = sqlx::query_scalar::<_, Vec<u8>>(all).fetch(pool);
    while let Some(row) = rows.try_next().await.map_err(failed)? {
        bundles::named(&row, named);
    }
    Ok(())
}
