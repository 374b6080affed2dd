//! `ls`, `holds`, `events`, `audit`: what there is, as lists.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::desk::Patient;
use crate::domain::event::Stored;
use crate::domain::folds::Folds;
use crate::domain::gap::Gap;
use crate::domain::ids::StackId;
use crate::domain::label::Label;
use crate::domain::time::short;
use crate::world::World;
use crate::world::audit::{Sentence, sentence};
use crate::world::differs::Differs;
use crate::world::rows::{EnvView, Row};

use super::args::{EventsArgs, LsArgs};
use super::json::{DiskDoc, EngineDoc, EnvDoc, HoldDoc, LsDoc, NeedDoc, at};
use super::out::headed;
use super::{Code, Ground, Out, Stop, then, wait};

/// `ls`.
pub(super) fn ls(ground: &dyn Ground, args: &LsArgs, out: &mut Out<'_, '_>) -> Result<Code, Stop> {
    let desk = ground.desk()?;
    wait::ready(&*desk, ground, out)?;
    let world = looked(&*desk, ground, args.environment.as_deref());
    let now = ground.now();
    let mut environments = world.environments(now);
    if let Some(only) = &args.environment {
        environments.retain(|env| env.name.as_str() == only);
        if environments.is_empty() {
            return Err(Stop::wrong(
                "environment",
                format!("there is no environment {only:?}; `holdpoint ls` lists them"),
            ));
        }
    }
    if out.is_json() {
        let doc = LsDoc {
            engine: EngineDoc::from(&world.engine),
            store: world.doubt.as_ref().map(ToString::to_string),
            disk: world.disk_full.as_ref().map(DiskDoc::from),
            clock: world.gap.map(Gap::says),
            environments: environments.iter().map(EnvDoc::from).collect(),
        };
        out.document(&doc)?;
        return Ok(Code::Done);
    }
    if let Some(full) = &world.disk_full {
        out.line(&format!("! {}", full.says()))?;
        out.line("")?;
    }
    if let Some(why) = world.engine.absent().filter(|_| world.doubt.is_none()) {
        out.line(&format!("! {why}"))?;
        out.line("")?;
    }
    if let Some(gap) = world.gap {
        out.line(&format!("! {}", gap.says()))?;
        out.line("")?;
    }
    for untold in world.untold(now) {
        out.line(&format!("! {}", untold.says()))?;
        out.line("")?;
    }
    // One table over all environments, so that its columns stand below each other.
    let rows = environments.iter().flat_map(|env| &env.rows);
    let mut lines = headed(&COLUMNS, rows.map(|row| cells(row, now)).collect()).into_iter();
    if let Some(names) = lines.next() {
        out.line(&format!("  {:<11}  {names}", "STATE"))?;
    }
    for env in &environments {
        out.line(&heading(env))?;
        if let Some(says) = env.throttled_says() {
            out.line(&format!("! {says}"))?;
        }
        for (row, line) in env.rows.iter().zip(lines.by_ref()) {
            let mark = if row.needs_me { "!" } else { " " };
            out.line(&format!("{mark} {}  {line}", out.state(row.state, 11)))?;
        }
        out.line("")?;
    }
    if let Some((needs, _)) = world.needs(now) {
        for line in then::told(&world, &needs, now) {
            out.line(&line)?;
        }
    }
    if let Some(why) = &world.trouble {
        out.aside(&format!("holdpoint: what is shown may be old: {why}"))?;
    }
    Ok(Code::Done)
}

/// The names of the columns behind the state.
const COLUMNS: [&str; 6] = ["STACK", "SERVES", "RELEASE", "AGE", "NO", "STEP"];

/// How long a list waits for a fresh look at what it shows.
const LOOKING: Duration = Duration::from_secs(3);
/// How old a look may be.
const FRESH: Duration = Duration::from_secs(15);

/// The world after a look at what is shown, as far as one comes soon.
fn looked(desk: &dyn Patient, ground: &dyn Ground, only: Option<&str>) -> Arc<World> {
    let from = ground.now();
    let first = desk.world();
    let shown: Vec<StackId> = first
        .stacks()
        .into_iter()
        .filter(|id| only.is_none_or(|env| id.env.as_str() == env))
        .cloned()
        .collect();
    desk.watch(&shown);
    loop {
        let world = desk.world();
        let now = ground.now();
        let outside = |id: &&StackId| world.is_outside(id);
        // New environments are recorded by this command itself: what stood there before the engine
        // took them would ask for what is on its way.
        let envs = world.catalog.environments.keys();
        let recorded = envs
            .filter(|env| only.is_none_or(|only| env.as_str() == only))
            .all(|env| world.differs(env) != Differs::New);
        let fresh = |id: &StackId| {
            let (seen, stale) = world.freshness(id);
            stale.is_some() || seen.is_some_and(|at| now.since(at) < FRESH)
        };
        if now.since(from) >= LOOKING
            || world.engine.absent().is_some()
            || (recorded && shown.iter().filter(outside).all(fresh))
        {
            return world;
        }
        desk.changed(Duration::from_millis(200));
    }
}

fn heading(env: &EnvView) -> String {
    let practice = if env.practice { " (practice)" } else { "" };
    let proven = if env.proven || env.spot.whose.is.is_none() {
        ""
    } else {
        " (not proven)"
    };
    let frozen = env
        .freeze
        .as_ref()
        .map_or_else(String::new, |freeze| format!("  frozen {}", freeze.says()));
    let differs = match &env.differs {
        Differs::Same => String::new(),
        Differs::New => "  not recorded yet".to_owned(),
        Differs::NotInFile => "  not in the estate file".to_owned(),
        Differs::Different(what) => format!("  DIFFERS: {}", what.join(", ")),
    };
    format!(
        "{}{practice}  {}  {}{proven}{frozen}{differs}",
        env.name,
        env.class.word(),
        env.spot
    )
}

fn cells(row: &Row, now: crate::domain::time::Time) -> Vec<String> {
    let serve = row.serve_says().unwrap_or_else(|| "-".to_owned());
    let age = row.held_for(now).map_or_else(|| "-".to_owned(), short);
    let no = row
        .deployment
        .map_or_else(|| "-".to_owned(), |(_, no)| no.to_string());
    let step = row
        .step
        .as_ref()
        .map_or_else(String::new, |at| format!("{} {}/{}", at.id, at.nth, at.of));
    let release = Some(row.release())
        .filter(|release| !release.is_empty())
        .unwrap_or_else(|| "-".to_owned());
    let text = [step, row.why.clone().unwrap_or_default()]
        .into_iter()
        .filter(|t| !t.is_empty())
        .collect::<Vec<_>>()
        .join(": ");
    vec![row.stack.name(), serve, release, age, no, text]
}

/// `holds`.
pub(super) fn holds(ground: &dyn Ground, out: &mut Out<'_, '_>) -> Result<Code, Stop> {
    let desk = ground.desk()?;
    let world = wait::ready(&*desk, ground, out)?;
    let now = ground.now();
    let holds = world.holds(now);
    if out.is_json() {
        let holds: Vec<HoldDoc> = holds.iter().map(HoldDoc::from).collect();
        let needs: Vec<NeedDoc> = world
            .without_a_hold(now)
            .iter()
            .map(|verdict| NeedDoc::new(&world, verdict, now))
            .collect();
        out.document(&serde_json::json!({ "holds": holds, "needs": needs }))?;
        return Ok(Code::Done);
    }
    let needs = world.without_a_hold(now);
    if holds.is_empty() {
        out.line(if needs.is_empty() {
            "nothing waits for a person"
        } else {
            "no hold is open"
        })?;
    }
    let rows: Vec<Vec<String>> = holds
        .iter()
        .map(|view| {
            let does = view
                .hold
                .lines
                .iter()
                .find(|line| line.label == Label::Does)
                .map(|line| line.text.clone())
                .unwrap_or_default();
            vec![
                view.hold.id.to_string(),
                view.stack.to_string(),
                view.hold.kind.word().to_owned(),
                view.left_text(),
                view.asked_by.clone(),
                does,
            ]
        })
        .collect();
    let names = ["HOLD", "STACK", "KIND", "LEFT", "ASKED BY", "DOES"];
    for line in headed(&names, rows) {
        out.line(&line)?;
    }
    for verdict in &needs {
        out.line("")?;
        for line in then::told(&world, verdict, now) {
            out.line(&line)?;
        }
    }
    Ok(Code::Done)
}

/// `events`, and `audit`: only what people did.
pub(super) fn events(
    ground: &dyn Ground,
    args: &EventsArgs,
    people: bool,
    out: &mut Out<'_, '_>,
) -> Result<Code, Stop> {
    let desk = ground.desk()?;
    let world = wait::ready(&*desk, ground, out)?;
    let limit = args.limit as usize;
    let mut found: Vec<(Stored, Sentence)> = Vec::new();
    let mut below = 0;
    let mut names = Names::new(&world.folds);
    'pages: loop {
        let page = desk
            .newest(below, PAGE)
            .map_err(|why| Stop::lost("store", format!("the log cannot be read: {why}")))?;
        let full = page.len() == PAGE;
        below = page.last().map_or(0, |stored| stored.seq.saturating_sub(1));
        for stored in page {
            names.learn(&stored);
            let sentence = sentence(&stored, &names.folds);
            let wanted = args
                .what
                .as_ref()
                .is_none_or(|what| is_about(&sentence, what))
                && (!people || sentence.person);
            if wanted {
                found.push((stored, sentence));
                if found.len() >= limit {
                    break 'pages;
                }
            }
        }
        if !full || below == 0 {
            break;
        }
    }
    if let Some(what) = args
        .what
        .as_ref()
        .filter(|what| found.is_empty() && !is_known(&world, what))
    {
        let says = format!(
            "nothing here is called {what}: name an environment, a stack or a deployment (#12)"
        );
        return Err(Stop::wrong("unknown", says));
    }
    found.reverse();
    if out.is_json() {
        let events: Vec<EventDoc> = found
            .iter()
            .map(|(stored, sentence)| EventDoc::new(sentence, stored))
            .collect();
        out.document(&serde_json::json!({ "events": events }))?;
        return Ok(Code::Done);
    }
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|(_, s)| {
            vec![
                s.at.to_string(),
                s.who.clone(),
                s.on.clone(),
                s.what.to_string(),
            ]
        })
        .collect();
    for line in headed(&["AT", "WHO", "ON", "WHAT"], rows) {
        out.line(&line)?;
    }
    Ok(Code::Done)
}

/// Whether something of that name may have events: what has none yet is no mistake.
fn is_known(world: &World, what: &str) -> bool {
    let names = world.stacks().into_iter().any(|id| {
        id.to_string() == what || id.whole().to_string() == what || id.env.as_str() == what
    });
    names
        || world
            .catalog
            .environments
            .keys()
            .any(|env| env.as_str() == what)
}

/// Events in one read.
const PAGE: usize = 1_000;

/// Which deployment has which number and stack, also of those that are not loaded.
struct Names {
    folds: Folds,
}

impl Names {
    fn new(folds: &Folds) -> Self {
        Self {
            folds: folds.clone(),
        }
    }

    fn learn(&mut self, stored: &Stored) {
        // The first event of a deployment names it; later ones of an old deployment are read before
        // it, and show its id.
        if let crate::domain::event::StreamId::Deployment(id) = &stored.stream
            && stored.version == 1
            && !self.folds.deployments.contains_key(id)
        {
            self.folds.apply(stored);
        }
    }
}

/// Whether a sentence is about an environment, a stack or a deployment.
fn is_about(sentence: &Sentence, what: &str) -> bool {
    let number = super::target::number(what);
    sentence.on.split(' ').any(|word| {
        word.strip_prefix(what)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            || number
                .is_some_and(|no| word.strip_prefix('#').and_then(|w| w.parse().ok()) == Some(no.0))
    })
}

/// An event as scripts read it.
#[derive(Debug, Serialize)]
struct EventDoc {
    seq: u64,
    at: String,
    who: String,
    on: String,
    what: String,
    event: serde_json::Value,
}

impl EventDoc {
    fn new(sentence: &Sentence, stored: &crate::domain::event::Stored) -> Self {
        Self {
            seq: sentence.seq,
            at: at(sentence.at),
            who: sentence.who.clone(),
            on: sentence.on.clone(),
            what: sentence.what.to_string(),
            event: stored
                .event
                .as_ref()
                .map_or(serde_json::Value::Null, |event| {
                    serde_json::to_value(event).unwrap_or_default()
                }),
        }
    }
}
