//! Lines that lie together, their text in one piece.

use crate::domain::line::{Severity, Turn};
use crate::domain::time::Time;

/// Lines in a chunk before the next one begins; a chunk that late lines made twice as long is
/// split.
pub(super) const CHUNK: usize = 1_024;
/// Bytes of text in a chunk before the next one begins.
pub(super) const TEXT: usize = 512 * 1_024;

#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    pub(super) turn: Turn,
    pub(super) at: Time,
    pub(super) key: u64,
    pub(super) start: u32,
    pub(super) len: u32,
    pub(super) source: u32,
    pub(super) severity: Severity,
    /// It says that its phase begins.
    pub(super) begins: bool,
    /// It is of its phase, and says neither that this begins nor that it ends.
    pub(super) is_own: bool,
}

/// Lines that lie together.
#[derive(Debug)]
pub(in crate::tui::log) struct Chunk {
    pub(in crate::tui::log) id: u64,
    /// Rises whenever a line comes in between others; not for lines at the end.
    pub(in crate::tui::log) version: u32,
    /// The first record that is still there.
    pub(in crate::tui::log) from: usize,
    pub(super) records: Vec<Record>,
    pub(super) text: String,
}

impl Chunk {
    /// Records, those that are gone included.
    pub(in crate::tui::log) fn records(&self) -> usize {
        self.records.len()
    }

    /// The records that are still there.
    pub(super) fn live(&self) -> &[Record] {
        &self.records[self.from..]
    }

    pub(super) fn len(&self) -> usize {
        self.records.len() - self.from
    }

    pub(in crate::tui::log) fn text(&self, record: usize) -> &str {
        let Record { start, len, .. } = self.records[record];
        &self.text[start as usize..(start + len) as usize]
    }

    pub(super) fn is_full(&self) -> bool {
        self.len() >= CHUNK || self.text.len() >= TEXT
    }
}
