//! The state folder of a detached embedded cloud: a snapshot, and the calls since then, each on the disk before its answer.
//! A kill at any moment loses nothing: the next start reads the snapshot and makes the same calls at the same times.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
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
    pub fn open(folder: &Path, offers: &'static [&'static Offer]) -> Result<(Self, Option<World>), SandboxError> {
        files::private_folder(folder)?;
        let lock = Lock::exclusive(&folder.join("lock"))?.ok_or_else(|| SandboxError::Taken { folder: folder.to_path_buf() })?;
        let path = folder.join("world.json");
        let (generation, mut world) = match std::fs::read(&path) {
            Ok(bytes) => {
                let read = serde_json::from_slice::<Snapshot<World<Stored>>>(&bytes);
                let read = read.and_then(|snapshot| Ok((snapshot.generation, Some(snapshot.world.wake(offers)?))));
                read.map_err(|source| SandboxError::Damaged { file: path, source })?
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => (0, None),
            Err(error) => return Err(FileError::io(&path, "read")(error).into()),
        };
        let path = journal_path(folder, generation);
        if let Some(world) = &mut world
            && let Ok(file) = File::open(&path)
        {
            replay(world, file);
        }
        let file = files::private_log(&path)?;
        Ok((Self { folder: folder.to_path_buf(), file, calls: 0, generation, _lock: lock }, world))
    }

    /// A call that changed the world is on the disk when this returns.
    pub fn add(&mut self, world: &World, call: &Call) -> Result<(), SandboxError> {
        if self.calls >= CALLS {
            return self.snapshot(world);
        }
        self.calls += 1;
        let path = journal_path(&self.folder, self.generation);
        let mut line = serde_json::to_vec(&Line { at: world.now, call: call.clone() })
            .map_err(|error| FileError::io(&path, "written")(error.into()))?;
        line.push(b'\n');
        self.file.write_all(&line).and_then(|()| self.file.sync_data()).map_err(FileError::io(&path, "written"))?;
        Ok(())
    }

    /// Writes the whole world and begins a new journal.
    pub fn snapshot(&mut self, world: &World) -> Result<(), SandboxError> {
        let path = self.folder.join("world.json");
        let generation = self.generation + 1;
        let bytes = serde_json::to_vec(&Snapshot { generation, world }).map_err(|error| FileError::io(&path, "written")(error.into()))?;
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

/// A torn last line was never answered: it is left out.
fn replay(world: &mut World, file: File) {
    for line in BufReader::new(file).lines() {
        let Some(line) = line.ok().and_then(|line| serde_json::from_str::<Line>(&line).ok()) else { return };
        world.call(line.at, &line.call);
    }
}

fn journal_path(folder: &Path, generation: u64) -> PathBuf {
    folder.join(format!("calls.{generation}.jsonl"))
}
