//! Waiting: for the answer to an ask, and for the end of deployments. What moves by itself is
//! waited for; what only a person can move is not.

mod output;
mod stands;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::desk::Patient;
use crate::domain::ask::{Answer, AskState};
use crate::domain::end::End;
use crate::domain::ids::{AskId, DeploymentId, EnvName};
use crate::domain::time::Time;
use crate::world::{DiskFull, EngineState, World};

use self::output::Output;
pub(super) use self::stands::awaited;
use super::{Code, Ground, Out, Stop};

/// How long an answer may take.
const ANSWER: Duration = Duration::from_mins(2);
/// How long no contact is borne before it is told.
const SILENCE: Duration = Duration::from_secs(30);
/// The longest sleep between two looks: time passes by itself.
const LOOK: Duration = Duration::from_millis(500);

/// Where a deployment stands for somebody who waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Awaited {
    /// It goes on by itself.
    Moves(String),
    /// Only a person can move it.
    Person(String),
    /// There is no contact, or something is missing; it goes on when it is there.
    NoContact(String),
    /// It is over.
    Over(End),
}

/// Waits until the log was read. Where it is perhaps not the whole log, that stands above all that
/// is said of it.
pub(super) fn ready(
    desk: &dyn Patient,
    ground: &dyn Ground,
    out: &mut Out<'_, '_>,
) -> Result<std::sync::Arc<World>, Stop> {
    let from = ground.now();
    loop {
        let world = desk.world();
        if world.loaded {
            if let Some(doubt) = &world.doubt {
                out.aside(&format!("! {doubt}"))?;
            }
            return Ok(world);
        }
        if let EngineState::None(why) = &world.engine {
            return Err(Stop::lost("engine", format!("there is no engine: {why}")));
        }
        if ground.now().since(from) >= SILENCE {
            let why = world
                .trouble
                .clone()
                .unwrap_or_else(|| "it did not answer in 30 s".to_owned());
            return Err(Stop::lost(
                "store",
                format!("the store cannot be read: {why}"),
            ));
        }
        desk.changed(LOOK);
    }
}

/// Waits for the engine's answer about an environment, where it is about one. While what is
/// read there is throttled it is waited for longer, and that is said.
pub(super) fn answer(
    desk: &dyn Patient,
    ground: &dyn Ground,
    ask: AskId,
    about: Option<&EnvName>,
    out: &mut Out<'_, '_>,
) -> Result<Answer, Stop> {
    let mut from = ground.now();
    let mut told: Option<Time> = None;
    loop {
        match desk.state(ask) {
            AskState::Answered { answer } => return Ok(answer),
            AskState::Asked => {}
        }
        if let Some(why) = desk.world().engine.absent() {
            return Err(Stop::lost(
                "engine",
                format!("it was asked, and nobody answers: {why}"),
            ));
        }
        let (world, now) = (desk.world(), ground.now());
        if let Some(throttled) = about.and_then(|env| world.throttled(env, now)) {
            from = now;
            let since = Some(throttled.pace.since);
            if told != since {
                let says = format!("{} the answer takes longer: {throttled}", now.clock());
                out.aside(&says)?;
                told = since;
            }
        }
        if let Some(full) = &desk.world().disk_full
            && ground.now().since(from) >= SILENCE
        {
            let says = format!(
                "it was asked, and waits: {}; it may still be done: look with `holdpoint events`",
                full.says()
            );
            return Err(Stop::lost("disk", says));
        }
        if ground.now().since(from) >= ANSWER {
            let says = "it was asked, and no engine answered in 2 minutes; it may still be done: look with `holdpoint events`";
            return Err(Stop::lost("answer", says));
        }
        desk.changed(LOOK);
    }
}

/// Waits for deployments to end, telling each change once, and printing what their steps say.
pub(super) fn end(
    desk: &dyn Patient,
    ground: &dyn Ground,
    ids: &[DeploymentId],
    through_holds: bool,
    out: &mut Out<'_, '_>,
) -> Result<(Code, String), Stop> {
    let mut told: BTreeMap<DeploymentId, Awaited> = BTreeMap::new();
    let mut silent: Option<Time> = None;
    let mut output = Output::new(desk, ids);
    let mut disk_full = None;
    loop {
        let now = ground.now();
        let world = desk.world();
        if disk_full != world.disk_full {
            disk_full.clone_from(&world.disk_full);
            let says = disk_full
                .as_ref()
                .map_or_else(|| "the disk has room again".to_owned(), DiskFull::says);
            out.aside(&format!("{} {says}", now.clock()))?;
        }
        // What its parts come to is told of a whole as well; how it ended is said by its own end.
        let parts = ids.iter().flat_map(|id| world.folds.children(*id));
        let all: Vec<(DeploymentId, Awaited)> = ids
            .iter()
            .copied()
            .chain(parts.map(|part| part.id))
            .map(|id| (id, awaited(&world, id, now)))
            .collect();
        output.print(&world, out)?;
        for (id, awaited) in &all {
            if told.get(id) == Some(awaited) {
                continue;
            }
            if matches!(awaited, Awaited::Over(_) | Awaited::Person(_)) {
                output.rest(&world, ground, out)?;
            }
            let line = says(&world, *id, awaited);
            let left = left(&world, *id, awaited, now);
            out.aside(&format!("{} {line}{left}", now.clock()))?;
            told.insert(*id, awaited.clone());
        }
        let open: Vec<&(DeploymentId, Awaited)> = all
            .iter()
            .filter(|(_, s)| !matches!(s, Awaited::Over(_)))
            .collect();
        if open.is_empty() {
            let own = all.iter().filter(|(id, _)| ids.contains(id));
            return Ok(whole(&world, own));
        }
        let moves = open.iter().any(|(_, s)| matches!(s, Awaited::Moves(_)));
        let person = open.iter().find(|(_, s)| matches!(s, Awaited::Person(_)));
        if !moves
            && !through_holds
            && let Some((id, awaited)) = person
        {
            return Ok((Code::Held, says(&world, *id, awaited)));
        }
        let cut =
            open.iter().any(|(_, s)| matches!(s, Awaited::NoContact(_))) || world.trouble.is_some();
        let gone = world.engine.absent();
        silent = if (cut && !moves) || gone.is_some() {
            silent.or(Some(now))
        } else {
            None
        };
        if silent.is_some_and(|since| now.since(since) >= SILENCE) {
            let why = match (gone, &world.trouble) {
                (Some(why), _) => why,
                (None, Some(why)) => why.clone(),
                (None, None) => open
                    .first()
                    .map(|(id, s)| says(&world, *id, s))
                    .unwrap_or_default(),
            };
            return Ok((
                Code::Lost,
                format!(
                    "contact lost: {why}; what runs goes on, and nobody waits for it here any more"
                ),
            ));
        }
        desk.changed(LOOK);
    }
}

/// What is left of one that runs. It changes with time alone, so it is worked out where a line is
/// told, not for every deployment at every change of the world.
fn left(world: &World, id: DeploymentId, awaited: &Awaited, now: Time) -> String {
    let runs = world
        .deployment(id)
        .filter(|d| d.started_at.is_some() && matches!(awaited, Awaited::Moves(_)));
    runs.and_then(|d| world.left(d, now))
        .map_or_else(String::new, |left| {
            format!(" ~{}", left.says().trim_start_matches('~'))
        })
}

/// The worst of all ends, with a sentence.
fn whole<'a>(
    world: &World,
    all: impl Iterator<Item = &'a (DeploymentId, Awaited)>,
) -> (Code, String) {
    let code = |end: &End| match end {
        End::Done => Code::Done,
        End::Partial { .. } | End::Failed { .. } => Code::Failed,
        End::Terminated { .. } => Code::Held,
    };
    let worst = all
        .filter_map(|(id, awaited)| match awaited {
            Awaited::Over(end) => Some((code(end), *id, awaited)),
            Awaited::Moves(_) | Awaited::Person(_) | Awaited::NoContact(_) => None,
        })
        // A failure tells more than the ends that follow from it.
        .min_by_key(|(code, _, _)| match code {
            Code::Failed => 0,
            Code::Held => 1,
            Code::Done | Code::Wrong | Code::Lost => 2,
        });
    worst.map_or((Code::Done, String::new()), |(code, id, awaited)| {
        (code, says(world, id, awaited))
    })
}

fn says(world: &World, id: DeploymentId, awaited: &Awaited) -> String {
    let name = world.deployment(id).map_or_else(
        || id.to_string(),
        |d| {
            format!(
                "{} {}",
                d.no(),
                d.stack().map(ToString::to_string).unwrap_or_default()
            )
        },
    );
    match awaited {
        Awaited::Moves(what) | Awaited::NoContact(what) => format!("{name} {what}"),
        Awaited::Person(what) => format!("{name} waits for a person: {what}"),
        Awaited::Over(end) => {
            let hint = end
                .hint()
                .map_or_else(String::new, |hint| format!("; {hint}"));
            format!("{name} {}{hint}", crate::world::audit::ending(end))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::fixture::{self, NOW, id};

    #[test]
    fn only_what_a_person_must_move_is_not_waited_for() {
        let world = fixture::scene();
        let mut text = Vec::new();
        for stack in world.stacks() {
            let fold = world.folds.stack(stack);
            let Some(d) = fold
                .current
                .or_else(|| fold.queue.first().map(|entry| entry.deployment))
            else {
                continue;
            };
            let awaited = awaited(&world, d, NOW);
            text.push(format!(
                "{} {}{}",
                matches!(awaited, Awaited::Person(_)),
                says(&world, d, &awaited),
                left(&world, d, &awaited, NOW)
            ));
        }
        insta::assert_snapshot!(text.join("\n"));
    }

    #[test]
    fn what_waits_behind_a_hold_waits_for_a_person() {
        let mut scene = fixture::Scene::whole();
        scene.ago(1);
        let behind = scene.ask(
            "prod-us/orders",
            fixture::spec("prod-us/orders", "414"),
            None,
            &[],
        );
        let other = scene.ask(
            "prod-us/web",
            fixture::spec("prod-us/web", "414"),
            None,
            &[],
        );
        assert!(matches!(
            awaited(&scene.world, behind, NOW),
            Awaited::Person(_)
        ));
        assert!(
            matches!(awaited(&scene.world, other, NOW), Awaited::Moves(_)),
            "a freeze with an end passes by itself"
        );
        let gone = scene.world.folds.stack(&id("dev/orders")).last.unwrap();
        assert_eq!(awaited(&scene.world, gone, NOW), Awaited::Over(End::Done));
    }
}
