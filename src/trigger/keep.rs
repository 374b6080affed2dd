//! What is kept across restarts beside the store: small, private, whole or as it was.

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
