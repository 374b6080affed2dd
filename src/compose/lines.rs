//! Lines of an engine into the spool, off the engine's thread.

use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use anyhow::Result;
use holdpoint::domain::ids::StackId;
use holdpoint::domain::line::{Giver, Id, Line};
use holdpoint::domain::time::Time;
use holdpoint::engine::Lines;
use holdpoint::os::clock::SharedClock;
use holdpoint::os::disk::Disk;
use holdpoint::os::paths::Home;
use holdpoint::store::spool::{Limits, Spool, Writer};

/// How often it is looked whether the spool is to be swept although no line came.
const SWEEP: Duration = Duration::from_mins(5);

/// How soon what could not be written is tried again.
pub(super) const AGAIN: Duration = Duration::from_secs(3);

/// Lines of an engine into the spool, in the order in which they came, off the engine's thread.
struct ToSpool {
    spool: Arc<Spool>,
    to: std::sync::mpsc::Sender<Vec<Line>>,
}

impl Lines for ToSpool {
    fn take(&self, lines: Vec<Line>) {
        // The writer ends only with the process.
        let _ = self.to.send(lines);
    }

    fn kept(&self, stack: &StackId, group: &str, back: Duration) -> Vec<(String, Time)> {
        match self.spool.newest(stack, group, back) {
            Ok(lines) => lines
                .into_iter()
                .filter_map(|line| match line.id {
                    Id::Name(name) => Some((name, line.at)),
                    Id::Nth(_) => None,
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
    let (to, from) = std::sync::mpsc::channel::<Vec<Line>>();
    let sweeps = Arc::clone(&spool);
    let mut writer = Writer::new(Arc::clone(&spool));
    std::thread::Builder::new()
        .name("spool".to_owned())
        .spawn(move || {
            loop {
                if let Err(why) = sweeps.sweep_when_due(clock.now()) {
                    tracing::warn!("old lines are not removed: {why}");
                }
                let lines = match from.recv_timeout(if writer.waits() { AGAIN } else { SWEEP }) {
                    Ok(lines) => lines.into_iter().chain(from.try_iter().flatten()).collect(),
                    Err(RecvTimeoutError::Timeout) => Vec::new(),
                    Err(RecvTimeoutError::Disconnected) => return,
                };
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
            }
        })?;
    Ok(Arc::new(ToSpool { spool, to }))
}
