//! Signals: what the outside tells this process, and how it stops itself.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// What a signal means for a program with a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// End: the terminal hung up, or somebody asked.
    End,
    /// Give the terminal back and stop.
    Stop,
    /// It goes on after a stop.
    Continue,
}

/// Listens until the runtime ends and tells each signal once.
///
/// # Errors
/// When the process may not listen.
pub fn listen(tell: impl Fn(Told) + Send + Sync + Clone + 'static) -> io::Result<()> {
    for (kind, told) in [
        (SignalKind::hangup(), Told::End),
        (SignalKind::terminate(), Told::End),
        (SignalKind::interrupt(), Told::End),
        (SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()), Told::Stop),
        (SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()), Told::Continue),
    ] {
        let mut stream = signal(kind)?;
        let tell = tell.clone();
        tokio::spawn(async move {
            while stream.recv().await.is_some() {
                tell(told);
            }
        });
    }
    Ok(())
}

/// Stops this process and all of its job, as a shell expects of Ctrl-Z; goes on when the shell says so.
///
/// # Errors
/// When it cannot be stopped.
pub fn stop() -> io::Result<()> {
    // Not the polite signal: that one is listened to here, and would stop nothing.
    rustix::process::kill_current_process_group(rustix::process::Signal::STOP).map_err(Into::into)
}
