//! A stack as scripts read it: what is the matter, and what can be done.

use serde::Serialize;

use crate::cli::then;
use crate::domain::time::Time;
use crate::world::World;
use crate::world::available::Offer;
use crate::world::verdict::Verdict;

use super::{DeploymentDoc, RowDoc};

#[derive(Debug, Serialize)]
pub(in crate::cli) struct OfferDoc {
    action: &'static str,
    possible: bool,
    why: Option<String>,
    when: Option<String>,
    note: String,
}

impl From<&Offer> for OfferDoc {
    fn from(offer: &Offer) -> Self {
        Self {
            action: offer.doing.name(),
            possible: offer.refused.is_none(),
            why: offer.refused.as_ref().map(|no| no.why.clone()),
            when: offer
                .refused
                .as_ref()
                .map(|no| no.when.clone())
                .filter(|when| !when.is_empty()),
            note: offer.note.clone(),
        }
    }
}

/// A stack that needs a person though no hold is open on it.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct NeedDoc {
    stack: String,
    state: &'static str,
    verdict: String,
    commands: Vec<String>,
}

impl NeedDoc {
    pub(in crate::cli) fn new(world: &World, verdict: &Verdict, now: Time) -> Self {
        Self {
            stack: verdict.stack.to_string(),
            state: verdict.state.word(),
            verdict: verdict.line.clone(),
            commands: commands(world, verdict, now),
        }
    }
}

/// What a person can do, as commands.
pub(in crate::cli) fn commands(world: &World, verdict: &Verdict, now: Time) -> Vec<String> {
    then::commands(world, verdict, now)
        .into_iter()
        .map(|(command, _)| command)
        .collect()
}

#[derive(Debug, Serialize)]
pub(in crate::cli) struct StackDoc {
    #[serde(flatten)]
    pub(in crate::cli) row: RowDoc,
    pub(in crate::cli) verdict: String,
    pub(in crate::cli) because: Option<String>,
    pub(in crate::cli) seen_before: Option<String>,
    pub(in crate::cli) commands: Vec<String>,
    pub(in crate::cli) actions: Vec<OfferDoc>,
    pub(in crate::cli) deployments: Vec<DeploymentDoc>,
}
