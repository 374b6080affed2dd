//! What the card of a hold says.

use serde_json::Value;

use crate::domain::deployment::{Deployment, Stopping};
use crate::domain::folds::Folds;
use crate::domain::hold::HoldKind;
use crate::domain::label::{CardLine, Label};
use crate::domain::look::Sights;
use crate::domain::place::Place;
use crate::domain::plan::{ChangeRow, Step};
use crate::domain::time::Time;

use super::super::lines::{count_rows, lost};
use super::super::outage;
use super::subject::place_was_seen;
use super::{change_failed, open_choices};

/// What the card of a hold says. A line without a source of data is left out.
pub(super) fn lines(
    folds: &Folds,
    d: &Deployment,
    step: &Step,
    expires_at: Option<Time>,
    nth: u32,
) -> Vec<CardLine> {
    let mut lines = Vec::new();
    let mut line = |label, text: String| {
        if !text.is_empty() {
            lines.push(CardLine { label, text });
        }
    };
    let Some(request) = &d.request else {
        return lines;
    };
    line(
        Label::Step,
        format!(
            "{}   DEPLOYMENT {}   STACK {}   ENV {}",
            step.title, request.no, request.stack, request.stack.env
        ),
    );
    line(Label::Does, does(step));
    let kind = step.hold.as_ref().map(|rule| rule.kind);
    let stops = d.plan.as_ref().filter(|_| {
        kind == Some(HoldKind::Downtime) || (kind == Some(HoldKind::DestroyData) && step.scales())
    });
    if let Some(plan) = stops {
        line(
            Label::Downtime,
            outage::of_plan(folds, &request.stack, plan),
        );
    }
    if kind == Some(HoldKind::RestoreService) {
        line(
            Label::Downtime,
            d.down_since().map_or_else(String::new, |at| {
                format!(
                    "nothing has served since {}, until you choose",
                    at.text("%H:%M:%SZ")
                )
            }),
        );
        line(Label::With, releases(folds, d));
    }
    // A service that is brought back is not changed as the failed plan said.
    let restores = kind == Some(HoldKind::RestoreService);
    let rows: Vec<ChangeRow> = d
        .changes()
        .into_iter()
        .filter(|_| !restores)
        .flat_map(|changes| changes.rows)
        .collect();
    for (label, names) in lost(&rows) {
        line(label, names);
    }
    if !rows.is_empty() {
        line(Label::Changes, count_rows(&rows));
    }
    line(
        Label::Plan,
        d.plan_digest
            .map(|digest| digest.short())
            .unwrap_or_default(),
    );
    line(
        Label::Undo,
        kind.map(|kind| outage::undo(folds, d, step, kind))
            .unwrap_or_default(),
    );
    line(
        Label::RunsOn,
        request
            .places
            .at(step.acts_at())
            .map(Place::words)
            .unwrap_or_default(),
    );
    line(
        Label::AskedBy,
        format!("{} at {}", request.cause.by, d.created_at.clock()),
    );
    if !place_was_seen(folds, d) {
        line(
            Label::Changed,
            format!(
                "the record of {} is not what it was when this was asked for",
                request.stack.env
            ),
        );
    }
    if let Some(void) = d.voided.last().filter(|_| !restores) {
        line(Label::Changed, became(&void.failure.summary, &d.new_rows()));
    } else if nth > 1 {
        line(
            Label::Changed,
            "it was approved before, for something else: what it covers has changed since"
                .to_owned(),
        );
    }
    if restores {
        line(Label::Because, why(d));
    } else {
        let (way, others) = way(d, step);
        line(Label::Because, way);
        line(Label::Ways, others);
        line(
            Label::Says,
            d.plan
                .as_ref()
                .map(|plan| plan.says.join(" "))
                .unwrap_or_default(),
        );
    }
    if step.hold.is_some() {
        let choices: Vec<String> = open_choices(d, step)
            .iter()
            .map(|choice| format!("{}: {}", choice.name, choice.does))
            .collect();
        line(Label::Choices, choices.join("  |  "));
    }
    line(
        Label::IfYes,
        match kind {
            Some(HoldKind::RestoreService) => "what is chosen is done at once".to_owned(),
            Some(HoldKind::Manual) => "it is kept as done, and what waits for it starts".to_owned(),
            _ => format!("{} starts at once", step.title),
        },
    );
    line(
        Label::IfNo,
        if step.finaliser.is_none() {
            "the deployment ends TERMINATED"
        } else {
            "nothing is brought back: it stays as it is now until somebody deploys or unblocks it"
        }
        .to_owned(),
    );
    line(
        Label::IfNobody,
        expires_at.map_or_else(
            || "it waits for ever".to_owned(),
            |at| format!("rejected at {}", at.text("%Y-%m-%d %H:%MZ")),
        ),
    );
    lines
}

/// Which way was chosen for what a step is part of and why, and which others there were.
fn way(d: &Deployment, step: &Step) -> (String, String) {
    let outputs = d.outputs();
    let join = step
        .only_if
        .as_ref()
        .and_then(|(join, _)| outputs.get(join));
    let Some(public) = join.map(|output| &output.public) else {
        return (String::new(), String::new());
    };
    let text = |pointer: &str| public.pointer(pointer).and_then(Value::as_str);
    let way = match (text("/branch"), text("/why")) {
        (Some(way), Some(why)) => format!("the way is {way}: {why}"),
        _ => String::new(),
    };
    let evaluated = text("/evaluated/branch").zip(text("/evaluated/why"));
    let evaluated = evaluated.map(|(way, why)| format!("; its evaluation chooses {way} ({why})"));
    let others = text("/others").map(|others| format!("not taken: {others}"));
    (
        way + &evaluated.unwrap_or_default(),
        others.unwrap_or_default(),
    )
}

/// What became different since a plan was made that is void now.
fn became(why: &str, new: &[ChangeRow]) -> String {
    let rows: Vec<String> = new
        .iter()
        .map(|row| {
            let mut row_says = format!("{} {}", row.word(), row.logical);
            if !row.properties.is_empty() {
                row_says = format!("{row_says} ({})", row.properties.join(", "));
            }
            row_says
        })
        .collect();
    let new = if rows.is_empty() {
        String::new()
    } else {
        format!("; new in the plan: {}", rows.join(", "))
    };
    format!("{why}; nothing was touched, and what was approved or confirmed before is void{new}")
}

/// Which releases there are to choose between, by their names.
fn releases(folds: &Folds, d: &Deployment) -> String {
    let Some(request) = &d.request else {
        return String::new();
    };
    let old = folds.stack(&request.stack).release.clone();
    let found = d.found.as_ref().and_then(Sights::main);
    let elsewhere =
        found.and_then(|seen| folds.stack(&request.stack).changed_elsewhere(folds, seen));
    let elsewhere = elsewhere.map_or_else(String::new, |at| {
        format!(
            " (changed elsewhere at {} since; that does not come back)",
            at.text("%Y-%m-%d %H:%M:%SZ")
        )
    });
    let old = old.map_or_else(
        || "what served before has no name here".to_owned(),
        |old| format!("served before: {old}{elsewhere}"),
    );
    let new = &request.spec.release;
    if change_failed(d) {
        format!("{old}; {new} failed and can be retried once the service is back")
    } else {
        format!("{old}; this deployment brings {new}")
    }
}

/// Why it came to a bad end: what failed, else who stopped it and why.
fn why(d: &Deployment) -> String {
    let failed = d.first_failure().map(|failure| failure.summary.clone());
    failed
        .or_else(|| match &d.stopping {
            Some(Stopping::Cancelling { reason, .. }) => Some(reason.clone()),
            Some(Stopping::Failing) | None => None,
        })
        .unwrap_or_default()
}

fn does(step: &Step) -> String {
    if step.counts.is_empty() {
        return step.title.clone();
    }
    let counts: Vec<String> = step
        .counts
        .0
        .iter()
        .map(|(name, count)| format!("{name} to {count}"))
        .collect();
    format!("{} ({})", step.title, counts.join(", "))
}
