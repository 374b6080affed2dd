//! The desk: the shared async command layer. Submit an ask, read the world, tail lines; never blocks, never decides.

use std::sync::Arc;

use crate::domain::ask::{Ask, AskState};
use crate::domain::ids::{AskId, DeploymentId, StackId};
use crate::domain::line::Line;
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
    /// One deployment.
    Deployment(DeploymentId),
    /// Everything.
    All,
}

/// What a tail gave since it was drained last.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch {
    /// New lines, merged by time.
    pub lines: Vec<Line>,
    /// Whether older lines were dropped before they could be drained.
    pub dropped: u64,
}

/// What a screen or a verb uses. Every call returns at once.
pub trait Desk: Send + Sync {
    /// Asks; the state of the ask is read with [`Desk::state`]. The specs and files of the stacks concerned are attached here.
    ///
    /// # Errors
    /// [`NotAsked`]: nothing was asked.
    fn submit(&self, ask: Ask) -> Result<AskId, NotAsked>;
    /// Where an ask stands.
    fn state(&self, id: AskId) -> AskState;
    /// The newest world.
    fn world(&self) -> Arc<World>;
    /// Says what is on the screen, so that the engine looks at it more often.
    fn watch(&self, stacks: &[StackId]);
    /// Starts or keeps a tail; lines of before now are given first (the last 5,000 at most).
    fn tail(&self, of: &TailOf);
    /// Takes what the tail gave since.
    fn drain(&self, of: &TailOf) -> Batch;
    /// Ends a tail.
    fn untail(&self, of: &TailOf);
}
