//! Where a repository is: its host and its path there, however its address is written.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::person::Issuer;

/// A text is no address of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "it is no address of a repository: write https://HOST/OWNER/NAME, ssh://git@HOST/OWNER/NAME or git@HOST:OWNER/NAME"
)]
pub struct BadRepository;

/// A repository: `github.com/acme/docs`. The host is in lower case; the path is as it is written,
/// without `.git`, and compared as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Repository {
    host: String,
    path: String,
}

impl Repository {
    /// Its own name, the last of its path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Its host, with the port where that is not the usual one.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its path there: `acme/docs`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The repository of that path on the host of an address: for hosts that tell names alone.
    ///
    /// # Errors
    /// Where one of them is none.
    pub fn beside(address: &str, path: &str) -> Result<Self, BadRepository> {
        let (host, _) = address
            .strip_prefix("https://")
            .and_then(|rest| rest.split_once('/'))
            .ok_or(BadRepository)?;
        Self::of(host, path)
    }

    /// Whether a git host may tell of it: nobody who knows the secret of one host speaks for
    /// another. A host that is none of the three large ones may be a GitHub or a GitLab of its own.
    #[must_use]
    pub fn is_told_by(&self, issuer: Issuer) -> bool {
        match self.host.as_str() {
            "github.com" => issuer == Issuer::Github,
            "gitlab.com" => issuer == Issuer::Gitlab,
            "bitbucket.org" => issuer == Issuer::Bitbucket,
            _ => matches!(issuer, Issuer::Github | Issuer::Gitlab),
        }
    }

    fn of(host: &str, path: &str) -> Result<Self, BadRepository> {
        let host = host
            .strip_suffix(":443")
            .unwrap_or(host)
            .to_ascii_lowercase();
        let path = path.strip_suffix('/').unwrap_or(path);
        let path = path.strip_suffix(".git").unwrap_or(path);
        if is_host(&host)
            && path.len() <= 255
            && path.split('/').count() >= 2
            && path.split('/').all(is_segment)
        {
            Ok(Self {
                host,
                path: path.to_owned(),
            })
        } else {
            Err(BadRepository)
        }
    }
}

fn is_host(host: &str) -> bool {
    let (name, port) = host
        .split_once(':')
        .map_or((host, None), |(name, port)| (name, Some(port)));
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    name.len() <= 253
        && name.split('.').all(label)
        && port.is_none_or(|port| {
            port.parse::<u16>()
                .is_ok_and(|n| n > 0 && n.to_string() == port)
        })
}

fn is_segment(segment: &str) -> bool {
    !segment.is_empty()
        && !segment.starts_with(['.', '-'])
        && segment
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

impl FromStr for Repository {
    type Err = BadRepository;

    fn from_str(text: &str) -> Result<Self, BadRepository> {
        if let Some(rest) = text.strip_prefix("https://") {
            let (host, path) = rest.split_once('/').ok_or(BadRepository)?;
            return Self::of(host, path);
        }
        if let Some(rest) = text.strip_prefix("ssh://git@") {
            let (host, path) = rest.split_once('/').ok_or(BadRepository)?;
            // The port of SSH says nothing of the host that tells of pushes.
            return Self::of(host.split(':').next().unwrap_or(host), path);
        }
        let (host, path) = text
            .strip_prefix("git@")
            .and_then(|rest| rest.split_once(':'))
            .ok_or(BadRepository)?;
        Self::of(host, path)
    }
}

impl TryFrom<String> for Repository {
    type Error = BadRepository;

    fn try_from(text: String) -> Result<Self, BadRepository> {
        format!("https://{text}").parse()
    }
}

impl From<Repository> for String {
    fn from(repository: Repository) -> Self {
        repository.to_string()
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.path)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> String {
        text.parse::<Repository>().unwrap().to_string()
    }

    #[test]
    fn all_ways_to_write_an_address_are_one_repository() {
        for text in [
            "https://github.com/acme/docs",
            "https://github.com/acme/docs.git",
            "https://GitHub.com:443/acme/docs/",
            "ssh://git@github.com/acme/docs.git",
            "ssh://git@github.com:22/acme/docs.git",
            "git@github.com:acme/docs.git",
        ] {
            assert_eq!(of(text), "github.com/acme/docs");
        }
        assert_eq!(
            of("https://git.acme.example:8443/a/b/c"),
            "git.acme.example:8443/a/b/c"
        );
        assert_ne!(
            of("https://github.com/Acme/docs"),
            of("https://github.com/acme/docs")
        );
        let beside = Repository::beside("https://github.com/settings/installations/2", "acme/docs");
        assert_eq!(beside.unwrap().to_string(), "github.com/acme/docs");
    }

    #[test]
    fn nothing_else_is_one() {
        for wrong in [
            "",
            "acme/docs",
            "https://github.com",
            "https://github.com/acme",
            "https://github.com/acme/../docs",
            "https://github.com/acme//docs",
            "https://github.com/-oProxyCommand/x",
            "http://github.com/acme/docs",
            "file:///etc/passwd",
            "ext::sh -c x",
            "ssh://-oX/a/b",
            "ssh://github.com/acme/docs",
            "https://user:pw@github.com/acme/docs",
            "https://github.com/acme/docs?x=1",
            "https://github.com/acme/docs#x",
            "https://github.com:99999/acme/docs",
            "https://github.com:080/acme/docs",
            "https://gith\u{fc}b.com/a/b",
            "https://github.com/acme/do cs",
            "https://github.com/acme/docs\n",
            "git@github.com/acme/docs",
        ] {
            assert!(wrong.parse::<Repository>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn nobody_speaks_for_another_host() {
        let told =
            |address: &str, issuer| address.parse::<Repository>().unwrap().is_told_by(issuer);
        for (address, own) in [
            ("https://github.com/a/b", Issuer::Github),
            ("https://gitlab.com/a/b", Issuer::Gitlab),
            ("https://bitbucket.org/a/b", Issuer::Bitbucket),
        ] {
            for issuer in [
                Issuer::Github,
                Issuer::Gitlab,
                Issuer::Bitbucket,
                Issuer::Queue,
            ] {
                assert_eq!(told(address, issuer), issuer == own, "{address} {issuer:?}");
            }
        }
        let own = "https://git.acme.example/a/b";
        assert!(
            told(own, Issuer::Gitlab) && told(own, Issuer::Github) && !told(own, Issuer::Bitbucket)
        );
    }

    proptest! {
        #[test]
        fn what_is_read_reads_as_the_same_again(text in "(https://|git@)[a-zA-Z.:0-9/_-]{0,40}") {
            if let Ok(repository) = text.parse::<Repository>() {
                let stored: Repository = serde_json::from_value(serde_json::to_value(&repository).unwrap()).unwrap();
                prop_assert_eq!(stored, repository);
            }
        }
    }
}
