//! A card as text: what would happen, in the fixed order of its labels.

use crate::domain::card::Card;
use crate::domain::hold::Hold;
use crate::domain::label::{CardLine, Label};
use crate::domain::plan::{ChangeRow, grouped};
use crate::world::holds::HoldView;

/// The card of an intent.
pub(super) fn card(card: &Card) -> Vec<String> {
    let spot = match card.spot.to_string() {
        nowhere if nowhere.is_empty() => nowhere,
        somewhere => format!("  {somewhere}"),
    };
    let stack = card
        .stack
        .as_ref()
        .map_or_else(|| card.env.to_string(), ToString::to_string);
    let mut text = vec![format!(
        "{} {stack}  {}{spot}",
        card.verb.word().to_uppercase(),
        card.class.word()
    )];
    text.extend(lines(&card.lines));
    text.extend(rows(card.rows.as_deref()));
    text.push(format!("{:<10} {}: {}", "LEVEL", card.level, card.why));
    text.push(format!("{:<10} {}", "SUBJECT", card.subject));
    text
}

/// The card of a hold.
pub(super) fn hold(view: &HoldView<'_>) -> Vec<String> {
    let mut text = vec![format!(
        "HOLD {} {} of {}",
        view.hold.id,
        view.hold.kind.word(),
        view.stack
    )];
    text.extend(lines(&view.hold.lines));
    text.extend(rows(view.rows().as_deref()));
    let told = view
        .hold
        .lines
        .iter()
        .any(|line| line.label == Label::Choices);
    text.extend(
        view.hold
            .choices
            .iter()
            .filter(|_| !told)
            .map(|choice| format!("{:<10} --choice {}: {}", "CHOICE", choice.name, choice.does)),
    );
    let expires = view.left.map_or_else(
        || "never".to_owned(),
        |left| format!("in {}", crate::domain::time::short(left)),
    );
    text.push(format!("{:<10} {expires}", "EXPIRES"));
    text.push(format!("{:<10} {}", "LEVEL", view.hold.level));
    text.push(format!("{:<10} {}", "SUBJECT", view.hold.subject));
    text
}

/// Whether a choice is missing, or is none of the hold's.
pub(super) fn wrong_choice(hold: &Hold, choice: Option<&str>) -> Option<String> {
    let names: Vec<&str> = hold
        .choices
        .iter()
        .map(|choice| choice.name.as_str())
        .collect();
    match choice {
        None if names.is_empty() => None,
        None => Some(format!(
            "{} offers several ways: add --choice {}",
            hold.id,
            names.join(" or --choice ")
        )),
        Some(name) if names.contains(&name) => None,
        Some(name) if names.is_empty() => {
            Some(format!("{} offers no choice, so not {name:?}", hold.id))
        }
        Some(name) => Some(format!(
            "{name:?} is not a way of {}: {}",
            hold.id,
            names.join(", ")
        )),
    }
}

fn lines(lines: &[CardLine]) -> impl Iterator<Item = String> {
    lines
        .iter()
        .map(|line| format!("{:<10} {}", line.label, line.text))
}

fn rows(rows: Option<&[ChangeRow]>) -> Vec<String> {
    let Some(rows) = rows else { return Vec::new() };
    let mut all = Vec::new();
    for (heading, rows) in grouped(rows) {
        if !heading.is_empty() {
            all.push(format!("  {heading}"));
        }
        let indent = if heading.is_empty() { "" } else { "  " };
        for row in rows {
            let what = if row.properties.is_empty() {
                row.scope.join(", ")
            } else {
                row.untold().join(", ")
            };
            let word = row.word();
            let line = format!("{indent}  {word:<8} {} ({}) {what}", row.logical, row.kind);
            all.push(line.trim_end().to_owned());
            let values = row.shown.iter();
            all.extend(values.map(|value| format!("{indent}             {value}")));
        }
    }
    all
}
