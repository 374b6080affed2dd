//! What another program tells of the app that a stack is an instance for: kept where it is newer than
//! what was told before, in whatever order it comes.

use crate::domain::ask::Answer;
use crate::domain::event::Append;
use crate::domain::folds::Folds;
use crate::domain::ids::StackId;
use crate::domain::instance::{AppTold, Instance};
use crate::domain::stack::StackEvent;
use crate::domain::time::Time;

use super::{Decided, on_stack, readable, record};

/// Records it. What is known already, or older than that, changes nothing.
///
/// # Errors
/// A refusal when the store does not know the environment, or the log of the stack cannot be read.
pub fn app_told(folds: &Folds, stack: &StackId, told: &AppTold) -> Decided {
    record(folds, &stack.env)?;
    readable(folds, stack)?;
    let fold = folds.stack(stack);
    let known = fold.app.as_ref();
    let newest = known.map(|app| app.told_at).max(fold.app_gone);
    let event = match told {
        AppTold::There { instance } => {
            let is_new = is_newer(instance.told_at, known, fold.app_gone);
            let app = Instance {
                // Addresses were made of it.
                name: known.map_or_else(|| instance.name.clone(), |app| app.name.clone()),
                since: known.map_or(instance.told_at, |app| app.since),
                ..instance.clone()
            };
            let same = known == Some(&app) && fold.app_gone.is_none();
            (is_new && !same).then_some(StackEvent::AppTold { app })
        }
        AppTold::Gone { told_at } => {
            let is_new = newest.is_none_or(|newest| *told_at >= newest) && fold.app_gone.is_none();
            is_new.then_some(StackEvent::AppGone { told_at: *told_at })
        }
    };
    let mut append = Append::default();
    let says = match event {
        Some(event) => {
            on_stack(&mut append, folds, stack, event);
            format!("what was told of the app of {stack} is recorded")
        }
        None => format!("what was told of the app of {stack} is known, or older than what is"),
    };
    Ok((append, Answer::said(says)))
}

/// Of what was told at one time, that an app is gone counts.
fn is_newer(told_at: Time, known: Option<&Instance>, gone: Option<Time>) -> bool {
    known.is_none_or(|app| told_at >= app.told_at) && gone.is_none_or(|gone| told_at > gone)
}
