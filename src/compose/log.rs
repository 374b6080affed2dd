//! The log of an engine: what others wrote (a path, an answer, an error of theirs) does nothing to
//! the terminal or the file in which it stands.

use std::io::{self, Write};

use holdpoint::text::safe::shown;

/// Standard error behind the gate.
pub(crate) struct Gate;

/// A writer for each event.
pub(crate) fn gate() -> Gate {
    Gate
}

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        io::stderr().write_all(shown(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
