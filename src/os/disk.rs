//! Whether the disk of a folder takes what is written: what writers met, and a try of its own where
//! the file system says that nothing is left. It frees nothing and stops nobody: writers try again
//! by themselves.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use super::mutex::locked;
use super::open;
use crate::domain::time::Time;

/// How much is written for a try; less than this is no room to work with.
const TRIED: u64 = 256 * 1024;

/// The disk of a folder.
#[derive(Debug)]
pub struct Disk {
    folder: PathBuf,
    found: Mutex<Found>,
}

#[derive(Debug, Default)]
struct Found {
    full_since: Option<Time>,
    /// A writer was refused since it was looked at last.
    refused: bool,
}

impl Disk {
    /// The disk on which a folder lies; nothing is looked at yet.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            found: Mutex::default(),
        }
    }

    /// A write was refused because there is no room.
    pub fn refused(&self, now: Time) {
        let mut found = self.found();
        found.refused = true;
        found.full_since.get_or_insert(now);
    }

    /// Since when it is full, none when it is not. It is full as long as writers are refused, and a
    /// try is refused. Blocks for as long as the disk takes.
    pub fn look(&self, now: Time) -> Option<Time> {
        let (full, refused) = {
            let mut found = self.found();
            (
                found.full_since.is_some(),
                std::mem::take(&mut found.refused),
            )
        };
        let full = refused
            || ((full || nothing_left(&self.folder)) && is_refused(&self.folder.join(".room")));
        let mut found = self.found();
        if full {
            found.full_since.get_or_insert(now);
        } else if !found.refused {
            found.full_since = None;
        }
        found.full_since
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        locked(&self.found)
    }
}

/// True when an error says that there is no room.
#[must_use]
pub fn is_full(why: &io::Error) -> bool {
    matches!(
        why.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// What the file system counts as free for us; a look without a write, so that a program at rest
/// writes nothing.
fn nothing_left(folder: &Path) -> bool {
    rustix::fs::statvfs(folder).is_ok_and(|about| {
        let no_names = about.f_files > 0 && about.f_favail == 0;
        no_names || about.f_bavail.saturating_mul(about.f_frsize) < TRIED
    })
}

/// Whether a write of [`TRIED`] bytes is refused for want of room. Any other error is another
/// trouble.
fn is_refused(path: &Path) -> bool {
    let tried = (|| {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        let mut file = open::with(options.mode(0o600), path)?;
        let piece = [b'.'; 4_096];
        (0..TRIED / 4_096).try_for_each(|_| file.write_all(&piece))
    })();
    let _ = fs::remove_file(path);
    tried.is_err_and(|why| is_full(&why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_full_while_writers_are_refused_and_until_a_try_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::of(folder.path());
        assert_eq!(disk.look(Time(1)), None);
        disk.refused(Time(2));
        disk.refused(Time(3));
        assert_eq!(
            disk.look(Time(4)),
            Some(Time(2)),
            "as long as writers say so, nothing else is believed"
        );
        assert_eq!(
            disk.look(Time(5)),
            None,
            "nobody was refused since, and a try was taken"
        );
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            0,
            "a try leaves nothing"
        );
        assert_eq!(
            Disk::of(Path::new("/no/such/folder")).look(Time(1)),
            None,
            "that is another trouble"
        );
    }

    #[test]
    fn a_device_without_room_refuses() {
        if cfg!(target_os = "linux") {
            assert!(std::fs::write("/dev/full", b"x").is_err_and(|why| is_full(&why)));
        }
    }
}
