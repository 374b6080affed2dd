//! From an intent to its end: preview, card, guard, ask, wait. The same for every verb that changes
//! something.

use crate::desk::Patient;
use crate::domain::ask::{Answer, Ask, Confirm, Intent, Refused};
use crate::domain::card::Card;
use crate::domain::deployment::End;
use crate::domain::digest::Digest;
use crate::domain::hold::Hold;
use crate::domain::ids::{DeploymentId, HoldId};
use crate::domain::level::Level;
use crate::world::holds::HoldView;

use super::args::{ApproveArgs, Guard, RejectArgs};
use super::json::{AskedDoc, DeploymentDoc, HoldDoc, ShownDoc};
use super::{Code, Ground, Out, Stop, card, wait};

/// Carries an intent out as far as its guard allows.
pub(super) fn carry_out(
    desk: &dyn Patient,
    ground: &dyn Ground,
    intent: Intent,
    guard: &Guard,
    out: &mut Out<'_, '_>,
) -> Result<Code, Stop> {
    let subject = subject(guard)?;
    let confirm = match subject {
        Some(subject) => Confirm {
            subject: Some(subject),
            text: guard.confirm.clone().unwrap_or_default(),
            reason: guard.reason.clone().unwrap_or_default(),
        },
        None => match preview(desk, ground, intent.clone())? {
            Err(refused) => return refuse(&refused, None, out),
            Ok(shown) => match met(&shown, guard, out)? {
                Some(confirm) => confirm,
                None => return unconfirmed(&shown, out),
            },
        },
    };
    let ends = ending(&intent);
    let id = desk
        .submit(Ask::Do {
            intent,
            attached: Vec::new(),
            confirm,
            armed: false,
        })
        .map_err(|why| Stop::lost("desk", why.to_string()))?;
    match wait::answer(desk, ground, id)? {
        Answer::Accepted { deployments, says } => {
            let ids: Vec<DeploymentId> =
                deployments.iter().map(|(id, _)| *id).chain(ends).collect();
            let awaited = if ends.is_some() {
                Awaited::Gone
            } else {
                Awaited::Good
            };
            accepted(desk, ground, &ids, awaited, &says, guard, out)
        }
        Answer::Refused(refused) => refuse(&refused, subject.map(|_| guard), out),
        Answer::Card { .. } => Err(wrong_answer("a card where it was asked to act")),
    }
}

/// What a verb waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaited {
    /// A good end.
    Good,
    /// Any end but a good one: it was cancelled.
    Gone,
}

/// The deployment that an intent ends.
fn ending(intent: &Intent) -> Option<DeploymentId> {
    match intent {
        Intent::Cancel { deployment } | Intent::Abandon { deployment } => Some(*deployment),
        Intent::Deploy { .. }
        | Intent::Rollback { .. }
        | Intent::Retry { .. }
        | Intent::Teardown { .. }
        | Intent::Unblock { .. }
        | Intent::Freeze { .. }
        | Intent::Thaw { .. }
        | Intent::Apply { .. } => None,
    }
}

/// Asks for the card of an intent.
pub(super) fn preview(
    desk: &dyn Patient,
    ground: &dyn Ground,
    intent: Intent,
) -> Result<Result<Card, Refused>, Stop> {
    let id = desk
        .submit(Ask::Preview {
            intent,
            attached: Vec::new(),
        })
        .map_err(|why| Stop::lost("desk", why.to_string()))?;
    match wait::answer(desk, ground, id)? {
        Answer::Card { card } => Ok(Ok(*card)),
        Answer::Refused(refused) => Ok(Err(refused)),
        Answer::Accepted { .. } => Err(wrong_answer("an action where it was asked for a card")),
    }
}

/// An answer of another kind than was asked for.
fn wrong_answer(what: &str) -> Stop {
    Stop::failed(
        "wrong-answer",
        format!("the engine answered with {what}; `holdpoint events` tells what it did"),
    )
}

fn subject(guard: &Guard) -> Result<Option<Digest>, Stop> {
    let Some(text) = &guard.subject else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|_| {
        Stop::wrong(
            "subject",
            format!("--subject {text:?} is no digest: give the 64 hex digits of `plan --json`"),
        )
    })
}

/// The guard, where nothing must be typed or a person types it now.
fn met(shown: &Card, guard: &Guard, out: &mut Out<'_, '_>) -> Result<Option<Confirm>, Stop> {
    let reason = guard.reason.clone().unwrap_or_default();
    let Some(phrase) = &shown.phrase else {
        return Ok(Some(Confirm {
            subject: Some(shown.subject),
            text: String::new(),
            reason,
        }));
    };
    if !out.can_ask() {
        return Ok(None);
    }
    for line in card::card(shown) {
        out.aside(&line)?;
    }
    let reason = if shown.needs_reason && reason.trim().is_empty() {
        out.ask("why: ")?.unwrap_or_default()
    } else {
        reason
    };
    let typed = out
        .ask(&format!(
            "type  {phrase}  to go on (anything else leaves it): "
        ))?
        .unwrap_or_default();
    if typed.trim() != phrase || (shown.needs_reason && reason.trim().is_empty()) {
        return Err(Stop::wrong(
            "not-confirmed",
            "nothing was asked: what was typed is not what the card asks for",
        ));
    }
    Ok(Some(Confirm {
        subject: Some(shown.subject),
        text: phrase.clone(),
        reason: reason.trim().to_owned(),
    }))
}

/// Nobody can be asked: the card, the exact command, and code 2.
fn unconfirmed(shown: &Card, out: &mut Out<'_, '_>) -> Result<Code, Stop> {
    let says = format!(
        "level {}: {}; read the card, then run the command",
        shown.level, shown.why
    );
    let phrase = shown.phrase.as_deref().unwrap_or_default();
    to_confirm(
        says,
        &card::card(shown),
        ShownDoc::from(shown),
        (phrase, shown.subject, shown.needs_reason),
        out,
    )
}

/// Says what must be read, and the command that confirms it: its words, its subject, and whether it
/// needs a reason.
fn to_confirm(
    says: String,
    card: &[String],
    doc: ShownDoc,
    (phrase, subject, needs_reason): (&str, Digest, bool),
    out: &mut Out<'_, '_>,
) -> Result<Code, Stop> {
    let subject = subject.to_string();
    let mut more = vec![("--confirm", phrase), ("--subject", subject.as_str())];
    if needs_reason {
        more.push(("--reason", "WHY"));
    }
    let command = out.command(&more);
    if out.is_json() {
        let (card, command) = (Some(doc), Some(command));
        out.document(&AskedDoc {
            outcome: "confirm",
            says,
            card,
            command,
            exit: Code::Wrong as u8,
            ..AskedDoc::default()
        })?;
    } else {
        for line in card {
            out.aside(line)?;
        }
        out.aside(&format!("\n{says}:\n  {command}"))?;
    }
    Ok(Code::Wrong)
}

/// Says what was accepted, and waits where that is wanted.
fn accepted(
    desk: &dyn Patient,
    ground: &dyn Ground,
    ids: &[DeploymentId],
    awaited: Awaited,
    says: &str,
    guard: &Guard,
    out: &mut Out<'_, '_>,
) -> Result<Code, Stop> {
    if !out.is_json() {
        out.line(says)?;
        out.flush()?;
    }
    let (mut code, end) = if guard.wait && !ids.is_empty() {
        wait::end(desk, ground, ids, guard.through_holds, out)?
    } else {
        (Code::Done, String::new())
    };
    if awaited == Awaited::Gone && guard.wait {
        let world = desk.world();
        let ends: Vec<&End> = ids
            .iter()
            .filter_map(|id| world.deployment(*id)?.end.as_ref())
            .collect();
        code = match code {
            Code::Lost => Code::Lost,
            _ if ends.is_empty() => code,
            // It ended well before the cancel reached it.
            Code::Done => Code::Failed,
            Code::Failed | Code::Wrong | Code::Held => Code::Done,
        };
    }
    if out.is_json() {
        let outcome = match (guard.wait && !ids.is_empty(), code) {
            (false, _) => "accepted",
            (true, Code::Done) => "done",
            (true, Code::Failed | Code::Wrong) => "failed",
            (true, Code::Held) => {
                let world = desk.world();
                let over = |id: &DeploymentId| world.deployment(*id).is_some_and(|d| d.is_over());
                if ids.iter().all(over) {
                    "ended"
                } else {
                    "held"
                }
            }
            (true, Code::Lost) => "lost",
        };
        let world = desk.world();
        let deployments = ids
            .iter()
            .filter_map(|id| world.deployment(*id))
            .map(|d| DeploymentDoc::from(&**d))
            .collect();
        let says = if end.is_empty() { says.to_owned() } else { end };
        out.document(&AskedDoc {
            outcome,
            says,
            deployments,
            exit: code as u8,
            ..AskedDoc::default()
        })?;
    } else if code != Code::Done && !end.is_empty() {
        out.aside(&format!("holdpoint: {end}"))?;
    }
    Ok(code)
}

/// Says why it was refused. `given` is the guard that was not enough.
fn refuse(refused: &Refused, given: Option<&Guard>, out: &mut Out<'_, '_>) -> Result<Code, Stop> {
    let code = Code::of(refused);
    let hint = Some(refused.hint.clone()).filter(|hint| !hint.is_empty());
    if out.is_json() {
        out.document(&AskedDoc {
            outcome: "refused",
            says: refused.says.clone(),
            code: Some(refused.code.clone()),
            hint,
            card: refused.card.as_deref().map(ShownDoc::from),
            exit: code as u8,
            ..AskedDoc::default()
        })?;
        return Ok(code);
    }
    if let Some(now) = &refused.card {
        for line in card::card(now) {
            out.aside(&line)?;
        }
        if given.is_some() {
            let phrase = now.phrase.as_deref().unwrap_or_default();
            out.aside(&format!(
                "\nthe card as it is now needs: --confirm '{phrase}' --subject {}",
                now.subject
            ))?;
        }
    }
    out.aside(&format!("holdpoint: refused: {refused}"))?;
    Ok(code)
}

/// `approve HOLD`.
pub(super) fn approve(
    ground: &dyn Ground,
    args: &ApproveArgs,
    out: &mut Out<'_, '_>,
) -> Result<Code, Stop> {
    let desk = ground.desk()?;
    let world = wait::ready(&*desk, ground)?;
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
    let world = wait::ready(&*desk, ground)?;
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
    match wait::answer(desk, ground, id)? {
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
        Some(decision) => Stop::wrong(
            "decided",
            format!("{id} was decided by {} at {}", decision.by, decision.at),
        ),
        None => Stop::wrong(
            "hold",
            format!("there is no open hold {id}; `holdpoint holds` lists them"),
        ),
    }
}
