//! What cannot be read now, as `doctor` tells it: what waits for contact, what is throttled, and what
//! passes by itself.

use std::collections::BTreeMap;

use super::{Fact, several};
use crate::domain::ids::{EnvName, StackId};
use crate::domain::place::{Place, Spot};
use crate::domain::time::Time;
use crate::world::{EngineState, World};

/// Deployments that wait for what cannot be looked at now: each reason once, with the stacks.
pub(super) fn cut_off(world: &World, among: &[EnvName]) -> Vec<Fact> {
    let mut told: BTreeMap<String, Vec<StackId>> = BTreeMap::new();
    for stack in world.stacks() {
        let why = world
            .out_of_contact(&world.folds.stack(stack))
            .map(|(_, why)| why.to_string());
        if let Some(why) = why.filter(|_| among.contains(&stack.env)) {
            told.entry(why).or_default().push(stack.clone());
        }
    }
    told.into_iter()
        .map(|(why, stacks)| Fact::wrong(format!("what {} waits for", several(&stacks)), why))
        .collect()
}

/// What is throttled, told once of a place, whatever the number of environments there.
pub(super) fn throttled(world: &World, among: &[EnvName], now: Time) -> Vec<Fact> {
    let mut told: BTreeMap<Spot, (Vec<String>, String)> = BTreeMap::new();
    for env in world.environments(now) {
        let says = env.throttled_says().filter(|_| among.contains(&env.name));
        let Some(says) = says else { continue };
        let (names, _) = told.entry(env.spot).or_insert_with(|| (Vec::new(), says));
        names.push(env.name.to_string());
    }
    told.into_values()
        .map(|(names, says)| Fact::note(format!("reads of {}", names.join(", ")), says))
        .collect()
}

/// Why it is not known who we are at a place, where that passes by itself: no engine could look
/// yet, or reads are throttled there and nothing denied it.
pub(super) fn passes(world: &World, env: &EnvName, place: &Place, now: Time) -> Option<String> {
    let starts = matches!(
        world.engine,
        EngineState::Unknown | EngineState::Starting | EngineState::Draining { .. }
    );
    if starts {
        return Some(world.engine.says());
    }
    let denied = world
        .proof(env, &place.name)
        .is_some_and(|seen| seen.stale.is_some());
    let throttled = world.throttled(env, now).filter(|_| !denied)?;
    Some(throttled.to_string())
}
