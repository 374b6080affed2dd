//! Which log events were given already. The two calls that tell events tell no common id, so an
//! event is known by where, when and what it was, and by how many equal ones came before it.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::domain::digest::Digest;
use crate::domain::time::Time;

/// How many events are remembered.
const REMEMBERED: usize = 300_000;
/// How many different events a count goes over, at least.
const COUNTED: usize = 50_000;

/// One event as either call tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) at: Time,
    pub(super) ingested: Time,
    pub(super) stream: String,
    pub(super) message: String,
}

/// What an event is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    digest: Digest,
    nth: u32,
}

impl Mark {
    /// The id of its line.
    pub(super) fn id(self) -> String {
        let text = self.digest.to_string();
        format!("{}#{}", &text[..24], self.nth)
    }

    fn short(self) -> u64 {
        counted(short(self.digest), self.nth)
    }
}

/// What is remembered of the event whose line has that id; none for an id that no [`Mark`] made.
fn short_of_id(id: &str) -> Option<u64> {
    let (digest, nth) = id.split_once('#')?;
    Some(counted(
        u64::from_str_radix(digest.get(..16)?, 16).ok()?,
        nth.parse().ok()?,
    ))
}

fn counted(short: u64, nth: u32) -> u64 {
    short.wrapping_add(u64::from(nth).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn short(digest: Digest) -> u64 {
    digest
        .bytes()
        .iter()
        .take(8)
        .fold(0, |all, byte| all << 8 | u64::from(*byte))
}

/// Counts equal events of one answer, or of one session.
#[derive(Debug, Default)]
pub(super) struct Equal {
    now: HashMap<u64, u32>,
    before: HashMap<u64, u32>,
    buffer: Vec<u8>,
}

impl Equal {
    /// The mark of the next event of a group.
    pub(super) fn mark(&mut self, group: &str, event: &Event) -> Mark {
        self.buffer.clear();
        for part in [group, &event.stream, &event.message] {
            self.buffer
                .extend_from_slice(&(part.len() as u64).to_le_bytes());
            self.buffer.extend_from_slice(part.as_bytes());
        }
        for time in [event.at, event.ingested] {
            self.buffer.extend_from_slice(&time.0.to_le_bytes());
        }
        let digest = Digest::of_bytes(&self.buffer);
        let key = short(digest);
        let seen = self
            .now
            .get(&key)
            .or_else(|| self.before.get(&key))
            .copied();
        let nth = seen.map_or(0, |nth| nth + 1);
        self.now.insert(key, nth);
        if self.now.len() >= COUNTED {
            // Equal events stand close together: what is long past is not counted on.
            self.before = std::mem::take(&mut self.now);
        }
        Mark { digest, nth }
    }
}

/// The events that were given.
#[derive(Debug)]
pub(super) struct GivenEvents {
    marks: HashSet<u64>,
    order: VecDeque<(u64, Time)>,
    limit: usize,
    forgotten: Time,
}

impl Default for GivenEvents {
    fn default() -> Self {
        Self {
            marks: HashSet::new(),
            order: VecDeque::new(),
            limit: REMEMBERED,
            forgotten: Time(0),
        }
    }
}

impl GivenEvents {
    /// True for an event that was not given before; it counts as given from now on.
    pub(super) fn is_new(&mut self, mark: Mark, at: Time) -> bool {
        self.remember(mark.short(), at)
    }

    /// Counts an event as given, by the id of its line.
    pub(super) fn was_given(&mut self, id: &str, at: Time) {
        if let Some(short) = short_of_id(id) {
            self.remember(short, at);
        }
    }

    fn remember(&mut self, short: u64, at: Time) -> bool {
        if !self.marks.insert(short) {
            return false;
        }
        self.order.push_back((short, at));
        if self.order.len() > self.limit
            && let Some((old, at)) = self.order.pop_front()
        {
            self.marks.remove(&old);
            self.forgotten = self.forgotten.max(at);
        }
        true
    }

    /// Events at or before this time may be forgotten: whoever reads them again gives them twice.
    pub(super) fn forgotten(&self) -> Time {
        self.forgotten
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at: i64, message: &str) -> Event {
        Event {
            at: Time(at),
            ingested: Time(at + 5),
            stream: "s".into(),
            message: message.into(),
        }
    }

    #[test]
    fn equal_events_are_told_apart_by_their_count() {
        let (mut live, mut filled) = (Equal::default(), Equal::default());
        let twice = [event(1, "same"), event(1, "same"), event(2, "same")];
        let a: Vec<Mark> = twice.iter().map(|event| live.mark("g", event)).collect();
        let b: Vec<Mark> = twice.iter().map(|event| filled.mark("g", event)).collect();
        assert_eq!(a, b, "both calls know them by the same marks");
        assert_ne!(a[0], a[1]);
        assert!(
            a[0].id().ends_with("#0") && a[1].id().ends_with("#1") && a[2].id().ends_with("#0")
        );
        let moved = Event {
            stream: "sg".into(),
            ..event(1, "ame")
        };
        assert_ne!(
            Equal::default().mark("g", &moved),
            Equal::default().mark("g", &event(1, "same"))
        );
    }

    #[test]
    fn an_event_is_known_by_the_id_of_its_line() {
        let (mut equal, mut known) = (Equal::default(), GivenEvents::default());
        let marks: Vec<Mark> = (0..3).map(|_| equal.mark("g", &event(1, "same"))).collect();
        known.was_given(&marks[1].id(), Time(1));
        known.was_given("gap/g/1", Time(1));
        let new: Vec<bool> = marks
            .iter()
            .map(|mark| known.is_new(*mark, Time(1)))
            .collect();
        assert_eq!(new, [true, false, true]);
    }

    #[test]
    fn memory_is_bounded_and_says_how_far_it_reaches() {
        let mut known = GivenEvents {
            limit: 10,
            ..GivenEvents::default()
        };
        let mut equal = Equal::default();
        let marks: Vec<Mark> = (0..12).map(|n| equal.mark("g", &event(n, "x"))).collect();
        assert!(
            marks
                .iter()
                .zip(0..)
                .all(|(mark, at)| known.is_new(*mark, Time(at)))
        );
        assert!(!known.is_new(marks[11], Time(11)));
        assert_eq!(
            (known.forgotten(), known.marks.len(), known.order.len()),
            (Time(1), 10, 10)
        );
        assert!(known.is_new(marks[0], Time(0)), "forgotten");
    }
}
