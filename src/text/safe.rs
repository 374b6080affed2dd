//! The gate for foreign text: what passes it can be drawn, printed and stored without doing
//! anything to a terminal, and without pretending to be other text than it is. It interprets
//! nothing: no colour, no cursor movement, no link survives.

mod clean;

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

use super::secret::{MASK, is_literal, is_name, masked};
pub use clean::Cleaner;
use clean::{Mode, is_plain, is_unseen};

/// Whether a character does something to a terminal, or to how others are seen, instead of being
/// seen.
#[must_use]
pub fn acts(c: char) -> bool {
    c.is_control() || is_unseen(c)
}

/// Text of ours on its way out, whole and with its line breaks: whatever in it would act stands
/// there visibly. The last gate; what comes from others passes [`Safe`] where it comes in.
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c != '\n' && acts(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\0'..='\x1f' if c != '\n' => out.extend(['^', char::from(c as u8 + 0x40)]),
            '\x7f' => out.push_str("^?"),
            _ if is_unseen(c) => drop(write!(out, "<U+{:04X}>", c as u32)),
            _ => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Text on one line, of bounded length, without control characters, escape sequences, invisible
/// characters or direction overrides. What was dangerous is dropped (whole escape sequences) or
/// stands there visibly (`^G`, `<U+202E>`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct Safe(String);

/// The longest safe text, in characters. Of longer text the beginning is kept and the end says how
/// much was cut.
pub const MAX_CHARS: usize = 16_384;

impl Safe {
    /// Passes text through the gate, as one line: a line break inside becomes `^J`, a carriage
    /// return `^M`, so that a name cannot show itself as another name. One line break at the end is
    /// dropped.
    #[must_use]
    pub fn new(text: &str) -> Self {
        if text.len() <= MAX_CHARS && is_plain(text.as_bytes()) {
            return Self(text.to_owned());
        }
        Self::one(text.as_bytes())
    }

    /// Passes what somebody else tells through the gate: as one line, and without what tells by its
    /// form that it is a secret.
    #[must_use]
    pub fn told(text: &str) -> Self {
        Self::from_bytes(&masked(text.as_bytes()))
    }

    /// A value that somebody else tells under a name that may say that it is a secret.
    #[must_use]
    pub fn told_of(name: &str, value: &str) -> Self {
        if is_name(name) && is_literal(value) {
            Self(MASK.to_owned())
        } else {
            Self::told(value)
        }
    }

    /// Passes bytes through the gate, as one line like [`Safe::new`]; what is no UTF-8 becomes
    /// U+FFFD.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        if bytes.len() <= MAX_CHARS
            && is_plain(bytes)
            && let Ok(text) = std::str::from_utf8(bytes)
        {
            return Self(text.to_owned());
        }
        Self::one(bytes)
    }

    /// Passes output through the gate, line by line: what stands after the last carriage return of
    /// a line is the line, as a terminal would show it in the end.
    #[must_use]
    pub fn lines(bytes: &[u8]) -> Vec<Self> {
        let mut out = Vec::new();
        let mut cleaner = Cleaner::default();
        cleaner.push(bytes, |line| out.push(line));
        out.extend(cleaner.end());
        out
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True when nothing is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text as an owned string.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }

    fn one(bytes: &[u8]) -> Self {
        let body = bytes
            .strip_suffix(b"\n")
            .map_or(bytes, |body| body.strip_suffix(b"\r").unwrap_or(body));
        let mut cleaner = Cleaner::new(Mode::OneLine);
        cleaner.push(body, |_| {});
        cleaner.end().unwrap_or_default()
    }
}

impl fmt::Display for Safe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<&str> for Safe {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<&std::path::Path> for Safe {
    fn from(path: &std::path::Path) -> Self {
        Self::new(&path.to_string_lossy())
    }
}

impl<'de> Deserialize<'de> for Safe {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(|text| Self::new(&text))
    }
}

#[cfg(test)]
mod tests;
