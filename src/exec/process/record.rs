//! The record of a child's output: lines of both streams in one file, in the order in which they
//! came, each with a letter for its stream. Bounded: a line is cut, and of a flood the beginning
//! and the end are kept. What finds no room on the disk waits and is tried again; what had to be
//! given up is said where it is missing.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::state::Wrote;
use crate::domain::masks::{Cut, Masks};
use crate::domain::time::Time;
use crate::text::secret::Within;

/// The longest line that is kept, in bytes.
pub(super) const LINE: usize = 16 * 1024;
/// How much behind that is looked at: a secret that stands where a line is cut is seen whole.
const AHEAD: usize = 16 * 1024;
/// How much of the beginning is kept.
const HEAD: u64 = 32 << 20;
/// How much of the end is kept.
const TAIL: usize = 256 << 10;
/// How much waits for room on the disk.
const WAITS: usize = 4 << 20;

/// Standard output.
pub(super) const OUT: u8 = b'o';
/// Standard error.
pub(super) const ERR: u8 = b'e';
/// What was not kept.
pub(super) const GAP: u8 = b'g';

/// Where a record is written.
pub(super) trait Paper: Send {
    /// Writes at a place, and says how much was written.
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<usize>;
    /// Cuts off what is behind a length.
    fn cut(&self, length: u64) -> io::Result<()>;
    /// Makes all of it durable.
    fn sync(&self) -> io::Result<()>;
}

impl Paper for File {
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<usize> {
        FileExt::write_at(self, bytes, at)
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_all()
    }
}

/// Takes lines of both streams.
pub(super) struct Record {
    paper: Box<dyn Paper>,
    head: u64,
    /// Of the beginning, how much was taken.
    taken: u64,
    /// Up to where whole lines stand in the file.
    kept: u64,
    waits: Waits,
    tail: VecDeque<Vec<u8>>,
    tail_bytes: usize,
    /// What a flood pushed out between beginning and end.
    flooded: u64,
    wrote: Wrote,
}

/// What waits for room, the oldest first.
#[derive(Default)]
struct Waits {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    /// How much was given up before all that waits.
    lost: u64,
    /// Since when there is no room.
    since: Option<Time>,
}

impl Record {
    /// Records into a file that is empty.
    pub(super) fn new(file: File) -> Self {
        Self::with_head(Box::new(file), HEAD)
    }

    fn with_head(paper: Box<dyn Paper>, head: u64) -> Self {
        Self {
            paper,
            head,
            taken: 0,
            kept: 0,
            waits: Waits::default(),
            tail: VecDeque::new(),
            tail_bytes: 0,
            flooded: 0,
            wrote: Wrote::default(),
        }
    }

    /// How much was written so far.
    pub(super) fn wrote(&self) -> Wrote {
        Wrote {
            waits: self.waits.bytes as u64 + self.waits.lost,
            ..self.wrote
        }
    }

    /// Takes a line of the keeper's own.
    pub(super) fn say(&mut self, letter: u8, text: &str, now: Time) {
        self.take([&[letter][..], text.as_bytes(), b"\n"].concat(), 1, now);
    }

    /// Takes whole lines, each with its letter before and its end behind.
    fn take(&mut self, lines: Vec<u8>, count: u64, now: Time) {
        self.wrote.lines += count;
        self.wrote.bytes += (lines.len() as u64).saturating_sub(2 * count);
        if self.taken < self.head {
            self.taken += lines.len() as u64;
            self.keep(lines, now);
        } else {
            self.tail_bytes += lines.len();
            self.tail.push_back(lines);
            while self.tail_bytes > TAIL
                && let Some(oldest) = self.tail.pop_front()
            {
                self.tail_bytes -= oldest.len();
                self.flooded += oldest.len() as u64;
                self.wrote.dropped += oldest.len() as u64;
            }
        }
    }

    fn keep(&mut self, lines: Vec<u8>, now: Time) {
        let waited = !self.waits.lines.is_empty();
        self.waits.bytes += lines.len();
        self.waits.lines.push_back(lines);
        if !waited {
            // What waits already is tried again by the clock, not by every line.
            self.again(now);
        }
        while self.waits.bytes > WAITS
            && let Some(oldest) = self.waits.lines.pop_front()
        {
            self.waits.bytes -= oldest.len();
            self.wrote.dropped += oldest.len() as u64;
            self.waits.lost += oldest.len() as u64;
        }
    }

    /// Tries to write what waits: a full disk must not stop the child. True when nothing waits any
    /// more.
    pub(super) fn again(&mut self, now: Time) -> bool {
        if self.waits.lost > 0 {
            let since = self.waits.since.unwrap_or(now);
            let told = format!(
                "g{} bytes of output were not kept: the disk was full from {since} to {now}\n",
                self.waits.lost
            );
            if self.write(told.as_bytes()) < told.len() {
                return false;
            }
            self.waits.lost = 0;
        }
        while let Some(mut lines) = self.waits.lines.pop_front() {
            let written = self.write(&lines);
            self.waits.bytes -= written;
            if written < lines.len() {
                lines.drain(..written);
                self.waits.lines.push_front(lines);
                self.waits.since.get_or_insert(now);
                return false;
            }
        }
        self.waits.since = None;
        true
    }

    /// Writes whole lines, as many as there is room for, and says how many bytes these are. What
    /// follows a record reads whole lines and never the same place twice: a line that is written
    /// stays, and half a line goes.
    fn write(&mut self, lines: &[u8]) -> usize {
        let mut done = 0;
        while done < lines.len() {
            match self.paper.write_at(&lines[done..], self.kept + done as u64) {
                Ok(0) => break,
                Ok(some) => done += some,
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        let whole = if done == lines.len() {
            done
        } else {
            memchr::memrchr(b'\n', &lines[..done]).map_or(0, |end| end + 1)
        };
        self.kept += whole as u64;
        if whole < done {
            let _ = self.paper.cut(self.kept);
        }
        whole
    }

    /// Writes the kept end, and before it how much is missing. What finds no room now can be tried
    /// again.
    pub(super) fn finish(&mut self, now: Time) -> Wrote {
        if self.flooded > 0 {
            let told = format!(
                "g{} bytes of output were not kept\n",
                std::mem::take(&mut self.flooded)
            );
            self.keep(told.into_bytes(), now);
        }
        self.tail_bytes = 0;
        for lines in std::mem::take(&mut self.tail) {
            self.keep(lines, now);
        }
        self.again(now);
        let _ = self.paper.sync();
        self.wrote()
    }
}

/// Puts the lines of one stream together, however they are cut into pieces.
pub(super) struct Splitter {
    letter: u8,
    line: Vec<u8>,
    cut: u64,
    masks: Masks,
    /// Where the line before ended in a secret.
    within: Cut,
    /// Whether it was a line of a key.
    key: Within,
}

impl Splitter {
    /// Covers what is known to be a secret, wherever a stream is cut into pieces.
    pub(super) fn new(letter: u8, masks: Masks) -> Self {
        Self {
            letter,
            line: Vec::new(),
            cut: 0,
            masks,
            within: Cut::default(),
            key: Within::default(),
        }
    }

    /// Takes a piece; whole lines go to the record.
    pub(super) fn feed(&mut self, piece: &[u8], record: &mut Record, now: Time) {
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
            record.take(lines, count, now);
        }
    }

    /// The stream has ended: a last line without an end is one too.
    pub(super) fn close(&mut self, record: &mut Record, now: Time) {
        if !self.line.is_empty() {
            let mut lines = Vec::new();
            self.end(&mut lines);
            record.take(lines, 1, now);
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        let room = (LINE + self.masks.longest().max(AHEAD))
            .saturating_sub(self.line.len())
            .min(bytes.len());
        self.line.extend_from_slice(&bytes[..room]);
        self.cut += (bytes.len() - room) as u64;
    }

    fn end(&mut self, lines: &mut Vec<u8>) {
        lines.push(self.letter);
        // Before anything of it is kept: what a command says of a secret is nowhere on this
        // machine.
        let covered = self.masks.cover_line(&self.line, &mut self.within);
        let covered = self.key.next_masked(&covered);
        // Covering makes a line shorter: what was seen beyond its end alone is what is cut.
        let kept = covered.len().min(LINE);
        self.cut += (covered.len() - kept) as u64;
        lines.extend_from_slice(&covered[..kept]);
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
    use std::sync::{Arc, Mutex};

    use proptest::prelude::*;

    use super::*;
    use crate::domain::masks::Secret;

    fn recorded(head: u64, pieces: &[&[u8]]) -> (Vec<u8>, Wrote) {
        covered(head, pieces, &Masks::default())
    }

    fn covered(head: u64, pieces: &[&[u8]], masks: &Masks) -> (Vec<u8>, Wrote) {
        let mut file = tempfile::tempfile().unwrap();
        let mut record = Record::with_head(Box::new(file.try_clone().unwrap()), head);
        let mut splitter = Splitter::new(OUT, masks.clone());
        for piece in pieces {
            splitter.feed(piece, &mut record, Time(0));
        }
        splitter.close(&mut record, Time(0));
        let wrote = record.finish(Time(0));
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
    fn a_secret_is_covered_wherever_it_is_cut() {
        let mut masks = Masks::default();
        masks.add(&Secret::new("hunter2secret".to_owned()));
        for cut in 0..=20 {
            let line = b"got hunter2secret now";
            let (bytes, _) = covered(HEAD, &[&line[..cut], &line[cut..], b"\n"], &masks);
            assert_eq!(bytes, b"ogot *** now\n", "cut at {cut}");
            // Where a long line is cut.
            let long = [&vec![b'x'; LINE - cut][..], b"hunter2secret\n"].concat();
            let (bytes, _) = covered(HEAD, &[&long], &masks);
            assert!(
                memchr::memmem::find(&bytes, b"hu").is_none(),
                "{cut} bytes before the end"
            );
        }
    }

    /// Secrets by their form, wherever a stream is cut into pieces and a line is cut off.
    #[test]
    fn what_tells_what_it_is_is_covered_wherever_it_is_cut() {
        let lines: [(&[u8], &[u8]); 5] = [
            (b"ghp_abcdefghijklmnopqrstuvwxyz0123456789", b"abc"),
            (b"PASSWORD=hunter2secret", b"hunt"),
            (b"postgres://ana:hunter2secret@db/shop", b"hunt"),
            (br#"{"a":"{\"password\":\"hunter2secret\"}"}"#, b"hunt"),
            (b"PASSWORD\x1b[0m=hunter2secret", b"hunt"),
        ];
        for (line, shows) in lines {
            for cut in 0..=line.len() {
                let (bytes, _) = recorded(HEAD, &[&line[..cut], &line[cut..], b"\n"]);
                assert!(memchr::memmem::find(&bytes, shows).is_none(), "{bytes:?}");
                let long = [&vec![b'x'; LINE - cut - 1], &b" "[..], line, b"\n"].concat();
                let (bytes, _) = recorded(HEAD, &[&long]);
                assert!(memchr::memmem::find(&bytes, shows).is_none(), "{cut}");
            }
        }
        let key = b"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nab=\n-----END PRIVATE KEY-----\nab=\n";
        for cut in 0..key.len() {
            let (bytes, _) = recorded(HEAD, &[&key[..cut], &key[cut..]]);
            assert_eq!(
                String::from_utf8_lossy(&bytes),
                "o-----BEGIN PRIVATE KEY-----\no***\no***\no-----END PRIVATE KEY-----\noab=\n"
            );
        }
    }

    #[test]
    fn of_a_flood_the_beginning_and_the_end_are_kept() {
        let lines: Vec<Vec<u8>> = (0..200_000)
            .map(|n| format!("line {n:08}\n").into_bytes())
            .collect();
        let pieces: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        let (bytes, wrote) = recorded(1_000, &pieces);
        assert!(bytes.len() < 1_100 + TAIL + 100, "{}", bytes.len());
        assert!(bytes.starts_with(b"oline 00000000\n") && bytes.ends_with(b"oline 00199999\n"));
        assert!(
            wrote.dropped > 0
                && memchr::memmem::find(&bytes, b"bytes of output were not kept").is_some()
        );
        assert_eq!(wrote.lines, 200_000);
    }

    /// A disk with room for so many bytes, and no more.
    #[derive(Clone, Default)]
    struct Small(Arc<Mutex<(Vec<u8>, usize)>>);

    impl Small {
        fn room(&self, bytes: usize) {
            self.0.lock().unwrap().1 = bytes;
        }

        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().0.clone()).unwrap()
        }
    }

    impl Paper for Small {
        fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<usize> {
            let mut held = self.0.lock().unwrap();
            let (file, room) = &mut *held;
            let at = usize::try_from(at).unwrap();
            let some = bytes.len().min(room.saturating_sub(at));
            if some == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            file.truncate(at);
            file.extend_from_slice(&bytes[..some]);
            Ok(some)
        }

        fn cut(&self, length: u64) -> io::Result<()> {
            self.0
                .lock()
                .unwrap()
                .0
                .truncate(usize::try_from(length).unwrap());
            Ok(())
        }

        fn sync(&self) -> io::Result<()> {
            Ok(())
        }
    }

    fn line(n: usize) -> Vec<u8> {
        format!("oline {n:06}\n").into_bytes()
    }

    #[test]
    fn what_finds_no_room_waits_and_comes_whole_and_in_order() {
        let all: String = (0..200).flat_map(line).map(char::from).collect();
        for room in 0..40 {
            let disk = Small::default();
            disk.room(room);
            let mut record = Record::with_head(Box::new(disk.clone()), HEAD);
            for n in 0..100 {
                record.take(line(n), 1, Time(0));
            }
            let there = disk.text();
            assert!(
                all.starts_with(&there) && (there.is_empty() || there.ends_with('\n')),
                "{room} bytes of room: {there:?}"
            );
            assert_eq!(record.wrote().waits, 100 * 13 - there.len() as u64);
            assert!(!record.again(Time(1)));
            // A little more room, then enough.
            disk.room(room + 700);
            assert!(!record.again(Time(2)));
            assert!(all.starts_with(&disk.text()));
            disk.room(usize::MAX);
            for n in 100..200 {
                record.take(line(n), 1, Time(3));
            }
            let wrote = record.finish(Time(4));
            assert_eq!(
                (disk.text(), wrote.waits, wrote.dropped, wrote.lines),
                (all.clone(), 0, 0, 200),
                "{room} bytes of room"
            );
        }
    }

    #[test]
    fn what_had_to_be_given_up_is_said_where_it_is_missing_and_from_when_to_when() {
        let disk = Small::default();
        disk.room(13 * 10);
        let mut record = Record::with_head(Box::new(disk.clone()), HEAD);
        let lines = WAITS / 13 + 1_000;
        for n in 0..lines {
            record.take(line(n), 1, Time(1_000 * i64::try_from(n).unwrap()));
        }
        disk.room(usize::MAX);
        assert!(record.again(Time(10_000_000_000)));
        let text = disk.text();
        let mut read = text.lines();
        assert!((0..10).all(|n| read.next() == Some(&format!("oline {n:06}"))));
        let gap = read.next().unwrap();
        let given_up = record.wrote().dropped;
        assert!(
            given_up > 0
                && gap.starts_with(&format!("g{given_up} bytes of output were not kept: the disk was full from 1970-01-01T00:00:10Z to ")),
            "{gap}"
        );
        assert!(gap.ends_with("to 1970-04-26T17:46:40Z"), "{gap}");
        let rest: Vec<&str> = read.collect();
        let first = lines - rest.len();
        assert!(
            rest.iter()
                .zip(first..)
                .all(|(text, n)| *text == format!("oline {n:06}"))
        );
        assert_eq!(
            (given_up, record.wrote().waits),
            (13 * (first as u64 - 10), 0)
        );
    }

    proptest! {
        #[test]
        fn where_pieces_end_does_not_matter(bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..400), cut in 0usize..400) {
            let cut = cut.min(bytes.len());
            prop_assert_eq!(recorded(HEAD, &[&bytes]), recorded(HEAD, &[&bytes[..cut], &bytes[cut..]]));
        }
    }
}
