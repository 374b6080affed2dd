//! Where the artifact of a build goes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sandbox::call::Blob;
use crate::sandbox::realm::Cx;
use crate::sandbox::services::s3::S3;

/// Where an artifact goes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) is_zip: bool,
}

impl Place {
    /// Files as objects below it.
    pub(super) fn below(
        &self,
        files: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> BTreeMap<String, Blob> {
        let below = |path: &str| format!("{}/{path}", self.key);
        let all = files.into_iter();
        all.map(|(path, content)| (below(&path), Blob(content)))
            .collect()
    }
}

/// How many files go there, or why none do.
pub(super) fn is_there(place: &Place, files: usize, cx: &Cx<'_>) -> Result<usize, String> {
    let s3 = cx.realm().get::<S3>();
    if s3.is_some_and(|s3| s3.buckets.contains_key(&place.bucket)) {
        return Ok(files);
    }
    Err(format!(
        "Error in UPLOAD_ARTIFACTS phase: NoSuchBucket: The specified bucket does not exist: {}",
        place.bucket
    ))
}
