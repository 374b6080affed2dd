//! `deploy`: one stack, or all of an environment in their order.

use std::collections::BTreeMap;

use crate::domain::ask::{Intent, Source};
use crate::domain::flag::Flags;
use crate::domain::ids::{AppName, EnvName, StackId};
use crate::domain::order::order;
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
            wait::ready(&*desk, ground, out)?;
            let env: EnvName = env.parse().map_err(|why: crate::domain::ids::BadName| {
                Stop::wrong("environment", why.to_string())
            })?;
            let world = agreed(&*desk, ground, &env)?;
            let intent = args.chosen.on(all_of(&world, &env)?)?;
            ask::carry_out(&*desk, ground, &intent, &args.guard, out)
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
    let needs = |apps: &[AppName]| -> Vec<&StackId> {
        let needed = here.keys().filter(|id| apps.contains(&id.app));
        needed.copied().collect()
    };
    let stacks = order(here.iter().map(|(id, apps)| (*id, needs(apps)))).map_err(|circle| {
        let circle: Vec<String> = circle.into_iter().map(ToString::to_string).collect();
        let circle = circle.join(", ");
        Stop::wrong(
            "depends_on",
            format!("these stacks wait for each other: {circle}; run `holdpoint check`"),
        )
    })?;
    let after = here
        .iter()
        .map(|(id, apps)| ((*id).clone(), needs(apps).into_iter().cloned().collect()))
        .filter(|(_, needs): &(StackId, Vec<StackId>)| !needs.is_empty())
        .collect();
    Ok(Intent::Deploy {
        stacks: stacks.into_iter().cloned().collect(),
        source: Source::Estate,
        after,
        flags: Flags::new(),
    })
}
