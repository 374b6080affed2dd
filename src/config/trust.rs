//! Which estate files the owner has trusted: an estate names accounts, roles and commands, so one that is met for the first time is
//! shown and trusted once. What is kept is its path and what it can reach; a file that comes to name another account, endpoint, role,
//! stack or command asks again and says which, one that changes a parameter or a tag does not.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::reach::Reach;
use crate::os::files::{FileError, write_whole};

/// How an estate file stands.
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

/// How a file stands, by the list at `trusted`. A list that cannot be read trusts nothing.
#[must_use]
pub fn standing(trusted: &Path, file: &Path, reach: &Reach) -> Trust {
    match kept(trusted).trusted.remove(&key(file)) {
        Some(known) if known == *reach => Trust::Trusted,
        Some(known) => Trust::Changed(known),
        None => Trust::New,
    }
}

/// Trusts a file for what it reaches now.
///
/// # Errors
/// When the list cannot be written.
pub fn trust(trusted: &Path, file: &Path, reach: &Reach) -> Result<(), FileError> {
    let mut kept = kept(trusted);
    kept.trusted.insert(key(file), reach.clone());
    let text = serde_json::to_string_pretty(&kept).unwrap_or_default();
    write_whole(trusted, text.as_bytes())
}

fn kept(trusted: &Path) -> Kept {
    std::fs::read(trusted).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

fn key(file: &Path) -> String {
    file.canonicalize().unwrap_or_else(|_| file.to_owned()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn trusted_once_and_asked_again_when_it_reaches_further() {
        let home = tempfile::tempdir().unwrap();
        let (list, file) = (home.path().join("trusted"), home.path().join("holdpoint.yaml"));
        let reach = |text: &str| serde_json::from_value::<Reach>(serde_json::json!([text])).unwrap();
        let (a, b) = (reach("a"), reach("b"));
        assert_eq!(standing(&list, &file, &a), Trust::New);
        trust(&list, &file, &a).unwrap();
        assert_eq!(standing(&list, &file, &a), Trust::Trusted);
        assert_eq!(standing(&list, &file, &b), Trust::Changed(a.clone()));
        assert_eq!(standing(&list, &home.path().join("other.yaml"), &a), Trust::New);
        assert_eq!(std::fs::metadata(&list).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&list, "not json").unwrap();
        assert_eq!(standing(&list, &file, &a), Trust::New);
    }
}
