//! What runs of a deployed stack: its counts of tasks, which of them can be brought to 0, and who
//! says so.

use super::body::{Body, is_count};
use super::steps::Counts;
use crate::forms::cloudformation::template::Fixed;
use crate::forms::cloudformation::{COUNT, StackFacts};

/// What runs now, as far as the deployed stack counts it.
pub(super) struct Running {
    /// What can be brought to 0.
    pub(super) counts: Counts,
    /// Why what runs besides cannot be; `None` where nothing does.
    pub(super) steady: Option<String>,
}

/// What runs now, by the counts of the deployed stack: by its own template where that was read, else
/// by the release that serves.
pub(super) fn running(stack: &StackFacts, serving: Option<&Body>, name: &str) -> Running {
    let serving = serving.filter(|serving| serving.input.stack_name == name);
    let fixed = |count: &String| match (&stack.fixed, serving) {
        (Some(read), _) => read.get(count).cloned(),
        (None, Some(serving)) if !serving.counts.contains_key(count) => Some(Fixed::NoCount),
        (None, Some(serving)) => serving.fixed.get(count).cloned().map(Fixed::Refuses),
        (None, None) => None,
    };
    let (mut counts, mut steady) = (Counts::new(), Vec::new());
    let named = stack.parameters.iter();
    for (name, count) in named.filter(|(name, count)| name.starts_with(COUNT) && is_count(count)) {
        match fixed(name) {
            None => drop(counts.insert(name.clone(), count.clone())),
            Some(Fixed::Refuses(must)) if count != "0" => steady.push(format!("{name} {must}")),
            Some(Fixed::Refuses(_) | Fixed::NoCount) => {}
        }
    }
    Running {
        counts,
        steady: (!steady.is_empty()).then(|| steady.join(", ")),
    }
}

/// Whether it is open what can be brought to 0, because nobody read the template of the stack and no
/// release says it; or whose the change set is that is all there is of it.
pub(super) fn is_open(stack: &StackFacts, serving: Option<&Body>, name: &str) -> bool {
    let known = serving.is_some_and(|serving| serving.input.stack_name == name);
    let counts = || stack.parameters.keys().any(|name| name.starts_with(COUNT));
    (stack.fixed.is_none() && !known && counts())
        || (stack.is_shell() && stack.change_sets.is_none())
}
