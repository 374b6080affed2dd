//! `apply`: the store gets the environments as the file says.

use std::collections::BTreeMap;

use crate::domain::ask::Intent;
use crate::world::differs::Differs;

use super::act::Done;
use super::args::Guard;
use super::target::agreed;
use super::{Code, Ground, Out, ask, wait};

/// `apply`.
pub(super) fn apply(ground: &dyn Ground, guard: &Guard, out: &mut Out<'_, '_>) -> Done {
    let desk = ground.desk()?;
    wait::ready(&*desk, ground, out)?;
    let world = desk.world();
    let different: BTreeMap<_, _> = world
        .catalog
        .environments
        .iter()
        .filter(|(name, _)| matches!(world.differs(name), Differs::Different(_) | Differs::New))
        .map(|(name, record)| (name.clone(), record.clone()))
        .collect();
    // New ones are recorded by the desk itself; what is left to ask for are those that are
    // different.
    let new = different
        .keys()
        .all(|name| world.differs(name) == Differs::New);
    if new {
        for name in different.keys() {
            agreed(&*desk, ground, name)?;
        }
        let says = if different.is_empty() {
            "the store has the environments as the file says"
        } else {
            "recorded"
        };
        let names: Vec<String> = different.keys().map(ToString::to_string).collect();
        if out.is_json() {
            out.document(&serde_json::json!({ "outcome": "accepted", "says": says, "environments": names, "exit": 0 }))?;
        } else {
            out.line(&format!("{says} {}", names.join(", ")))?;
        }
        return Ok(Code::Done);
    }
    ask::carry_out(
        &*desk,
        ground,
        &Intent::Apply {
            environments: different,
        },
        guard,
        out,
    )
}
