//! Gathers the files that a stack needs, from below the estate's folder and from nowhere else: no
//! `..`, no link that leads out, no device, and not more than a bundle may hold.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use globset::GlobBuilder;

use crate::domain::relative::{inside, plain};
use crate::domain::request::SourceFile;
use crate::os::open;
use crate::os::sops::{self, SopsError};
use crate::systems::files::Need;

/// Folders in which tools keep what they fetched: no glob reaches into them.
const NEVER: [&str; 2] = [".git", ".terraform"];

/// What a bundle may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Files.
    pub files: usize,
    /// Bytes in all.
    pub bytes: u64,
    /// Entries of folders that are looked at for globs.
    pub looked_at: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            files: 500,
            bytes: 8 << 20,
            looked_at: 50_000,
        }
    }
}

/// Why the files of a stack cannot be gathered.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A path that leads out, as written or through a link.
    #[error("{path:?} lies outside {folder}: name a file below it, or copy the file there")]
    Outside {
        /// The path as written.
        path: String,
        /// The estate's folder.
        folder: PathBuf,
    },
    /// It cannot be read.
    #[error("{path} cannot be read: {why}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        why: std::io::Error,
    },
    /// It is encrypted, and stays so.
    #[error("{path}: {why}")]
    Encrypted {
        /// Which.
        path: PathBuf,
        /// Why it cannot be decrypted.
        #[source]
        why: SopsError,
    },
    /// It is a folder, a pipe, a device.
    #[error(
        "{path} is not an ordinary file: name the files themselves, or a glob such as {path}/**"
    )]
    NoFile {
        /// Which.
        path: PathBuf,
    },
    /// Its name is no text.
    #[error("{path} has a name that is not UTF-8: rename it")]
    Name {
        /// Which.
        path: PathBuf,
    },
    /// Nothing fits.
    #[error("{glob:?} matches no file below {folder}")]
    Nothing {
        /// The glob.
        glob: String,
        /// The estate's folder.
        folder: PathBuf,
    },
    /// It is no glob.
    #[error("{glob:?} is not a glob: {why}")]
    Glob {
        /// The glob.
        glob: String,
        /// Why.
        why: String,
    },
    /// Too much.
    #[error("{what} below {folder}: name fewer or smaller files under `files:`")]
    TooMuch {
        /// What there is too much of.
        what: String,
        /// The estate's folder.
        folder: PathBuf,
    },
}

impl BundleError {
    /// What to do, where what is wrong does not say it.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            BundleError::Unreadable { why, .. } if why.kind() == std::io::ErrorKind::NotFound => {
                "paths begin in the folder of the estate file: write the file, or name another"
            }
            BundleError::Nothing { .. } => {
                "globs begin in the folder of the estate file: `*` stays in a folder, `**` goes below"
            }
            BundleError::Encrypted { why, .. } => why.hint(),
            BundleError::Unreadable { .. }
            | BundleError::Outside { .. }
            | BundleError::NoFile { .. }
            | BundleError::Name { .. }
            | BundleError::Glob { .. }
            | BundleError::TooMuch { .. } => "",
        }
    }

    /// True where every further file would only say the same.
    pub(super) fn ends_all(&self) -> bool {
        matches!(self, BundleError::TooMuch { .. })
    }
}

/// Gathers the files of one stack.
pub(super) struct Gathering<'a> {
    folder: &'a Path,
    root: PathBuf,
    caps: Caps,
    bytes: u64,
    looked_at: usize,
    files: BTreeMap<String, SourceFile>,
}

impl<'a> Gathering<'a> {
    /// Begins in the estate's folder.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub(super) fn new(folder: &'a Path, caps: Caps) -> Result<Self, BundleError> {
        Ok(Self {
            folder,
            root: real(folder)?,
            caps,
            bytes: 0,
            looked_at: 0,
            files: BTreeMap::new(),
        })
    }

    /// The files that a need asks for.
    ///
    /// # Errors
    /// Every file of them that cannot be had.
    pub(super) fn fetch(
        &mut self,
        need: &Need,
    ) -> Result<Vec<(String, SourceFile)>, Vec<BundleError>> {
        if let Need::Opened(path) = need {
            let opened = self.opened(path).map_err(|error| vec![error])?;
            return Ok(vec![(path.clone(), opened)]);
        }
        let paths = self.paths(need).map_err(|error| vec![error])?;
        let (mut found, mut wrong) = (Vec::new(), Vec::new());
        for path in paths {
            match self.file(&path) {
                Ok(file) => found.push(file),
                Err(error) => {
                    let last = error.ends_all();
                    wrong.push(error);
                    if last {
                        break;
                    }
                }
            }
        }
        if wrong.is_empty() {
            Ok(found)
        } else {
            Err(wrong)
        }
    }

    fn paths(&mut self, need: &Need) -> Result<Vec<String>, BundleError> {
        Ok(match need {
            Need::File(path) | Need::Opened(path) => vec![path.clone()],
            Need::Maybe(path) if self.exists(path)? => vec![path.clone()],
            Need::Maybe(_) => Vec::new(),
            Need::Glob(glob) => self.fitting(glob)?,
        })
    }

    /// What an encrypted file says.
    fn opened(&mut self, path: &str) -> Result<SourceFile, BundleError> {
        let (plain, file) = self.file(path)?;
        let path = real(&self.folder.join(plain))?;
        let bytes = sops::decrypted(&path).map_err(|why| BundleError::Encrypted { path, why })?;
        Ok(SourceFile { bytes, ..file })
    }

    fn exists(&self, path: &str) -> Result<bool, BundleError> {
        inside(path).map_err(|_| self.outside(path))?;
        let full = self.folder.join(path);
        full.try_exists()
            .map_err(|why| BundleError::Unreadable { path: full, why })
    }

    fn file(&mut self, path: &str) -> Result<(String, SourceFile), BundleError> {
        let plain = plain(path);
        if let Some(file) = self.files.get(&plain) {
            return Ok((plain, file.clone()));
        }
        inside(path).map_err(|_| self.outside(path))?;
        let full = real(&self.folder.join(&plain))?;
        if !full.starts_with(&self.root) {
            return Err(self.outside(path));
        }
        let meta = fs::metadata(&full).map_err(|why| BundleError::Unreadable {
            path: full.clone(),
            why,
        })?;
        if !meta.is_file() {
            return Err(BundleError::NoFile {
                path: self.folder.join(&plain),
            });
        }
        self.bytes += meta.len();
        if self.files.len() >= self.caps.files {
            return Err(self.too_much(format!("there are more than {} files", self.caps.files)));
        }
        if self.bytes > self.caps.bytes {
            return Err(self.too_much(format!(
                "there are more than {} bytes of files",
                self.caps.bytes
            )));
        }
        let mut bytes = Vec::new();
        let file = open::read(&full).map_err(|why| BundleError::Unreadable {
            path: full.clone(),
            why,
        })?;
        // A file that grows while it is read stays within what was counted.
        file.take(meta.len())
            .read_to_end(&mut bytes)
            .map_err(|why| BundleError::Unreadable { path: full, why })?;
        let file = SourceFile {
            bytes,
            executable: meta.permissions().mode() & 0o111 != 0,
        };
        self.files.insert(plain.clone(), file.clone());
        Ok((plain, file))
    }

    /// The files that fit a glob: at least one.
    fn fitting(&mut self, glob: &str) -> Result<Vec<String>, BundleError> {
        inside(glob).map_err(|_| self.outside(glob))?;
        let bad = |why: globset::Error| BundleError::Glob {
            glob: glob.to_owned(),
            why: why.to_string(),
        };
        let fits = GlobBuilder::new(&plain(glob))
            .literal_separator(true)
            .build()
            .map_err(bad)?
            .compile_matcher();
        let mut found = self.walk(&start(glob))?;
        found.retain(|path| fits.is_match(path));
        if found.is_empty() {
            return Err(BundleError::Nothing {
                glob: glob.to_owned(),
                folder: self.folder.to_owned(),
            });
        }
        Ok(found)
    }

    /// All files below a folder, in order; links to folders are not followed, so that no walk is
    /// endless.
    fn walk(&mut self, at: &str) -> Result<Vec<String>, BundleError> {
        let mut found = Vec::new();
        let mut folders = vec![at.to_owned()];
        while let Some(at) = folders.pop() {
            let full = if at.is_empty() {
                self.folder.to_owned()
            } else {
                self.folder.join(&at)
            };
            if !real(&full)?.starts_with(&self.root) {
                return Err(self.outside(&at));
            }
            let unreadable = |why| BundleError::Unreadable {
                path: full.clone(),
                why,
            };
            for entry in fs::read_dir(&full).map_err(unreadable)? {
                let entry = entry.map_err(|why| BundleError::Unreadable {
                    path: full.clone(),
                    why,
                })?;
                self.looked_at += 1;
                if self.looked_at > self.caps.looked_at {
                    return Err(self.too_much(format!(
                        "there are more than {} entries to look at",
                        self.caps.looked_at
                    )));
                }
                let name = entry
                    .file_name()
                    .into_string()
                    .map_err(|_| BundleError::Name { path: entry.path() })?;
                let path = if at.is_empty() {
                    name.clone()
                } else {
                    format!("{at}/{name}")
                };
                let kind = entry.file_type().map_err(|why| BundleError::Unreadable {
                    path: entry.path(),
                    why,
                })?;
                if kind.is_dir() {
                    if !NEVER.contains(&name.as_str()) {
                        folders.push(path);
                    }
                } else if kind.is_file()
                    || (kind.is_symlink()
                        && fs::metadata(entry.path()).is_ok_and(|meta| meta.is_file()))
                {
                    found.push(path);
                }
            }
        }
        found.sort();
        Ok(found)
    }

    fn outside(&self, path: &str) -> BundleError {
        BundleError::Outside {
            path: path.to_owned(),
            folder: self.folder.to_owned(),
        }
    }

    fn too_much(&self, what: String) -> BundleError {
        BundleError::TooMuch {
            what,
            folder: self.folder.to_owned(),
        }
    }
}

fn real(path: &Path) -> Result<PathBuf, BundleError> {
    path.canonicalize().map_err(|why| BundleError::Unreadable {
        path: path.to_owned(),
        why,
    })
}

/// The folders of a glob before its first wild part.
fn start(glob: &str) -> String {
    let parts: Vec<&str> = glob.split('/').collect();
    let literal = parts
        .iter()
        .take(parts.len() - 1)
        .take_while(|part| !part.contains(['*', '?', '[', '{']));
    literal.copied().collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests;
