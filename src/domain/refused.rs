//! Why an ask is not done, and what to do instead.

use serde::{Deserialize, Serialize};

use super::card::Card;
use super::flag::Offered;
use super::ids::StackId;

/// Why not, and what to do instead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{says}{}", if hint.is_empty() { String::new() } else { format!(" ({hint})") })]
pub struct Refused {
    /// A stable short code: `unknown-stack`, `guard`, `stale-preview`, `frozen` …
    pub code: String,
    /// Why not.
    pub says: String,
    /// What to do.
    #[serde(default)]
    pub hint: String,
    /// The card as it is now, where a guard was not met or the subject changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<Box<Card>>,
    /// What may be chosen of what was asked, where there is no plan as it was asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<Offered>,
}

impl Refused {
    /// The code of a refusal because nobody could be reached who would have to be looked at.
    pub const NO_CONTACT: &'static str = "no-contact";
    /// The code of a refusal because there is no plan.
    pub const CANNOT_PLAN: &'static str = "cannot-plan";
    /// The code of an ask that did not reach the store.
    pub const STORE: &'static str = "store";

    /// A refusal.
    #[must_use]
    pub fn new(code: &str, says: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            says: says.into(),
            hint: String::new(),
            card: None,
            flags: Vec::new(),
        }
    }

    /// Nothing is known of a stack: neither the estate file nor the log has it.
    #[must_use]
    pub fn unlisted(stack: &StackId) -> Self {
        Self::new("unknown-stack", format!("the estate file has no {stack}"))
            .hint("`holdpoint ls` lists the stacks")
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Adds what may be chosen otherwise, where there is no plan.
    #[must_use]
    pub fn choosing(mut self, flags: Vec<Offered>) -> Self {
        if self.code == Self::CANNOT_PLAN {
            self.flags = flags;
        }
        self
    }

    /// Adds the card as it is now.
    #[must_use]
    pub fn card(mut self, card: Card) -> Self {
        self.card = Some(Box::new(card));
        self
    }
}
