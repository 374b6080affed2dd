//! Which folds a reader gets: shared by every store, so that all of them mean the same by "the
//! newest others", and by one stream.

use std::collections::BTreeSet;

use super::{Store, StoreError};
use crate::domain::event::StreamId;
use crate::domain::folds::Folds;
use crate::domain::ids::DeploymentId;
use crate::domain::stack::Stack;

/// The deployments that a stack names: they are kept whatever their age.
pub(super) fn named_by(stack: &Stack) -> impl Iterator<Item = DeploymentId> {
    let single = [
        stack.current,
        stack.last,
        stack.had,
        stack.last_good,
        stack.previous_good,
    ];
    single
        .into_iter()
        .flatten()
        .chain(stack.queue.iter().map(|entry| entry.deployment))
}

/// All deployments that stacks name.
pub(super) fn named(folds: &Folds) -> BTreeSet<DeploymentId> {
    folds
        .stacks
        .values()
        .flat_map(|stack| named_by(stack))
        .collect()
}

/// Drops the ended deployments that no stack names, but for the newest `others` of all ended ones.
pub(super) fn trim(folds: &mut Folds, others: usize) {
    let named = named(folds);
    let mut ended: Vec<_> = folds
        .deployments
        .values()
        .filter(|one| one.is_over())
        .map(|one| (one.no(), one.id))
        .collect();
    ended.sort_unstable_by(|a, b| b.cmp(a));
    for (_, id) in ended.into_iter().skip(others) {
        if !named.contains(&id) {
            folds.deployments.remove(&id);
        }
    }
}

/// A stream alone, folded as far as it can be: for what is older than the folds that a reader has.
///
/// # Errors
/// As [`Store::stream`].
pub async fn folded(store: &dyn Store, stream: &StreamId) -> Result<Folds, StoreError> {
    let mut folds = Folds::default();
    for stored in &store.stream(stream).await? {
        folds.apply(stored);
    }
    Ok(folds)
}
