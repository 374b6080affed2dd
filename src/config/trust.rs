//! Which estate files the owner has trusted: an estate names accounts, roles and commands, so one
//! that is met for the first time is shown and trusted once. What is kept is its path and what it
//! can reach; a file that comes to name another account, endpoint, role, stack or command asks
//! again and says which, one that changes a parameter or a tag does not.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::reach::Reach;
use crate::os::files::{FileError, write_whole};
use crate::os::open;

/// Whether an estate file is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// Trusted for exactly what it reaches now.
    Trusted,
    /// Never seen.
    New,
    /// Trusted before for something else: this.
    Changed(Reach),
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// What each file was trusted for, by its canonical path.
    #[serde(default)]
    trusted: BTreeMap<String, Reach>,
}

/// Whether a file is trusted, by the list at `trusted`.
///
/// # Errors
/// When there is a list and it cannot be read: nothing is trusted then.
pub fn trust_of(trusted: &Path, file: &Path, reach: &Reach) -> Result<Trust, FileError> {
    Ok(match kept(trusted)?.trusted.remove(&key(file)) {
        Some(known) if known == *reach => Trust::Trusted,
        Some(known) => Trust::Changed(known),
        None => Trust::New,
    })
}

/// Trusts a file for what it reaches now.
///
/// # Errors
/// When the list cannot be written, or cannot be read: what it holds of other files would be lost.
pub fn trust(trusted: &Path, file: &Path, reach: &Reach) -> Result<(), FileError> {
    let mut kept = kept(trusted)?;
    kept.trusted.insert(key(file), reach.clone());
    let text = serde_json::to_string_pretty(&kept)
        .map_err(|why| FileError::io(trusted, "written")(why.into()))?;
    write_whole(trusted, text.as_bytes())
}

fn kept(trusted: &Path) -> Result<Kept, FileError> {
    match open::bytes(trusted) {
        Ok(bytes) => {
            serde_json::from_slice(&bytes).map_err(|why| FileError::io(trusted, "read")(why.into()))
        }
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(Kept::default()),
        Err(why) => Err(FileError::io(trusted, "read")(why)),
    }
}

fn key(file: &Path) -> String {
    file.canonicalize()
        .unwrap_or_else(|_| file.to_owned())
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn trusted_once_and_asked_again_when_it_reaches_further() {
        let home = tempfile::tempdir().unwrap();
        let (list, file) = (
            home.path().join("trusted"),
            home.path().join("holdpoint.yaml"),
        );
        let reach =
            |text: &str| serde_json::from_value::<Reach>(serde_json::json!([text])).unwrap();
        let (a, b) = (reach("a"), reach("b"));
        assert_eq!(trust_of(&list, &file, &a).unwrap(), Trust::New);
        trust(&list, &file, &a).unwrap();
        assert_eq!(trust_of(&list, &file, &a).unwrap(), Trust::Trusted);
        assert_eq!(
            trust_of(&list, &file, &b).unwrap(),
            Trust::Changed(a.clone())
        );
        assert_eq!(
            trust_of(&list, &home.path().join("other.yaml"), &a).unwrap(),
            Trust::New
        );
        assert_eq!(
            std::fs::metadata(&list).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    #[test]
    fn a_damaged_list_trusts_nothing_and_is_not_written_over() {
        let home = tempfile::tempdir().unwrap();
        let (list, file) = (
            home.path().join("trusted"),
            home.path().join("holdpoint.yaml"),
        );
        std::fs::write(&list, "{\"trusted\": {\"/a/holdpoint.ya").unwrap();
        assert!(
            trust_of(&list, &file, &Reach::default())
                .unwrap_err()
                .to_string()
                .contains("trusted")
        );
        assert!(trust(&list, &file, &Reach::default()).is_err());
        assert!(
            std::fs::read_to_string(&list)
                .unwrap()
                .starts_with("{\"trusted\": {\"/a/")
        );
    }
}
