//! The archive of a site beside its job: brought there whole, checked whole, read file by file.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use md5::{Digest as _, Md5};

use crate::domain::artifact::Artifact;
use crate::domain::failure::{Failure, Retry};
use crate::exec::{Content, Job};
use crate::os::{disk, files, open};
use crate::text::archive::{Archive, ArchiveError, Entry, LONGEST_SITE, Limits};

/// An archive that is at hand.
pub(super) struct Kept {
    path: Arc<PathBuf>,
    /// Its files, in the order of their names.
    pub(super) files: Vec<File>,
}

/// A file of it.
#[derive(Debug, Clone)]
pub(super) struct File {
    entry: Arc<Entry>,
    /// The MD5 of its content.
    pub(super) sum: String,
}

impl File {
    pub(super) fn name(&self) -> &str {
        &self.entry.name
    }

    pub(super) fn size(&self) -> u64 {
        self.entry.size
    }
}

impl Kept {
    /// Brings the archive to the folder of the job, and reads all of it once.
    pub(super) async fn bring(job: &Job, archive: &Artifact) -> Result<Self, Failure> {
        if archive.length > LONGEST_SITE {
            return Err(Failure::new(format!(
                "{} has {} bytes, and {LONGEST_SITE} are taken",
                archive.what, archive.length
            )));
        }
        let content = job.port.get(archive).await?;
        let (folder, what) = (job.folder.clone(), archive.what.clone());
        let brought = off(move || {
            let path = folder.join("site.zip");
            save(content, &folder, &path)?;
            read(&path).map(|files| (path, files))
        });
        let (path, files) = brought.await?.map_err(|why| wrong(&what, &why))?;
        Ok(Self {
            path: Arc::new(path),
            files,
        })
    }

    /// The content of a file.
    pub(super) async fn content(&self, file: &File) -> Result<Vec<u8>, Failure> {
        let (path, entry) = (Arc::clone(&self.path), Arc::clone(&file.entry));
        off(move || entry.content(&mut open::read(&path)?))
            .await?
            .map_err(|why| wrong(file.name(), &why))
    }

    /// Takes the archive away. One that stays goes with the folder of the job.
    pub(super) async fn forget(&self) {
        let path = Arc::clone(&self.path);
        let _ = off(move || fs::remove_file(&*path)).await;
    }
}

fn save(content: Content, folder: &Path, path: &Path) -> Result<(), ArchiveError> {
    files::private_folder(folder).map_err(io::Error::from)?;
    match fs::remove_file(path) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why.into()),
        Ok(()) | Err(_) => {}
    }
    let mut to = open::fresh(path, 0o600)?;
    io::copy(&mut content.take(LONGEST_SITE + 1), &mut to)?;
    Ok(())
}

/// All files, each read to its end: none of them is a lie.
fn read(path: &Path) -> Result<Vec<File>, ArchiveError> {
    let mut from = open::read(path)?;
    let archive = Archive::read(&mut from, &Limits::SITE)?;
    let mut files = Vec::with_capacity(archive.files.len());
    for entry in archive.files {
        let mut sum = Md5::new();
        entry.pour(&mut from, |piece| sum.update(piece))?;
        files.push(File {
            sum: hex::encode(sum.finalize()),
            entry: Arc::new(entry),
        });
    }
    Ok(files)
}

fn wrong(what: &str, why: &ArchiveError) -> Failure {
    let retry = match why {
        ArchiveError::Io(why) if disk::is_full(why) => Retry::Contact,
        ArchiveError::Io(_) | ArchiveError::Refused(_) => Retry::Never,
    };
    Failure::new(format!("{what} cannot be published: {why}"))
        .hint("pack the site anew, as a plain zip archive, and publish that")
        .retry(retry)
}

/// Does what blocks on a thread that may.
async fn off<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(|why| {
        Failure::new("the archive of a site could not be read")
            .detail(why.to_string())
            .retry(Retry::AskAPerson)
    })
}
