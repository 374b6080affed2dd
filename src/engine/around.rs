//! What a plan is told of the deployments around it: what the last good one recorded, and the parts
//! that come after.

use std::collections::BTreeMap;

use crate::domain::folds::Folds;
use crate::domain::ids::StackId;
use crate::domain::plan::Output;
use crate::domain::request::Spec;
use crate::systems::{Recorded, System};

/// What the deployment recorded that brought what serves.
pub(super) fn recorded(
    folds: &Folds,
    system: &dyn System,
    stack: &StackId,
    spec: &Spec,
) -> Option<Recorded> {
    let (by, what) = folds.stack(stack).recorded(folds)?;
    let changed = |other: &StackId| {
        let mut all = folds.deployments.values();
        all.any(|d| d.stack() == Some(other) && d.no() > by && d.changed_anything())
    };
    let outdated = || {
        let mut all = folds.deployments.values();
        all.any(|d| {
            let shows = || d.steps.values().filter_map(|run| run.output.as_ref());
            d.stack() == Some(stack) && d.no() > by && shows().any(Output::outdates)
        })
    };
    let mut before = system.after(&stack.whole(), spec).into_iter();
    let own = || outdated().then(|| stack.clone());
    Some(Recorded {
        by,
        what: what.clone(),
        outdated_by: before.find(changed).or_else(own),
    })
}

/// What the parts of a whole have in service, those that stand; nothing of what is no whole.
pub(super) fn standing(folds: &Folds, whole: &StackId, spec: &Spec) -> BTreeMap<StackId, Spec> {
    let own = folds.stacks.values();
    let own = own.filter(|part| spec.is_whole() && part.id.is_part_of(whole));
    own.filter_map(|part| Some((part.id.clone(), part.serving(folds)?.clone())))
        .collect()
}

/// The parts that come after a part, and that stand.
pub(super) fn needed_by(folds: &Folds, system: &dyn System, stack: &StackId) -> Vec<StackId> {
    let whole = stack.whole();
    let all = folds.stacks.values().filter(|other| {
        let own = other.serving(folds);
        other.id.whole() == whole
            && own.is_some_and(|spec| system.after(&whole, spec).contains(stack))
    });
    all.map(|other| other.id.clone()).collect()
}
