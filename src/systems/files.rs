//! The files that a system reads: it says what it needs, is given what was found, and is asked
//! again until it needs nothing more.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::ids::StackId;
use crate::domain::request::{SourceBundle, SourceFile, Spec};
use crate::text::diagnostic::Diagnostics;
use crate::text::safe::Safe;

/// A file that is needed. Paths lie below the estate's folder, cleaned of `.` and empty parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// This one.
    File(String),
    /// This one, where it exists.
    Maybe(String),
    /// All that fit a glob, at least one.
    Glob(String),
    /// This one, which SOPS encrypted, decrypted: it stays in memory, and is no file of a release.
    Opened(String),
}

impl Need {
    /// The file, or the folder of all that fit.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Need::File(path) | Need::Maybe(path) | Need::Opened(path) => path,
            Need::Glob(glob) => glob.rsplit_once('/').map_or("", |(folder, _)| folder),
        }
    }
}

/// What a system makes of its entry and the files it has been given so far.
#[derive(Debug)]
pub enum Read {
    /// It needs these first.
    Needs(Vec<Need>),
    /// The stacks, one for an application without parts.
    Stacks(Vec<(StackId, Spec)>),
    /// The same, and the files that were made of those that were read: they travel with the others.
    Rendered(Vec<(StackId, Spec)>, BTreeMap<String, SourceFile>),
    /// The parts of an application, each with files of its own, and what its configuration says that
    /// has no effect. What was read for them is no file of theirs.
    Parts(Vec<(StackId, Spec, SourceBundle)>, Vec<Safe>),
    /// Everything that is wrong, with its place where a file is at fault.
    Wrong(Diagnostics),
}

/// The files that were found. What was never asked for is neither present nor absent.
#[derive(Debug, Clone, Default)]
pub struct Files {
    folder: String,
    bundle: SourceBundle,
    opened: BTreeMap<String, Vec<u8>>,
    answered: BTreeSet<Need>,
}

impl Files {
    /// None yet, of an estate whose file lies in this folder (a whole path).
    #[must_use]
    pub fn below(folder: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            ..Self::default()
        }
    }

    /// The whole path of the folder in which they are.
    #[must_use]
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// Takes the answer to a need: the files found, none for one that may be absent.
    pub fn answer(&mut self, need: Need, found: impl IntoIterator<Item = (String, SourceFile)>) {
        if let Need::Opened(path) = &need {
            let found = found.into_iter().map(|(_, file)| file.bytes);
            self.opened.extend(found.map(|bytes| (path.clone(), bytes)));
        } else {
            self.bundle.files.extend(found);
        }
        self.answered.insert(need);
    }

    /// The needs of a list that were not answered yet.
    #[must_use]
    pub fn missing(&self, needs: Vec<Need>) -> Vec<Need> {
        needs
            .into_iter()
            .filter(|need| !self.answered.contains(need))
            .collect()
    }

    /// A file, where it is present.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&SourceFile> {
        self.bundle.files.get(path)
    }

    /// What an encrypted file says, where it was opened.
    #[must_use]
    pub fn opened(&self, path: &str) -> Option<&[u8]> {
        self.opened.get(path).map(Vec::as_slice)
    }

    /// All files that are present.
    #[must_use]
    pub fn bundle(&self) -> &SourceBundle {
        &self.bundle
    }

    /// Puts the files that a system made of them beside these.
    pub fn put(&mut self, made: BTreeMap<String, SourceFile>) {
        self.bundle.files.extend(made);
    }

    /// The same files, to be kept or sent.
    #[must_use]
    pub fn into_bundle(self) -> SourceBundle {
        self.bundle
    }
}
