//! Bundles as they are kept and sent: what is small stands in them, what is large is an artifact
//! beside the store, so that a row stays small whatever travels.

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};

use serde_json::Value;

use super::{Content, Store, StoreError};
use crate::domain::artifact;
use crate::domain::digest::Digest;
use crate::domain::request::{KeptFile, SourceBundle, SourceFile};
use crate::domain::time::Time;

/// How many bytes of files stand in a bundle itself, the smallest first.
const INSIDE: usize = 256 * 1024;

/// The bundle with its large files put beside the store.
///
/// # Errors
/// They cannot be put there now.
pub async fn pack(
    store: &dyn Store,
    mut bundle: SourceBundle,
    now: Time,
) -> Result<SourceBundle, StoreError> {
    let mut sizes: Vec<(usize, String)> = bundle
        .files
        .iter()
        .map(|(path, file)| (file.bytes.len(), path.clone()))
        .collect();
    sizes.sort();
    let mut inside = 0;
    for (size, path) in sizes {
        inside += size;
        if inside <= INSIDE {
            continue;
        }
        let Some(SourceFile { bytes, executable }) = bundle.files.remove(&path) else {
            continue;
        };
        let artifact = store.put(Box::new(Cursor::new(bytes)), &path, now).await?;
        bundle.kept.insert(
            path,
            KeptFile {
                artifact,
                executable,
            },
        );
    }
    Ok(bundle)
}

/// The bundle with all its files.
///
/// # Errors
/// A file is not kept any more, is not what was put, or cannot be read now.
pub async fn unpack(
    store: &dyn Store,
    mut bundle: SourceBundle,
) -> Result<SourceBundle, StoreError> {
    for (
        path,
        KeptFile {
            artifact,
            executable,
        },
    ) in std::mem::take(&mut bundle.kept)
    {
        let content = store.get(artifact.digest).await?;
        let content = content.ok_or_else(|| {
            StoreError::Corrupt(format!(
                "the content of {path} ({}) is gone",
                artifact.digest.short()
            ))
        })?;
        let bytes = read(content, artifact.length).await?;
        bundle.files.insert(path, SourceFile { bytes, executable });
    }
    Ok(bundle)
}

async fn read(content: Content, length: u64) -> Result<Vec<u8>, StoreError> {
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        // One more: what is longer than it was fails as what is other than it was.
        content
            .take(length + 1)
            .read_to_end(&mut bytes)
            .map(|_| bytes)
    });
    read.await
        .map_err(|why| StoreError::Unavailable(why.to_string()))?
        .map_err(|why| StoreError::Corrupt(why.to_string()))
}

/// Collects what an ask or a bundle, as it is stored, names.
pub(super) fn named(stored: &[u8], found: &mut BTreeSet<Digest>) {
    if let Ok(value) = serde_json::from_slice::<Value>(stored) {
        artifact::named(&value, found);
    }
}
