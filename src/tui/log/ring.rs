//! The lines of a log, in bounded memory: merged by their turns, each id once, in chunks whose text
//! lies together. It forgets the oldest and says how many. It knows nothing of screens.

mod chunk;
mod sections;
mod sources;

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::domain::line::{Id, Line, PhaseMark, Severity, SourceKind};
use crate::domain::time::Time;

pub(super) use chunk::Chunk;
use chunk::{CHUNK, Record, TEXT};
pub use sections::Section;
pub use sources::Source;

/// Sources remembered before those that no line has any more are forgotten.
const SOURCES: usize = 8_192;

/// One line of the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    /// When.
    pub at: Time,
    /// How serious.
    pub severity: Severity,
    /// The text.
    pub text: &'a str,
    /// Where it comes from.
    pub source: &'a Source,
    /// Which line it is, whatever its place.
    pub key: u64,
    /// The phase in which it stands, where that has a header.
    pub section: Option<&'a Section>,
    /// The header of its phase stands above it, or in its place where it says that this begins.
    pub is_head: bool,
    /// It says that its phase begins.
    pub begins: bool,
}

/// How many lines of each seriousness are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
    /// Lines that say that lines are missing.
    pub gaps: usize,
}

/// The ring.
#[derive(Debug)]
pub struct Ring {
    chunks: VecDeque<Chunk>,
    most: usize,
    len: usize,
    forgotten: u64,
    counts: Counts,
    keys: HashSet<u64>,
    sources: Vec<Source>,
    /// By the places of their sources.
    sections: Vec<Option<Section>>,
    by_source: HashMap<Source, u32>,
    next_chunk: u64,
}

impl Ring {
    /// A ring that keeps `most` lines.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            chunks: VecDeque::new(),
            most: most.max(1),
            len: 0,
            forgotten: 0,
            counts: Counts::default(),
            keys: HashSet::new(),
            sources: Vec::new(),
            sections: Vec::new(),
            by_source: HashMap::new(),
            next_chunk: 0,
        }
    }

    /// Lines kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// True when there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Lines that were here and had to go.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// How many of each seriousness.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The line in a place; the oldest is 0.
    #[must_use]
    pub fn row(&self, at: usize) -> Option<Row<'_>> {
        let (chunk, record) = self.locate(at)?;
        let chunk = &self.chunks[chunk];
        let text = chunk.text(record);
        let record = &chunk.records[record];
        let section = self.section_of(record);
        Some(Row {
            at: record.at,
            severity: record.severity,
            text,
            source: &self.sources[record.source as usize],
            key: record.key,
            section: section.map(|(section, _)| section),
            is_head: section.is_some_and(|(_, is_head)| is_head),
            begins: record.begins,
        })
    }

    fn record(&self, at: usize) -> Option<&Record> {
        let (chunk, record) = self.locate(at)?;
        self.chunks[chunk].records.get(record)
    }

    /// The place of the first line at or after a time.
    #[must_use]
    pub fn place_of(&self, time: Time) -> usize {
        let mut before = 0;
        for chunk in &self.chunks {
            let found = chunk.records[chunk.from..].partition_point(|record| record.turn.0 < time);
            before += found;
            if found < chunk.len() {
                break;
            }
        }
        before
    }

    /// Takes a line: its place, or none when its id is here already. Lines of the same turn stay in
    /// the order in which they came. [`Ring::trim`] afterwards.
    pub fn put(&mut self, line: &Line) -> Option<usize> {
        let key = key_of(line);
        if !self.keys.insert(key) {
            return None;
        }
        let turn = line.key();
        let source = self.intern(line);
        self.count(line.severity, true);
        self.enter(source, key, line);
        self.len += 1;
        let mut after = 0;
        let mut at = self.chunks.len();
        // Nearly every line is the newest: look from the end.
        while at > 0 && self.chunks[at - 1].records[self.chunks[at - 1].from].turn > turn {
            at -= 1;
            after += self.chunks[at].len();
        }
        if at == 0 && !self.chunks.is_empty() {
            // Older than all: the beginning of the first chunk.
            at = 1;
            after -= self.chunks[0].len();
        }
        let late = after > 0
            || self
                .chunks
                .back()
                .is_some_and(|chunk| chunk.records.last().is_some_and(|last| last.turn > turn));
        if at == 0 || (!late && self.chunks[at - 1].is_full()) {
            if let Some(full) = self.chunks.back_mut() {
                full.text.shrink_to_fit();
                full.records.shrink_to_fit();
            }
            self.chunks.push_back(Chunk {
                id: self.next_chunk,
                version: 0,
                from: 0,
                records: Vec::new(),
                text: String::new(),
            });
            self.next_chunk += 1;
            at = self.chunks.len();
        }
        let chunk = &mut self.chunks[at - 1];
        let place =
            chunk.from + chunk.records[chunk.from..].partition_point(|record| record.turn <= turn);
        let text = line.text.as_str();
        let record = Record {
            turn,
            at: line.at,
            key,
            start: chunk.text.len() as u32,
            len: text.len() as u32,
            source,
            severity: line.severity,
            begins: line
                .phase
                .as_ref()
                .is_some_and(|phase| phase.mark == PhaseMark::Begins),
            is_own: line
                .phase
                .as_ref()
                .is_some_and(|phase| phase.mark == PhaseMark::Within),
        };
        chunk.text.push_str(text);
        chunk.version += u32::from(place < chunk.records.len());
        chunk.records.insert(place, record);
        let row = self.len - after - chunk.len() + (place - chunk.from);
        if chunk.len() >= 2 * CHUNK
            || chunk.text.len() >= 2 * TEXT + 4 * crate::text::safe::MAX_CHARS
        {
            self.split(at - 1);
        }
        Some(row)
    }

    /// Forgets the oldest lines above the limit and says how many.
    pub fn trim(&mut self) -> usize {
        let extra = self.len.saturating_sub(self.most);
        for _ in 0..extra {
            let Some(chunk) = self.chunks.front_mut() else {
                break;
            };
            let record = chunk.records[chunk.from];
            let Record { key, severity, .. } = record;
            chunk.from += 1;
            let empty = chunk.len() == 0;
            self.keys.remove(&key);
            self.len -= 1;
            self.count(severity, false);
            self.leave(&record);
            if empty {
                self.chunks.pop_front();
            } else if self.chunks[0].from >= CHUNK {
                // Late lines fill it as fast as it is emptied: what is gone must not pile up.
                let live = self.piece(0, self.chunks[0].from..self.chunks[0].records.len());
                self.chunks[0] = live;
            }
        }
        self.forgotten += extra as u64;
        if self.sources.len() > SOURCES {
            self.forget_sources();
        }
        extra
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        let next_chunk = self.next_chunk;
        *self = Self {
            next_chunk,
            ..Self::new(self.most)
        };
    }

    pub(super) fn chunks(&self) -> &VecDeque<Chunk> {
        &self.chunks
    }

    /// Chunk and record of a place.
    pub(super) fn locate(&self, at: usize) -> Option<(usize, usize)> {
        if at >= self.len {
            return None;
        }
        if at >= self.len / 2 {
            let mut begin = self.len;
            for (n, chunk) in self.chunks.iter().enumerate().rev() {
                begin -= chunk.len();
                if at >= begin {
                    return Some((n, chunk.from + at - begin));
                }
            }
            return None;
        }
        let mut begin = 0;
        for (n, chunk) in self.chunks.iter().enumerate() {
            if at < begin + chunk.len() {
                return Some((n, chunk.from + at - begin));
            }
            begin += chunk.len();
        }
        None
    }

    /// The place of the first line of a chunk.
    pub(super) fn begin(&self, chunk: usize) -> usize {
        self.chunks.iter().take(chunk).map(Chunk::len).sum()
    }

    fn count(&mut self, severity: Severity, more: bool) {
        let change = |count: &mut usize| {
            *count = if more {
                *count + 1
            } else {
                count.saturating_sub(1)
            }
        };
        match severity {
            Severity::Debug | Severity::Info => {}
            Severity::Warn => change(&mut self.counts.warnings),
            Severity::Error => change(&mut self.counts.errors),
            Severity::Gap => change(&mut self.counts.gaps),
        }
    }

    fn split(&mut self, at: usize) {
        let (from, to) = (self.chunks[at].from, self.chunks[at].records.len());
        let half = from + (to - from) / 2;
        let (first, second) = (self.piece(at, from..half), self.piece(at, half..to));
        self.chunks[at] = first;
        self.chunks.insert(at + 1, second);
    }

    /// A new chunk from some records of another.
    fn piece(&mut self, of: usize, records: std::ops::Range<usize>) -> Chunk {
        let old = &self.chunks[of];
        let mut new = Chunk {
            id: self.next_chunk,
            version: 0,
            from: 0,
            records: Vec::with_capacity(records.len()),
            text: String::new(),
        };
        self.next_chunk += 1;
        for record in records {
            let start = new.text.len() as u32;
            new.text.push_str(old.text(record));
            new.records.push(Record {
                start,
                ..old.records[record]
            });
        }
        new
    }
}

fn key_of(line: &Line) -> u64 {
    let mut hasher = DefaultHasher::new();
    // Every deployment counts anew.
    let no = match line.id {
        Id::Nth(_) | Id::OfPart { .. } => line.no,
        Id::Name(_) => None,
    };
    (line.kind, line.source.as_str(), &line.stack, no, &line.id).hash(&mut hasher);
    // And so does every stream, and every part that counts for itself.
    let counts_for_itself = match line.id {
        Id::Nth(_) => line.kind == SourceKind::Logs,
        Id::OfPart { .. } => true,
        Id::Name(_) => false,
    };
    if counts_for_itself {
        line.part.as_str().hash(&mut hasher);
    }
    hasher.finish()
}
