//! The state folder of a detached embedded cloud: a snapshot, and the calls since then, each on the disk before its answer.
//! A kill at any moment loses nothing: the next start reads the snapshot and makes the same calls at the same times.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::SandboxError;
use super::call::Call;
use super::world::World;
use crate::domain::time::Time;

/// After so many calls a new snapshot is written.
const CALLS: u32 = 200;

/// An open state folder, locked for this process.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    file: File,
    calls: u32,
    generation: u64,
    _lock: File,
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
    /// Opens a state folder: the world it holds, if it holds one.
    pub fn open(folder: &Path) -> Result<(Self, Option<World>), SandboxError> {
        let problem = |what: &'static str| {
            let folder = folder.to_path_buf();
            move |source: std::io::Error| SandboxError::State { what, folder, source }
        };
        std::fs::create_dir_all(folder).map_err(problem("make the folder"))?;
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("lock")).map_err(problem("open the lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SandboxError::Taken { folder: folder.to_path_buf() }),
            Err(TryLockError::Error(error)) => return Err(problem("lock the folder")(error)),
        }
        let (generation, mut world) = match std::fs::read(folder.join("world.json")) {
            Ok(bytes) => {
                let snapshot: Snapshot<World> =
                    serde_json::from_slice(&bytes).map_err(|source| SandboxError::Damaged { file: folder.join("world.json"), source })?;
                (snapshot.generation, Some(snapshot.world))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => (0, None),
            Err(error) => return Err(problem("read world.json")(error)),
        };
        let path = journal_path(folder, generation);
        if let Some(world) = &mut world
            && let Ok(file) = File::open(&path)
        {
            replay(world, file);
        }
        let file = OpenOptions::new().create(true).append(true).open(&path).map_err(problem("open the journal"))?;
        Ok((Self { folder: folder.to_path_buf(), file, calls: 0, generation, _lock: lock }, world))
    }

    /// A call that changed the world is on the disk when this returns.
    pub fn add(&mut self, world: &World, call: &Call) -> std::io::Result<()> {
        if self.calls >= CALLS {
            return self.snapshot(world);
        }
        self.calls += 1;
        let mut line = serde_json::to_vec(&Line { at: world.now, call: call.clone() })?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.file.sync_data()
    }

    /// Writes the whole world and begins a new journal.
    pub fn snapshot(&mut self, world: &World) -> std::io::Result<()> {
        let generation = self.generation + 1;
        let bytes = serde_json::to_vec(&Snapshot { generation, world })?;
        let next = File::create(journal_path(&self.folder, generation))?;
        next.sync_all()?;
        atomically(&self.folder.join("world.json"), &bytes)?;
        let _ = std::fs::remove_file(journal_path(&self.folder, self.generation));
        self.file = next;
        self.generation = generation;
        self.calls = 0;
        Ok(())
    }
}

/// Writes a file so that a reader sees the old one or the new one, never a part.
pub fn atomically(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let part = path.with_extension("part");
    let mut file = File::create(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&part, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
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
