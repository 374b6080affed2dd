//! What looks like a secret, by the name under which it stands or by its own form: kept out of
//! estate files, and masked in every line that is kept. A guess: what has no telling name and no
//! telling form is not found.

mod block;
mod find;
mod forms;
mod known;
mod names;
mod views;

use std::borrow::Cow;
use std::ops::Range;

pub use block::Within;
use find::found;
pub use names::is_name;

/// What stands for a secret.
pub const MASK: &str = "***";

/// Whether a value that somebody wrote is a secret itself where one belongs; a reference, a
/// variable and a yes or no are none.
#[must_use]
pub fn is_literal(value: &str) -> bool {
    let reference = ["$", "http://", "https://", "env:", "file:", MASK]
        .iter()
        .any(|start| bare(value).starts_with(start));
    !reference && is_value(value)
}

/// Whether a value that a command printed is a secret where one belongs. No variable is left there:
/// what begins with `$` is a hash.
fn is_value(value: &str) -> bool {
    let value = bare(value);
    let reference = ["{{", "arn:"].iter().any(|start| value.starts_with(start));
    let is_masked = value
        .strip_prefix(MASK)
        .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_punctuation()));
    !reference
        && !is_masked
        && !matches!(
            value.to_ascii_lowercase().as_str(),
            "" | "true" | "false" | "yes" | "no" | "null" | "none" | "0" | "1"
        )
}

fn bare(value: &str) -> &str {
    value.trim_matches(['"', '\''])
}

/// Whether a value that somebody wrote under a name is a secret in clear text, by the name or by
/// its own form.
#[must_use]
pub fn is_kept_in(name: &str, value: &str) -> bool {
    is_name(name) && is_literal(value) || is_in(value)
}

/// Which words of a command hold a secret: the one after `--password`, and any like `--password=…`.
#[must_use]
pub fn in_words(words: &[String]) -> Vec<usize> {
    (0..words.len())
        .filter(|&n| {
            let flag = n
                .checked_sub(1)
                .map(|before| words[before].as_str())
                .filter(|flag| flag.starts_with('-') && !flag.contains('='));
            let given =
                flag.is_some_and(is_name) && !words[n].starts_with('-') && is_literal(&words[n]);
            given || is_in(&words[n])
        })
        .collect()
}

/// Whether a text that somebody wrote holds a secret in a form that tells it.
#[must_use]
pub fn is_in(text: &str) -> bool {
    !found(text.as_bytes(), is_literal, true).is_empty()
}

/// A line with every secret in it replaced by [`MASK`]; the line itself where there is none.
#[must_use]
pub fn masked(line: &[u8]) -> Cow<'_, [u8]> {
    let mut places = found(line, is_value, false);
    for view in views::views(line) {
        let found = found(&view.text, is_value, false);
        places.extend(found.iter().map(|place| view.place(place)));
    }
    mask(line, places)
}

/// A text with [`MASK`] over these places, in any order; those that overlap are covered once.
#[must_use]
pub(crate) fn mask(text: &[u8], mut places: Vec<Range<usize>>) -> Cow<'_, [u8]> {
    if places.is_empty() {
        return Cow::Borrowed(text);
    }
    places.sort_by_key(|place| place.start);
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    for place in places {
        if place.start >= at {
            out.extend_from_slice(&text[at..place.start]);
            out.extend_from_slice(MASK.as_bytes());
        }
        at = at.max(place.end);
    }
    out.extend_from_slice(&text[at..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests;
