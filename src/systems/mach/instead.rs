//! A version in place of the one of the files: what a person goes back to while the file is yet to be
//! mended. It stays with the release: what repeats that has the same version.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::body::{Body, release};
use super::latest::{LATEST, placeholder};
use crate::domain::failure::Failure;
use crate::domain::flag::{self, Flag, Flags};
use crate::domain::plan::Plan;
use crate::domain::purpose::Purpose;
use crate::domain::request::Spec;
use crate::text::diagnostic::closest;

/// Brings one component in another version than the files say.
pub(super) const PIN: Flag = Flag {
    name: "pin",
    form: flag::Form::Version,
    purposes: &[Purpose::Deploy],
    says: "one of its components at this version, whatever the file says, as NAME=VERSION; of several with ',' between them",
};

/// A version that takes the place of another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Instead {
    /// What the file says.
    pub(super) of_file: String,
    /// What is brought.
    pub(super) version: String,
}

fn asked(flags: &Flags) -> BTreeMap<String, String> {
    flag::versions(flags, PIN.name)
}

/// The same node with the versions that are asked for; none where it has them.
pub(super) fn settled(flags: &Flags, spec: &Spec) -> Option<Spec> {
    let asked = asked(flags);
    if asked.is_empty() || spec.is_whole() {
        return None;
    }
    let mut body = Body::of(spec).ok()?;
    let mut is_other = false;
    for (name, version) in asked {
        let own = body.components.iter_mut().find(|(own, _)| *own == name);
        let Some((_, own)) = own.filter(|(_, own)| *own != version) else {
            continue;
        };
        let is_latest = body.latest.remove(&name).is_some() | body.pins.remove(&name).is_some();
        let before = body.instead.remove(&name).map(|before| before.of_file);
        let of_file = before.unwrap_or_else(|| {
            if is_latest {
                LATEST.to_owned()
            } else {
                own.clone()
            }
        });
        own.clone_from(&version);
        is_other = true;
        if of_file != version {
            body.instead.insert(name, Instead { of_file, version });
        }
    }
    let body = serde_json::to_value(body).ok().filter(|_| is_other)?;
    Some(Spec {
        release: release(&body),
        body,
        ..spec.clone()
    })
}

/// What is asked for can be brought.
///
/// # Errors
/// What cannot, and why.
pub(super) fn may_be(flags: &Flags, body: &Body) -> Result<(), Failure> {
    let names: BTreeSet<&str> = body
        .components
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    for name in asked(flags).into_keys() {
        if !names.contains(name.as_str()) {
            let says = format!("{} has no component {name}", body.node);
            let near = closest(&name, names.iter().copied());
            let near = near.map(|near| format!("did you mean {near:?}?"));
            let all: Vec<&str> = names.iter().copied().collect();
            let all = if all.is_empty() {
                "nothing that has a version".to_owned()
            } else {
                all.join(", ")
            };
            return Err(Failure::new(says).hint(near.unwrap_or_else(|| format!("it has {all}"))));
        }
        if body.original.is_some() {
            let says = format!(
                "{} is made by the original program, by the versions of its file",
                body.node
            );
            return Err(Failure::new(says).hint("write the version into the file, and deploy"));
        }
        if body.fixed.contains(&name) {
            let says = format!(
                "{name} is not fetched by its version: its module lies where its source says"
            );
            return Err(
                Failure::new(says).hint("bring back the files of that version, and deploy them")
            );
        }
    }
    Ok(())
}

/// The plan with a sentence for each component that has another version than its file says.
pub(super) fn told(mut plan: Plan, spec: &Spec, serving: Option<&Spec>) -> Plan {
    let instead = Body::of(spec).map(|body| body.instead).unwrap_or_default();
    let serving = serving.and_then(|spec| Body::of(spec).ok());
    let before = serving.iter().flat_map(|body| &body.instead);
    let no_more = before.filter(|(name, _)| !instead.contains_key(*name));
    plan.says.extend(no_more.map(|(name, before)| {
        format!(
            "{name}: no more {}, which was asked for in place of what its file says.",
            before.version
        )
    }));
    let all = instead.iter();
    plan.says.extend(all.map(|(name, Instead { of_file, version })| {
        format!("{name}: {version}, as it was asked for; its file says {of_file}, which the next deployment from the files brings.")
    }));
    plan
}

impl Body {
    /// What is put into the files of a node in place of what they say: of a version that is found when
    /// it is asked for what stands for it, of any other the version of that component.
    pub(super) fn put(&self) -> Value {
        let is_latest = |instead: &Instead| instead.of_file == LATEST;
        let found = self.pins.iter().map(|(name, pin)| (name, &pin.version));
        let latest = self.instead.iter().filter(|(_, one)| is_latest(one));
        let latest = latest.map(|(name, one)| (name, &one.version));
        let put = found.chain(latest);
        let put = put.map(|(component, version)| (placeholder(component), version));
        let versions = self.instead.iter().filter(|(_, one)| !is_latest(one));
        let versions = versions.map(|(name, one)| (name, [&one.of_file, &one.version]));
        json!({
            "put": put.collect::<BTreeMap<_, _>>(),
            "versions": versions.collect::<BTreeMap<_, _>>(),
        })
    }
}
