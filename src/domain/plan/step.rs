//! One step of a plan, as data, and how it is put together.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::failure::millis;
use crate::domain::hold::{Choice, HoldKind};
use crate::domain::ids::StepId;
use crate::domain::look::Subject;
use crate::domain::place::PlaceName;

use super::mark::{Mark, When};
use super::{Counts, Role, StepKind, Task};

/// When a finaliser runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finaliser {
    /// At every end.
    Always,
    /// Only when the deployment ends badly after one of the steps that it names in `after` had
    /// started, and left something.
    BadEnd,
}

/// What is in service once a step is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leaves {
    /// The release of the deployment.
    New,
    /// What served before the deployment.
    Old,
    /// Nothing.
    Nothing,
}

/// What is done about a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryRule {
    /// Attempts in all, 1 or more.
    pub attempts: u32,
}

/// A condition on the output of an earlier step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldWhen {
    /// Always.
    Always,
    /// Only when the value at `pointer` in the public output of `step` equals `equals`.
    Output {
        /// The step, which must be among the needs.
        step: StepId,
        /// JSON pointer into its public output.
        pointer: String,
        /// The value that opens the hold.
        equals: Value,
    },
}

/// A point in a plan where a person decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldRule {
    /// What is decided.
    pub kind: HoldKind,
    /// When it opens.
    pub when: HoldWhen,
    /// Ways to approve, each a branch for `only_if`; empty: approve or reject.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    /// Never expires.
    #[serde(default)]
    pub never_expires: bool,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its id within the plan.
    pub id: StepId,
    /// A short title for people.
    pub title: String,
    /// What carries it out.
    pub kind: StepKind,
    /// Parameters; `{"from": "<step>", "output": "<json pointer>"}` anywhere inside takes an
    /// earlier step's public output.
    pub params: Value,
    /// Where it acts, where that is not where the thing is that it acts on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<PlaceName>,
    /// The steps that must be finished before.
    #[serde(default)]
    pub after: Vec<StepId>,
    /// Runs only when that step's output has this branch; else it is SKIPPED.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_if: Option<(StepId, String)>,
    /// A person decides before it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldRule>,
    /// Longest time for one attempt, without the time of its hold.
    #[serde(with = "millis")]
    pub timeout: Duration,
    /// Whoever carries it out ends it at its limit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ends_at_limit: bool,
    /// What is done about failures.
    pub retry: RetryRule,
    /// Whether it is a finaliser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finaliser: Option<Finaliser>,
    /// What it is for.
    pub role: Role,
    /// The real thing that it acts on; absent where only its executor knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<Subject>,
    /// To how many tasks it brings what it is about.
    #[serde(default, skip_serializing_if = "Counts::is_empty")]
    pub counts: Counts,
    /// The command with which a person sees what goes on outside, where nobody here can; empty
    /// where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by_hand: String,
    /// How it can be taken back, as a clause for cards; empty where that is not known, or never.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub undo: String,
    /// What is in service once it is done; absent where it changes nothing of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaves: Option<Leaves>,
    /// The mark at which it moves its stack's phase, where the table has such an edge from where
    /// the stack stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reaches: Option<(When, Mark)>,
    /// The tasks that it is part of, where its system has names of its own for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<Task>,
}

/// The longest time for one attempt of a step that says nothing of it.
const LIMIT: Duration = Duration::from_hours(1);

/// How long what is ended at its limit may take to be over.
const ENDING: Duration = Duration::from_secs(30);

impl Step {
    /// A step with what most have; the rest is chained on.
    #[must_use]
    pub fn new(
        role: Role,
        id: impl Into<StepId>,
        title: impl Into<String>,
        kind: impl Into<StepKind>,
        params: Value,
    ) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            kind: kind.into(),
            params,
            place: None,
            after: Vec::new(),
            only_if: None,
            hold: None,
            timeout: LIMIT,
            ends_at_limit: false,
            retry: RetryRule { attempts: 1 },
            finaliser: None,
            role,
            about: None,
            counts: Counts::default(),
            by_hand: String::new(),
            undo: String::new(),
            leaves: None,
            reaches: None,
            tasks: Vec::new(),
        }
    }

    /// Whether it can change anything that somebody uses.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.role.changes()
    }

    /// Whether it takes counts down or up.
    #[must_use]
    pub fn scales(&self) -> bool {
        self.role.scales()
    }

    /// It acts on this.
    #[must_use]
    pub fn about(mut self, what: Subject) -> Self {
        self.about = Some(what);
        self
    }

    /// The place where it acts: the one that it names, else that of the thing that it acts on; none
    /// is the home.
    #[must_use]
    pub fn acts_at(&self) -> Option<&PlaceName> {
        self.place
            .as_ref()
            .or_else(|| self.about.as_ref()?.place.as_ref())
    }

    /// At a place of its environment.
    #[must_use]
    pub fn at(mut self, place: &str) -> Self {
        self.place = Some(place.into());
        self
    }

    /// After these.
    #[must_use]
    pub fn after(mut self, needs: &[&str]) -> Self {
        self.after = needs.iter().map(|id| StepId::from(*id)).collect();
        self
    }

    /// Only on a branch of an earlier step.
    #[must_use]
    pub fn only(mut self, chooser: &str, branch: &str) -> Self {
        self.only_if = Some((chooser.into(), branch.to_owned()));
        self
    }

    /// A person decides before it.
    #[must_use]
    pub fn hold(mut self, hold: Option<HoldRule>) -> Self {
        self.hold = hold;
        self
    }

    /// With another limit for one attempt.
    #[must_use]
    pub fn within(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// With another limit for one attempt, at which whoever carries it out ends it.
    #[must_use]
    pub fn ended_within(mut self, timeout: Duration) -> Self {
        self.ends_at_limit = true;
        self.within(timeout)
    }

    /// How long after its start it is given up, where nobody has told its end.
    #[must_use]
    pub fn given_up_after(&self) -> Duration {
        if self.ends_at_limit {
            self.timeout + ENDING
        } else {
            self.timeout
        }
    }

    /// A failed look may be repeated; a failed change hardly ever.
    #[must_use]
    pub fn tries(mut self, attempts: u32) -> Self {
        self.retry = RetryRule { attempts };
        self
    }

    /// A finaliser for bad ends.
    #[must_use]
    pub fn at_bad_end(mut self) -> Self {
        self.finaliser = Some(Finaliser::BadEnd);
        self
    }

    /// A finaliser for every end.
    #[must_use]
    pub fn finally(mut self) -> Self {
        self.finaliser = Some(Finaliser::Always);
        self
    }

    /// It changes what is in service.
    #[must_use]
    pub fn leaving(mut self, leaves: Leaves) -> Self {
        self.leaves = Some(leaves);
        self
    }

    /// It brings what it is about to so many tasks.
    #[must_use]
    pub fn to(mut self, counts: Counts) -> Self {
        self.counts = counts;
        self
    }

    /// It can be taken back like this.
    #[must_use]
    pub fn undo(mut self, how: impl Into<String>) -> Self {
        self.undo = how.into();
        self
    }

    /// It is part of these tasks.
    #[must_use]
    pub fn tasks(mut self, tasks: impl IntoIterator<Item = Task>) -> Self {
        self.tasks = tasks.into_iter().collect();
        self
    }

    /// It moves the phase of its stack.
    #[must_use]
    pub fn reaching(mut self, when: When, mark: &str) -> Self {
        self.reaches = Some((when, Mark(mark.to_owned())));
        self
    }
}

impl HoldRule {
    /// A hold that always opens.
    #[must_use]
    pub fn always(kind: HoldKind) -> Self {
        Self {
            kind,
            when: HoldWhen::Always,
            choices: Vec::new(),
            never_expires: false,
        }
    }

    /// A hold that opens only when an earlier step's output says so.
    #[must_use]
    pub fn when(kind: HoldKind, step: &str, pointer: &str, equals: bool) -> Self {
        let when = HoldWhen::Output {
            step: step.into(),
            pointer: pointer.to_owned(),
            equals: Value::Bool(equals),
        };
        Self {
            when,
            ..Self::always(kind)
        }
    }
}
