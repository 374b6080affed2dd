//! What the words of a verb name: a stack, a deployment, what is frozen; and whether the store has
//! its environment as the file says.

use std::sync::Arc;

use crate::desk::Patient;
use crate::domain::ask::QueueOf;
use crate::domain::deployment::Deployment;
use crate::domain::ids::{DeploymentNo, EnvName, StackId};
use crate::systems;
use crate::world::World;
use crate::world::available::Doing;
use crate::world::differs::Differs;

use super::{Ground, Stop};

/// What a target word names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Stack(StackId),
    Deployment(DeploymentNo),
}

/// Reads `environment/application` or `#12`.
pub(super) fn target(text: &str) -> Result<Target, Stop> {
    if let Some(no) = number(text) {
        return Ok(Target::Deployment(no));
    }
    stack_id(text).map(Target::Stack)
}

/// `#12` or `12`.
pub(super) fn number(text: &str) -> Option<DeploymentNo> {
    text.strip_prefix('#')
        .unwrap_or(text)
        .parse()
        .ok()
        .map(DeploymentNo)
}

pub(super) fn stack_id(text: &str) -> Result<StackId, Stop> {
    text.parse()
        .map_err(|why: crate::domain::ids::BadName| Stop::wrong("stack", why.to_string()))
}

/// A stack that the estate or the log knows.
pub(super) fn known(world: &World, text: &str) -> Result<StackId, Stop> {
    let id = match by_id(world, text) {
        Some(id) => id,
        None => stack_id(text)?,
    };
    if world.stacks().contains(&id) {
        return Ok(id);
    }
    let names: Vec<String> = world
        .stacks()
        .into_iter()
        .map(ToString::to_string)
        .collect();
    let near = crate::text::diagnostic::closest(text, names.iter().map(String::as_str));
    let near = near.map_or_else(
        || "`holdpoint ls` lists the stacks".to_owned(),
        |near| format!("did you mean {near}?"),
    );
    Err(Stop::wrong(
        "stack",
        format!("there is no stack {id}; {near}"),
    ))
}

/// The stack whose environment is named by the id that its system gives it.
pub(super) fn by_id(world: &World, text: &str) -> Option<StackId> {
    let (id, app) = text.split_once('/')?;
    id.parse::<uuid::Uuid>().ok()?;
    let mut all = world.catalog.stacks.iter();
    let found = all.find(|(stack, entry)| {
        let spec = entry.spec.as_ref().ok();
        let system = spec.and_then(|spec| systems::named(&spec.system));
        let is_meant = system
            .zip(spec)
            .is_some_and(|(system, spec)| system.is_environment(spec, id));
        is_meant && stack.to_string() == format!("{}/{app}", stack.env)
    });
    found.map(|(stack, _)| stack.clone())
}

/// Waits until the store has the environments of the file, and refuses where they are different.
pub(super) fn agreed(
    desk: &dyn Patient,
    ground: &dyn Ground,
    env: &EnvName,
) -> Result<Arc<World>, Stop> {
    let from = ground.now();
    loop {
        let world = desk.world();
        match world.differs(env) {
            Differs::Same => return Ok(world),
            Differs::New if ground.now().since(from) < std::time::Duration::from_secs(30) => {
                desk.changed(std::time::Duration::from_millis(200));
            }
            differs @ (Differs::New | Differs::NotInFile | Differs::Different(_)) => {
                return Err(Stop::wrong(
                    "differs",
                    differs.refuses(env).unwrap_or_default(),
                ));
            }
        }
    }
}

/// The same for what is to be done there: what stops something waits for no agreement.
pub(super) fn agreed_for(
    desk: &dyn Patient,
    ground: &dyn Ground,
    env: &EnvName,
    doing: Doing,
) -> Result<Arc<World>, Stop> {
    if doing.stops() {
        return Ok(desk.world());
    }
    agreed(desk, ground, env)
}

/// The deployment of a number, however old.
pub(super) fn numbered(desk: &dyn Patient, no: DeploymentNo) -> Result<Deployment, Stop> {
    desk.numbered(no)
        .map_err(|why| Stop::lost("store", why))?
        .ok_or_else(|| no_deployment(no))
}

pub(super) fn no_deployment(no: DeploymentNo) -> Stop {
    Stop::wrong(
        "deployment",
        format!("there is no deployment {no}; `holdpoint events` lists them"),
    )
}

pub(super) fn queue_of(world: &World, text: &str) -> Result<QueueOf, Stop> {
    if text.contains('/') {
        return known(world, text).map(QueueOf::Stack);
    }
    let env: EnvName = text
        .parse()
        .map_err(|why: crate::domain::ids::BadName| Stop::wrong("environment", why.to_string()))?;
    if world.record(&env).is_none() {
        return Err(Stop::wrong(
            "environment",
            format!("there is no environment {env}; `holdpoint ls` lists them"),
        ));
    }
    Ok(QueueOf::Environment(env))
}
