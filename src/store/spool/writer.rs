//! Writing the spool on behalf of an engine. What cannot be written now waits and is tried again;
//! of what had to be given up, a line says how much is missing.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Spool;
use crate::domain::ids::StackId;
use crate::domain::line::{Line, Severity, SourceKind, Turn};
use crate::domain::time::Time;
use crate::os::files::FileError;
use crate::text::safe::Safe;

/// The most lines of a stack that wait. Of more than these the spool knows which it has, so that
/// none is written twice.
const MOST: usize = 10_000;

/// The writing end of a spool.
#[derive(Debug)]
pub struct Writer {
    spool: Arc<Spool>,
    waiting: BTreeMap<StackId, Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<Line>,
    lost: Option<Lost>,
}

/// Lines that were given up.
#[derive(Debug)]
struct Lost {
    count: u64,
    /// When the first and the last of them happened.
    first: Time,
    last: Time,
    /// Whether it was for want of room.
    full: bool,
}

impl Writer {
    /// A writer of that spool.
    #[must_use]
    pub fn new(spool: Arc<Spool>) -> Self {
        Self {
            spool,
            waiting: BTreeMap::new(),
        }
    }

    /// True while lines could not be written yet.
    #[must_use]
    pub fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Writes lines after those that wait. When it fails, those of the stacks concerned wait; the
    /// oldest are given up where that are too many.
    pub fn write(&mut self, lines: Vec<Line>) -> Result<(), FileError> {
        for line in lines {
            self.waiting
                .entry(line.stack.clone())
                .or_default()
                .lines
                .push(line);
        }
        let mut failure = None;
        let spool = &self.spool;
        self.waiting.retain(|stack, waiting| {
            let written = waiting.write(stack, spool);
            let waits = written.is_err();
            failure = written.err().or(failure.take());
            waits
        });
        failure.map_or(Ok(()), Err)
    }
}

impl Waiting {
    fn write(&mut self, stack: &StackId, spool: &Spool) -> Result<(), FileError> {
        let gap = self.lost.as_ref().map(|lost| lost.tell(stack));
        let written = match gap {
            None => spool.append(&mut self.lines),
            Some(gap) => spool.append(&mut [&[gap], self.lines.as_slice()].concat()),
        };
        if let Err(why) = &written {
            let extra = self.lines.len().saturating_sub(MOST);
            for line in self.lines.drain(..extra) {
                let lost = self.lost.get_or_insert(Lost {
                    count: 0,
                    first: line.at,
                    last: line.at,
                    full: why.is_full(),
                });
                lost.count += 1;
                lost.first = lost.first.min(line.at);
                lost.last = lost.last.max(line.at);
            }
        }
        written.map(drop)
    }
}

impl Lost {
    fn tell(&self, stack: &StackId) -> Line {
        let why = if self.full {
            "the disk was full"
        } else {
            "they could not be written"
        };
        let Self {
            count, first, last, ..
        } = self;
        let text = format!("{count} lines from {first} to {last} are missing here: {why}");
        gap(stack, *last, &text)
    }
}

/// A line that says that others are missing.
pub(super) fn gap(stack: &StackId, at: Time, text: &str) -> Line {
    Line {
        turn: Turn::default(),
        phase: None,
        at,
        id: format!("lost/{}", at.0).into(),
        kind: SourceKind::Engine,
        source: Safe::new("holdpoint"),
        part: Safe::default(),
        stack: stack.clone(),
        no: None,
        severity: Severity::Gap,
        text: Safe::new(text),
    }
}
