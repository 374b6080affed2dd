//! A stack in full: its state, what was seen of it, its last deployment with all steps, its queue.

use std::fmt::Write as _;

use crate::domain::deployment::Deployment;
use crate::domain::flag::chosen;
use crate::domain::hold::Decision;
use crate::domain::ids::{DeploymentId, StackId};
use crate::domain::lifecycle::{PhaseClass, PhaseDef};
use crate::domain::person::Person;
use crate::domain::request::Made;
use crate::domain::row::Row;
use crate::domain::time::{Time, short};
use crate::tui::console::Console;
use crate::tui::layers::page::Text;
use crate::tui::layers::paper;
use crate::tui::pane::Target;
use crate::tui::scene::Scene;
use crate::tui::states;
use crate::tui::theme::{Role, Theme};
use crate::world::World;
use crate::world::audit::ending;
use crate::world::rows::State;

use super::of;

mod parts;
mod work;

/// What is said of a deployment that the console has let go.
const GONE: &str = "that deployment is not loaded any more";

impl Console {
    pub(in crate::tui::console) fn page_details(&mut self, now: Time) {
        if let Some(stack) = self.page_stack(now) {
            self.page_of(stack.to_string(), stack, lines);
        }
    }

    /// One deployment, also one that is over.
    pub(in crate::tui::console) fn page_deployment(&mut self, id: DeploymentId) {
        let Some(d) = self.shown.world.deployment(id).map(std::sync::Arc::clone) else {
            return self.say(GONE, Role::Hint);
        };
        let stack = d.stack().cloned();
        let name = stack.as_ref().map(ToString::to_string).unwrap_or_default();
        let target = stack.map(|stack| Target::Deployment(stack, id, d.no()));
        let title = format!("{} of {name}", d.no());
        self.page(title, target, move |scene, _| in_full(id, scene));
    }
}

fn lines(stack: &StackId, scene: &Scene<'_>, theme: &Theme) -> Vec<Text> {
    let (world, now) = (scene.world, scene.now);
    let row = world.row(stack, now);
    let fold = world.folds.stack(stack);
    let mut lines = vec![
        Text::new(
            "state",
            format!("{} {}", states::glyph(row.state, theme), row.state.word()),
        )
        .role(states::role(row.state)),
        Text::new(
            "record",
            fold.lifecycle().map_or_else(String::new, |table| {
                let phase = table.phase(&fold.phase).map(PhaseDef::called);
                let phase = phase.unwrap_or_else(|| fold.phase.clone());
                let words = format!("{phase} in the {} lifecycle", table.name);
                // The record tells of deployments from here alone.
                let outside = row.state == State::Brok && fold.class() != PhaseClass::Broken;
                if outside {
                    format!("{words}: no deployment from here broke it, what is seen did")
                } else {
                    words
                }
            }),
        )
        .role(Role::Dim),
        Text::new("release", row.release()),
    ];
    let serves = fold.release.as_ref().and_then(|one| one.source.as_ref());
    if let Some(source) = serves.filter(|made| **made != Made::Files) {
        lines.push(Text::new("in service", source.to_string()));
    }
    if let Some((running, desired)) = row.serve {
        let age = row.serves.age(now);
        let age = age.map_or_else(String::new, |age| format!("  {age}"));
        let text = format!("{running} of {desired}{}{age}", row.serves.flow());
        lines.push(Text::new("serves", text));
    }
    for one in &row.serves.services {
        let is_well = !one.is_down() && one.trouble.is_none();
        let role = if is_well { Role::Dim } else { Role::Fail };
        lines.push(Text::new(format!("  {}", one.name), one.says()).role(role));
    }
    if let Some(at) = row.since {
        lines.push(Text::new(
            "since",
            format!("{at} ({} ago)", short(now.since(at))),
        ));
    }
    if let Some(why) = row.why.as_ref().filter(|_| row.state != State::Froz) {
        let role = match row.state {
            State::Ok => Role::Warn,
            _ => Role::Fail,
        };
        lines.push(Text::new("why", why.clone()).role(role));
    }
    if let Some(freeze) = world.frozen(stack, now) {
        let whole = if fold.frozen(now).is_none() {
            "the whole environment "
        } else {
            ""
        };
        let says = format!("{whole}{}", freeze.says());
        lines.push(Text::new("frozen", says).role(Role::Frozen));
    }
    if let Some(since) = fold.app_gone {
        let says = format!(
            "gone since {}; a teardown takes what stands for it",
            since.text("%-d %b %H:%MZ")
        );
        lines.push(Text::new("app", says).role(Role::Frozen));
    }
    if let Some(thing) = world.thing(stack) {
        let sight = thing.sight;
        let seen = format!(
            "{}  seen {} ago  {}",
            sight.words,
            short(now.since(thing.taken_at)),
            sight.reason
        );
        lines.push(Text::new(sight.called.to_string(), seen));
        lines.extend(rows(&sight.rows));
        lines.extend(parts::of(sight, now));
    }
    for one in world.beside(stack) {
        lines.push(Text::new(one.called().to_owned(), one.says(now)));
        lines.extend(
            one.seen
                .into_iter()
                .flat_map(|(sight, _)| rows(&sight.rows)),
        );
    }
    let found = world.found(stack);
    let by = [
        ("by the file", world.filed(stack)),
        ("as found", found.iter().map(|one| one.told(now)).collect()),
    ];
    for (by, facts) in by.iter().filter(|(_, facts)| !facts.is_empty()) {
        lines.push(Text::new(*by, "").role(Role::Dim));
        lines.extend(rows(facts));
    }
    if let Some(d) = world.latest(stack) {
        lines.push(Text::new("", ""));
        lines.extend(deployment(world, d, now));
    }
    for (n, queued) in fold.queue.iter().enumerate() {
        lines.push(Text::new(
            format!("queue {}", n + 1),
            format!(
                "{}  {}",
                queued.no,
                world.waits(&fold, n, queued, now).says(now)
            ),
        ));
    }
    lines
}

/// Facts, each below what they are of.
fn rows(rows: &[Row]) -> Vec<Text> {
    rows.iter()
        .map(|row| Text::new(format!("  {}", row.name), row.is.as_str()))
        .collect()
}

/// One deployment with its failure, its plan and its holds.
fn in_full(id: DeploymentId, scene: &Scene<'_>) -> Vec<Text> {
    let (world, now) = (scene.world, scene.now);
    let Some(d) = world.deployment(id) else {
        return vec![Text::new("", GONE)];
    };
    let mut lines = deployment(world, d, now);
    if let Some(failure) = d.first_failure() {
        lines.push(Text::new("failed", failure.summary.clone()).role(Role::Fail));
        for line in failure.detail.lines() {
            lines.push(Text::new("", line.to_owned()).role(Role::Dim));
        }
        lines.push(Text::new("hint", failure.hint.clone()));
    }
    if let Some(plan) = &d.plan {
        lines.push(Text::new("plan", plan.says.join(" ")));
    }
    for row in d.rows().unwrap_or_default() {
        let (does, role) = paper::does(&row);
        let text = format!("{does} {}", row.kind);
        lines.push(Text::new(format!("  {}", row.logical), text).role(role));
    }
    for hold in &d.holds {
        let decided = hold
            .decision
            .as_ref()
            .map_or_else(|| "open".to_owned(), Decision::says);
        lines.push(Text::new(format!("hold {}", hold.id), decided));
    }
    lines
}

fn deployment(world: &World, d: &Deployment, now: Time) -> Vec<Text> {
    let folds = &world.folds;
    let Some(request) = &d.request else {
        return Vec::new();
    };
    let mut lines = vec![
        Text::new(
            "deployment",
            format!(
                "{} {}  {}",
                d.no(),
                d.phase,
                d.end.as_ref().map_or_else(String::new, ending)
            ),
        )
        .role(Role::Strong),
        Text::new(
            "asked",
            format!(
                "{} by {} from {} {}",
                d.created_at,
                request.cause.by,
                request.cause.via,
                of(&request.cause)
            ),
        ),
    ];
    if matches!(request.cause.by, Person::Outside { .. }) {
        lines.push(Text::new("asked as", request.cause.by.known()));
    }
    if !request.cause.reason.is_empty() {
        lines.push(Text::new("because", request.cause.reason.clone()));
    }
    let release = d.release();
    let what = if release.is_some() { "release" } else { "for" };
    lines.push(Text::new(what, d.brings()));
    if let Some(source) = release
        .and_then(|release| release.source.as_ref())
        .filter(|made| **made != Made::Files)
    {
        lines.push(Text::new("from", source.to_string()));
    }
    if let Some(written) = d.written() {
        lines.push(Text::new("commit", written.to_string()));
    }
    if let Some(reply) = &request.cause.reply {
        lines.push(Text::new("owes", reply.to_string()));
    }
    let flags = chosen(&request.flags);
    if !flags.is_empty() {
        lines.push(Text::new("with", flags.join(", ")));
    }
    if let Some(parent) = &request.parent {
        let no = folds
            .deployments
            .get(&parent.deployment)
            .map_or_else(|| parent.deployment.to_string(), |of| of.no().to_string());
        lines.push(Text::new("child of", format!("{no}, step {}", parent.step)));
    }
    for child in folds.children(d.id) {
        let stack = child.stack().map(ToString::to_string).unwrap_or_default();
        lines.push(Text::new(
            "child",
            format!(
                "{} {stack} {}  {}",
                child.no(),
                child.phase,
                child.end.as_ref().map_or_else(String::new, ending)
            ),
        ));
    }
    lines.extend(work::tasks(world, d, now));
    for (step, run) in d.runs() {
        let took = run.started_at.map_or_else(String::new, |at| {
            short(run.ended_at.unwrap_or(now).since(at))
        });
        let stands = world.step_stands(d, step, run, now);
        let state = stands.state.word();
        let mut text = format!("{state:<9} {took:>6}  {}", run.does(step));
        if let Some(says) = &stands.says {
            let _ = write!(text, "  {says}");
        }
        if let Some(failure) = &run.failure {
            let _ = write!(text, "  {}", failure.summary);
        }
        if let Some(reason) = &run.reason {
            let _ = write!(text, "  ({reason})");
        }
        lines.push(Text::new(format!("  {}", step.id), text).role(states::step_role(stands.state)));
        lines.extend(work::phases(world, d, step, run, now));
    }
    lines
}
