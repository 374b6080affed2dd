//! A line as others read it: without what colours it, and with what is coded in it decoded, texts in
//! JSON and parts of URLs alike. What is found there is known by its place in the line itself.

use std::ops::Range;

/// How often what was decoded is decoded again: JSON in JSON, coded in a URL.
const DEPTH: usize = 3;

/// A reading of a line.
pub(super) struct View {
    pub(super) text: Vec<u8>,
    /// Where in the line each byte stands, and where the line ends.
    from: Vec<usize>,
}

impl View {
    fn with_room(length: usize) -> Self {
        Self {
            text: Vec::with_capacity(length),
            from: Vec::with_capacity(length + 1),
        }
    }

    fn push(&mut self, byte: u8, from: usize) {
        self.text.push(byte);
        self.from.push(from);
    }

    fn from(&self, at: usize) -> usize {
        self.from.get(at).copied().unwrap_or_default()
    }

    /// Where in the line a place of this reading stands.
    pub(super) fn place(&self, found: &Range<usize>) -> Range<usize> {
        self.from(found.start)..self.from(found.end)
    }
}

/// All readings of a line but the line itself, where there is anything to read in another way.
pub(super) fn views(line: &[u8]) -> Vec<View> {
    let mut all = Vec::new();
    all.extend(uncoloured(line));
    for _ in 0..DEPTH {
        let more = match all.last() {
            Some(last) => decoded(&last.text, |at| last.from(at)),
            None => decoded(line, |at| at),
        };
        match more {
            Some(more) => all.push(more),
            None => break,
        }
    }
    all
}

/// Whether a terminal obeys a byte. Of C1 in UTF-8 this is the first byte.
const fn may_act(byte: u8) -> bool {
    byte < 0x20 && byte != b'\t' && byte != b'\n' && byte != b'\r' || byte == 0x7f || byte == 0xc2
}

/// Without sequences that a terminal obeys, and without control characters.
fn uncoloured(line: &[u8]) -> Option<View> {
    if !line.iter().fold(false, |any, byte| any | may_act(*byte)) {
        return None;
    }
    let mut view = View::with_room(line.len());
    let mut at = 0;
    while at < line.len() {
        let rest = &line[at..];
        let length = match rest {
            [0x1b, b'[', ..] | [0xc2, 0x9b, ..] => 2 + sequence(&rest[2..]),
            [0x1b, b']' | b'P' | b'X' | b'^' | b'_', ..] => 2 + string(&rest[2..]),
            [0xc2, 0x80..=0x9f, ..] | [0x1b, 0x20..=0x7e, ..] => 2,
            [0xc2, ..] => 0,
            [byte, ..] => usize::from(may_act(*byte)),
            [] => break,
        };
        if length == 0 {
            view.push(line[at], at);
        }
        at += length.max(1);
    }
    view.from.push(line.len());
    (view.text.len() < line.len()).then_some(view)
}

/// The length of a control sequence from behind its beginning.
fn sequence(rest: &[u8]) -> usize {
    let body = rest
        .iter()
        .take_while(|byte| (0x20..0x40).contains(*byte))
        .count();
    body + usize::from(
        rest.get(body)
            .is_some_and(|byte| (0x40..0x7f).contains(byte)),
    )
}

/// The length of a string of a terminal. One that does not end hides nothing.
fn string(rest: &[u8]) -> usize {
    match memchr::memchr2(0x07, 0x1b, rest) {
        Some(end) if rest[end] == 0x07 => end + 1,
        Some(end) if rest[end..].starts_with(b"\x1b\\") => end + 2,
        Some(_) | None => 0,
    }
}

/// With the escapes of JSON and of URLs taken for what they stand for.
fn decoded(text: &[u8], origin: impl Fn(usize) -> usize) -> Option<View> {
    let first =
        memchr::memchr2_iter(b'\\', b'%', text).find(|at| decoded_byte(&text[*at..]).is_some())?;
    let mut view = View::with_room(text.len());
    view.text.extend_from_slice(&text[..first]);
    view.from.extend((0..first).map(&origin));
    let mut at = first;
    while at < text.len() {
        let (byte, length) = match text[at] {
            b'\\' | b'%' => decoded_byte(&text[at..]).unwrap_or((text[at], 1)),
            other => (other, 1),
        };
        view.push(byte, origin(at));
        at += length;
    }
    view.from.push(origin(text.len()));
    Some(view)
}

/// The byte that stands coded at the beginning, and how long it is there.
fn decoded_byte(text: &[u8]) -> Option<(u8, usize)> {
    Some(match text {
        [b'\\', sign @ (b'"' | b'\\' | b'/' | b'\''), ..] => (*sign, 2),
        [b'\\', b'n', ..] => (b'\n', 2),
        [b'\\', b'r', ..] => (b'\r', 2),
        [b'\\', b't', ..] => (b'\t', 2),
        [b'\\', b'u', b'0', b'0', high @ b'0'..=b'7', low, ..] => (hex(*high, *low)?, 6),
        [b'%', high, low, ..] => (hex(*high, *low)?, 3),
        _ => return None,
    })
}

fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}
