//! The state folder of a detached embedded cloud: a snapshot, and the calls since then, each on the
//! disk before its answer. A kill at any moment loses nothing: the next start reads the snapshot
//! and makes the same calls at the same times.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

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

/// After so many calls a new snapshot is written.
const CALLS: u32 = 200;

/// An open state folder, locked for this process.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    file: File,
    calls: u32,
    generation: u64,
    _lock: Lock,
}

#[derive(Serialize, Deserialize)]
struct Line {
    at: Time,
    call: Call,
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
                file,
                calls: 0,
                generation,
                _lock: lock,
            },
            world,
        ))
    }

    /// A call that changed the world is on the disk when this returns.
    pub fn add(&mut self, world: &World, call: &Call) -> Result<(), SandboxError> {
        if self.calls >= CALLS {
            return self.snapshot(world);
        }
        self.calls += 1;
        let path = journal_path(&self.folder, self.generation);
        let mut line = serde_json::to_vec(&Line {
            at: world.now,
            call: call.clone(),
        })
        .map_err(|error| FileError::io(&path, "written")(error.into()))?;
        line.push(b'\n');
        self.file
            .write_all(&line)
            .and_then(|()| self.file.sync_data())
            .map_err(FileError::io(&path, "written"))?;
        Ok(())
    }

    /// Writes the whole world and begins a new journal.
    pub fn snapshot(&mut self, world: &World) -> Result<(), SandboxError> {
        let path = self.folder.join("world.json");
        let generation = self.generation + 1;
        let bytes = serde_json::to_vec(&Snapshot { generation, world })
            .map_err(|error| FileError::io(&path, "written")(error.into()))?;
        let next = files::private_log(&journal_path(&self.folder, generation))?;
        files::write_whole(&path, &bytes)?;
        // The old journal is in the snapshot now; one that stays behind is never read again.
        let _ = std::fs::remove_file(journal_path(&self.folder, self.generation));
        self.file = next;
        self.generation = generation;
        self.calls = 0;
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
        let line: Line = serde_json::from_slice(line).map_err(|source| SandboxError::Damaged {
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
}
