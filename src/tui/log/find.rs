//! Finding in a ring: what a person types becomes a query; its hits are found chunk by chunk, when
//! they are needed, and kept until the chunk changes.

use std::collections::HashMap;
use std::ops::Range;

use memchr::memmem::Finder;
use regex::{Regex, RegexBuilder};

use super::ring::{Chunk, Ring};

/// What is looked for.
#[derive(Debug, Clone)]
pub struct Query {
    /// As it was typed.
    pub text: String,
    /// Lines that do not have it.
    pub inverse: bool,
    /// Lines around each hit that a filter shows as well.
    pub around: usize,
    /// Why it is searched for as it is written, where it looks like a pattern and is none: what is
    /// wrong with it, and where.
    pub wrong: Option<String>,
    how: How,
}

#[derive(Debug, Clone)]
enum How {
    Literal(Box<Finder<'static>>),
    Pattern(Regex),
}

impl Query {
    /// Reads `[!]text[ +N]`: a regular expression where it is one, else literal; small letters find
    /// large ones too. `!` finds the lines without it, `+N` shows N lines around. None when nothing
    /// is left.
    #[must_use]
    pub fn read(typed: &str) -> Option<Self> {
        let (inverse, text) = typed
            .strip_prefix('!')
            .map_or((false, typed), |rest| (true, rest));
        let around = text
            .rsplit_once(" +")
            .and_then(|(text, n)| Some((text, n.parse::<usize>().ok()?)));
        let (text, around) = around.map_or((text, 0), |(text, n)| (text, n.min(100)));
        if text.is_empty() {
            return None;
        }
        let small = !text.chars().any(char::is_uppercase);
        let is_literal = regex::escape(text) == text;
        let pattern = |text: &str| {
            RegexBuilder::new(text)
                .case_insensitive(small)
                .size_limit(1 << 20)
                .build()
        };
        let literal = || How::Literal(Box::new(Finder::new(text.as_bytes()).into_owned()));
        let begin = usize::from(inverse);
        let mut wrong = None;
        let how = match (
            is_literal && (!small || !text.chars().any(char::is_alphabetic)),
            pattern(text),
        ) {
            (true, _) => literal(),
            (false, Ok(regex)) => How::Pattern(regex),
            (false, Err(why)) => {
                wrong = Some(told(&why, begin));
                pattern(&regex::escape(text)).map_or_else(|_| literal(), How::Pattern)
            }
        };
        Some(Self {
            text: typed.to_owned(),
            inverse,
            around,
            wrong,
            how,
        })
    }

    /// Whether a line is a hit.
    #[must_use]
    pub fn hits(&self, line: &str) -> bool {
        let found = match &self.how {
            How::Literal(finder) => finder.find(line.as_bytes()).is_some(),
            How::Pattern(regex) => regex.is_match(line),
        };
        found != self.inverse
    }

    /// Where in a line it stands, for showing it.
    #[must_use]
    pub fn places(&self, line: &str) -> Vec<Range<usize>> {
        if self.inverse {
            return Vec::new();
        }
        match &self.how {
            How::Literal(finder) => {
                let len = finder.needle().len();
                finder
                    .find_iter(line.as_bytes())
                    .map(|at| at..at + len)
                    .collect()
            }
            How::Pattern(regex) => regex
                .find_iter(line)
                .map(|found| found.range())
                .filter(|range| !range.is_empty())
                .collect(),
        }
    }
}

/// What is wrong with a pattern: its last line says it, the caret above it where.
fn told(why: &regex::Error, begin: usize) -> String {
    let text = why.to_string();
    let says = text.lines().last().unwrap_or_default();
    let says = says.trim().trim_start_matches("error: ");
    // The pattern and what points into it are four cells in.
    let place = text
        .lines()
        .find(|line| line.contains('^') && line.chars().all(|c| c == '^' || c == ' '));
    match place.and_then(|line| line.find('^')) {
        Some(at) => format!("{says} at character {}", at.saturating_sub(4) + begin + 1),
        None => says.to_owned(),
    }
}

/// A query with the hits that were found so far.
#[derive(Debug)]
pub struct Hits {
    /// What is looked for.
    pub query: Query,
    /// By chunk.
    found: HashMap<u64, Found>,
}

/// The hits of a chunk.
#[derive(Debug, Default)]
struct Found {
    /// The version of the chunk that was searched.
    version: u32,
    /// How many records were searched: those that came after are still to be.
    searched: usize,
    /// The records.
    hits: Vec<u16>,
}

impl Found {
    fn is_of(&self, chunk: &Chunk) -> bool {
        self.version == chunk.version && self.searched == chunk.records()
    }
}

impl Hits {
    /// Nothing searched yet.
    #[must_use]
    pub fn new(query: Query) -> Self {
        Self {
            query,
            found: HashMap::new(),
        }
    }

    fn of(&mut self, ring: &Ring, chunk: usize) -> &[u16] {
        let chunk = &ring.chunks()[chunk];
        let kept = self.found.entry(chunk.id).or_default();
        if kept.version != chunk.version {
            *kept = Found {
                version: chunk.version,
                ..Found::default()
            };
        }
        let new = kept.searched.max(chunk.from)..chunk.records();
        kept.hits.extend(
            new.filter(|record| self.query.hits(chunk.text(*record)))
                .map(|record| record as u16),
        );
        kept.searched = chunk.records();
        let begin = kept
            .hits
            .partition_point(|record| usize::from(*record) < chunk.from);
        &kept.hits[begin..]
    }

    /// The first hit at or after a place.
    pub fn at_or_after(&mut self, ring: &Ring, row: usize) -> Option<usize> {
        let (first, record) = ring.locate(row)?;
        let mut begin = ring.begin(first);
        for n in first..ring.chunks().len() {
            let from = ring.chunks()[n].from;
            let least = if n == first { record } else { from };
            let hits = self.of(ring, n);
            if let Some(hit) = hits.get(hits.partition_point(|hit| usize::from(*hit) < least)) {
                return Some(begin + usize::from(*hit) - from);
            }
            begin += ring.chunks()[n].records() - from;
        }
        None
    }

    /// The last hit at or before a place.
    pub fn at_or_before(&mut self, ring: &Ring, row: usize) -> Option<usize> {
        let (last, record) = ring.locate(row)?;
        for n in (0..=last).rev() {
            let from = ring.chunks()[n].from;
            let most = if n == last { record } else { usize::MAX };
            let hits = self.of(ring, n);
            let found = hits[..hits.partition_point(|hit| usize::from(*hit) <= most)]
                .last()
                .copied();
            if let Some(hit) = found {
                return Some(ring.begin(n) + usize::from(hit) - from);
            }
        }
        None
    }

    /// Searches chunks that were not searched yet, newest first, until about so many bytes were
    /// read; true when all are done.
    pub fn search(&mut self, ring: &Ring, bytes: usize) -> bool {
        let mut left = bytes;
        for n in (0..ring.chunks().len()).rev() {
            let chunk = &ring.chunks()[n];
            if self
                .found
                .get(&chunk.id)
                .is_none_or(|found| !found.is_of(chunk))
            {
                if left == 0 {
                    return false;
                }
                left = left.saturating_sub(
                    (chunk.from..chunk.records())
                        .map(|record| chunk.text(record).len() + 16)
                        .sum(),
                );
                self.of(ring, n);
            }
        }
        if self.found.len() > ring.chunks().len() {
            let live: std::collections::HashSet<u64> =
                ring.chunks().iter().map(|chunk| chunk.id).collect();
            self.found.retain(|id, _| live.contains(id));
        }
        true
    }

    /// Hits before a place and in all, of what was searched so far.
    pub fn count(&self, ring: &Ring, row: usize) -> (usize, usize) {
        let here = ring.locate(row);
        let (mut before, mut all) = (0, 0);
        for (n, chunk) in ring.chunks().iter().enumerate() {
            let Some(Found { hits, .. }) = self.found.get(&chunk.id) else {
                continue;
            };
            let live = &hits[hits.partition_point(|record| usize::from(*record) < chunk.from)..];
            all += live.len();
            before += match here {
                Some((at, record)) if n == at => {
                    live.partition_point(|hit| usize::from(*hit) <= record)
                }
                Some((at, _)) if n < at => live.len(),
                _ => 0,
            };
        }
        (before, all)
    }
}
