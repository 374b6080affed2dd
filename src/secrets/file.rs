//! `file:/whole/path`: a file that belongs to the owner of the engine alone (mode 0600 or 0400).
//! The line's end at its end is no part of it, where it is one line: a key of several lines is
//! whole only with its last one.

use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::{Given, SecretKind};
use crate::domain::masks::Secret;
use crate::os::{files, open};

/// The longest secret.
const LONGEST: u64 = 1 << 20;
/// What to do about a file that cannot be used.
const HINT: &str =
    "put the secret into that file on the machine of the engine, for its owner alone (chmod 600)";

/// The kind.
#[derive(Debug)]
pub(super) struct File;

impl SecretKind for File {
    fn scheme(&self) -> &'static str {
        "file"
    }

    fn form(&self) -> &'static str {
        "file:/whole/path"
    }

    fn check(&self, name: &str) -> Result<(), String> {
        whole(name)
    }

    fn read<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Given> {
        let path = PathBuf::from(name);
        async move {
            let read = tokio::task::spawn_blocking(move || read(&path)).await;
            read.unwrap_or_else(|why| Err(why.to_string()))
                .map(Secret::new)
                .map_err(|why| (why, HINT.to_owned()))
        }
        .boxed()
    }
}

/// Checks that a path is a whole one.
pub(super) fn whole(path: &str) -> Result<(), String> {
    let parts = Path::new(path);
    let mut all = parts.components();
    if parts.is_absolute()
        && all.all(|part| matches!(part, Component::RootDir | Component::Normal(_)))
    {
        Ok(())
    } else {
        Err(format!(
            "{path:?} is not a whole path: an engine stands in no folder"
        ))
    }
}

fn read(path: &Path) -> Result<String, String> {
    files::check(path, 0o600).map_err(|why| why.to_string())?;
    let unreadable = |why: std::io::Error| format!("{} cannot be read: {why}", path.display());
    let file = open::read(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(LONGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > LONGEST {
        return Err(format!("{} has more than {LONGEST} bytes", path.display()));
    }
    let text = String::from_utf8(bytes).map_err(|_| format!("{} is not text", path.display()))?;
    let line = text.strip_suffix('\n').map_or(text.as_str(), |line| {
        line.strip_suffix('\r').unwrap_or(line)
    });
    Ok(if line.contains('\n') {
        text
    } else {
        line.to_owned()
    })
}
