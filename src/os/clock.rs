//! The one clock. Everybody else gets time as an argument or sleeps on a [`Clock`]; nothing here
//! decides anything.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::mutex::locked;
use crate::domain::time::Time;

/// Tells the time and sleeps.
pub trait Clock: Send + Sync + 'static {
    /// The time now; never goes back within a process.
    fn now(&self) -> Time;
    /// Sleeps for a while; at once over when the duration is zero.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
    /// Sleeps until a point in time, also when the machine was suspended in between.
    fn sleep_until(&self, time: Time) -> BoxFuture<'static, ()>;
}

/// A clock that is handed around.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock. When somebody sets it, the time told here approaches it gradually, so that
/// neither a limit nor a hold ends early.
#[derive(Debug, Clone)]
pub struct Real(Arc<Mutex<Told>>);

impl Real {
    /// Starts at the machine's time.
    #[must_use]
    pub fn new() -> Self {
        let time = wall();
        Self(Arc::new(Mutex::new(Told {
            time,
            at: Instant::now(),
            awake: awake(),
            last: time,
        })))
    }

    /// The clock as it is handed around.
    #[must_use]
    pub fn shared() -> SharedClock {
        Arc::new(Self::new())
    }
}

impl Default for Real {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for Real {
    fn now(&self) -> Time {
        let mut told = locked(&self.0);
        let (at, wall) = (Instant::now(), wall());
        let elapsed = at.duration_since(told.at);
        if elapsed <= STEADY && gap(told.time + elapsed, wall) <= STEADY {
            // The anchor stays: short intervals would add up rounding errors.
            let time = told.time + elapsed;
            return told.never_back(time);
        }
        let mut slept = Duration::ZERO;
        if gap(told.time + elapsed, wall) > STEADY {
            // Only now is it worth asking whether the machine was suspended or the clock was set.
            let since = awake();
            slept = match (told.awake, since) {
                (Some(before), Some(after)) => after.saturating_sub(before).saturating_sub(elapsed),
                _ => wall.since(told.time + elapsed),
            };
            told.awake = since;
        } else {
            told.awake = told.awake.map(|before| before + elapsed);
        }
        told.time = next(told.time, elapsed + slept, wall);
        told.at = at;
        let time = told.time;
        told.never_back(time)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn sleep_until(&self, time: Time) -> BoxFuture<'static, ()> {
        let clock = self.clone();
        Box::pin(async move {
            loop {
                let left = time.since(clock.now());
                if left.is_zero() {
                    return;
                }
                // In parts, because the sleep of the runtime stands still while the machine is
                // suspended.
                tokio::time::sleep(left.min(PART)).await;
            }
        })
    }
}

/// What was told last, and when by a clock that nobody can set.
#[derive(Debug)]
struct Told {
    time: Time,
    at: Instant,
    awake: Option<Duration>,
    last: Time,
}

impl Told {
    fn never_back(&mut self, time: Time) -> Time {
        self.last = self.last.max(time);
        self.last
    }
}

/// A difference that is no sign of a clock that was set.
const STEADY: Duration = Duration::from_secs(1);

/// The longest sleep in one piece.
const PART: Duration = Duration::from_secs(30);

/// The next time to tell: on by what has passed, and nearer to the machine's clock by a tenth of
/// that at most when it is ahead, by a half when it is behind. Small differences are taken over at
/// once.
fn next(told: Time, passed: Duration, wall: Time) -> Time {
    let on = told + passed;
    if gap(on, wall) <= STEADY {
        return wall.max(told);
    }
    if wall > on {
        on + wall.since(on).min(passed / 10)
    } else {
        on - on.since(wall).min(passed / 2)
    }
}

fn gap(a: Time, b: Time) -> Duration {
    a.since(b).max(b.since(a))
}

fn wall() -> Time {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// How long the machine has been up, and since which start: by a clock that nobody can set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uptime {
    /// The id of this start of the machine.
    pub start: String,
    /// How long it has been up, in milliseconds, time asleep included.
    pub millis: u64,
}

impl Uptime {
    /// As it is now; none where the system does not say.
    #[must_use]
    pub fn now() -> Option<Self> {
        let start = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(Self {
            start: start.trim().to_owned(),
            millis: u64::try_from(awake()?.as_millis()).ok()?,
        })
    }

    /// How much time has passed for sure since another one: all of it, where the machine has not
    /// been started anew.
    #[must_use]
    pub fn since(&self, before: &Self) -> Duration {
        let from = if self.start == before.start {
            before.millis
        } else {
            0
        };
        Duration::from_millis(self.millis.saturating_sub(from))
    }
}

/// How long the machine has been up, time asleep included; absent where the system does not say.
fn awake() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    let seconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// A clock for tests: it stands still until it is advanced, and its sleeps end when their time has
/// come.
#[derive(Debug, Clone)]
pub struct Stepped {
    now: Arc<watch::Sender<Time>>,
    sleepers: Arc<Mutex<BTreeMap<Time, usize>>>,
}

impl Stepped {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn at(start: Time) -> Self {
        Self {
            now: Arc::new(watch::Sender::new(start)),
            sleepers: Arc::default(),
        }
    }

    /// Moves it on; sleeps that are due end.
    pub fn advance(&self, by: Duration) {
        self.now.send_modify(|now| *now = *now + by);
    }

    /// Moves it to a point in time; never back.
    pub fn advance_to(&self, time: Time) {
        self.now.send_modify(|now| *now = (*now).max(time));
    }

    /// When the next sleeper wakes, if anybody sleeps.
    #[must_use]
    pub fn next_wake(&self) -> Option<Time> {
        locked(&self.sleepers).keys().next().copied()
    }

    /// Moves it to the next wake, if there is one.
    pub fn advance_to_next(&self) -> Option<Time> {
        let next = self.next_wake()?;
        self.advance_to(next);
        Some(next)
    }
}

impl Clock for Stepped {
    fn now(&self) -> Time {
        *self.now.borrow()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, time: Time) -> BoxFuture<'static, ()> {
        if time <= self.now() {
            return Box::pin(std::future::ready(()));
        }
        let asleep = Asleep::new(&self.sleepers, time);
        let mut now = self.now.subscribe();
        // The sender lives as long as the future, so that the wait cannot end for another reason.
        let sender = Arc::clone(&self.now);
        Box::pin(async move {
            let _ = now.wait_for(|now| *now >= time).await;
            drop((asleep, sender));
        })
    }
}

/// Counts a sleeper as long as its sleep lives.
struct Asleep {
    sleepers: Arc<Mutex<BTreeMap<Time, usize>>>,
    until: Time,
}

impl Asleep {
    fn new(sleepers: &Arc<Mutex<BTreeMap<Time, usize>>>, until: Time) -> Self {
        *locked(sleepers).entry(until).or_default() += 1;
        Self {
            sleepers: Arc::clone(sleepers),
            until,
        }
    }
}

impl Drop for Asleep {
    fn drop(&mut self) {
        let mut sleepers = locked(&self.sleepers);
        if let Some(count) = sleepers.get_mut(&self.until) {
            *count -= 1;
            if *count == 0 {
                sleepers.remove(&self.until);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn a_clock_that_was_set_is_approached_and_never_goes_back() {
        let start = Time(1_000_000);
        // (passed, the machine's clock, told)
        let cases = [
            (S(10), start + S(10), start + S(10)),
            (
                S(10),
                start + Duration::from_millis(10_400),
                start + Duration::from_millis(10_400),
            ),
            (S(10), start + S(3_610), start + S(11)),
            (S(10), start - S(3_600), start + S(5)),
            (S(0), start - Duration::from_millis(900), start),
            (S(0), start + S(3_600), start),
        ];
        for (passed, wall, told) in cases {
            assert_eq!(
                next(start, passed, wall),
                told,
                "after {passed:?}, the machine says {wall}"
            );
        }
    }

    #[test]
    fn the_real_clock_never_goes_back() {
        let clock = Real::new();
        let first = clock.now();
        assert!(gap(first, wall()) <= STEADY);
        assert!((0..1_000).map(|_| clock.now()).is_sorted());
    }

    #[test]
    fn stepped_sleeps_end_when_their_time_has_come() {
        let clock = Stepped::at(Time(0));
        let mut late = clock.sleep(S(5));
        let mut soon = clock.sleep(S(2));
        assert_eq!(clock.next_wake(), Some(Time(2_000)));
        assert!(late.as_mut().now_or_never().is_none() && soon.as_mut().now_or_never().is_none());
        assert_eq!(clock.advance_to_next(), Some(Time(2_000)));
        assert!(soon.as_mut().now_or_never().is_some() && late.as_mut().now_or_never().is_none());
        drop(soon);
        assert_eq!(clock.next_wake(), Some(Time(5_000)));
        drop(late);
        assert_eq!(clock.next_wake(), None);
        assert!(clock.sleep(Duration::ZERO).now_or_never().is_some());
    }
}
