//! The eyes on CloudFormation: stacks as they are and as they go on, and what an update would
//! change.

mod contents;
pub mod events;
mod followed;
pub mod look;
pub mod serve;

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Deserialize as _;

use self::events::Follower;
use super::{Eye, Follow, LookOn, ecs};
use crate::aws::Clients;
use crate::domain::failure::Failure;
use crate::domain::ids::StackId;
use crate::domain::look::{Look, Sight, Subject};
use crate::domain::request::SourceBundle;
use crate::domain::time::Time;
use crate::forms::cloudformation::{CHANGES, CfnInput, STACK};
use crate::os::clock::SharedClock;

/// Looks at stacks.
pub(super) struct Stacks {
    clients: Arc<Clients>,
}

impl Stacks {
    pub(super) fn new(clients: Arc<Clients>) -> Self {
        Self { clients }
    }
}

impl Eye for Stacks {
    fn kind(&self) -> &'static str {
        STACK
    }

    fn look<'a>(
        &'a self,
        on: &'a LookOn,
        look: &'a Look,
        _bundle: Option<&'a SourceBundle>,
    ) -> BoxFuture<'a, Result<Sight, Failure>> {
        async move {
            let cloud = on.cloud(&self.clients, &look.about).await?;
            Ok(look::stack(&cloud, &look.about.name, look.whole)
                .await?
                .sight(&look.about.name))
        }
        .boxed()
    }

    fn follow(&self, stack: &StackId, about: &Subject, since: Time) -> Option<Box<dyn Follow>> {
        Some(Box::new(followed::Followed::new(
            Arc::clone(&self.clients),
            about.clone(),
            Follower::new(stack.clone(), &about.name, since),
            ecs::Services::new(stack.clone(), since),
        )))
    }
}

/// Looks at what an update would change.
pub(super) struct ChangeSets {
    clients: Arc<Clients>,
    clock: SharedClock,
    store: String,
}

impl ChangeSets {
    pub(super) fn new(clients: Arc<Clients>, clock: SharedClock, store: String) -> Self {
        Self {
            clients,
            clock,
            store,
        }
    }
}

impl Eye for ChangeSets {
    fn kind(&self) -> &'static str {
        CHANGES
    }

    fn reads_files(&self) -> bool {
        true
    }

    fn look<'a>(
        &'a self,
        on: &'a LookOn,
        look: &'a Look,
        bundle: Option<&'a SourceBundle>,
    ) -> BoxFuture<'a, Result<Sight, Failure>> {
        async move {
            let cloud = on.cloud(&self.clients, &look.about).await?;
            let bundle = bundle.ok_or_else(|| {
                Failure::new("the files of this release are not at hand")
                    .hint("deploy from the estate")
            })?;
            let input = CfnInput::deserialize(&look.with).map_err(|why| {
                Failure::new(format!(
                    "what {} is made from cannot be read: {why}",
                    look.about.name
                ))
            })?;
            let place = on.aws(&look.about)?;
            let (clock, store, token) = (&self.clock, &self.store, &on.token);
            let changes = look::changes(&cloud, clock, store, token, &input, bundle, place);
            Ok(changes.await?.sight(&look.about.name))
        }
        .boxed()
    }
}
