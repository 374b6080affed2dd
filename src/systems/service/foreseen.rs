//! What a card was told that an update would change; and what is not known of it.

use super::{steps, weight};
use crate::domain::failure::Failure;
use crate::domain::level::Danger;
use crate::domain::look::Sights;
use crate::domain::plan::{ChangeRow, Changes};
use crate::forms::cloudformation::{CHANGES, ChangeFacts, StackFacts, facts};

/// What an update would change, as CloudFormation works it out.
#[derive(Debug, Default)]
pub(super) struct Foreseen {
    /// What it would change; none where that is not known.
    pub(super) rows: Option<Vec<ChangeRow>>,
    /// Nothing at all would change, no output and no tag either.
    pub(super) empty: bool,
    /// Why it is not known, where somebody said so.
    unknown: Option<String>,
}

impl Foreseen {
    /// By what was seen of it.
    pub(super) fn of(name: &str, stack: &StackFacts, seen: &Sights) -> Result<Self, Failure> {
        Ok(match seen.of_kind(CHANGES).map(facts).transpose()? {
            Some(ChangeFacts::Rows { rows }) => Self {
                rows: Some(rows),
                ..Self::default()
            },
            Some(ChangeFacts::Nothing) => Self {
                rows: Some(Vec::new()),
                empty: true,
                unknown: None,
            },
            Some(ChangeFacts::Unknown { why }) => Self {
                unknown: Some(why),
                ..Self::default()
            },
            None => Self {
                unknown: stack
                    .standing()
                    .is_busy()
                    .then(|| format!("{name} is {}", stack.status)),
                ..Self::default()
            },
        })
    }

    /// Why it is not known what changes, as a sentence.
    pub(super) fn doubt(&self) -> Option<String> {
        let why = self.unknown.as_ref()?.trim_end_matches('.');
        Some(format!("What changes cannot be known now: {why}."))
    }

    /// What becomes of data, in sentences.
    pub(super) fn says(&self) -> Vec<String> {
        weight::says(self.rows.as_deref().unwrap_or_default())
    }

    /// How dangerous that is.
    pub(super) fn danger(&self) -> Danger {
        weight::danger(self.rows.as_deref())
    }

    /// The changes of the stack, where they are known.
    pub(super) fn changes(self, name: &str) -> Option<Changes> {
        let rows = self.rows?;
        Some(weight::weighed(steps::about(name), rows))
    }
}
