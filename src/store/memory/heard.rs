//! Hears a bell of the store in memory.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt as _};
use tokio::sync::watch;

use crate::store::Ear;

/// Whoever waits for a ring.
pub(super) struct Heard {
    bell: watch::Receiver<u64>,
    // Held, so that a wait ends by a ring alone and not because the store is gone.
    _rope: Arc<watch::Sender<u64>>,
}

impl Heard {
    pub(super) fn at(bell: &Arc<watch::Sender<u64>>) -> Self {
        Self {
            bell: bell.subscribe(),
            _rope: Arc::clone(bell),
        }
    }
}

impl Ear for Heard {
    fn heard(&mut self) -> BoxFuture<'_, ()> {
        self.bell.changed().map(|_| ()).boxed()
    }
}
