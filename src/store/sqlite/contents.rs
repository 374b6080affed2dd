//! The check of all content that is kept, in the database and in files: each is what its digest says.

use futures_util::TryStreamExt as _;
use sqlx::sqlite::SqlitePool;

use super::super::StoreError;
use super::rows::failed;
use super::verify::{Checked, LISTED};
use crate::domain::digest::Digest;
use crate::domain::request::SourceBundle;

/// Checks the content in the database.
pub(super) async fn verify(pool: &SqlitePool, checked: &mut Checked) -> Result<(), StoreError> {
    let mut all = sqlx::query_as("SELECT digest, bytes FROM blobs")
        .fetch(pool)
        .map_err(failed);
    while let Some((digest, bytes)) = all.try_next().await? {
        let (digest, bytes): (String, Vec<u8>) = (digest, bytes);
        let is = is_bundle(&digest, &bytes) || Digest::of_bytes(&bytes).to_string() == digest;
        count(checked, (!is).then(|| damaged(&digest)));
    }
    Ok(())
}

/// The files of a deployment are known by what they are, not by how they are written down.
fn is_bundle(digest: &str, bytes: &[u8]) -> bool {
    serde_json::from_slice::<SourceBundle>(bytes)
        .is_ok_and(|bundle| bundle.digest().to_string() == digest)
}

/// Counts one content, and lists what is wrong with it.
pub(super) fn count(checked: &mut Checked, fault: Option<String>) {
    checked.contents += 1;
    if checked.faults.len() < LISTED {
        checked.faults.extend(fault);
    }
}

pub(super) fn damaged(digest: &str) -> String {
    format!(
        "the content {digest} is not what was kept: a deployment that uses it fails; deploy what the estate says anew"
    )
}
