//! Kinds of places: one file or folder each, and a line in [`all`]. A kind reads its own keys of an
//! environment in the estate file, and proves who we are at such a place and which one it is. It
//! changes nothing there.

mod aws;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value};

use crate::aws::Clients;
use crate::domain::failure::Failure;
use crate::domain::place::{Place, Proof};
use crate::domain::sighting::Slowed;
use crate::os::clock::SharedClock;
use crate::systems::entry::Remarks;

/// What an environment says in the keys of a kind; their shape is checked by its schema.
#[derive(Debug, Clone, Copy)]
pub struct Written<'a> {
    /// The environment's name.
    pub env: &'a str,
    /// The keys that it has, of those of the kind.
    pub keys: &'a Map<String, Value>,
    /// The folder of the estate file: an engine has none, so that paths are recorded whole.
    pub folder: &'a Path,
}

/// A kind of place.
pub trait PlaceKind: fmt::Debug + Sync {
    /// Its name, as in the record of a place.
    fn name(&self) -> &'static str;
    /// What people call it ("AWS").
    fn called(&self) -> &'static str;
    /// The least that an environment must say for one.
    fn example(&self) -> &'static str;
    /// Its keys in an environment: an object with a property for each.
    fn schema(&self, generator: &mut SchemaGenerator) -> Schema;
    /// The place that the keys describe; none where they are about none.
    fn read(&self, written: &Written<'_>, told: &mut Remarks) -> Option<Place>;
    /// What is wrong with files that a place names, each with the keys that name it.
    fn wrong_files(&self, env: &str, place: &Place) -> Remarks {
        let _ = (env, place);
        Remarks::default()
    }
    /// Who proves such places.
    fn prover(&self, with: &With) -> Arc<dyn Prover>;
}

/// What provers are made of.
#[derive(Clone)]
pub struct With {
    /// The way to AWS.
    pub clients: Arc<Clients>,
    /// The clock.
    pub clock: SharedClock,
}

/// Proves places of one kind, and knows how they are doing.
pub trait Prover: Send + Sync {
    /// Asks the place itself which one it is and who we are there.
    fn prove<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Result<Proof, Failure>>;
    /// Whether the place asks for fewer reads now.
    fn slowed(&self, place: &Place) -> Option<Slowed> {
        let _ = place;
        None
    }
}

/// The kinds that an estate file may have places of.
pub type Kinds = &'static [&'static dyn PlaceKind];

#[cfg(test)]
pub(crate) mod made_up;

/// Every kind that there is. An environment with places of several is at home in the first of them.
#[must_use]
pub fn all() -> Kinds {
    &[&aws::Aws]
}
