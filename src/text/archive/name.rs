//! Names of entries: which of them are taken, and whether two of them are one.

use std::collections::BTreeSet;

use super::ArchiveError;
use crate::text::safe::acts;

/// The longest name that is taken, in bytes: no store of objects takes a longer one.
const LONGEST: usize = 1_000;

/// All names so far, with letters made equal.
#[derive(Debug, Default)]
pub(super) struct Names {
    files: BTreeSet<String>,
    folders: BTreeSet<String>,
}

impl Names {
    /// Takes a name; false where it is the name of a folder.
    pub(super) fn take(&mut self, name: &str, deepest: usize) -> Result<bool, ArchiveError> {
        let refused = |why: &str| Err(ArchiveError::entry(name, why));
        let (path, is_file) = match name.strip_suffix('/') {
            Some(folder) => (folder, false),
            None => (name, true),
        };
        if path.len() > LONGEST {
            let head: String = path.chars().take(40).collect();
            return Err(ArchiveError::entry(
                &format!("{head}…"),
                "has a name that is too long",
            ));
        }
        if path.contains(acts) {
            return refused("has a name with characters that are not seen");
        }
        if path.contains('\\') {
            return refused("has a backslash in its name");
        }
        if path.starts_with('/') || is_drive(path) {
            return refused("has a path that begins outside of the archive");
        }
        let segments: Vec<&str> = path.split('/').collect();
        if segments.iter().any(|one| ["", ".", ".."].contains(one)) {
            return refused("has a path that leads out of the archive, or to nowhere in it");
        }
        if segments.len() > deepest {
            return refused("stands in too many folders");
        }
        let folded = path.to_lowercase();
        let above = folded
            .match_indices('/')
            .map(|(at, _)| &folded[..at])
            .chain((!is_file).then_some(folded.as_str()));
        for folder in above {
            if self.files.contains(folder) {
                return refused("stands in a folder that is a file, too");
            }
            self.folders.insert(folder.to_owned());
        }
        if is_file {
            if self.folders.contains(&folded) {
                return refused("is a file, and a folder, too");
            }
            if !self.files.insert(folded) {
                return refused(
                    "stands there twice, under this name or under one that differs in capitals alone",
                );
            }
        }
        Ok(is_file)
    }
}

/// `C:…`
fn is_drive(path: &str) -> bool {
    let mut letters = path.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic())
        && letters.next() == Some(':')
}
