//! Where secrets are: one file a kind, and its line in [`all`]. A reference is checked offline, and
//! read only when the step starts that needs it. Nothing is kept here.

mod env;
mod file;

use std::fmt;

use futures_util::future::BoxFuture;

use crate::domain::failure::{Failure, Retry};
use crate::domain::masks::Secret;
use crate::domain::secret_ref::SecretRef;

/// A kind of place where secrets are.
pub trait SecretKind: fmt::Debug + Sync {
    /// What stands before the colon.
    fn scheme(&self) -> &'static str;
    /// How it is written ("env:NAME").
    fn form(&self) -> &'static str;
    /// Whether a secret there can have this name.
    ///
    /// # Errors
    /// A sentence that says why not.
    fn check(&self, name: &str) -> Result<(), String>;
    /// The secret of that name; fails with why there is none, and what to do.
    fn read<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Secret, (String, String)>>;
}

/// Every kind that there is.
#[must_use]
pub fn all() -> &'static [&'static dyn SecretKind] {
    &[&env::Env, &file::File]
}

/// The ways to write a reference.
#[must_use]
pub fn forms() -> String {
    all()
        .iter()
        .map(|kind| kind.form())
        .collect::<Vec<_>>()
        .join(" or ")
}

fn kind(reference: &SecretRef) -> Result<&'static dyn SecretKind, String> {
    let known = all()
        .iter()
        .copied()
        .find(|kind| kind.scheme() == reference.scheme());
    known.ok_or_else(|| {
        format!(
            "there is no kind of secret {:?}: write {}",
            reference.scheme(),
            forms()
        )
    })
}

/// Checks a reference, without looking whether the secret is there.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn check(reference: &SecretRef) -> Result<(), String> {
    kind(reference)?.check(reference.name())
}

/// Reads a secret.
///
/// # Errors
/// A failure that names the reference, and never a value. It is one to wait for: once somebody has
/// put the secret there, what needs it goes on by itself.
pub async fn read(reference: &SecretRef) -> Result<Secret, Failure> {
    let failed = |why: &str| {
        Failure::new(format!("the secret {reference} cannot be read: {why}")).retry(Retry::Contact)
    };
    let kind = kind(reference).map_err(|why| {
        failed(&why)
            .hint("use the program that deployed it")
            .retry(Retry::Never)
    })?;
    let secret = kind
        .read(reference.name())
        .await
        .map_err(|(why, hint)| failed(&why).hint(hint))?;
    if secret.reveal().is_empty() {
        return Err(failed("it is empty").hint("give it a value"));
    }
    if secret.reveal().contains('\0') {
        return Err(failed("it holds a NUL character, which no variable may")
            .hint("give it as text, in base64 perhaps"));
    }
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn of(text: &str) -> SecretRef {
        text.parse().unwrap()
    }

    #[test]
    fn references_are_checked_offline() {
        for fine in ["env:CI_TOKEN", "file:/run/secrets/db"] {
            assert_eq!(check(&of(fine)), Ok(()), "{fine}");
            assert_eq!(
                serde_json::to_value(of(fine)).unwrap(),
                serde_json::json!(fine)
            );
        }
        for bad in [
            "env:A B",
            "env:1X",
            "file:secrets/db",
            "file:/a/../b",
            "vault:x",
        ] {
            assert!(check(&of(bad)).is_err(), "{bad}");
        }
        for none in ["hunter2secret", "", ":x", "env:", "Env:X", "p4ss:", "a b:c"] {
            let refused = none.parse::<SecretRef>().unwrap_err().to_string();
            assert!(none.len() < 5 || !refused.contains(none), "{refused}");
        }
    }

    #[tokio::test]
    async fn a_file_must_be_the_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        let reference = of(&format!("file:{}", path.display()));
        let why = async || read(&reference).await.unwrap_err().summary;
        assert!(
            why().await.contains("db cannot be looked at"),
            "{}",
            why().await
        );
        std::fs::write(&path, "hunter2secret\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(why().await.contains("chmod 600"), "{}", why().await);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(
            read(&reference).await.unwrap().reveal(),
            "hunter2secret",
            "the end of the line is none of it"
        );
        std::fs::write(&path, "-----BEGIN-----\nMIIE\n-----END-----\n").unwrap();
        assert_eq!(
            read(&reference).await.unwrap().reveal(),
            "-----BEGIN-----\nMIIE\n-----END-----\n",
            "a key is whole only with its last line feed"
        );
        std::fs::write(&path, "").unwrap();
        assert!(why().await.contains("it is empty"));
        std::fs::write(&path, b"hunter\xff").unwrap();
        assert!(why().await.contains("not text") && !why().await.contains("hunter"));
        std::fs::write(&path, vec![b'x'; 2 << 20]).unwrap();
        assert!(why().await.contains("more than"));
        let this = read(&of("env:CARGO_MANIFEST_DIR")).await.unwrap();
        assert_eq!(this.reveal(), env!("CARGO_MANIFEST_DIR"));
        let missing = read(&of("env:HOLDPOINT_NOBODY_HAS_THIS"))
            .await
            .unwrap_err();
        assert!(
            missing.summary.contains("env:HOLDPOINT_NOBODY_HAS_THIS")
                && missing.hint.contains("--here"),
            "{missing:?}"
        );
    }
}
