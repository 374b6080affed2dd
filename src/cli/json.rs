//! The JSON that scripts read. These forms are stable: fields are added, never renamed or removed
//! (docs/json.md).

mod deployment;
mod services;
mod stack;

use services::ServiceDoc;

pub(super) use deployment::{DeploymentDoc, DeploymentPage};
pub(super) use stack::{BesideDoc, FoundDoc, NeedDoc, OfferDoc, SeenDoc, StackDoc, commands};

use std::collections::BTreeMap;

use serde::Serialize;

use super::show::advice;
use crate::domain::card::Card;
use crate::domain::class::EnvClass;
use crate::domain::deployment::{Deployment, StepRun};
use crate::domain::label::CardLine;
use crate::domain::place::Spot;
use crate::domain::plan::{ChangeRow, Plan};
use crate::domain::time::Time;
use crate::world::differs::Differs;
use crate::world::holds::HoldView;
use crate::world::rows::{EnvView, Row};
use crate::world::{DiskFull, EngineState};

/// A class as the estate file says it.
fn class(class: EnvClass) -> &'static str {
    match class {
        EnvClass::Production => "production",
        EnvClass::Staging => "staging",
        EnvClass::Development => "development",
        EnvClass::Branch => "branch",
    }
}

/// A time as text.
pub(super) fn at(time: Time) -> String {
    time.to_string()
}

#[derive(Debug, Serialize)]
pub(super) struct LsDoc {
    pub(super) engine: EngineDoc,
    /// Only where nobody may write to it: why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) store: Option<String>,
    /// Only where it is full.
    pub(super) disk: Option<DiskDoc>,
    /// Only while the clock is in doubt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) clock: Option<String>,
    pub(super) environments: Vec<EnvDoc>,
}

#[derive(Debug, Serialize)]
pub(super) struct EngineDoc {
    state: &'static str,
    says: String,
}

impl From<&EngineState> for EngineDoc {
    fn from(seen: &EngineState) -> Self {
        let state = match seen {
            EngineState::Unknown => "unknown",
            EngineState::None(_) => "none",
            EngineState::Starting => "starting",
            EngineState::Live { .. } => "live",
            EngineState::Silent { .. } => "silent",
            EngineState::Draining { .. } => "draining",
        };
        Self {
            state,
            says: seen.says(),
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct DiskDoc {
    full_since: String,
    says: String,
}

impl From<&DiskFull> for DiskDoc {
    fn from(disk: &DiskFull) -> Self {
        Self {
            full_since: at(disk.since),
            says: disk.says(),
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct EnvDoc {
    name: String,
    class: String,
    place: Option<PlaceDoc>,
    proven: bool,
    practice: bool,
    frozen: Option<FreezeDoc>,
    /// That what is read there is throttled.
    throttled: Option<ThrottledDoc>,
    differs: Vec<String>,
    stacks: Vec<RowDoc>,
}

/// A place as its kind calls it: `{"account": "441200007731", "region": "eu-west-1"}`.
type PlaceDoc = BTreeMap<String, Option<String>>;

fn place(spot: &Spot) -> Option<PlaceDoc> {
    let facts = [&spot.whose, &spot.within];
    let named = facts.iter().filter(|fact| !fact.what.is_empty());
    let doc: PlaceDoc = named
        .map(|fact| (fact.what.clone(), fact.is.clone()))
        .collect();
    Some(doc).filter(|doc| !doc.is_empty())
}

#[derive(Debug, Serialize)]
struct ThrottledDoc {
    by: String,
    since: String,
    every_ms: u64,
    says: String,
}

#[derive(Debug, Serialize)]
struct FreezeDoc {
    reason: String,
    by: String,
    since: String,
    until: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct RowDoc {
    stack: String,
    state: &'static str,
    needs_person: bool,
    running: Option<u32>,
    desired: Option<u32>,
    services: Vec<ServiceDoc>,
    counted_at: Option<String>,
    release: String,
    changed_elsewhere_at: Option<String>,
    since: Option<String>,
    seen_at: Option<String>,
    stale: Option<String>,
    deployment: Option<u64>,
    by: Option<String>,
    step: Option<String>,
    waiting: usize,
    why: Option<String>,
}

impl From<&EnvView> for EnvDoc {
    fn from(env: &EnvView) -> Self {
        Self {
            name: env.name.to_string(),
            class: class(env.class).to_owned(),
            place: place(&env.spot),
            proven: env.proven,
            practice: env.practice,
            frozen: env.freeze.as_ref().map(|freeze| FreezeDoc {
                reason: freeze.reason.clone(),
                by: freeze.by.to_string(),
                since: at(freeze.at),
                until: freeze.until.map(at),
            }),
            throttled: env.throttled.as_ref().map(|throttled| ThrottledDoc {
                by: throttled.by.clone(),
                since: at(throttled.pace.since),
                every_ms: throttled.pace.every_ms,
                says: throttled.with_what_is_done(),
            }),
            differs: match &env.differs {
                Differs::Same => Vec::new(),
                Differs::New => vec!["not recorded yet".to_owned()],
                Differs::NotInFile => vec!["not in the estate file".to_owned()],
                Differs::Different(what) => what.clone(),
            },
            stacks: env.rows.iter().map(RowDoc::from).collect(),
        }
    }
}

impl From<&Row> for RowDoc {
    fn from(row: &Row) -> Self {
        Self {
            stack: row.stack.to_string(),
            state: row.state.word(),
            needs_person: row.needs_me,
            running: row.serve.map(|(running, _)| running),
            desired: row.serve.map(|(_, desired)| desired),
            services: row.serves.services.iter().map(ServiceDoc::from).collect(),
            counted_at: row.serves.counted_at.map(at),
            release: row.release(),
            changed_elsewhere_at: row.elsewhere.map(at),
            since: row.since.map(at),
            seen_at: row.seen_at.map(at),
            stale: row.stale.clone(),
            deployment: row.deployment.map(|(_, no)| no.0),
            by: row.by.clone(),
            step: row.step.as_ref().map(|at| at.id.to_string()),
            waiting: row.waiting,
            why: row.why.clone(),
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct CardDoc {
    verb: &'static str,
    environment: String,
    class: String,
    place: Option<PlaceDoc>,
    stack: Option<String>,
    level: u8,
    why: String,
    /// What `--confirm` must be; null when nothing must be typed.
    confirm: Option<String>,
    needs_reason: bool,
    /// What `--subject` must be.
    subject: String,
    lines: Vec<CardLine>,
    changes: Option<Vec<ChangeRow>>,
    steps: Vec<StepDoc>,
    valid_until: String,
}

#[derive(Debug, Serialize)]
pub(super) struct StepDoc {
    id: String,
    title: String,
    kind: String,
    after: Vec<String>,
    only_if: Option<String>,
    hold: Option<&'static str>,
    state: Option<&'static str>,
    started_at: Option<String>,
    ended_at: Option<String>,
    why: Option<String>,
    /// What to do next about a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl From<&Card> for CardDoc {
    fn from(card: &Card) -> Self {
        Self {
            verb: card.verb.word(),
            environment: card.env.to_string(),
            class: class(card.class).to_owned(),
            place: place(&card.spot),
            stack: card.stack.as_ref().map(ToString::to_string),
            level: card.level.into(),
            why: card.why.clone(),
            confirm: card.phrase.clone(),
            needs_reason: card.needs_reason,
            subject: card.subject.to_string(),
            lines: card.lines.clone(),
            changes: card.rows.clone(),
            steps: card
                .plan
                .as_ref()
                .map(|plan| steps(plan, None))
                .unwrap_or_default(),
            valid_until: at(card.valid_until),
        }
    }
}

fn steps(plan: &Plan, of: Option<&Deployment>) -> Vec<StepDoc> {
    plan.steps
        .iter()
        .map(|step| {
            let run = of.and_then(|d| d.steps.get(&step.id));
            StepDoc {
                id: step.id.to_string(),
                title: step.title.clone(),
                kind: step.kind.as_str().to_owned(),
                after: step.after.iter().map(ToString::to_string).collect(),
                only_if: step
                    .only_if
                    .as_ref()
                    .map(|(chooser, branch)| format!("{chooser}={branch}")),
                hold: step.hold.as_ref().map(|rule| rule.kind.word()),
                state: run.map(|run| run.state.word()),
                started_at: run.and_then(|run| run.started_at).map(at),
                ended_at: run.and_then(|run| run.ended_at).map(at),
                why: run.and_then(StepRun::why),
                hint: of
                    .zip(run.and_then(|run| run.failure.as_ref()))
                    .map(|(d, failure)| advice(d, failure))
                    .filter(|advice| !advice.is_empty()),
            }
        })
        .collect()
}

#[derive(Debug, Serialize)]
pub(super) struct HoldDoc {
    hold: String,
    kind: &'static str,
    stack: String,
    deployment: u64,
    step: String,
    level: u8,
    confirm: String,
    subject: String,
    choices: Vec<String>,
    lines: Vec<CardLine>,
    /// What would change, where that is decided and known.
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Vec<ChangeRow>>,
    asked_by: String,
    opened_at: String,
    expires_at: Option<String>,
}

impl From<&HoldView<'_>> for HoldDoc {
    fn from(view: &HoldView<'_>) -> Self {
        Self {
            hold: view.hold.id.to_string(),
            kind: view.hold.kind.word(),
            stack: view.stack.to_string(),
            deployment: view.hold.id.no.0,
            step: view.hold.id.step.to_string(),
            level: view.hold.level.into(),
            confirm: view.hold.phrase.clone(),
            subject: view.hold.subject.to_string(),
            choices: view
                .hold
                .choices
                .iter()
                .map(|choice| choice.name.clone())
                .collect(),
            lines: view.hold.lines.clone(),
            changes: view.rows(),
            asked_by: view.asked_by.clone(),
            opened_at: at(view.hold.opened_at),
            expires_at: view.hold.expires_at.map(at),
        }
    }
}

/// What must be read before it is confirmed.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum ShownDoc {
    /// The card of an intent.
    Card(Box<CardDoc>),
    /// A hold.
    Hold(Box<HoldDoc>),
}

impl From<&Card> for ShownDoc {
    fn from(card: &Card) -> Self {
        Self::Card(Box::new(CardDoc::from(card)))
    }
}

/// What became of an ask.
#[derive(Debug, Default, Serialize)]
pub(super) struct AskedDoc {
    /// `accepted`, `confirm`, `refused`, `done`, `failed`, `held`, `ended`, `lost`.
    pub(super) outcome: &'static str,
    pub(super) says: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) card: Option<ShownDoc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) command: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) deployments: Vec<DeploymentDoc>,
    pub(super) exit: u8,
}
