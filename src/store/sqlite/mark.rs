//! What was recorded last, kept outside the database: so it is noticed when a part of that is lost.
//! It is written behind each commit, and may lag by the one that was under way when its engine was
//! killed. It does not wait for the disk: after a power cut it may be older, and says less; the
//! database never lags behind it, because a commit has reached the disk before it is marked.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::record::{self, Record};
use crate::domain::gap::{Gap, SURE};
use crate::domain::time::Time;
use crate::os::clock::{SharedClock, Uptime};
use crate::os::files::FileError;
use crate::os::paths::Home;
use crate::os::slot::{Pen, Slot};

/// The last place of the log, and the last number that was given.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Mark {
    /// The id of the store.
    pub store: String,
    /// The last place; 0 when there is none.
    pub seq: u64,
    /// The hash of the event there.
    pub hash: String,
    /// The last number that was given to a deployment.
    pub no: u64,
    /// When that was.
    #[serde(default)]
    pub at: Time,
    /// When that was by a clock that nobody can set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up: Option<Uptime>,
    /// A time before that which nothing confirms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
}

impl Mark {
    /// The mark of a home; none where there is none, or it is damaged.
    pub(super) fn read(home: &Home) -> Result<Option<Mark>, FileError> {
        let value = Slot::at(home.mark()).read()?;
        Ok(value.and_then(|value| serde_json::from_slice(&value).ok()))
    }

    /// The time since then which nothing confirms: what is more, or less, than has passed for sure.
    pub(super) fn gap(&self, now: Time, up: Option<&Uptime>) -> Option<Gap> {
        let passed = match (&self.up, up) {
            (Some(before), Some(up)) => up.since(before),
            (Some(_) | None, None) | (None, Some(_)) => Duration::ZERO,
        };
        let sure = self.at + passed;
        let is_sure = self.at.0 == 0 || (now + SURE >= self.at && now <= sure + SURE);
        let fresh = (!is_sure).then_some(Gap {
            from: sure,
            to: now,
        });
        match (self.gap.filter(|old| !old.is_made_up(now)), fresh) {
            // What was not confirmed since is still in doubt.
            (Some(old), Some(fresh)) => Some(Gap {
                from: old.from.min(fresh.from),
                to: fresh.to,
            }),
            (old, fresh) => fresh.or(old),
        }
    }

    /// Whether nothing was recorded by then.
    pub(super) fn is_empty(&self) -> bool {
        self.seq == 0 && self.no == 0
    }
}

/// Keeps the mark of an engine's store.
pub(super) struct Marker {
    pen: Pen,
    mark: Mark,
    clock: SharedClock,
}

impl Marker {
    /// Begins with what the database has now; that is on the disk when this ends.
    pub(super) fn begin(home: &Home, mark: Mark, clock: SharedClock) -> Result<Self, FileError> {
        let slot = Slot::at(home.mark());
        if Mark::read(home)?.is_none() {
            slot.make()?;
        }
        let mut marker = Self {
            pen: slot.pen()?,
            mark,
            clock,
        };
        marker.write()?;
        marker.pen.sync()?;
        Ok(marker)
    }

    /// A commit has reached the disk: its last event, if it had one, and the highest number of it.
    pub(super) fn recorded(&mut self, last: Option<&Record>, no: u64) {
        if last.is_none() && no <= self.mark.no {
            return;
        }
        if let Some(last) = last {
            self.mark.seq = last.seq;
            self.mark.hash.clone_from(&last.hash);
        }
        self.mark.no = self.mark.no.max(no);
        if let Err(why) = self.write() {
            tracing::warn!("the mark of the store is old, so a loss may not be noticed: {why}");
        }
    }

    /// The clock is right.
    pub(super) fn close_gap(&mut self) -> Result<(), FileError> {
        self.mark.gap = None;
        self.write()?;
        self.pen.sync()
    }

    fn write(&mut self) -> Result<(), FileError> {
        (self.mark.at, self.mark.up) = (self.clock.now(), Uptime::now());
        let text = record::text(&self.mark).unwrap_or_default();
        self.pen.write(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_passed_for_sure_is_told_from_what_the_clock_says() {
        const HOUR: i64 = 3_600_000;
        let up = |start: &str, hours: u64| Uptime {
            start: start.into(),
            millis: hours * 3_600_000,
        };
        let mark = Mark {
            at: Time(100 * HOUR),
            up: Some(up("a", 10)),
            ..Mark::default()
        };
        let gap = |from: i64, to: i64| {
            Some(Gap {
                from: Time(from * HOUR),
                to: Time(to * HOUR),
            })
        };
        // (hours, uptime, what is not sure)
        let cases = [
            ("at once", 100, Some(up("a", 10)), None),
            ("a day of rest or sleep", 124, Some(up("a", 34)), None),
            ("set 25 h ahead", 125, Some(up("a", 10)), gap(100, 125)),
            ("set ahead meanwhile", 130, Some(up("a", 14)), gap(104, 130)),
            ("set back", 90, Some(up("a", 10)), gap(100, 90)),
            ("off for a night", 112, Some(up("b", 1)), gap(101, 112)),
            ("restarted", 101, Some(up("b", 1)), None),
            ("the system does not say", 101, None, gap(100, 101)),
        ];
        for (what, now, up, expected) in cases {
            let now = Time(now * HOUR);
            assert_eq!(mark.gap(now, up.as_ref()), expected, "{what}");
        }
        let doubted = Mark {
            gap: gap(50, 75),
            ..mark.clone()
        };
        assert_eq!(
            doubted.gap(Time(100 * HOUR), Some(&up("a", 10))),
            gap(50, 75),
            "a new start confirms nothing"
        );
        let twice = doubted.gap(Time(125 * HOUR), Some(&up("a", 10)));
        assert_eq!(twice, gap(50, 125));
        let behind = Mark {
            gap: gap(101, 90),
            ..mark.clone()
        };
        let up = up("a", 10);
        assert_eq!(behind.gap(Time(100 * HOUR), Some(&up)), gap(101, 90));
        let caught_up = Mark {
            at: Time(101 * HOUR),
            ..behind
        };
        assert_eq!(caught_up.gap(Time(101 * HOUR), Some(&up)), None);
        assert_eq!(Mark::default().gap(Time(HOUR), None), None, "a new store");
    }
}
