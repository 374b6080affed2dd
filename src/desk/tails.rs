//! Tails: lines as they come from the spool, bounded until they are drained, in the order of their
//! turns.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::domain::ids::StackId;
use crate::domain::line::Line;
use crate::store::spool::{Begin, Piece, Reader};

use super::{Batch, Reading, TailOf};

/// Follows the spool from where it begins.
pub trait Follow: Send {
    /// The lines that came since the last call.
    ///
    /// # Errors
    /// A sentence when they cannot be read.
    fn more(&mut self) -> Result<Piece, String>;
}

impl Follow for Reader {
    fn more(&mut self) -> Result<Piece, String> {
        Reader::more(self).map_err(|why| why.to_string())
    }
}

/// Opens a follower of one stack, or of all.
pub type Follows = Arc<dyn Fn(Option<&StackId>, Begin) -> Box<dyn Follow> + Send + Sync>;

/// The most lines that wait to be drained from one tail.
const MOST: usize = 20_000;
/// Nothing more is read while so many wait.
const ENOUGH: usize = MOST / 2;

/// All tails of a desk.
#[derive(Default)]
pub(super) struct Tails {
    tails: BTreeMap<TailOf, Tail>,
    next: u64,
}

#[derive(Default)]
struct Tail {
    /// Which tail it is: one that was ended and begun again is another.
    id: u64,
    begin: Begin,
    lines: VecDeque<Line>,
    dropped: u64,
    reading: Reading,
    /// How often it has come to the end of what was kept then.
    ends: u64,
    /// Whether there is more to be read already.
    more: bool,
    /// Absent while it is being read.
    follow: Option<Box<dyn Follow>>,
}

impl Tail {
    fn has_room(&self) -> bool {
        self.lines.len() <= ENOUGH
    }
}

/// A follower that is read elsewhere; one that is yet to be opened is absent.
pub(super) struct Lent {
    pub(super) of: TailOf,
    pub(super) id: u64,
    pub(super) begin: Begin,
    pub(super) follow: Option<Box<dyn Follow>>,
}

impl Tails {
    /// Starts or keeps a tail; true when it is new.
    pub(super) fn keep(&mut self, of: &TailOf, begin: Begin) -> bool {
        if self.tails.get(of).is_some_and(|tail| tail.begin == begin) {
            return false;
        }
        self.next += 1;
        self.tails.insert(
            of.clone(),
            Tail {
                id: self.next,
                begin,
                ..Tail::default()
            },
        );
        true
    }

    /// Ends a tail.
    pub(super) fn end(&mut self, of: &TailOf) {
        self.tails.remove(of);
    }

    /// True when nothing is tailed.
    pub(super) fn is_empty(&self) -> bool {
        self.tails.is_empty()
    }

    /// True when a stack is tailed by its name.
    pub(super) fn names(&self, stack: &StackId) -> bool {
        self.tails
            .keys()
            .any(|of| matches!(of, TailOf::Stack(named) if named == stack))
    }

    /// Takes what a tail gave since; and whether it is to be read on now that there is room.
    pub(super) fn drain(&mut self, of: &TailOf) -> (Batch, bool) {
        let Some(tail) = self.tails.get_mut(of) else {
            return (Batch::default(), false);
        };
        let mut lines: Vec<Line> = tail.lines.drain(..).collect();
        lines.sort_by_key(Line::key);
        (
            Batch {
                lines,
                dropped: std::mem::take(&mut tail.dropped),
            },
            tail.more,
        )
    }

    /// How far a tail has read.
    pub(super) fn reading(&self, of: &TailOf) -> Reading {
        self.tails
            .get(of)
            .map(|tail| Reading {
                ends: tail.ends,
                ..tail.reading.clone()
            })
            .unwrap_or_default()
    }

    /// The followers that may be read: all of them, or those that have more already.
    pub(super) fn lend(&mut self, all: bool) -> Vec<Lent> {
        let read = self
            .tails
            .iter_mut()
            .filter(|(_, tail)| tail.has_room() && (all || tail.more));
        read.map(|(of, tail)| Lent {
            of: of.clone(),
            id: tail.id,
            begin: tail.begin,
            follow: tail.follow.take(),
        })
        .collect()
    }

    /// Gives a follower back with what it read; a tail that was ended meanwhile forgets both. True
    /// when something is new.
    pub(super) fn give_back(
        &mut self,
        of: &TailOf,
        id: u64,
        follow: Box<dyn Follow>,
        read: Result<Piece, String>,
    ) -> bool {
        let Some(tail) = self.tails.get_mut(of).filter(|tail| tail.id == id) else {
            return false;
        };
        tail.follow = Some(follow);
        let before = tail.reading.clone();
        let any = match read {
            Ok(piece) => {
                tail.more = piece.more;
                tail.ends += u64::from(!piece.more);
                tail.reading = Reading {
                    read: before.read || !piece.more,
                    begins: piece.begins,
                    older: piece.older,
                    trouble: None,
                    // Counted apart: to have come to an end once more is nothing new.
                    ends: 0,
                };
                let any = !piece.lines.is_empty();
                tail.lines.extend(piece.lines);
                any
            }
            Err(why) => {
                tail.more = false;
                tail.reading.trouble = Some(why);
                false
            }
        };
        let extra = tail.lines.len().saturating_sub(MOST);
        tail.lines.drain(..extra);
        tail.dropped += extra as u64;
        any || tail.reading != before
    }
}
