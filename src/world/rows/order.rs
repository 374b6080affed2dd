//! The order of rows, and which belong together.

use std::collections::BTreeMap;

use super::{Row, State};
use crate::domain::ids::StackId;

/// The ones in need first; what belongs to a whole stands together, each part below what it belongs
/// to.
pub(super) fn sort(rows: &mut [Row]) {
    let mut parts: BTreeMap<StackId, BTreeMap<State, usize>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.stack.part.is_some()) {
        let own = parts.entry(row.stack.whole()).or_default();
        *own.entry(row.state).or_default() += 1;
    }
    for row in rows.iter_mut().filter(|row| row.stack.part.is_none()) {
        row.parts = parts.get(&row.stack).cloned().unwrap_or_default();
    }
    let mut worst: BTreeMap<StackId, State> = BTreeMap::new();
    for row in rows.iter() {
        let own = worst.entry(row.stack.whole()).or_insert(row.state);
        *own = row.state.min(*own);
    }
    rows.sort_by_cached_key(|row| {
        let whole = row.stack.whole();
        let place: Vec<String> = row.stack.place().into_iter().map(str::to_owned).collect();
        (worst.get(&whole).copied(), whole, place)
    });
}
