//! What of the store's work is this engine's: the leases that it holds, and what others wrote,
//! which it folds before it decides.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::domain::ask::Ask;
use crate::domain::event::Stored;
use crate::domain::folds::Folds;
use crate::domain::grant::Machine;
use crate::domain::ids::{AskId, DeploymentId, StackId};
use crate::domain::stack::Stack;
use crate::domain::time::Time;
use crate::store::{Lease, NO_END, Scope, StoreError};

use super::clerk::concerned;
use super::recall;
use super::{Engine, EngineError, Msg};

/// What an engine takes of a store's work.
#[derive(Clone)]
pub enum Share {
    /// All of it, for as long as it lives: the store's lock elects one engine.
    All,
    /// The stacks that it can serve, by leases that it extends: others serve the rest, and take
    /// over what it leaves.
    Leased {
        /// How long a lease lasts after its engine was last heard of.
        length: Duration,
        /// Which stacks it can serve.
        serves: Arc<dyn Fn(&StackId) -> bool + Send + Sync>,
    },
}

/// The leases of an engine.
#[derive(Debug, Default)]
pub(super) struct Own {
    pub leases: Vec<Lease>,
    /// Up to where in the log it has read.
    pub mark: u64,
    /// When they are extended next.
    extend_at: Option<Time>,
    /// What others have of that which it could do, and when to try again.
    theirs: Vec<Scope>,
    again: Option<Time>,
}

impl Own {
    /// Nothing yet, with the log read up to there.
    pub(super) fn read_to(mark: u64) -> Self {
        Self {
            mark,
            ..Self::default()
        }
    }

    fn has(&self, scope: &Scope) -> bool {
        self.leases
            .iter()
            .any(|lease| lease.scope == Scope::All || lease.scope == *scope)
    }

    fn drives(&self, folds: &Folds, id: DeploymentId) -> bool {
        let stack = || folds.deployments.get(&id).and_then(|d| d.stack());
        self.has(&Scope::All) || stack().is_some_and(|stack| self.has(&Scope::Stack(stack.clone())))
    }

    /// When something is to be done about them.
    pub(super) fn wake(&self) -> Option<Time> {
        [self.extend_at, self.again].into_iter().flatten().min()
    }
}

/// How often an engine asks for what another has: it may have been given back.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// How many events are read at once.
const PAGE: usize = 1_000;

impl Engine {
    /// Sees to it that what this engine can do is its own, and that its folds have what others
    /// wrote. False while the store does not answer: then nothing may be decided.
    ///
    /// # Errors
    /// When the store is damaged, or another engine was elected.
    pub(super) async fn hold_work(&mut self) -> Result<bool, EngineError> {
        // What is decided already goes first: events of others are folded onto what is written.
        if self.shares().is_some() {
            self.commit().await?;
        }
        match self.take_work().await {
            Ok(()) => Ok(true),
            Err(why) if why.passes() => {
                if matches!(why, StoreError::Full(_)) {
                    self.no_room.store(true, Ordering::Relaxed);
                }
                Ok(false)
            }
            Err(why) => Err(why.into()),
        }
    }

    async fn take_work(&mut self) -> Result<(), StoreError> {
        let Some(length) = self.shares() else {
            if self.own.leases.is_empty() {
                // Nobody else takes any of it, so that nothing need be extended, and nothing of
                // others read.
                self.own.leases = self
                    .parts
                    .store
                    .take(self.id, &[Scope::All], NO_END)
                    .await?
                    .leases;
            }
            return if self.own.leases.is_empty() {
                Err(StoreError::Fenced)
            } else {
                Ok(())
            };
        };
        if self.own.extend_at.is_some_and(|at| at <= self.now()) {
            self.extend(length).await?;
        }
        self.follow().await?;
        let done: Vec<Lease> = self
            .own
            .leases
            .iter()
            .filter(|lease| !self.is_at_work(&lease.scope))
            .cloned()
            .collect();
        if !done.is_empty() {
            self.parts.store.give_back(&done).await?;
            self.own.leases.retain(|lease| !done.contains(lease));
        }
        let missing = |scope: &Scope| !self.own.has(scope) && self.is_at_work(scope);
        let wanted: Vec<Scope> = self
            .folds
            .stacks
            .keys()
            .map(|id| Scope::Stack(id.clone()))
            .filter(missing)
            .collect();
        let all_theirs = wanted.iter().all(|scope| self.own.theirs.contains(scope));
        if wanted.is_empty() {
            self.own.again = None;
        } else if !all_theirs || self.own.again.is_none_or(|at| at <= self.now()) {
            self.own.again = self.take_some(&wanted, length).await?;
            self.own.theirs = wanted
                .into_iter()
                .filter(|scope| !self.own.has(scope))
                .collect();
        }
        Ok(())
    }

    /// Takes what is free of those, and reads what was written of it before; answers when to try
    /// again, where some of it is another's.
    async fn take_some(
        &mut self,
        wanted: &[Scope],
        length: Duration,
    ) -> Result<Option<Time>, StoreError> {
        let now = self.now();
        let taken = self.parts.store.take(self.id, wanted, length).await?;
        if !taken.leases.is_empty() {
            self.own.extend_at.get_or_insert(now + length / 3);
            self.own.leases.extend(taken.leases);
            self.follow().await?;
        }
        Ok(taken.wait.map(|wait| now + wait.min(ASK_AGAIN)))
    }

    /// Claims an ask, so that no other engine decides it; false where another has claimed it, or
    /// this one cannot serve it.
    pub(super) async fn claim(&mut self, id: AskId, ask: &Ask) -> Result<bool, EngineError> {
        let Some(length) = self.shares() else {
            return Ok(true);
        };
        if !concerned(ask).iter().all(|stack| self.serves(stack)) {
            return Ok(false);
        }
        let scope = Scope::Ask(id);
        match self.take_some(std::slice::from_ref(&scope), length).await {
            Ok(again) => {
                self.ask_again = [self.ask_again, again].into_iter().flatten().min();
                Ok(self.own.has(&scope))
            }
            Err(why) if why.passes() => Ok(false),
            Err(why) => Err(why.into()),
        }
    }

    /// Lets the leases last on, and lets go of everything under those that were taken over.
    pub(super) async fn extend(&mut self, length: Duration) -> Result<(), StoreError> {
        let kept = self.parts.store.extend(&self.own.leases, length).await?;
        self.own.extend_at = (!kept.is_empty()).then(|| self.now() + length / 3);
        if kept.len() < self.own.leases.len() {
            self.own.leases = kept;
            self.let_go();
        }
        Ok(())
    }

    /// Ends what is under way for what another engine has taken over: that one looks for it, and
    /// goes on.
    fn let_go(&mut self) {
        let drives = |deployment: DeploymentId| self.own.drives(&self.folds, deployment);
        self.live.retain(|key, live| {
            let ours = drives(key.deployment);
            if !ours {
                live.stop();
            }
            ours
        });
        self.fresh.retain(|key| drives(key.deployment));
        self.parked.retain(|ask, _| self.own.has(&Scope::Ask(*ask)));
        let parked = &self.parked;
        self.looking.retain(|name, look| {
            // A look for a stack is taken again where it is still wanted; one for an ask is not.
            let ours = parked.keys().any(|ask| *name == format!("ask {ask}"));
            if !ours {
                look.abort();
            }
            ours
        });
    }

    /// Folds what others wrote. Nothing of this engine may be undecided.
    async fn follow(&mut self) -> Result<(), StoreError> {
        loop {
            let page = self.parts.store.since(self.own.mark, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            self.own.mark = last.seq;
            let ends = page.len() < PAGE;
            let mut fresh: Vec<Stored> = Vec::new();
            for stored in page {
                if stored.version > self.folds.version(&stored.stream) {
                    self.folds.apply(&stored);
                    fresh.push(stored);
                }
            }
            if !fresh.is_empty() {
                // What was seen is older than what another engine did.
                self.seen.clear();
                recall::complete(self.parts.store.as_ref(), &mut self.folds).await?;
                if let Some(observer) = &self.observer {
                    observer(&self.folds, &fresh);
                }
            }
            if ends {
                return Ok(());
            }
        }
    }

    /// Sees to it that an elected engine ends where another one was elected, or a check ended its
    /// lease because it goes by folds that are damaged: also where it has nothing to write, by
    /// which it would be told.
    pub(super) async fn is_elected_still(&self) -> Result<(), EngineError> {
        if self.shares().is_some() || self.own.leases.is_empty() {
            return Ok(());
        }
        match self.parts.store.holds(&self.own.leases).await {
            Ok(false) => Err(StoreError::Fenced.into()),
            // A store that does not answer is told of by whatever else is asked of it.
            Ok(true) | Err(_) => Ok(()),
        }
    }

    /// Leaves the work to others.
    pub(super) async fn leave_work(&mut self) {
        // Where this does not arrive, the leases run out, or an election ends them.
        let _ = self
            .parts
            .store
            .give_back(&std::mem::take(&mut self.own.leases))
            .await;
    }

    /// For how long leases are taken, where there are other engines.
    pub(super) fn shares(&self) -> Option<Duration> {
        match &self.parts.share {
            Share::All => None,
            Share::Leased { length, .. } => Some(*length),
        }
    }

    fn serves(&self, stack: &StackId) -> bool {
        match &self.parts.share {
            Share::All => true,
            Share::Leased { serves, .. } => serves(stack),
        }
    }

    /// Whether there is something to do there that this engine can do.
    fn is_at_work(&self, scope: &Scope) -> bool {
        let works = |stack: &Arc<Stack>| {
            stack.current.is_some()
                || !stack.queue.is_empty()
                || !stack.wants(self.now(), &self.folds).now.is_empty()
        };
        match scope {
            Scope::All => true,
            Scope::Stack(id) => self.serves(id) && self.folds.stacks.get(id).is_some_and(works),
            Scope::Ask(id) => self.parked.contains_key(id),
        }
    }

    /// Whether a machine is this engine's to drive.
    pub(super) fn drives_machine(&self, machine: &Machine) -> bool {
        match machine {
            Machine::Stack(id) => self.drives_stack(id),
            Machine::Deployment(id) => self.drives(*id),
        }
    }

    /// Whether a stack is this engine's to drive.
    pub(super) fn drives_stack(&self, id: &StackId) -> bool {
        self.own.has(&Scope::Stack(id.clone()))
    }

    /// Whether a deployment is.
    fn drives(&self, id: DeploymentId) -> bool {
        self.own.drives(&self.folds, id)
    }

    /// Whether what is told is about this engine's work. Late news of what another has taken over
    /// are that one's to find out.
    pub(super) fn is_ours(&self, msg: &Msg) -> bool {
        match msg {
            Msg::Note { key, .. } | Msg::Outcome { key, .. } | Msg::Found { key } => {
                self.drives(key.deployment)
            }
            Msg::Settled { deployment, .. } | Msg::Planned { deployment, .. } => {
                self.drives(*deployment)
            }
            Msg::Looked { stack, .. } => self.drives_stack(stack),
            Msg::Previewed(previewed) => self.own.has(&Scope::Ask(previewed.ask())),
        }
    }
}
