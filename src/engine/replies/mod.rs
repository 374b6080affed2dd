//! Replies: what a deployment owes whoever told of its commit, given beside the engine's work. What
//! is owed follows from the log, what was given stands at the host and is looked for there by the id
//! of the deployment; nothing is kept here that a restart would miss. A deployment never waits for
//! it, and never fails by it.

mod owed;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::watch;

use crate::domain::check::Check;
use crate::domain::deployment::Deployment;
use crate::domain::failure::{Failure, Retry};
use crate::domain::folds::Folds;
use crate::domain::ids::{DeploymentId, DeploymentNo, StackId};
use crate::domain::repository::Repository;
use crate::domain::sighting::{REPLY, Seen, Sighting};
use crate::domain::time::Time;
use crate::os::clock::SharedClock;
use crate::store::{Store, StoreError};
use crate::systems::{ReplyTo, System};
use crate::text::safe::Safe;

use super::recall;
use owed::{KEPT, Owed};

/// How long is waited after the first failure that passes by itself; after each other one twice as
/// long.
const FIRST: Duration = Duration::from_secs(5);
/// The longest wait of these.
const LONGEST: Duration = Duration::from_mins(5);
/// How long nothing is said to a repository that refuses it for a reason that does not pass.
const REFUSED: Duration = Duration::from_hours(1);
/// How many of the newest deployments of a stack are looked through for what is still owed.
const BACK: usize = 200;

/// A reply as its host has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given {
    /// Its id there.
    pub run: u64,
    /// Whether it is over: then it is never changed again.
    pub is_over: bool,
}

/// Who gives replies.
pub trait Replies: Send + Sync {
    /// The reply of that deployment, where it was given before.
    fn find<'a>(
        &'a self,
        to: &'a ReplyTo,
        check: &'a Check,
    ) -> BoxFuture<'a, Result<Option<Given>, Failure>>;
    /// Gives it for the first time.
    fn make<'a>(
        &'a self,
        to: &'a ReplyTo,
        check: &'a Check,
    ) -> BoxFuture<'a, Result<Given, Failure>>;
    /// Brings it up to date.
    fn tell<'a>(
        &'a self,
        to: &'a ReplyTo,
        run: u64,
        check: &'a Check,
    ) -> BoxFuture<'a, Result<Given, Failure>>;
}

/// What is known of what a deployment was told.
#[derive(Debug)]
enum Told {
    /// The newest that was said, and under which id.
    Said(u64, Check),
    /// Nothing more is to be said.
    Over,
}

/// What cannot be said for now: to a repository as long as nobody answers there, of a deployment
/// where that is refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum About {
    Repository(Repository),
    Deployment(DeploymentId),
}

/// Why something cannot be said.
#[derive(Debug)]
struct Trouble {
    /// When it is tried again.
    again: Time,
    /// After how long.
    wait: Duration,
    /// What is wrong.
    why: Failure,
}

impl Trouble {
    /// Worth knowing: it does not pass by itself, or has not for minutes.
    fn lasts(&self) -> bool {
        self.wait >= LONGEST
    }
}

/// Gives replies.
pub struct Replier {
    /// Where it is said what cannot be given.
    store: Arc<dyn Store>,
    /// The systems, by name.
    systems: fn(&str) -> Option<&'static dyn System>,
    /// Who gives them.
    by: Arc<dyn Replies>,
    told: BTreeMap<DeploymentId, Told>,
    /// Ended deployments that the folds do not hold.
    older: BTreeMap<DeploymentId, Arc<Deployment>>,
    read: bool,
    troubles: BTreeMap<About, Trouble>,
    /// What was last said of a stack beside the log: why a reply of it cannot be given.
    named: BTreeMap<StackId, (Option<String>, Time)>,
}

impl Replier {
    /// One that has said nothing yet.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        systems: fn(&str) -> Option<&'static dyn System>,
        by: Arc<dyn Replies>,
    ) -> Self {
        Self {
            store,
            systems,
            by,
            told: BTreeMap::new(),
            older: BTreeMap::new(),
            read: false,
            troubles: BTreeMap::new(),
            named: BTreeMap::new(),
        }
    }

    /// Says what is owed and was not said; answers when to try again what could not be said now.
    pub async fn round(&mut self, folds: &Folds, now: Time) -> Option<Time> {
        if !self.read {
            match self.recall(folds, now).await {
                Ok(()) => self.read = true,
                Err(why) => {
                    tracing::warn!("replies that may be owed are not known: {why}");
                    return Some(now + FIRST);
                }
            }
        }
        let others = self.older.values();
        let others = others.filter(|d| !folds.deployments.contains_key(&d.id));
        let owed: Vec<Owed> = folds
            .deployments
            .values()
            .chain(others)
            .filter(|d| !matches!(self.told.get(&d.id), Some(Told::Over)))
            .filter_map(|d| owed::of(d, self.systems, now))
            .collect();
        self.forget(folds, &owed);
        for owed in owed {
            self.say(owed, now).await;
        }
        self.troubles.values().map(|trouble| trouble.again).min()
    }

    /// Forgets what is owed no more.
    fn forget(&mut self, folds: &Folds, owed: &[Owed]) {
        let older = &self.older;
        self.told
            .retain(|id, _| folds.deployments.contains_key(id) || older.contains_key(id));
        let owing: BTreeSet<About> = owed
            .iter()
            .flat_map(|owed| {
                let at = About::Repository(owed.to.repository.clone());
                [at, About::Deployment(owed.of)]
            })
            .collect();
        self.troubles.retain(|about, _| owing.contains(about));
    }

    /// Reads what ended lately and the folds do not hold: a host may have been away for long.
    async fn recall(&mut self, folds: &Folds, now: Time) -> Result<(), StoreError> {
        for stack in folds.stacks.keys() {
            let mut own = folds.deployments.values();
            // Most stacks owe nobody: of those nothing is read.
            if !own.any(|d| d.stack() == Some(stack) && owed::answers(d, self.systems)) {
                continue;
            }
            for id in self.store.deployments_of(stack, BACK).await? {
                if folds.deployments.contains_key(&id) {
                    continue;
                }
                let Some(found) = recall::read(self.store.as_ref(), id).await? else {
                    continue;
                };
                if found.ended_at.is_some_and(|at| now.since(at) >= KEPT) {
                    break;
                }
                self.older.insert(id, found);
            }
        }
        Ok(())
    }

    async fn say(&mut self, owed: Owed, now: Time) {
        let Owed {
            to,
            check,
            of: id,
            no,
            stack,
        } = owed;
        let stack = (&stack, no);
        let known = match self.told.get(&id) {
            Some(Told::Over) => return,
            Some(Told::Said(_, said)) if *said == check => return,
            Some(Told::Said(run, _)) => Some(*run),
            None => None,
        };
        let (there, here) = (
            About::Repository(to.repository.clone()),
            About::Deployment(id),
        );
        let waits = |about| self.troubles.get(about).filter(|one| now < one.again);
        if let Some(trouble) = waits(&there).or_else(|| waits(&here)) {
            if trouble.lasts() {
                let why = trouble.why.clone();
                self.name(stack, &check, Some(&why), now).await;
            }
            return;
        }
        match self.given(&to, known, &check).await {
            Ok(given) => {
                self.troubles.remove(&there);
                self.troubles.remove(&here);
                self.name(stack, &check, None, now).await;
                let told = if given.is_over || check.state.is_over() {
                    Told::Over
                } else {
                    Told::Said(given.run, check)
                };
                self.told.insert(id, told);
            }
            Err(why) => {
                // What came of the call is not known: it is looked for again.
                self.told.remove(&id);
                let about = match why.retry {
                    Retry::Contact | Retry::After(_) => there,
                    Retry::Never | Retry::AskAPerson | Retry::Replan => here,
                };
                let before = self.troubles.get(&about).map(|trouble| trouble.wait);
                let wait = match why.retry {
                    Retry::Contact => before.map_or(FIRST, |wait| (wait * 2).min(LONGEST)),
                    Retry::After(wait) => wait.max(FIRST),
                    Retry::Never | Retry::AskAPerson | Retry::Replan => REFUSED,
                };
                let again = now + wait;
                let trouble = Trouble { again, wait, why };
                if trouble.lasts() {
                    self.name(stack, &check, Some(&trouble.why), now).await;
                }
                self.troubles.insert(about, trouble);
            }
        }
    }

    async fn given(
        &self,
        to: &ReplyTo,
        known: Option<u64>,
        check: &Check,
    ) -> Result<Given, Failure> {
        let run = match known {
            Some(run) => run,
            None => match self.by.find(to, check).await? {
                Some(given) if given.is_over => return Ok(given),
                Some(given) => given.run,
                None => return self.by.make(to, check).await,
            },
        };
        self.by.tell(to, run, check).await
    }

    /// Says of a stack that a reply cannot be given, or that it can; each time once, and once an
    /// hour while it lasts.
    async fn name(
        &mut self,
        (stack, no): (&StackId, DeploymentNo),
        check: &Check,
        why: Option<&Failure>,
        now: Time,
    ) {
        let says = why.map(|why| format!("{}: {}", why.summary, why.advice()));
        let known = self.named.get(stack).is_some_and(|(before, at)| {
            *before == says && (says.is_none() || now.since(*at) < REFUSED)
        });
        if known {
            return;
        }
        if let Some(says) = &says {
            tracing::warn!("{} is not told: {says}", check.name);
        }
        let sighting = Sighting {
            value: Seen::Reply { of: no },
            taken_at: now,
            place: None,
            stale: says.as_deref().map(Safe::told),
        };
        let key = (format!("stack/{stack}"), REPLY.to_owned());
        if self.store.put_sightings(&[(key, sighting)]).await.is_ok() {
            self.named.insert(stack.clone(), (says, now));
        }
    }
}

/// Gives replies for ever, as the engine's folds change.
pub(super) async fn run(
    mut replier: Replier,
    clock: SharedClock,
    mut folds: watch::Receiver<Folds>,
) {
    loop {
        let newest = folds.borrow_and_update().clone();
        let again = replier.round(&newest, clock.now()).await;
        let wait = async {
            match again {
                Some(at) => clock.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = folds.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            () = wait => {}
        }
    }
}

#[cfg(test)]
mod tests;
