//! Points in time as data. No clock is read here: time is an argument everywhere but in `os`.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Time(pub i64);

impl Time {
    /// How long after `earlier` this is; zero when it is before.
    #[must_use]
    pub fn since(self, earlier: Time) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The wall clock in UTC as `HH:MM:SS`.
    #[must_use]
    pub fn clock(self) -> String {
        self.text("%H:%M:%S")
    }

    /// Formatted in UTC by a `strftime` pattern; empty when out of range.
    #[must_use]
    pub fn text(self, pattern: &str) -> String {
        jiff::Timestamp::from_millisecond(self.0)
            .map(|t| {
                t.to_zoned(jiff::tz::TimeZone::UTC)
                    .strftime(pattern)
                    .to_string()
            })
            .unwrap_or_default()
    }
}

impl Add<Duration> for Time {
    type Output = Time;
    fn add(self, after: Duration) -> Time {
        Time(
            self.0
                .saturating_add(i64::try_from(after.as_millis()).unwrap_or(i64::MAX)),
        )
    }
}

impl Sub<Duration> for Time {
    type Output = Time;
    fn sub(self, before: Duration) -> Time {
        Time(
            self.0
                .saturating_sub(i64::try_from(before.as_millis()).unwrap_or(i64::MAX)),
        )
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text("%Y-%m-%dT%H:%M:%SZ"))
    }
}

/// A duration in the shortest form that people read at a glance: `4s`, `3:10`, `11m`, `2h`, `5d`.
#[must_use]
pub fn short(duration: Duration) -> String {
    let s = duration.as_secs();
    match s {
        0..=59 => format!("{s}s"),
        60..=599 => format!("{}:{:02}", s / 60, s % 60),
        600..=5_999 => format!("{}m", s / 60),
        6_000..=172_799 => format!("{}h", s / 3_600),
        _ => format!("{}d", s / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_durations() {
        let text: Vec<_> = [0, 59, 60, 190, 600, 3_600, 6_000, 172_800]
            .into_iter()
            .map(|s| short(Duration::from_secs(s)))
            .collect();
        assert_eq!(
            text,
            ["0s", "59s", "1:00", "3:10", "10m", "60m", "1h", "2d"]
        );
    }

    #[test]
    fn prints_utc() {
        assert_eq!(Time(1_700_000_000_000).to_string(), "2023-11-14T22:13:20Z");
        assert_eq!(Time(0).since(Time(5)), Duration::ZERO);
    }
}
