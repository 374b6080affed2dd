//! The desk: the shared async command layer. Submit an ask, read the world, tail lines; never
//! blocks, never decides.

mod aside;
mod attach;
#[cfg(test)]
pub(crate) mod double;
mod engine;
mod files;
mod follow;
mod history;
mod live;
mod newer;
mod parts;
mod read;
mod send;
mod shared;
mod shown;
mod tails;
mod watch;
mod work;

pub use crate::store::spool::{Begin, Piece};
pub use live::LiveDesk;
pub use parts::{EngineStart, LookForNewer, Open, Parts, Reload};
pub use tails::{Follow, Follows};

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::domain::artifact::Artifact;
use crate::domain::ask::{Ask, AskState, InboxAsk};
use crate::domain::deployment::Deployment;
use crate::domain::event::Stored;
use crate::domain::ids::{AskId, DeploymentNo, StackId};
use crate::domain::line::Line;
use crate::domain::refused::Refused;
use crate::domain::time::Time;
use crate::store::Content;
use crate::world::World;

/// Why a submit did not get through; nothing was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAsked {
    /// Too much is under way; try again.
    #[error("the desk is busy; nothing was asked, press again")]
    Busy,
    /// The desk has ended.
    #[error("the desk has ended; nothing was asked")]
    Gone,
}

/// What lines are of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TailOf {
    /// One stack.
    Stack(StackId),
    /// Everything.
    All,
}

impl TailOf {
    fn stack(&self) -> Option<&StackId> {
        match self {
            TailOf::Stack(stack) => Some(stack),
            TailOf::All => None,
        }
    }
}

/// What a tail gave since it was drained last.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch {
    /// New lines, merged by time.
    pub lines: Vec<Line>,
    /// Whether older lines were dropped before they could be drained.
    pub dropped: u64,
}

/// How far a tail has read what is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// Whether everything that was kept at the start was read.
    pub read: bool,
    /// How often it has read up to the end of what was kept then.
    pub ends: u64,
    /// When the lines that are kept begin; none when there are none.
    pub begins: Option<Time>,
    /// Whether older lines are kept than the tail began with.
    pub older: bool,
    /// Why what is kept cannot be read.
    pub trouble: Option<String>,
}

/// What a screen or a verb uses. Every call returns at once.
pub trait Desk: Send + Sync {
    /// Asks; the state of the ask is read with [`Desk::state`]. The specs and files of the stacks
    /// concerned are attached here.
    ///
    /// # Errors
    /// [`NotAsked`]: nothing was asked.
    fn submit(&self, ask: Ask) -> Result<AskId, NotAsked>;
    /// Where an ask stands.
    fn state(&self, id: AskId) -> AskState;
    /// The newest world.
    fn world(&self) -> Arc<World>;
    /// Says what is on the screen, so that the engine looks at it: the stack that the screen is
    /// about first, whose log groups are followed, then the others, of which only the state is
    /// shown; log groups are followed as well of a stack that is tailed by name.
    fn watch(&self, stacks: &[StackId]);
    /// Starts or keeps a tail; lines of before now are given first (the last 5,000 at most).
    fn tail(&self, of: &TailOf);
    /// Takes what the tail gave since.
    fn drain(&self, of: &TailOf) -> Batch;
    /// Ends a tail.
    fn untail(&self, of: &TailOf);
    /// Looks which versions are newer than those that the files of a stack pin; the world says what
    /// was found (`World::newer`).
    fn look_for_newer(&self, stack: &StackId);
}

/// A desk for callers that may wait: verbs of the shell, never a screen.
pub trait Patient: Desk {
    /// Starts a tail that begins where it is told; one that began elsewhere is begun again.
    fn tail_from(&self, of: &TailOf, begin: Begin);
    /// How far a tail has read.
    fn reading(&self, of: &TailOf) -> Reading;
    /// Has all tails read on now: each comes to the end of what is kept once more, as far as it is
    /// drained.
    fn read_on(&self);
    /// Waits until something changed since the last wait, or for `limit`; true when something did.
    fn changed(&self, limit: Duration) -> bool;
    /// The newest events at or below `seq` (all when 0), newest first.
    ///
    /// # Errors
    /// A sentence when the store cannot be read.
    fn newest(&self, seq: u64, limit: usize) -> Result<Vec<Stored>, String>;
    /// The newest deployments of a stack, newest first, however old.
    ///
    /// # Errors
    /// A sentence when the store cannot be read.
    fn history(&self, stack: &StackId, limit: usize) -> Result<Vec<Deployment>, String>;
    /// Keeps content beside the store, for an ask that is made right after.
    ///
    /// # Errors
    /// A sentence when it cannot be read, or not be kept.
    fn keep(&self, content: Content, what: &str) -> Result<Artifact, String>;
    /// The deployment of that number, however old; `None` when there was none.
    ///
    /// # Errors
    /// A sentence when the store cannot be read.
    fn numbered(&self, no: DeploymentNo) -> Result<Option<Deployment>, String>;
}

/// What became of an ask that was passed on.
#[derive(Debug, Clone, PartialEq)]
pub enum Relayed {
    /// It is in the inbox, durably.
    New,
    /// It was passed on before; this is where it stands.
    Known(AskState),
}

/// Why an ask was not passed on; nothing was asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NotRelayed {
    /// It cannot be asked as things are.
    #[error("{0}")]
    Refused(Refused),
    /// The store cannot be reached now.
    #[error("{0}")]
    Later(String),
}

/// A desk for those who ask for somebody elsewhere, and may hear of one thing many times.
pub trait Relay: Desk {
    /// Passes an ask on; its id says what was heard, so that the same is asked once, however often it
    /// is heard and whoever was restarted in between. Over when it is kept durably.
    ///
    /// # Errors
    /// [`NotRelayed`]: nothing was asked.
    fn relay(&self, ask: InboxAsk) -> BoxFuture<'static, Result<Relayed, NotRelayed>>;
    /// Forgets where an ask stands, for those who go on for good.
    fn forget(&self, id: AskId);
}

#[cfg(test)]
mod tests;
