//! `show`: one stack, one deployment or one hold, with everything that is known of it.

use std::sync::Arc;

use crate::desk::Patient;
use crate::domain::ask::WHY;
use crate::domain::deployment::{Deployment, Request};
use crate::domain::end::End;
use crate::domain::failure::Failure;
use crate::domain::flag::chosen;
use crate::domain::hold::{Decision, Verdict};
use crate::domain::request::Made;
use crate::domain::row::Row;
use crate::domain::time::{Time, short};
use crate::text::safe::Safe;
use crate::world::World;
use crate::world::verdict::Rule;

use super::args::ShowArgs;
use super::json::{
    BesideDoc, DeploymentDoc, DeploymentPage, FoundDoc, HoldDoc, OfferDoc, RowDoc, SeenDoc,
    StackDoc,
};
use super::out::{headed, table};
use super::target::{self, Target};
use super::work;
use super::{Code, Ground, Out, Stop, card, hold, json, then, wait};

/// How many deployments of a stack are shown.
const HISTORY: usize = 10;

/// `show X`.
pub(super) fn show(
    ground: &dyn Ground,
    args: &ShowArgs,
    out: &mut Out<'_, '_>,
) -> Result<Code, Stop> {
    let desk = ground.desk()?;
    let world = wait::ready(&*desk, ground, out)?;
    let now = ground.now();
    if args.what.contains('.')
        && let Ok(id) = args.what.parse()
    {
        return hold(&world, &id, now, out);
    }
    match target::target(&args.what)? {
        Target::Deployment(no) => {
            let found = target::numbered(&*desk, no)?;
            deployment(&world, &found, now, out)
        }
        Target::Stack(_) => {
            let id = target::known(&world, &args.what)?;
            stack(&*desk, &world, &id, now, out)
        }
    }
}

fn stack(
    desk: &dyn Patient,
    world: &World,
    id: &crate::domain::ids::StackId,
    now: Time,
    out: &mut Out<'_, '_>,
) -> Result<Code, Stop> {
    let verdict = world.verdict(id, now);
    let offers = world.offers(id, now);
    let history = desk
        .history(id, HISTORY)
        .map_err(|why| Stop::lost("store", why))?;
    if out.is_json() {
        out.document(&StackDoc {
            row: RowDoc::from(&world.row(id, now)),
            seen: SeenDoc::of(world, id),
            beside: BesideDoc::all(world, id),
            facts: world.filed(id),
            found: world.found(id).iter().map(FoundDoc::from).collect(),
            in_service: world.in_service(id).map(|d| d.no().0),
            commands: json::commands(world, &verdict, now),
            verdict: verdict.line,
            because: verdict.why,
            known: verdict.known.map(Rule::says),
            seen_before: verdict.seen.map(|seen| seen.says()),
            actions: offers.iter().map(OfferDoc::from).collect(),
            deployments: history.iter().map(DeploymentDoc::from).collect(),
        })?;
        return Ok(Code::Done);
    }
    for line in then::told(world, &verdict, now) {
        out.line(&line)?;
    }
    for line in facts(world, id, now) {
        out.line(&line)?;
    }
    out.line("")?;
    for offer in &offers {
        let text = match &offer.refused {
            None => offer.note.clone(),
            Some(no) if no.when.is_empty() => format!("not now: {}", no.why),
            Some(no) => format!("not now: {}; possible {}", no.why, no.when),
        };
        out.line(&format!("  {:<9} {text}", offer.doing.name()))?;
    }
    out.line("")?;
    let rows: Vec<Vec<String>> = history
        .iter()
        .map(|d| history_row(d, world.in_service(id)))
        .collect();
    let names = ["NO", "ASKED AT", "RELEASE", "BY", "TOOK", "END", "SAYS"];
    for line in headed(&names, rows) {
        out.line(&format!("  {line}"))?;
    }
    Ok(Code::Done)
}

/// What was seen of it, with the age of that, and what the file says.
fn facts(world: &World, id: &crate::domain::ids::StackId, now: Time) -> Vec<String> {
    let cells = |row: &Row| vec![row.name.to_string(), row.is.to_string()];
    let mut all = Vec::new();
    if let Some(thing) = world.thing(id).filter(|thing| !thing.sight.rows.is_empty()) {
        let age = short(now.since(thing.taken_at));
        let seen = format!("{}  seen {age} ago", thing.sight.words);
        all.push(vec![thing.sight.called.to_string(), seen]);
        all.extend(thing.sight.rows.iter().map(cells));
    }
    for one in world.beside(id) {
        all.push(vec![one.called().to_owned(), one.says(now)]);
        all.extend(
            one.seen
                .into_iter()
                .flat_map(|(sight, _)| sight.rows.iter().map(cells)),
        );
    }
    all.extend(world.filed(id).iter().map(cells));
    let found = world.found(id);
    all.extend(found.iter().map(|found| cells(&found.told(now))));
    let lines = table(&all).into_iter();
    lines.map(|line| format!("  {line}")).collect()
}

fn history_row(d: &Deployment, serves: Option<&Arc<Deployment>>) -> Vec<String> {
    let request = d.request.as_ref();
    let took = d
        .started_at
        .zip(d.ended_at)
        .map_or_else(|| "-".to_owned(), |(from, to)| short(to.since(from)));
    vec![
        d.no().to_string(),
        d.created_at.to_string(),
        d.brings(),
        request.map(|r| r.cause.by.to_string()).unwrap_or_default(),
        took,
        d.end.as_ref().map_or_else(
            || d.phase.to_string(),
            |end| {
                let is_now = serves.is_some_and(|one| one.id == d.id);
                let now = if is_now { ", in service" } else { "" };
                format!("{}{now}", crate::world::audit::ending(end))
            },
        ),
        d.says().into_string(),
    ]
}

fn deployment(
    world: &World,
    d: &Deployment,
    now: Time,
    out: &mut Out<'_, '_>,
) -> Result<Code, Stop> {
    if out.is_json() {
        out.document(&DeploymentPage::new(world, d, now))?;
        return Ok(Code::Done);
    }
    let stack = d.stack().map(ToString::to_string).unwrap_or_default();
    let request = d.request.as_ref();
    let of = request
        .and_then(|r| r.cause.of.as_ref())
        .map_or_else(String::new, |of| format!(", {of}"));
    let by = request
        .map(|r| format!("{} ({})", r.cause.by, r.cause.via))
        .unwrap_or_default();
    let brings = match d.release() {
        Some(release) => format!("release {release}"),
        None => d.brings(),
    };
    out.line(&format!(
        "{} {stack} {}  {brings}, asked by {by}{of} at {}",
        d.no(),
        d.phase,
        d.created_at
    ))?;
    if let Some(end) = &d.end {
        out.line(&format!("  {}", crate::world::audit::ending(end)))?;
        if let Some(hint) = end.hint() {
            out.line(&format!("  DO {hint}"))?;
        }
    } else if let Some(left) = world.left(d, now) {
        out.line(&format!(
            "  {} left, from {} earlier runs",
            left.says(),
            left.n
        ))?;
    }
    if let Some(request) = request {
        for line in ordered(request) {
            out.line(&format!("  {line}"))?;
        }
        if let Some(written) = d.written() {
            out.line(&format!("  commit {written}"))?;
        }
    }
    if let Some((since, why)) = world.waits_for_contact(d) {
        let waits = short(now.since(since));
        out.line(&format!("  LOST for {waits}: {why}"))?;
    }
    if let Some(parent) = d.parent() {
        let of = world
            .deployment(parent.deployment)
            .map_or_else(|| parent.deployment.to_string(), |of| of.no().to_string());
        out.line(&format!(
            "  child of {of}, step {} (attempt {})",
            parent.step, parent.attempt
        ))?;
    }
    let children: Vec<Vec<String>> = world
        .folds
        .children(d.id)
        .into_iter()
        .map(|child| {
            let stack = child.stack().map(ToString::to_string).unwrap_or_default();
            let end = child
                .end
                .as_ref()
                .map_or_else(String::new, crate::world::audit::ending);
            vec![child.no().to_string(), stack, child.phase.to_string(), end]
        })
        .collect();
    for line in headed(&["CHILD", "STACK", "PHASE", "END"], children) {
        out.line(&format!("  {line}"))?;
    }
    let rows: Vec<Vec<String>> = d
        .runs()
        .map(|(step, run)| {
            let took = match (run.started_at, run.ended_at) {
                (Some(from), Some(to)) => short(to.since(from)),
                (Some(from), None) => short(now.since(from)),
                (None, _) => "-".to_owned(),
            };
            let usual = d
                .stack()
                .and_then(|stack| world.usual(stack, &step.id))
                .map_or_else(|| "-".to_owned(), |usual| usual.says());
            let stands = world.step_stands(d, step, run, now);
            let why = run.why().or(stands.says).unwrap_or_default();
            let why = Safe::new(&why).into_string();
            vec![
                step.id.to_string(),
                stands.state.word().to_owned(),
                took,
                usual,
                run.does(step),
                why,
            ]
        })
        .collect();
    let names = ["STEP", "STATE", "TOOK", "USUALLY", "DOES", "WHY"];
    for line in headed(&names, rows) {
        out.line(&format!("  {line}"))?;
    }
    for line in work::told(world, d, now) {
        out.line(&format!("  {line}"))?;
    }
    for (step, run) in d.runs() {
        let advice = run
            .failure
            .as_ref()
            .map(|failure| advice(d, failure))
            .filter(|advice| {
                !advice.is_empty() && d.end.as_ref().and_then(End::hint) != Some(advice)
            });
        if let Some(advice) = advice {
            out.line(&format!("  DO {}: {advice}", step.id))?;
        }
    }
    let children = world.folds.children(d.id);
    let parts = children.iter().flat_map(|child| child.open_holds());
    for hold in d.open_holds().chain(parts) {
        out.line(&format!("  hold {} {}", hold.id, hold.kind.word()))?;
    }
    Ok(Code::Done)
}

/// What to do next about a step: of a deployment that is over nothing goes on by itself.
pub(super) fn advice(d: &Deployment, failure: &Failure) -> String {
    if d.is_over() {
        failure.hint.clone()
    } else {
        failure.advice()
    }
}

/// What was asked, beyond the release and who asked.
fn ordered(request: &Request) -> Vec<String> {
    let flags = chosen(&request.flags);
    let said = [
        (
            "from",
            request
                .spec
                .release
                .source
                .as_ref()
                .filter(|made| **made != Made::Files)
                .map(ToString::to_string),
        ),
        ("with", Some(flags.join(", "))),
        ("asked as", Some(request.cause.by.known())),
        ("because", Some(request.cause.reason.clone())),
        (
            "owes",
            request.cause.reply.as_ref().map(ToString::to_string),
        ),
    ];
    said.into_iter()
        .filter_map(|(word, what)| {
            what.filter(|what| !what.is_empty())
                .map(|what| format!("{word} {}", Safe::new(&what)))
        })
        .collect()
}

fn hold(
    world: &World,
    id: &crate::domain::ids::HoldId,
    now: Time,
    out: &mut Out<'_, '_>,
) -> Result<Code, Stop> {
    let views = world.holds(now);
    let Some(view) = views.iter().find(|view| view.hold.id == *id) else {
        let Some((_, known)) = world.folds.hold(id) else {
            return Err(Stop::wrong(
                "hold",
                format!("there is no hold {id}; `holdpoint holds` lists the open ones"),
            ));
        };
        let decided = known
            .decision
            .as_ref()
            .map_or_else(|| Verdict::Void.word().to_owned(), Decision::says);
        return Err(Stop::wrong(
            "decided",
            format!("{id} is {decided}; `holdpoint audit {}` tells how", id.no),
        ));
    };
    if out.is_json() {
        out.document(&HoldDoc::from(view))?;
        return Ok(Code::Done);
    }
    for line in card::hold(view) {
        out.line(&line)?;
    }
    let practice = if world.catalog.practice {
        " --practice"
    } else {
        ""
    };
    let ways: Vec<Option<&str>> = match view.hold.choices.as_slice() {
        [] => vec![None],
        choices => choices
            .iter()
            .map(|choice| Some(choice.name.as_str()))
            .collect(),
    };
    let reason = if hold::asks_why(view.hold) {
        format!(" --reason {WHY}")
    } else {
        String::new()
    };
    for way in ways {
        let choice = way.map_or_else(String::new, |name| format!(" --choice {name}"));
        let (words, subject) = (view.hold.words(way), view.hold.subject);
        out.line(&format!("{:<10} holdpoint{practice} approve '{id}'{choice} --confirm '{words}' --subject {subject}{reason}", "APPROVE"))?;
    }
    Ok(Code::Done)
}
