//! Acting on an intent whose guard was met: one append over the streams concerned.

use std::collections::BTreeMap;

use crate::domain::ask::{Confirm, Intent, own_words};
use crate::domain::card::Card;
use crate::domain::folds::Folds;
use crate::domain::level::Level;
use crate::domain::person::Person;
use crate::domain::refused::Refused;

use super::apply::apply;
use super::deploy::deploy;
use super::freeze::{freeze, thaw};
use super::specs::StartOf;
use super::stop::{abandon, cancel};
use super::unblock::unblock;
use super::unseen::passes;
use super::{Cx, Decided, Looked};

/// The undo window that the console's keys ask for at level 1.
pub const ARMED: std::time::Duration = std::time::Duration::from_secs(5);

/// Carries out an intent. `looked` is what its card was made from; the guard is checked here,
/// whatever a screen said.
///
/// # Errors
/// A refusal, with the card where a guard was not met.
pub fn act(
    folds: &Folds,
    intent: &Intent,
    starts: &[StartOf],
    looked: &Looked,
    confirm: &Confirm,
    armed: bool,
    cx: &Cx<'_>,
) -> Decided {
    admitted(&cx.person, intent, &looked.card, confirm)?;
    let confirm = &Confirm {
        reason: own_words(&confirm.reason)?,
        ..confirm.clone()
    };
    let not_before = (armed && looked.card.level == Level::L1).then(|| cx.now + ARMED);
    match intent {
        Intent::Deploy { after, .. } => {
            deploy(folds, starts, looked, confirm, after, not_before, cx)
        }
        Intent::Rollback { .. } | Intent::Retry { .. } | Intent::Teardown { .. } => deploy(
            folds,
            starts,
            looked,
            confirm,
            &BTreeMap::new(),
            not_before,
            cx,
        ),
        Intent::Unblock { stack, way, .. } => {
            unblock(folds, stack, way, starts, looked, confirm, cx)
        }
        Intent::Cancel { deployment } => cancel(folds, *deployment, confirm, cx),
        Intent::Abandon { deployment } => abandon(folds, *deployment, cx),
        Intent::Freeze {
            target,
            reason,
            until,
        } => freeze(folds, target, reason, *until, cx),
        Intent::Thaw { target } => thaw(folds, target, cx),
        Intent::Apply { environments } => Ok(apply(folds, environments)),
    }
}

/// Checks that who asks may have it done: the guard of its card is met, or a person meets it at a
/// hold.
///
/// # Errors
/// As [`guard`].
pub fn admitted(
    person: &Person,
    intent: &Intent,
    card: &Card,
    confirm: &Confirm,
) -> Result<(), Refused> {
    if passes(person, intent, confirm) {
        Ok(())
    } else {
        guard(card, confirm)
    }
}

/// Checks that what was typed is what this card asks for, for exactly this card.
///
/// # Errors
/// `guard`, `subject` or `reason`, with the card.
pub fn guard(card: &Card, confirm: &Confirm) -> Result<(), Refused> {
    let refuse = |code: &str, says: String| Refused::new(code, says).card(card.clone());
    if confirm
        .subject
        .is_some_and(|subject| subject != card.subject)
    {
        return Err(refuse(
            "subject",
            "what you confirmed is not what would happen now: read the card again".to_owned(),
        ));
    }
    let Some(phrase) = &card.phrase else {
        return Ok(());
    };
    if confirm.subject.is_none() {
        return Err(refuse(
            "guard",
            format!("this is level {}: {}", card.level, card.why),
        ));
    }
    if confirm.text != *phrase {
        return Err(refuse("guard", format!("type exactly: {phrase}")));
    }
    if card.needs_reason && confirm.reason.trim().is_empty() {
        return Err(refuse(
            "reason",
            if card.level >= Level::L4 {
                "this is level 4: give a reason".to_owned()
            } else {
                "this is less safe than what its evaluation chooses: give a reason".to_owned()
            },
        ));
    }
    Ok(())
}
