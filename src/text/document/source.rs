//! A file while it is read: bytes to text, and places to their lines.

use super::super::diagnostic::{At, Diagnostic, Diagnostics};
use super::super::safe::Safe;
use super::Limits;

/// A file while it is read: gives places their text.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file's name as shown.
    pub name: Safe,
    /// Its text.
    pub text: String,
}

impl Source {
    /// Hides what stands at a place, so that no message repeats it.
    pub fn hide(&mut self, place: At) {
        let hidden = |(n, line): (usize, &str)| {
            if n + 1 != place.line {
                return line.to_owned();
            }
            let inside = |column: usize| {
                column + 1 >= place.column && column + 1 < place.column + place.length
            };
            line.chars()
                .enumerate()
                .map(|(column, c)| if inside(column) { '*' } else { c })
                .collect()
        };
        let lines = self.text.lines().enumerate().map(hidden);
        self.text = lines.collect::<Vec<_>>().join("\n");
    }

    /// A diagnostic at a place of this file; a place outside is moved to the nearest one inside.
    #[must_use]
    pub fn diagnostic(
        &self,
        code: &'static str,
        at: At,
        says: impl AsRef<str>,
        hint: impl AsRef<str>,
    ) -> Diagnostic {
        let last = self.text.lines().count().max(1);
        let line = at.line.clamp(1, last);
        let text = self
            .text
            .lines()
            .nth(line - 1)
            .unwrap_or_default()
            .to_owned();
        let chars = text.chars().count();
        let column = if at.line > last {
            chars + 1
        } else {
            at.column.clamp(1, chars + 1)
        };
        let length = at
            .length
            .clamp(1, (chars + 1).saturating_sub(column).max(1));
        Diagnostic {
            code,
            file: self.name.clone(),
            at: At {
                line,
                column,
                length,
            },
            says: Safe::new(says.as_ref()),
            hint: Safe::new(hint.as_ref()),
            text,
        }
    }
}

/// Bytes to text, within the size.
pub(super) fn source(name: &str, bytes: &[u8], limits: Limits) -> Result<Source, Diagnostics> {
    let mut source = Source {
        name: Safe::new(name),
        text: String::new(),
    };
    if bytes.len() > limits.bytes {
        let says = format!(
            "{} has {} bytes; at most {} are read",
            source.name,
            bytes.len(),
            limits.bytes
        );
        return Err(source
            .diagnostic(
                "too-big",
                At::START,
                says,
                "split it or take out what is not configuration",
            )
            .into());
    }
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            text.clone_into(&mut source.text);
            Ok(source)
        }
        Err(error) => {
            let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let (line, column) = (
                good.matches('\n').count() + 1,
                good.rsplit('\n').next().unwrap_or_default().chars().count() + 1,
            );
            source.text = String::from_utf8_lossy(bytes).into_owned();
            let at = At {
                line,
                column,
                length: 1,
            };
            let says = format!(
                "{} is not UTF-8: the byte 0x{:02x} cannot stand here",
                source.name,
                bytes[error.valid_up_to()]
            );
            Err(source
                .diagnostic("not-utf8", at, says, "save the file as UTF-8")
                .into())
        }
    }
}
