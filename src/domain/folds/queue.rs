//! What a stack wants at a given time: to start the next deployment, to complete the current one,
//! to rest.

use crate::domain::end::End;
use crate::domain::environment::Mode;
use crate::domain::ids::DeploymentId;
use crate::domain::lifecycle::{PhaseClass, PhaseFlag};
use crate::domain::purpose::Purpose;
use crate::domain::time::Time;
use crate::domain::wants::Wants;

use crate::domain::stack::{Queued, Stack};

use super::Folds;

/// One thing that a stack wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StackWant {
    /// Look whether it exists: its first deployment may start.
    Look(Queued),
    /// Start this one.
    Pop(Queued),
    /// Nothing may start now: what is only passed through comes to rest.
    Rest,
    /// The current deployment is over.
    Complete(DeploymentId),
    /// A waiting deployment can never start: why.
    EndQueued(DeploymentId, String),
}

/// Why the head of a queue does not start now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waits {
    /// Its undo window is open until then.
    Armed(Time),
    /// The stack or its environment is frozen; until then, or until a person thaws it.
    Frozen(Option<Time>),
    /// Its environment is only watched, since it was asked for.
    Watched,
    /// A deployment that it needs is not over.
    After(DeploymentId),
    /// One that it needs did not end well: it will never start.
    Never(DeploymentId),
}

impl Stack {
    /// What it wants at `now`; `folds` are the environment and deployments around it.
    #[must_use]
    pub fn wants(&self, now: Time, folds: &Folds) -> Wants<StackWant> {
        let mut wants = Wants::default();
        if let Some(current) = self.current {
            if folds
                .deployments
                .get(&current)
                .is_some_and(|deployment| deployment.is_over())
            {
                wants.now.push(StackWant::Complete(current));
            }
            return wants;
        }
        for entry in &self.queue {
            if let Some(Waits::Never(need)) = self.waits(entry, now, folds) {
                let needed = folds.deployments.get(&need);
                let ended = match needed.and_then(|deployment| deployment.end.as_ref()) {
                    Some(End::Terminated { .. }) => "was cancelled",
                    Some(End::Partial { .. }) => "came through in part",
                    Some(End::Done | End::Failed { .. }) | None => "failed",
                };
                let name = needed
                    .and_then(|deployment| deployment.stack().map(ToString::to_string))
                    .unwrap_or_else(|| "a deployment".to_owned());
                wants.now.push(StackWant::EndQueued(
                    entry.deployment,
                    format!("needs {name}, which {ended}"),
                ));
            }
        }
        let Some(head) = self.queue.first() else {
            if self.takes("queue_empty") {
                wants.now.push(StackWant::Rest);
            }
            return wants;
        };
        match self.waits(head, now, folds) {
            None => self.start(head, &mut wants),
            Some(reason) => {
                match reason {
                    Waits::Armed(at) | Waits::Frozen(Some(at)) => wants.wake_at(at),
                    Waits::Frozen(None) | Waits::Watched | Waits::After(_) | Waits::Never(_) => {}
                }
                if self.takes("idle") {
                    wants.now.push(StackWant::Rest);
                }
            }
        }
        wants
    }

    /// Why this entry may not start now; its place in the queue is not looked at.
    #[must_use]
    pub fn waits(&self, entry: &Queued, now: Time, folds: &Folds) -> Option<Waits> {
        let mut open = None;
        for need in &entry.after {
            match folds
                .deployments
                .get(need)
                .and_then(|deployment| deployment.end.as_ref())
            {
                Some(End::Done) => {}
                Some(End::Partial { .. } | End::Failed { .. } | End::Terminated { .. }) => {
                    return Some(Waits::Never(*need));
                }
                None => open = open.or(Some(*need)),
            }
        }
        if let Some(need) = open {
            return Some(Waits::After(need));
        }
        if let Some(at) = entry.not_before.filter(|at| *at > now) {
            return Some(Waits::Armed(at));
        }
        let env = folds.environments.get(&self.id.env);
        if env
            .and_then(|env| env.record.as_ref())
            .is_some_and(|record| record.mode == Mode::Watch)
        {
            return Some(Waits::Watched);
        }
        let freezes = [self.frozen(now), env.and_then(|env| env.frozen(now))];
        // A recovery or a teardown that a person asked for by name is stopped by a freeze as well:
        // thawing is one card away.
        freezes
            .into_iter()
            .flatten()
            .map(|freeze| Waits::Frozen(freeze.until))
            .next()
    }

    fn start(&self, head: &Queued, wants: &mut Wants<StackWant>) {
        let teardown = head.purpose == Purpose::Teardown;
        let on = if teardown {
            "teardown_popped"
        } else {
            "popped"
        };
        if self.is(PhaseFlag::LookFirst) {
            wants.now.push(StackWant::Look(head.clone()));
        } else if self.takes(on) {
            wants.now.push(StackWant::Pop(head.clone()));
        } else if self.class() == PhaseClass::Gone && teardown {
            wants.now.push(StackWant::EndQueued(
                head.deployment,
                "there is nothing to tear down".to_owned(),
            ));
        }
        // A stack that needs to be unblocked starts nothing but a teardown.
    }
}
