//! Lines of an engine into the spool, off the engine's thread.

use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use anyhow::Result;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use holdpoint::domain::ids::StackId;
use holdpoint::domain::line::{Giver, Id, Line};
use holdpoint::domain::time::Time;
use holdpoint::engine::Lines;
use holdpoint::os::clock::SharedClock;
use holdpoint::os::disk::Disk;
use holdpoint::os::paths::Home;
use holdpoint::store::spool::{Limits, Spool, Writer};
use tokio::sync::oneshot;

/// How often it is looked whether the spool is to be swept although no line came.
const SWEEP: Duration = Duration::from_mins(5);

/// How soon what could not be written is tried again.
pub(super) const AGAIN: Duration = Duration::from_secs(3);

/// Lines of an engine into the spool, in the order in which they came, off the engine's thread.
struct ToSpool {
    spool: Arc<Spool>,
    to: std::sync::mpsc::Sender<Given>,
}

/// What the writer is given.
enum Given {
    Lines(Vec<Line>),
    /// Somebody waits until what was given before is written.
    Flush(oneshot::Sender<()>),
}

impl Lines for ToSpool {
    fn take(&self, lines: Vec<Line>) {
        // The writer ends only with the process.
        let _ = self.to.send(Given::Lines(lines));
    }

    fn flushed(&self) -> BoxFuture<'static, ()> {
        let (written, flushed) = oneshot::channel();
        let _ = self.to.send(Given::Flush(written));
        flushed.map(drop).boxed()
    }

    fn kept(&self, stack: &StackId, group: &str, back: Duration) -> Vec<(String, Time)> {
        match self.spool.newest(stack, group, back) {
            Ok(lines) => lines
                .into_iter()
                .filter_map(|line| match line.id {
                    Id::Name(name) => Some((name, line.at)),
                    Id::Nth(_) | Id::OfPart { .. } => None,
                })
                .collect(),
            Err(why) => {
                tracing::warn!("what is kept of {group} cannot be read: {why}");
                Vec::new()
            }
        }
    }

    fn reached(&self, stack: &StackId, giver: &Giver) -> Option<u64> {
        self.spool.reached(stack, giver).unwrap_or_else(|why| {
            tracing::warn!("how far the output of {stack} is kept cannot be read: {why}");
            None
        })
    }
}

pub(super) fn to_spool(home: &Home, clock: SharedClock, disk: Arc<Disk>) -> Result<Arc<dyn Lines>> {
    let spool = Arc::new(Spool::open(home, Limits::default())?);
    let (to, from) = std::sync::mpsc::channel::<Given>();
    let sweeps = Arc::clone(&spool);
    let mut writer = Writer::new(Arc::clone(&spool));
    std::thread::Builder::new()
        .name("spool".to_owned())
        .spawn(move || {
            let mut flushes: Vec<oneshot::Sender<()>> = Vec::new();
            loop {
                if let Err(why) = sweeps.sweep_when_due(clock.now()) {
                    tracing::warn!("old lines are not removed: {why}");
                }
                let first = match from.recv_timeout(if writer.waits() { AGAIN } else { SWEEP }) {
                    Ok(given) => Some(given),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => return,
                };
                let mut lines = Vec::new();
                for given in first.into_iter().chain(from.try_iter()) {
                    match given {
                        Given::Lines(more) => lines.extend(more),
                        Given::Flush(written) => flushes.push(written),
                    }
                }
                let waited = writer.waits();
                match writer.write(lines) {
                    Ok(()) if waited => tracing::info!("the lines that waited are written"),
                    Ok(()) => {}
                    Err(why) => {
                        if why.is_full() {
                            disk.refused(clock.now());
                        }
                        // Once: a log on the same disk is not to grow by what cannot be written.
                        if !waited {
                            tracing::warn!("lines wait to be written: {why}");
                        }
                    }
                }
                if !writer.waits() {
                    for written in flushes.drain(..) {
                        let _ = written.send(());
                    }
                }
            }
        })?;
    Ok(Arc::new(ToSpool { spool, to }))
}

#[cfg(test)]
mod tests {
    use holdpoint::domain::ids::DeploymentNo;
    use holdpoint::domain::line::{Severity, SourceKind, Turn};
    use holdpoint::os::clock::Real;
    use holdpoint::text::safe::Safe;

    use super::*;

    fn line(nth: u64) -> Line {
        Line {
            turn: Turn::default(),
            phase: None,
            at: Time(1_700_000_000_000),
            id: Id::Nth(nth),
            kind: SourceKind::Out,
            source: Safe::new("say"),
            part: Safe::default(),
            stack: "dev/say".parse().unwrap(),
            no: Some(DeploymentNo(1)),
            severity: Severity::Info,
            text: Safe::new("said"),
        }
    }

    #[tokio::test]
    async fn what_was_taken_before_a_flush_is_kept_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(Some(&folder.path().join("home"))).unwrap();
        let disk = Arc::new(Disk::of(home.folder()));
        let lines = to_spool(&home, Arc::new(Real::default()), disk).unwrap();
        for batch in 0..50 {
            lines.take((0..1_000).map(|n| line(batch * 1_000 + n)).collect());
        }
        lines.flushed().await;
        // Another engine, or this one after a kill: what it finds is what was written.
        let spool = Spool::open(&home, Limits::default()).unwrap();
        let giver = line(0).giver();
        let reached = spool.reached(&line(0).stack, &giver).unwrap();
        assert_eq!(reached, Some(49_999));
    }
}
