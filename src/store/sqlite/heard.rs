//! Hears a bell of the embedded store.

use futures_util::future::{BoxFuture, FutureExt as _, pending};

use crate::os::bell::Listener;
use crate::store::Ear;

/// Whoever waits for a ring.
pub(super) struct Heard(pub(super) Listener);

impl Ear for Heard {
    fn heard(&mut self) -> BoxFuture<'_, ()> {
        async {
            if self.0.heard().await.is_err() {
                // A bell that cannot be heard is not rung for ever: the waiter's own look every 5 s
                // goes on.
                pending::<()>().await;
            }
        }
        .boxed()
    }
}
