//! The log pane: lines of several sources, merged by time, followed or paused, searched, filtered,
//! marked, copied and saved. Only the lines on the screen are wrapped and drawn; what a search has
//! still to read is read a piece a frame.

mod draw;
mod find;
mod fold;
mod footer;
mod json;
mod lay;
mod pane;
mod pen;
mod phase;
mod prompt;
mod ring;
mod search;
mod seek;
mod take;
mod text;
mod view;

pub use find::{Hits, Query};
pub use json::pretty;
pub use ring::{Counts, Ring, Row, Section, Source};

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::Duration;

use crate::desk::Batch;
use crate::domain::time::Time;
use crate::tui::pane::Flow;

use prompt::Prompt;
use text::Times;

/// Lines that the pane keeps.
pub const MOST: usize = 100_000;
/// Bytes that a search reads in one frame besides what it must.
const PIECE: usize = 1 << 20;
/// How soon the next piece is read.
const SOON: Duration = Duration::from_millis(30);

/// The pane.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch that a key turns, in any combination"
)]
pub struct LogPane {
    ring: Ring,
    find: Option<Hits>,
    filter: Option<Hits>,
    prompt: Option<Prompt>,
    following: bool,
    cursor: usize,
    top: usize,
    /// Cells scrolled sideways.
    aside: usize,
    select: Option<usize>,
    marks: Vec<usize>,
    opened: HashSet<u64>,
    /// The phases that a person folded or unfolded; all others do so by themselves.
    folds: HashMap<u64, bool>,
    wrap: bool,
    times: Times,
    locked: bool,
    /// Lines that came since following was stopped.
    arrived: usize,
    /// Lines lost before they came here.
    dropped: u64,
    height: usize,
    /// The last line that was seen when it was last drawn.
    bottom: usize,
    /// The cursor went somewhere else: what stands around it is shown as well.
    jumped: bool,
    searched: bool,
    /// The time of a header that was seen when it was last drawn grows.
    grows: bool,
}

impl fmt::Debug for LogPane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogPane")
            .field("lines", &self.ring.len())
            .field("cursor", &self.cursor)
            .finish_non_exhaustive()
    }
}

impl Default for LogPane {
    fn default() -> Self {
        Self::new(MOST)
    }
}

impl LogPane {
    /// A pane that keeps `most` lines and follows.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            ring: Ring::new(most),
            find: None,
            filter: None,
            prompt: None,
            following: true,
            cursor: 0,
            top: 0,
            aside: 0,
            select: None,
            marks: Vec::new(),
            opened: HashSet::new(),
            folds: HashMap::new(),
            wrap: false,
            times: Times::default(),
            locked: true,
            arrived: 0,
            dropped: 0,
            height: 1,
            bottom: 0,
            jumped: false,
            searched: true,
            grows: false,
        }
    }

    /// Takes new lines; lines that are here already are not taken twice.
    pub fn push(&mut self, batch: &Batch) {
        self.dropped += batch.dropped;
        if !self.following {
            self.keep_open();
        }
        for line in &batch.lines {
            let Some(place) = self.ring.put(line) else {
                continue;
            };
            self.arrived += usize::from(!self.following);
            // A late line moves what stands after it; places that are remembered go with their
            // lines.
            if place + 1 < self.ring.len() {
                self.places(|at| {
                    if *at >= place {
                        *at += 1;
                    }
                });
            }
        }
        let gone = self.ring.trim();
        if gone > 0 {
            self.marks.retain(|mark| *mark >= gone);
            self.places(|at| *at = at.saturating_sub(gone));
        }
        self.fold_all_as_wanted();
        self.searched = false;
    }

    /// Forgets all lines, marks and counts: another stack is looked at. How lines are shown stays.
    pub fn clear(&mut self) {
        self.ring.clear();
        self.marks.clear();
        self.opened.clear();
        self.folds.clear();
        (self.select, self.cursor, self.top, self.aside) = (None, 0, 0, 0);
        (self.arrived, self.dropped) = (0, 0);
        self.following = true;
        for hits in [&mut self.find, &mut self.filter].into_iter().flatten() {
            *hits = Hits::new(hits.query.clone());
        }
    }

    /// Goes to the first line at or after a time.
    pub fn show(&mut self, at: Time) {
        self.go(Some(self.ring.place_of(at)));
    }

    /// The lines that are kept.
    #[must_use]
    pub fn ring(&self) -> &Ring {
        &self.ring
    }

    fn places(&mut self, mut change: impl FnMut(&mut usize)) {
        change(&mut self.cursor);
        change(&mut self.top);
        change(&mut self.bottom);
        self.select.iter_mut().for_each(&mut change);
        self.marks.iter_mut().for_each(&mut change);
        self.prompt
            .iter_mut()
            .for_each(|prompt| change(&mut prompt.before.cursor));
    }

    /// Puts the cursor on a line, if there is one, and stops following. A fold that hides it gives
    /// way.
    fn go(&mut self, to: Option<usize>) -> Flow {
        if let Some(to) = to {
            self.follow(false);
            self.cursor = to;
            self.jumped = true;
            self.reveal();
        }
        Flow::Used
    }

    fn follow(&mut self, on: bool) {
        if on != self.following {
            self.following = on;
            self.arrived = 0;
        }
        if on {
            self.cursor = view::at_or_before(&self.ring, &mut self.filter, usize::MAX).unwrap_or(0);
        }
    }

    /// Moves by shown lines.
    fn step(&mut self, lines: isize) -> Flow {
        let mut at = self.cursor;
        for _ in 0..lines.unsigned_abs() {
            let next = if lines < 0 { view::before } else { view::after };
            let Some(row) = next(&self.ring, &mut self.filter, at) else {
                break;
            };
            at = row;
        }
        self.go(Some(at));
        self.jumped = false;
        Flow::Used
    }

    fn open(&mut self) -> Flow {
        let Some(row) = self.ring.row(self.cursor) else {
            return Flow::Used;
        };
        if self.opened.remove(&row.key) {
            return Flow::Used;
        }
        if pretty(row.text).is_none() {
            return Flow::Say("this line is not JSON".to_owned());
        }
        self.opened.insert(row.key);
        self.go(Some(self.cursor))
    }

    /// One step back: the selection, opened lines, the search, the filter.
    fn escape(&mut self) -> Flow {
        if self.select.take().is_some() {
            return Flow::Used;
        }
        if !self.opened.is_empty() {
            self.opened.clear();
            return Flow::Used;
        }
        if self.find.take().is_some() || self.filter.take().is_some() {
            return Flow::Used;
        }
        Flow::Pass
    }
}

/// Looks from behind the cursor to the end and then from the other end; says whether it went round.
fn loop_round(
    from: usize,
    last: usize,
    forward: bool,
    mut look: impl FnMut(usize) -> Option<usize>,
) -> Option<(usize, bool)> {
    let next = if forward {
        from.checked_add(1).filter(|at| *at <= last)
    } else {
        from.checked_sub(1)
    };
    if let Some(found) = next.and_then(&mut look) {
        return Some((found, false));
    }
    look(if forward { 0 } else { last }).map(|found| (found, true))
}

#[cfg(test)]
mod tests;
