//! How fast the store is, next to what the disk allows in the same minute: row 12 (durable events)
//! and the spool of the performance table. Prints figures, asserts nothing: `cargo bench --bench
//! store [-- FOLDER]`.
#![allow(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "figures are printed, and nobody needs their last digit"
)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use holdpoint::domain::environment::{EnvironmentEvent, Freeze};
use holdpoint::domain::event::{Append, Event, StreamId};
use holdpoint::domain::line::{Line, Severity, SourceKind, Turn};
use holdpoint::domain::person::Person;
use holdpoint::domain::time::Time;
use holdpoint::os::clock::Real;
use holdpoint::os::lock::Lock;
use holdpoint::os::paths::Home;
use holdpoint::store::spool::{Limits, Of, Position, Spool};
use holdpoint::store::sqlite::Sqlite;
use holdpoint::store::{By, EngineId, NO_END, Scope, Store as _};

const FOR: Duration = Duration::from_secs(2);
const AT_ONCE: usize = 1_000;
const LINES: i64 = 100_000;

fn main() -> anyhow::Result<()> {
    let named = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'))
        .map(PathBuf::from);
    let folder = tempfile::tempdir_in(named.as_deref().unwrap_or(Path::new("target")))?;
    let home = Home::open(Some(&folder.path().join("home")))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(events(&home, folder.path()))?;
    spool(&home)
}

async fn events(home: &Home, folder: &Path) -> anyhow::Result<()> {
    let lock = Lock::exclusive(&home.engine_lock())?.context("the lock is free")?;
    let store = Arc::new(Sqlite::engine(home, &lock, Real::shared()).await?);
    let under = store
        .take(EngineId(holdpoint::os::random::id()), &[Scope::All], NO_END)
        .await?
        .leases;
    let by = By {
        person: Person::Engine,
        cause: None,
        at: Time(0),
        under,
    };
    for round in 1..=3 {
        let fsync = fsync(folder)?;
        let single = single(&store, &by, round).await?;
        let fsync_after = self::fsync(folder)?;
        let many = many(&store, &by, round).await?;
        let line = fsync.midpoint(fsync_after);
        println!("round {round}: fsync {fsync:>8.0}/s, then {fsync_after:.0}/s");
        println!(
            "  one by one      {single:>8.0} events/s  {:>6.2} x the fsync line",
            single / line
        );
        println!(
            "  {AT_ONCE} at once    {many:>8.0} events/s  {:>6.2} x the fsync line",
            many / line
        );
    }
    let started = Instant::now();
    let folds = store.folds(50).await?;
    println!(
        "folds of {} events from zero: {:.0} ms",
        folds.seq,
        started.elapsed().as_secs_f64() * 1e3
    );
    store.snapshot(&folds).await?;
    let started = Instant::now();
    store.folds(50).await?;
    println!(
        "the same from a snapshot: {:.1} ms",
        started.elapsed().as_secs_f64() * 1e3
    );
    Ok(())
}

/// The line: no durable one-event commit on this disk can be quicker.
fn fsync(folder: &Path) -> anyhow::Result<f64> {
    let mut file = std::fs::File::create(folder.join("fsync"))?;
    let block = [b'x'; 4_096];
    rate(|| {
        file.write_all(&block)?;
        Ok(file.sync_data()?)
    })
}

fn rate(mut step: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let (started, mut count) = (Instant::now(), 0u32);
    while started.elapsed() < FOR {
        step()?;
        count += 1;
    }
    Ok(f64::from(count) / started.elapsed().as_secs_f64())
}

fn event(stream: &StreamId, version: u64) -> Append {
    let freeze = Freeze {
        reason: "x".repeat(200),
        by: Person::Engine,
        at: Time(0),
        until: None,
    };
    let mut append = Append::default();
    append.push(
        stream.clone(),
        version,
        Event::Environment(EnvironmentEvent::Frozen { freeze }),
    );
    append
}

async fn single(store: &Sqlite, by: &By, round: u32) -> anyhow::Result<f64> {
    let stream = StreamId::Environment(format!("single-{round}").parse()?);
    let (started, mut version) = (Instant::now(), 0u32);
    while started.elapsed() < FOR {
        store
            .append(&event(&stream, version.into()), by, None)
            .await?;
        version += 1;
    }
    Ok(f64::from(version) / started.elapsed().as_secs_f64())
}

async fn many(store: &Arc<Sqlite>, by: &By, round: u32) -> anyhow::Result<f64> {
    let started = Instant::now();
    let tasks = (0..AT_ONCE).map(|n| {
        let (store, by) = (Arc::clone(store), by.clone());
        tokio::spawn(async move {
            let stream = StreamId::Environment(format!("many-{round}-{n}").parse()?);
            let mut version = 0u32;
            while started.elapsed() < FOR {
                store
                    .append(&event(&stream, version.into()), &by, None)
                    .await?;
                version += 1;
            }
            anyhow::Ok(version)
        })
    });
    let mut count = 0;
    for task in tasks.collect::<Vec<_>>() {
        count += task.await??;
    }
    Ok(f64::from(count) / started.elapsed().as_secs_f64())
}

fn spool(home: &Home) -> anyhow::Result<()> {
    let spool = Spool::open(home, Limits::default())?;
    let mut lines: Vec<Line> = (0..LINES)
        .map(|n| {
            Ok(Line {
                turn: Turn::default(),
                phase: None,
                at: Time(n),
                id: format!("{n:056}").into(),
                kind: SourceKind::Logs,
                source: "/ecs/prod/orders".into(),
                part: "orders/web/0a1b2c3d".into(),
                stack: "prod/orders".parse()?,
                no: None,
                severity: Severity::Info,
                text: "GET /orders/4711 200 12ms user=8812 trace=6f1c7a52-98f1-4f0e-b8a5-ffb17ce6a3a1 region=eu-west-1".into(),
            })
        })
        .collect::<anyhow::Result<_>>()?;
    let started = Instant::now();
    for part in lines.chunks_mut(500) {
        spool.append(part)?;
    }
    println!(
        "spool: {:>9.0} lines/s written",
        LINES as f64 / started.elapsed().as_secs_f64()
    );
    let started = Instant::now();
    let (read, _) = spool.tail(
        &Of::Stack("prod/orders".parse()?),
        &Position::default(),
        usize::MAX,
    )?;
    println!(
        "spool: {:>9.0} lines/s read",
        read.len() as f64 / started.elapsed().as_secs_f64()
    );
    let started = Instant::now();
    let (last, _) = spool.last(&Of::All, 5_000)?;
    println!(
        "spool: the last {} lines in {:.1} ms",
        last.len(),
        started.elapsed().as_secs_f64() * 1e3
    );
    Ok(())
}
