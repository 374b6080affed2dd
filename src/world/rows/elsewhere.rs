//! What somebody else changed after it was brought from here: one truth for list, verbs and details.

use crate::domain::stack::Stack;
use crate::domain::time::Time;

use super::World;

impl World {
    /// When somebody else changed a stack that nothing of ours is at work on.
    pub(super) fn changed_elsewhere(&self, stack: &Stack) -> Option<Time> {
        let thing = self.thing(&stack.id).filter(|_| stack.current.is_none())?;
        stack.changed_elsewhere(&self.folds, thing.sight)
    }

    /// True where the last deployment was given up while something went on outside that decides
    /// what serves.
    pub(crate) fn in_the_dark(&self, stack: &Stack) -> bool {
        let last = stack.last.and_then(|last| self.deployment(last));
        last.is_some_and(|last| last.is_in_the_dark())
    }
}

/// The release in service, with a mark where it may be another by now.
pub(super) fn serving(stack: &Stack, doubted: bool) -> Option<String> {
    let doubt = if doubted { "?" } else { "" };
    let release = stack.release.as_ref()?;
    Some(format!("{release}{doubt}"))
}

/// What is known then.
pub(super) fn says(stack: &Stack, at: Time) -> String {
    let at = at.text("%Y-%m-%d %H:%M:%SZ");
    stack.release.as_ref().map_or_else(
        || format!("changed elsewhere at {at}"),
        |release| {
            format!(
                "changed elsewhere at {at}, after {release} was brought from here: what serves is that with another change, or something else"
            )
        },
    )
}
