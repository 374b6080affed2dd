//! The state folder of a detached embedded cloud: a snapshot, and the calls since then, each on the
//! disk before its answer. A kill at any moment loses nothing: the next start reads the snapshot
//! and makes the same calls at the same times.
//!
//! A snapshot holds all objects of all buckets, so a new one is written only when the calls since
//! the last one weigh as much as it: however many objects there are, all snapshots together weigh
//! about twice the last one.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::SandboxError;
use super::call::Call;
use super::realm::Stored;
use super::service::Offer;
use super::world::World;
use crate::domain::time::Time;
use crate::os::files::{self, FileError};
use crate::os::lock::Lock;
use crate::os::open;

/// Before so many calls no new snapshot is written.
const CALLS: u32 = 200;

/// An open state folder, locked for this process.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    lines: Arc<Lines>,
    calls: u32,
    /// How much the calls since the snapshot weigh, in bytes, and the snapshot.
    weight: (usize, usize),
    generation: u64,
    _lock: Lock,
}

/// The file of the calls since one snapshot.
#[derive(Debug)]
struct Lines {
    path: PathBuf,
    file: File,
    written: AtomicU64,
    on_disk: Mutex<u64>,
}

/// A line that is in its file. A kill does not lose it any more, a power cut may.
#[derive(Debug)]
#[must_use]
pub struct Written {
    lines: Arc<Lines>,
    number: u64,
}

impl Written {
    /// Returns when it is on the disk. Many may wait at once: one sync is for all lines before it.
    pub fn on_disk(self) -> Result<(), SandboxError> {
        let lines = self.lines;
        let mut on_disk = lines.on_disk.lock().unwrap_or_else(PoisonError::into_inner);
        if *on_disk < self.number {
            let written = lines.written.load(Ordering::Acquire);
            lines
                .file
                .sync_data()
                .map_err(FileError::io(&lines.path, "written"))?;
            *on_disk = written;
        }
        Ok(())
    }
}

impl Lines {
    fn of(file: File, path: PathBuf) -> Arc<Self> {
        Arc::new(Self {
            path,
            file,
            written: AtomicU64::new(0),
            on_disk: Mutex::new(0),
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Line<C> {
    at: Time,
    call: C,
}

#[derive(Serialize, Deserialize)]
struct Snapshot<W> {
    generation: u64,
    world: W,
}

impl Journal {
    /// Opens a state folder: the world of these services that it holds, if it holds one.
    pub fn open(
        folder: &Path,
        offers: &'static [&'static Offer],
    ) -> Result<(Self, Option<World>), SandboxError> {
        files::private_folder(folder)?;
        let lock = Lock::exclusive(&folder.join("lock"))?.ok_or_else(|| SandboxError::Taken {
            folder: folder.to_path_buf(),
        })?;
        let path = folder.join("world.json");
        let (generation, mut world) = match open::bytes(&path) {
            Ok(bytes) => {
                let read = serde_json::from_slice::<Snapshot<World<Stored>>>(&bytes);
                let read = read.and_then(|snapshot| {
                    Ok((snapshot.generation, Some(snapshot.world.wake(offers)?)))
                });
                read.map_err(|source| SandboxError::Damaged { file: path, source })?
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => (0, None),
            Err(error) => return Err(FileError::io(&path, "read")(error).into()),
        };
        let path = journal_path(folder, generation);
        let file = files::private_log(&path)?;
        if let Some(world) = &mut world {
            let bytes = open::bytes(&path).map_err(FileError::io(&path, "read"))?;
            let whole = replay(world, &bytes, &path)?;
            // The next call begins a line of its own.
            file.set_len(whole).map_err(FileError::io(&path, "cut"))?;
        }
        Ok((
            Self {
                folder: folder.to_path_buf(),
                lines: Lines::of(file, path),
                calls: 0,
                weight: (0, 0),
                generation,
                _lock: lock,
            },
            world,
        ))
    }

    /// Keeps a call that changed the world: by a line, whose way to the disk is to be waited for
    /// before the call is answered, or by a snapshot, which is there already.
    pub fn add(&mut self, world: &World, call: &Call) -> Result<Option<Written>, SandboxError> {
        let (since, whole) = self.weight;
        if self.calls >= CALLS && since >= whole {
            self.snapshot(world)?;
            return Ok(None);
        }
        self.calls += 1;
        let lines = &self.lines;
        let at = world.now;
        let mut line = serde_json::to_vec(&Line { at, call })
            .map_err(|error| FileError::io(&lines.path, "written")(error.into()))?;
        line.push(b'\n');
        (&lines.file)
            .write_all(&line)
            .map_err(FileError::io(&lines.path, "written"))?;
        self.weight.0 += line.len();
        Ok(Some(Written {
            lines: Arc::clone(lines),
            number: lines.written.fetch_add(1, Ordering::AcqRel) + 1,
        }))
    }

    /// Writes the whole world and begins a new journal.
    pub fn snapshot(&mut self, world: &World) -> Result<(), SandboxError> {
        let path = self.folder.join("world.json");
        let generation = self.generation + 1;
        let bytes = serde_json::to_vec(&Snapshot { generation, world })
            .map_err(|error| FileError::io(&path, "written")(error.into()))?;
        let lines = journal_path(&self.folder, generation);
        let next = files::private_log(&lines)?;
        files::write_whole(&path, &bytes)?;
        // The old journal is in the snapshot now; one that stays behind is never read again.
        let _ = std::fs::remove_file(journal_path(&self.folder, self.generation));
        self.lines = Lines::of(next, lines);
        self.generation = generation;
        self.calls = 0;
        self.weight = (0, bytes.len());
        Ok(())
    }
}

/// Makes the calls again; gives the length of what was read. A torn last line, which has no end,
/// was never answered: it is left out. Any other that cannot be read is damage.
fn replay(world: &mut World, bytes: &[u8], path: &Path) -> Result<u64, SandboxError> {
    let whole = memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1);
    for line in bytes[..whole]
        .split(|b| *b == b'\n')
        .filter(|line| !line.is_empty())
    {
        let line: Line<Call> =
            serde_json::from_slice(line).map_err(|source| SandboxError::Damaged {
                file: path.to_path_buf(),
                source,
            })?;
        world.call(line.at, &line.call);
    }
    Ok(whole as u64)
}

fn journal_path(folder: &Path, generation: u64) -> PathBuf {
    folder.join(format!("calls.{generation}.jsonl"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sandbox::call::Blob;
    use crate::sandbox::{levers, services};

    /// A folder whose journal holds these calls; gives the journal's path.
    fn written(folder: &Path, calls: usize) -> PathBuf {
        let mut world = World::new(Time(1), 1, 1.0);
        let (mut journal, kept) = Journal::open(folder, services::ALL).unwrap();
        assert!(kept.is_none());
        journal.snapshot(&world).unwrap();
        for _ in 0..calls {
            let call = levers::lever("Chaos", json!({ "kind": "throttle" }));
            world.call(Time(2), &call);
            journal.add(&world, &call).unwrap();
        }
        journal_path(folder, journal.generation)
    }

    fn calls(folder: &Path) -> usize {
        let (_, world) = Journal::open(folder, services::ALL).unwrap();
        world.unwrap().ledger.entries().count()
    }

    #[test]
    fn a_torn_last_line_is_left_out_and_the_next_call_begins_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let folder = &folder.path().join("state");
        let path = written(folder, 2);
        files::private_log(&path)
            .unwrap()
            .write_all(b"{\"at\":3,\"ca")
            .unwrap();
        let (mut journal, world) = Journal::open(folder, services::ALL).unwrap();
        journal
            .add(&world.unwrap(), &levers::lever("Calm", json!({})))
            .unwrap();
        drop(journal);
        assert_eq!(calls(folder), 3);
    }

    #[test]
    fn a_damaged_line_before_others_is_told_and_nothing_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let folder = &folder.path().join("state");
        let path = written(folder, 2);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replacen('{', "[", 1)).unwrap();
        assert!(matches!(
            Journal::open(folder, services::ALL),
            Err(SandboxError::Damaged { .. })
        ));
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            text.replacen('{', "[", 1)
        );
    }

    #[test]
    fn many_objects_make_few_snapshots() {
        let folder = tempfile::tempdir().unwrap();
        let folder = &folder.path().join("state");
        let mut world = World::new(Time(1), 1, 1.0);
        let bucket = Call::new("s3", "CreateBucket", json!({ "Bucket": "b" }));
        world.call(Time(1), &bucket).answer.unwrap();
        let (mut journal, _) = Journal::open(folder, services::ALL).unwrap();
        journal.snapshot(&world).unwrap();
        let mut put = |key: u32, bytes: usize| {
            let call = Call {
                body: Blob(vec![b'x'; bytes]),
                ..Call::new(
                    "s3",
                    "PutObject",
                    json!({ "Bucket": "b", "Key": key.to_string() }),
                )
            };
            world.call(Time(2), &call).answer.unwrap();
            if let Some(written) = journal.add(&world, &call).unwrap() {
                written.on_disk().unwrap();
            }
            journal.generation
        };
        let first = (0..=CALLS).map(|key| put(key, 2_000)).last().unwrap();
        let second = (0..2 * CALLS).map(|key| put(key, 100)).last().unwrap();
        let third = put(0, 500_000).max(put(1, 0));
        assert_eq!((first, second, third), (2, 2, 3));
        drop(journal);
        let (_, world) = Journal::open(folder, services::ALL).unwrap();
        assert_eq!(
            world.unwrap().ledger.entries().count(),
            4 + 3 * CALLS as usize
        );
    }
}
