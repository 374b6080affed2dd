//! The folder of one attempt, where engine and keeper meet: what is to be run, how it goes, what
//! came out, and the wish to stop. Each file is written by one process alone. What changes while
//! the command runs has its room from the start: also on a full disk the keeper can say how the
//! command ended, and the engine that it watches.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::domain::failure::millis;
use crate::domain::request::SourceBundle;
use crate::exec::Content;
use crate::os::child;
use crate::os::files::{self, FileError};
use crate::os::lock::Lock;
use crate::os::open;
use crate::os::slot::Slot;

use super::call::Asks;
use super::state::State;

/// How often the lock is tried.
const TRIES: u32 = 10;

/// The folder of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folder(PathBuf);

/// What the keeper is to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Order {
    /// The program, by its whole path.
    pub(super) program: PathBuf,
    /// Its arguments.
    pub(super) arguments: Vec<String>,
    /// Its variables, but for secrets.
    pub(super) variables: BTreeMap<String, String>,
    /// How long it may run.
    #[serde(with = "millis")]
    pub(super) limit: Duration,
    /// Where it runs; in a folder of its own where this is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) folder: Option<PathBuf>,
    /// How it is ended that is to end.
    #[serde(default)]
    pub(super) end: End,
    /// The variables that are secrets: the keeper is told them by who starts it, and by nobody
    /// else.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) secrets: BTreeSet<String>,
}

/// How a command is ended: asked, and killed once it had so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::exec) struct End {
    pub(in crate::exec) asks: Asks,
    #[serde(with = "millis")]
    pub(in crate::exec) within: Duration,
}

/// The secrets of a command, as its keeper is told them. It stands in no file.
#[derive(Default, Serialize, Deserialize)]
pub(in crate::exec) struct Told {
    /// Given as variables.
    pub(in crate::exec) variables: BTreeMap<String, String>,
    /// Given as files that the variables name, as long as the command runs.
    pub(in crate::exec) files: BTreeMap<String, String>,
    /// What is covered in its output beside these: secrets that stand within one of them.
    #[serde(default)]
    pub(in crate::exec) within: BTreeMap<String, String>,
}

impl Told {
    /// The names of all.
    pub(super) fn names(&self) -> BTreeSet<String> {
        self.variables
            .keys()
            .chain(self.files.keys())
            .cloned()
            .collect()
    }
}

/// What the engine tells the keeper.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Wish {
    /// Another text each time that somebody watches.
    watch: String,
    /// The command is to be stopped.
    cancel: bool,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Makes it, where it is not there.
    pub(super) fn make(&self) -> Result<(), FileError> {
        files::private_folder(&self.0)
    }

    /// Working directory of the child.
    pub(super) fn work(&self) -> PathBuf {
        self.0.join("work")
    }

    /// A file that the command made, to be kept; it must lie in its working directory, wherever
    /// links lead.
    pub(super) fn made(&self, path: &str) -> Result<Option<(File, bool)>, FileError> {
        let Some(full) = below(&self.work(), path).filter(|full| full.exists()) else {
            return Ok(None);
        };
        let real = full.canonicalize().map_err(FileError::io(&full, "found"))?;
        let root = self
            .work()
            .canonicalize()
            .map_err(FileError::io(&full, "found"))?;
        let file = open::read(&real).map_err(FileError::io(&full, "opened"))?;
        let about = file.metadata().map_err(FileError::io(&full, "looked at"))?;
        Ok((real.starts_with(root) && about.is_file())
            .then(|| (file, about.permissions().mode() & 0o111 != 0)))
    }

    /// Its output.
    pub(super) fn output(&self) -> PathBuf {
        self.0.join("output")
    }

    /// Where the files with secrets are, as long as the command runs.
    pub(super) fn secrets(&self) -> PathBuf {
        self.0.join("secrets")
    }

    /// Writes a secret into a file of its own, and says where.
    pub(super) fn hand(&self, name: &str, secret: &str) -> Result<PathBuf, FileError> {
        files::private_folder(&self.secrets())?;
        let path = self.secrets().join(name);
        files::write_whole(&path, secret.as_bytes())?;
        Ok(path)
    }

    /// Removes the files with secrets; there is no such file where none was written.
    pub(super) fn forget(&self) -> Result<(), FileError> {
        let path = self.secrets();
        match std::fs::remove_dir_all(&path) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => {
                Err(FileError::io(&path, "removed")(why))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Takes the lock that the keeper holds as long as it lives; `None` when there is one. Blocks
    /// for a moment: whoever only asks whether the lock is free holds it, too.
    pub(super) fn lock(&self) -> Result<Option<Lock>, FileError> {
        for _ in 0..TRIES {
            if let Some(lock) = Lock::exclusive(&self.0.join("lock"))? {
                return Ok(Some(lock));
            }
            child::pause(Duration::from_millis(20));
        }
        Ok(None)
    }

    /// Takes the order back where no keeper has begun; true once none can begin any more.
    pub(super) fn call_off(&self) -> Result<bool, FileError> {
        let Some(_lock) = self.lock()? else {
            return Ok(false);
        };
        if self.state()?.is_some() {
            return Ok(false);
        }
        let path = self.0.join("order");
        match std::fs::remove_file(&path) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => {
                Err(FileError::io(&path, "removed")(why))
            }
            Ok(()) | Err(_) => Ok(true),
        }
    }

    /// True when no keeper lives.
    pub(super) fn is_free(&self) -> Result<bool, FileError> {
        Lock::is_free(&self.0.join("lock"))
    }

    pub(super) fn state(&self) -> Result<Option<State>, FileError> {
        self.value(STATE)
    }

    pub(super) fn set_state(&self, state: &State) -> Result<(), FileError> {
        self.set(STATE, state)
    }

    pub(super) fn order(&self) -> Result<Option<Order>, FileError> {
        let path = self.0.join("order");
        match open::bytes(&path) {
            Ok(bytes) => read(&path, &bytes).map(Some),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(why) => Err(FileError::io(&path, "read")(why)),
        }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.wish().cancel
    }

    pub(super) fn cancel(&self) -> Result<(), FileError> {
        self.set(
            WISH,
            &Wish {
                cancel: true,
                ..self.wish()
            },
        )
    }

    /// Says that somebody watches: another text each time.
    pub(super) fn watch(&self, text: &str) -> Result<(), FileError> {
        self.set(
            WISH,
            &Wish {
                watch: text.to_owned(),
                ..self.wish()
            },
        )
    }

    /// What whoever watches said last.
    pub(super) fn watched(&self) -> String {
        self.wish().watch
    }

    fn wish(&self) -> Wish {
        self.value(WISH).ok().flatten().unwrap_or_default()
    }

    /// Lays out the files of a bundle for the child, and what is to be run of them.
    pub(super) fn lay_out(
        &self,
        bundle: &SourceBundle,
        made: Vec<(String, Content, bool)>,
        order: impl FnOnce(&Path) -> Result<Order, String>,
    ) -> Result<(), LayOutError> {
        let work = self.work();
        if work.exists() {
            // Left by an engine that died before the keeper was started: the child gets nothing of
            // that.
            std::fs::remove_dir_all(&work).map_err(FileError::io(&work, "emptied"))?;
        }
        self.forget()?;
        files::private_folder(&work)?;
        for name in [STATE, WISH] {
            self.slot(name).make()?;
        }
        files::write_whole(&self.output(), b"")?;
        for (path, file) in &bundle.files {
            let to = below(&work, path).ok_or_else(|| LayOutError::Outside(path.clone()))?;
            if let Some(parent) = to.parent() {
                files::private_folder(parent)?;
            }
            files::write_whole_as(
                &to,
                &file.bytes,
                if file.executable { 0o700 } else { 0o600 },
            )?;
        }
        for (path, content, executable) in made {
            let to = below(&work, &path).ok_or(LayOutError::Outside(path))?;
            if let Some(parent) = to.parent() {
                files::private_folder(parent)?;
            }
            files::copy_whole_as(&to, content, if executable { 0o700 } else { 0o600 })?;
        }
        let order = order(&work).map_err(LayOutError::NoProgram)?;
        let path = self.0.join("order");
        Ok(files::write_whole(&path, &bytes(&path, &order)?)?)
    }

    fn slot(&self, name: &str) -> Slot {
        Slot::at(self.0.join(name))
    }

    fn value<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, FileError> {
        self.slot(name)
            .read()?
            .map(|bytes| read(&self.0.join(name), &bytes))
            .transpose()
    }

    fn set<T: Serialize>(&self, name: &str, value: &T) -> Result<(), FileError> {
        self.slot(name).write(&bytes(&self.0.join(name), value)?)
    }
}

/// The slots: written by the keeper; by the engine.
const STATE: &str = "state";
const WISH: &str = "wish";

fn read<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, FileError> {
    serde_json::from_slice(bytes).map_err(|why| FileError::io(path, "read")(why.into()))
}

fn bytes<T: Serialize>(path: &Path, value: &T) -> Result<Vec<u8>, FileError> {
    serde_json::to_vec(value).map_err(|why| FileError::io(path, "written")(why.into()))
}

/// Why the files of a command cannot be laid out.
#[derive(Debug, thiserror::Error)]
pub(super) enum LayOutError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{0:?} is not a path below the working directory")]
    Outside(String),
    #[error("{0}")]
    NoProgram(String),
    #[error("its secrets cannot be told to its keeper: {0}")]
    Told(String),
}

/// A path below a folder; `None` when it leads out of it.
pub(in crate::exec) fn below(folder: &Path, path: &str) -> Option<PathBuf> {
    let relative = Path::new(path);
    let plain = !path.is_empty()
        && !path.contains('\0')
        && relative
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
    plain.then(|| folder.join(relative))
}

#[cfg(test)]
mod tests {
    use super::super::state::{How, REASON, Wrote};
    use super::*;
    use crate::domain::request::SourceFile;
    use crate::domain::time::Time;

    #[expect(
        clippy::unnecessary_wraps,
        reason = "the form that laying out asks for"
    )]
    fn order(work: &Path) -> Result<Order, String> {
        Ok(Order {
            program: work.join("run"),
            arguments: Vec::new(),
            variables: BTreeMap::new(),
            limit: Duration::from_hours(1),
            folder: None,
            end: End::default(),
            secrets: BTreeSet::new(),
        })
    }

    #[test]
    fn files_are_laid_out_private_and_below() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().join("a/b"));
        let file = |bytes: &str, executable| SourceFile {
            bytes: bytes.into(),
            executable,
        };
        let mut bundle = SourceBundle {
            files: [
                ("bin/run".to_owned(), file("x", true)),
                ("data".to_owned(), file("y", false)),
            ]
            .into(),
            ..SourceBundle::default()
        };
        folder.make().unwrap();
        folder.lay_out(&bundle, Vec::new(), order).unwrap();
        let mode = |path: &str| {
            folder
                .work()
                .join(path)
                .metadata()
                .unwrap()
                .permissions()
                .mode()
                & 0o777
        };
        assert_eq!(
            (mode("bin/run"), mode("data"), mode("bin")),
            (0o700, 0o600, 0o700)
        );
        std::fs::write(folder.work().join("left"), "over").unwrap();
        folder.lay_out(&bundle, Vec::new(), order).unwrap();
        assert!(!folder.work().join("left").exists());
        for bad in ["../x", "/x", "a/../../x", "", "a\0b", "."] {
            bundle.files = [(bad.to_owned(), file("x", false))].into();
            assert!(
                folder.lay_out(&bundle, Vec::new(), order).is_err(),
                "{bad:?}"
            );
        }
        assert!(!place.path().join("a/x").exists());
    }

    #[test]
    fn what_is_written_is_read() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().join("job"));
        folder.make().unwrap();
        assert_eq!(
            (folder.state().unwrap(), folder.is_free().unwrap()),
            (None, true)
        );
        folder
            .lay_out(&SourceBundle::default(), Vec::new(), order)
            .unwrap();
        assert_eq!(
            (folder.state().unwrap(), folder.is_cancelled()),
            (None, false)
        );
        let state = State::Ended {
            how: How::Exit { code: 3 },
            at: Time(5),
            wrote: Wrote {
                lines: 1,
                bytes: 2,
                ..Wrote::default()
            },
        };
        folder.set_state(&state).unwrap();
        folder.watch("once").unwrap();
        folder.cancel().unwrap();
        folder.watch("again").unwrap();
        assert_eq!(
            (folder.state().unwrap(), folder.is_cancelled()),
            (Some(state), true)
        );
        assert_eq!(folder.watched(), "again");
    }

    #[test]
    fn the_longest_state_has_room() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().join("job"));
        folder.make().unwrap();
        folder
            .lay_out(&SourceBundle::default(), Vec::new(), order)
            .unwrap();
        let most = Wrote {
            lines: u64::MAX,
            bytes: u64::MAX,
            dropped: u64::MAX,
            waits: u64::MAX,
        };
        let state = State::Ended {
            how: How::not_started(&"\u{1}".repeat(REASON * 2)),
            at: Time(i64::MIN),
            wrote: most,
        };
        folder.set_state(&state).unwrap();
        assert_eq!(folder.state().unwrap(), Some(state));
    }
}
