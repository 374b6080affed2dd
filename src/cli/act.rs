//! The verbs on one stack or one deployment: from their words to an intent.

use crate::domain::ask::{Answer, Ask, Intent, Source, Way};
use crate::domain::end::End;
use crate::domain::ids::{DeploymentId, StackId};
use crate::domain::refused::Refused;
use crate::world::World;
use crate::world::available::{Doing, NotNow, armed};

use super::args::{
    CancelArgs, Guard, RollbackArgs, StackArgs, TargetArgs, UnblockArgs, UndoArgs, WayOut,
};
use super::ask::Awaited;
use super::target::{Target, agreed_for, known, no_deployment, number, numbered, target};
use super::{Code, Ground, Out, Stop, ask, wait};

pub(super) type Done = Result<Code, Stop>;

/// One stack's verb: checks, builds the intent, carries it out.
pub(super) fn on_stack(
    ground: &dyn Ground,
    (text, doing): (&str, Doing),
    guard: &Guard,
    out: &mut Out<'_, '_>,
    intent: impl FnOnce(&World, &StackId) -> Result<Intent, Stop>,
) -> Done {
    let desk = ground.desk()?;
    let world = wait::ready(&*desk, ground, out)?;
    let id = known(&world, text)?;
    let world = agreed_for(&*desk, ground, &id.env, doing)?;
    desk.watch(std::slice::from_ref(&id));
    let intent = intent(&world, &id)?;
    ask::carry_out(&*desk, ground, &intent, guard, out)
}

pub(super) fn source(release: Option<&String>) -> Source {
    release.map_or(Source::Estate, |release| Source::Release(release.clone()))
}

pub(super) fn one(id: &StackId, source: Source) -> Intent {
    Intent::deploy(id.clone(), source)
}

/// What a person may do to a stack now, as an intent; or why not, and when.
pub(super) fn offered(
    world: &World,
    id: &StackId,
    doing: Doing,
    ground: &dyn Ground,
) -> Result<Intent, Stop> {
    let offer = world.offer(id, doing, ground.now());
    match (offer.intent, offer.refused) {
        (Some(intent), _) => Ok(intent),
        (None, Some(no)) => Err(not_now(id, doing, &no)),
        (None, None) => Err(Stop::wrong(
            "not-now",
            format!("{} {id}: {}", doing.name(), offer.note),
        )),
    }
}

/// Why something cannot be done now, and when it can.
fn not_now(id: &StackId, doing: Doing, no: &NotNow) -> Stop {
    let when = if no.when.is_empty() {
        String::new()
    } else {
        format!(" ({})", no.when)
    };
    let says = format!("{} {id}: {}{when}", doing.name(), no.why);
    if no.no_contact {
        Stop::lost(Refused::NO_CONTACT, says)
    } else {
        Stop::wrong("not-now", says)
    }
}

/// `redeploy`.
pub(super) fn redeploy(ground: &dyn Ground, args: &StackArgs, out: &mut Out<'_, '_>) -> Done {
    on_stack(
        ground,
        (&args.stack, Doing::Redeploy),
        &args.guard,
        out,
        |_, id| args.chosen.on(one(id, Source::Same)),
    )
}

/// `rollback`.
pub(super) fn rollback(ground: &dyn Ground, args: &RollbackArgs, out: &mut Out<'_, '_>) -> Done {
    let to = match &args.to {
        None => None,
        Some(text) => Some(number(text).ok_or_else(|| {
            Stop::wrong(
                "deployment",
                format!("--to {text:?} is not a deployment: write #12"),
            )
        })?),
    };
    on_stack(
        ground,
        (&args.stack, Doing::Rollback),
        &args.guard,
        out,
        |_, id| {
            Ok(Intent::Rollback {
                stack: id.clone(),
                to,
            })
        },
    )
}

/// `teardown`.
pub(super) fn teardown(ground: &dyn Ground, args: &StackArgs, out: &mut Out<'_, '_>) -> Done {
    on_stack(
        ground,
        (&args.stack, Doing::Teardown),
        &args.guard,
        out,
        |_, id| args.chosen.on(Intent::teardown(id.clone())),
    )
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

/// `undo`: of a stack what is armed, else what waits last; of a number what has not started.
pub(super) fn undo(ground: &dyn Ground, args: &UndoArgs, out: &mut Out<'_, '_>) -> Done {
    let desk = ground.desk()?;
    let world = wait::ready(&*desk, ground, out)?;
    let deployment = match target(&args.target)? {
        Target::Deployment(no) => numbered(&*desk, no)?.id,
        Target::Stack(id) => {
            let id = known(&world, &id.to_string())?;
            let now = ground.now();
            let stack = world.folds.stack(&id);
            let waits = stack.queue.last().map(|entry| entry.deployment);
            match (
                armed(&stack, now).or(waits),
                world.offer(&id, Doing::Undo, now).refused,
            ) {
                (Some(deployment), _) => deployment,
                (None, Some(no)) => return Err(not_now(&id, Doing::Undo, &no)),
                (None, None) => {
                    let says = format!("undo {id}: nothing is armed any more");
                    return Err(Stop::wrong("not-now", says));
                }
            }
        }
    };
    let asked = desk
        .submit(Ask::Undo { deployment })
        .map_err(|why| Stop::lost("desk", why.to_string()))?;
    let guard = Guard {
        wait: args.wait,
        ..Guard::default()
    };
    match wait::answer(&*desk, ground, asked, None, out)? {
        Answer::Accepted { says, .. } => ask::accepted(
            &*desk,
            ground,
            &[deployment],
            Awaited::Gone,
            &says,
            &guard,
            out,
        ),
        Answer::Refused(refused) => ask::refuse(&refused, None, out),
        Answer::Card { .. } => Err(ask::wrong_answer("a card where it was asked to undo")),
    }
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
        Target::Stack(id) => {
            on_stack(
                ground,
                (&id.to_string(), doing),
                guard,
                out,
                |world, id| match doing {
                    Doing::Retry => retrying(world, id, ground),
                    _ => offered(world, id, doing, ground),
                },
            )
        }
        Target::Deployment(no) => {
            let desk = ground.desk()?;
            wait::ready(&*desk, ground, out)?;
            let found = numbered(&*desk, no)?;
            let stack = found.stack().ok_or_else(|| no_deployment(no))?;
            agreed_for(&*desk, ground, &stack.env, doing)?;
            desk.watch(std::slice::from_ref(stack));
            ask::carry_out(&*desk, ground, &intent(found.id), guard, out)
        }
    }
}

/// The last deployment again. Where the stack is at rest the engine looks and decides: what is
/// shown here may be older.
pub(super) fn retrying(world: &World, id: &StackId, ground: &dyn Ground) -> Result<Intent, Stop> {
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

/// `unblock`.
pub(super) fn unblock(ground: &dyn Ground, args: &UnblockArgs, out: &mut Out<'_, '_>) -> Done {
    on_stack(
        ground,
        (&args.stack, Doing::Unblock),
        &args.guard,
        out,
        |world, id| args.chosen.on(unblocking(world, id, args.way, ground)?),
    )
}

/// A way that is named is asked for as it is: the engine looks before it answers, what is shown
/// here may be older.
pub(super) fn unblocking(
    world: &World,
    id: &StackId,
    way: Option<WayOut>,
    ground: &dyn Ground,
) -> Result<Intent, Stop> {
    let asked = |way| Ok(Intent::unblock(id.clone(), way));
    let ways = world.ways(id);
    let matches: fn(&Way) -> bool = match way {
        None => {
            let ended: Vec<String> = ways
                .iter()
                .filter_map(|(way, says)| match way {
                    Way::ResolveDone { .. } => Some(format!("--way done ({says})")),
                    Way::ResolveFailed { .. } => Some(format!("--way failed ({says})")),
                    Way::Recover | Way::Retry | Way::LastGood | Way::Free => None,
                })
                .collect();
            if ended.is_empty() {
                return offered(world, id, Doing::Unblock, ground);
            }
            return Err(Stop::wrong(
                "way",
                format!(
                    "unblock {id}: find out how it ended and say so; nothing is taken for granted: {}",
                    ended.join(", or ")
                ),
            ));
        }
        Some(WayOut::Recover) => return asked(Way::Recover),
        Some(WayOut::Retry) => return asked(Way::Retry),
        Some(WayOut::LastGood) => return asked(Way::LastGood),
        Some(WayOut::Free) => return asked(Way::Free),
        Some(WayOut::Done) => |way| matches!(way, Way::ResolveDone { .. }),
        Some(WayOut::Failed) => |way| matches!(way, Way::ResolveFailed { .. }),
    };
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
