//! How careful to be with an account now, as data: the time between two reads, the quick ones, what
//! a throttle does to them and how calm brings them back. It waits for nothing.

use std::time::Duration;

use super::Use;
use crate::domain::time::Time;

/// The pause after a first throttle.
pub(super) const FIRST: Duration = Duration::from_millis(500);
/// The longest pause.
pub(super) const LONGEST: Duration = Duration::from_secs(20);
/// The time between two reads: four a second.
pub(super) const PACE: Duration = Duration::from_millis(250);
/// How often the pace is halved at most: one read in eight seconds.
pub(super) const SLOWEST: u32 = 5;
/// So long without a throttle, and the pace is doubled again.
pub(super) const CALM: Duration = Duration::from_secs(10);
/// Throttles within so short a time are one: they answer calls that were under way together.
pub(super) const TOGETHER: Duration = Duration::from_millis(250);
/// How many reads may go before their time after a rest.
pub(super) const QUICK: u32 = 16;
/// How many more may after each change.
pub(super) const AFTER_A_CHANGE: u32 = 2;
/// How long quick ones are kept: whoever waits longer has the pace.
pub(super) const HURRY: Duration = Duration::from_secs(2);
/// Pages of lines that may go at once after a rest; then they have the pace of reads.
pub(super) const PAGES: u32 = 8;
/// So long without a read for which somebody waits is a rest.
pub(super) const REST: Duration = Duration::from_secs(10);

/// How careful to be now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pace {
    /// How often in a row AWS asked for fewer calls.
    pub(super) strikes: u32,
    /// Before that nothing is changed.
    pub(super) changes: Time,
    /// Before that no call is made about objects.
    pub(super) objects: Time,
    /// When the page of lines would go that comes after all that have gone, had each had its time.
    lines: Time,
    /// When the next read goes.
    pub(super) next: Time,
    /// Reads that may go before their time, and until when.
    quick: u32,
    hurry: Time,
    /// When somebody wanted one for which he waits.
    asked: Time,
    /// How often the pace is halved.
    halved: u32,
    /// Since when it is.
    pub(super) slowed: Option<Time>,
    /// When it was halved last.
    throttled: Time,
    /// From when on calm is counted.
    calm: Time,
    /// The state of the dice.
    seed: u64,
}

impl Pace {
    pub(super) fn new(now: Time, seed: u64) -> Self {
        Self {
            strikes: 0,
            changes: Time(0),
            objects: Time(0),
            lines: now,
            next: now,
            quick: QUICK,
            hurry: now + HURRY,
            asked: now,
            halved: 0,
            slowed: None,
            throttled: Time(0),
            calm: Time(0),
            seed,
        }
    }

    /// The time between two reads.
    pub(super) fn every(&self) -> Duration {
        PACE * (1 << self.halved)
    }

    /// Whether a read for which somebody waits goes at once.
    pub(super) fn takes_a_quick_one(&mut self, now: Time) -> bool {
        self.recover(now);
        let rested = now.since(std::mem::replace(&mut self.asked, now)) >= REST;
        if rested && self.halved == 0 {
            (self.quick, self.hurry) = (QUICK, now + HURRY);
        }
        let quick = self.quick > 0 && now < self.hurry;
        self.quick = self.quick.saturating_sub(1);
        quick
    }

    /// A read goes in its turn.
    pub(super) fn goes(&mut self, now: Time) {
        self.recover(now);
        self.next = now + self.every();
    }

    /// When the next page of lines goes.
    pub(super) fn next_page(&self) -> Time {
        self.lines - PACE * (PAGES - 1)
    }

    /// A page of lines goes in its turn.
    pub(super) fn page_goes(&mut self, now: Time) {
        self.recover(now);
        self.lines = self.lines.max(now) + self.every();
    }

    /// What was just changed is looked at soon.
    pub(super) fn look_soon(&mut self, now: Time) {
        if self.halved == 0 {
            let left = if now < self.hurry { self.quick } else { 0 };
            (self.quick, self.hurry) = ((left + AFTER_A_CHANGE).min(QUICK), now + HURRY);
        }
    }

    /// Takes a throttle.
    pub(super) fn throttle(&mut self, what: Use, now: Time) {
        if what == Use::Objects {
            if now >= self.objects {
                self.strikes = self.strikes.saturating_add(1);
            }
            self.objects = self.objects.max(now + self.pause());
            return;
        }
        self.recover(now);
        if self.halved == 0 || now.since(self.throttled) >= TOGETHER {
            self.halved = (self.halved + 1).min(SLOWEST);
            self.strikes = self.strikes.saturating_add(1);
            self.throttled = now;
        }
        let until = now + self.pause();
        match what {
            Use::Change => self.changes = self.changes.max(until),
            Use::Lines => self.lines = self.lines.max(until + PACE * (PAGES - 1)),
            Use::Read | Use::Watch => self.next = self.next.max(until),
            // They have paused already.
            Use::Objects => {}
        }
        self.quick = 0;
        self.slowed.get_or_insert(now);
        self.calm = now;
    }

    /// Doubles the pace for each stretch of calm.
    pub(super) fn recover(&mut self, now: Time) {
        while self.halved > 0 && now.since(self.calm) >= CALM {
            self.halved -= 1;
            self.calm = self.calm + CALM;
        }
        if self.halved == 0 {
            self.slowed = None;
        }
    }

    /// How long to pause: twice as long for each throttle in a row, between half and all of it by
    /// the dice.
    pub(super) fn pause(&mut self) -> Duration {
        let full = FIRST
            .saturating_mul(1 << self.strikes.saturating_sub(1).min(6))
            .min(LONGEST);
        let half = u64::try_from(full.as_millis() / 2).unwrap_or(0);
        Duration::from_millis(half + dice(&mut self.seed) % (half + 1))
    }
}

/// The next number of a seeded row (splitmix64): tests get the same row for the same seed.
fn dice(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
