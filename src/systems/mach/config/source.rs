//! Where the Terraform module of a component comes from.

use crate::domain::relative::joined;

/// Where a module is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::systems::mach) enum Source {
    /// A folder below that of the estate.
    Folder(String),
    /// What Terraform fetches by itself, with the version in its address.
    Address(String),
    /// A module of a registry, whose version stands beside it.
    Registry(String),
}

/// Prefixes of addresses that Terraform takes as they are, with what chooses the version.
const FORCED: [&str; 2] = ["git::", "hg::"];
/// Addresses of git hosts that Terraform knows by their names.
const HOSTS: [&str; 3] = ["github.com/", "bitbucket.org/", "git@"];

impl Default for Source {
    fn default() -> Self {
        Self::Address(String::new())
    }
}

impl Source {
    /// The source that is written, in a version, of a file.
    ///
    /// # Errors
    /// Why it is none, and what to write.
    pub(in crate::systems::mach) fn of(
        written: &str,
        version: &str,
        file: &str,
    ) -> Result<Self, (String, String)> {
        let revision = |key: &str| {
            let between = if written.contains('?') { '&' } else { '?' };
            Self::Address(format!("{written}{between}{key}={version}"))
        };
        if written.starts_with('.') {
            return joined(file, written).map(Self::Folder).map_err(|why| {
                (why, "keep the module below the folder of the estate file, or name its repository (git::…)".to_owned())
            });
        }
        if let Some(name) = written.strip_prefix("module::") {
            return Ok(Self::Registry(name.to_owned()));
        }
        if written.starts_with("s3::") || written.starts_with("gcs::") {
            return Ok(Self::Address(format!("{written}/{version}.zip")));
        }
        if FORCED.iter().any(|forced| written.starts_with(forced)) {
            let key = if written.starts_with("hg::") {
                "rev"
            } else {
                "ref"
            };
            return Ok(revision(key));
        }
        if HOSTS.iter().any(|host| written.starts_with(host)) {
            return Ok(revision("ref"));
        }
        if written.starts_with("https://") || written.starts_with("http://") {
            let name = written.split('?').next().unwrap_or(written);
            if format!("{name}/").contains(".git/") {
                return Err((
                    format!("{written:?} is an archive to Terraform, and names a git repository"),
                    format!("write git::{written}"),
                ));
            }
            // An archive has no version but the one in its address.
            return Ok(Self::Address(written.to_owned()));
        }
        Err((
            format!("{written:?} is no source of a Terraform module"),
            "begin it with ./ or ../ for a folder, git::, s3::, gcs:: or hg::, https:// for an archive, or module:: for one of a registry".to_owned(),
        ))
    }
}
