//! Holds: points where a person decides, and what exactly they decide about.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::failure::millis;
use super::ids::HoldId;
use super::label::CardLine;
use super::level::Level;
use super::person::Person;
use super::time::{Time, short};

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldKind {
    /// A service at zero: old release up, new release up, or stay down. Shown above everything;
    /// never expires.
    RestoreService,
    /// The service stands still for a while.
    Downtime,
    /// A whole stack goes.
    Teardown,
    /// Data goes for good, and its stack stays.
    DestroyData,
    /// What a broken stack runs on is repaired, or deleted.
    RecoverStack,
    /// The plan is more dangerous than the one that was seen at the ask.
    ReviewPlan,
    /// A stack is created, or first touched, in a protected environment.
    FirstTouch,
    /// A person does something that no program does, and says what they found.
    Manual,
}

impl HoldKind {
    /// A short name for lists.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            HoldKind::RestoreService => "restore service",
            HoldKind::Downtime => "downtime",
            HoldKind::Teardown => "teardown",
            HoldKind::DestroyData => "destroy data",
            HoldKind::RecoverStack => "recover stack",
            HoldKind::ReviewPlan => "review plan",
            HoldKind::FirstTouch => "first touch",
            HoldKind::Manual => "manual work",
        }
    }
}

/// One way to approve a hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The branch name, for `--choice` and `only_if`.
    pub name: String,
    /// What it does, as a sentence.
    pub does: String,
}

/// What a person decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Approved (with the choice, where the hold offers any) or rejected.
    pub verdict: Verdict,
    /// Who.
    pub by: Person,
    /// When.
    pub at: Time,
    /// What they wrote; the reason of a rejection.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

impl Decision {
    /// For people: `approved (old) by ana at 2026-03-12T14:03:22Z: INC-881`.
    #[must_use]
    pub fn says(&self) -> String {
        let word = self.verdict.word();
        let who = match &self.verdict {
            Verdict::Approved {
                choice: Some(choice),
                ..
            } => format!(" ({choice}) by {}", self.by),
            Verdict::Approved { choice: None, .. } | Verdict::Rejected => {
                format!(" by {}", self.by)
            }
            Verdict::Expired | Verdict::Void => String::new(),
        };
        format!("{word}{who} at {}{}", self.at, self.noted())
    }

    /// What they wrote, behind a colon; nothing where they wrote nothing.
    #[must_use]
    pub fn noted(&self) -> String {
        if self.note.is_empty() {
            String::new()
        } else {
            format!(": {}", self.note)
        }
    }
}

/// Approved or rejected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// For exactly this subject.
    Approved {
        /// What was shown.
        subject: Digest,
        /// The branch chosen, where there are any.
        choice: Option<String>,
    },
    /// Not to be done.
    Rejected,
    /// Nobody decided in time, which rejects.
    Expired,
    /// The deployment ended first, or the subject changed.
    Void,
}

impl Verdict {
    /// What became of the hold.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Approved { .. } => "approved",
            Verdict::Rejected => "rejected",
            Verdict::Expired => "expired",
            Verdict::Void => "void",
        }
    }
}

/// How long a service will stand still, from how long it did here before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// Half took no longer.
    #[serde(with = "millis")]
    pub likely: Duration,
    /// Nine of ten took no longer.
    #[serde(with = "millis")]
    pub bad: Duration,
    /// How many there were.
    pub runs: usize,
}

impl Outage {
    /// For a card: `2:10 likely, 3:00 bad case (14 past runs)`.
    #[must_use]
    pub fn says(&self) -> String {
        let (likely, bad) = (short(self.likely), short(self.bad));
        let bad = if bad == likely {
            String::new()
        } else {
            format!(", {bad} bad case")
        };
        format!(
            "{likely} likely{bad} ({} past run{})",
            self.runs,
            if self.runs == 1 { "" } else { "s" }
        )
    }
}

/// A hold that was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// What is decided.
    pub kind: HoldKind,
    /// The guard of an approval.
    pub level: Level,
    /// What must be typed to approve; empty when nothing. Where there are choices, the name of the
    /// chosen one follows.
    pub phrase: String,
    /// What an approval covers.
    pub subject: Digest,
    /// Ways to approve; empty: approve or reject.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    /// What the card says.
    pub lines: Vec<CardLine>,
    /// How long the service was said to stand still, where this lets it and runs before say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outage: Option<Outage>,
    /// The data whose loss the card names: an approval has seen that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loses: Vec<String>,
    /// When it opened.
    pub opened_at: Time,
    /// When it rejects by itself; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// What was decided; open when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
}

impl Hold {
    /// What must be typed to approve: no word stands for two choices.
    #[must_use]
    pub fn words(&self, choice: Option<&str>) -> String {
        match choice.filter(|_| !self.choices.is_empty()) {
            Some(choice) => format!("{} {choice}", self.phrase).trim_start().to_owned(),
            None => self.phrase.clone(),
        }
    }

    /// True while a person may decide.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.decision.is_none()
    }

    /// True when a person approved it.
    #[must_use]
    pub fn is_approved(&self) -> bool {
        self.decision
            .as_ref()
            .is_some_and(|d| matches!(d.verdict, Verdict::Approved { .. }))
    }

    /// True when it is decided by approval for this subject.
    #[must_use]
    pub fn approves(&self, subject: &Digest) -> bool {
        self.decision.as_ref().is_some_and(
            |d| matches!(&d.verdict, Verdict::Approved { subject: s, .. } if s == subject),
        )
    }

    /// How long until it expires.
    #[must_use]
    pub fn left(&self, now: Time) -> Option<Duration> {
        self.expires_at.map(|at| at.since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_says_what_by_whom_when_and_why() {
        let approved = |choice: Option<&str>| Verdict::Approved {
            subject: Digest::of("test", &serde_json::Value::Null),
            choice: choice.map(str::to_owned),
        };
        let at = Time(1_700_000_000_000);
        let says = |verdict: Verdict, by: Person, note: &str| {
            let note = note.to_owned();
            Decision {
                verdict,
                by,
                at,
                note,
            }
            .says()
        };
        let ana = || Person::Owner("ana".into());
        for (said, expected) in [
            (
                says(approved(Some("old")), ana(), ""),
                "approved (old) by ana at 2023-11-14T22:13:20Z",
            ),
            (
                says(approved(None), ana(), "INC-881"),
                "approved by ana at 2023-11-14T22:13:20Z: INC-881",
            ),
            (
                says(Verdict::Rejected, ana(), "not now"),
                "rejected by ana at 2023-11-14T22:13:20Z: not now",
            ),
            (
                says(Verdict::Expired, Person::Engine, ""),
                "expired at 2023-11-14T22:13:20Z",
            ),
        ] {
            assert_eq!(said, expected);
        }
    }
}
