//! The eyes of an engine over AWS: looks go to the clients of their environment; a proof of identity is kept for a minute.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;

use crate::aws::Clients;
use crate::domain::environment::AwsTarget;
use crate::domain::failure::Failure;
use crate::domain::ids::EnvName;
use crate::domain::look::Look;
use crate::domain::request::SourceBundle;
use crate::domain::sighting::Seen;
use crate::domain::time::Time;
use crate::observe::look;
use crate::os::clock::SharedClock;

use super::looks::{Eyes, LookOn, Sight};

/// How old a proof may be.
const PROOF: Duration = Duration::from_mins(1);

/// Who we were proven to be, where, and when.
type Proof = (AwsTarget, Time, Seen);

/// The eyes over AWS.
pub struct AwsEyes {
    clients: Arc<Clients>,
    clock: SharedClock,
    store: String,
    /// By environment: an environment that does not answer keeps no other one waiting.
    proofs: std::sync::Mutex<BTreeMap<EnvName, Arc<Mutex<Option<Proof>>>>>,
}

impl AwsEyes {
    /// Eyes of the store with this id.
    #[must_use]
    pub fn new(clients: Arc<Clients>, clock: SharedClock, store: String) -> Self {
        Self { clients, clock, store, proofs: std::sync::Mutex::default() }
    }
}

impl Eyes for AwsEyes {
    fn look<'a>(&'a self, on: &'a LookOn, look: &'a Look, bundle: Option<&'a SourceBundle>) -> BoxFuture<'a, Result<Sight, Failure>> {
        async move {
            let target = on.record.aws.as_ref().ok_or_else(|| {
                Failure::new(format!("{} has no `aws:` in the estate file", on.env)).hint("add `aws: { region: … }` and `holdpoint apply`")
            })?;
            let cloud = self.clients.of(target).await?;
            match look {
                Look::Stack { stack_name } => {
                    let resources = on.hint != "settle" && on.hint != "look";
                    look::stack(&cloud, stack_name, resources).await.map(Sight::Stack)
                }
                Look::Changes { input } => {
                    let bundle =
                        bundle.ok_or_else(|| Failure::new("the files of this release are not at hand").hint("deploy from the estate"))?;
                    look::changes(&cloud, &self.clock, &self.store, &on.hint, input, bundle).await.map(Sight::Changes)
                }
            }
        }
        .boxed()
    }

    fn identity<'a>(&'a self, env: &'a EnvName, aws: &'a AwsTarget) -> BoxFuture<'a, Result<Seen, Failure>> {
        async move {
            let proof = Arc::clone(self.proofs.lock().unwrap_or_else(PoisonError::into_inner).entry(env.clone()).or_default());
            // One proof at a time: many steps that start together share it.
            let mut proof = proof.lock().await;
            if let Some((target, at, seen)) = &*proof
                && target == aws
                && self.clock.now().since(*at) < PROOF
            {
                return Ok(seen.clone());
            }
            let seen = self.clients.of(aws).await?.identity().await?;
            *proof = Some((aws.clone(), self.clock.now(), seen.clone()));
            Ok(seen)
        }
        .boxed()
    }
}
