//! Reading for those who wait: lines of the tails.

use std::sync::Arc;

use crate::os::bell::Listener;
use crate::os::mutex::locked;

use super::tails::Lent;
use super::work::Worker;

impl Worker {
    /// Reads what came for the tails; aside, because files may be slow.
    pub(super) async fn read_tails(&mut self) {
        let Some(spool) = self.parts.spool.clone() else {
            return;
        };
        if locked(&self.shared.tails).is_empty() {
            self.spool_ear = None;
            return;
        }
        if self.spool_ear.is_none()
            && let Some(home) = &self.parts.home
        {
            self.spool_ear = Listener::at(&home.spool_bell()).ok();
        }
        let mut lent = locked(&self.shared.tails).lend(true);
        while !lent.is_empty() {
            let mut any = false;
            for Lent {
                of,
                id,
                begin,
                follow,
            } in lent
            {
                let (stack, spool) = (of.stack().cloned(), Arc::clone(&spool));
                let reading = tokio::task::spawn_blocking(move || {
                    let mut follow = follow.unwrap_or_else(|| spool(stack.as_ref(), begin));
                    let read = follow.more();
                    (follow, read)
                });
                if let Ok((follow, read)) = reading.await {
                    any |= locked(&self.shared.tails).give_back(&of, id, follow, read);
                }
            }
            if any {
                self.shared.tell();
            }
            lent = locked(&self.shared.tails).lend(false);
        }
    }
}
