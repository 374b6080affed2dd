//! What a desk is made of.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::domain::cause::Via;
use crate::domain::estate::Catalog;
use crate::domain::ids::StackId;
use crate::domain::instance::Instances;
use crate::os::clock::SharedClock;
use crate::os::paths::Home;
use crate::store::{Store, StoreError};

use super::tails::Follows;

/// Opens the store, or says why it cannot be opened now.
pub type Open =
    Arc<dyn Fn() -> BoxFuture<'static, Result<Arc<dyn Store>, StoreError>> + Send + Sync>;

/// Reads the estate's files again, for these instances; a sentence when they may not be used.
pub type Reload = Arc<dyn Fn(&Instances) -> Result<Catalog, String> + Send + Sync>;

/// Looks which versions are newer than those that the files of a stack pin, line by line; a sentence
/// when that cannot be known. It takes as long as the repositories need.
pub type LookForNewer = Arc<dyn Fn(&StackId) -> Result<Vec<String>, String> + Send + Sync>;

/// What a desk is made of; the program puts it together.
pub struct Parts {
    /// The store.
    pub open: Open,
    /// The clock.
    pub clock: SharedClock,
    /// Where locks and bells are; without it, whether an engine runs is not this desk's business.
    pub home: Option<Home>,
    /// What the estate says.
    pub catalog: Catalog,
    /// How to read it again.
    pub reload: Option<Reload>,
    /// How to look for newer versions.
    pub newer: Option<LookForNewer>,
    /// How to follow lines.
    pub spool: Option<Follows>,
    /// How to start an engine; without it none is started.
    pub engine: Option<EngineStart>,
    /// Who looks.
    pub you: String,
    /// From where.
    pub via: Via,
    /// Whether all stacks are looked at now and then, not only those that are watched.
    pub overview: bool,
    /// The program's version.
    pub version: String,
    /// Makes new ids.
    pub fresh: Arc<dyn Fn() -> uuid::Uuid + Send + Sync>,
}

/// How an engine is started; the program gives this to the desk.
pub struct EngineStart {
    /// Starts one, detached.
    pub start: Box<dyn Fn() -> Result<(), String> + Send + Sync>,
    /// The end of its log: why it ended.
    pub last_words: Box<dyn Fn() -> String + Send + Sync>,
}
