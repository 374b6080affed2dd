//! What the card of a hold says.

use crate::domain::deployment::Deployment;
use crate::domain::folds::Folds;
use crate::domain::hold::HoldKind;
use crate::domain::label::{CardLine, Label};
use crate::domain::place::Place;
use crate::domain::plan::{ChangeRow, Step};
use crate::domain::time::Time;

use super::super::lines::{count_rows, lost};
use super::super::outage;
use super::subject::place_was_seen;

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
    if kind == Some(HoldKind::Downtime) {
        line(
            Label::Downtime,
            outage::says(outage::likely(folds, &request.stack).as_ref()),
        );
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
                "the record of {} is another than when this was asked for",
                request.stack.env
            ),
        );
    }
    if nth > 1 {
        line(
            Label::Changed,
            "it was approved before, for something else: what it covers has changed since"
                .to_owned(),
        );
    }
    if restores {
        line(
            Label::Because,
            d.first_failure()
                .map(|failure| failure.summary.clone())
                .unwrap_or_default(),
        );
    } else {
        line(
            Label::Says,
            d.plan
                .as_ref()
                .map(|plan| plan.says.join(" "))
                .unwrap_or_default(),
        );
    }
    if let Some(rule) = &step.hold {
        let choices: Vec<String> = rule
            .choices
            .iter()
            .map(|choice| format!("{}: {}", choice.name, choice.does))
            .collect();
        line(Label::Choices, choices.join("  |  "));
    }
    line(
        Label::IfYes,
        if restores {
            "what is chosen is done at once".to_owned()
        } else {
            format!("{} starts at once", step.title)
        },
    );
    if step.finaliser.is_none() {
        line(Label::IfNo, "the deployment ends TERMINATED".to_owned());
    }
    line(
        Label::IfNobody,
        expires_at.map_or_else(
            || "it waits for ever".to_owned(),
            |at| format!("rejected at {}", at.text("%Y-%m-%d %H:%MZ")),
        ),
    );
    lines
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
