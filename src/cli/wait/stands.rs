//! Where a deployment stands for somebody who waits: it moves, a person must move it, or nobody has
//! contact with it.

use crate::domain::deployment::{Deployment, StepState};
use crate::domain::failure::Retry;
use crate::domain::ids::DeploymentId;
use crate::domain::time::Time;
use crate::world::World;
use crate::world::queue::Waits;
use crate::world::rows::step_at;

use super::{Awaited, says};

/// Where a deployment stands.
pub(in crate::cli) fn awaited(world: &World, id: DeploymentId, now: Time) -> Awaited {
    awaited_behind(world, id, now, LONGEST)
}

/// How many deployments may wait behind each other: a cycle of them cannot be asked for; still nobody
/// may wait for ever on a broken log.
const LONGEST: usize = 100;

fn awaited_behind(world: &World, id: DeploymentId, now: Time, longest: usize) -> Awaited {
    let Some(d) = world.deployment(id) else {
        return Awaited::Moves("asked".to_owned());
    };
    if let Some(end) = &d.end {
        return Awaited::Over(end.clone());
    }
    let Some(stack) = d.stack().map(|stack| world.folds.stack(stack)) else {
        return Awaited::Moves("asked".to_owned());
    };
    if let Some((_, why)) = world.waits_for_contact(d) {
        return Awaited::NoContact(format!("has no contact: {why}"));
    }
    if stack.current == Some(id) {
        return parts(world, d, now, longest).unwrap_or_else(|| running(world, d));
    }
    let Some((place, entry)) = stack
        .queue
        .iter()
        .enumerate()
        .find(|(_, entry)| entry.deployment == id)
    else {
        return Awaited::Moves("asked".to_owned());
    };
    let waits = world.waits(&stack, place, entry, now);
    let text = waits.says(now);
    let behind = |other: Option<DeploymentId>| match other
        .filter(|other| *other != id && longest > 0)
        .map(|other| awaited_behind(world, other, now, longest - 1))
    {
        Some(Awaited::Person(why)) => {
            Awaited::Person(format!("{text}, which waits for a person: {why}"))
        }
        Some(Awaited::Moves(_) | Awaited::NoContact(_) | Awaited::Over(_)) | None => {
            Awaited::Moves(text.clone())
        }
    };
    match &waits {
        Waits::Frozen { freeze, .. } if freeze.until.is_none() => Awaited::Person(text),
        Waits::Broken | Waits::Watched => Awaited::Person(text),
        Waits::NoEngine(_) => Awaited::NoContact(format!("has no contact: {text}")),
        Waits::Behind { no } | Waits::After { no, .. } => {
            behind(world.folds.by_no(*no).map(|d| d.id))
        }
        Waits::Frozen { .. }
        | Waits::Armed { .. }
        | Waits::Next
        | Waits::Runs(_)
        | Waits::Hold(_) => Awaited::Moves(text),
    }
}

/// Where a whole stands whose parts are under way: it waits for a person where all of them do.
fn parts(world: &World, d: &Deployment, now: Time, longest: usize) -> Option<Awaited> {
    let at = step_at(d)?;
    let parts: Vec<Awaited> = d
        .parts()
        .map(|part| {
            let behind = awaited_behind(world, part, now, longest.saturating_sub(1));
            match behind {
                Awaited::Person(_) => Awaited::Person(says(world, part, &behind)),
                Awaited::NoContact(_) => Awaited::NoContact(says(world, part, &behind)),
                moves @ (Awaited::Moves(_) | Awaited::Over(_)) => moves,
            }
        })
        .collect();
    let waits = |one: &Awaited| matches!(one, Awaited::Person(_));
    let cut = |one: &Awaited| matches!(one, Awaited::NoContact(_));
    let all = parts.iter().all(|one| waits(one) || cut(one));
    let first = parts.iter().find(|one| waits(one)).or(parts.first());
    let moves = Awaited::Moves(format!("{} ({}/{})", at.title, at.nth, at.of));
    first.map(|one| if all { one.clone() } else { moves })
}

fn running(world: &World, d: &Deployment) -> Awaited {
    let at = step_at(d).map_or_else(
        || d.phase.name().to_lowercase(),
        |at| format!("{} ({}/{})", at.title, at.nth, at.of),
    );
    let mut lost = None;
    for (step, run) in d.runs() {
        match run.state {
            StepState::Active | StepState::Ready | StepState::Waiting => {
                return Awaited::Moves(at);
            }
            StepState::Lost => lost = Some((step, run)),
            StepState::Blocked
            | StepState::Held
            | StepState::Done
            | StepState::Failed
            | StepState::Skipped
            | StepState::Cancelled => {}
        }
    }
    if let Some((step, run)) = lost {
        let cancelling = if run.cancelling { "cancelling, " } else { "" };
        let why = run.failure.as_ref().map_or_else(String::new, |failure| {
            let advice = failure.advice();
            let advice = if advice.is_empty() {
                String::new()
            } else {
                format!(" ({advice})")
            };
            format!("{}{advice}", failure.told_of(step.id.as_str()))
        });
        return match run.failure.as_ref().map(|failure| failure.retry) {
            Some(Retry::AskAPerson) => Awaited::Person(format!(
                "{cancelling}nobody can tell how {} ended: {why}",
                step.id
            )),
            Some(Retry::Never | Retry::After(_) | Retry::Contact | Retry::Replan) | None => {
                let what = if run.has_begun() {
                    "has no contact"
                } else {
                    "waits; nothing of the step has begun"
                };
                Awaited::NoContact(format!("{what}: {cancelling}{}: {why}", step.id))
            }
        };
    }
    if let Some(hold) = d.open_holds().next() {
        let practice = if world.catalog.practice {
            " --practice"
        } else {
            ""
        };
        let mut failed = d.runs().filter(|(_, run)| run.state == StepState::Failed);
        let why = failed.find_map(|(step, run)| {
            let failure = run.failure.as_ref()?;
            Some(format!(
                "{} failed ({}); ",
                step.id,
                failure.told_of(step.id.as_str())
            ))
        });
        return Awaited::Person(format!(
            "{}hold {} ({}): `holdpoint{practice} approve '{}'`",
            why.unwrap_or_default(),
            hold.id,
            hold.kind.word(),
            hold.id
        ));
    }
    Awaited::Moves(at)
}
