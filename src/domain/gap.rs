//! A time that passed by the clock of the machine alone: no engine looked meanwhile, and nothing
//! confirms it. The clock may have been set. What became due in that time waits.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::deployment::{Deployment, DeploymentWant};
use super::environment::Freeze;
use super::folds::{Folds, StackWant};
use super::stack::{Queued, Stack};
use super::time::{Time, short};

/// What two clocks may differ that are right.
pub const SURE: Duration = Duration::from_mins(5);

/// From when to when. It ends before it begins where the clock went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The last time that is sure.
    pub from: Time,
    /// What the clock said when an engine began.
    pub to: Time,
}

impl Gap {
    /// Whether the clock, which went back, has come up again.
    #[must_use]
    pub fn is_made_up(self, now: Time) -> bool {
        self.to < self.from && now >= self.from
    }

    fn has(self, at: Time) -> bool {
        self.from < at && at <= self.to
    }

    /// Whether a want of a deployment became due in it.
    #[must_use]
    pub fn keeps_back(self, d: &Deployment, want: &DeploymentWant) -> bool {
        match want {
            DeploymentWant::Expire(id) => d
                .open_holds()
                .any(|hold| hold.id == *id && hold.expires_at.is_some_and(|at| self.has(at))),
            DeploymentWant::TimeOut(step) => d
                .steps
                .get(step)
                .and_then(|run| run.deadline)
                .is_some_and(|at| self.has(at)),
            DeploymentWant::Await
            | DeploymentWant::Settle
            | DeploymentWant::Plan
            | DeploymentWant::Hold(_)
            | DeploymentWant::Start(_)
            | DeploymentWant::Attend { .. }
            | DeploymentWant::Withdraw(_)
            | DeploymentWant::Stop(_)
            | DeploymentWant::Finish(_) => false,
        }
    }

    /// Whether a want of a stack became possible in it: what was armed, or a freeze, has ended.
    #[must_use]
    pub fn keeps_back_of(self, folds: &Folds, stack: &Stack, want: &StackWant) -> bool {
        match want {
            StackWant::Pop(entry) | StackWant::Look(entry) => {
                self.armed(entry) || self.thawed(folds, stack)
            }
            StackWant::Rest | StackWant::EndQueued(..) | StackWant::Complete(_) => false,
        }
    }

    fn armed(self, entry: &Queued) -> bool {
        entry.not_before.is_some_and(|at| self.has(at))
    }

    fn thawed(self, folds: &Folds, stack: &Stack) -> bool {
        let env = folds.environments.get(&stack.id.env);
        [
            stack.frozen(self.from),
            env.and_then(|env| env.frozen(self.from)),
        ]
        .into_iter()
        .flatten()
        .any(|freeze| self.ends(freeze))
    }

    fn ends(self, freeze: &Freeze) -> bool {
        freeze.until.is_some_and(|until| self.has(until))
    }

    /// Whether it makes a difference: anything became due in it, or the clock went back.
    #[must_use]
    pub fn matters(self, folds: &Folds) -> bool {
        let of_deployment = |d: &Deployment| {
            d.open_holds()
                .any(|hold| hold.expires_at.is_some_and(|at| self.has(at)))
                || d.steps
                    .values()
                    .any(|run| run.deadline.is_some_and(|at| self.has(at)))
        };
        let of_stack = |stack: &Stack| {
            self.thawed(folds, stack) || stack.queue.iter().any(|entry| self.armed(entry))
        };
        self.to < self.from
            || folds
                .deployments
                .values()
                .any(|d| !d.is_over() && of_deployment(d))
            || folds.stacks.values().any(|stack| of_stack(stack))
    }

    /// What that means, and what to do.
    #[must_use]
    pub fn says(self) -> String {
        let Self { from, to } = self;
        if to < from {
            return format!(
                "the clock of this machine is {} behind what is recorded ({to}, and {from} before): what is due waits until it has come up; set the clock right",
                short(from.since(to))
            );
        }
        format!(
            "the clock of this machine went on by {} while no engine ran ({from} to {to}), and nothing confirms that: what became due meanwhile (holds, freezes, limits) waits. AWS confirms it by its next answer; else set the clock right, or, where it is right: holdpoint engine --accept-clock",
            short(to.since(from))
        )
    }
}
