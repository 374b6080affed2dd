//! `logs`: lines and events of a stack, a deployment or a log group, merged by time.

use std::time::Duration;

use regex::Regex;

use crate::desk::{Patient, TailOf};
use crate::domain::line::Line;
use crate::domain::time::Time;
use crate::world::World;

use super::args::LogsArgs;
use super::target::{self, Target};
use super::{Code, Ground, Out, Stop, wait};

/// How long what is there already may take to be read.
const READING: Duration = Duration::from_secs(2);
/// No line for this long: what is there has been read.
const QUIET: Duration = Duration::from_millis(300);

/// `logs TARGET`.
pub(super) fn logs(ground: &dyn Ground, args: &LogsArgs, out: &mut Out<'_, '_>) -> Result<Code, Stop> {
    let grep = match &args.grep {
        None => None,
        Some(text) => {
            Some(Regex::new(text).map_err(|why| Stop::wrong("grep", format!("--grep {text:?} is no regular expression: {why}")))?)
        }
    };
    let since = match &args.since {
        None => None,
        Some(text) => Some(point(text, ground.now())?),
    };
    let desk = ground.desk()?;
    let world = wait::ready(&*desk, ground)?;
    let (of, group) = tail_of(&world, &*desk, &args.target)?;
    if let TailOf::Stack(id) = &of {
        desk.watch(std::slice::from_ref(id));
    }
    desk.tail(&of);
    let wanted = |line: &Line| {
        since.is_none_or(|since| line.at >= since)
            && group.as_ref().is_none_or(|group| line.source.as_str() == group)
            && grep.as_ref().is_none_or(|grep| grep.is_match(line.text.as_str()))
    };
    let from = ground.now();
    let mut heard = from;
    let mut any = false;
    loop {
        let batch = desk.drain(&of);
        if batch.dropped > 0 {
            out.aside(&format!("holdpoint: {} older lines were dropped; narrow it with --since", batch.dropped))?;
        }
        if !batch.lines.is_empty() {
            heard = ground.now();
        }
        for line in batch.lines.iter().filter(|line| wanted(line)) {
            any = true;
            if out.is_json() { out.line(&serde_json::to_string(line).map_err(std::io::Error::other)?)? } else { out.line(&text(line))? }
        }
        out.flush()?;
        let now = ground.now();
        let read = now.since(heard) >= QUIET && (any || heard > from || now.since(from) >= READING);
        if !args.follow && read {
            break;
        }
        desk.changed(if args.follow { Duration::from_secs(5) } else { QUIET });
    }
    if !any && !args.follow {
        out.aside("holdpoint: no lines; what was followed while nobody looked is kept for 7 days")?;
    }
    Ok(Code::Done)
}

fn tail_of(world: &World, desk: &dyn Patient, text: &str) -> Result<(TailOf, Option<String>), Stop> {
    if !text.starts_with('/') && text.matches('/').count() <= 1 && (text.contains('/') || target::number(text).is_some()) {
        return match target::target(text)? {
            Target::Stack(_) => target::known(world, text).map(|id| (TailOf::Stack(id), None)),
            Target::Deployment(no) => {
                let found = desk.numbered(no).map_err(|why| Stop::lost("store", why))?.ok_or_else(|| target::no_deployment(no))?;
                Ok((TailOf::Deployment(found.id), None))
            }
        };
    }
    Ok((TailOf::All, Some(text.to_owned())))
}

/// A duration before now, or a time.
fn point(text: &str, now: Time) -> Result<Time, Stop> {
    if let Ok(ago) = crate::domain::duration::read(text) {
        return Ok(now - ago);
    }
    text.parse::<jiff::Timestamp>()
        .map(|at| Time(at.as_millisecond()))
        .map_err(|_| Stop::wrong("since", format!("--since {text:?} is neither a duration (10m) nor a time (2026-03-12T14:00:00Z)")))
}

fn text(line: &Line) -> String {
    let part = if line.part.is_empty() { String::new() } else { format!(" {}", line.part) };
    format!("{} {:<3} {}{part}  {}", line.at, line.kind.word(), line.source, line.text)
}
