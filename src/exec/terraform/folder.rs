//! The folder that lasts of an application: a folder for each node as its files name it, and beside
//! them the modules, the local states, the plan files and the providers that all share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::version::at_version;
use crate::domain::digest::Digest;
use crate::domain::failure::Failure;
use crate::domain::request::SourceBundle;
use crate::exec::Job;
use crate::exec::process::below;
use crate::os::files::{self, FileError};
use crate::os::open;

/// What a node's own file is called.
pub(super) const OWN: &str = "main.tf";
/// Where it is said for which files everything was fetched.
const READY: &str = ".holdpoint-ready";
/// Where it is said of which release the files are.
const LAID: &str = ".holdpoint-laid";
/// Where the programs put what they fetch.
const FETCHED: &str = ".terraform";
/// How the folder ends in which the original program makes something.
const MADE: &str = "made";
/// Plan files hold secrets: as long as a deployment goes on, for the owner alone.
const PLANS: &str = ".plans";

/// The folder, as one node sees it.
#[derive(Debug, Clone)]
pub(super) struct Lasting {
    root: PathBuf,
    node: String,
}

/// How many files were written, and how many were there.
pub(super) struct Laid {
    pub(super) written: usize,
    pub(super) same: usize,
}

fn failed(why: &FileError) -> Failure {
    Failure::new(why.to_string())
}

impl Lasting {
    pub(super) fn of(job: &Job, node: &str) -> Result<Self, Failure> {
        let own = Self {
            root: job.lasting.clone(),
            node: node.to_owned(),
        };
        if below(&own.root, node).is_none() {
            return Err(Failure::new(format!("{node:?} is no name of a folder")));
        }
        Ok(own)
    }

    /// Where the program runs.
    pub(super) fn node(&self) -> PathBuf {
        self.root.join(&self.node)
    }

    /// The files with texts of the node's own one put in place of what stands for them, and with
    /// components in other versions than it says.
    ///
    /// # Errors
    /// A component is not fetched by its version.
    pub(super) fn put(
        &self,
        mut bundle: SourceBundle,
        texts: &BTreeMap<String, String>,
        versions: &BTreeMap<String, [String; 2]>,
    ) -> Result<SourceBundle, Failure> {
        let own = bundle.files.get_mut(&format!("{}/{OWN}", self.node));
        let text = own
            .as_ref()
            .and_then(|file| std::str::from_utf8(&file.bytes).ok());
        let put = text.map(|text| {
            let all = texts.iter();
            all.fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
        });
        if let (Some(file), Some(mut put)) = (own, put) {
            for (component, [from, to]) in versions {
                put = at_version(&put, component, from, to).ok_or_else(|| {
                    let says = format!("{component} is not fetched by its version {from}");
                    Failure::new(says).hint("write the version into its file, and deploy that")
                })?;
            }
            file.bytes = put.into_bytes();
        }
        Ok(bundle)
    }

    /// Lays out the files of a release; those that are as they were stay as they are.
    pub(super) fn lay_out(&self, bundle: &SourceBundle) -> Result<Laid, Failure> {
        files::private_folder(&self.node()).map_err(|why| failed(&why))?;
        let mut laid = Laid {
            written: 0,
            same: 0,
        };
        for (path, file) in &bundle.files {
            let to = below(&self.root, path)
                .ok_or_else(|| Failure::new(format!("{path:?} lies outside of its folder")))?;
            if open::bytes(&to).is_ok_and(|there| there == file.bytes) {
                laid.same += 1;
                continue;
            }
            let mode = if file.executable { 0o700 } else { 0o600 };
            let folder = to.parent().map_or(Ok(()), files::private_folder);
            folder
                .and_then(|()| files::write_whole_as(&to, &file.bytes, mode))
                .map_err(|why| failed(&why))?;
            laid.written += 1;
        }
        Ok(laid)
    }

    /// Says of which release the files are that lie there; of none while they are being made.
    pub(super) fn set_laid(&self, files: Option<Digest>) -> Result<(), Failure> {
        files::private_folder(&self.node()).map_err(|why| failed(&why))?;
        let said = files.map(|files| files.to_string()).unwrap_or_default();
        files::write_whole(&self.node().join(LAID), said.as_bytes()).map_err(|why| failed(&why))
    }

    /// The files that lie there are these.
    pub(super) fn are_laid(&self, files: Option<Digest>) -> Result<(), Failure> {
        let said = open::text(&self.node().join(LAID)).unwrap_or_default();
        if files.is_some_and(|files| said == files.to_string()) {
            return Ok(());
        }
        let says = format!(
            "the files of {} were not laid out for this release",
            self.node
        );
        Err(Failure::new(says).hint("deploy again: they are made anew"))
    }

    /// Whether everything was fetched for these files.
    pub(super) fn is_ready(&self, files: Option<Digest>) -> bool {
        let node = self.node();
        let said = open::text(&node.join(READY)).unwrap_or_default();
        files.is_some_and(|files| said == files.to_string()) && node.join(FETCHED).exists()
    }

    pub(super) fn set_ready(&self, files: Option<Digest>) -> Result<(), Failure> {
        let said = files.map(|files| files.to_string()).unwrap_or_default();
        files::write_whole(&self.node().join(READY), said.as_bytes()).map_err(|why| failed(&why))
    }

    /// Where providers are kept for all nodes.
    pub(super) fn providers(&self) -> Result<PathBuf, Failure> {
        let path = self.root.join(".providers");
        files::private_folder(&path).map_err(|why| failed(&why))?;
        Ok(path)
    }

    /// What is locked by whoever fetches.
    pub(super) fn fetching(&self) -> Result<PathBuf, Failure> {
        Ok(self.providers()?.join("lock"))
    }

    /// The plan file of a deployment.
    pub(super) fn plan(&self, job: &Job) -> Result<PathBuf, Failure> {
        let folder = self.root.join(PLANS);
        files::private_folder(&folder).map_err(|why| failed(&why))?;
        Ok(folder.join(job.deployment.to_string()))
    }

    /// The folder for what the original program makes in a deployment: secrets may stand in it.
    pub(super) fn made(&self, job: &Job) -> Result<PathBuf, Failure> {
        let path = self.plan(job)?.with_extension(MADE);
        files::private_folder(&path).map_err(|why| failed(&why))?;
        Ok(path)
    }

    /// Removes the plan file of a deployment, and what the original program made in it.
    pub(super) fn discard(&self, job: &Job) -> Result<(), Failure> {
        let path = self.plan(job)?;
        let made = path.with_extension(MADE);
        let removed = [
            (std::fs::remove_file(&path), &path),
            (std::fs::remove_dir_all(&made), &made),
        ];
        for (removed, path) in removed {
            if let Err(why) = removed
                && why.kind() != std::io::ErrorKind::NotFound
            {
                return Err(failed(&FileError::io(path, "removed")(why)));
            }
        }
        Ok(())
    }
}

/// The digest of a file.
pub(super) fn digest(path: &Path) -> Result<Digest, Failure> {
    let bytes = open::bytes(path).map_err(|why| failed(&FileError::io(path, "read")(why)))?;
    Ok(Digest::of_bytes(&bytes))
}
