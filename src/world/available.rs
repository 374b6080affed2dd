//! Which intents are possible on a stack now; and where one is not: why, and when it will be. The
//! engine decides again: this only keeps people from asking in vain.

mod open;
mod versions;
mod ways;

use crate::domain::ask::Intent;
use crate::domain::environment::Mode;
use crate::domain::ids::{DeploymentId, StackId};
use crate::domain::stack::{Queued, Stack};
use crate::domain::time::Time;

use super::World;

/// What a person can do to a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Doing {
    /// What the estate's files say now.
    Deploy,
    /// What the last deployment had.
    Redeploy,
    /// The failed deployment again; what is kept of it is its system's rule.
    Retry,
    /// An earlier good release.
    Rollback,
    /// A way out of a broken stack, or a service at zero.
    Unblock,
    /// End what waits or runs.
    Cancel,
    /// Give up on a cancel that does not end.
    Abandon,
    /// Withdraw what is still armed.
    Undo,
    /// Stop the queue.
    Freeze,
    /// Let it go on.
    Thaw,
    /// Remove the stack.
    Teardown,
}

impl Doing {
    /// All of them.
    pub const ALL: [Doing; 11] = [
        Doing::Deploy,
        Doing::Redeploy,
        Doing::Retry,
        Doing::Rollback,
        Doing::Unblock,
        Doing::Cancel,
        Doing::Abandon,
        Doing::Undo,
        Doing::Freeze,
        Doing::Thaw,
        Doing::Teardown,
    ];

    /// True for what stops something and takes nothing from the estate file: it is open also where
    /// that file and the store disagree.
    #[must_use]
    pub fn stops(self) -> bool {
        match self {
            Doing::Cancel | Doing::Abandon | Doing::Undo | Doing::Freeze => true,
            Doing::Deploy
            | Doing::Redeploy
            | Doing::Retry
            | Doing::Rollback
            | Doing::Unblock
            | Doing::Thaw
            | Doing::Teardown => false,
        }
    }

    /// The name of the action and of the shell's verb.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Doing::Deploy => "deploy",
            Doing::Redeploy => "redeploy",
            Doing::Retry => "retry",
            Doing::Rollback => "rollback",
            Doing::Unblock => "unblock",
            Doing::Cancel => "cancel",
            Doing::Abandon => "abandon",
            Doing::Undo => "undo",
            Doing::Freeze => "freeze",
            Doing::Thaw => "thaw",
            Doing::Teardown => "teardown",
        }
    }
}

/// Whether something is possible.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// What.
    pub doing: Doing,
    /// Why not, and when it will be; possible when absent.
    pub refused: Option<NotNow>,
    /// What would be asked, where it is possible and asked as an intent (an undo is not; a freeze
    /// still needs its reason).
    pub intent: Option<Intent>,
    /// What one should know beforehand: "same input: fails again", "waits behind #12".
    pub note: String,
}

/// Why something is not possible now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotNow {
    /// Why.
    pub why: String,
    /// When it will be; empty when no time brings it.
    pub when: String,
    /// Whether it is contact that is missing, with the engine or with what it would look at.
    pub no_contact: bool,
}

impl NotNow {
    fn new(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            when: String::new(),
            no_contact: false,
        }
    }

    fn no_contact(why: impl Into<String>) -> Self {
        Self {
            no_contact: true,
            ..Self::new(why)
        }
    }

    fn when(mut self, when: impl Into<String>) -> Self {
        self.when = when.into();
        self
    }
}

impl World {
    /// Everything that can be done to a stack, each possible or with its reason.
    #[must_use]
    pub fn offers(&self, id: &StackId, now: Time) -> Vec<Offer> {
        Doing::ALL
            .into_iter()
            .map(|doing| self.offer(id, doing, now))
            .collect()
    }

    /// Whether one thing can be done to a stack.
    #[must_use]
    pub fn offer(&self, id: &StackId, doing: Doing, now: Time) -> Offer {
        let stack = self.folds.stack(id);
        let found = match self.closed(id, doing) {
            Some(refused) => Err(refused),
            None => self.open(&stack, doing, now),
        };
        match found {
            Ok((intent, note)) => Offer {
                doing,
                refused: None,
                intent,
                note,
            },
            Err(refused) => Offer {
                doing,
                refused: Some(refused),
                intent: None,
                note: String::new(),
            },
        }
    }

    /// What forbids it whatever the stack is in.
    fn closed(&self, id: &StackId, doing: Doing) -> Option<NotNow> {
        if let Some(why) = self.damage(id) {
            return Some(NotNow::new(why));
        }
        if !doing.stops()
            && let Some(why) = self.differs(&id.env).refuses(&id.env)
        {
            return Some(NotNow::new(why));
        }
        let changes = match doing {
            Doing::Deploy
            | Doing::Redeploy
            | Doing::Retry
            | Doing::Rollback
            | Doing::Unblock
            | Doing::Teardown => true,
            Doing::Cancel | Doing::Abandon | Doing::Undo | Doing::Freeze | Doing::Thaw => false,
        };
        if changes
            && self
                .record(&id.env)
                .is_some_and(|record| record.mode == Mode::Watch)
        {
            return Some(NotNow::new(format!(
                "{} is `mode: watch`: this store only looks",
                id.env
            )));
        }
        if let Some(why) = &self.doubt {
            return Some(NotNow::no_contact(why.to_string()));
        }
        if let Some(why) = self.engine.absent() {
            return Some(NotNow::no_contact(why));
        }
        let stale = self
            .freshness(id)
            .1
            .filter(|_| changes && self.current(id).is_none());
        stale.map(|why| {
            NotNow::no_contact(format!("what is shown of {id} is old: {why}"))
                .when("when it can be looked at again")
        })
    }
}

impl World {
    /// Everything that can still be withdrawn, with its stack, in the order in which it was asked.
    #[must_use]
    pub fn armed(&self, now: Time) -> Vec<(&StackId, &Queued)> {
        let stacks = self.folds.stacks.values();
        let mut all: Vec<(&StackId, &Queued)> = stacks
            .flat_map(|stack| stack.queue.iter().map(move |entry| (&stack.id, entry)))
            .filter(|(_, entry)| entry.not_before.is_some_and(|at| at > now))
            .collect();
        all.sort_by_key(|(_, entry)| entry.no);
        all
    }
}

/// The deployment that can still be withdrawn.
#[must_use]
pub fn armed(stack: &Stack, now: Time) -> Option<DeploymentId> {
    stack
        .queue
        .iter()
        .rev()
        .find(|entry| entry.not_before.is_some_and(|at| at > now))
        .map(|entry| entry.deployment)
}

#[cfg(test)]
mod tests;
