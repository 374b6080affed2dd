//! Freezing a stack or an environment, and thawing it; recording what an environment is to a
//! console.

use crate::domain::ask::{Answer, QueueOf, own_words};
use crate::domain::environment::{EnvironmentEvent, Freeze, Lock};
use crate::domain::event::Append;
use crate::domain::folds::Folds;
use crate::domain::ids::EnvName;
use crate::domain::refused::Refused;
use crate::domain::stack::StackEvent;
use crate::domain::time::Time;

use super::{Cx, Decided, on_environment, on_stack, readable, record};

pub(super) fn freeze(
    folds: &Folds,
    target: &QueueOf,
    reason: &str,
    until: Option<Time>,
    cx: &Cx<'_>,
) -> Decided {
    if reason.trim().is_empty() {
        return Err(
            Refused::new("reason", "a freeze needs a reason that everybody can read")
                .hint("--reason TEXT"),
        );
    }
    let reason = own_words(reason)?;
    may_freeze(folds, target, until, cx)?;
    let freeze = Freeze {
        reason,
        by: cx.person.clone(),
        at: cx.now,
        until,
    };
    let mut append = Append::default();
    let says = match target {
        QueueOf::Stack(id) => {
            on_stack(&mut append, folds, id, StackEvent::StackFrozen { freeze });
            format!("{id} is frozen")
        }
        QueueOf::Environment(env) => {
            on_environment(&mut append, folds, env, EnvironmentEvent::Frozen { freeze });
            format!("{env} is frozen")
        }
    };
    Ok((append, Answer::said(says)))
}

/// Whether it can be frozen; whoever asks for the card is told as well as who confirmed it.
///
/// # Errors
/// A refusal.
pub(super) fn may_freeze(
    folds: &Folds,
    target: &QueueOf,
    until: Option<Time>,
    cx: &Cx<'_>,
) -> Result<(), Refused> {
    if until.is_some_and(|until| until <= cx.now) {
        return Err(Refused::new("past", "the freeze would have ended already"));
    }
    record(folds, target.env())?;
    match target {
        QueueOf::Stack(id) => readable(folds, id),
        QueueOf::Environment(_) => Ok(()),
    }
}

/// The same of a thaw.
///
/// # Errors
/// A refusal.
pub(super) fn may_thaw(folds: &Folds, target: &QueueOf, cx: &Cx<'_>) -> Result<(), Refused> {
    let frozen = match target {
        QueueOf::Stack(id) => {
            readable(folds, id)?;
            let stack = folds.stacks.get(id);
            stack.is_some_and(|stack| stack.frozen(cx.now).is_some())
        }
        QueueOf::Environment(env) => {
            let env = folds.environments.get(env);
            env.is_some_and(|env| env.frozen(cx.now).is_some())
        }
    };
    if frozen {
        Ok(())
    } else {
        Err(Refused::new("not-frozen", "it is not frozen"))
    }
}

pub(super) fn thaw(folds: &Folds, target: &QueueOf, cx: &Cx<'_>) -> Decided {
    may_thaw(folds, target, cx)?;
    let mut append = Append::default();
    match target {
        QueueOf::Stack(id) => on_stack(&mut append, folds, id, StackEvent::StackThawed),
        QueueOf::Environment(env) => {
            on_environment(&mut append, folds, env, EnvironmentEvent::Thawed);
        }
    }
    Ok((append, Answer::said("thawed; the queue goes on")))
}

/// Records that somebody opened an environment to changes from their console, or closed it.
///
/// # Errors
/// A refusal when the store does not know the environment.
pub fn lock(folds: &Folds, env: &EnvName, lock: Lock) -> Decided {
    record(folds, env)?;
    let mut append = Append::default();
    on_environment(&mut append, folds, env, EnvironmentEvent::Locked { lock });
    let says = "recorded".to_owned();
    Ok((append, Answer::said(says)))
}
