//! Where secrets are: one file a kind, and its line in [`all`]. A reference is checked offline, and
//! read only when the step starts that needs it. Nothing is kept here.

mod env;
mod file;
mod yaml;

use std::fmt;

use futures_util::FutureExt as _;
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
    fn read<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Given>;
    /// The secrets of these names, in their order.
    fn read_all(&self, names: Vec<String>) -> BoxFuture<'_, Vec<Given>> {
        async move {
            let mut all = Vec::with_capacity(names.len());
            for name in &names {
                all.push(self.read(name).await);
            }
            all
        }
        .boxed()
    }
}

/// A secret, or why there is none, and what to do.
pub type Given = Result<Secret, (String, String)>;

/// Every kind that there is.
#[must_use]
pub fn all() -> &'static [&'static dyn SecretKind] {
    &[&env::Env, &file::File, &yaml::Yaml]
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
    let all = read_all(std::slice::from_ref(reference)).await;
    all.into_iter().next().unwrap_or_else(|| {
        let says = format!("the secret {reference} cannot be read");
        Err(Failure::new(says))
    })
}

/// Reads secrets, in their order: those of one place together.
pub async fn read_all(references: &[SecretRef]) -> Vec<Result<Secret, Failure>> {
    let mut all: Vec<Option<Given>> = references.iter().map(|_| None).collect();
    for kind in self::all() {
        let own = references.iter().enumerate();
        let own: Vec<(usize, String)> = own
            .filter(|(_, one)| one.scheme() == kind.scheme())
            .map(|(n, one)| (n, one.name().to_owned()))
            .collect();
        if own.is_empty() {
            continue;
        }
        let names = own.iter().map(|(_, name)| name.clone()).collect();
        let read = kind.read_all(names).await;
        for ((n, _), given) in own.iter().zip(read) {
            all[*n] = Some(given);
        }
    }
    let all = references.iter().zip(all);
    all.map(|(reference, given)| checked(reference, given))
        .collect()
}

/// A secret as it was given by its kind; none where there is no such kind.
fn checked(reference: &SecretRef, given: Option<Given>) -> Result<Secret, Failure> {
    let failed = |why: &str| {
        Failure::new(format!("the secret {reference} cannot be read: {why}")).retry(Retry::Contact)
    };
    kind(reference).map_err(|why| {
        failed(&why)
            .hint("use the program that deployed it")
            .retry(Retry::Never)
    })?;
    let given = given.unwrap_or_else(|| Err((String::new(), String::new())));
    let secret = given.map_err(|(why, hint)| failed(&why).hint(hint))?;
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
