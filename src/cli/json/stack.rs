//! A stack as scripts read it: what is the matter, and what can be done.

use serde::Serialize;

use crate::cli::then;
use crate::domain::ids::StackId;
use crate::domain::look::Sight;
use crate::domain::row::Row;
use crate::domain::time::Time;
use crate::text::safe::Safe;
use crate::world::World;
use crate::world::available::Offer;
use crate::world::beside::Beside;
use crate::world::found::Found;
use crate::world::verdict::Verdict;

use super::{DeploymentDoc, RowDoc, at};

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

/// A fact that a deployment found.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct FoundDoc {
    #[serde(flatten)]
    fact: Row,
    found_at: String,
    deployment: u64,
}

impl From<&Found> for FoundDoc {
    fn from(found: &Found) -> Self {
        Self {
            fact: found.row.clone(),
            found_at: at(found.at),
            deployment: found.by.0,
        }
    }
}

/// The thing that says how a stack stands, as it was seen last.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct SeenDoc {
    called: Safe,
    words: Safe,
    seen_at: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    facts: Vec<Row>,
}

impl SeenDoc {
    pub(in crate::cli) fn of(world: &World, stack: &StackId) -> Option<Self> {
        let thing = world.thing(stack)?;
        Some(Self::new(thing.sight, thing.taken_at))
    }

    fn new(sight: &Sight, taken_at: Time) -> Self {
        Self {
            called: sight.called.clone(),
            words: sight.words.clone(),
            seen_at: at(taken_at),
            facts: sight.rows.clone(),
        }
    }
}

/// What its page shows beside that, as it was seen last.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct BesideDoc {
    kind: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<SeenDoc>,
    /// Why the newest look failed, if it did.
    stale: Option<Safe>,
}

impl BesideDoc {
    pub(in crate::cli) fn all(world: &World, stack: &StackId) -> Vec<Self> {
        let doc = |one: Beside<'_>| Self {
            kind: one.look.about.kind.clone(),
            name: one.look.about.name.clone(),
            seen: one
                .seen
                .map(|(sight, taken_at)| SeenDoc::new(sight, taken_at)),
            stale: one.stale.cloned(),
        };
        world.beside(stack).map(doc).collect()
    }
}

#[derive(Debug, Serialize)]
pub(in crate::cli) struct StackDoc {
    #[serde(flatten)]
    pub(in crate::cli) row: RowDoc,
    /// What was seen of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) seen: Option<SeenDoc>,
    /// What was seen beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::cli) beside: Vec<BesideDoc>,
    /// What the file says of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::cli) facts: Vec<Row>,
    /// What deployments found of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::cli) found: Vec<FoundDoc>,
    /// What is known of such failures, and what to do.
    pub(in crate::cli) known: Option<String>,
    /// The deployment whose release is in service.
    pub(in crate::cli) in_service: Option<u64>,
    pub(in crate::cli) verdict: String,
    pub(in crate::cli) because: Option<String>,
    pub(in crate::cli) seen_before: Option<String>,
    pub(in crate::cli) commands: Vec<String>,
    pub(in crate::cli) actions: Vec<OfferDoc>,
    pub(in crate::cli) deployments: Vec<DeploymentDoc>,
}
