//! Files and folders that belong to the owner alone, and writes that are whole or not there. The
//! only place for both.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::open;

/// Why a file or folder of ours cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Others may read or change it.
    #[error(
        "{path} can be read or changed by others (mode {mode:04o}): what is in it decides what is deployed; run: chmod {want:o} {path}"
    )]
    Wide {
        /// Which.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// The mode that it must have.
        want: u32,
    },
    /// It belongs to somebody else.
    #[error(
        "{path} belongs to user {owner}, not to you: use another folder with --home, or have it given to you"
    )]
    Foreign {
        /// Which.
        path: PathBuf,
        /// The owner's number.
        owner: u32,
    },
    /// The system refused.
    #[error("{path} cannot be {doing}: {why}")]
    Io {
        /// Which.
        path: PathBuf,
        /// What was being done, as a participle.
        doing: &'static str,
        /// What the system said.
        #[source]
        why: io::Error,
    },
}

impl FileError {
    pub(crate) fn io(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |why| Self::Io {
            path: path.to_owned(),
            doing,
            why,
        }
    }

    /// True when there is no room on the disk.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Io { why, .. } if super::disk::is_full(why))
    }
}

impl From<FileError> for io::Error {
    fn from(why: FileError) -> Self {
        match why {
            FileError::Io { why, .. } => why,
            other => io::Error::other(other),
        }
    }
}

/// Makes a folder (and those above it) that only the owner can enter; refuses one that others can.
pub fn private_folder(path: &Path) -> Result<(), FileError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(FileError::io(path, "made"))?;
    check(path, 0o700)
}

/// Opens a file that only the owner can read, for reading and writing; makes it when it is not
/// there, refuses it when others can read it.
pub fn private_file(path: &Path) -> Result<File, FileError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let file = open::with(options.mode(0o600), path).map_err(FileError::io(path, "opened"))?;
    check(path, 0o600)?;
    Ok(file)
}

/// Opens a private file at whose end each write lands.
pub fn private_log(path: &Path) -> Result<File, FileError> {
    let mut options = OpenOptions::new();
    let file = open::with(options.append(true).create(true).mode(0o600), path)
        .map_err(FileError::io(path, "opened"))?;
    check(path, 0o600)?;
    Ok(file)
}

/// Refuses a file or folder of another user, or with more rights than `want`.
pub fn check(path: &Path, want: u32) -> Result<(), FileError> {
    let about = fs::metadata(path).map_err(FileError::io(path, "looked at"))?;
    if about.uid() != rustix::process::geteuid().as_raw() {
        return Err(FileError::Foreign {
            path: path.to_owned(),
            owner: about.uid(),
        });
    }
    let mode = about.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(FileError::Wide {
            path: path.to_owned(),
            mode,
            want,
        });
    }
    Ok(())
}

/// Writes a private file whole: a reader, also after a power cut, finds the old content or the new
/// one.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write_whole_as(path, bytes, 0o600)
}

/// The same with another mode, for what is to be run (0700) or shared on purpose.
pub fn write_whole_as(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    copy_whole_as(path, bytes, mode)
}

/// The same of a stream, of which never more than a piece is in memory.
pub fn copy_whole_as(path: &Path, from: impl Read, mode: u32) -> Result<(), FileError> {
    put(path, from, mode, true)?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

/// Writes a file that can be made again: a reader finds the old content or the new one, but for after
/// a power cut.
pub fn write_made(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    put(path, bytes, 0o644, false)
}

fn put(path: &Path, mut from: impl Read, mode: u32, durable: bool) -> Result<(), FileError> {
    static NTH: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let fresh = path.with_file_name(format!(
        ".{name}.{}-{}",
        std::process::id(),
        NTH.fetch_add(1, Ordering::Relaxed)
    ));
    let written = (|| {
        let mut file = open::fresh(&fresh, mode)?;
        io::copy(&mut from, &mut file)?;
        if durable {
            file.sync_all()?;
        }
        fs::rename(&fresh, path)
    })();
    written.map_err(|why| {
        let _ = fs::remove_file(&fresh);
        FileError::io(path, "written")(why)
    })
}

/// How many bytes the files below a folder have; what goes while it is counted counts nothing.
#[must_use]
pub fn room(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => room(&entry.path()),
            Ok(_) => entry.metadata().map_or(0, |about| about.len()),
            Err(_) => 0,
        })
        .sum()
}

/// Makes new, renamed and removed names of a folder durable.
pub fn sync_folder(folder: &Path) -> Result<(), FileError> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    File::open(folder)
        .and_then(|open| open.sync_all())
        .map_err(FileError::io(folder, "made durable"))
}

/// The kind of network file system that a path lies on, if it does: locks and shared memory cannot
/// be trusted there.
#[must_use]
pub fn network_kind(path: &Path) -> Option<&'static str> {
    #[cfg(target_os = "linux")]
    {
        let kind = rustix::fs::statfs(path).ok()?.f_type;
        NETWORK
            .iter()
            .find(|(number, _)| *number == (kind & 0xffff_ffff))
            .map(|(_, name)| *name)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = path;
        None
    }
}

/// File system numbers as in `statfs(2)`.
#[cfg(target_os = "linux")]
const NETWORK: [(rustix::fs::FsWord, &str); 10] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x5346_414f, "AFS"),
    (0x6b41_4653, "kAFS"),
    (0x7375_7245, "Coda"),
    (0x00c3_6400, "Ceph"),
    (0x0bd0_0bd0, "Lustre"),
    (0x0102_1997, "9P"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_can_read_is_refused_with_the_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("a/b");
        private_folder(&home).unwrap();
        let file = home.join("f");
        private_file(&file).unwrap();
        assert_eq!(fs::metadata(&home).unwrap().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        for (path, wide) in [(&home, 0o750), (&file, 0o604)] {
            fs::set_permissions(path, fs::Permissions::from_mode(wide)).unwrap();
        }
        let refused = private_folder(&home).unwrap_err().to_string();
        assert!(
            refused.contains("mode 0750") && refused.contains("chmod 700"),
            "{refused}"
        );
        assert!(
            private_file(&file)
                .unwrap_err()
                .to_string()
                .contains("chmod 600")
        );
        assert!(private_log(&file).is_err());
    }

    #[test]
    fn a_whole_write_replaces_and_leaves_nothing_beside() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f");
        write_whole(&file, b"one").unwrap();
        write_whole(&file, b"two").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        let into_a_folder = folder.path().join("d");
        fs::create_dir(&into_a_folder).unwrap();
        assert!(write_whole(&into_a_folder, b"x").is_err());
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            2,
            "a failed write leaves nothing beside"
        );
        assert_eq!(network_kind(folder.path()), None);
    }
}
