//! The log of an engine: what others wrote (a path, an answer, an error of theirs) does nothing to
//! the terminal or the file in which it stands.

use std::io::{self, Write};

use holdpoint::text::safe::shown;

/// Begins the log of this process.
pub(crate) fn begin() {
    // Where the log cannot be written, that is not said there either: what would say it, panics.
    let log = tracing_subscriber::fmt()
        .with_ansi(false)
        .log_internal_errors(false);
    log.with_max_level(tracing::Level::INFO)
        .with_writer(gate)
        .init();
}

/// Standard error behind the gate.
struct Gate;

/// A writer for each event.
fn gate() -> Gate {
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
