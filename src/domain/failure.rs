//! Failures as data: they are stored, shown, and read back by newer programs.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::time::Time;
use crate::text::safe::Safe;

/// Why a step, a look or a deployment failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// One line: what failed, on what ("orders-db/DBInstance: storage-full").
    pub summary: String,
    /// The rest, for the details pane; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// What to do next; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hint: String,
    /// Whether trying again can help.
    pub retry: Retry,
    /// What it is about is as it was before: nothing was begun, or all of it was taken back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub as_before: bool,
    /// When what it is about was last changed by that, as that itself says: also what is taken back
    /// leaves a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Time>,
}

/// What the engine does about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// The step has failed.
    Never,
    /// Try again after this long, while the step's retry limit allows.
    After(#[serde(with = "millis")] Duration),
    /// Nobody can tell what happened; a person must look (the step becomes LOST).
    AskAPerson,
    /// No contact or no valid credentials: the step waits as LOST, its timeout stops, and it
    /// resumes by itself.
    Contact,
    /// What the step is about is another than when it was planned, and nothing of it was touched:
    /// whatever was approved is void. Where nothing was changed yet, the plan is made again from
    /// what is there now, and asks again; else the step has failed.
    Replan,
}

impl Failure {
    /// A failure that is final.
    #[must_use]
    pub fn new(summary: impl Into<String>) -> Self {
        Self {
            summary: summary.into(),
            detail: String::new(),
            hint: String::new(),
            retry: Retry::Never,
            as_before: false,
            changed_at: None,
        }
    }

    /// Says when what it is about was last changed by that.
    #[must_use]
    pub fn changed_at(mut self, at: Option<Time>) -> Self {
        self.changed_at = at;
        self
    }

    /// Says that what it is about is as it was before.
    #[must_use]
    pub fn as_before(mut self) -> Self {
        self.as_before = true;
        self
    }

    /// What failed, without the name in front under which it is told: that says it once.
    #[must_use]
    pub fn told_of(&self, name: &str) -> &str {
        self.summary
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix(": "))
            .unwrap_or(&self.summary)
    }

    /// Adds the detail.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// What to do next, and that it goes on by itself then, where it does.
    #[must_use]
    pub fn advice(&self) -> String {
        self.then("it goes on by itself then")
    }

    /// Why, and what to do next, for a screen.
    #[must_use]
    pub fn says(&self) -> Safe {
        let advice = self.advice();
        if advice.is_empty() {
            return Safe::new(&self.summary);
        }
        Safe::new(&format!("{}: {advice}", self.summary))
    }

    /// What to do next by whoever is refused because of it: of a refusal nothing goes on.
    #[must_use]
    pub fn advice_refused(&self) -> String {
        self.then("ask again then")
    }

    fn then(&self, passes: &str) -> String {
        match (self.retry, self.hint.as_str()) {
            (Retry::Never | Retry::AskAPerson | Retry::Replan, hint) => hint.to_owned(),
            (Retry::After(_) | Retry::Contact, "") => passes.to_owned(),
            (Retry::After(_) | Retry::Contact, hint) => format!("{hint}; {passes}"),
        }
    }

    /// Sets whether to try again.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }
}

/// Durations stored as whole milliseconds.
pub mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes milliseconds.
    pub fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(value.as_millis()).unwrap_or(u64::MAX))
    }

    /// Reads milliseconds.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_goes_on_by_itself_and_who_was_refused_asks_again() {
        let of = |retry: Retry, hint: &str| Failure::new("no").hint(hint).retry(retry);
        let login = of(Retry::Contact, "log in");
        assert_eq!(login.advice(), "log in; it goes on by itself then");
        assert_eq!(login.advice_refused(), "log in; ask again then");
        let never = of(Retry::Never, "put the file right");
        assert_eq!(never.advice(), "put the file right");
        assert_eq!(never.advice_refused(), "put the file right");
        let after = of(Retry::After(Duration::from_secs(5)), "");
        assert_eq!(after.advice_refused(), "ask again then");
    }
}
