//! Tails: lines as they come from the spool, bounded until they are drained, in the order of their time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::domain::deployment::Deployment;
use crate::domain::ids::StackId;
use crate::domain::line::Line;

use super::{Batch, TailOf};

/// Follows the spool from where it stands; a new one begins with the newest lines.
pub trait Follow: Send {
    /// The lines that came since the last call, at first the newest 5,000.
    ///
    /// # Errors
    /// A sentence when they cannot be read.
    fn more(&mut self) -> Result<Vec<Line>, String>;
}

/// Opens a follower of one stack, or of all.
pub type Follows = Arc<dyn Fn(Option<&StackId>) -> Box<dyn Follow> + Send + Sync>;

/// The most lines that wait to be drained from one tail.
const MOST: usize = 20_000;

/// All tails of a desk.
#[derive(Default)]
pub(super) struct Tails {
    tails: BTreeMap<TailOf, Tail>,
}

#[derive(Default)]
struct Tail {
    lines: VecDeque<Line>,
    dropped: u64,
    /// Absent while it is being read.
    follow: Option<Box<dyn Follow>>,
}

impl Tails {
    /// Starts or keeps a tail; true when it is new.
    pub(super) fn keep(&mut self, of: &TailOf) -> bool {
        let new = !self.tails.contains_key(of);
        self.tails.entry(of.clone()).or_default();
        new
    }

    /// Ends a tail.
    pub(super) fn end(&mut self, of: &TailOf) {
        self.tails.remove(of);
    }

    /// True when nothing is tailed.
    pub(super) fn is_empty(&self) -> bool {
        self.tails.is_empty()
    }

    /// Takes what a tail gave since.
    pub(super) fn drain(&mut self, of: &TailOf) -> Batch {
        let Some(tail) = self.tails.get_mut(of) else { return Batch::default() };
        let mut lines: Vec<Line> = tail.lines.drain(..).collect();
        lines.sort_by(|a, b| a.key().cmp(&b.key()));
        Batch { lines, dropped: std::mem::take(&mut tail.dropped) }
    }

    /// The followers, to be read elsewhere and given back; `None` for a tail that has none yet.
    pub(super) fn lend(&mut self) -> Vec<(TailOf, Option<Box<dyn Follow>>)> {
        self.tails.iter_mut().map(|(of, tail)| (of.clone(), tail.follow.take())).collect()
    }

    /// Gives a follower back with what it read; a tail that was ended meanwhile forgets both. True when lines came.
    pub(super) fn give_back(&mut self, of: &TailOf, follow: Box<dyn Follow>, lines: Vec<Line>) -> bool {
        let Some(tail) = self.tails.get_mut(of) else { return false };
        tail.follow = Some(follow);
        let any = !lines.is_empty();
        tail.lines.extend(lines);
        let extra = tail.lines.len().saturating_sub(MOST);
        tail.lines.drain(..extra);
        tail.dropped += extra as u64;
        any
    }
}

/// Whether a line belongs to a deployment: it says so, or it says nothing and came while the deployment ran.
pub(super) fn belongs(line: &Line, d: &Deployment) -> bool {
    match line.no {
        Some(no) => no == d.no(),
        None => {
            Some(&line.stack) == d.stack() && d.started_at.is_some_and(|from| line.at >= from) && d.ended_at.is_none_or(|to| line.at <= to)
        }
    }
}
