//! What is the matter with a stack, and what a person can do: each as the command that does it. A
//! key for the same stands in the console, by the key map that is in use there.

use crate::domain::ask::{WHY, Way};
use crate::domain::time::Time;
use crate::world::World;
use crate::world::available::Doing;
use crate::world::holds::HoldView;
use crate::world::rows::State;
use crate::world::verdict::Verdict;

use super::out::table;

/// A command, and what it does.
type Command = (String, String);

/// The verdict, why, whether it was seen before, and what to do.
pub(super) fn told(world: &World, verdict: &Verdict, now: Time) -> Vec<String> {
    let mut lines = vec![verdict.line.clone()];
    lines.extend(verdict.why.as_ref().map(|why| format!("  WHY  {why}")));
    let last = world
        .folds
        .stack(&verdict.stack)
        .last
        .filter(|_| verdict.repair.is_none() && world.current(&verdict.stack).is_none())
        .and_then(|last| world.deployment(last));
    if let Some((last, hint)) = last.and_then(|last| Some((last.no(), last.end.as_ref()?.hint()?)))
    {
        lines.push(format!("  DO   {hint} (of {last})"));
    }
    let known = verdict.known.map(|rule| format!("  KNOWN {}", rule.says()));
    lines.extend(known);
    lines.extend(
        verdict
            .seen
            .as_ref()
            .map(|seen| format!("  SEEN {}", seen.says())),
    );
    let rows: Vec<Vec<String>> = commands(world, verdict, now)
        .into_iter()
        .map(|(command, does)| vec![command, does])
        .collect();
    lines.extend(table(&rows).iter().map(|line| format!("  THEN {line}")));
    lines
}

/// What a person can do now, the usual thing first; nothing where nobody is needed and nothing is
/// armed.
pub(super) fn commands(world: &World, verdict: &Verdict, now: Time) -> Vec<Command> {
    if let Some(repair) = verdict.repair {
        return vec![(world.doctor().to_owned(), repair.to_owned())];
    }
    let stack = &verdict.stack;
    let ways = world.ways(stack);
    let row = world.row(stack, now);
    let holds: Vec<HoldView<'_>> = world
        .holds(now)
        .into_iter()
        .filter(|view| view.stack == *stack || view.stack.is_part_of(stack))
        .collect();
    if !row.needs_me && ways.is_empty() && row.state != State::Armed && holds.is_empty() {
        return Vec::new();
    }
    let practice = if world.catalog.practice {
        " --practice"
    } else {
        ""
    };
    let command = |words: &str| format!("holdpoint{practice} {words}");
    let mut all: Vec<Command> = holds
        .into_iter()
        .map(|view| {
            (
                command(&format!("show '{}'", view.hold.id)),
                format!("the {} hold, and how to decide it", view.hold.kind.word()),
            )
        })
        .collect();
    let can = |doing| world.offer(stack, doing, now).refused.is_none();
    if can(Doing::Unblock) {
        all.extend(ways.into_iter().map(|(way, says)| {
            let way = word(&way);
            (command(&format!("unblock {stack} --way {way}")), says)
        }));
    }
    for offer in &verdict.next {
        let verb = match offer.doing {
            // Its ways stand there already.
            Doing::Unblock => continue,
            Doing::Abandon => "cancel --abandon",
            Doing::Freeze => "freeze",
            Doing::Deploy
            | Doing::Redeploy
            | Doing::Retry
            | Doing::Rollback
            | Doing::Cancel
            | Doing::Undo
            | Doing::Thaw
            | Doing::Teardown => offer.doing.name(),
        };
        if offer.refused.is_none() {
            let reason = if offer.doing == Doing::Freeze {
                format!(" --reason {WHY}")
            } else {
                String::new()
            };
            all.push((
                command(&format!("{verb} {stack}{reason}")),
                offer.note.clone(),
            ));
        }
    }
    all
}

/// A way out as `--way` takes it.
fn word(way: &Way) -> &'static str {
    match way {
        Way::Recover => "recover",
        Way::Retry => "retry",
        Way::LastGood => "last-good",
        Way::Free => "free",
        Way::ResolveDone { .. } => "done",
        Way::ResolveFailed { .. } => "failed",
    }
}
