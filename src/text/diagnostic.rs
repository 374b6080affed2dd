//! What is wrong in a file: where, why, and what to do. Plain data with one plain rendering, the
//! same on a terminal and in a pipe.

use std::fmt;

use serde::Serialize;
use unicode_width::UnicodeWidthChar;

use super::safe::Safe;

/// A stretch of one line: 1-based line and column, and a length, all counted in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
pub struct At {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// How many characters are meant; at least 1.
    pub length: usize,
}

impl At {
    /// The first character of a file.
    pub const START: At = At {
        line: 1,
        column: 1,
        length: 1,
    };
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// A stable short code, for scripts.
    pub code: &'static str,
    /// The file.
    pub file: Safe,
    /// Where in it.
    #[serde(flatten)]
    pub at: At,
    /// What is wrong, on what, and why.
    pub says: Safe,
    /// What to do; may be empty.
    pub hint: Safe,
    /// The line concerned; empty when the file could not be read.
    #[serde(skip)]
    pub text: String,
}

impl Diagnostic {
    /// What is wrong with a file as a whole.
    #[must_use]
    pub fn of_file(code: &'static str, file: &str, says: &str, hint: &str) -> Self {
        Self {
            code,
            file: Safe::new(file),
            at: At::START,
            says: Safe::new(says),
            hint: Safe::new(hint),
            text: String::new(),
        }
    }
}

/// Everything that is wrong, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// True when nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sorts by file and place, and drops what is said twice.
    pub fn settle(&mut self) {
        self.0.sort_by(|a, b| {
            (&a.file, a.at, a.code, &a.says).cmp(&(&b.file, b.at, b.code, &b.says))
        });
        self.0.dedup();
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(one: Diagnostic) -> Self {
        Self(vec![one])
    }
}

impl std::error::Error for Diagnostics {}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, one) in self.0.iter().enumerate() {
            if n > 0 {
                writeln!(f)?;
            }
            write!(f, "{one}")?;
        }
        Ok(())
    }
}

/// Characters of the line that are shown around the place.
const WINDOW: usize = 100;

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error[{}]: {}", self.code, self.says)?;
        let gutter = " ".repeat(self.at.line.to_string().len());
        writeln!(
            f,
            "{gutter}--> {}:{}:{}",
            self.file, self.at.line, self.at.column
        )?;
        if !self.text.is_empty() {
            let start = self.at.column.saturating_sub(1);
            let from = if self.text.chars().count() > WINDOW {
                start.saturating_sub(WINDOW / 2)
            } else {
                0
            };
            let shown: Vec<char> = self
                .text
                .chars()
                .skip(from)
                .take(WINDOW)
                .map(plain)
                .collect();
            let width = |part: &[char]| part.iter().map(|c| c.width().unwrap_or(0)).sum::<usize>();
            let before = (start - from).min(shown.len());
            let marked = shown.len().min(before + self.at.length.max(1));
            writeln!(f, "{gutter} |")?;
            writeln!(
                f,
                "{} | {}",
                self.at.line,
                shown.iter().collect::<String>().trim_end()
            )?;
            writeln!(
                f,
                "{gutter} | {}{}",
                " ".repeat(width(&shown[..before])),
                "^".repeat(width(&shown[before..marked]).max(1))
            )?;
        }
        if !self.hint.is_empty() {
            writeln!(f, "{gutter} = {}", self.hint)?;
        }
        Ok(())
    }
}

/// A tab is one space and anything that could act on a terminal a replacement character, so that
/// the caret stands right.
fn plain(c: char) -> char {
    if c == '\t' {
        ' '
    } else if c.is_control()
        || !Safe::new(c.encode_utf8(&mut [0; 4]))
            .as_str()
            .starts_with(c)
    {
        '\u{fffd}'
    } else {
        c
    }
}

/// The closest of some words, if any is close enough to be meant.
#[must_use]
pub fn closest<'a>(word: &str, among: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Longer words are never close, and comparing them would take long.
    const LONGEST: usize = 64;
    let word = word.to_lowercase();
    let limit = if word.chars().count() < 4 { 1 } else { 2 };
    among
        .into_iter()
        .filter(|other| word.len().max(other.len()) <= LONGEST)
        .map(|other| (strsim::osa_distance(&word, &other.to_lowercase()), other))
        .filter(|(far, _)| *far <= limit)
        .min_by_key(|(far, other)| (*far, *other))
        .map(|(_, other)| other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_what_is_meant() {
        let one = Diagnostic {
            code: "unknown-key",
            file: "holdpoint.yaml".into(),
            at: At {
                line: 12,
                column: 5,
                length: 6,
            },
            says: "environments.prod has no setting \"regoin\"".into(),
            hint: "did you mean \"region\"?".into(),
            text: "é\t世 regoin: eu-west-1".into(),
        };
        let text = one.to_string();
        insta::assert_snapshot!(text, @r#"
        error[unknown-key]: environments.prod has no setting "regoin"
          --> holdpoint.yaml:12:5
           |
        12 | é 世 regoin: eu-west-1
           |      ^^^^^^
           = did you mean "region"?
        "#);
    }

    #[test]
    fn long_lines_show_the_place() {
        let text = format!("{}WRONG{}", "a".repeat(900), "b".repeat(900));
        let at = At {
            line: 1,
            column: 901,
            length: 5,
        };
        let one = Diagnostic {
            code: "x",
            file: "f".into(),
            at,
            says: "s".into(),
            hint: Safe::default(),
            text,
        };
        let shown = one.to_string();
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[3].find("WRONG"), lines[4].find('^'));
        assert!(lines[3].len() < 120);
    }

    #[test]
    fn close_words() {
        assert_eq!(closest("regoin", ["region", "role_arn"]), Some("region"));
        assert_eq!(closest("comand", ["command", "after"]), Some("command"));
        assert_eq!(closest("zz", ["command", "after"]), None);
        assert_eq!(closest(&"x".repeat(100), ["command"]), None);
    }
}
