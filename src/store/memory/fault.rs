//! The faults that a test can make the store meet.

use crate::store::StoreError;

/// What a call meets instead of being carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It fails and changes nothing.
    Before(StoreError),
    /// It is carried out, but the caller is told that it failed: the answer was lost.
    After(StoreError),
}
