//! The check of the whole store, for `doctor`: it reads everything, and gives up what is damaged.

use std::collections::BTreeSet;

use futures_util::TryStreamExt as _;
use sqlx::sqlite::SqlitePool;

use super::super::record::{FIRST, Record};
use super::super::{Ring, StoreError};
use super::op::Op;
use super::rows::{columns, failed};
use super::{Sqlite, contents, off, snapshot};

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checked {
    /// How many events there are.
    pub events: u64,
    /// In how many streams.
    pub streams: u64,
    /// How much content is kept beside them.
    pub contents: u64,
    /// What is wrong, as sentences; empty when all is well.
    pub faults: Vec<String>,
    /// The streams that are damaged.
    pub damaged: BTreeSet<String>,
    /// Whether what is kept besides the log is damaged; it is made anew from the log.
    pub kept_damaged: bool,
}

impl Sqlite {
    /// Checks the file and the whole log: that nothing is lost, pages, places, hash chains, that
    /// every event can be read, and that all content is what was kept. Streams that are damaged are
    /// folded anew from then on, so that they are frozen.
    pub async fn verify(&self) -> Result<Checked, StoreError> {
        let doubts = self.doubts().await?;
        let mut checked = verify(&self.readers).await?;
        checked
            .faults
            .splice(0..0, doubts.iter().map(ToString::to_string));
        contents::verify(&self.readers, &mut checked).await?;
        let blobs = self.blobs();
        for (digest, is_whole) in off(move || blobs.check()).await? {
            let fault = (!is_whole).then(|| contents::damaged(&digest.to_string()));
            contents::count(&mut checked, fault);
        }
        if checked.kept_damaged || !checked.damaged.is_empty() {
            let (streams, all) = (checked.damaged.clone(), checked.kept_damaged);
            let given_up = |reply| Op::GiveUp {
                streams,
                all,
                reply,
            };
            match self.write(Some(Ring::Log), given_up).await {
                // Nobody writes there anyway.
                Ok(()) | Err(StoreError::Doubted(_)) => {}
                Err(why) => checked.faults.push(why.to_string()),
            }
        }
        Ok(checked)
    }
}

/// How many faults are listed before the check stops listing.
pub(super) const LISTED: usize = 100;

async fn verify(pool: &SqlitePool) -> Result<Checked, StoreError> {
    let mut checked = Checked::default();
    let pages: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check(20)")
        .fetch_all(pool)
        .await
        .map_err(failed)?;
    checked.faults.extend(
        pages
            .into_iter()
            .filter(|line| line != "ok")
            .map(|line| format!("the file is damaged: {line}")),
    );
    let last: Option<i64> = sqlx::query_scalar("SELECT max(seq) FROM events")
        .fetch_one(pool)
        .await
        .map_err(failed)?;
    let mut events = sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM events ORDER BY stream, version"
    ))
    .fetch(pool)
    .map_err(failed);
    let mut before: Option<Record> = None;
    while let Some(record) = events.try_next().await? {
        let record: Record = record;
        checked.events += 1;
        let known = before
            .as_ref()
            .filter(|before| before.stream == record.stream);
        if known.is_none() {
            checked.streams += 1;
        }
        if let Some(fault) = fault(known, &record) {
            checked.damaged.insert(record.stream.clone());
            if checked.faults.len() < LISTED {
                checked.faults.push(fault);
            }
        }
        before = Some(record);
    }
    let last = last.unwrap_or(0).cast_unsigned();
    if last != checked.events {
        checked.faults.push(format!(
            "the log ends at place {last} but holds {} events: some are missing",
            checked.events
        ));
    }
    let kept = snapshot::damaged(pool).await?;
    checked.kept_damaged = !kept.is_empty();
    checked
        .faults
        .extend(kept.into_iter().take(LISTED).map(|name| {
            format!(
                "what is kept of {name} besides the log is damaged: it is made anew from the log"
            )
        }));
    Ok(checked)
}

/// What is wrong with a record behind the one before it in its stream.
fn fault(before: Option<&Record>, record: &Record) -> Option<String> {
    let (version, hash) =
        before.map_or((0, FIRST), |before| (before.version, before.hash.as_str()));
    let place = format!(
        "{} version {} (place {} in the log)",
        record.stream, record.version, record.seq
    );
    if !record.garbled.is_empty() {
        return Some(format!(
            "{place} is damaged: its {} is not text",
            record.garbled.join(", ")
        ));
    }
    if record.version != version + 1 {
        return Some(format!(
            "{place} follows version {version}: events are missing in between"
        ));
    }
    if record.hash != record.hash_after(hash) {
        return Some(format!(
            "{place} is not what was written: its hash does not follow from it and the event before"
        ));
    }
    match record.read() {
        Ok(stored) => stored.event.err().map(|why| format!("{place}: {why}")),
        Err(why) => Some(format!("{place}: {why}")),
    }
}
