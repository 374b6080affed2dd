//! `doctor`: looks at everything this program needs, and says what is wrong and what to do.

mod contact;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::config::{self, Loaded, Trust, Wrong};
use crate::desk::Patient;
use crate::domain::ids::{EnvName, StackId};
use crate::domain::place::Place;
use crate::domain::time::{Time, short};
use crate::os::child;
use crate::systems::Tool;
use crate::text::safe::Safe;
use crate::world::sightings::ProofSighting;
use crate::world::{EngineState, World};

use self::contact::{cut_off, passes, throttled};
use super::out::headed;
use super::{Code, Ground, Out, Stop, target, wait};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What was looked at.
    pub what: String,
    /// Whether it is as it should be.
    pub ok: bool,
    /// Whether it is worth knowing all the same: it passes by itself.
    pub note: bool,
    /// How it is; and what to do, where it is not right.
    pub says: String,
}

impl Fact {
    /// It is as it should be.
    #[must_use]
    pub fn right(what: impl Into<String>, says: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            ok: true,
            note: false,
            says: says.into(),
        }
    }

    /// It passes by itself; whoever looks should know it.
    #[must_use]
    pub fn note(what: impl Into<String>, says: impl Into<String>) -> Self {
        Self {
            note: true,
            ..Self::right(what, says)
        }
    }

    /// It is not.
    #[must_use]
    pub fn wrong(what: impl Into<String>, says: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            ok: false,
            note: false,
            says: says.into(),
        }
    }
}

/// `doctor`.
pub(super) fn doctor(ground: &dyn Ground, out: &mut Out<'_, '_>) -> Result<Code, Stop> {
    let mut facts = ground.facts();
    match ground.estate() {
        Ok(loaded) => {
            facts.push(Fact::right(
                "estate",
                Safe::from(loaded.file.as_path()).into_string(),
            ));
            facts.extend(config::wrong_files(&loaded).iter().map(wrong_file));
            let tools = config::tools(&loaded);
            let tools = tools.iter();
            facts.extend(tools.map(|(of, needing)| tool(*of, needing, child::here(of.name))));
            let trusted = trust(ground, &loaded);
            let usable = trusted.ok;
            facts.push(trusted);
            if usable {
                facts.extend(ground.sources(&loaded));
                match ground.desk() {
                    Ok(desk) => facts.extend(lived(&*desk, ground, out)?),
                    Err(stop) => facts.push(Fact::wrong("store", stop.says)),
                }
            }
        }
        Err(unread) => facts.push(Fact::wrong("estate", Stop::from(unread).says)),
    }
    let ok = facts.iter().all(|fact| fact.ok);
    if out.is_json() {
        out.document(&serde_json::json!({ "ok": ok, "facts": facts }))?;
    } else {
        let rows: Vec<Vec<String>> = facts
            .iter()
            .map(|fact| {
                vec![
                    match (fact.ok, fact.note) {
                        (true, false) => "ok",
                        (true, true) => "note",
                        (false, _) => "WRONG",
                    }
                    .to_owned(),
                    fact.what.clone(),
                    fact.says.clone(),
                ]
            })
            .collect();
        for line in headed(&["STATE", "WHAT", "SAYS"], rows) {
            out.line(&line)?;
        }
    }
    Ok(if ok { Code::Done } else { Code::Failed })
}

fn wrong_file(wrong: &Wrong) -> Fact {
    let what = wrong.stack.as_ref().map_or_else(
        || format!("file {}", wrong.what.file),
        |stack| format!("files of {stack}"),
    );
    Fact::wrong(what, wrong.what.to_string().trim_end())
}

/// Whether a program is there that stacks need.
pub(super) fn tool(tool: Tool, needing: &[StackId], found: Result<PathBuf, String>) -> Fact {
    let Tool { name, does, hint } = tool;
    let of = several(needing);
    match found {
        Ok(path) => {
            let path = Safe::from(path.as_path());
            let says = format!("{path}, by the PATH of this shell; it {does} {of}");
            Fact::right(name, says)
        }
        Err(why) => {
            let says = format!("{why}, the PATH of this shell, and it {does} {of}: {hint}");
            Fact::wrong(name, says)
        }
    }
}

fn trust(ground: &dyn Ground, loaded: &Loaded) -> Fact {
    match ground.trust_of(loaded) {
        Err(stop) => Fact::wrong("trust", stop.says),
        Ok(Trust::Trusted) => Fact::right("trust", "the estate file is trusted for what it names"),
        Ok(Trust::New) => Fact::wrong(
            "trust",
            "the estate file was never seen here: read it, then run `holdpoint trust`",
        ),
        Ok(Trust::Changed(_)) => Fact::wrong(
            "trust",
            "the estate file names other things than when it was trusted: `holdpoint trust` shows which",
        ),
    }
}

/// What only an engine at work can tell: whether there is one, whether the store has the
/// environments as the file says, and who we are in each of them.
fn lived(
    desk: &dyn Patient,
    ground: &dyn Ground,
    out: &mut Out<'_, '_>,
) -> Result<Vec<Fact>, Stop> {
    let mut facts = Vec::new();
    let world = match wait::ready(desk, ground, out) {
        Ok(world) => world,
        Err(stop) => return Ok(vec![Fact::wrong("store", stop.says)]),
    };
    started(desk, ground, out)?;
    let environments: Vec<EnvName> = world
        .environments(ground.now())
        .into_iter()
        .map(|env| env.name)
        .collect();
    let (agreed, differ): (Vec<_>, Vec<_>) = environments
        .into_iter()
        .map(|env| {
            target::agreed(desk, ground, &env)
                .map(|_| env.clone())
                .map_err(|stop| (env, stop.says))
        })
        .partition(Result::is_ok);
    facts.extend(
        differ
            .into_iter()
            .filter_map(Result::err)
            .map(|(env, says)| Fact::wrong(format!("environment {env}"), says)),
    );
    let agreed: Vec<EnvName> = agreed.into_iter().filter_map(Result::ok).collect();
    let world = looked(desk, ground, &agreed);
    facts.push(match &world.engine {
        EngineState::Live { .. } | EngineState::Draining { .. } => {
            Fact::right("engine", world.engine.says())
        }
        EngineState::Unknown | EngineState::Starting => Fact::note("engine", world.engine.says()),
        EngineState::None(_) | EngineState::Silent { .. } => {
            Fact::wrong("engine", world.engine.says())
        }
    });
    facts.push(match &world.disk_full {
        Some(full) => Fact::wrong("disk", full.says()),
        None => Fact::right("disk", "takes what is written"),
    });
    if let Some(gap) = world.gap {
        facts.push(Fact::wrong("clock", gap.says()));
    }
    for (stream, why) in &world.folds.broken {
        facts.push(Fact::wrong(
            stream.to_string(),
            format!("its log cannot be read any further: {why}"),
        ));
    }
    facts.extend(agreed.iter().flat_map(|env| who(&world, env, ground.now())));
    facts.extend(throttled(&world, &agreed, ground.now()));
    facts.extend(cut_off(&world, &agreed));
    let untold = world.untold(ground.now()).into_iter();
    facts.extend(untold.map(|one| Fact::wrong("replies", one.says())));
    Ok(facts)
}

/// The first of several stacks, and how many more there are.
fn several(stacks: &[StackId]) -> String {
    match stacks {
        [] => String::new(),
        [one] => one.to_string(),
        [first, more @ ..] => format!("{first} and {} more", more.len()),
    }
}

/// How long an engine that is starting is waited for.
const STARTING: Duration = Duration::from_secs(30);
/// How long it is waited for before that is said.
const QUIETLY: Duration = Duration::from_secs(2);

/// Waits for an engine that is starting, and says so.
fn started(desk: &dyn Patient, ground: &dyn Ground, out: &mut Out<'_, '_>) -> Result<(), Stop> {
    let (from, mut told) = (ground.now(), false);
    loop {
        let (engine, waited) = (desk.world().engine.clone(), ground.now().since(from));
        let starts = matches!(engine, EngineState::Unknown | EngineState::Starting);
        if !starts || waited >= STARTING {
            return Ok(());
        }
        if !told && waited >= QUIETLY {
            out.aside(&format!("{}: it is waited for", engine.says()))?;
            told = true;
        }
        desk.changed(Duration::from_millis(200));
    }
}

/// How long somebody may take to find out who we are.
const LOOKING: Duration = Duration::from_secs(10);
/// How old a proof may be: an engine tells of it once a minute, and it may be a minute old then.
const FRESH: Duration = Duration::from_secs(150);

/// The world once an engine has looked who we are in these environments, or has had the time to.
fn looked(desk: &dyn Patient, ground: &dyn Ground, environments: &[EnvName]) -> Arc<World> {
    let from = ground.now();
    let world = desk.world();
    let one_each = environments.iter().filter_map(|env| {
        world
            .stacks()
            .into_iter()
            .find(|stack| stack.env == *env)
            .cloned()
    });
    desk.watch(&one_each.collect::<Vec<_>>());
    loop {
        let (world, now) = (desk.world(), ground.now());
        let known = environments
            .iter()
            .all(|env| places(&world, env).all(|place| proof(&world, env, place, now).is_some()));
        if (known && matches!(world.engine, EngineState::Live { .. })) || now.since(from) >= LOOKING
        {
            return world;
        }
        desk.changed(Duration::from_millis(200));
    }
}

/// The places of an environment in which something is: one with scripts alone may have none.
fn places<'a>(world: &'a World, env: &EnvName) -> impl Iterator<Item = &'a Place> {
    let used = world.stacks().iter().any(|stack| stack.env == *env);
    world
        .record(env)
        .filter(|_| used)
        .into_iter()
        .flat_map(|record| &record.places)
}

/// A proof of who we are that is not old.
fn proof<'a>(
    world: &'a World,
    env: &EnvName,
    place: &Place,
    now: Time,
) -> Option<ProofSighting<'a>> {
    world
        .proof(env, &place.name)
        .filter(|seen| seen.stale.is_none() && now.since(seen.taken_at) < FRESH)
}

fn who(world: &World, env: &EnvName, now: Time) -> Vec<Fact> {
    let facts: Vec<Fact> = places(world, env)
        .map(|place| who_at(world, env, place, now))
        .collect();
    if facts.is_empty() {
        vec![Fact::right(
            format!("environment {env}"),
            "no stack here needs an account",
        )]
    } else {
        facts
    }
}

fn who_at(world: &World, env: &EnvName, place: &Place, now: Time) -> Fact {
    let home = world.record(env).and_then(|record| record.places.home());
    let what = if home == Some(place) {
        format!("environment {env}")
    } else {
        format!("place {} of {env}", place.name)
    };
    let Some(seen) = proof(world, env, place, now) else {
        if let Some(passes) = passes(world, env, place, now) {
            return Fact::note(
                what,
                format!("it is not proven yet who we are there: {passes}"),
            );
        }
        let why = world
            .proof(env, &place.name)
            .and_then(|seen| seen.stale)
            .map_or_else(
                || {
                    format!(
                        "who we are there was not proven within {} s",
                        LOOKING.as_secs()
                    )
                },
                ToString::to_string,
            );
        return Fact::wrong(what, why);
    };
    let is = format!(
        "{} {} as {}",
        place.whose.what, seen.proof.whose, seen.proof.who
    );
    match place.check(env, seen.proof) {
        Err(other) => Fact::wrong(what, format!("{is}: {}; {}", other.summary, other.hint)),
        Ok(()) => Fact::right(
            what,
            format!("{is}, proven {} ago", short(now.since(seen.taken_at))),
        ),
    }
}
