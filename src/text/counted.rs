//! So many things, for people: one of them is one; and sizes.

use std::fmt::Display;

/// `1 stack`, `2 stacks`. `one` is what takes an s where there are more, or none.
#[must_use]
pub fn counted<N: Copy + Display + PartialEq + From<u8>>(many: N, one: &str) -> String {
    let s = if many == N::from(1) { "" } else { "s" };
    format!("{many} {one}{s}")
}

/// A size in bytes: `812 B`, `1.2 GB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let (mut unit, mut name) = (1_u128, 0);
    while name + 1 < UNITS.len() && u128::from(bytes) >= unit * 1024 {
        unit *= 1024;
        name += 1;
    }
    let tenths = (u128::from(bytes) * 10 + unit / 2) / unit;
    if name == 0 || tenths >= 100 {
        format!("{} {}", (tenths + 5) / 10, UNITS[name])
    } else {
        format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[name])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_two_digits_or_more() {
        let sizes = [0, 812, 1_024, 9_999, 52_428_800, 1_288_490_189, u64::MAX];
        let said: Vec<String> = sizes.map(size).into();
        assert_eq!(
            said,
            [
                "0 B",
                "812 B",
                "1.0 kB",
                "9.8 kB",
                "50 MB",
                "1.2 GB",
                "16777216 TB"
            ]
        );
    }

    #[test]
    fn one_is_one() {
        let said: Vec<String> = [0_usize, 1, 2].map(|many| counted(many, "stack")).into();
        assert_eq!(said, ["0 stacks", "1 stack", "2 stacks"]);
    }
}
