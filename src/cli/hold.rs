//! `approve` and `reject`: a person decides a hold.

use crate::desk::Patient;
use crate::domain::ask::{Answer, Ask, Confirm};
use crate::domain::hold::Hold;
use crate::domain::ids::{DeploymentId, HoldId};
use crate::domain::level::Level;
use crate::world::holds::HoldView;

use super::args::{ApproveArgs, Guard, RejectArgs};
use super::ask::{Awaited, accepted, refuse, subject, wrong_answer};
use super::confirm::to_confirm;
use super::json::{HoldDoc, ShownDoc};
use super::{Code, Ground, Out, Stop, card, wait};

/// `approve HOLD`.
pub(super) fn approve(
    ground: &dyn Ground,
    args: &ApproveArgs,
    out: &mut Out<'_, '_>,
) -> Result<Code, Stop> {
    let desk = ground.desk()?;
    let world = wait::ready(&*desk, ground, out)?;
    let id = hold_id(&args.hold)?;
    let views = world.holds(ground.now());
    let view = views
        .iter()
        .find(|view| view.hold.id == id)
        .ok_or_else(|| not_open(&id, world.folds.hold(&id).map(|(_, hold)| hold)))?;
    if let Some(why) = card::wrong_choice(view.hold, args.choice.as_deref()) {
        return Err(Stop::wrong("choice", why));
    }
    let confirm = match subject(&args.guard)? {
        Some(subject) => Confirm {
            subject: Some(subject),
            text: args.guard.confirm.clone().unwrap_or_default(),
            reason: args.guard.reason.clone().unwrap_or_default(),
        },
        None if out.can_ask() => typed(view, args, out)?,
        None => {
            let says = format!(
                "{} is decided by a person; read what it shows, then run the command",
                view.hold.id
            );
            let words = view.hold.words(args.choice.as_deref());
            let needs = (
                words.as_str(),
                view.hold.subject,
                needs_reason(view.hold, &args.guard),
            );
            return to_confirm(
                says,
                &card::hold(view),
                ShownDoc::Hold(Box::new(HoldDoc::from(view))),
                needs,
                out,
            );
        }
    };
    let deployment = view.deployment.id;
    let ask = Ask::Approve {
        hold: id,
        confirm,
        choice: args.choice.clone(),
    };
    decide(&*desk, ground, ask, deployment, &args.guard, out)
}

/// Whether a hold's approval must say why.
pub(super) fn asks_why(hold: &Hold) -> bool {
    hold.level >= Level::L4
}

/// Whether a hold's approval must say why, and nobody said it yet.
fn needs_reason(hold: &Hold, guard: &Guard) -> bool {
    asks_why(hold)
        && guard
            .reason
            .as_deref()
            .is_none_or(|reason| reason.trim().is_empty())
}

/// Shows the hold and has a person type its words.
fn typed(view: &HoldView<'_>, args: &ApproveArgs, out: &mut Out<'_, '_>) -> Result<Confirm, Stop> {
    let (guard, words) = (&args.guard, view.hold.words(args.choice.as_deref()));
    for line in card::hold(view) {
        out.aside(&line)?;
    }
    let given = guard.reason.clone().unwrap_or_default();
    let reason = if needs_reason(view.hold, guard) {
        out.ask("why: ")?.unwrap_or_default()
    } else {
        given
    };
    let typed = out
        .ask(&format!(
            "type  {words}  to approve (anything else leaves it): "
        ))?
        .unwrap_or_default();
    if typed.trim() != words {
        return Err(Stop::wrong(
            "not-confirmed",
            "nothing was approved: what was typed is not what the card asks for",
        ));
    }
    Ok(Confirm {
        subject: Some(view.hold.subject),
        text: words,
        reason: reason.trim().to_owned(),
    })
}

/// `reject HOLD`.
pub(super) fn reject(
    ground: &dyn Ground,
    args: &RejectArgs,
    out: &mut Out<'_, '_>,
) -> Result<Code, Stop> {
    let desk = ground.desk()?;
    let world = wait::ready(&*desk, ground, out)?;
    let id = hold_id(&args.hold)?;
    if args.reason.trim().is_empty() {
        return Err(Stop::wrong(
            "reason",
            "a rejection needs a reason: everybody sees it",
        ));
    }
    let (deployment, _) = world
        .folds
        .hold(&id)
        .filter(|(_, hold)| hold.is_open())
        .ok_or_else(|| not_open(&id, world.folds.hold(&id).map(|(_, hold)| hold)))?;
    let ask = Ask::Reject {
        hold: id,
        reason: args.reason.clone(),
    };
    decide(&*desk, ground, ask, deployment.id, &Guard::default(), out)
}

fn decide(
    desk: &dyn Patient,
    ground: &dyn Ground,
    ask: Ask,
    deployment: DeploymentId,
    guard: &Guard,
    out: &mut Out<'_, '_>,
) -> Result<Code, Stop> {
    let id = desk
        .submit(ask)
        .map_err(|why| Stop::lost("desk", why.to_string()))?;
    match wait::answer(desk, ground, id, None, out)? {
        Answer::Accepted { says, .. } => accepted(
            desk,
            ground,
            &[deployment],
            Awaited::Good,
            &says,
            guard,
            out,
        ),
        Answer::Refused(refused) => refuse(&refused, None, out),
        Answer::Card { .. } => Err(wrong_answer("a card where it was asked to decide")),
    }
}

fn hold_id(text: &str) -> Result<HoldId, Stop> {
    text.parse()
        .map_err(|why: crate::domain::ids::BadName| Stop::wrong("hold", why.to_string()))
}

fn not_open(id: &HoldId, known: Option<&Hold>) -> Stop {
    match known.and_then(|hold| hold.decision.as_ref()) {
        Some(decision) => Stop::wrong("decided", format!("{id} is {}", decision.says())),
        None => Stop::wrong(
            "hold",
            format!("there is no open hold {id}; `holdpoint holds` lists them"),
        ),
    }
}
