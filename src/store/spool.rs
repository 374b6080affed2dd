//! Step output and followed lines, beside the database: segment files per stack
//! (`spool/ENV/APP[@PART]/NNNNNN.jsonl`), one JSON line each. The engine alone appends; everybody
//! reads. Lines stand in the order in which they arrived, each once and with its turn; whoever
//! shows several sources merges them by [`Line::key`]. Calls block for as long as the disk takes:
//! they belong on a blocking thread.

mod folder;
mod reader;
mod segments;
mod window;
mod writer;

pub use reader::{Begin, Piece, Reader};
pub use writer::Writer;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::segments::Segments;
use self::window::Writing;
use crate::domain::ids::StackId;
use crate::domain::line::{Giver, Line, Severity, SourceKind};
use crate::domain::time::Time;
use crate::os::bell::Bell;
use crate::os::files::{self, FileError};
use crate::os::mutex::locked;
use crate::os::paths::Home;

/// The spool of a home.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    bell: Bell,
    writing: Mutex<BTreeMap<StackId, Writing>>,
    limits: Limits,
    /// When it was swept last; none when that is due.
    swept: Mutex<Option<Time>>,
}

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long.
    pub age: Duration,
    /// How many bytes altogether.
    pub bytes: u64,
    /// How many bytes a segment gets before the next one is begun.
    pub segment: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            age: Duration::from_hours(7 * 24),
            bytes: 512 << 20,
            segment: 4 << 20,
        }
    }
}

/// Whose lines.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    /// Of one stack; of a whole, its parts with it.
    Stack(StackId),
    /// Of all stacks.
    All,
}

/// Up to where somebody has read: per stack, the segment and the bytes of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Position(BTreeMap<StackId, (u64, u64)>);

/// The most stacks whose files stay open.
const OPEN: usize = 64;
/// How often it is swept although no segment was begun.
const SWEEP: Duration = Duration::from_hours(1);

impl Spool {
    /// The spool of that home; its folder is made.
    pub fn open(home: &Home, limits: Limits) -> Result<Spool, FileError> {
        let folder = home.spool();
        files::private_folder(&folder)?;
        Ok(Self {
            folder,
            bell: Bell::at(&home.spool_bell())?,
            writing: Mutex::default(),
            limits,
            swept: Mutex::default(),
        })
    }

    /// Gives the lines that are new their turns, appends them, and says how many those were. A line
    /// of a source that counts is new when it is beyond what was counted; any other is known by
    /// kind, source and name, among the last 20,000 of its stack. Both hold over a restart. When it
    /// fails, the lines of the stack concerned are not written and may be given again.
    pub fn append(&self, lines: &mut [Line]) -> Result<usize, FileError> {
        let mut by_stack: BTreeMap<StackId, Vec<&mut Line>> = BTreeMap::new();
        for line in lines {
            match by_stack.get_mut(&line.stack) {
                Some(its) => its.push(line),
                None => drop(by_stack.insert(line.stack.clone(), vec![line])),
            }
        }
        let mut open = locked(&self.writing);
        let (mut fresh, mut begun, mut failure) = (0, false, None);
        for (stack, mut lines) in by_stack {
            let written = writing(&mut open, &stack, &self.segments(&stack)).and_then(|to| {
                let before = to.number();
                if to.is_gone() {
                    let at = lines.first().map_or(Time(0), |line| line.at);
                    let text =
                        "earlier lines are missing here: the file that held them was deleted";
                    // A segment of no length begins with the next line.
                    to.append(&mut [&mut writer::gap(&stack, at, text)], 0)?;
                }
                let count = to.append(&mut lines, self.limits.segment)?;
                Ok((count, to.number() != before))
            });
            match written {
                Ok((count, new)) => (fresh, begun) = (fresh + count, begun || new),
                Err(why) => {
                    // Look at the files afresh before the next try.
                    open.remove(&stack);
                    failure = Some(why);
                }
            }
        }
        drop(open);
        if begun {
            *locked(&self.swept) = None;
        }
        if fresh > 0 {
            self.bell.ring();
        }
        failure.map_or(Ok(fresh), Err)
    }

    /// How far a source that counts has come, which is where it is read on; none where nothing of
    /// it is known.
    pub fn reached(&self, stack: &StackId, giver: &Giver) -> Result<Option<u64>, FileError> {
        Ok(writing(&mut locked(&self.writing), stack, &self.segments(stack))?.nth(giver))
    }

    /// The lines since a position, at most `most` of each stack, and the position behind them. Of
    /// several stacks, the lines are in the order of their keys; a torn or damaged line is passed
    /// over.
    pub fn tail(
        &self,
        of: &Of,
        from: &Position,
        most: usize,
    ) -> Result<(Vec<Line>, Position), FileError> {
        let mut position = from.clone();
        let mut lines = Vec::new();
        for stack in self.stacks(of)? {
            let at = position.0.get(&stack).copied().unwrap_or_default();
            let (some, behind) = self.segments(&stack).read(at, most)?;
            lines.extend(some);
            position.0.insert(stack, behind);
        }
        merge(of, &mut lines);
        Ok((lines, position))
    }

    /// The last `most` lines of each stack, and the position behind them: where a tail begins.
    pub fn last(&self, of: &Of, most: usize) -> Result<(Vec<Line>, Position), FileError> {
        let mut position = Position::default();
        let mut lines = Vec::new();
        for stack in self.stacks(of)? {
            let (some, behind) = self.segments(&stack).last(most)?;
            lines.extend(some);
            position.0.insert(stack, behind);
        }
        merge(of, &mut lines);
        Ok((lines, position))
    }

    /// The position from which on all lines are read that happened at or after a time, with few
    /// others before them.
    pub fn since(&self, of: &Of, time: Time) -> Result<Position, FileError> {
        let mut position = Position::default();
        for stack in self.stacks(of)? {
            let at = self.segments(&stack).since(time)?;
            position.0.insert(stack, at);
        }
        Ok(position)
    }

    /// When the lines that are kept begin: those that came first, of the stack that has the oldest.
    pub fn begins(&self, of: &Of) -> Result<Option<Time>, FileError> {
        let mut begins: Option<Time> = None;
        for stack in self.stacks(of)? {
            let (first, _) = self.segments(&stack).read((0, 0), 1)?;
            begins = first
                .first()
                .map(|line| line.at)
                .into_iter()
                .chain(begins)
                .min();
        }
        Ok(begins)
    }

    /// The newest line of a log group and those of a while before it, the oldest first: what its
    /// tail goes on from.
    pub fn newest(
        &self,
        stack: &StackId,
        group: &str,
        back: Duration,
    ) -> Result<Vec<Line>, FileError> {
        let is = |line: &Line| {
            line.kind == SourceKind::Logs
                && line.severity != Severity::Gap
                && line.source.as_str() == group
        };
        let mut lines = self.segments(stack).newest(group, is, back)?;
        lines.sort_by_key(|line| line.at);
        Ok(lines)
    }

    /// Sweeps when a segment was begun since the last time, when an hour has passed, and at first.
    pub fn sweep_when_due(&self, now: Time) -> Result<usize, FileError> {
        if locked(&self.swept).is_some_and(|at| now.since(at) < SWEEP) {
            return Ok(0);
        }
        *locked(&self.swept) = Some(now);
        self.sweep(now)
    }

    /// Drops what is too old, and then the oldest segments until the rest fits; says how many
    /// segments went.
    pub fn sweep(&self, now: Time) -> Result<usize, FileError> {
        let mut open = locked(&self.writing);
        let mut all = Vec::new();
        for stack in self.stacks(&Of::All)? {
            for segment in self.segments(&stack).list()? {
                all.push((segment.changed_at, stack.clone(), segment));
            }
        }
        all.sort_by(|a, b| (a.0, &a.1, a.2.number).cmp(&(b.0, &b.1, b.2.number)));
        let mut bytes: u64 = all.iter().map(|(_, _, segment)| segment.bytes).sum();
        let mut gone = 0;
        for (changed_at, stack, segment) in all {
            if segment.bytes == 0
                || (now.since(changed_at) <= self.limits.age && bytes <= self.limits.bytes)
            {
                continue;
            }
            open.remove(&stack);
            self.segments(&stack).drop(segment.number)?;
            bytes -= segment.bytes;
            gone += 1;
        }
        Ok(gone)
    }

    fn segments(&self, stack: &StackId) -> Segments {
        Segments::of(folder::of(&self.folder, stack))
    }

    fn stacks(&self, of: &Of) -> Result<BTreeSet<StackId>, FileError> {
        match of {
            Of::Stack(stack) => {
                let mut stacks = BTreeSet::from([stack.clone()]);
                if stack.part.is_none() {
                    let all = self.of_environment(stack.env.as_str())?;
                    stacks.extend(all.into_iter().filter(|one| one.is_part_of(stack)));
                }
                Ok(stacks)
            }
            Of::All => {
                let mut stacks = BTreeSet::new();
                for env in segments::names(&self.folder)? {
                    stacks.extend(self.of_environment(&env)?);
                }
                Ok(stacks)
            }
        }
    }

    /// The stacks of an environment that have lines; what is no name of ours is not of the spool.
    fn of_environment(&self, env: &str) -> Result<Vec<StackId>, FileError> {
        let names = segments::names(&self.folder.join(env))?;
        let stacks = names.iter().filter_map(|name| folder::stack(env, name));
        Ok(stacks.collect())
    }
}

fn writing<'a>(
    open: &'a mut BTreeMap<StackId, Writing>,
    stack: &StackId,
    segments: &Segments,
) -> Result<&'a mut Writing, FileError> {
    use std::collections::btree_map::Entry;
    if open.len() >= OPEN && !open.contains_key(stack) {
        open.pop_first();
    }
    match open.entry(stack.clone()) {
        Entry::Occupied(found) => Ok(found.into_mut()),
        Entry::Vacant(free) => Ok(free.insert(Writing::open(segments)?)),
    }
}

fn merge(of: &Of, lines: &mut [Line]) {
    match of {
        Of::Stack(_) => {}
        Of::All => lines.sort_by_key(Line::key),
    }
}

#[cfg(test)]
mod tests;
