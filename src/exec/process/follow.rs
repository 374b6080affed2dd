//! Following a record from an offset: whole lines only, each with the offset at which it stands,
//! which is its number.

use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::record;
use crate::os::open;
use crate::text::safe::Safe;

/// How much is read at once.
const READ: usize = 256 * 1024;

/// One line of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    /// Where it stands.
    pub(super) at: u64,
    /// Which stream.
    pub(super) letter: u8,
    /// The text.
    pub(super) text: Safe,
}

/// Reads a record as it grows.
#[derive(Debug)]
pub(super) struct Follower {
    path: PathBuf,
    /// Up to where whole lines were given.
    pub(super) offset: u64,
    /// It may stand within a line.
    within: bool,
}

impl Follower {
    /// Follows from the first line that begins at or after `offset`.
    pub(super) fn new(path: &Path, offset: u64) -> Self {
        // From the byte before: it ends a line where one begins at the offset.
        Self {
            path: path.to_owned(),
            offset: offset.saturating_sub(1),
            within: offset > 0,
        }
    }

    /// The next lines; none when there are no more now.
    pub(super) fn more(&mut self) -> io::Result<Vec<Written>> {
        let mut file = match open::read(&self.path) {
            Ok(file) => file,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(why) => return Err(why),
        };
        file.seek(SeekFrom::Start(self.offset))?;
        let mut bytes = Vec::new();
        file.take(READ as u64).read_to_end(&mut bytes)?;
        let mut lines = Vec::new();
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', &bytes) {
            let rest = std::mem::take(&mut self.within);
            if let Some((letter, text)) = bytes[start..end].split_first().filter(|_| !rest) {
                lines.push(Written {
                    at: self.offset + start as u64,
                    letter: *letter,
                    text: Safe::from_bytes(text),
                });
            }
            start = end + 1;
        }
        // A line is never longer than what is read at once, so that a torn one only means that more
        // is to come.
        const { assert!(READ > 2 * record::LINE) };
        self.offset += start as u64;
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_are_lost_none_are_doubled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("output");
        let mut follower = Follower::new(&path, 0);
        assert!(follower.more().unwrap().is_empty(), "not there yet");
        let all: Vec<u8> = (0..20_000)
            .flat_map(|n| format!("oline {n}\n").into_bytes())
            .collect();
        let mut seen = Vec::new();
        for upto in [5, 9, 40_000, all.len()] {
            std::fs::write(&path, &all[..upto]).unwrap();
            loop {
                let more = follower.more().unwrap();
                if more.is_empty() {
                    break;
                }
                seen.extend(more);
            }
        }
        assert_eq!(seen.len(), 20_000);
        assert_eq!(seen[19_999].text.as_str(), "line 19999");
        let again = Follower::new(&path, seen[19_990].at).more().unwrap();
        assert_eq!(again, seen[19_990..], "the same lines have the same places");
        for within in seen[19_989].at + 1..=seen[19_990].at {
            assert_eq!(
                Follower::new(&path, within).more().unwrap(),
                again,
                "no piece of a line is taken for one"
            );
        }
    }
}
