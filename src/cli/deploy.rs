//! `deploy`: one stack, or all of an environment in their order.

use std::collections::BTreeMap;

use crate::domain::ask::{Intent, Source};
use crate::domain::flag::Flags;
use crate::domain::ids::{AppName, EnvName, StackId};
use crate::world::World;
use crate::world::available::Doing;

use super::act::{Done, on_stack, source};
use super::args::DeployArgs;
use super::target::agreed;
use super::{Ground, Out, Stop, ask, wait};

/// `deploy`.
pub(super) fn deploy(ground: &dyn Ground, args: &DeployArgs, out: &mut Out<'_, '_>) -> Done {
    match (&args.stack, &args.all) {
        (Some(stack), _) => on_stack(ground, (stack, Doing::Deploy), &args.guard, out, |_, id| {
            args.chosen
                .on(Intent::deploy(id.clone(), source(args.release.as_ref())))
        }),
        (None, Some(env)) => {
            let desk = ground.desk()?;
            wait::ready(&*desk, ground)?;
            let env: EnvName = env.parse().map_err(|why: crate::domain::ids::BadName| {
                Stop::wrong("environment", why.to_string())
            })?;
            let world = agreed(&*desk, ground, &env)?;
            let intent = args.chosen.on(all_of(&world, &env)?)?;
            ask::carry_out(&*desk, ground, intent, &args.guard, out)
        }
        (None, None) => Err(Stop::wrong("stack", "name a stack, or --all ENV")),
    }
}

/// All stacks of an environment, in the order of `depends_on`. A whole brings its parts: they are
/// not named beside it.
fn all_of(world: &World, env: &EnvName) -> Result<Intent, Stop> {
    let all = &world.catalog.stacks;
    let here: BTreeMap<&StackId, &Vec<AppName>> = all
        .iter()
        .filter(|(id, _)| id.env == *env && (id.part.is_none() || !all.contains_key(&id.whole())))
        .map(|(id, entry)| (id, &entry.depends_on))
        .collect();
    if here.is_empty() {
        return Err(Stop::wrong(
            "environment",
            format!("the estate file has no stack in {env}; `holdpoint ls` lists them"),
        ));
    }
    let mut after = BTreeMap::new();
    let mut stacks: Vec<StackId> = Vec::new();
    while stacks.len() < here.len() {
        let before = stacks.len();
        for (id, apps) in &here {
            let needs: Vec<StackId> = here
                .keys()
                .filter(|other| apps.contains(&other.app))
                .map(|other| (*other).clone())
                .collect();
            if !stacks.contains(id) && needs.iter().all(|need| stacks.contains(need)) {
                stacks.push((*id).clone());
                if !needs.is_empty() {
                    after.insert((*id).clone(), needs);
                }
            }
        }
        if stacks.len() == before {
            return Err(Stop::wrong(
                "depends_on",
                format!("the applications of {env} wait for each other; run `holdpoint check`"),
            ));
        }
    }
    Ok(Intent::Deploy {
        stacks,
        source: Source::Estate,
        after,
        flags: Flags::new(),
    })
}
