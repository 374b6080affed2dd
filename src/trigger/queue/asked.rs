//! The ask of a message: of somebody outside, once.

use super::read::{Asked, Wish};
use super::{Letter, Source};
use crate::domain::ask::{Ask, InboxAsk, Intent, Source as Of};
use crate::domain::cause::Via;
use crate::domain::ids::StackId;
use crate::domain::instance::AppTold;
use crate::domain::person::{Issuer, Proof};
use crate::text::safe::Safe;
use crate::trigger::Delivery;
use crate::trigger::ask::{at_commit, outside};

/// The ask of a message. Its id follows from what the sender calls the ask, else from the id of the
/// message, which is the same each time it is received.
///
/// `None` never happens while the name of the flag for a commit is one.
pub(super) fn ask(from: &Source, letter: &Letter, asked: &Asked) -> Option<InboxAsk> {
    let delivery = match &asked.id {
        Some(id) => {
            let named = format!("{} {} {id}", from.name, from.kind);
            Delivery::new(Issuer::Queue, None, named.as_bytes())
        }
        None => Delivery::new(Issuer::Queue, Some(&letter.id), letter.body.as_bytes()),
    };
    let stack = asked.stack.clone();
    let intent = match &asked.wish {
        Wish::Deploy(Some(commit)) => at_commit(&stack, commit)?,
        Wish::Release(name) => Intent::deploy(stack, Of::Release(name.clone())),
        Wish::Deploy(None) | Wish::Setup => Intent::deploy(stack, Of::Estate),
        Wish::Teardown => Intent::teardown(stack),
    };
    let mut reason = format!("{} message of queue {}", from.kind, from.name);
    if let Some(given) = &asked.reason {
        reason = format!("{reason}: {given}");
    }
    let id = delivery.ask(&asked.stack);
    Some(outside(
        id,
        Via::Queue,
        proof(from, asked.by.clone()),
        intent,
        reason,
    ))
}

/// The ask of a message that tells of the app of a stack.
pub(super) fn app(from: &Source, letter: &Letter, stack: &StackId, told: &AppTold) -> InboxAsk {
    let delivery = Delivery::new(Issuer::Queue, Some(&letter.id), letter.body.as_bytes());
    let ask = Ask::App {
        stack: stack.clone(),
        told: told.clone(),
    };
    InboxAsk {
        proof: proof(from, None),
        ..InboxAsk::new(delivery.ask(stack), Via::Queue, ask)
    }
}

fn proof(from: &Source, behalf: Option<Safe>) -> Proof {
    Proof::Checked {
        source: Issuer::Queue,
        id: Safe::new(&from.name),
        behalf,
    }
}
