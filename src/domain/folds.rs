//! All folds together: what a decision sees, and what a console shows.

mod queue;
mod service;

pub use queue::{StackWant, Waits};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::deployment::{Deployment, Request};
use super::environment::Environment;
use super::event::{Event, Stored, StreamId};
use super::ids::{DeploymentId, DeploymentNo, EnvName, HoldId, StackId};
use super::place::Places;
use super::stack::Stack;

/// The folds of every stream that is loaded. Values are shared: a copy of all folds is cheap.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Folds {
    /// By name.
    pub environments: BTreeMap<EnvName, Arc<Environment>>,
    /// By id.
    pub stacks: BTreeMap<StackId, Arc<Stack>>,
    /// By id; unfinished ones, those that stacks refer to, and the newest others.
    pub deployments: BTreeMap<DeploymentId, Arc<Deployment>>,
    /// The place in the log up to which this is folded.
    pub seq: u64,
    /// Streams that cannot be folded any further, with the reason; each frozen for itself.
    pub broken: BTreeMap<StreamId, String>,
}

impl Folds {
    /// Takes a stored event. A stream that cannot take it is frozen alone and shown.
    pub fn apply(&mut self, stored: &Stored) {
        self.seq = self.seq.max(stored.seq);
        if self.broken.contains_key(&stored.stream) {
            return;
        }
        if let Err(why) = self.try_apply(stored) {
            self.broken.insert(stored.stream.clone(), why);
        }
    }

    fn try_apply(&mut self, stored: &Stored) -> Result<(), String> {
        let event = stored.event.as_ref().map_err(Clone::clone)?;
        match (&stored.stream, event) {
            (StreamId::Environment(name), Event::Environment(event)) => {
                let fold = self
                    .environments
                    .entry(name.clone())
                    .or_insert_with(|| Arc::new(Environment::new(name.clone())));
                if !fits(fold.version, stored)? {
                    return Ok(());
                }
                Arc::make_mut(fold).apply(event);
                Ok(())
            }
            (StreamId::Stack(id), Event::Stack(event)) => {
                let fold = self
                    .stacks
                    .entry(id.clone())
                    .or_insert_with(|| Arc::new(Stack::new(id.clone())));
                if !fits(fold.version, stored)? {
                    return Ok(());
                }
                Arc::make_mut(fold)
                    .apply(event, stored.at)
                    .map_err(|why| why.to_string())
            }
            (StreamId::Deployment(id), Event::Deployment(event)) => {
                let fold = self
                    .deployments
                    .entry(*id)
                    .or_insert_with(|| Arc::new(Deployment::new(*id)));
                if !fits(fold.version, stored)? {
                    return Ok(());
                }
                Arc::make_mut(fold)
                    .apply(event, stored.at)
                    .map_err(|why| why.to_string())
            }
            (stream, event) => Err(format!(
                "{stream} holds an event of another kind of stream ({})",
                event.tag()
            )),
        }
    }

    /// The version of a stream; 0 when nothing is known of it.
    #[must_use]
    pub fn version(&self, stream: &StreamId) -> u64 {
        match stream {
            StreamId::Environment(name) => {
                self.environments.get(name).map_or(0, |fold| fold.version)
            }
            StreamId::Stack(id) => self.stacks.get(id).map_or(0, |fold| fold.version),
            StreamId::Deployment(id) => self.deployments.get(id).map_or(0, |fold| fold.version),
        }
    }

    /// A stack, or a new one of which nothing is known.
    #[must_use]
    pub fn stack(&self, id: &StackId) -> Arc<Stack> {
        self.stacks
            .get(id)
            .cloned()
            .unwrap_or_else(|| Arc::new(Stack::new(id.clone())))
    }

    /// What was asked of the deployment that runs on a stack.
    #[must_use]
    pub fn running(&self, stack: &StackId) -> Option<&Request> {
        let current = self.stacks.get(stack)?.current?;
        self.deployments.get(&current)?.request.as_deref()
    }

    /// The log groups of what runs on a stack and of what was brought there last: those that are made
    /// of a commit are named in no file of the estate.
    #[must_use]
    pub fn logs_of(&self, stack: &StackId) -> BTreeSet<&str> {
        let fold = self.stacks.get(stack);
        let both = fold.map(|fold| [fold.current, fold.had]);
        let both = both.into_iter().flatten().flatten();
        let requests = both.filter_map(|id| self.deployments.get(&id)?.request.as_deref());
        requests
            .flat_map(|request| &request.spec.watch_logs)
            .map(String::as_str)
            .collect()
    }

    /// Where a stack is: the places to which the deployment that runs on it is bound, else those of
    /// its environment's record.
    #[must_use]
    pub fn places_of(&self, stack: &StackId) -> Option<&Places> {
        if let Some(request) = self.running(stack) {
            return Some(&request.places);
        }
        let record = self.environments.get(&stack.env)?.record.as_ref()?;
        Some(&record.places)
    }

    /// The deployment of that number.
    #[must_use]
    pub fn by_no(&self, no: DeploymentNo) -> Option<&Arc<Deployment>> {
        self.deployments
            .values()
            .find(|deployment| deployment.no() == no)
    }

    /// The children of a deployment that are loaded, in the order in which they were asked for.
    #[must_use]
    pub fn children(&self, of: DeploymentId) -> Vec<&Arc<Deployment>> {
        let is_child =
            |d: &&Arc<Deployment>| d.parent().is_some_and(|parent| parent.deployment == of);
        let mut children: Vec<_> = self.deployments.values().filter(is_child).collect();
        children.sort_by_key(|d| d.no());
        children
    }

    /// The hold of that id, with its deployment.
    #[must_use]
    pub fn hold(&self, id: &HoldId) -> Option<(&Arc<Deployment>, &super::hold::Hold)> {
        let deployment = self.by_no(id.no)?;
        Some((
            deployment,
            deployment.holds.iter().find(|hold| hold.id == *id)?,
        ))
    }

    /// All open holds, those that restore a service first, then the oldest first.
    #[must_use]
    pub fn open_holds(&self) -> Vec<(&Arc<Deployment>, &super::hold::Hold)> {
        let mut open: Vec<_> = self
            .deployments
            .values()
            .filter(|deployment| !deployment.is_over())
            .flat_map(|deployment| deployment.open_holds().map(move |hold| (deployment, hold)))
            .collect();
        open.sort_by_key(|(_, hold)| {
            (
                hold.kind != super::hold::HoldKind::RestoreService,
                hold.opened_at,
            )
        });
        open
    }
}

/// Whether the event is the next one; an event that was taken before changes nothing.
fn fits(version: u64, stored: &Stored) -> Result<bool, String> {
    match stored.version {
        v if v == version + 1 => Ok(true),
        v if v <= version => Ok(false),
        v => Err(format!(
            "{} jumps from version {version} to {v}",
            stored.stream
        )),
    }
}
