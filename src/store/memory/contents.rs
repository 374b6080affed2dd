//! Content in memory, as the test double keeps it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _};

use crate::domain::artifact::Artifact;
use crate::domain::digest::Digest;
use crate::domain::time::Time;
use crate::store::{Content, StoreError, Swept};

/// All content, with when it was put last.
#[derive(Debug, Default)]
pub(super) struct Contents(BTreeMap<Digest, (Vec<u8>, Time)>);

impl Contents {
    pub(super) fn put(
        &mut self,
        mut content: Content,
        what: &str,
        at: Time,
    ) -> Result<Artifact, StoreError> {
        let mut bytes = Vec::new();
        content
            .read_to_end(&mut bytes)
            .map_err(|why| StoreError::Unavailable(why.to_string()))?;
        let artifact = Artifact {
            digest: Digest::of_bytes(&bytes),
            length: bytes.len() as u64,
            what: what.to_owned(),
        };
        self.0.insert(artifact.digest, (bytes, at));
        Ok(artifact)
    }

    pub(super) fn get(&self, digest: Digest) -> Option<Content> {
        self.0
            .get(&digest)
            .map(|(bytes, _)| Box::new(Cursor::new(bytes.clone())) as Content)
    }

    pub(super) fn sweep(&mut self, named: &BTreeSet<Digest>, before: Time) -> Swept {
        let mut swept = Swept::default();
        self.0.retain(|digest, (bytes, at)| {
            let goes = *at < before && !named.contains(digest);
            if goes {
                swept = Swept {
                    removed: swept.removed + 1,
                    freed: swept.freed + bytes.len() as u64,
                };
            }
            !goes
        });
        swept
    }
}
