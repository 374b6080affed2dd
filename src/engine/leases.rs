//! What of the store's work is this engine's: the leases that it holds.

use std::sync::atomic::Ordering;

use crate::store::{NO_END, Scope, StoreError};

use super::{Engine, EngineError};

impl Engine {
    /// Sees to it that the work is this engine's; false while the store does not answer.
    ///
    /// # Errors
    /// When another engine has it.
    pub(super) async fn hold_work(&mut self) -> Result<bool, EngineError> {
        if !self.leases.is_empty() {
            return Ok(true);
        }
        // Elected by the lock of the store: nobody else takes any of it, so that no lease need be extended.
        match self.parts.store.take(self.id, &[Scope::All], NO_END).await {
            Ok(taken) if taken.leases.is_empty() => Err(StoreError::Fenced.into()),
            Ok(taken) => {
                self.leases = taken.leases;
                Ok(true)
            }
            Err(why) if why.passes() => {
                if matches!(why, StoreError::Full(_)) {
                    self.no_room.store(true, Ordering::Relaxed);
                }
                Ok(false)
            }
            Err(why) => Err(why.into()),
        }
    }

    /// Leaves the work to others.
    pub(super) async fn leave_work(&mut self) {
        // Where this does not arrive, the leases run out, or an election ends them.
        let _ = self.parts.store.give_back(&std::mem::take(&mut self.leases)).await;
    }
}
