//! The card: what would happen, at which level, and what must be typed. Made by the engine, shown
//! by everybody.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::class::EnvClass;
use super::digest::Digest;
use super::flag::Offered;
use super::ids::{EnvName, StackId};
use super::label::CardLine;
use super::level::{Level, Verb};
use super::place::Spot;
use super::plan::{ChangeRow, Plan};
use super::time::Time;

/// How long a card may be confirmed.
pub const VALID: Duration = Duration::from_mins(1);

/// What would happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The verb.
    pub verb: Verb,
    /// The environment; the first one where several are concerned.
    pub env: EnvName,
    /// Its class.
    pub class: EnvClass,
    /// Which place it is about, as it is recorded; nowhere for scripts.
    #[serde(default)]
    pub spot: Spot,
    /// The stack, where one is concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<StackId>,
    /// The level.
    pub level: Level,
    /// Why this level.
    pub why: String,
    /// What must be typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phrase: Option<String>,
    /// Whether a reason must be given.
    #[serde(default)]
    pub needs_reason: bool,
    /// What a confirmation covers.
    pub subject: Digest,
    /// What the card says, in the fixed order of labels.
    pub lines: Vec<CardLine>,
    /// What may be chosen of it: another choice makes another card.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<Offered>,
    /// The change rows, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<ChangeRow>>,
    /// The plan, where one is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// When it was made.
    pub made_at: Time,
    /// Until when it may be confirmed.
    pub valid_until: Time,
}
