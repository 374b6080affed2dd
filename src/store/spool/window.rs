//! The writing end of one stack's spool: the last segment; how far each source has come, which
//! gives a line its turn; and the window of names by which a line that comes again is known where
//! its source does not count.

use std::collections::{HashSet, VecDeque};
use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;

use super::segments::{self, Recalled, Segments};
use crate::domain::line::{Giver, Heads, Id, Line};
use crate::os::files::{self, FileError};

/// How many lines of a stack are remembered by their names.
const REMEMBERED: usize = 20_000;

/// The open end of a stack's spool.
#[derive(Debug)]
pub(super) struct Writing {
    segments: Segments,
    number: u64,
    bytes: u64,
    file: File,
    heads: Heads,
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
        let Recalled {
            lines,
            heads,
            whole,
        } = segments.recall(REMEMBERED)?;
        let mut writing = Self {
            segments: segments.clone(),
            number,
            bytes,
            file,
            heads,
            known: HashSet::new(),
            order: VecDeque::new(),
        };
        for mark in lines.iter().filter_map(mark) {
            writing.remember(mark);
        }
        if whole < bytes {
            // Torn by a kill: what is left of the line goes, so that the next one stands for
            // itself.
            writing
                .file
                .set_len(whole)
                .map_err(FileError::io(&path, "repaired"))?;
            writing.bytes = whole;
        }
        Ok(writing)
    }

    /// The segment that is written.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Whether somebody has deleted the segment under the writer's hands.
    pub(super) fn is_gone(&self) -> bool {
        self.file.metadata().is_ok_and(|about| about.nlink() == 0)
    }

    /// How far a source has counted.
    pub(super) fn nth(&self, giver: &Giver) -> Option<u64> {
        self.heads.nth(giver)
    }

    /// Gives the lines that are new their turns and appends them, all or none. After a failure it
    /// is opened anew.
    pub(super) fn append(
        &mut self,
        lines: &mut [&mut Line],
        segment: u64,
    ) -> Result<usize, FileError> {
        let mut text = Vec::new();
        let mut count = 0;
        for line in lines {
            let mark = mark(line);
            if mark.is_some_and(|mark| self.known.contains(&mark)) {
                continue;
            }
            if count == 0 && self.bytes >= segment {
                files::private_folder(self.segments.folder())?;
                self.number += 1;
                self.file = files::private_log(&self.segments.path(self.number))?;
                self.bytes = 0;
                text = segments::heading(&self.heads).map_err(|why| self.unwritten(why.into()))?;
            }
            // Segments and what is in them only rise, and so does this.
            let number = self.number << 32 | (self.bytes + text.len() as u64);
            if !self.heads.place(line, number) {
                continue;
            }
            serde_json::to_writer(&mut text, line).map_err(|why| self.unwritten(why.into()))?;
            text.push(b'\n');
            count += 1;
            if let Some(mark) = mark {
                self.remember(mark);
            }
        }
        if count == 0 {
            return Ok(0);
        }
        if let Err(why) = self.file.write_all(&text) {
            // Half a line would spoil the next one; if even this fails, the next opening repairs
            // it.
            let _ = self.file.set_len(self.bytes);
            return Err(self.unwritten(why));
        }
        self.bytes += text.len() as u64;
        Ok(count)
    }

    fn unwritten(&self, why: std::io::Error) -> FileError {
        FileError::io(&self.segments.path(self.number), "written")(why)
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

/// By what a line with a name is known: 64 bits, so that two of 20,000 lines meet once in a hundred
/// thousand million windows.
fn mark(line: &Line) -> Option<u64> {
    let Id::Name(name) = &line.id else {
        return None;
    };
    let mut hasher = DefaultHasher::new();
    (line.kind, line.source.as_str(), name).hash(&mut hasher);
    Some(hasher.finish())
}
