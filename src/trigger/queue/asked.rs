//! The ask of a message: of somebody outside, once.

use super::read::{Asked, Wish};
use super::{Letter, Source};
use crate::domain::ask::{Ask, Confirm, InboxAsk, Intent, Source as Of};
use crate::domain::cause::Via;
use crate::domain::flag::{Flags, Value};
use crate::domain::person::{Issuer, Proof};
use crate::systems::COMMIT;
use crate::text::safe::Safe;
use crate::trigger::Delivery;

/// The ask of a message. Its id follows from what the sender calls the ask, else from the id of the
/// message, which is the same each time it is received.
pub(super) fn ask(from: &Source, letter: &Letter, asked: &Asked) -> InboxAsk {
    let delivery = match &asked.id {
        Some(id) => {
            let named = format!("{} {} {id}", from.name, from.kind);
            Delivery::new(Issuer::Queue, None, named.as_bytes())
        }
        None => Delivery::new(Issuer::Queue, Some(&letter.id), letter.body.as_bytes()),
    };
    let stack = asked.stack.clone();
    let intent = match &asked.wish {
        Wish::Deploy(commit) => {
            let flag = commit.as_ref().zip(COMMIT.parse().ok());
            let flags = flag
                .map(|(commit, name)| (name, Value::Text(Safe::new(commit.as_str()))))
                .into_iter()
                .collect::<Flags>();
            let plain = Intent::deploy(stack, Of::Estate);
            plain.clone().choosing(flags).unwrap_or(plain)
        }
        Wish::Release(name) => Intent::deploy(stack, Of::Release(name.clone())),
        Wish::Setup => Intent::deploy(stack, Of::Estate),
        Wish::Teardown => Intent::teardown(stack),
    };
    let mut reason = format!("{} message of queue {}", from.kind, from.name);
    if let Some(given) = &asked.reason {
        reason = format!("{reason}: {given}");
    }
    InboxAsk {
        id: delivery.ask(&asked.stack),
        via: Via::Queue,
        proof: Proof::Checked {
            source: Issuer::Queue,
            id: Safe::new(&from.name),
            behalf: asked.by.clone(),
        },
        reply: None,
        ask: Ask::Do {
            intent,
            attached: Vec::new(),
            confirm: Confirm {
                reason,
                ..Confirm::default()
            },
            armed: false,
        },
    }
}
