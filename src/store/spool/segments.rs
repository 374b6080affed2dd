//! The segment files of one stack: listed, read, dropped. A segment's number only rises, so that a
//! reader's position stays true.

use std::fs;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::line::{Heads, Line};
use crate::domain::time::Time;
use crate::os::files::{self, FileError};
use crate::os::open;

/// How far ahead of the file system's clock a source's clock may be.
const AHEAD: Duration = Duration::from_mins(5);

/// The folder of one stack.
#[derive(Debug, Clone)]
pub(super) struct Segments(PathBuf);

/// What a segment but the first begins with: how far the sources had come by then. No reader takes
/// it for a line.
#[derive(Serialize, Deserialize)]
struct Header {
    heads: Heads,
}

/// What an opening recalls.
pub(super) struct Recalled {
    /// The newest lines.
    pub lines: Vec<Line>,
    /// How far all sources have come.
    pub heads: Heads,
    /// The bytes of the last segment that are whole lines.
    pub whole: u64,
}

/// A segment file; it was changed when its last line came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment {
    pub number: u64,
    pub bytes: u64,
    pub changed_at: Time,
}

impl Segments {
    pub(super) fn of(folder: PathBuf) -> Self {
        Self(folder)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.0
    }

    pub(super) fn path(&self, number: u64) -> PathBuf {
        self.0.join(format!("{number:06}.jsonl"))
    }

    /// All segments, the oldest first; none when the stack has no folder.
    pub(super) fn list(&self) -> Result<Vec<Segment>, FileError> {
        let mut found = Vec::new();
        for name in names(&self.0)? {
            let Some(number) = name
                .strip_suffix(".jsonl")
                .and_then(|digits| digits.parse().ok())
            else {
                continue;
            };
            let path = self.0.join(&name);
            match fs::metadata(&path) {
                Ok(about) => {
                    let changed_at = Time(
                        about
                            .mtime()
                            .saturating_mul(1_000)
                            .saturating_add(about.mtime_nsec() / 1_000_000),
                    );
                    found.push(Segment {
                        number,
                        bytes: about.len(),
                        changed_at,
                    });
                }
                // Swept between the two looks.
                Err(why) if why.kind() == io::ErrorKind::NotFound => {}
                Err(why) => return Err(FileError::io(&path, "looked at")(why)),
            }
        }
        found.sort_by_key(|segment| segment.number);
        Ok(found)
    }

    /// At most `most` lines from a position on, and the position behind them.
    pub(super) fn read(
        &self,
        from: (u64, u64),
        most: usize,
    ) -> Result<(Vec<Line>, (u64, u64)), FileError> {
        let (mut lines, mut behind) = (Vec::new(), from);
        for segment in self
            .list()?
            .into_iter()
            .filter(|segment| segment.number >= from.0)
        {
            let start = if segment.number == from.0 { from.1 } else { 0 };
            if lines.len() >= most {
                break;
            }
            let bytes = if start < segment.bytes {
                self.bytes(segment.number, start)?
            } else {
                Vec::new()
            };
            let taken = take(&bytes, most, &mut lines);
            behind = (segment.number, start + taken as u64);
        }
        Ok((lines, behind))
    }

    /// The last `most` lines, and the position behind them.
    pub(super) fn last(&self, most: usize) -> Result<(Vec<Line>, (u64, u64)), FileError> {
        let mut parts: Vec<Vec<Line>> = Vec::new();
        let (mut have, mut behind) = (0, None);
        for segment in self.list()?.into_iter().rev() {
            if have >= most && behind.is_some() {
                break;
            }
            let bytes = self.bytes(segment.number, 0)?;
            let whole = whole(&bytes);
            behind.get_or_insert((segment.number, whole as u64));
            let mut lines = Vec::new();
            take(
                from_end(&bytes[..whole], most - have),
                usize::MAX,
                &mut lines,
            );
            have += lines.len();
            parts.push(lines);
        }
        Ok((
            parts.into_iter().rev().flatten().collect(),
            behind.unwrap_or_default(),
        ))
    }

    /// At least the last `most` lines, and what is known of those before them.
    pub(super) fn recall(&self, most: usize) -> Result<Recalled, FileError> {
        let mut parts: Vec<Vec<Line>> = Vec::new();
        let mut heads: Option<Heads> = None;
        let (mut have, mut last) = (0, None);
        for segment in self.list()?.into_iter().rev() {
            if have >= most && heads.is_some() {
                break;
            }
            let bytes = self.bytes(segment.number, 0)?;
            let whole = whole(&bytes);
            last.get_or_insert(whole as u64);
            let mut lines = Vec::new();
            take(&bytes[..whole], usize::MAX, &mut lines);
            have += lines.len();
            parts.push(lines);
            if heads.is_none() {
                heads = header(&bytes[..whole]);
            }
        }
        let lines: Vec<Line> = parts.into_iter().rev().flatten().collect();
        let mut heads = heads.unwrap_or_default();
        for line in &lines {
            heads.recall(line);
        }
        Ok(Recalled {
            lines,
            heads,
            whole: last.unwrap_or_default(),
        })
    }

    /// The position from which on all lines of at or after a time are read: a line comes when it
    /// happened or later.
    pub(super) fn since(&self, time: Time) -> Result<(u64, u64), FileError> {
        match self
            .list()?
            .into_iter()
            .find(|segment| segment.changed_at + AHEAD >= time)
        {
            Some(segment) => Ok((segment.number, 0)),
            None => self.last(0).map(|(_, end)| end),
        }
    }

    /// The newest line that `is` such a one and those of a while before it, in the order of
    /// arrival. Such a line has `word` in it.
    pub(super) fn newest(
        &self,
        word: &str,
        is: impl Fn(&Line) -> bool,
        back: Duration,
    ) -> Result<Vec<Line>, FileError> {
        let word = memchr::memmem::Finder::new(word);
        let mut parts: Vec<Vec<Line>> = Vec::new();
        let mut newest: Option<Time> = None;
        for segment in self.list()?.into_iter().rev() {
            if newest.is_some_and(|newest| segment.changed_at + AHEAD < newest - back) {
                break;
            }
            let bytes = self.bytes(segment.number, 0)?;
            let mut lines = Vec::new();
            for text in bytes[..whole(&bytes)]
                .split_inclusive(|byte| *byte == b'\n')
                .filter(|text| word.find(text).is_some())
            {
                take(text, usize::MAX, &mut lines);
            }
            lines.retain(&is);
            newest = lines.iter().map(|line| line.at).chain(newest).max();
            parts.push(lines);
        }
        let from = newest.unwrap_or_default() - back;
        Ok(parts
            .into_iter()
            .rev()
            .flatten()
            .filter(|line| line.at >= from)
            .collect())
    }

    /// Removes a segment; the number of the last one stays taken.
    pub(super) fn drop(&self, number: u64) -> Result<(), FileError> {
        if self
            .list()?
            .last()
            .is_some_and(|last| last.number == number)
        {
            files::private_file(&self.path(number + 1))?;
        }
        let path = self.path(number);
        fs::remove_file(&path).map_err(FileError::io(&path, "removed"))
    }

    fn bytes(&self, number: u64, start: u64) -> Result<Vec<u8>, FileError> {
        let path = self.path(number);
        let mut bytes = Vec::new();
        let read = open::read(&path).and_then(|mut file| {
            file.seek(SeekFrom::Start(start))?;
            file.read_to_end(&mut bytes)
        });
        match read {
            Ok(_) => Ok(bytes),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(why) => Err(FileError::io(&path, "read")(why)),
        }
    }
}

/// The names in a folder, in order; none when there is no such folder.
pub(super) fn names(folder: &Path) -> Result<Vec<String>, FileError> {
    let listing = match fs::read_dir(folder) {
        Ok(listing) => listing,
        Err(why)
            if matches!(
                why.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(Vec::new());
        }
        Err(why) => return Err(FileError::io(folder, "listed")(why)),
    };
    let mut names = Vec::new();
    for entry in listing {
        let entry = entry.map_err(FileError::io(folder, "listed"))?;
        names.extend(entry.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}

/// How many bytes belong to whole lines: what is behind them is still being written, or was torn.
pub(super) fn whole(bytes: &[u8]) -> usize {
    memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1)
}

/// The first line of a segment that begins with how far the sources had come.
pub(super) fn heading(heads: &Heads) -> serde_json::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(&Header {
        heads: heads.clone(),
    })?;
    text.push(b'\n');
    Ok(text)
}

fn header(bytes: &[u8]) -> Option<Heads> {
    let first = &bytes[..memchr::memchr(b'\n', bytes)?];
    serde_json::from_slice::<Header>(first)
        .ok()
        .map(|header| header.heads)
}

/// Reads whole lines until there are `most`; gives the bytes that were taken. What is no line is
/// passed over.
fn take(bytes: &[u8], most: usize, lines: &mut Vec<Line>) -> usize {
    let mut taken = 0;
    for end in memchr::memchr_iter(b'\n', bytes) {
        if lines.len() >= most {
            break;
        }
        lines.extend(serde_json::from_slice::<Line>(&bytes[taken..end]));
        taken = end + 1;
    }
    taken
}

/// The last `most` lines of whole lines.
fn from_end(bytes: &[u8], most: usize) -> &[u8] {
    // The line feed at the very end closes the last line; the one before the first wanted line is
    // where to begin.
    match memchr::memrchr_iter(b'\n', bytes).nth(most) {
        Some(at) => &bytes[at + 1..],
        None => bytes,
    }
}
