//! Private keys that are printed line by line: from the line that begins one to the line that ends
//! it nothing that may be key is shown.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::{MASK, masked};

/// How many lines of a key are waited for.
const LONGEST: usize = 400;

static BEGINS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----").ok());

/// What may be key: a run of signs, or the few that are left for the last line, alone.
static KEY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?-u)[A-Za-z0-9+/=]{16,}|^[\s>|"',-]*[A-Za-z0-9+/=]+(?:\\n)?[\s"',]*$"#).ok()
});

/// Whether the line before was inside a key, and how many more may be.
#[derive(Debug, Clone, Copy, Default)]
pub struct Within(usize);

impl Within {
    /// Whether the last line was inside a key that goes on.
    #[must_use]
    pub fn is_open(self) -> bool {
        self.0 > 0
    }

    /// The next line of a text, with every secret in it covered.
    #[must_use]
    pub fn next_masked<'a>(&mut self, line: &'a [u8]) -> Cow<'a, [u8]> {
        if self.0 > 0 {
            self.0 -= 1;
            if memchr::memmem::find(line, b"-----END ").is_some() {
                self.0 = 0;
            } else if KEY.as_ref().is_some_and(|key| key.is_match(line)) {
                return Cow::Borrowed(MASK.as_bytes());
            }
        }
        if memchr::memmem::find(line, b"-----BEGIN ").is_some()
            && let Some(begin) = BEGINS.as_ref().and_then(|begins| begins.find(line))
            && memchr::memmem::find(&line[begin.end()..], b"-----END ").is_none()
        {
            self.0 = LONGEST;
        }
        masked(line)
    }
}
