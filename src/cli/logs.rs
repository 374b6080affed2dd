//! `logs`: lines and events of a stack, a deployment or a log group, merged by time.

mod telling;

use std::collections::BTreeMap;
use std::time::Duration;

use regex::Regex;

use crate::desk::{Begin, Patient, TailOf};
use crate::domain::deployment::Deployment;
use crate::domain::ids::{EnvName, StackId};
use crate::domain::line::Line;
use crate::domain::time::Time;
use crate::world::World;
use crate::world::tails::{TailSighting, TailState};

use self::telling::Telling;
use super::args::LogsArgs;
use super::target::{self, Target};
use super::{Code, Ground, Out, Stop, wait};

/// How long what is there already may take to be read.
const READING: Duration = Duration::from_secs(2);
/// No line for this long: what is there has been read.
const QUIET: Duration = Duration::from_millis(300);
/// How long is waited for what the log groups have and was not followed until now.
const CATCH_UP: Duration = Duration::from_secs(15);
/// A tail that is no further behind than this has caught up.
const NEAR: Duration = Duration::from_secs(5);
/// How long the lines of a tail that has caught up may still be on their way.
const UNDER_WAY: Duration = Duration::from_secs(1);
/// The longest time after which a follower looks how the tails are doing.
const LOOK: Duration = Duration::from_secs(5);

/// `logs TARGET`.
pub(super) fn logs(
    ground: &dyn Ground,
    args: &LogsArgs,
    out: &mut Out<'_, '_>,
) -> Result<Code, Stop> {
    let grep = args.grep.as_deref().map(pattern).transpose()?;
    let since = args
        .since
        .as_deref()
        .map(|text| point(text, ground.now()))
        .transpose()?;
    let desk = ground.desk()?;
    let world = wait::ready(&*desk, ground, out)?;
    let wanted = Wanted {
        since,
        grep,
        ..find(&world, &*desk, &args.target)?
    };
    desk.watch(&wanted.stacks);
    let tails: Vec<TailOf> = wanted.stacks.iter().cloned().map(TailOf::Stack).collect();
    for of in &tails {
        desk.tail_from(of, wanted.begin());
    }
    let mut progress = Progress::from(ground.now());
    let mut telling = Telling::default();
    loop {
        let batches: Vec<_> = tails.iter().map(|of| desk.drain(of)).collect();
        let world = desk.world();
        let dropped: u64 = batches.iter().map(|batch| batch.dropped).sum();
        if dropped > 0 {
            out.aside(&format!(
                "holdpoint: {dropped} older lines were dropped; narrow it with --since"
            ))?;
        }
        let mut lines: Vec<Line> = batches.into_iter().flat_map(|batch| batch.lines).collect();
        let now = ground.now();
        if !lines.is_empty() {
            progress.heard = now;
        }
        lines.sort_by_key(Line::key);
        for line in lines.iter().filter(|line| wanted.has(line, &world)) {
            progress.any = true;
            if out.is_json() {
                out.row(line)?;
            } else {
                out.line(&text(line, wanted.names_parts(line)))?;
            }
        }
        out.flush()?;
        let readings: Vec<_> = tails.iter().map(|of| desk.reading(of)).collect();
        telling.kept(&readings, &wanted, out)?;
        let groups = wanted.tails(&world, now);
        if args.follow {
            telling.tails(&groups, now.since(progress.from) >= CATCH_UP, out)?;
            desk.changed(LOOK);
            continue;
        }
        let read = readings.iter().all(|reading| reading.read);
        let came = groups.iter().all(has_come) || world.engine.absent().is_some();
        if progress.is_over(now, read, came) {
            telling.tails(&groups, true, out)?;
            break;
        }
        desk.changed(QUIET);
    }
    if !progress.any && telling.trouble().is_none() {
        out.aside("holdpoint: no lines; what was followed while nobody looked is kept for 7 days")?;
    }
    Ok(if telling.trouble().is_some() {
        Code::Failed
    } else {
        Code::Done
    })
}

/// How far a reading has come that is to end.
struct Progress {
    from: Time,
    /// When lines came last.
    heard: Time,
    /// Whether any was wanted.
    any: bool,
    /// When the log groups had given what they have; as early as it began where they had it at the
    /// first look.
    came: Option<Time>,
    looked: bool,
}

impl Progress {
    fn from(now: Time) -> Self {
        Self {
            from: now,
            heard: now,
            any: false,
            came: None,
            looked: false,
        }
    }

    fn is_over(&mut self, now: Time, read: bool, came: bool) -> bool {
        let waited = now.since(self.from);
        let late = waited >= CATCH_UP;
        if came || late {
            self.came
                .get_or_insert(if self.looked { now } else { self.from });
        }
        self.looked = true;
        // Lines of a tail that has only just caught up are still on their way.
        let given = self
            .came
            .is_some_and(|at| at == self.from || now.since(at) >= UNDER_WAY);
        let heard = self.any || self.heard > self.from || waited >= READING;
        (read || late) && given && heard && now.since(self.heard) >= QUIET
    }
}

/// Whether a log group has given what it has, or cannot.
fn has_come(tail: &TailSighting<'_>) -> bool {
    match tail.state {
        TailState::Follows => tail.behind <= NEAR,
        TailState::Waits(_) | TailState::Cut(_) => true,
        TailState::Unknown => false,
    }
}

/// Which lines are wanted.
#[derive(Debug, Default)]
struct Wanted {
    stacks: Vec<StackId>,
    /// Of this log group alone.
    group: Option<String>,
    /// Of this deployment alone.
    deployment: Option<Deployment>,
    since: Option<Time>,
    grep: Option<Regex>,
}

impl Wanted {
    /// From where on lines are read: the newest tell enough, unless somebody looks for something.
    fn begin(&self) -> Begin {
        let begun = self.deployment.as_ref().map(|d| d.created_at);
        match self.since.max(begun) {
            Some(time) => Begin::Since(time),
            None if self.grep.is_some() => Begin::Since(Time::default()),
            None => Begin::Newest,
        }
    }

    fn has(&self, line: &Line, world: &World) -> bool {
        self.since.is_none_or(|since| line.key().0 >= since)
            && self
                .group
                .as_ref()
                .is_none_or(|group| line.source.as_str() == group)
            && self
                .grep
                .as_ref()
                .is_none_or(|grep| grep.is_match(line.text.as_str()))
            && self.deployment.as_ref().is_none_or(|d| {
                let is_own = belongs(line, world.deployment(d.id).map_or(d, |newer| newer));
                // Of a whole, its parts with it.
                let mut parts = world.folds.children(d.id).into_iter();
                is_own || parts.any(|part| line.no == Some(part.no()))
            })
    }

    /// Whether a line says of which part it is: where a whole is meant.
    fn names_parts(&self, line: &Line) -> bool {
        !self.stacks.contains(&line.stack)
    }

    /// The tails of the log groups whose lines are wanted; of a deployment that is over, all have
    /// come.
    fn tails<'a>(&self, world: &'a World, now: Time) -> Vec<TailSighting<'a>> {
        if self
            .deployment
            .as_ref()
            .is_some_and(|d| d.ended_at.is_some())
        {
            return Vec::new();
        }
        let tails = self
            .stacks
            .iter()
            .flat_map(|stack| world.tails(Some(stack), now));
        tails
            .filter(|tail| self.group.as_ref().is_none_or(|group| tail.group == group))
            .collect()
    }
}

/// Whether a line belongs to a deployment: it says so, or it says nothing and came while the
/// deployment ran.
fn belongs(line: &Line, d: &Deployment) -> bool {
    match line.no {
        Some(no) => no == d.no(),
        None => {
            d.started_at.is_some_and(|from| line.at >= from)
                && d.ended_at.is_none_or(|to| line.at <= to)
        }
    }
}

fn find(world: &World, desk: &dyn Patient, text: &str) -> Result<Wanted, Stop> {
    if let Some(no) = target::number(text) {
        let found = desk
            .numbered(no)
            .map_err(|why| Stop::lost("store", why))?
            .ok_or_else(|| target::no_deployment(no))?;
        return Ok(Wanted {
            stacks: found.stack().cloned().into_iter().collect(),
            deployment: Some(found),
            ..Wanted::default()
        });
    }
    let watching = watching(world, text);
    if !watching.is_empty() {
        return Ok(Wanted {
            stacks: watching,
            group: Some(text.to_owned()),
            ..Wanted::default()
        });
    }
    // A log group may be called like a part of an application.
    let stack = text.parse::<StackId>().ok();
    let is_part = stack.is_some_and(|id| id.part.is_some() && world.stacks().contains(&id));
    if is_part || (!text.starts_with('/') && text.matches('/').count() == 1) {
        return match target::target(text)? {
            Target::Stack(_) => Ok(Wanted {
                stacks: vec![target::known(world, text)?],
                ..Wanted::default()
            }),
            Target::Deployment(no) => Err(target::no_deployment(no)),
        };
    }
    Err(not_watched(world, text))
}

/// The stacks that watch a log group, one of an environment: the others would tell the same lines
/// again.
fn watching(world: &World, group: &str) -> Vec<StackId> {
    let mut of: BTreeMap<&EnvName, &StackId> = BTreeMap::new();
    for stack in world
        .stacks()
        .into_iter()
        .filter(|stack| world.groups(stack).contains(group))
    {
        of.entry(&stack.env).or_insert(stack);
    }
    of.into_values().cloned().collect()
}

fn not_watched(world: &World, group: &str) -> Stop {
    let groups: std::collections::BTreeSet<&str> = world
        .stacks()
        .into_iter()
        .flat_map(|stack| world.groups(stack))
        .collect();
    let how = "`watch: { logs: [...] }` of an application names the log groups that are followed";
    let says = match crate::text::diagnostic::closest(group, groups.iter().copied()) {
        Some(near) => format!("no stack watches a log group {group}; did you mean {near}? {how}"),
        None if groups.is_empty() => {
            format!("no stack watches a log group {group}, nor any other; {how}")
        }
        None => {
            let all = groups.into_iter().collect::<Vec<_>>().join(", ");
            format!("no stack watches a log group {group}; watched are {all}; {how}")
        }
    };
    Stop::wrong("group", says)
}

fn pattern(text: &str) -> Result<Regex, Stop> {
    Regex::new(text).map_err(|why| {
        Stop::wrong(
            "grep",
            format!("--grep {text:?} is not a regular expression: {why}"),
        )
    })
}

/// A duration before now, or a time.
fn point(text: &str, now: Time) -> Result<Time, Stop> {
    match crate::text::duration::read(text) {
        Ok(ago) => return Ok(now - ago),
        // No time ends like that: it was meant as a duration.
        Err(why) if text.ends_with(['s', 'm', 'h', 'd']) => {
            return Err(Stop::wrong("since", format!("--since {why}")));
        }
        Err(_) => {}
    }
    text.parse::<jiff::Timestamp>()
        .map(|at| Time(at.as_millisecond()))
        .map_err(|_| {
            Stop::wrong(
                "since",
                format!(
                    "--since {text:?} is neither a duration (10m) nor a time (2026-03-12T14:00:00Z)"
                ),
            )
        })
}

fn text(line: &Line, names_part: bool) -> String {
    let own = line.stack.part.as_ref().filter(|_| names_part);
    let own = own.map_or_else(String::new, |part| format!("{part} "));
    let part = if line.part.is_empty() {
        String::new()
    } else {
        format!(" {}", line.part)
    };
    format!(
        "{} {own}{:<3} {}{part}  {}",
        line.at,
        line.kind.word(),
        line.source,
        line.text
    )
}
