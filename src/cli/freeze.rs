//! `freeze` and `thaw`: a stack or an environment starts nothing until it is thawed.

use crate::domain::ask::Intent;
use crate::world::available::Doing;

use super::act::Done;
use super::args::{FreezeArgs, Guard, ThawArgs};
use super::target::{agreed_for, queue_of};
use super::{Ground, Out, Stop, ask, wait};

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
                + crate::text::duration::read(text).map_err(|why| Stop::wrong("time", why))?,
        ),
    };
    let desk = ground.desk()?;
    let world = wait::ready(&*desk, ground, out)?;
    let target = queue_of(&world, &args.target)?;
    agreed_for(&*desk, ground, target.env(), Doing::Freeze)?;
    let intent = Intent::Freeze {
        target,
        reason: args.reason.trim().to_owned(),
        until,
    };
    ask::carry_out(&*desk, ground, &intent, &Guard::default(), out)
}

/// `thaw`.
pub(super) fn thaw(ground: &dyn Ground, args: &ThawArgs, out: &mut Out<'_, '_>) -> Done {
    let desk = ground.desk()?;
    let world = wait::ready(&*desk, ground, out)?;
    let target = queue_of(&world, &args.target)?;
    agreed_for(&*desk, ground, target.env(), Doing::Thaw)?;
    ask::carry_out(&*desk, ground, &Intent::Thaw { target }, &args.guard, out)
}
