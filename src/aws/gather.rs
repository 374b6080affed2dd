//! Those who ask for something at the same time, so that one read answers all of them: it begins
//! after the last of them has asked.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use crate::os::mutex::locked;

/// Where askers of one kind gather.
pub(super) struct Gather<K, V> {
    gathering: Mutex<Arc<Batch<K, V>>>,
}

/// Those who are answered together.
pub(super) struct Batch<K, V> {
    wanted: Mutex<BTreeSet<K>>,
    /// What was read for them. Held while it is read: who finds it empty reads, so that a reader
    /// that is dropped half-way leaves nobody waiting.
    pub(super) answer: tokio::sync::Mutex<Option<V>>,
}

impl<K, V> Default for Batch<K, V> {
    fn default() -> Self {
        Self {
            wanted: Mutex::default(),
            answer: tokio::sync::Mutex::default(),
        }
    }
}

impl<K, V> Default for Gather<K, V> {
    fn default() -> Self {
        Self {
            gathering: Mutex::default(),
        }
    }
}

impl<K: Ord + Clone, V> Gather<K, V> {
    /// Joins those who wait for the next read.
    pub(super) fn join(&self, wanted: impl IntoIterator<Item = K>) -> Arc<Batch<K, V>> {
        let gathering = locked(&self.gathering);
        locked(&gathering.wanted).extend(wanted);
        Arc::clone(&gathering)
    }

    /// What they want whose read begins now: who asks from here on is answered by the next one.
    pub(super) fn close(&self, batch: &Arc<Batch<K, V>>) -> BTreeSet<K> {
        let mut gathering = locked(&self.gathering);
        if Arc::ptr_eq(&gathering, batch) {
            *gathering = Arc::default();
        }
        locked(&batch.wanted).clone()
    }
}
