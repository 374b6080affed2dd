//! The read model: plain data folded from the log and the sightings, and the views that screens and verbs show of it. Sync and pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::estate::Catalog;
use crate::domain::folds::Folds;
use crate::domain::sighting::{Sighting, SightingKey};
use crate::domain::time::Time;

/// What a console knows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct World {
    /// The folds of the log.
    pub folds: Folds,
    /// What was last seen of the outside: keys are (`environment/NAME` or `stack/ENV/APP`, source).
    pub sightings: BTreeMap<SightingKey, Sighting>,
    /// The estate file.
    pub catalog: Arc<Catalog>,
    /// The engine.
    pub engine: EngineSeen,
    /// Who looks: the owner's name.
    pub you: String,
    /// When this was put together.
    pub at: Time,
}

/// What is known of the engine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum EngineSeen {
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
    /// Another version runs that is being asked to end.
    Draining {
        /// Its version.
        version: String,
    },
}
