//! One budget of calls for an account and region: a few at a time, and all of them slower once AWS asks for fewer. It makes no call.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::domain::time::Time;
use crate::os::clock::SharedClock;

/// Calls at a time.
const AT_ONCE: usize = 8;
/// The first pause after a throttle.
const FIRST: Duration = Duration::from_millis(500);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(20);

/// The budget of one account in one region.
pub struct Budget {
    clock: SharedClock,
    at_once: Semaphore,
    pace: Mutex<Pace>,
}

/// How careful to be now.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pace {
    /// Throttles in a row, one less for each call that went through.
    strikes: u32,
    /// Nobody calls before.
    not_before: Time,
    /// The state of the dice.
    seed: u64,
}

impl Budget {
    /// A fresh budget.
    #[must_use]
    pub fn new(clock: SharedClock, seed: u64) -> Self {
        Self { clock, at_once: Semaphore::new(AT_ONCE), pace: Mutex::new(Pace { strikes: 0, not_before: Time(0), seed }) }
    }

    /// Waits for a turn; the call is over when the permit is dropped.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        loop {
            let until = self.pace().not_before;
            if until <= self.clock.now() {
                break;
            }
            self.clock.sleep_until(until).await;
        }
        // The semaphore is never closed; without a permit the call goes on all the same.
        self.at_once.acquire().await.ok()
    }

    /// A call was throttled: everybody pauses.
    pub fn throttled(&self) {
        let now = self.clock.now();
        let mut pace = self.pace();
        let pause = pace.strike();
        pace.not_before = pace.not_before.max(now + pause);
    }

    /// A call went through.
    pub fn went_through(&self) {
        let mut pace = self.pace();
        pace.strikes = pace.strikes.saturating_sub(1);
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pace {
    /// The next pause: doubled each time, between half and all of it by the dice.
    fn strike(&mut self) -> Duration {
        let full = FIRST.saturating_mul(1 << self.strikes.min(6)).min(LONGEST);
        self.strikes = self.strikes.saturating_add(1);
        let share = u32::try_from(dice(&mut self.seed) % 512).unwrap_or(0);
        full / 2 + full * share / 1024
    }
}

/// The next number of a seeded row (splitmix64): tests get the same row for the same seed.
pub(super) fn dice(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt as _;

    use super::*;
    use crate::os::clock::Stepped;

    #[test]
    fn pauses_grow_stay_bounded_and_differ_by_seed() {
        let row = |seed| {
            let mut pace = Pace { strikes: 0, not_before: Time(0), seed };
            (0..12).map(|_| pace.strike()).collect::<Vec<_>>()
        };
        let (a, b) = (row(1), row(2));
        assert_eq!(a, row(1));
        assert_ne!(a, b);
        assert!(a[0] >= FIRST / 2 && a[0] <= FIRST);
        assert!(a[11] >= LONGEST / 2 && a[11] <= LONGEST);
    }

    #[test]
    fn everybody_waits_after_a_throttle() {
        let clock = Stepped::at(Time(1_000));
        let budget = Budget::new(Arc::new(clock.clone()), 7);
        assert!(budget.turn().now_or_never().is_some());
        budget.throttled();
        let mut waiting = Box::pin(budget.turn());
        assert!(waiting.as_mut().now_or_never().is_none());
        clock.advance(LONGEST);
        assert!(waiting.as_mut().now_or_never().is_some());
    }
}
