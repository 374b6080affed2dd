//! Looks for newer versions, beside everything else: repositories take their time.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::domain::ids::StackId;
use crate::text::safe::Safe;
use crate::world::newer::AllNewer;

use super::work::Worker;

/// What a look found.
pub(super) type Found = (StackId, Result<Vec<String>, String>);

/// What was found, and the looks that go on.
pub(super) struct Newest {
    pub(super) all: AllNewer,
    to: mpsc::UnboundedSender<Found>,
    from: mpsc::UnboundedReceiver<Found>,
}

impl Default for Newest {
    fn default() -> Self {
        let (to, from) = mpsc::unbounded_channel();
        Self {
            all: Arc::new(BTreeMap::new()),
            to,
            from,
        }
    }
}

impl Newest {
    /// Waits until a look has ended.
    pub(super) async fn heard(&mut self) -> Option<Found> {
        self.from.recv().await
    }
}

impl Worker {
    /// Begins to look, where nobody does.
    pub(super) fn look_for_newer(&mut self, whole: StackId) {
        let Some(look) = self.parts.newer.clone() else {
            return;
        };
        let now = self.now();
        let own = Arc::make_mut(&mut self.newer.all)
            .entry(whole.clone())
            .or_default();
        if own.looking.is_some() {
            return;
        }
        own.looking = Some(now);
        let to = self.newer.to.clone();
        // Whoever ends the desk waits for no repository.
        tokio::task::spawn_blocking(move || {
            let found = look(&whole);
            let _ = to.send((whole, found));
        });
        self.publish();
    }

    /// Takes up what was found.
    pub(super) fn found_newer(&mut self, (whole, found): Found) {
        let now = self.now();
        let own = Arc::make_mut(&mut self.newer.all).entry(whole).or_default();
        own.looking = None;
        own.at = now;
        own.found = Some(match found {
            Ok(lines) => Ok(lines.iter().map(|line| Safe::new(line)).collect()),
            Err(why) => Err(Safe::new(&why)),
        });
        self.publish();
    }
}
