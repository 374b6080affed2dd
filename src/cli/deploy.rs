//! `deploy`: one stack, or all of an environment in their order.

use std::io::Read as _;
use std::path::Path;

use crate::domain::ask::{Intent, Source};
use crate::domain::flag::Flags;
use crate::domain::ids::{EnvName, StackId};
use crate::domain::order::order;
use crate::domain::request::SourceFile;
use crate::os::open;
use crate::systems;
use crate::text::safe::Safe;
use crate::world::World;
use crate::world::available::Doing;

use super::act::{Done, on_stack, source};
use super::args::DeployArgs;
use super::target::agreed;
use super::{Ground, Out, Stop, ask, wait};

/// `deploy`.
pub(super) fn deploy(ground: &dyn Ground, args: &DeployArgs, out: &mut Out<'_, '_>) -> Done {
    match (&args.stack, &args.all) {
        (Some(stack), _) => {
            let asked = (stack.as_str(), Doing::Deploy);
            on_stack(ground, asked, &args.guard, out, |world, id| {
                let source = match &args.application {
                    Some(file) => given(world, id, file)?,
                    None => source(args.release.as_ref()),
                };
                args.chosen.on(Intent::deploy(id.clone(), source))
            })
        }
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

/// The longest application file.
const LONGEST: u64 = 1 << 20;

/// An application file in place of the configured one. What is wrong with it is told here, and goes
/// nowhere: it may hold a secret.
pub(super) fn given(world: &World, id: &StackId, path: &Path) -> Result<Source, Stop> {
    let name = Safe::new(&path.display().to_string()).into_string();
    let wrong = |says: String| Stop::wrong("application", says);
    let unread = |why: std::io::Error| wrong(format!("{name} cannot be read: {why}"));
    let mut bytes = Vec::new();
    let file = open::read(path).map_err(unread)?;
    file.take(LONGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(unread)?;
    if bytes.len() as u64 > LONGEST {
        return Err(wrong(format!("{name} has more than {LONGEST} bytes")));
    }
    let file = SourceFile {
        bytes,
        executable: false,
    };
    let entry = world.catalog.stacks.get(id);
    let spec = entry.and_then(|entry| entry.spec.as_ref().ok());
    let system = spec.and_then(|spec| systems::named(&spec.system));
    let found = system.map(|system| system.wrong_given(&name, &file));
    let found = found.unwrap_or_default();
    if !found.is_empty() {
        return Err(wrong(found.to_string()));
    }
    let name = path.file_name().map_or(name.clone(), |own| {
        Safe::new(&own.to_string_lossy()).into_string()
    });
    Ok(Source::Application { name, file })
}

/// All stacks of an environment, in their order. A whole brings its parts: they are not named beside
/// it.
fn all_of(world: &World, env: &EnvName) -> Result<Intent, Stop> {
    let all = &world.catalog.stacks;
    let here = all
        .keys()
        .filter(|id| id.env == *env && (id.part.is_none() || !all.contains_key(&id.whole())));
    let here: Vec<StackId> = here.cloned().collect();
    if here.is_empty() {
        return Err(Stop::wrong(
            "environment",
            format!("the estate file has no stack in {env}; `holdpoint ls` lists them"),
        ));
    }
    several(world, &here)
}

/// Several stacks: each after those of the applications on which its own depends (`depends_on`).
fn several(world: &World, stacks: &[StackId]) -> Result<Intent, Stop> {
    let needs = |id: &StackId| -> Vec<&StackId> {
        let Some(entry) = world.catalog.stacks.get(id) else {
            return Vec::new();
        };
        let comes_before = |other: &&StackId| entry.depends_on.contains(&other.app);
        stacks.iter().filter(comes_before).collect()
    };
    let sorted = order(stacks.iter().map(|id| (id, needs(id)))).map_err(|circle| {
        let circle: Vec<String> = circle.into_iter().map(ToString::to_string).collect();
        let circle = circle.join(", ");
        Stop::wrong(
            "depends_on",
            format!("these stacks wait for each other: {circle}; run `holdpoint check`"),
        )
    })?;
    let after = stacks
        .iter()
        .map(|id| (id.clone(), needs(id).into_iter().cloned().collect()))
        .filter(|(_, needs): &(StackId, Vec<StackId>)| !needs.is_empty())
        .collect();
    Ok(Intent::Deploy {
        stacks: sorted.into_iter().cloned().collect(),
        source: Source::Estate,
        after,
        flags: Flags::new(),
    })
}
