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

/// Listens on a thread of its own until the process ends, and tells each signal once.
///
/// # Errors
/// When the process may not listen.
pub fn listen(tell: impl Fn(Told) + Send + Sync + Clone + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let mut streams = Vec::new();
    {
        let _inside = runtime.enter();
        for (kind, told) in [
            (SignalKind::hangup(), Told::End),
            (SignalKind::terminate(), Told::End),
            (SignalKind::interrupt(), Told::End),
            (
                SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()),
                Told::Stop,
            ),
            (
                SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()),
                Told::Continue,
            ),
        ] {
            streams.push((signal(kind)?, told));
        }
    }
    let work = move || {
        let listeners = streams.into_iter().map(|(mut stream, told)| {
            let tell = tell.clone();
            async move {
                while stream.recv().await.is_some() {
                    tell(told);
                }
            }
        });
        runtime.block_on(async { drop(futures_util::future::join_all(listeners).await) });
    };
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(work)
        .map(drop)
}

/// Stops this process and all of its job, as a shell expects of Ctrl-Z; goes on when the shell says
/// so.
///
/// # Errors
/// When it cannot be stopped.
pub fn stop() -> io::Result<()> {
    // Not the polite signal: that one is listened to here, and would stop nothing.
    rustix::process::kill_current_process_group(rustix::process::Signal::STOP).map_err(Into::into)
}
