//! A kind of place for tests: hills, known by their summit. Nothing but this file knows of it: it
//! is what a newcomer writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::Value;

use super::{Kinds, PlaceKind, Prover, With, Written, aws};
use crate::domain::failure::Failure;
use crate::domain::place::{Place, Proof};
use crate::os::clock::SharedClock;
use crate::systems::entry::Remarks;

/// Hills beside what there is.
pub(crate) const KINDS: Kinds = &[&aws::Aws, &Hill];

/// The kind.
#[derive(Debug)]
pub(crate) struct Hill;

#[derive(Debug, Deserialize, JsonSchema)]
struct Keys {
    /// A hill.
    hill: Option<Way>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Way {
    /// Its summit.
    summit: String,
    /// The path up.
    path: String,
}

impl PlaceKind for Hill {
    fn name(&self) -> &'static str {
        "hill"
    }
    fn called(&self) -> &'static str {
        "a hill"
    }
    fn example(&self) -> &'static str {
        "hill: { summit: …, path: … }"
    }
    fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        Keys::json_schema(generator)
    }
    fn read(&self, written: &Written<'_>, _: &mut Remarks) -> Option<Place> {
        let Ok(Keys { hill: Some(way) }) =
            serde_json::from_value(Value::Object(written.keys.clone()))
        else {
            return None;
        };
        Some(
            Place::new("hill", "summit", "side")
                .of(Some(&way.summit))
                .by("path", Some(&way.path)),
        )
    }
    fn prover(&self, with: &With) -> Arc<dyn Prover> {
        Arc::new(Climber {
            climbs: AtomicU32::new(0),
            clock: with.clock.clone(),
        })
    }
}

/// Finds the summit that the path names, and counts how often it climbed.
struct Climber {
    climbs: AtomicU32,
    clock: SharedClock,
}

impl Prover for Climber {
    fn prove<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Result<Proof, Failure>> {
        let nth = self.climbs.fetch_add(1, Ordering::Relaxed) + 1;
        let whose = place.way.get("path").cloned().unwrap_or_default();
        let who = format!("climber/{nth}").as_str().into();
        let proof = Proof {
            whose,
            within: String::new(),
            who,
            called: "climber".into(),
            expires_at: None,
            at: self.clock.now(),
        };
        async move { Ok(proof) }.boxed()
    }
}
