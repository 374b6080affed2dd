//! A folder for a while: this user's alone, and gone with what it was for.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::files::{self, FileError};
use super::random;

/// A folder that goes when it is dropped.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes one.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn make() -> Result<Self, FileError> {
        let path = env::temp_dir().join(format!("holdpoint-{}", random::id()));
        files::private_folder(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_with_what_it_was_for() {
        let (one, other) = (Scratch::make().unwrap(), Scratch::make().unwrap());
        assert_ne!(one.path(), other.path());
        fs::write(one.path().join("a"), "a").unwrap();
        let was = one.path().to_owned();
        drop(one);
        assert!(!was.exists() && other.path().exists());
    }
}
