//! The writing end of one stack's spool: the last segment, and the window of line ids by which a line that comes again is known.

use std::collections::{HashSet, VecDeque};
use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;

use super::segments::Segments;
use crate::domain::line::Line;
use crate::os::files::{self, FileError};

/// How many lines of a stack are remembered.
const REMEMBERED: usize = 20_000;

/// The open end of a stack's spool.
#[derive(Debug)]
pub(super) struct Writing {
    segments: Segments,
    number: u64,
    bytes: u64,
    file: File,
    known: HashSet<u64>,
    order: VecDeque<u64>,
}

impl Writing {
    /// Opens the last segment, and remembers what was written last.
    pub(super) fn open(segments: &Segments) -> Result<Self, FileError> {
        files::private_folder(segments.folder())?;
        let last = segments.list()?.last().copied();
        let number = last.map_or(1, |last| last.number);
        let path = segments.path(number);
        let file = files::private_log(&path)?;
        let bytes = last.map_or(0, |last| last.bytes);
        let mut writing = Self { segments: segments.clone(), number, bytes, file, known: HashSet::new(), order: VecDeque::new() };
        let (lines, (_, whole)) = segments.last(REMEMBERED)?;
        for line in &lines {
            writing.remember(mark(line));
        }
        if whole < bytes {
            // Torn by a kill: what is left of the line goes, so that the next one stands for itself.
            writing.file.set_len(whole).map_err(FileError::io(&path, "repaired"))?;
            writing.bytes = whole;
        }
        Ok(writing)
    }

    /// The segment that is written.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Appends the lines that are not known; all of them or none.
    pub(super) fn append(&mut self, lines: &[&Line], segment: u64) -> Result<usize, FileError> {
        let mut text = Vec::new();
        let mut marks = Vec::new();
        let mut here = HashSet::new();
        for line in lines {
            let mark = mark(line);
            if self.known.contains(&mark) || !here.insert(mark) {
                continue;
            }
            let path = || self.segments.path(self.number);
            serde_json::to_writer(&mut text, line).map_err(|why| FileError::io(&path(), "written")(why.into()))?;
            text.push(b'\n');
            marks.push(mark);
        }
        if marks.is_empty() {
            return Ok(0);
        }
        if self.bytes >= segment {
            self.number += 1;
            self.file = files::private_log(&self.segments.path(self.number))?;
            self.bytes = 0;
        }
        if let Err(why) = self.file.write_all(&text) {
            // Half a line would spoil the next one; if even this fails, the next opening repairs it.
            let _ = self.file.set_len(self.bytes);
            return Err(FileError::io(&self.segments.path(self.number), "written")(why));
        }
        self.bytes += text.len() as u64;
        let count = marks.len();
        for mark in marks {
            self.remember(mark);
        }
        Ok(count)
    }

    fn remember(&mut self, mark: u64) {
        if self.known.insert(mark) {
            self.order.push_back(mark);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

/// By what a line is known: 64 bits, so that two of 20,000 lines meet once in a hundred thousand million windows.
fn mark(line: &Line) -> u64 {
    let mut hasher = DefaultHasher::new();
    (line.kind, line.source.as_str(), &line.id).hash(&mut hasher);
    hasher.finish()
}
