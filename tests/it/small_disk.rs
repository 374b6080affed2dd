//! A file system of a few megabytes, to be filled: a real full disk, where this user may mount one.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use holdpoint::os::child::pause;

/// A small disk.
pub(crate) struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    /// Mounts one; none where that is refused, which is said.
    pub(crate) fn mount(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let options = format!("size={size},mode=0700");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(folder.path())
            .output();
        if mounted.is_ok_and(|mounted| mounted.status.success()) {
            return Some(Self { folder });
        }
        let _ = writeln!(
            std::io::stderr(),
            "skipped: no small disk can be mounted here"
        );
        None
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes all room that is left.
    pub(crate) fn fill(&self) {
        let mut file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.filler())
            .unwrap();
        for size in [64 * 1024, 4_096, 1] {
            while file.write_all(&vec![b'x'; size]).is_ok() {}
        }
    }

    pub(crate) fn free(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

/// Waits until something is there.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let from = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(from.elapsed() < Duration::from_mins(1), "{what} never came");
        pause(Duration::from_millis(100));
    }
}
