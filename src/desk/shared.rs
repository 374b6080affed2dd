//! What the handle of a desk and its thread share, and what the one asks of the other.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex};

use tokio::sync::oneshot;

use crate::domain::artifact::Artifact;
use crate::domain::ask::{AskState, InboxAsk};
use crate::domain::deployment::Deployment;
use crate::domain::event::Stored;
use crate::domain::ids::{AskId, DeploymentNo, StackId};
use crate::os::mutex::locked;
use crate::store::Content;
use crate::world::World;

use super::tails::Tails;
use super::{NotRelayed, Relayed};

/// What the handle asks of the thread.
pub(super) enum Command {
    Submit(Box<InboxAsk>),
    Relay(Box<InboxAsk>, oneshot::Sender<Result<Relayed, NotRelayed>>),
    /// Which versions are newer than those that an application pins.
    Newer(StackId),
    /// What is shown or tailed has changed.
    Look,
    Newest(u64, usize, oneshot::Sender<Result<Vec<Stored>, String>>),
    History(
        StackId,
        usize,
        oneshot::Sender<Result<Vec<Deployment>, String>>,
    ),
    Keep(Content, String, oneshot::Sender<Result<Artifact, String>>),
    Numbered(
        DeploymentNo,
        oneshot::Sender<Result<Option<Deployment>, String>>,
    ),
}

/// What the thread and the handle share. Each lock is held for a moment only.
pub(super) struct Shared {
    pub(super) world: Mutex<Arc<World>>,
    pub(super) states: Mutex<BTreeMap<AskId, AskState>>,
    pub(super) tails: Mutex<Tails>,
    pub(super) watched: Mutex<Vec<StackId>>,
    pub(super) wake: Mutex<Option<Box<dyn Fn() + Send + Sync>>>,
    pub(super) changes: Mutex<u64>,
    pub(super) changed: Condvar,
}

impl Shared {
    /// Tells everybody who waits that something is new.
    pub(super) fn tell(&self) {
        *locked(&self.changes) += 1;
        self.changed.notify_all();
        if let Some(wake) = &*locked(&self.wake) {
            wake();
        }
    }
}
