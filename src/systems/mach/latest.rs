//! `$LATEST`: the newest commit of a component's branch, or the newest version that is registered of
//! it. It is found once, when a deployment is asked
//! for, and the deployment has that version from then on: whatever repeats it, repeats that version.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::body::{Body, release};
use crate::domain::failure::Failure;
use crate::domain::ids::Part;
use crate::domain::look::{Look, Sights, Subject};
use crate::domain::refs::Branch;
use crate::domain::request::Spec;
use crate::forms::git::{self, BRANCH, BranchFacts};
use crate::forms::registry::{self, NewestFacts, VERSIONS};
use crate::systems::group;
use crate::systems::versions::{GitVersions, Versions};

/// The version that says: the newest one.
pub(super) const LATEST: &str = "$LATEST";

/// The version that was the newest, and of which branch, or where it is registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pin {
    pub(super) version: String,
    pub(super) branch: String,
}

/// What stands for the version of a component in its Terraform until one is found.
pub(super) fn placeholder(component: &str) -> String {
    format!("{LATEST}({component})")
}

/// What says which one is the newest, as a thing that is looked at.
///
/// # Errors
/// Why there is no such thing.
pub(super) fn newest(among: &Versions) -> Result<Subject, String> {
    match among {
        Versions::Git(git) => branch(git),
        Versions::Registry(registry, name) => Ok(registry.newest(name)),
        Versions::Unlisted(why) => Err((*why).to_owned()),
    }
}

/// The same of its name, as a spec has it.
fn looked_at(name: &str) -> Subject {
    if registry::is_one(name) {
        Subject::new(VERSIONS, name)
    } else {
        Subject::new(BRANCH, name)
    }
}

/// The version that a look found.
fn seen_as(name: &str, seen: &Sights) -> Option<String> {
    let facts = &seen.of(&looked_at(name))?.facts;
    if registry::is_one(name) {
        return Some(NewestFacts::deserialize(facts).ok()?.version);
    }
    let commit = BranchFacts::deserialize(facts).ok()?.commit;
    Some(registry::version(commit.as_str()))
}

fn branch(of: &GitVersions) -> Result<Subject, String> {
    if let Some(hint) = git::wrong_repository(&of.address) {
        return Err(format!("{} is not read: {hint}", of.address));
    }
    let name: Branch = of.branch.parse().map_err(|why| format!("{why}"))?;
    Ok(git::branch(&of.address, &name))
}

/// The repository and the name of a branch that is looked at.
fn called(branch: &str) -> (&str, &str) {
    branch.rsplit_once("#refs/heads/").unwrap_or(("", branch))
}

/// The components of a node whose version is to be found, each with the name of its branch.
fn open(spec: &Spec) -> BTreeMap<String, String> {
    BTreeMap::deserialize(&spec.body["latest"]).unwrap_or_default()
}

/// The nodes of a spec: its own, or those of a whole.
fn nodes(spec: &Spec) -> impl Iterator<Item = &Spec> {
    let own = Some(spec).filter(|spec| spec.parts.is_empty());
    own.into_iter().chain(spec.parts.values())
}

/// The branches that are to be looked at before it is planned.
pub(super) fn looks(spec: &Spec, seen: &Sights) -> Vec<Look> {
    let mut all: Vec<String> = nodes(spec)
        .flat_map(|node| open(node).into_values())
        .collect();
    all.sort_unstable();
    all.dedup();
    let all = all.iter().map(|name| looked_at(name));
    all.filter(|about| seen.of(about).is_none())
        .map(Look::at)
        .collect()
}

/// The same in the versions that were found; none where there was nothing to find.
pub(super) fn settled(spec: &Spec, seen: &Sights) -> Option<Spec> {
    if spec.parts.is_empty() {
        return node(spec, seen);
    }
    let parts: Vec<(Part, Spec)> = spec
        .parts
        .iter()
        .filter_map(|(part, own)| Some((part.clone(), node(own, seen)?)))
        .collect();
    (!parts.is_empty()).then(|| group::with(spec, parts))
}

fn node(spec: &Spec, seen: &Sights) -> Option<Spec> {
    let open = open(spec);
    if open.is_empty() {
        return None;
    }
    let mut body = Body::of(spec).ok()?;
    for (component, branch) in open {
        let Some(version) = seen_as(&branch, seen) else {
            continue;
        };
        for (name, own) in &mut body.components {
            if *name == component {
                own.clone_from(&version);
            }
        }
        body.latest.remove(&component);
        body.pins.insert(component, Pin { version, branch });
    }
    let body = serde_json::to_value(body).ok()?;
    Some(Spec {
        release: release(&body),
        body,
        ..spec.clone()
    })
}

/// Everything was found.
///
/// # Errors
/// What is not there.
pub(super) fn found(spec: &Spec) -> Result<(), Failure> {
    let mut left = nodes(spec).flat_map(open);
    left.next().map_or(Ok(()), |(component, branch)| {
        if registry::is_one(&branch) {
            let says = format!(
                "{component} takes {LATEST}, and no version of it is registered below {branch}"
            );
            return Err(Failure::new(says).hint("publish it first, or name a version"));
        }
        let (repository, name) = called(&branch);
        let says = format!("{component} takes {LATEST}, and {repository} has no branch {name}");
        Err(Failure::new(says).hint("name its branch with `branch`, or a version"))
    })
}

/// What was found, a sentence for each component.
pub(super) fn says(spec: &Spec) -> Vec<String> {
    let mut all = Vec::new();
    for node in nodes(spec).filter(|node| node.body.get("pins").is_some()) {
        let pins = Body::of(node).map(|body| body.pins).unwrap_or_default();
        all.extend(pins.into_iter().map(|(component, pin)| {
            let version = &pin.version;
            if registry::is_one(&pin.branch) {
                let at = &pin.branch;
                return format!("{component}: {version}, the newest that was registered below {at} when this release was asked for ({LATEST}).");
            }
            let (_, name) = called(&pin.branch);
            format!("{component}: {version}, the newest commit of {name} when this release was asked for ({LATEST}).")
        }));
    }
    all.sort_unstable();
    all.dedup();
    all
}
