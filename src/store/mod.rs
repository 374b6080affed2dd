//! Where the log, the inbox, the sightings and the spool are kept: one contract, several stores. No
//! rule of the domain stands here.

mod blobs;
pub mod bundles;
mod gather;
mod lease;
pub mod memory;
mod record;
pub mod spool;
pub mod sqlite;
#[cfg(test)]
mod story;

pub use gather::folded;
pub use lease::{EngineId, Lease, NO_END, Scope, Taken};

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::domain::artifact::Artifact;
use crate::domain::ask::{AskState, InboxAsk, Intent, Waiting};
use crate::domain::card::Card;
use crate::domain::digest::Digest;
use crate::domain::event::{Append, Stored, StreamId};
use crate::domain::folds::Folds;
use crate::domain::gap::Gap;
use crate::domain::ids::{AskId, DeploymentId, DeploymentNo, StackId};
use crate::domain::person::Person;
use crate::domain::plan::Plan;
use crate::domain::request::{SourceBundle, Spec};
use crate::domain::sighting::{Sighting, SightingKey};
use crate::domain::time::Time;

/// Why a store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A stream has moved since the decision: decide again.
    #[error("{stream} is at version {found}, not {expected}")]
    Conflict {
        /// Which.
        stream: StreamId,
        /// The version of the decision.
        expected: u64,
        /// The version now.
        found: u64,
    },
    /// This ask was answered before; nothing was written.
    #[error("this ask was answered before")]
    Duplicate,
    /// Another engine has taken over what this was about: nothing was written, stop.
    #[error("another engine has taken over")]
    Fenced,
    /// Not now: busy, cut off. Try again.
    #[error("the store cannot be reached now: {0}")]
    Unavailable(String),
    /// Not now: there is no room. Try again.
    #[error("the store's disk is full: free some space ({0})")]
    Full(String),
    /// What is stored cannot be read.
    #[error("the store is damaged: {0}")]
    Corrupt(String),
    /// Nothing is written before a person says how to go on.
    #[error("{0}")]
    Doubted(String),
}

impl StoreError {
    /// True when the same call may be taken later: what failed is the way there, or room.
    #[must_use]
    pub fn passes(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::Full(_) => true,
            Self::Conflict { .. }
            | Self::Duplicate
            | Self::Fenced
            | Self::Corrupt(_)
            | Self::Doubted(_) => false,
        }
    }
}

/// Who writes, when, because of which ask, and by which right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// The proven person.
    pub person: Person,
    /// The ask, if one led to this.
    pub cause: Option<AskId>,
    /// The time.
    pub at: Time,
    /// The leases that it was decided under: nothing is written unless all of them hold.
    pub under: Vec<Lease>,
}

/// A preview as kept until it is confirmed or too old.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    /// What was asked.
    pub intent: Intent,
    /// The card that was shown.
    pub card: Card,
    /// The plans.
    pub plans: Vec<(StackId, Plan)>,
    /// What is deployed by them.
    #[serde(default)]
    pub specs: Vec<(StackId, Spec)>,
    /// The files of those of them that were put together for this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<SourceBundle>,
}

/// What one waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ring {
    /// An ask was inserted, or what is on a screen was said.
    Inbox,
    /// Events, answers or sightings were committed.
    Log,
}

/// Hears a bell. A ring may be lost: whoever waits also looks every 5 s.
pub trait Ear: Send {
    /// Ends at the next ring, or at once when there was one since the last wait. May be dropped and
    /// called again.
    fn heard(&mut self) -> BoxFuture<'_, ()>;
}

/// Content that is read once, by whoever may block. Its last read fails where it is not what was
/// put.
pub type Content = Box<dyn std::io::Read + Send>;

pub use blobs::Swept;

/// The result of a store call.
pub type Answered<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// One contract for every store. Engines write events; everybody reads, and inserts single inbox
/// rows.
///
/// Several engines may work on one store. What keeps them apart is this alone:
/// - **Leases.** An engine drives a stack, or decides an ask, under a lease that it took; `append`
///   names the leases, and is refused as a whole, with [`StoreError::Fenced`], once one of them was
///   taken over. Time is the store's: no engine's clock ends a lease.
/// - **Claims.** An ask is claimed by the lease over it, before it is decided, and stays its
///   engine's while that lasts, also while its engine looks before it decides. So no two decide one
///   ask, and the ask of an engine that died goes to another. Who passes over an ask that another
///   engine has claimed passes over the later asks about its stacks as well (over all of them,
///   where it may be about any): so their order is kept.
/// - **Following.** What others wrote is read with `since` and folded before anything is decided;
///   what was decided on older folds is refused with [`StoreError::Conflict`].
pub trait Store: Send + Sync + 'static {
    /// A short id of this store (8 lower-case hex digits), made when it was created; names of what
    /// we make outside carry it.
    fn id(&self) -> String;

    /// A time that passed by this machine's clock alone since the store was written last, where
    /// there is one.
    fn gap(&self) -> Option<Gap>;

    /// The clock is right: there is no gap any more.
    fn close_gap(&self) -> Answered<'_, ()>;

    /// Why nobody may write to it, where that is so: a part of it is lost, or it is a copy. What it
    /// has can be read, and is perhaps not so any more.
    fn doubt(&self) -> Answered<'_, Option<String>>;

    /// Begins to hear a bell: every ring from now on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the system gives no way to wait.
    fn listen(&self, ring: Ring) -> Result<Box<dyn Ear>, StoreError>;

    /// Takes what is free of those scopes: what no other engine holds at the store's time. Durable,
    /// because an effect may follow at once.
    fn take<'a>(
        &'a self,
        engine: EngineId,
        scopes: &'a [Scope],
        length: Duration,
    ) -> Answered<'a, Taken>;

    /// Lets leases last `length` from now, and gives those that still hold: the others were taken
    /// over. Need not reach the disk: what is lost of it makes a lease end earlier, never later,
    /// and who writes under it is fenced by its number and not by its time.
    fn extend<'a>(&'a self, leases: &'a [Lease], length: Duration) -> Answered<'a, Vec<Lease>>;

    /// Whether all of them hold still.
    fn holds<'a>(&'a self, leases: &'a [Lease]) -> Answered<'a, bool>;

    /// Gives leases back, so that nobody waits until they run out.
    fn give_back<'a>(&'a self, leases: &'a [Lease]) -> Answered<'a, ()>;

    /// Appends to several streams and answers an ask, all or none, durably. `answer` is written in
    /// the same transaction; an append without events only answers.
    fn append<'a>(
        &'a self,
        append: &'a Append,
        by: &'a By,
        answer: Option<(AskId, AskState)>,
    ) -> Answered<'a, Vec<Stored>>;

    /// Numbers for new deployments, rising, durably: nobody is ever given one of them again,
    /// whether or not they are used.
    fn numbers(&self, how_many: usize) -> Answered<'_, Vec<DeploymentNo>>;

    /// Of how many streams a check found that they are damaged, which readers may have folded
    /// before: who finds the number risen goes by what [`Store::folds`] gives from then on.
    fn given_up(&self) -> Answered<'_, u64>;

    /// The folds of all environments and stacks, the unfinished deployments, those that stacks
    /// refer to, and the newest `others`.
    fn folds(&self, others: usize) -> Answered<'_, Folds>;

    /// Events after `seq`, in order, at most `limit`. Nothing ever appears before what was once
    /// read: who reads on from the last one misses none and gets none twice, whoever writes.
    fn since(&self, seq: u64, limit: usize) -> Answered<'_, Vec<Stored>>;

    /// The newest `limit` events at or below `seq` (all when 0), newest first: the audit view.
    fn newest(&self, seq: u64, limit: usize) -> Answered<'_, Vec<Stored>>;

    /// All events of a stream.
    fn stream<'a>(&'a self, stream: &'a StreamId) -> Answered<'a, Vec<Stored>>;

    /// The newest deployments of a stack, newest first.
    fn deployments_of<'a>(
        &'a self,
        stack: &'a StackId,
        limit: usize,
    ) -> Answered<'a, Vec<DeploymentId>>;

    /// The deployment of that number, however old.
    fn numbered(&self, no: DeploymentNo) -> Answered<'_, Option<DeploymentId>>;

    /// Inserts an ask; the same id again changes nothing.
    fn submit<'a>(&'a self, ask: &'a InboxAsk, at: Time) -> Answered<'a, ()>;

    /// Unanswered asks, in the order in which they came, each with who wrote it: that the store
    /// proves, nobody says it.
    fn asks(&self) -> Answered<'_, Vec<Waiting>>;

    /// Where an ask stands.
    fn ask(&self, id: AskId) -> Answered<'_, Option<AskState>>;

    /// Keeps a preview by its ask; previews older than `drop_before` go.
    fn keep_preview<'a>(
        &'a self,
        id: AskId,
        preview: &'a Preview,
        drop_before: Time,
    ) -> Answered<'a, ()>;

    /// The newest preview whose card has this subject.
    fn preview(&self, subject: Digest) -> Answered<'_, Option<Preview>>;

    /// Overwrites sightings.
    fn put_sightings<'a>(&'a self, sightings: &'a [(SightingKey, Sighting)]) -> Answered<'a, ()>;

    /// Sightings that were put after that mark (all when 0), and the new mark. A mark, not a time:
    /// a failed look is put with the time of the value that it keeps.
    fn sightings(&self, after: u64) -> Answered<'_, (Vec<(SightingKey, Sighting)>, u64)>;

    /// Says what a console has on its screen, until `until`.
    fn put_interest<'a>(
        &'a self,
        console: &'a str,
        subjects: &'a [String],
        until: Time,
    ) -> Answered<'a, ()>;

    /// What is on any screen at `now`.
    fn interests(&self, now: Time) -> Answered<'_, Vec<String>>;

    /// Keeps content of any length, which never is in memory as a whole; the same content twice is
    /// kept once.
    fn put<'a>(&'a self, content: Content, what: &'a str, at: Time) -> Answered<'a, Artifact>;

    /// Content that was put, by its digest; none where it is not kept (any more).
    fn get(&self, digest: Digest) -> Answered<'_, Option<Content>>;

    /// Removes content that was put before a time, that is not `named`, and that no ask on its way
    /// and no stored bundle names.
    fn sweep<'a>(&'a self, named: &'a BTreeSet<Digest>, before: Time) -> Answered<'a, Swept>;

    /// A stored bundle by its digest.
    fn blob(&self, digest: Digest) -> Answered<'_, Option<Vec<u8>>>;

    /// Keeps the folds, so that the next start need not read the whole log.
    fn snapshot<'a>(&'a self, folds: &'a Folds) -> Answered<'a, ()>;
}
