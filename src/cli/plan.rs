//! `plan`: the card of a verb that changes something, without asking for it.

use crate::desk::Patient;
use crate::domain::ask::{Intent, Source, WHY};
use crate::world::World;
use crate::world::available::Doing;

use super::act::{Done, offered, one, retrying, source, unblocking};
use super::args::{For, PlanArgs};
use super::deploy::given;
use super::json::CardDoc;
use super::target::{Target, agreed_for, by_id, known, no_deployment, numbered, queue_of, target};
use super::{Code, Ground, Out, Stop, ask, card, wait};

/// `plan`.
pub(super) fn plan(ground: &dyn Ground, args: &PlanArgs, out: &mut Out<'_, '_>) -> Done {
    let desk = ground.desk()?;
    let world = wait::ready(&*desk, ground, out)?;
    let intent = args.chosen.on(planned(&world, &*desk, ground, args)?)?;
    match ask::preview(&*desk, ground, intent, out)? {
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
                format!(" --reason {WHY}")
            } else {
                String::new()
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
    if args.application.is_some() && args.verb != For::Deploy {
        let says = "--application is for deploy: nothing else is made of an application file";
        return Err(Stop::wrong("application", says));
    }
    if args.verb == For::Thaw {
        return queue_of(world, &args.target).map(|target| Intent::Thaw { target });
    }
    let named = match by_id(world, &args.target) {
        Some(id) => Target::Stack(id),
        None => target(&args.target)?,
    };
    let id = match named {
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
    let world = agreed_for(desk, ground, &id.env, doing(args.verb))?;
    desk.watch(std::slice::from_ref(&id));
    match args.verb {
        For::Deploy => {
            let source = match &args.application {
                Some(file) => given(&world, &id, file)?,
                None => source(args.release.as_ref()),
            };
            Ok(one(&id, source))
        }
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

/// What the planned verb does.
fn doing(verb: For) -> Doing {
    match verb {
        For::Deploy => Doing::Deploy,
        For::Redeploy => Doing::Redeploy,
        For::Rollback => Doing::Rollback,
        For::Teardown => Doing::Teardown,
        For::Cancel => Doing::Cancel,
        For::Retry => Doing::Retry,
        For::Unblock => Doing::Unblock,
        For::Thaw => Doing::Thaw,
    }
}
