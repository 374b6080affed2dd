//! The ask of a message: of somebody outside, once.

use std::sync::Arc;

use super::poll::{Outcome, Post};
use super::read::{Asked, Wish};
use super::{Letter, Source};
use crate::desk::{NotRelayed, Relayed};
use crate::domain::aside::AsideKind;
use crate::domain::ask::{Answer, Ask, InboxAsk, Intent, Source as Of};
use crate::domain::cause::Via;
use crate::domain::ids::StackId;
use crate::domain::instance::AppTold;
use crate::domain::lifecycle::PhaseClass;
use crate::domain::person::{Issuer, Proof};
use crate::domain::refused::Refused;
use crate::text::safe::Safe;
use crate::trigger::ask::{at_commit, outside};
use crate::trigger::{Delivery, follow};

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

impl Post {
    pub(super) async fn ask(
        self: &Arc<Self>,
        source: &Source,
        letter: &Letter,
        asked: &Asked,
    ) -> Outcome {
        if asked.wish == Wish::Setup {
            let world = self.parts.desk.world();
            if !world.loaded {
                return Outcome::Wait("the store was not read yet".to_owned());
            }
            let fold = world.folds.stacks.get(&asked.stack);
            if fold.is_some_and(|fold| fold.last_good.is_some() && fold.class() != PhaseClass::Gone)
            {
                return Outcome::Done("nothing");
            }
        }
        let Some(ask) = ask(source, letter, asked) else {
            return Outcome::Poison("no commit can be asked for".to_owned());
        };
        self.pass_on((source, letter), ask, &asked.stack).await
    }

    /// Passes an ask on. What is refused then is set aside, for a person: nobody else waits for the
    /// answer.
    pub(super) async fn pass_on(
        self: &Arc<Self>,
        (source, letter): (&Source, &Letter),
        ask: InboxAsk,
        stack: &StackId,
    ) -> Outcome {
        let id = ask.id;
        match self.parts.desk.relay(ask).await {
            Ok(Relayed::New) => {
                let (post, source, letter) = (Arc::clone(self), source.clone(), letter.clone());
                let stack = stack.clone();
                tokio::spawn(async move {
                    let (desk, clock) = (post.parts.desk.as_ref(), &post.parts.clock);
                    match follow::answer(desk, clock, id).await {
                        Some(Answer::Refused(why)) => {
                            post.refused(&source, &letter, &stack, &why).await;
                        }
                        Some(Answer::Accepted { says, .. }) => tracing::info!("{stack}: {says}"),
                        Some(Answer::Card { .. }) | None => {}
                    }
                });
                Outcome::Done("asked")
            }
            Ok(Relayed::Known(_)) => Outcome::Done("known"),
            Err(NotRelayed::Later(why)) => Outcome::Wait(why),
            Err(NotRelayed::Refused(why)) => Outcome::Retry(why.to_string()),
        }
    }

    /// What a message asks for was refused by an engine.
    async fn refused(&self, source: &Source, letter: &Letter, stack: &StackId, why: &Refused) {
        tracing::warn!("what a message asks of {stack} is refused: {why}");
        let (kind, why) = (AsideKind::Refused, why.to_string());
        match self.set_aside(source, letter, kind, &why).await {
            Ok(()) => self.states.count(source, "set_aside"),
            Err(why) => tracing::warn!("that it was refused is not kept: {why}"),
        }
    }
}
