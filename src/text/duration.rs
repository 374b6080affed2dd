//! Durations as people write them: `90s`, `10m`, `24h`, `7d`.

use std::time::Duration;

/// Reads one.
///
/// # Errors
/// A sentence that says how to write it.
pub fn read(text: &str) -> Result<Duration, String> {
    let bad = || {
        format!(
            "{text:?} is not a duration: write a number and s, m, h or d, for example 90s or 24h"
        )
    };
    let unit = text.chars().last().ok_or_else(bad)?;
    let number = text
        .strip_suffix(unit)
        .filter(|n| n.bytes().all(|b| b.is_ascii_digit()))
        .ok_or_else(bad)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(bad()),
    };
    let number: u64 = number.parse().map_err(|_| bad())?;
    match number.checked_mul(seconds) {
        Some(0) => Err(format!(
            "{text:?} is not a duration: it must be more than nothing"
        )),
        Some(all) if all <= 366 * 86_400 => Ok(Duration::from_secs(all)),
        _ => Err(format!("{text:?} is longer than a year")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_people_write_them() {
        assert_eq!(read("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(read("24h"), Ok(Duration::from_hours(24)));
        for bad in [
            "",
            "24",
            "h",
            "-1h",
            "1.5h",
            "0m",
            "99999999999999999999d",
            "9999d",
            "1é",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
