//! From an intent to its end: preview, card, guard, ask, wait. The same for every verb that changes
//! something.

use std::sync::Arc;
use std::time::Duration;

use crate::desk::Patient;
use crate::domain::ask::{Answer, Ask, Confirm, Intent};
use crate::domain::card::Card;
use crate::domain::digest::Digest;
use crate::domain::end::End;
use crate::domain::flag::{self, Flag, Form};
use crate::domain::ids::{DeploymentId, EnvName, FlagName};
use crate::domain::purpose::Purpose;
use crate::domain::refused::Refused;
use crate::systems;
use crate::world::World;

use super::args::Guard;
use super::confirm::{met, unconfirmed};
use super::json::{AskedDoc, DeploymentDoc, ShownDoc};
use super::{Code, Ground, Out, Stop, card, wait};

/// Carries an intent out as far as its guard allows.
pub(super) fn carry_out(
    desk: &dyn Patient,
    ground: &dyn Ground,
    intent: &Intent,
    guard: &Guard,
    out: &mut Out<'_, '_>,
) -> Result<Code, Stop> {
    if let Err(refused) = checked(&desk.world(), intent) {
        return refuse(&refused, None, out);
    }
    let subject = subject(guard)?;
    let mut confirm = match subject {
        Some(subject) => Confirm {
            subject: Some(subject),
            text: guard.confirm.clone().unwrap_or_default(),
            reason: guard.reason.clone().unwrap_or_default(),
        },
        None => match preview(desk, ground, intent.clone(), out)? {
            Err(refused) => return refuse(&refused, None, out),
            Ok(shown) => match met(&shown, guard, out)? {
                Some(confirm) => confirm,
                None => return unconfirmed(&shown, out),
            },
        },
    };
    let (ends, env) = (ending(intent), env_of(desk, intent));
    loop {
        let id = desk
            .submit(Ask::Do {
                intent: intent.clone(),
                attached: Vec::new(),
                confirm: confirm.clone(),
                armed: false,
            })
            .map_err(|why| Stop::lost("desk", why.to_string()))?;
        let answer = wait::answer(desk, ground, id, env.as_ref(), out)?;
        // It is another card by now, and nobody read the one before.
        if subject.is_none()
            && confirm.text.is_empty()
            && let Answer::Refused(refused) = &answer
            && let Some(now) = refused.card.as_deref()
        {
            if now.phrase.is_some() {
                confirm = match met(now, guard, out)? {
                    Some(confirm) => confirm,
                    None => return unconfirmed(now, out),
                };
                continue;
            }
            // What would happen when it is done will do; it may be another card once more.
            if confirm.subject.take().is_some() {
                continue;
            }
        }
        return answered(desk, ground, answer, ends, subject, guard, out);
    }
}

/// Whether the change of a parameter that is chosen is one: said before it is asked, because what is
/// asked is kept, and what stands in the place of a reference may be the value itself.
fn checked(world: &World, intent: &Intent) -> Result<(), Refused> {
    let Intent::Deploy { stacks, flags, .. } = intent else {
        return Ok(());
    };
    let systems = stacks.iter().filter_map(|stack| {
        let spec = world.catalog.stacks.get(stack)?.spec.as_ref().ok()?;
        systems::named(&spec.system)
    });
    for system in systems {
        let of_change = |flag: &&Flag| flag.form == Form::Change;
        let own: Vec<Flag> = system.flags().iter().filter(of_change).copied().collect();
        let is_own = |name: &FlagName| own.iter().any(|flag| flag.name == name.as_str());
        let given = flags.iter().filter(|(name, _)| is_own(name));
        let given = given.map(|(name, value)| (name.clone(), value.clone()));
        flag::set(&own, system.name(), Purpose::Deploy, &given.collect())?;
    }
    Ok(())
}

/// What an answer to an intent comes to.
fn answered(
    desk: &dyn Patient,
    ground: &dyn Ground,
    answer: Answer,
    ends: Option<DeploymentId>,
    subject: Option<Digest>,
    guard: &Guard,
    out: &mut Out<'_, '_>,
) -> Result<Code, Stop> {
    match answer {
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
pub(super) enum Awaited {
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

/// The environment of which an answer to an intent is read.
fn env_of(desk: &dyn Patient, intent: &Intent) -> Option<EnvName> {
    let of = |deployment: &DeploymentId| {
        let world = desk.world();
        Some(world.deployment(*deployment)?.stack()?.env.clone())
    };
    match intent {
        Intent::Deploy { stacks, .. } => Some(stacks.first()?.env.clone()),
        Intent::Rollback { stack, .. }
        | Intent::Teardown { stack, .. }
        | Intent::Unblock { stack, .. } => Some(stack.env.clone()),
        Intent::Retry { deployment }
        | Intent::Cancel { deployment }
        | Intent::Abandon { deployment } => of(deployment),
        Intent::Freeze { .. } | Intent::Thaw { .. } | Intent::Apply { .. } => None,
    }
}

/// Asks for the card of an intent.
pub(super) fn preview(
    desk: &dyn Patient,
    ground: &dyn Ground,
    intent: Intent,
    out: &mut Out<'_, '_>,
) -> Result<Result<Card, Refused>, Stop> {
    let env = env_of(desk, &intent);
    let id = desk
        .submit(Ask::Preview {
            intent,
            attached: Vec::new(),
        })
        .map_err(|why| Stop::lost("desk", why.to_string()))?;
    match wait::answer(desk, ground, id, env.as_ref(), out)? {
        Answer::Card { card } => Ok(Ok(*card)),
        Answer::Refused(refused) => Ok(Err(refused)),
        Answer::Accepted { .. } => Err(wrong_answer("an action where it was asked for a card")),
    }
}

/// An answer of another kind than was asked for.
pub(super) fn wrong_answer(what: &str) -> Stop {
    Stop::failed(
        "wrong-answer",
        format!("the engine answered with {what}; `holdpoint events` tells what it did"),
    )
}

pub(super) fn subject(guard: &Guard) -> Result<Option<Digest>, Stop> {
    let Some(text) = &guard.subject else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|_| {
        Stop::wrong(
            "subject",
            format!("--subject {text:?} is not a digest: give the 64 hex digits of `plan --json`"),
        )
    })
}

/// Says what was accepted, and waits where that is wanted.
pub(super) fn accepted(
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
        let world = heard(desk, ground, ids);
        let deployments = ids
            .iter()
            .filter_map(|id| world.deployment(*id))
            .map(|d| DeploymentDoc::from(&**d))
            .collect();
        let says = if end.is_empty() { says.to_owned() } else { end };
        let hint = ids
            .iter()
            .find_map(|id| {
                world
                    .deployment(*id)?
                    .end
                    .as_ref()?
                    .hint()
                    .map(str::to_owned)
            })
            .filter(|_| guard.wait);
        out.document(&AskedDoc {
            outcome,
            says,
            hint,
            deployments,
            exit: code as u8,
            ..AskedDoc::default()
        })?;
    } else if code != Code::Done && !end.is_empty() && (ids.len() > 1 || code == Code::Lost) {
        // Of a single one this was told last, when it came.
        out.aside(&format!("holdpoint: {end}"))?;
    }
    Ok(code)
}

/// How long a world may take to hear of what was accepted.
const HEARD: Duration = Duration::from_secs(5);

/// The world once it knows these deployments: they stand in the log since they were accepted.
fn heard(desk: &dyn Patient, ground: &dyn Ground, ids: &[DeploymentId]) -> Arc<World> {
    let from = ground.now();
    loop {
        let world = desk.world();
        if ids.iter().all(|id| world.deployment(*id).is_some()) || ground.now().since(from) >= HEARD
        {
            return world;
        }
        desk.changed(Duration::from_millis(200));
    }
}

/// Says why it was refused. `given` is the guard that was not enough.
pub(super) fn refuse(
    refused: &Refused,
    given: Option<&Guard>,
    out: &mut Out<'_, '_>,
) -> Result<Code, Stop> {
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
