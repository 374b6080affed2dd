//! What is kept across restarts beside the store: small, private, whole or as it was.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::os::mutex::locked;

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

/// In memory, for as long as the process lives.
#[derive(Debug, Default)]
pub struct InMemory(Mutex<BTreeMap<String, Vec<u8>>>);

impl Keep for InMemory {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(locked(&self.0).get(name).cloned())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        locked(&self.0).insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }
}
