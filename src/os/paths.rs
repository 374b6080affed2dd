//! Where our files are: one private data folder, the practice estate's own below it, and the user's
//! configuration folder.

use std::path::{Path, PathBuf};

use super::files::{self, FileError};
use super::{open, random};
use crate::domain::digest::Digest;
use crate::domain::ids::{DeploymentId, StackId, StepId};
use crate::domain::masks::Secret;

/// Why there is no home.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// The system names no home folder.
    #[error("your home folder is not known (HOME is not set): name a data folder with --home DIR")]
    Unknown,
    /// It cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
}

/// The data folder of one estate. Made when first used, mode 0700, and refused when others can
/// enter it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home(PathBuf);

impl Home {
    /// The folder that was named, else the user's data folder.
    pub fn open(named: Option<&Path>) -> Result<Home, HomeError> {
        let folder = match named {
            Some(folder) => std::path::absolute(folder).map_err(FileError::io(folder, "found"))?,
            None => projects()?.data_dir().to_owned(),
        };
        files::private_folder(&folder)?;
        Ok(Self(folder))
    }

    /// The home of the practice estate: its own store, locks and sandbox.
    pub fn practice(&self) -> Result<Home, HomeError> {
        let folder = self.0.join("practice");
        files::private_folder(&folder)?;
        Ok(Self(folder))
    }

    /// The folder itself.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// The database of the embedded store.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.0.join("store.db")
    }

    /// Where the log ends, for whoever finds a part of the database missing.
    #[must_use]
    pub fn mark(&self) -> PathBuf {
        self.0.join("store.mark")
    }

    /// Held alone by the engine.
    #[must_use]
    pub fn engine_lock(&self) -> PathBuf {
        self.0.join("engine.lock")
    }

    /// Held together by those who look.
    #[must_use]
    pub fn watch_lock(&self) -> PathBuf {
        self.0.join("watch.lock")
    }

    /// Rung after an ask was inserted.
    #[must_use]
    pub fn inbox_bell(&self) -> PathBuf {
        self.0.join("inbox.bell")
    }

    /// Rung after a commit.
    #[must_use]
    pub fn log_bell(&self) -> PathBuf {
        self.0.join("log.bell")
    }

    /// Rung after lines were spooled.
    #[must_use]
    pub fn spool_bell(&self) -> PathBuf {
        self.0.join("spool.bell")
    }

    /// The log of a detached engine.
    #[must_use]
    pub fn engine_log(&self) -> PathBuf {
        self.0.join("engine.log")
    }

    /// Digests of the estate files that are trusted.
    #[must_use]
    pub fn trusted(&self) -> PathBuf {
        self.0.join("trusted")
    }

    /// Step output and followed lines.
    #[must_use]
    pub fn spool(&self) -> PathBuf {
        self.0.join("spool")
    }

    /// Content that is too large for the database, by its digest.
    #[must_use]
    pub fn blobs(&self) -> PathBuf {
        self.0.join("blobs")
    }

    /// The git repository of an address, for those who look into its history.
    #[must_use]
    pub fn repository(&self, address: &str) -> PathBuf {
        let name = Digest::of_bytes(address.as_bytes()).to_string();
        self.0.join("repositories").join(&name[..32])
    }

    /// When old files were swept last.
    #[must_use]
    pub fn swept(&self) -> PathBuf {
        self.0.join("swept")
    }

    /// What was heard from git hosts, and who they are to us.
    #[must_use]
    pub fn heard(&self) -> PathBuf {
        self.0.join("heard")
    }

    /// Messages of queues that led to nothing.
    #[must_use]
    pub fn set_aside(&self) -> PathBuf {
        self.heard().join("set-aside.json")
    }

    /// The embedded cloud's state, port and lock.
    #[must_use]
    pub fn sandbox(&self) -> PathBuf {
        self.0.join("sandbox")
    }

    /// All job folders.
    #[must_use]
    pub fn jobs(&self) -> PathBuf {
        self.0.join("jobs")
    }

    /// The key under which digests of secrets are made: made once, and kept for the owner alone.
    ///
    /// # Errors
    /// It can neither be read nor made.
    pub fn digest_key(&self) -> Result<Secret, FileError> {
        let path = self.0.join("digest.key");
        if !path.exists() {
            let bytes: [u8; 32] = random::bytes().map_err(FileError::io(&path, "made"))?;
            files::write_whole(&path, hex::encode(bytes).as_bytes())?;
        }
        files::check(&path, 0o600)?;
        let key = open::text(&path).map_err(FileError::io(&path, "read"))?;
        Ok(Secret::new(key))
    }

    /// The folder of what lasts of an application in an environment: their names are harmless.
    #[must_use]
    pub fn lasting(&self, stack: &StackId) -> PathBuf {
        let (env, app) = (stack.env.as_str(), stack.app.as_str());
        self.0.join("lasting").join(env).join(app)
    }

    /// The folder of one attempt of a step. Step ids come from files: only what is harmless in a
    /// path is kept, and a digest keeps two apart.
    #[must_use]
    pub fn job(&self, deployment: DeploymentId, step: &StepId, attempt: u32) -> PathBuf {
        let harmless = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
        let mut name: String = step.as_str().chars().filter(harmless).take(48).collect();
        if name != step.as_str() {
            name = format!(
                "{name}.{}",
                crate::domain::digest::Digest::of_bytes(step.as_str().as_bytes()).short()
            );
        }
        self.jobs()
            .join(deployment.to_string())
            .join(format!("{name}.{attempt}"))
    }
}

/// The user's configuration folder: estate file, keymap, themes.
pub fn config_folder() -> Result<PathBuf, HomeError> {
    if let Some(named) = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
    {
        return Ok(named.join("holdpoint"));
    }
    Ok(projects()?.config_dir().to_owned())
}

fn projects() -> Result<directories::ProjectDirs, HomeError> {
    directories::ProjectDirs::from("", "", "holdpoint").ok_or(HomeError::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn homes_are_private_and_practice_is_apart() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(Some(&folder.path().join("h"))).unwrap();
        let practice = home.practice().unwrap();
        assert_ne!(home.database(), practice.database());
        for path in [home.folder(), practice.folder()] {
            assert_eq!(
                std::fs::metadata(path).unwrap().permissions().mode() & 0o777,
                0o700
            );
        }
        std::fs::set_permissions(home.folder(), std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(
            Home::open(Some(home.folder()))
                .unwrap_err()
                .to_string()
                .contains("chmod 700")
        );
    }

    #[test]
    fn no_step_id_leaves_the_job_folder() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(Some(&folder.path().join("home"))).unwrap();
        let id: DeploymentId = "01890000-0000-7000-8000-000000000001".parse().unwrap();
        let of = |step: &str| home.job(id, &StepId::from(step), 1);
        for step in [
            "scale-down",
            "../../etc",
            "a/b",
            "",
            "..",
            "é",
            &"x".repeat(300),
        ] {
            let path = of(step);
            assert_eq!(
                path.parent().unwrap(),
                home.jobs().join(id.to_string()),
                "{step:?}"
            );
            assert!(path.file_name().unwrap().len() < 80);
        }
        assert!(of("scale-down").ends_with("scale-down.1"));
        assert_ne!(of("a/b"), of("ab"));
    }
}
