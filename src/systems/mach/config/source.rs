//! Where the Terraform module of a component comes from.

use crate::domain::relative::joined;
use crate::systems::versions::{GitVersions, Versions};

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

/// The branch where nothing is said.
const BRANCH: &str = "main";

/// Where the other versions of a source are.
pub(in crate::systems::mach) fn versions(
    written: &str,
    branch: Option<String>,
    paths: Vec<String>,
) -> Versions {
    let plain = written.split('?').next().unwrap_or(written);
    let address = if let Some(address) = plain.strip_prefix("git::") {
        within(address).to_owned()
    } else if plain.starts_with("git@") {
        within(plain).to_owned()
    } else if HOSTS.iter().any(|host| plain.starts_with(host)) {
        format!("https://{}", within(plain))
    } else if written.starts_with('.') {
        return Versions::Unlisted("a folder of the estate has no versions of its own");
    } else if written.starts_with("module::") {
        return Versions::Unlisted("the versions of a registry are not listed");
    } else {
        return Versions::Unlisted("an archive does not say which others there are");
    };
    Versions::Git(GitVersions {
        address,
        branch: branch.unwrap_or_else(|| BRANCH.to_owned()),
        paths,
    })
}

/// An address without the folder within the repository, which stands behind a second `//`.
fn within(address: &str) -> &str {
    let from = address.find("://").map_or(0, |at| at + 3);
    let end = address[from..].find("//").map(|at| from + at);
    end.map_or(address, |end| &address[..end])
}

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
        let query = written.split_once('?').map_or("", |(_, query)| query);
        let is_pinned = |part: &str| part.starts_with("ref=") || part.starts_with("rev=");
        if query.split('&').any(is_pinned) {
            let says = format!(
                "{written:?} names a version of its own, which would be the one that is fetched"
            );
            let hint = "leave ref= out: `version` says it".to_owned();
            return Err((says, hint));
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
