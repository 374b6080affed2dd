//! What is said beside the lines: where what is kept begins, and how the tails are doing, whenever
//! that changes.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use crate::cli::Out;
use crate::desk::{Begin, Reading};
use crate::domain::time::short;
use crate::world::tails::{TailSighting, TailState};

use super::Wanted;

/// A tail that is further behind than this is said to be.
const BEHIND: Duration = Duration::from_secs(30);

/// What was said already.
#[derive(Debug, Default)]
pub(super) struct Telling {
    kept: bool,
    trouble: Option<String>,
    tails: BTreeMap<String, (Health, u64)>,
}

/// How a tail is doing, as far as it is worth a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Unknown,
    Waits,
    Cut,
    Behind,
    Sampled,
    Follows,
}

impl Telling {
    /// Why what is kept could not be read, the last time.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Says once where what is kept begins, if more was asked for.
    pub(super) fn kept(
        &mut self,
        readings: &[Reading],
        wanted: &Wanted,
        out: &mut Out<'_, '_>,
    ) -> io::Result<()> {
        let trouble = readings.iter().find_map(|reading| reading.trouble.clone());
        if trouble != self.trouble {
            if let Some(why) = &trouble {
                out.aside(&format!("holdpoint: what is kept cannot be read: {why}"))?;
            }
            self.trouble = trouble;
        }
        let Some(begins) = readings.iter().filter_map(|reading| reading.begins).min() else {
            return Ok(());
        };
        if self.kept || !readings.iter().all(|reading| reading.read) {
            return Ok(());
        }
        self.kept = true;
        match wanted.begin() {
            Begin::Newest if readings.iter().any(|reading| reading.older) => {
                out.aside(&format!("holdpoint: these are the newest lines; what is kept begins at {begins}, and --since reads it"))
            }
            Begin::Since(_) if wanted.since.is_some_and(|since| since < begins) => out.aside(&format!(
                "holdpoint: what is kept begins at {begins}: a log group is read from 15 minutes before it is first followed, and kept for 7 days"
            )),
            Begin::Newest | Begin::Since(_) => Ok(()),
        }
    }

    /// Says how the tails are doing where that has changed. That nobody follows yet is said when it
    /// was waited for.
    pub(super) fn tails(
        &mut self,
        tails: &[TailSighting<'_>],
        waited: bool,
        out: &mut Out<'_, '_>,
    ) -> io::Result<()> {
        for tail in tails {
            let health = health(tail);
            let before = self.tails.get(tail.group).copied();
            if before.is_none() && health == Health::Unknown && !waited {
                continue;
            }
            let (was, dropped) = before.unwrap_or((Health::Follows, 0));
            if was != health {
                out.aside(&format!("holdpoint: {}", says(tail, health)))?;
            }
            if tail.dropped > dropped {
                out.aside(&format!(
                    "holdpoint: {} lines of {} are lost",
                    tail.dropped - dropped,
                    tail.group
                ))?;
            }
            self.tails
                .insert(tail.group.to_owned(), (health, tail.dropped));
        }
        Ok(())
    }
}

fn health(tail: &TailSighting<'_>) -> Health {
    match tail.state {
        TailState::Unknown => Health::Unknown,
        TailState::Waits(_) => Health::Waits,
        TailState::Cut(_) => Health::Cut,
        TailState::Follows if tail.behind > BEHIND => Health::Behind,
        TailState::Follows if tail.sampled => Health::Sampled,
        TailState::Follows => Health::Follows,
    }
}

fn says(tail: &TailSighting<'_>, health: Health) -> String {
    let group = tail.group;
    match (health, tail.state) {
        (_, TailState::Waits(why)) => why.to_string(),
        (_, TailState::Cut(why)) => {
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            format!(
                "the tail of {group} has been cut for {}{why}; what is written meanwhile is read when it is back",
                short(tail.behind)
            )
        }
        (Health::Behind, _) => format!("{group} is {} behind", short(tail.behind)),
        (Health::Sampled, _) => {
            format!("{group} is sampled by the service: every line is read, a little later")
        }
        (Health::Unknown, _) => {
            format!("nobody follows {group} now: is there an engine? `holdpoint doctor` tells")
        }
        (Health::Follows | Health::Waits | Health::Cut, _) => {
            format!("{group} is followed again")
        }
    }
}
