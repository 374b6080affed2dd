//! Reading the spool from where somebody begins, piece by piece, and on as lines come.

use super::{Limits, Of, Position, Spool};
use crate::domain::line::Line;
use crate::domain::time::Time;
use crate::os::files::FileError;
use crate::os::paths::Home;

/// The newest lines with which a reader begins, and the most of one piece, of a stack.
const FIRST: usize = 5_000;
const MOST: usize = 10_000;

/// Where a reader begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Begin {
    /// With the newest lines, 5,000 of a stack at most.
    #[default]
    Newest,
    /// With everything that happened at or after a time, and what its source gave after such a
    /// line.
    Since(Time),
}

/// What came at once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Piece {
    /// The lines.
    pub lines: Vec<Line>,
    /// Whether there are more already.
    pub more: bool,
    /// When the lines that are kept begin; none when there are none.
    pub begins: Option<Time>,
    /// Whether older lines are kept than the reader began with.
    pub older: bool,
}

/// A reader of one stack's lines, or of all.
#[derive(Debug)]
pub struct Reader {
    home: Home,
    limits: Limits,
    of: Of,
    begin: Begin,
    /// Absent until it could be opened.
    spool: Option<Spool>,
    at: Option<Position>,
    begins: Option<Time>,
    older: bool,
}

impl Reader {
    /// A reader of the spool of that home; nothing is read yet.
    #[must_use]
    pub fn new(home: Home, limits: Limits, of: Of, begin: Begin) -> Self {
        Self {
            home,
            limits,
            of,
            begin,
            spool: None,
            at: None,
            begins: None,
            older: false,
        }
    }

    /// What came since the last call, at first where it begins.
    pub fn more(&mut self) -> Result<Piece, FileError> {
        let spool = match self.spool.take() {
            Some(spool) => spool,
            None => Spool::open(&self.home, self.limits)?,
        };
        let read = self.read(&spool);
        self.spool = Some(spool);
        read
    }

    fn read(&mut self, spool: &Spool) -> Result<Piece, FileError> {
        if self.begins.is_none() {
            self.begins = spool.begins(&self.of)?;
        }
        let (mut lines, at) = match (&self.at, self.begin) {
            (None, Begin::Newest) => {
                let (lines, at) = spool.last(&self.of, FIRST)?;
                let first = lines.iter().map(|line| line.at).min();
                self.older = lines.len() >= FIRST && self.begins < first;
                (lines, at)
            }
            (None, Begin::Since(time)) => {
                spool.tail(&self.of, &spool.since(&self.of, time)?, MOST)?
            }
            (Some(at), _) => spool.tail(&self.of, at, MOST)?,
        };
        let more = lines.len() >= MOST;
        if let Begin::Since(time) = self.begin {
            lines.retain(|line| line.key().0 >= time);
        }
        self.at = Some(at);
        Ok(Piece {
            lines,
            more,
            begins: self.begins,
            older: self.older,
        })
    }
}
