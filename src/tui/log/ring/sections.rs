//! Phases: stretches of a source that are read as one, each with a header on its first line. One
//! that is folded hides its other lines; a search finds them all the same.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::domain::line::{Ended, InPhase, Line, PhaseMark, Severity, Turn};
use crate::domain::time::Time;

use super::chunk::{Chunk, Record};
use super::{Ring, Source};

/// A phase, by what is kept of its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Which phase it is, as long as it is known here.
    pub id: u64,
    /// Its own lines, without those that say that it begins or ends.
    pub lines: usize,
    /// When it began, where that was told.
    pub begun: Option<Time>,
    /// How it ended; none while it goes on.
    pub ended: Option<Ended>,
    /// All that is kept of it.
    rows: usize,
    /// Lines that say that something failed, or is missing.
    bad: usize,
    folded: bool,
    /// The first of its lines.
    head: u64,
    turn: Turn,
}

impl Section {
    fn of(source: &Source) -> Self {
        let mut hasher = DefaultHasher::new();
        source.hash(&mut hasher);
        Self {
            id: hasher.finish(),
            lines: 0,
            begun: None,
            ended: None,
            rows: 0,
            bad: 0,
            folded: false,
            head: 0,
            turn: Turn::default(),
        }
    }

    /// Whether it shows its header alone.
    #[must_use]
    pub fn is_folded(&self) -> bool {
        self.folded
    }

    /// Whether it is worth a header: a line that says all there is stands for itself.
    fn is_one(&self) -> bool {
        self.rows > 1 || self.begun.is_some()
    }

    /// Whether it folds by itself: it went well, and says nothing else.
    fn is_calm(&self) -> bool {
        self.bad == 0 && self.ended.as_ref().is_some_and(|ended| !ended.is_bad)
    }

    fn counts(&mut self, severity: Severity, is_own: bool, more: bool) {
        let is_bad = matches!(severity, Severity::Error | Severity::Gap);
        for (count, is) in [
            (&mut self.rows, true),
            (&mut self.bad, is_bad),
            (&mut self.lines, is_own),
        ] {
            *count = if more {
                *count + usize::from(is)
            } else {
                count.saturating_sub(usize::from(is))
            };
        }
    }
}

/// The phase of a part that names its build too (`#12 INSTALL`).
fn phase_of(source: &Source) -> Option<&str> {
    let (build, phase) = source.part.as_str().split_once(' ')?;
    build.starts_with('#').then_some(phase)
}

impl Ring {
    /// The phase of a line, and whether its header stands there.
    pub(super) fn section_of(&self, record: &Record) -> Option<(&Section, bool)> {
        let section = self.sections.get(record.source as usize)?.as_ref()?;
        section
            .is_one()
            .then_some((section, section.head == record.key))
    }

    /// Whether a line is hidden, because its phase is folded.
    fn hides(&self, record: &Record) -> bool {
        self.section_of(record)
            .is_some_and(|(section, is_head)| section.folded && !is_head)
    }

    /// Whether the line in a place is hidden, because its phase is folded.
    #[must_use]
    pub fn is_hidden(&self, at: usize) -> bool {
        self.record(at).is_some_and(|record| self.hides(record))
    }

    /// The first line at or after a place that is not hidden.
    #[must_use]
    pub fn open_at_or_after(&self, row: usize) -> Option<usize> {
        let (first, record) = self.locate(row)?;
        let mut begin = row;
        for (n, chunk) in self.chunks.iter().enumerate().skip(first) {
            let from = if n == first { record } else { chunk.from };
            let mut records = chunk.records[from..].iter();
            if let Some(found) = records.position(|record| !self.hides(record)) {
                return Some(begin + found);
            }
            begin += chunk.records.len() - from;
        }
        None
    }

    /// The last line at or before a place that is not hidden.
    #[must_use]
    pub fn open_at_or_before(&self, row: usize) -> Option<usize> {
        let (last, record) = self.locate(row)?;
        let mut end = row + 1;
        for (n, chunk) in self.chunks.iter().enumerate().take(last + 1).rev() {
            let to = if n == last {
                record + 1
            } else {
                chunk.records.len()
            };
            let records = &chunk.records[chunk.from..to];
            if let Some(found) = records.iter().rposition(|record| !self.hides(record)) {
                return Some(end - records.len() + found);
            }
            end -= records.len();
        }
        None
    }

    /// The place of the header of a phase.
    #[must_use]
    pub fn head_of(&self, id: u64) -> Option<usize> {
        let mut sections = self.sections.iter().flatten();
        let head = sections.find(|section| section.id == id)?.head;
        let mut begin = 0;
        for chunk in &self.chunks {
            let mut records = chunk.records[chunk.from..].iter();
            if let Some(found) = records.position(|record| record.key == head) {
                return Some(begin + found);
            }
            begin += chunk.len();
        }
        None
    }

    /// All phases that have a header.
    pub fn sections(&self) -> impl Iterator<Item = &Section> {
        self.sections
            .iter()
            .flatten()
            .filter(|section| section.is_one())
    }

    /// How long the same phase took of the other builds of a tail that are kept, where it ended well.
    #[must_use]
    pub fn took_elsewhere(&self, of: &Source) -> Vec<Duration> {
        let Some(phase) = phase_of(of) else {
            return Vec::new();
        };
        let alike = |other: &Source| {
            let same = (other.kind, &other.name, &other.stack) == (of.kind, &of.name, &of.stack);
            same && other.part != of.part && phase_of(other) == Some(phase)
        };
        let all = self.sources.iter().zip(&self.sections);
        all.filter(|(source, _)| alike(source))
            .filter_map(|(_, section)| section.as_ref()?.ended.as_ref())
            .filter(|ended| !ended.is_bad)
            .filter_map(Ended::took)
            .collect()
    }

    /// Folds and unfolds: what a person wanted of a phase, else what it does by itself.
    pub fn fold(&mut self, wanted: impl Fn(&Section) -> Option<bool>) {
        for section in self.sections.iter_mut().flatten() {
            section.folded = wanted(section).unwrap_or_else(|| section.is_calm());
        }
    }

    /// Counts a line that came.
    pub(super) fn enter(&mut self, source: u32, key: u64, line: &Line) {
        let Some(InPhase { mark, .. }) = &line.phase else {
            return;
        };
        let at = source as usize;
        if self.sections.len() <= at {
            self.sections.resize(at + 1, None);
        }
        let of = &self.sources[at];
        let section = self.sections[at].get_or_insert_with(|| Section::of(of));
        let turn = line.key();
        if section.rows == 0 || turn < section.turn {
            (section.head, section.turn) = (key, turn);
        }
        section.counts(line.severity, *mark == PhaseMark::Within, true);
        match mark {
            PhaseMark::Begins => section.begun = Some(line.at),
            PhaseMark::Within => {}
            PhaseMark::Ends(ended) => section.ended = Some(ended.clone()),
        }
    }

    /// Counts a line that went, the oldest of all.
    pub(super) fn leave(&mut self, record: &Record) {
        let at = record.source as usize;
        let Some(Some(section)) = self.sections.get_mut(at) else {
            return;
        };
        section.counts(record.severity, record.is_own, false);
        if section.rows == 0 {
            self.sections[at] = None;
            return;
        }
        if section.head != record.key {
            return;
        }
        let next = self
            .chunks
            .iter()
            .flat_map(Chunk::live)
            .find(|next| next.source == record.source && next.key != record.key)
            .map(|next| (next.key, next.turn));
        if let (Some((head, turn)), Some(Some(section))) = (next, self.sections.get_mut(at)) {
            (section.head, section.turn) = (head, turn);
        }
    }
}
