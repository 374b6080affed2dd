//! Sweeps job folders: those of deployments that ended long ago go; files with secrets that a killed
//! keeper left go with every sweep, and when an engine begins. Who holds the lock of a folder works in it: it is left alone,
//! whatever became of its deployment.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::folder::Folder;
use crate::domain::ids::DeploymentId;
use crate::domain::time::Time;
use crate::os::files::FileError;

/// Removes the job folders that nobody needs; says how many deployments that were. `needed` says it
/// of a deployment that is known; one that is not known is over for long, and goes by the age of
/// its folder.
///
/// # Errors
/// A folder cannot be read or removed; what else can go has gone.
pub fn sweep(
    jobs: &Path,
    needed: impl Fn(DeploymentId) -> Option<bool>,
    before: Time,
) -> Result<usize, FileError> {
    let (mut removed, mut failed) = (0, None);
    for folder in folders(jobs)? {
        let Some(id) = folder
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        match one(&folder, needed(id), before) {
            Ok(gone) => removed += usize::from(gone),
            Err(why) => failed = Some(why),
        }
    }
    failed.map_or(Ok(removed), Err)
}

/// Removes the files with secrets that killed keepers left, of all deployments.
///
/// # Errors
/// A folder cannot be read or a file removed; what else can go has gone.
pub fn forget(jobs: &Path) -> Result<(), FileError> {
    let mut failed = None;
    for folder in folders(jobs)? {
        for attempt in folders(&folder)? {
            let job = Folder::new(attempt);
            if job.secrets().exists()
                && let Err(why) = left(&job)
            {
                failed = Some(why);
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Removes the secrets of one attempt, where nobody works in its folder; whether nobody does.
fn left(job: &Folder) -> Result<bool, FileError> {
    match job.lock()? {
        // Keeper and engine write there under the lock alone.
        Some(_lock) => job.forget().map(|()| true),
        None => Ok(false),
    }
}

/// Sweeps the folder of one deployment; true when it is gone.
fn one(folder: &Path, needed: Option<bool>, before: Time) -> Result<bool, FileError> {
    let mut busy = false;
    for attempt in folders(folder)? {
        busy |= !left(&Folder::new(attempt))?;
    }
    let goes = match needed {
        Some(needed) => !needed,
        None => {
            changed(folder)?
                < SystemTime::UNIX_EPOCH + Duration::from_millis(before.0.unsigned_abs())
        }
    };
    if busy || !goes {
        return Ok(false);
    }
    fs::remove_dir_all(folder).map_err(FileError::io(folder, "removed"))?;
    Ok(true)
}

fn changed(folder: &Path) -> Result<SystemTime, FileError> {
    fs::metadata(folder)
        .and_then(|about| about.modified())
        .map_err(FileError::io(folder, "looked at"))
}

/// The folders in a folder; none where it is not there.
fn folders(of: &Path) -> Result<Vec<PathBuf>, FileError> {
    let entries = match fs::read_dir(of) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(FileError::io(of, "read"))?,
    };
    let all = entries
        .collect::<io::Result<Vec<_>>>()
        .map_err(FileError::io(of, "read"))?;
    Ok(all
        .into_iter()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: DeploymentId = DeploymentId(uuid::Uuid::from_u128(1));
    const RUNS: DeploymentId = DeploymentId(uuid::Uuid::from_u128(2));
    const UNKNOWN: DeploymentId = DeploymentId(uuid::Uuid::from_u128(3));
    const HELD: DeploymentId = DeploymentId(uuid::Uuid::from_u128(4));

    #[test]
    fn secrets_that_a_killed_keeper_left_go_when_an_engine_begins() {
        let place = tempfile::tempdir().unwrap();
        let job = |id: DeploymentId| Folder::new(place.path().join(id.to_string()).join("step.1"));
        for id in [RUNS, HELD] {
            job(id).make().unwrap();
            job(id).hand("TOKEN", "hunter2secret").unwrap();
        }
        let held = job(HELD).lock().unwrap().unwrap();
        forget(place.path()).unwrap();
        assert_eq!(
            [RUNS, HELD].map(|id| (job(id).path().exists(), job(id).secrets().exists())),
            [(true, false), (true, true)],
            "a keeper at work keeps its own"
        );
        drop(held);
        forget(&place.path().join("none")).unwrap();
    }

    #[test]
    fn what_is_needed_or_held_stays_and_secrets_never_do() {
        let place = tempfile::tempdir().unwrap();
        let job = |id: DeploymentId| Folder::new(place.path().join(id.to_string()).join("step.1"));
        for id in [OLD, RUNS, UNKNOWN, HELD] {
            job(id).make().unwrap();
            job(id).hand("TOKEN", "hunter2secret").unwrap();
        }
        fs::write(place.path().join("a-file"), "").unwrap();
        fs::create_dir(place.path().join("no-deployment")).unwrap();
        let needed = |id| {
            [(OLD, false), (RUNS, true), (HELD, false)]
                .into_iter()
                .find(|(known, _)| *known == id)
                .map(|(_, needed)| needed)
        };
        let held = job(HELD).lock().unwrap().unwrap();
        let there = || [OLD, RUNS, UNKNOWN, HELD].map(|id| job(id).path().exists());
        assert_eq!(sweep(place.path(), needed, Time(0)).unwrap(), 1);
        assert_eq!(
            there(),
            [false, true, true, true],
            "an unknown one is young, and a held one at work"
        );
        assert_eq!(
            [RUNS, UNKNOWN, HELD].map(|id| job(id).secrets().exists()),
            [false, false, true]
        );
        drop(held);
        assert_eq!(sweep(place.path(), needed, Time(i64::MAX / 4)).unwrap(), 2);
        assert_eq!(there(), [false, true, false, false]);
        assert!(
            place.path().join("no-deployment").exists() && place.path().join("a-file").exists(),
            "what is not ours stays"
        );
        assert_eq!(
            sweep(&place.path().join("none"), needed, Time(0)).unwrap(),
            0
        );
    }
}
