//! Bells: small files that one process touches and others wait for, so that nobody has to ask again
//! and again. A bell says "look now", never what there is to see; whoever waits also looks every 5
//! s, because a ring may be lost.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::files::{self, FileError};

/// One side of a bell: the one that rings.
#[derive(Debug)]
pub struct Bell {
    file: File,
    rung: AtomicU64,
}

impl Bell {
    /// The bell of that file; made when it is not there.
    pub fn at(path: &Path) -> Result<Bell, FileError> {
        Ok(Self {
            file: files::private_file(path)?,
            rung: AtomicU64::new(0),
        })
    }

    /// Rings. That nobody hears it is no failure of what was done: the waiters look again anyway.
    pub fn ring(&self) {
        use std::os::unix::fs::FileExt as _;
        // Who and how often: a waiter that compares contents sees every ring.
        let mark = [
            u64::from(std::process::id()),
            self.rung.fetch_add(1, Ordering::Relaxed),
        ]
        .map(u64::to_le_bytes)
        .concat();
        let _ = self.file.write_all_at(&mark, 0);
    }
}

/// The other side: it hears every ring since it was made.
#[derive(Debug)]
pub struct Listener {
    path: PathBuf,
    ears: ears::Ears,
}

impl Listener {
    /// Begins to listen; within a tokio runtime. Rings from now on are heard, also those before the
    /// first wait.
    pub fn at(path: &Path) -> Result<Listener, FileError> {
        files::private_file(path)?;
        let ears = ears::Ears::open(path).map_err(FileError::io(path, "watched"))?;
        Ok(Self {
            path: path.to_owned(),
            ears,
        })
    }

    /// Ends at the next ring, or at once when there was one since the last wait; many rings are
    /// one. May be dropped and called again.
    pub async fn heard(&mut self) -> Result<(), FileError> {
        self.ears
            .heard()
            .await
            .map_err(FileError::io(&self.path, "watched"))
    }
}

#[cfg(target_os = "linux")]
mod ears {
    use std::io;
    use std::os::fd::OwnedFd;
    use std::path::Path;

    use rustix::fs::inotify;
    use tokio::io::unix::AsyncFd;

    #[derive(Debug)]
    pub(super) struct Ears(AsyncFd<OwnedFd>);

    impl Ears {
        pub(super) fn open(path: &Path) -> io::Result<Self> {
            if tokio::runtime::Handle::try_current().is_err() {
                return Err(io::Error::other("nobody listens outside a runtime"));
            }
            let watch =
                inotify::init(inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC)?;
            inotify::add_watch(&watch, path, inotify::WatchFlags::MODIFY)?;
            // `AsyncFd::new` is deprecated for types that may name another descriptor later on; an
            // `OwnedFd` cannot, and its successor is an unsafe function, which this crate forbids.
            #[allow(deprecated)]
            AsyncFd::new(watch).map(Self)
        }

        pub(super) async fn heard(&mut self) -> io::Result<()> {
            loop {
                let mut ready = self.0.readable().await?;
                let mut any = false;
                // Take all that is there: many rings are one.
                let drained = ready.try_io(|watch| {
                    let mut events = [0u8; 4_096];
                    loop {
                        match rustix::io::read(watch, &mut events) {
                            Ok(_) => any = true,
                            Err(why) => break Err::<(), io::Error>(why.into()),
                        }
                    }
                });
                if let Ok(Err(why)) = drained
                    && why.kind() != io::ErrorKind::Interrupted
                {
                    return Err(why);
                }
                if any {
                    return Ok(());
                }
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod ears {
    use std::io;
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    use super::super::open;

    /// Looks at the file twice a second: the most that a program at rest may wake.
    const EVERY: Duration = Duration::from_millis(500);

    #[derive(Debug)]
    pub(super) struct Ears {
        path: PathBuf,
        seen: Vec<u8>,
    }

    impl Ears {
        pub(super) fn open(path: &Path) -> io::Result<Self> {
            Ok(Self {
                path: path.to_owned(),
                seen: open::bytes(path)?,
            })
        }

        pub(super) async fn heard(&mut self) -> io::Result<()> {
            loop {
                let now = open::bytes(&self.path)?;
                if now != self.seen {
                    self.seen = now;
                    return Ok(());
                }
                tokio::time::sleep(EVERY).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[tokio::test]
    async fn every_ring_since_the_listener_was_made_is_heard_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.bell");
        let (a, b) = (Bell::at(&path).unwrap(), Bell::at(&path).unwrap());
        let mut first = Listener::at(&path).unwrap();
        let mut second = Listener::at(&path).unwrap();
        assert!(first.heard().now_or_never().is_none(), "nobody has rung");
        a.ring();
        b.ring();
        first.heard().await.unwrap();
        second.heard().await.unwrap();
        assert!(first.heard().now_or_never().is_none(), "many rings are one");
        let wait = tokio::spawn(async move { second.heard().await });
        tokio::task::yield_now().await;
        b.ring();
        wait.await.unwrap().unwrap();
    }
}
