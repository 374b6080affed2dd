//! So many things, for people: one of them is one.

use std::fmt::Display;

/// `1 stack`, `2 stacks`. `one` is what takes an s where there are more, or none.
#[must_use]
pub fn counted<N: Copy + Display + PartialEq + From<u8>>(many: N, one: &str) -> String {
    let s = if many == N::from(1) { "" } else { "s" };
    format!("{many} {one}{s}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one() {
        let said: Vec<String> = [0_usize, 1, 2].map(|many| counted(many, "stack")).into();
        assert_eq!(said, ["0 stacks", "1 stack", "2 stacks"]);
    }
}
