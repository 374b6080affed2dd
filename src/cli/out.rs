//! Where a verb writes: text for people, or one JSON document. Colours only where they are wanted.

use std::borrow::Cow;
use std::io;

use serde::Serialize;

use crate::text::safe::shown;
use crate::text::{json, quote};
use crate::world::state::State;

use super::{Code, Hands, Stop};

/// The output of one verb.
pub struct Out<'a, 'h> {
    hands: &'a mut Hands<'h>,
    json: bool,
    /// It is over once nobody reads it; every other verb goes on, and its exit code is true.
    follows: bool,
}

impl<'a, 'h> Out<'a, 'h> {
    /// Over these hands.
    pub fn new(hands: &'a mut Hands<'h>, json: bool) -> Self {
        Self {
            hands,
            json,
            follows: false,
        }
    }

    /// Of a verb that may go on for as long as somebody reads.
    #[must_use]
    pub fn following(mut self, follows: bool) -> Self {
        self.follows = follows;
        self
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        let written = writeln!(self.hands.out, "{text}");
        self.unless_unread(written)
    }

    fn unless_unread(&self, written: io::Result<()>) -> io::Result<()> {
        match written {
            Err(why) if why.kind() == io::ErrorKind::BrokenPipe && !self.follows => Ok(()),
            other => other,
        }
    }

    /// Whether a JSON document is wanted.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether a person can be asked.
    #[must_use]
    pub fn can_ask(&self) -> bool {
        self.hands.interactive && !self.json
    }

    /// A line of what was asked for.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        self.write(&painted(text.trim_end()))
    }

    /// A line beside it: progress, questions, reasons.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn aside(&mut self, text: &str) -> io::Result<()> {
        let written = writeln!(self.hands.err, "{}", painted(text.trim_end()));
        let written = written.and_then(|()| self.hands.err.flush());
        self.unless_unread(written)
    }

    /// The one document.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn document(&mut self, document: &impl Serialize) -> io::Result<()> {
        self.write(&json::pages(document).map_err(io::Error::other)?)
    }

    /// One document of many, each on a line.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn row(&mut self, document: &impl Serialize) -> io::Result<()> {
        self.write(&json::line(document).map_err(io::Error::other)?)
    }

    /// Lines of what was asked for, kept for a follower: written at once.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        let flushed = self.hands.out.flush();
        self.unless_unread(flushed)
    }

    /// Asks a person; `None` at the end of input.
    ///
    /// # Errors
    /// When nothing can be read.
    pub fn ask(&mut self, question: &str) -> io::Result<Option<String>> {
        write!(self.hands.err, "{}", shown(question))?;
        self.hands.err.flush()?;
        (self.hands.read_line)()
    }

    /// The command that was given, with more words, as it would be typed.
    #[must_use]
    pub fn command(&self, more: &[(&str, &str)]) -> String {
        let given = self.hands.argv.iter().map(|word| quote::shell(word));
        let more = more
            .iter()
            .flat_map(|(flag, value)| [(*flag).to_owned(), quote::shell(value)]);
        given
            .chain(more.filter(|word| !word.is_empty()))
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Whether an option stands on the command already.
    pub fn says_already(&self, option: &str) -> bool {
        let with = format!("{option}=");
        let argv = &self.hands.argv;
        argv.iter()
            .any(|word| word == option || word.starts_with(&with))
    }

    /// Says why a verb ended early.
    pub fn stop(&mut self, stop: &Stop) -> Code {
        if stop.code == Code::Done {
            return Code::Done;
        }
        let written = if self.json {
            self.document(&serde_json::json!({ "outcome": "stopped", "code": stop.word, "says": stop.says, "exit": stop.code as u8 }))
        } else {
            self.aside(&format!("holdpoint: {}", stop.says))
        };
        // There is nobody left to tell.
        drop(written);
        stop.code
    }

    /// A state's word, in its colour.
    #[must_use]
    pub fn state(&self, state: State, width: usize) -> String {
        let word = format!("{:<width$}", state.word());
        if !self.hands.colour || self.json {
            return word;
        }
        let paint = match state {
            State::Down | State::Fail | State::Brok => RED,
            State::Unkn | State::Hold | State::Roll | State::Input => YELLOW,
            State::Lost | State::Stale | State::Blank | State::Cut | State::Gone | State::New => {
                FAINT
            }
            State::Canc | State::RunOutside | State::Run => CYAN,
            State::Armed | State::Que => BLUE,
            State::Froz => MAGENTA,
            State::Ok => GREEN,
        };
        format!("{paint}{word}{PLAIN}")
    }
}

const RED: &str = "\u{1b}[1;31m";
const GREEN: &str = "\u{1b}[32m";
const YELLOW: &str = "\u{1b}[33m";
const BLUE: &str = "\u{1b}[34m";
const MAGENTA: &str = "\u{1b}[35m";
const CYAN: &str = "\u{1b}[36m";
const FAINT: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[0m";

/// The text with our own colours, of which each hides nothing, and nothing else that acts.
fn painted(text: &str) -> Cow<'_, str> {
    const OURS: [&str; 8] = [RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, FAINT, PLAIN];
    if !text.contains('\u{1b}') {
        return shown(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split('\u{1b}');
    out.push_str(&shown(parts.next().unwrap_or_default()));
    for part in parts {
        let ours = OURS.iter().find_map(|paint| {
            let rest = part.strip_prefix(paint.trim_start_matches('\u{1b}'))?;
            Some((*paint, rest))
        });
        let (paint, rest) = ours.unwrap_or(("^[", part));
        out.push_str(paint);
        out.push_str(&shown(rest));
    }
    Cow::Owned(out)
}

/// Rows with aligned columns; the last one is not padded.
#[must_use]
pub(super) fn table(rows: &[Vec<String>]) -> Vec<String> {
    use unicode_width::UnicodeWidthStr as _;
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.width())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    rows.iter()
        .map(|row| {
            let cells = row.iter().enumerate().map(|(at, cell)| {
                let pad = if at + 1 == row.len() {
                    0
                } else {
                    widths
                        .get(at)
                        .copied()
                        .unwrap_or(0)
                        .saturating_sub(cell.width())
                };
                format!("{cell}{}", " ".repeat(pad))
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        })
        .collect()
}

/// The same below the names of the columns; nothing at all where there is no row.
#[must_use]
pub(super) fn headed(names: &[&str], rows: Vec<Vec<String>>) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    let mut all = vec![names.iter().map(|name| (*name).to_owned()).collect()];
    all.extend(rows);
    table(&all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_colours_act() {
        assert_eq!(
            painted("\u{1b}[2mOK\u{1b}[0m a\u{1b}[8mb\u{1b}]0;t\u{7}\n\u{9b}2J\u{202e}c"),
            "\u{1b}[2mOK\u{1b}[0m a^[[8mb^[]0;t^G\n<U+009B>2J<U+202E>c"
        );
    }

    /// `deploy --wait | head -1` waits on, and ends with the code of the deployment; `logs -f` is
    /// over.
    #[test]
    fn who_stops_reading_changes_no_exit_code() {
        struct Gone;
        impl io::Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        }
        let written = |follows: bool| {
            let mut hands = Hands {
                out: &mut Gone,
                err: &mut Gone,
                interactive: false,
                colour: false,
                argv: vec![],
                read_line: &mut || Ok(None),
            };
            let mut out = Out::new(&mut hands, false).following(follows);
            [
                out.line("one"),
                out.aside("two"),
                out.row(&3),
                out.document(&4),
                out.flush(),
            ]
            .map(|written| written.is_ok())
        };
        assert_eq!((written(false), written(true)), ([true; 5], [false; 5]));
    }

    #[test]
    fn columns_are_aligned_by_width() {
        let rows = [
            vec!["a".to_owned(), "b".to_owned()],
            vec!["ü\u{4e16}".to_owned(), "c".to_owned()],
        ];
        assert_eq!(table(&rows), ["a    b", "ü世  c"]);
    }
}
