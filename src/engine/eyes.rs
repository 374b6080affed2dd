//! The eyes of an engine: each look goes to the eye of its kind; a proof of identity is kept for a minute.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;

use crate::aws::Clients;
use crate::domain::environment::AwsTarget;
use crate::domain::failure::Failure;
use crate::domain::ids::{EnvName, StackId};
use crate::domain::look::{Look, Sight, Subject};
use crate::domain::request::SourceBundle;
use crate::domain::sighting::Seen;
use crate::domain::time::Time;
use crate::observe::{Eye, Follow, LookOn, eyes};
use crate::os::clock::SharedClock;

use super::looks::Eyes;

/// How old a proof may be.
const PROOF: Duration = Duration::from_mins(1);

/// Who we were proven to be, where, and when.
type Proof = (AwsTarget, Time, Seen);

/// The eyes by the kind of what they look at, and the proof of who we are.
pub struct EyesByKind {
    eyes: BTreeMap<&'static str, Arc<dyn Eye>>,
    clients: Arc<Clients>,
    clock: SharedClock,
    /// By environment: an environment that does not answer keeps no other one waiting.
    proofs: std::sync::Mutex<BTreeMap<EnvName, Arc<Mutex<Option<Proof>>>>>,
}

impl EyesByKind {
    /// The eyes of the store with this id.
    #[must_use]
    pub fn new(clients: Arc<Clients>, clock: SharedClock, store: &str) -> Self {
        let eyes = eyes(&clients, &clock, store).into_iter().map(|eye| (eye.kind(), eye)).collect();
        Self { eyes, clients, clock, proofs: std::sync::Mutex::default() }
    }

    fn of(&self, about: &Subject) -> Result<&Arc<dyn Eye>, Failure> {
        self.eyes
            .get(about.kind.as_str())
            .ok_or_else(|| Failure::new(format!("this program has no eye for {}", about.kind)).hint("use the program that deployed it"))
    }
}

impl Eyes for EyesByKind {
    fn reads_files(&self, look: &Look) -> bool {
        self.of(&look.about).is_ok_and(|eye| eye.reads_files())
    }

    fn look<'a>(&'a self, on: &'a LookOn, look: &'a Look, bundle: Option<&'a SourceBundle>) -> BoxFuture<'a, Result<Sight, Failure>> {
        match self.of(&look.about) {
            Ok(eye) => eye.look(on, look, bundle),
            Err(failure) => ready(Err(failure)).boxed(),
        }
    }

    fn follow(&self, stack: &StackId, about: &Subject, since: Time) -> Option<Box<dyn Follow>> {
        self.of(about).ok()?.follow(stack, about, since)
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
