//! File locks: who holds one is the engine, or looks, or runs a job. A lock ends with its guard or
//! its process; nothing waits here.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use super::files::{self, FileError};
use super::open;

/// The length of what is said.
const SAID: usize = 512;

/// A held lock; freed when dropped, and by the system when the process ends.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
    alone: bool,
}

impl Lock {
    /// Takes the lock for this process alone; `None` when anybody holds it in any way.
    pub fn exclusive(path: &Path) -> Result<Option<Lock>, FileError> {
        take(path, FlockOperation::NonBlockingLockExclusive)
    }

    /// Takes the lock together with others; `None` when somebody holds it alone.
    pub fn shared(path: &Path) -> Result<Option<Lock>, FileError> {
        take(path, FlockOperation::NonBlockingLockShared)
    }

    /// True when nobody holds it: tries it for a moment.
    pub fn is_free(path: &Path) -> Result<bool, FileError> {
        if !path.exists() {
            return Ok(true);
        }
        Ok(Self::exclusive(path)?.is_some())
    }

    /// True when this is that file's lock, held for this process alone.
    #[must_use]
    pub fn is_alone_on(&self, path: &Path) -> bool {
        self.alone && self.path == path
    }

    /// Writes into the lock's file who holds it, for others to read. In place and always of one
    /// length: it can be said on a full disk where anything was said before.
    pub fn say(&self, text: &str) -> Result<(), FileError> {
        let padded = format!("{text:<SAID$}");
        self.file
            .write_all_at(padded.as_bytes(), 0)
            .map_err(FileError::io(&self.path, "written"))
    }

    /// What its holder, or the one before, said; empty when nobody did.
    #[must_use]
    pub fn said(path: &Path) -> String {
        let mut text = String::new();
        // Whoever holds the lock is of the same owner; still nobody needs more than a line of it.
        if let Ok(file) = open::read(path) {
            let _ = file.take(4_096).read_to_string(&mut text);
        }
        text.truncate(text.trim_end().len());
        text
    }

    /// How long ago its holder said anything, by the machine's clock; `None` where that is not known.
    #[must_use]
    pub fn silent_for(path: &Path) -> Option<Duration> {
        let said = std::fs::metadata(path).and_then(|about| about.modified());
        Some(said.ok()?.elapsed().unwrap_or_default())
    }
}

impl Drop for Lock {
    /// Frees it by name: a child that is being started has the file too until it runs its own
    /// program, and would hold the lock for that long.
    fn drop(&mut self) {
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}

fn take(path: &Path, how: FlockOperation) -> Result<Option<Lock>, FileError> {
    let file = files::private_file(path)?;
    match flock(&file, how) {
        Ok(()) => Ok(Some(Lock {
            file,
            path: path.to_owned(),
            alone: how == FlockOperation::NonBlockingLockExclusive,
        })),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(why) => Err(FileError::io(path, "locked")(why.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alone_or_many_together() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("engine.lock");
        assert!(Lock::is_free(&path).unwrap());
        let alone = Lock::exclusive(&path).unwrap().unwrap();
        alone.say("pid 1, version 2").unwrap();
        assert!(
            Lock::exclusive(&path).unwrap().is_none() && Lock::shared(&path).unwrap().is_none()
        );
        assert!(!Lock::is_free(&path).unwrap());
        assert_eq!(Lock::said(&path), "pid 1, version 2");
        alone.say("pid 3").unwrap();
        assert_eq!(Lock::said(&path), "pid 3");
        drop(alone);
        let (a, b) = (
            Lock::shared(&path).unwrap().unwrap(),
            Lock::shared(&path).unwrap(),
        );
        assert!(b.is_some() && Lock::exclusive(&path).unwrap().is_none());
        drop((a, b));
        assert!(Lock::is_free(&path).unwrap());
    }

    #[test]
    fn a_child_that_is_being_started_does_not_hold_it_any_longer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("engine.lock");
        let held = Lock::exclusive(&path).unwrap().unwrap();
        // What a child has between its fork and its program.
        let inherited = held.file.try_clone().unwrap();
        drop(held);
        assert!(Lock::is_free(&path).unwrap());
        drop(inherited);
    }
}
