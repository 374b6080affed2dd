//! Sees to it that an engine runs: looks at the lock, starts one where there is none, asks an older
//! one to hand over.

use std::time::Duration;

use crate::domain::ask::{Ask, InboxAsk};
use crate::domain::ids::AskId;
use crate::os::lock::Lock;
use crate::os::paths::Home;
use crate::world::{DiskFull, EngineState};

use super::watch::{self, Do};
use super::work::Worker;

impl Worker {
    /// Looks at the engine, and does what is to be done about it.
    pub(super) fn see_to_the_engine(&mut self) {
        let Some(home) = &self.parts.home else { return };
        let now = self.now();
        let (seen, what, said) = match lock(home) {
            Ok((free, said, silent)) => {
                // One that must not write to this store would end at once.
                let may = self.parts.engine.is_some() && self.doubt.is_none();
                let ours = self.parts.version.clone();
                let (seen, what) = self.watch.look(free, &said, silent, &ours, may, now);
                let seen = match (&self.doubt, seen) {
                    (Some(doubt), EngineState::None(_) | EngineState::Starting) => {
                        EngineState::None(doubt.to_string())
                    }
                    (_, seen) => seen,
                };
                (seen, what, said)
            }
            Err(why) => (EngineState::None(why), Do::Nothing, String::new()),
        };
        let full_since = self.watch.full_since(home, &seen, &said, now);
        let gap = watch::gap(&seen, &said);
        let seen = match (what, &self.parts.engine, seen) {
            (Do::Start, Some(engine), seen) => {
                (engine.start)().map_or_else(EngineState::None, |()| seen)
            }
            (Do::AskToDrain, _, seen) => {
                let id = AskId((self.parts.fresh)());
                let ask = Ask::Drain {
                    version: self.parts.version.clone(),
                };
                self.unsent
                    .push((InboxAsk::new(id, self.parts.via, ask), self.now()));
                seen
            }
            (Do::Nothing, Some(engine), EngineState::None(why)) if self.doubt.is_none() => {
                let words = (engine.last_words)();
                EngineState::None(if words.is_empty() {
                    why
                } else {
                    format!("{why}: {words}")
                })
            }
            (Do::Nothing | Do::Start, _, seen) => seen,
        };
        let disk_full = full_since.map(|since| DiskFull {
            home: home.folder().display().to_string(),
            since,
        });
        if self.engine != seen || self.disk_full != disk_full || self.gap != gap {
            (self.engine, self.disk_full, self.gap) = (seen, disk_full, gap);
            self.publish();
        }
    }
}

/// Whether the lock is free, what stands in it, and how long that was not said anew.
fn lock(home: &Home) -> Result<(bool, String, Duration), String> {
    let path = home.engine_lock();
    let free = Lock::is_free(&path).map_err(|why| why.to_string())?;
    let silent = Lock::silent_for(&path).unwrap_or_default();
    Ok((free, Lock::said(&path), silent))
}
