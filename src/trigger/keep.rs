//! What is kept across restarts beside the store: small, private, whole or as it was.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Where it is kept. Blocks.
pub trait Keep: Send + Sync {
    /// What was kept under a name; none where nothing was.
    ///
    /// # Errors
    /// A sentence that names the file.
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, String>;
    /// Keeps it instead of what was there, durably.
    ///
    /// # Errors
    /// A sentence that names the file.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), String>;
}

/// Reads what was kept under a name, or begins with nothing.
pub(super) fn read<T: DeserializeOwned + Default>(
    keep: &dyn Keep,
    name: &str,
) -> Result<T, String> {
    match keep.read(name)? {
        None => Ok(T::default()),
        Some(bytes) => serde_json::from_slice(&bytes)
            .map_err(|_| format!("what is kept of {name} is damaged: move the file away, and what it knew is forgotten")),
    }
}

/// Keeps something, off the threads that answer.
pub(super) async fn write(
    keep: &Arc<dyn Keep>,
    name: &'static str,
    what: &impl Serialize,
) -> Result<(), String> {
    let bytes = serde_json::to_vec(what).map_err(|why| why.to_string())?;
    let keep = Arc::clone(keep);
    tokio::task::spawn_blocking(move || keep.write(name, &bytes))
        .await
        .map_err(|why| why.to_string())?
}
