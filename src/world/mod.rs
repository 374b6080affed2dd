//! The read model: plain data folded from the log and the sightings, and the views that screens and
//! verbs show of it. Sync and pure: every view takes the time as an argument.

pub mod audit;
pub mod available;
pub mod beside;
pub mod contact;
pub mod damage;
pub mod differs;
#[cfg(test)]
#[allow(clippy::missing_panics_doc)]
pub mod fixture;
pub mod found;
pub mod holds;
pub mod inputs;
pub mod newer;
pub mod queue;
pub mod replies;
pub mod rows;
pub mod sightings;
pub mod stands;
pub mod state;
pub mod tails;
pub mod tasks;
pub mod usual;
pub mod verdict;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::domain::aside::AsideRead;
use crate::domain::deployment::{Deployment, Request};
use crate::domain::end::End;
use crate::domain::environment::EnvironmentRecord;
use crate::domain::estate::Catalog;
use crate::domain::event::Stored;
use crate::domain::folds::Folds;
use crate::domain::gap::Gap;
use crate::domain::ids::{DeploymentId, EnvName, StackId};
use crate::domain::purpose::Purpose;
use crate::domain::request::Spec;
use crate::domain::sighting::{Sighting, SightingKey};
use crate::domain::time::Time;
use crate::text::safe::Safe;
use newer::AllNewer;

/// What a console knows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct World {
    /// The folds of the log.
    pub folds: Folds,
    /// What was last seen of the outside: keys are (`environment/NAME` or `stack/ENV/APP[/PART]`,
    /// source).
    pub sightings: BTreeMap<SightingKey, Sighting>,
    /// The estate file.
    pub catalog: Arc<Catalog>,
    /// The engine.
    pub engine: EngineState,
    /// Who looks: the owner's name.
    pub you: String,
    /// The newest events, oldest first; the desk bounds them.
    pub recent: Arc<VecDeque<Arc<Stored>>>,
    /// Why what is shown may be old: the store cannot be read, and since when nothing else helps.
    pub trouble: Option<String>,
    /// Why nobody may write to the store, where that is so: what it says is perhaps not so any more.
    pub doubt: Option<Safe>,
    /// The disk of the home, where it is full.
    pub disk_full: Option<DiskFull>,
    /// A time that nothing confirms, while what became due in it waits.
    pub gap: Option<Gap>,
    /// Messages of queues that led to nothing.
    pub aside: AsideRead,
    /// Which versions are newer, where that was asked.
    pub newer: AllNewer,
    /// Whether the log has been read at all.
    pub loaded: bool,
    /// When this was put together.
    pub at: Time,
}

/// What is known of the engine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum EngineState {
    /// Not looked yet.
    #[default]
    Unknown,
    /// None runs, and none could be started: why.
    None(String),
    /// One is starting.
    Starting,
    /// It runs.
    Live {
        /// Process id.
        pid: u32,
        /// Program version.
        version: String,
    },
    /// One holds the lock and says nothing: it is stopped, or stands still.
    Silent {
        /// Process id.
        pid: u32,
        /// Since when.
        since: Time,
    },
    /// Another version runs that is being asked to end.
    Draining {
        /// Its version.
        version: String,
    },
}

/// A disk that takes nothing more: as the engine says, or as was found where no engine runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskFull {
    /// The home that lies on it.
    pub home: String,
    /// Since when.
    pub since: Time,
}

impl DiskFull {
    /// What that means, and what to do.
    #[must_use]
    pub fn says(&self) -> String {
        let Self { home, since } = self;
        format!(
            "the disk of {home} is full: nothing has been recorded since {since}; free some space, work goes on by itself"
        )
    }
}

impl EngineState {
    /// Why nobody answers; `None` where somebody does, or soon will.
    #[must_use]
    pub fn absent(&self) -> Option<String> {
        match self {
            EngineState::None(why) => Some(format!("there is no engine: {why}")),
            EngineState::Silent { .. } => Some(self.says()),
            EngineState::Unknown
            | EngineState::Starting
            | EngineState::Live { .. }
            | EngineState::Draining { .. } => None,
        }
    }

    /// In a few words, for the band and for `doctor`.
    #[must_use]
    pub fn says(&self) -> String {
        match self {
            EngineState::Unknown => "engine not looked for yet".to_owned(),
            EngineState::None(why) => format!("no engine: {why}"),
            EngineState::Starting => "engine starting".to_owned(),
            EngineState::Live { pid, version } => format!("engine {version} (pid {pid})"),
            EngineState::Silent { pid, since } => format!(
                "the engine (pid {pid}) has not answered since {since}: `kill -CONT {pid}` lets one go on that was stopped; after `kill -9 {pid}` another goes on with its work"
            ),
            EngineState::Draining { version } => format!("engine {version} is handing over"),
        }
    }
}

impl World {
    /// The record of an environment: what the store keeps, else what the file says.
    #[must_use]
    pub fn record(&self, env: &EnvName) -> Option<&EnvironmentRecord> {
        self.folds
            .environments
            .get(env)
            .and_then(|fold| fold.record.as_ref())
            .or_else(|| self.catalog.environments.get(env))
    }

    /// The deployment of that id, where it is loaded.
    #[must_use]
    pub fn deployment(&self, id: DeploymentId) -> Option<&Arc<Deployment>> {
        self.folds.deployments.get(&id)
    }

    /// The deployment that holds the stack's lock.
    #[must_use]
    pub fn current(&self, stack: &StackId) -> Option<&Arc<Deployment>> {
        self.folds
            .stacks
            .get(stack)
            .and_then(|fold| fold.current)
            .and_then(|id| self.deployment(id))
    }

    /// The deployment that the stack shows: the current one, else the last that ended.
    #[must_use]
    pub fn latest(&self, stack: &StackId) -> Option<&Arc<Deployment>> {
        let fold = self.folds.stacks.get(stack)?;
        fold.current
            .or(fold.last)
            .and_then(|id| self.deployment(id))
    }

    /// The deployment that brought the release that is in service, where it is loaded.
    #[must_use]
    pub fn in_service(&self, stack: &StackId) -> Option<&Arc<Deployment>> {
        let fold = self.folds.stacks.get(stack)?;
        self.deployments_of(stack).into_iter().find(|d| {
            let deploys = |r: &Arc<Request>| {
                r.purpose == Purpose::Deploy && fold.has_in_service(&r.spec.release)
            };
            d.end == Some(End::Done) && !d.is_beside() && d.request.as_ref().is_some_and(deploys)
        })
    }

    /// All loaded deployments of a stack, the newest first.
    #[must_use]
    pub fn deployments_of(&self, stack: &StackId) -> Vec<&Arc<Deployment>> {
        let mut all: Vec<_> = self
            .folds
            .deployments
            .values()
            .filter(|d| d.stack() == Some(stack))
            .collect();
        all.sort_by_key(|d| std::cmp::Reverse(d.no()));
        all
    }

    /// Whether a stack is a whole: its deployments are those of its parts.
    #[must_use]
    pub fn is_whole(&self, id: &StackId) -> bool {
        let listed = self.catalog.stacks.get(id);
        let listed = listed.and_then(|entry| entry.spec.as_ref().ok());
        let last = || {
            let last = self.folds.stacks.get(id)?.last?;
            let request = self.folds.deployments.get(&last)?.request.as_ref()?;
            Some(&request.spec)
        };
        listed.or_else(last).is_some_and(Spec::is_whole)
    }

    /// Every stack that the log or the estate file knows; not those of which nothing is left since
    /// their app is gone.
    #[must_use]
    pub fn stacks(&self) -> BTreeSet<&StackId> {
        let kept = self
            .folds
            .stacks
            .iter()
            .filter(|(_, fold)| !fold.has_left());
        kept.map(|(stack, _)| stack)
            .chain(self.catalog.stacks.keys())
            .collect()
    }
}
