//! The state of one step of a running deployment.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::digest::Digest;
use crate::domain::failure::Failure;
use crate::domain::plan::{Output, Step};
use crate::domain::time::Time;

/// A branch name in the output of a step.
pub type Branch = String;

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Its needs are not finished.
    Blocked,
    /// It may start.
    Ready,
    /// It waits for a person.
    Held,
    /// It runs.
    Active,
    /// It runs, but there is no contact (credentials, network) or nobody can tell.
    Lost,
    /// A failed attempt waits for the next.
    Waiting,
    /// It ended well.
    Done,
    /// It failed for good.
    Failed,
    /// It was not for this case.
    Skipped,
    /// The deployment stopped before it started, or it was cancelled.
    Cancelled,
}

impl StepState {
    /// DONE or SKIPPED.
    #[must_use]
    pub fn is_finished(self) -> bool {
        matches!(self, StepState::Done | StepState::Skipped)
    }

    /// Nothing more happens to it.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(
            self,
            StepState::Done | StepState::Skipped | StepState::Failed | StepState::Cancelled
        )
    }

    /// The word on the screen.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            StepState::Blocked => "BLOCKED",
            StepState::Ready => "READY",
            StepState::Held => "HELD",
            StepState::Active => "ACTIVE",
            StepState::Lost => "LOST",
            StepState::Waiting => "RETRY",
            StepState::Done => "DONE",
            StepState::Failed => "FAILED",
            StepState::Skipped => "SKIPPED",
            StepState::Cancelled => "CANCELLED",
        }
    }
}

/// One step of a running deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepRun {
    /// Where it stands.
    pub state: StepState,
    /// How many attempts were started, those under plans that became void among them: no two
    /// attempts of one step have one number.
    pub attempt: u32,
    /// How many of them were started under plans that became void.
    #[serde(default, skip_serializing_if = "is_none")]
    pub before: u32,
    /// An attempt has ended of which it is not known that it left everything as it was.
    #[serde(default)]
    pub touched: bool,
    /// When the current or last attempt started.
    pub started_at: Option<Time>,
    /// When it ended.
    pub ended_at: Option<Time>,
    /// When this attempt times out; absent while LOST.
    pub deadline: Option<Time>,
    /// How much of the limit was left when contact was lost, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_ms: Option<u64>,
    /// When the next attempt is due.
    pub retry_at: Option<Time>,
    /// What the executor noted in this attempt, durable before its next call.
    pub notes: BTreeMap<String, serde_json::Value>,
    /// What it gave.
    pub output: Option<Output>,
    /// When what it is about was last changed by an attempt that gave nothing, as that itself says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Time>,
    /// The branch in its output.
    pub branch: Option<Branch>,
    /// Why the last attempt failed, or why contact was lost.
    pub failure: Option<Failure>,
    /// Why it was skipped or cancelled.
    pub reason: Option<String>,
    /// The approved subject it was started with.
    pub subject: Option<Digest>,
    /// The subject for which its hold is not needed: condition not met, or covered by the guard of
    /// the ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed: Option<Digest>,
    /// The number of its hold whose decision was carried out, and failed: it decides nothing more.
    #[serde(default, skip_serializing_if = "is_none")]
    pub spent: u32,
    /// A cancel was asked of it while it ran.
    #[serde(default)]
    pub cancelling: bool,
}

impl StepRun {
    /// What its step does, with the id of what it made or found: a step that failed after it made
    /// something noted that.
    #[must_use]
    pub fn does(&self, step: &Step) -> String {
        let given = self.output.as_ref().map(|output| &output.public);
        let id = given
            .or_else(|| self.notes.get("made"))
            .and_then(|of| of["id"].as_str());
        match id {
            Some(id) if !step.title.contains(id) => format!("{} ({id})", step.title),
            _ => step.title.clone(),
        }
    }

    /// Why it is as it is: why it failed or was skipped; of a choice that was made, which way and why, and
    /// which others were open; of what was not done, that it was not.
    #[must_use]
    pub fn why(&self) -> Option<String> {
        let failed = self.failure.as_ref().map(|failure| failure.summary.clone());
        failed
            .or_else(|| self.reason.clone())
            .or_else(|| self.told())
    }

    /// What its output says of a choice, or of what was not done.
    #[must_use]
    pub fn told(&self) -> Option<String> {
        let given = &self.output.as_ref()?.public;
        let text = |of: &serde_json::Value, key: &str| of[key].as_str().map(str::to_owned);
        if let Some(skipped) = text(given, "skipped") {
            return Some(skipped);
        }
        let (branch, why) = (text(given, "branch")?, text(given, "why")?);
        let mut says = vec![format!("{branch}: {why}")];
        let evaluated = &given["evaluated"];
        if let (Some(way), Some(why)) = (text(evaluated, "branch"), text(evaluated, "why")) {
            says.push(format!("the evaluation chose {way}: {why}"));
        }
        if let Some(others) = text(given, "others") {
            says.push(format!("not taken: {others}"));
        }
        Some(says.join("; "))
    }

    /// A step that waits for its needs.
    #[must_use]
    pub fn blocked() -> Self {
        Self {
            state: StepState::Blocked,
            attempt: 0,
            before: 0,
            touched: false,
            started_at: None,
            ended_at: None,
            deadline: None,
            left_ms: None,
            retry_at: None,
            notes: BTreeMap::new(),
            output: None,
            changed_at: None,
            branch: None,
            failure: None,
            reason: None,
            subject: None,
            passed: None,
            spent: 0,
            cancelling: false,
        }
    }

    /// It waits for its needs once more; when and why its last attempt failed is still known.
    pub(super) fn again(&mut self) {
        self.state = StepState::Blocked;
        self.reason = None;
    }

    /// A step that waits for its needs, under a plan that stands for a void one.
    #[must_use]
    pub(super) fn anew(attempts: u32) -> Self {
        Self {
            attempt: attempts,
            before: attempts,
            ..Self::blocked()
        }
    }

    /// How many attempts were started under the plan that stands.
    #[must_use]
    pub fn tries(&self) -> u32 {
        self.attempt - self.before
    }

    /// True when any attempt was ever started.
    #[must_use]
    pub fn ever_started(&self) -> bool {
        self.attempt > self.before
    }

    /// True when what it is about may be another than before: by an attempt that has ended, or by
    /// one that runs.
    #[must_use]
    pub fn may_have_changed(&self) -> bool {
        self.touched || self.is_live()
    }

    /// True when something of this attempt may have been begun outside: whoever carries it out
    /// notes what it does before it does it, and the note of an attempt that is over is refused.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        !self.notes.is_empty()
    }

    /// True while it holds an outside operation.
    #[must_use]
    pub fn is_live(&self) -> bool {
        matches!(self.state, StepState::Active | StepState::Lost)
    }
}

/// For fields that are left out where there is nothing to count.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_none(count: &u32) -> bool {
    *count == 0
}
