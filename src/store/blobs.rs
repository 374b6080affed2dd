//! Content of any length in files, one for each digest (`blobs/ab/cdef…`): streamed in and out,
//! checked whenever it is read, and kept once however often it is put. A file stands under its name
//! only once all of it is on the disk.

use std::collections::BTreeSet;
use std::fs::{self, File, FileTimes};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use super::StoreError;
use crate::domain::digest::{Digest, Digesting};
use crate::domain::time::Time;
use crate::os::lock::Lock;
use crate::os::{child, disk, files, open, owner};

/// How much of a stream is in memory at once.
const PIECE: usize = 64 * 1024;
/// How long a put waits while a sweep is at work.
const WAITS: u32 = 2_000;
/// How a file begins that is not whole yet.
const NEW: &str = ".new-";

/// The blobs in a folder.
#[derive(Debug, Clone)]
pub(super) struct Blobs(PathBuf);

/// What a sweep removed and left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// How many were removed.
    pub removed: u64,
    /// How many bytes those had.
    pub freed: u64,
}

impl Blobs {
    pub(super) fn at(folder: PathBuf) -> Self {
        Self(folder)
    }

    fn path(&self, digest: Digest) -> PathBuf {
        let name = digest.to_string();
        let (first, rest) = name.split_at(2);
        self.0.join(first).join(rest)
    }

    /// Keeps what a stream gives; blocks. Content that is there already is as young as content put
    /// now.
    pub(super) fn put(&self, mut from: impl Read, now: Time) -> Result<(Digest, u64), StoreError> {
        static NTH: AtomicU64 = AtomicU64::new(0);
        files::private_folder(&self.0).map_err(|why| trouble(&why))?;
        let _sweeps_wait = self.shared()?;
        let fresh = self.0.join(format!(
            "{NEW}{}-{}",
            owner::pid(),
            NTH.fetch_add(1, Ordering::Relaxed)
        ));
        let put = (|| {
            let mut file = open::fresh(&fresh, 0o600)?;
            let (mut digest, mut length, mut piece) = (Digesting::default(), 0, vec![0; PIECE]);
            loop {
                match from.read(&mut piece) {
                    Ok(0) => break,
                    Ok(some) => {
                        digest.take(&piece[..some]);
                        file.write_all(&piece[..some])?;
                        length += some as u64;
                    }
                    Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                    Err(why) => return Err(why),
                }
            }
            file.set_times(FileTimes::new().set_modified(system(now)))?;
            file.sync_all()?;
            let digest = digest.end();
            let path = self.path(digest);
            if let Some(folder) = path.parent() {
                files::private_folder(folder)?;
                fs::rename(&fresh, &path)?;
                files::sync_folder(folder)?;
            }
            files::sync_folder(&self.0)?;
            Ok((digest, length))
        })();
        if put.is_err() {
            let _ = fs::remove_file(&fresh);
        }
        put.map_err(|why| failed(&why))
    }

    /// The content of a digest, to be read by whoever may block; `None` where there is none. Its
    /// last read fails when it is not what was put.
    pub(super) fn get(&self, digest: Digest) -> Result<Option<Checked>, StoreError> {
        match open::read(&self.path(digest)) {
            Ok(file) => Ok(Some(Checked {
                file,
                so_far: Digesting::default(),
                is: digest,
            })),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(why) => Err(failed(&why)),
        }
    }

    /// Removes what is named by nothing and was put before a time, and what a killed process left
    /// half put then. Nothing is removed while something is put: it is tried another time.
    pub(super) fn sweep(
        &self,
        named: &BTreeSet<Digest>,
        before: Time,
    ) -> Result<Swept, StoreError> {
        let mut swept = Swept::default();
        if !self.0.exists() {
            return Ok(swept);
        }
        let Some(_alone) = Lock::exclusive(&self.lock()).map_err(|why| trouble(&why))? else {
            return Ok(swept);
        };
        for entry in entries(&self.0)? {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(NEW) {
                remove(&entry.path(), before, &mut swept)?;
            }
            if name.len() != 2 {
                continue;
            }
            for blob in entries(&entry.path())? {
                let digest =
                    format!("{name}{}", blob.file_name().to_string_lossy()).parse::<Digest>();
                if digest.is_ok_and(|digest| !named.contains(&digest)) {
                    remove(&blob.path(), before, &mut swept)?;
                }
            }
        }
        Ok(swept)
    }

    /// All content, and whether each is what was put.
    pub(super) fn check(&self) -> Result<Vec<(Digest, bool)>, StoreError> {
        let mut checked = Vec::new();
        if !self.0.exists() {
            return Ok(checked);
        }
        for entry in entries(&self.0)? {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.len() != 2 {
                continue;
            }
            for blob in entries(&entry.path())? {
                let name = format!("{name}{}", blob.file_name().to_string_lossy());
                let Ok(digest) = name.parse::<Digest>() else {
                    continue;
                };
                // Swept meanwhile, it is not there any more and nothing is wrong with it.
                if let Some(mut content) = self.get(digest)? {
                    let read = io::copy(&mut content, &mut io::sink());
                    checked.push((digest, read.is_ok()));
                }
            }
        }
        Ok(checked)
    }

    fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    fn shared(&self) -> Result<Lock, StoreError> {
        for _ in 0..WAITS {
            if let Some(lock) = Lock::shared(&self.lock()).map_err(|why| trouble(&why))? {
                return Ok(lock);
            }
            child::pause(Duration::from_millis(5));
        }
        Err(StoreError::Unavailable(
            "its large files are being swept".to_owned(),
        ))
    }
}

/// Content that is read, and checked at its end.
pub(super) struct Checked {
    file: File,
    so_far: Digesting,
    is: Digest,
}

impl Read for Checked {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let some = self.file.read(into)?;
        self.so_far.take(&into[..some]);
        if some == 0 && !into.is_empty() && self.so_far.clone().end() != self.is {
            let says = format!(
                "what is stored as {} is not what was put: `holdpoint doctor`",
                self.is.short()
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, says));
        }
        Ok(some)
    }
}

fn entries(folder: &Path) -> Result<Vec<fs::DirEntry>, StoreError> {
    fs::read_dir(folder)
        .and_then(Iterator::collect)
        .map_err(|why| failed(&why))
}

fn remove(path: &Path, before: Time, swept: &mut Swept) -> Result<(), StoreError> {
    let about = fs::metadata(path).map_err(|why| failed(&why))?;
    if about.modified().map_err(|why| failed(&why))? < system(before) {
        fs::remove_file(path).map_err(|why| failed(&why))?;
        swept.removed += 1;
        swept.freed += about.len();
    }
    Ok(())
}

fn system(time: Time) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(time.0.unsigned_abs())
}

fn failed(why: &io::Error) -> StoreError {
    if disk::is_full(why) {
        StoreError::Full(why.to_string())
    } else {
        StoreError::Unavailable(why.to_string())
    }
}

fn trouble(why: &files::FileError) -> StoreError {
    if why.is_full() {
        StoreError::Full(why.to_string())
    } else {
        StoreError::Unavailable(why.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    fn text(mut from: impl Read) -> io::Result<String> {
        let mut all = String::new();
        from.read_to_string(&mut all).map(|_| all)
    }

    fn files_of(folder: &Path) -> usize {
        entries(folder)
            .unwrap()
            .iter()
            .filter(|entry| entry.path().is_dir())
            .map(|entry| entries(&entry.path()).unwrap().len())
            .sum()
    }

    #[test]
    fn what_is_put_twice_is_kept_once_and_read_back_checked() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::at(folder.path().join("blobs"));
        let long = "x".repeat(3 * PIECE + 1);
        let (digest, length) = blobs.put(long.as_bytes(), Time(0)).unwrap();
        assert_eq!(
            (digest, length),
            (Digest::of_bytes(long.as_bytes()), long.len() as u64)
        );
        assert_eq!(blobs.put(long.as_bytes(), Time(0)).unwrap().0, digest);
        assert_eq!(files_of(&blobs.0), 1);
        assert_eq!(text(blobs.get(digest).unwrap().unwrap()).unwrap(), long);
        assert!(blobs.get(Digest::of_bytes(b"other")).unwrap().is_none());
        std::fs::write(blobs.path(digest), &long[1..]).unwrap();
        assert_eq!(
            text(blobs.get(digest).unwrap().unwrap())
                .unwrap_err()
                .kind(),
            io::ErrorKind::InvalidData
        );
    }

    #[test]
    fn a_stream_that_breaks_leaves_nothing() {
        struct Breaks(u32);
        impl Read for Breaks {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                self.0 += 1;
                if self.0 > 3 {
                    Err(io::ErrorKind::StorageFull.into())
                } else {
                    Ok(into.len())
                }
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::at(folder.path().join("blobs"));
        assert!(matches!(
            blobs.put(Breaks(0), Time(0)),
            Err(StoreError::Full(_))
        ));
        let left: Vec<_> = entries(&blobs.0)
            .unwrap()
            .iter()
            .map(fs::DirEntry::file_name)
            .collect();
        assert_eq!(left, ["lock"]);
    }

    #[test]
    fn a_sweep_takes_what_is_old_and_named_by_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::at(folder.path().join("blobs"));
        assert_eq!(
            blobs.sweep(&BTreeSet::new(), Time(0)).unwrap(),
            Swept::default()
        );
        let start = Time(1_800_000_000_000);
        let named = blobs.put(&b"named"[..], start).unwrap().0;
        let old = blobs.put(&b"old"[..], start).unwrap().0;
        let again = blobs.put(&b"again"[..], start).unwrap().0;
        let half = blobs.0.join(format!("{NEW}1-1"));
        std::fs::write(&half, "half").unwrap();
        File::options()
            .write(true)
            .open(&half)
            .unwrap()
            .set_modified(system(start))
            .unwrap();
        // What is on its way again is as young as what is new.
        blobs.put(&b"again"[..], start + DAY).unwrap();
        let there = || [named, old, again].map(|digest| blobs.get(digest).unwrap().is_some());
        assert_eq!(blobs.sweep(&[named].into(), start).unwrap().removed, 0);
        let reading = blobs.put(&b"x"[..], start).unwrap();
        {
            let _put_at_work = blobs.shared().unwrap();
            assert_eq!(
                blobs.sweep(&[named].into(), start + DAY).unwrap().removed,
                0,
                "something is on its way"
            );
        }
        assert_eq!(
            blobs
                .sweep(&[named, reading.0].into(), start + DAY)
                .unwrap(),
            Swept {
                removed: 2,
                freed: 7
            }
        );
        assert_eq!((there(), half.exists()), ([true, false, true], false));
    }
}
