//! The parser behind [`Safe`]: ECMA-48 sequences in their 7- and 8-bit forms, UTF-8 with what is
//! none, line ends, tabs. Its state is kept between pushes, so that a sequence cut by a page or a
//! read ends where it ends. A line break ends every sequence: nothing that a program prints can
//! hide the lines after it.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar;

use super::{MAX_CHARS, Safe};

/// Room kept at the end of a cut line for saying so.
const CUT_ROOM: usize = 32;
/// Zero-width marks that may stand on one character; a tower of more is lowered.
const MARKS: u8 = 4;
const TAB: usize = 8;
const ESC: char = '\x1b';

/// Whether line breaks end a line or are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Mode {
    #[default]
    Lines,
    OneLine,
}

/// Where the parser stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum At {
    #[default]
    Ground,
    /// After ESC and perhaps intermediates.
    Escape,
    /// In a control sequence.
    Csi,
    /// In a string: OSC, DCS, SOS, PM, APC.
    Text,
    /// In a string, after ESC: a backslash ends it.
    TextEscape,
}

/// Cleans a stream of output piece by piece; each line comes out as [`Safe`] when it is complete.
#[derive(Debug, Clone, Default)]
pub struct Cleaner {
    mode: Mode,
    at: At,
    /// Bytes of a character that is not complete.
    carry: [u8; 4],
    carried: usize,
    line: String,
    /// Characters in `line`, and those that no longer went in.
    chars: usize,
    over: usize,
    /// Where `line` is cut if it gets too long.
    cut_at: usize,
    column: usize,
    /// Marks on the last character.
    marks: u8,
    /// A carriage return came: the next character starts the line again.
    returned: bool,
    /// Anything came since the last line.
    begun: bool,
}

impl Cleaner {
    pub(super) fn new(mode: Mode) -> Self {
        Self {
            mode,
            ..Self::default()
        }
    }

    /// Takes the next bytes and gives the lines that they complete.
    pub fn push(&mut self, bytes: &[u8], mut done: impl FnMut(Safe)) {
        let mut rest = bytes;
        while let Some(&first) = rest.first() {
            if self.carried > 0 || first >= 0x80 {
                self.multibyte(first, &mut done);
                rest = &rest[1..];
                continue;
            }
            if self.at == At::Ground {
                let run = plain_run(rest);
                if run > 0 {
                    self.plain(&rest[..run]);
                    rest = &rest[run..];
                    continue;
                }
            }
            self.char(char::from(first), &mut done);
            rest = &rest[1..];
        }
    }

    /// Ends the stream: the last line, if it had no line break.
    #[must_use]
    pub fn end(&mut self) -> Option<Safe> {
        if self.carried > 0 {
            self.carried = 0;
            self.char(char::REPLACEMENT_CHARACTER, &mut |_| {});
        }
        self.begun.then(|| self.take())
    }

    fn take(&mut self) -> Safe {
        if self.at != At::Ground {
            self.at = At::Ground;
            self.write("^[");
        }
        let mut line = std::mem::take(&mut self.line);
        if self.over > 0 {
            let lost = self.over + CUT_ROOM;
            line.truncate(self.cut_at);
            let _ = write!(line, " [{lost} characters cut]");
        }
        self.restart();
        self.returned = false;
        self.begun = false;
        Safe(line)
    }

    fn restart(&mut self) {
        self.line.clear();
        self.chars = 0;
        self.over = 0;
        self.cut_at = 0;
        self.column = 0;
        self.marks = 0;
    }

    /// One byte of what is no ASCII, or what comes after such a byte.
    fn multibyte(&mut self, byte: u8, done: &mut impl FnMut(Safe)) {
        self.carry[self.carried] = byte;
        self.carried += 1;
        while self.carried > 0 {
            match std::str::from_utf8(&self.carry[..self.carried]) {
                Ok(text) => {
                    let mut chars = ['\0'; 4];
                    let mut count = 0;
                    for c in text.chars() {
                        chars[count] = c;
                        count += 1;
                    }
                    self.carried = 0;
                    chars[..count].iter().for_each(|c| self.char(*c, done));
                }
                Err(error) if error.valid_up_to() == 0 => {
                    let Some(bad) = error.error_len() else { return };
                    // A byte of the 8-bit control range that belongs to no character is that
                    // control.
                    let lone = self.carry[0];
                    let c = if bad == 1 && (0x80..0xa0).contains(&lone) {
                        char::from(lone)
                    } else {
                        char::REPLACEMENT_CHARACTER
                    };
                    self.carry.copy_within(bad..self.carried, 0);
                    self.carried -= bad;
                    self.char(c, done);
                }
                // Only an ASCII byte can be valid before the end, and it is taken as soon as it
                // stands alone.
                Err(_) => return,
            }
        }
    }

    fn char(&mut self, c: char, done: &mut impl FnMut(Safe)) {
        if c == '\n' && self.mode == Mode::Lines {
            done(self.take());
            return;
        }
        self.begun = true;
        match self.at {
            At::Ground => self.ground(c),
            At::Escape => match c {
                '\x20'..='\x2f' | ESC => {}
                '[' => self.at = At::Csi,
                'P' | 'X' | '^' | '_' | ']' => self.at = At::Text,
                '\x30'..='\x7e' | '\x18' | '\x1a' => self.at = At::Ground,
                _ => self.broken_off(c),
            },
            At::Csi => match c {
                '\x40'..='\x7e' | '\x18' | '\x1a' => self.at = At::Ground,
                ESC => self.at = At::Escape,
                '\r' | '\n' => self.broken_off(c),
                '\0'..='\x3f' | '\x7f' => {}
                _ => self.broken_off(c),
            },
            At::Text => match c {
                '\x07' | '\u{9c}' | '\x18' | '\x1a' => self.at = At::Ground,
                ESC => self.at = At::TextEscape,
                '\n' => self.broken_off(c),
                _ => {}
            },
            At::TextEscape => {
                self.at = if c == '\\' { At::Ground } else { At::Escape };
                if c != '\\' {
                    self.char(c, done);
                }
            }
        }
    }

    /// A sequence that did not end: a mark stands for it, and `c` is text again.
    fn broken_off(&mut self, c: char) {
        self.at = At::Ground;
        self.write("^[");
        self.ground(c);
    }

    fn ground(&mut self, c: char) {
        match c {
            ' '..='~' => self.put(c, 1),
            ESC => self.at = At::Escape,
            '\t' => {
                let fill = TAB - self.column % TAB;
                (0..fill).for_each(|_| self.put(' ', 1));
            }
            '\r' if self.mode == Mode::Lines => self.returned = true,
            '\0'..='\x1f' => self.write(&format!("^{}", char::from(c as u8 + 0x40))),
            '\x7f' => self.write("^?"),
            '\u{9b}' => self.at = At::Csi,
            '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => self.at = At::Text,
            // Variation selectors and skin tones only change how wide terminals think the character
            // before is.
            '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' | '\u{1f3fb}'..='\u{1f3ff}' => {}
            _ if is_unseen(c) => self.escape(c),
            _ => match c.width() {
                None => self.escape(c),
                Some(0) if self.chars == 0 || self.returned => self.escape(c),
                Some(0) if self.marks >= MARKS => {}
                Some(0) => {
                    let marks = self.marks + 1;
                    self.put(c, 0);
                    self.marks = marks;
                }
                Some(width) => self.put(c, width),
            },
        }
    }

    fn escape(&mut self, c: char) {
        self.write(&format!("<U+{:04X}>", c as u32));
    }

    fn write(&mut self, text: &str) {
        text.chars().for_each(|c| self.put(c, 1));
    }

    fn put(&mut self, c: char, width: usize) {
        self.start();
        self.marks = 0;
        if self.chars == MAX_CHARS {
            self.over += 1;
            return;
        }
        if self.chars < MAX_CHARS - CUT_ROOM {
            self.cut_at = self.line.len() + c.len_utf8();
        }
        self.line.push(c);
        self.chars += 1;
        self.column += width;
    }

    /// Printable ASCII at once: the common case.
    fn plain(&mut self, run: &[u8]) {
        self.begun = true;
        self.start();
        self.marks = 0;
        let take = run.len().min(MAX_CHARS - self.chars);
        self.over += run.len() - take;
        let Ok(text) = std::str::from_utf8(&run[..take]) else {
            return;
        };
        let before_cut = (MAX_CHARS - CUT_ROOM).saturating_sub(self.chars).min(take);
        if before_cut > 0 {
            self.cut_at = self.line.len() + before_cut;
        }
        self.line.push_str(text);
        self.chars += take;
        self.column += take;
    }

    fn start(&mut self) {
        if self.returned {
            self.returned = false;
            self.restart();
        }
    }
}

/// True when all bytes are printable ASCII.
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    plain_run(bytes) == bytes.len()
}

/// How many printable ASCII bytes stand at the beginning. Blocks without a branch inside, which the
/// compiler turns into vector code.
fn plain_run(bytes: &[u8]) -> usize {
    let mut run = 0;
    for block in bytes.chunks_exact(32) {
        if !block.iter().fold(true, |all, b| all & printable(*b)) {
            break;
        }
        run += 32;
    }
    run + bytes[run..]
        .iter()
        .position(|b| !printable(*b))
        .unwrap_or(bytes.len() - run)
}

const fn printable(byte: u8) -> bool {
    byte.wrapping_sub(0x20) < 0x5f
}

/// Characters that are not seen, or that change the order or the joining of others.
pub(super) fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}
