//! What one of the things that a release is made of was before, alone: a rollback of that, while the
//! others stay as they are.

use std::collections::BTreeMap;

use crate::domain::ask::{Intent, Source};
use crate::domain::end::End;
use crate::domain::flag::Value;
use crate::domain::ids::{DeploymentNo, FlagName, StackId};
use crate::text::safe::Safe;
use crate::world::World;

/// How many digits name a commit.
const DIGITS: usize = 7;

/// A version that served before the one that serves now.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionBefore {
    /// Of what.
    pub name: Safe,
    /// The version.
    pub version: Safe,
    /// The deployment that brought it.
    pub of: DeploymentNo,
    /// What brings it back, and leaves everything else as it is.
    pub intent: Intent,
}

impl World {
    /// The version that served before, of each thing that the release in service of a stack is made
    /// of; nothing where its system brings all of a release alone, or it is made of one thing.
    #[must_use]
    pub fn versions_before(&self, id: &StackId) -> Vec<VersionBefore> {
        let pin = self.catalog.of(id).and_then(|entry| entry.brings.pin);
        let pin = pin.and_then(|pin| pin.parse().ok());
        let serving = self
            .in_service(id)
            .and_then(|d| Some((d, d.plan.as_ref()?)));
        let (Some(pin), Some((serving, plan))) = (pin, serving) else {
            return Vec::new();
        };
        if plan.brings.len() < 2 {
            return Vec::new();
        }
        let mut all: BTreeMap<&Safe, VersionBefore> = BTreeMap::new();
        let earlier = self
            .deployments_of(id)
            .into_iter()
            .filter(|d| d.no() < serving.no() && d.end == Some(End::Done) && !d.is_beside());
        for d in earlier {
            let brought = d.plan.iter().flat_map(|plan| &plan.brings);
            for row in brought {
                let now = plan.brings.iter().find(|now| now.name == row.name);
                let Some(now) = now.filter(|now| !is_same(now.is.as_str(), row.is.as_str())) else {
                    continue;
                };
                let pinned = Value::Text(Safe::new(&format!("{}={}", row.name, row.is)));
                let flags = BTreeMap::from([(FlagName::clone(&pin), pinned)]);
                let intent = Intent::deploy(id.clone(), Source::Same).choosing(flags);
                let Some(intent) = intent else { continue };
                all.entry(&now.name).or_insert(VersionBefore {
                    name: row.name.clone(),
                    version: row.is.clone(),
                    of: d.no(),
                    intent,
                });
            }
        }
        all.into_values().collect()
    }
}

/// Whether two versions are one: a commit may be named by its first digits.
fn is_same(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() < other.len() {
        (one, other)
    } else {
        (other, one)
    };
    let is_commit = short.len() >= DIGITS && short.bytes().all(|b| b.is_ascii_hexdigit());
    one == other || is_commit && long.starts_with(short)
}
