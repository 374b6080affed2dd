//! The record of a child's output: lines of both streams in one file, in the order in which they came, each with a letter for its
//! stream. Bounded: a line is cut, and of a flood the beginning and the end are kept.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write as _;

use super::folder::Wrote;
use crate::domain::secret;

/// The longest line that is kept, in bytes.
pub(super) const LINE: usize = 16 * 1024;
/// How much of the beginning is kept.
const HEAD: u64 = 32 << 20;
/// How much of the end is kept.
const TAIL: usize = 256 << 10;

/// Standard output.
pub(super) const OUT: u8 = b'o';
/// Standard error.
pub(super) const ERR: u8 = b'e';
/// What was not kept.
pub(super) const GAP: u8 = b'g';

/// Takes lines of both streams.
pub(super) struct Record {
    file: File,
    head: u64,
    kept: u64,
    tail: VecDeque<Vec<u8>>,
    tail_bytes: usize,
    wrote: Wrote,
}

impl Record {
    /// Records into a file that was just made.
    pub(super) fn new(file: File) -> Self {
        Self::with_head(file, HEAD)
    }

    fn with_head(file: File, head: u64) -> Self {
        Self { file, head, kept: 0, tail: VecDeque::new(), tail_bytes: 0, wrote: Wrote::default() }
    }

    /// How much was written so far.
    pub(super) fn wrote(&self) -> Wrote {
        self.wrote
    }

    /// Takes whole lines, each with its letter before and its end behind.
    fn take(&mut self, lines: &[u8], count: u64) {
        self.wrote.lines += count;
        self.wrote.bytes += (lines.len() as u64).saturating_sub(2 * count);
        if self.kept < self.head {
            self.keep(lines);
        } else {
            self.tail_bytes += lines.len();
            self.tail.push_back(lines.to_vec());
            while self.tail_bytes > TAIL
                && let Some(oldest) = self.tail.pop_front()
            {
                self.tail_bytes -= oldest.len();
                self.wrote.dropped += oldest.len() as u64;
            }
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        match self.file.write_all(bytes) {
            Ok(()) => self.kept += bytes.len() as u64,
            // A full disk must not stop the child; how much is missing is told at the end.
            Err(_) => self.wrote.dropped += bytes.len() as u64,
        }
    }

    /// Writes the kept end, and before it how much is missing.
    pub(super) fn finish(&mut self) -> Wrote {
        if self.wrote.dropped > 0 {
            let told = format!("g{} bytes of output were not kept\n", self.wrote.dropped);
            self.keep(told.as_bytes());
        }
        for lines in std::mem::take(&mut self.tail) {
            self.keep(&lines);
        }
        self.tail_bytes = 0;
        let _ = self.file.sync_all();
        self.wrote
    }
}

/// Puts the lines of one stream together, however they are cut into pieces.
pub(super) struct Splitter {
    letter: u8,
    line: Vec<u8>,
    cut: u64,
}

impl Splitter {
    pub(super) fn new(letter: u8) -> Self {
        Self { letter, line: Vec::new(), cut: 0 }
    }

    /// Takes a piece; whole lines go to the record.
    pub(super) fn feed(&mut self, piece: &[u8], record: &mut Record) {
        let mut lines = Vec::with_capacity(piece.len() + 64);
        let mut count = 0;
        let mut rest = piece;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            self.add(&rest[..end]);
            self.end(&mut lines);
            count += 1;
            rest = &rest[end + 1..];
        }
        self.add(rest);
        if count > 0 {
            record.take(&lines, count);
        }
    }

    /// The stream has ended: a last line without an end is one too.
    pub(super) fn close(&mut self, record: &mut Record) {
        if !self.line.is_empty() {
            let mut lines = Vec::new();
            self.end(&mut lines);
            record.take(&lines, 1);
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        let room = LINE.saturating_sub(self.line.len()).min(bytes.len());
        self.line.extend_from_slice(&bytes[..room]);
        self.cut += (bytes.len() - room) as u64;
    }

    fn end(&mut self, lines: &mut Vec<u8>) {
        lines.push(self.letter);
        // Before anything of it is kept: what a command says of a secret is nowhere on this machine.
        lines.extend_from_slice(&secret::masked(&self.line));
        self.line.clear();
        if self.cut > 0 {
            lines.extend_from_slice(format!(" … {} bytes more", self.cut).as_bytes());
            self.cut = 0;
        }
        lines.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::io::Seek as _;

    use proptest::prelude::*;

    use super::*;

    fn recorded(head: u64, pieces: &[&[u8]]) -> (Vec<u8>, Wrote) {
        let mut file = tempfile::tempfile().unwrap();
        let mut record = Record::with_head(file.try_clone().unwrap(), head);
        let mut splitter = Splitter::new(OUT);
        for piece in pieces {
            splitter.feed(piece, &mut record);
        }
        splitter.close(&mut record);
        let wrote = record.finish();
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        (bytes, wrote)
    }

    #[test]
    fn lines_come_whole_and_a_long_one_is_cut() {
        let (bytes, wrote) = recorded(HEAD, &[b"one\ntw", b"o\n\nlast"]);
        assert_eq!(bytes, b"oone\notwo\no\nolast\n");
        assert_eq!((wrote.lines, wrote.dropped), (4, 0));
        let long = vec![b'x'; LINE * 3];
        let (bytes, _) = recorded(HEAD, &[&long, &long, b"\nnext\n"]);
        assert!(bytes.len() < LINE + 100 && bytes.ends_with("bytes more\nonext\n".as_bytes()));
    }

    #[test]
    fn of_a_flood_the_beginning_and_the_end_are_kept() {
        let lines: Vec<Vec<u8>> = (0..200_000).map(|n| format!("line {n:08}\n").into_bytes()).collect();
        let pieces: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        let (bytes, wrote) = recorded(1_000, &pieces);
        assert!(bytes.len() < 1_100 + TAIL + 100, "{}", bytes.len());
        assert!(bytes.starts_with(b"oline 00000000\n") && bytes.ends_with(b"oline 00199999\n"));
        assert!(wrote.dropped > 0 && memchr::memmem::find(&bytes, b"bytes of output were not kept").is_some());
        assert_eq!(wrote.lines, 200_000);
    }

    proptest! {
        #[test]
        fn where_pieces_end_does_not_matter(bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..400), cut in 0usize..400) {
            let cut = cut.min(bytes.len());
            prop_assert_eq!(recorded(HEAD, &[&bytes]), recorded(HEAD, &[&bytes[..cut], &bytes[cut..]]));
        }
    }
}
