//! Queues: what is told there becomes an ask of somebody outside, or has a build looked at. A message
//! is deleted once what it led to is durable, so that a kill costs a delay; one that cannot be read,
//! or that failed again and again, is set aside with its reason, and keeps nobody waiting.

mod apps;
mod aside;
mod asked;
mod poll;
mod read;
mod states;

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::domain::ids::EnvName;
use crate::domain::place::Place;
use crate::domain::queue::QueueKind;

pub use poll::{ASIDE, Families, Parts, Post, STATES};
pub use states::{KeptState, QueueState, States};

/// A queue that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Of which environment: it asks for stacks of that one alone.
    pub env: EnvName,
    /// Where it is.
    pub place: Place,
    /// What it is for.
    pub kind: QueueKind,
    /// Its name there.
    pub name: String,
}

/// A message, as it was received this time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its id, the same each time.
    pub id: String,
    /// What this receiver calls it.
    pub handle: String,
    /// What it says.
    pub body: String,
    /// How often it was received.
    pub received: u32,
}

/// Why a queue did not do what was asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// What that is called.
    pub state: QueueState,
    /// What happened, and what to do, as a sentence.
    pub says: String,
}

/// Queues, wherever they are.
pub trait Queues: Send + Sync {
    /// Receives messages, each hidden from others for so long; waits some seconds for the first.
    fn receive<'a>(
        &'a self,
        from: &'a Source,
        hidden: Duration,
    ) -> BoxFuture<'a, Result<Vec<Letter>, Missed>>;
    /// Deletes a message.
    fn delete<'a>(&'a self, from: &'a Source, handle: &'a str)
    -> BoxFuture<'a, Result<(), Missed>>;
    /// Hides a message from others for so long from now on.
    fn hide<'a>(
        &'a self,
        from: &'a Source,
        handle: &'a str,
        hidden: Duration,
    ) -> BoxFuture<'a, Result<(), Missed>>;
    /// Says that a build went on, so that who follows it looks.
    fn build_went_on(&self, build: &str);
}
