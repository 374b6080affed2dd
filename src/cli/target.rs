//! The verbs that change something: from their words to an intent.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::desk::Patient;
use crate::domain::ask::{Intent, QueueOf, Refused, Source, Way};
use crate::domain::deployment::{Deployment, End};
use crate::domain::ids::{DeploymentId, DeploymentNo, EnvName, StackId};
use crate::world::World;
use crate::world::available::Doing;
use crate::world::differs::Differs;

use super::args::{
    CancelArgs, For, FreezeArgs, Guard, PlanArgs, RollbackArgs, StackArgs, TargetArgs, ThawArgs,
    UnblockArgs, WayOut,
};
use super::json::CardDoc;
use super::{Code, Ground, Out, Stop, ask, card, wait};

pub(super) type Done = Result<Code, Stop>;

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
    let id = stack_id(text)?;
    if world.stacks().contains(&id) {
        return Ok(id);
    }
    let names: Vec<String> = world
        .stacks()
        .into_iter()
        .map(ToString::to_string)
        .collect();
    let near = crate::domain::diagnostic::closest(text, names.iter().map(String::as_str));
    let near = near.map_or_else(
        || "`holdpoint ls` lists the stacks".to_owned(),
        |near| format!("did you mean {near}?"),
    );
    Err(Stop::wrong(
        "stack",
        format!("there is no stack {id}; {near}"),
    ))
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

/// One stack's verb: checks, builds the intent, carries it out.
pub(super) fn on_stack(
    ground: &dyn Ground,
    text: &str,
    guard: &Guard,
    out: &mut Out<'_, '_>,
    intent: impl FnOnce(&World, &StackId) -> Result<Intent, Stop>,
) -> Done {
    let desk = ground.desk()?;
    let world = wait::ready(&*desk, ground)?;
    let id = known(&world, text)?;
    let world = agreed(&*desk, ground, &id.env)?;
    desk.watch(std::slice::from_ref(&id));
    let intent = intent(&world, &id)?;
    ask::carry_out(&*desk, ground, intent, guard, out)
}

pub(super) fn source(release: Option<&String>) -> Source {
    release.map_or(Source::Estate, |release| Source::Release(release.clone()))
}

fn one(id: &StackId, source: Source) -> Intent {
    Intent::deploy(id.clone(), source)
}

/// What a person may do to a stack now, as an intent; or why not, and when.
fn offered(world: &World, id: &StackId, doing: Doing, ground: &dyn Ground) -> Result<Intent, Stop> {
    let offer = world.offer(id, doing, ground.now());
    match (offer.intent, offer.refused) {
        (Some(intent), _) => Ok(intent),
        (None, Some(no)) => {
            let when = if no.when.is_empty() {
                String::new()
            } else {
                format!(" ({})", no.when)
            };
            let says = format!("{} {id}: {}{when}", doing.name(), no.why);
            Err(if no.no_contact {
                Stop::lost(Refused::NO_CONTACT, says)
            } else {
                Stop::wrong("not-now", says)
            })
        }
        (None, None) => Err(Stop::wrong(
            "not-now",
            format!("{} {id}: {}", doing.name(), offer.note),
        )),
    }
}

/// `redeploy`.
pub(super) fn redeploy(ground: &dyn Ground, args: &StackArgs, out: &mut Out<'_, '_>) -> Done {
    on_stack(ground, &args.stack, &args.guard, out, |_, id| {
        args.chosen.on(one(id, Source::Same))
    })
}

/// `rollback`.
pub(super) fn rollback(ground: &dyn Ground, args: &RollbackArgs, out: &mut Out<'_, '_>) -> Done {
    let to = match &args.to {
        None => None,
        Some(text) => Some(number(text).ok_or_else(|| {
            Stop::wrong(
                "deployment",
                format!("--to {text:?} is no deployment: write #12"),
            )
        })?),
    };
    on_stack(ground, &args.stack, &args.guard, out, |_, id| {
        Ok(Intent::Rollback {
            stack: id.clone(),
            to,
        })
    })
}

/// `teardown`.
pub(super) fn teardown(ground: &dyn Ground, args: &StackArgs, out: &mut Out<'_, '_>) -> Done {
    on_stack(ground, &args.stack, &args.guard, out, |_, id| {
        args.chosen.on(Intent::teardown(id.clone()))
    })
}

/// `cancel`.
pub(super) fn cancel(ground: &dyn Ground, args: &CancelArgs, out: &mut Out<'_, '_>) -> Done {
    let doing = if args.abandon {
        Doing::Abandon
    } else {
        Doing::Cancel
    };
    on_deployment(
        ground,
        &args.target,
        &args.guard,
        out,
        doing,
        |deployment| {
            if args.abandon {
                Intent::Abandon { deployment }
            } else {
                Intent::Cancel { deployment }
            }
        },
    )
}

/// `retry`.
pub(super) fn retry(ground: &dyn Ground, args: &TargetArgs, out: &mut Out<'_, '_>) -> Done {
    on_deployment(
        ground,
        &args.target,
        &args.guard,
        out,
        Doing::Retry,
        |deployment| Intent::Retry { deployment },
    )
}

fn on_deployment(
    ground: &dyn Ground,
    text: &str,
    guard: &Guard,
    out: &mut Out<'_, '_>,
    doing: Doing,
    intent: impl FnOnce(DeploymentId) -> Intent,
) -> Done {
    match target(text)? {
        Target::Stack(id) => on_stack(
            ground,
            &id.to_string(),
            guard,
            out,
            |world, id| match doing {
                Doing::Retry => retrying(world, id, ground),
                _ => offered(world, id, doing, ground),
            },
        ),
        Target::Deployment(no) => {
            let desk = ground.desk()?;
            wait::ready(&*desk, ground)?;
            let found = numbered(&*desk, no)?;
            let stack = found.stack().ok_or_else(|| no_deployment(no))?;
            agreed(&*desk, ground, &stack.env)?;
            ask::carry_out(&*desk, ground, intent(found.id), guard, out)
        }
    }
}

/// The deployment of a number, however old.
pub(super) fn numbered(desk: &dyn Patient, no: DeploymentNo) -> Result<Deployment, Stop> {
    desk.numbered(no)
        .map_err(|why| Stop::lost("store", why))?
        .ok_or_else(|| no_deployment(no))
}

/// The last deployment again. Where the stack is at rest the engine looks and decides: what is
/// shown here may be older.
fn retrying(world: &World, id: &StackId, ground: &dyn Ground) -> Result<Intent, Stop> {
    let stack = world.folds.stack(id);
    let failed = |id: &DeploymentId| {
        world
            .deployment(*id)
            .is_some_and(|d| !matches!(d.end, Some(End::Done)))
    };
    match stack.last.filter(failed) {
        Some(deployment) if stack.current.is_none() => Ok(Intent::Retry { deployment }),
        Some(_) | None => offered(world, id, Doing::Retry, ground),
    }
}

pub(super) fn no_deployment(no: DeploymentNo) -> Stop {
    Stop::wrong(
        "deployment",
        format!("there is no deployment {no}; `holdpoint events` lists them"),
    )
}

/// `unblock`.
pub(super) fn unblock(ground: &dyn Ground, args: &UnblockArgs, out: &mut Out<'_, '_>) -> Done {
    on_stack(ground, &args.stack, &args.guard, out, |world, id| {
        args.chosen.on(unblocking(world, id, args.way, ground)?)
    })
}

/// A way that is named is asked for as it is: the engine looks before it answers, what is shown
/// here may be older.
fn unblocking(
    world: &World,
    id: &StackId,
    way: Option<WayOut>,
    ground: &dyn Ground,
) -> Result<Intent, Stop> {
    let asked = |way| Ok(Intent::unblock(id.clone(), way));
    let matches: fn(&Way) -> bool = match way {
        None => return offered(world, id, Doing::Unblock, ground),
        Some(WayOut::Recover) => return asked(Way::Recover),
        Some(WayOut::Retry) => return asked(Way::Retry),
        Some(WayOut::LastGood) => return asked(Way::LastGood),
        Some(WayOut::Free) => return asked(Way::Free),
        Some(WayOut::Done) => |way| matches!(way, Way::ResolveDone { .. }),
        Some(WayOut::Failed) => |way| matches!(way, Way::ResolveFailed { .. }),
    };
    let ways = world.ways(id);
    match ways.iter().find(|(way, _)| matches(way)) {
        Some((way, _)) => asked(way.clone()),
        None if ways.is_empty() => offered(world, id, Doing::Unblock, ground),
        None => {
            let list = ways
                .iter()
                .map(|(_, says)| says.as_str())
                .collect::<Vec<_>>()
                .join("; ");
            Err(Stop::wrong(
                "way",
                format!("{id} has no such way out now; there is: {list}"),
            ))
        }
    }
}

fn queue_of(world: &World, text: &str) -> Result<QueueOf, Stop> {
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

/// `freeze`.
pub(super) fn freeze(ground: &dyn Ground, args: &FreezeArgs, out: &mut Out<'_, '_>) -> Done {
    if args.reason.trim().is_empty() {
        return Err(Stop::wrong(
            "reason",
            "a freeze needs a reason: everybody sees it",
        ));
    }
    let until = match &args.time {
        None => None,
        Some(text) => Some(
            ground.now()
                + crate::domain::duration::read(text).map_err(|why| Stop::wrong("time", why))?,
        ),
    };
    let desk = ground.desk()?;
    let world = wait::ready(&*desk, ground)?;
    let target = queue_of(&world, &args.target)?;
    agreed(&*desk, ground, target.env())?;
    let intent = Intent::Freeze {
        target,
        reason: args.reason.trim().to_owned(),
        until,
    };
    ask::carry_out(&*desk, ground, intent, &Guard::default(), out)
}

/// `thaw`.
pub(super) fn thaw(ground: &dyn Ground, args: &ThawArgs, out: &mut Out<'_, '_>) -> Done {
    let desk = ground.desk()?;
    let world = wait::ready(&*desk, ground)?;
    let target = queue_of(&world, &args.target)?;
    agreed(&*desk, ground, target.env())?;
    ask::carry_out(&*desk, ground, Intent::Thaw { target }, &args.guard, out)
}

/// `apply`.
pub(super) fn apply(ground: &dyn Ground, guard: &Guard, out: &mut Out<'_, '_>) -> Done {
    let desk = ground.desk()?;
    wait::ready(&*desk, ground)?;
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
        Intent::Apply {
            environments: different,
        },
        guard,
        out,
    )
}

/// `plan`.
pub(super) fn plan(ground: &dyn Ground, args: &PlanArgs, out: &mut Out<'_, '_>) -> Done {
    let desk = ground.desk()?;
    let world = wait::ready(&*desk, ground)?;
    let intent = args.chosen.on(planned(&world, &*desk, ground, args)?)?;
    match ask::preview(&*desk, ground, intent)? {
        Ok(shown) if out.is_json() => out.document(&CardDoc::from(&shown))?,
        Ok(shown) => {
            for line in card::card(&shown) {
                out.line(&line)?;
            }
            for step in shown.plan.iter().flat_map(|plan| &plan.steps) {
                let hold = step.hold.as_ref().map_or_else(String::new, |hold| {
                    format!("  [hold: {}]", hold.kind.word())
                });
                out.line(&format!("  step {:<14} {}{hold}", step.id, step.title))?;
            }
            let reason = if shown.needs_reason {
                " --reason WHY"
            } else {
                ""
            };
            let confirm = shown.phrase.as_deref();
            let confirm = confirm.map_or_else(
                || "nothing must be typed".to_owned(),
                |phrase| format!("--confirm '{phrase}'{reason}"),
            );
            out.line(&format!("{:<10} {confirm}", "CONFIRM"))?;
        }
        Err(refused) => return Err(refused.into()),
    }
    Ok(Code::Done)
}

fn planned(
    world: &World,
    desk: &dyn Patient,
    ground: &dyn Ground,
    args: &PlanArgs,
) -> Result<Intent, Stop> {
    if args.verb == For::Thaw {
        return queue_of(world, &args.target).map(|target| Intent::Thaw { target });
    }
    let id = match target(&args.target)? {
        Target::Stack(_) => known(world, &args.target)?,
        Target::Deployment(no) => {
            let found = numbered(desk, no)?;
            match args.verb {
                For::Cancel => {
                    return Ok(Intent::Cancel {
                        deployment: found.id,
                    });
                }
                For::Retry => {
                    return Ok(Intent::Retry {
                        deployment: found.id,
                    });
                }
                For::Deploy
                | For::Redeploy
                | For::Rollback
                | For::Teardown
                | For::Unblock
                | For::Thaw => found.stack().cloned().ok_or_else(|| no_deployment(no))?,
            }
        }
    };
    let world = agreed(desk, ground, &id.env)?;
    match args.verb {
        For::Deploy => Ok(one(&id, source(args.release.as_ref()))),
        For::Redeploy => Ok(one(&id, Source::Same)),
        For::Rollback => Ok(Intent::Rollback {
            stack: id,
            to: None,
        }),
        For::Teardown => Ok(Intent::teardown(id)),
        For::Cancel => offered(&world, &id, Doing::Cancel, ground),
        For::Retry => retrying(&world, &id, ground),
        For::Unblock => unblocking(&world, &id, args.way, ground),
        For::Thaw => Err(Stop::wrong("verb", "thaw takes a stack or an environment")),
    }
}
