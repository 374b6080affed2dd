//! Lines of cards: their order, and those that many cards have.

use crate::domain::label::{CardLine, Label};
use crate::domain::place::{Place, Places, Spot};
use crate::domain::plan::{ChangeRow, Does};

/// "1 replace  2 modify  1 add  0 delete".
pub(super) fn count_rows(rows: &[ChangeRow]) -> String {
    let count = |test: &dyn Fn(&ChangeRow) -> bool| rows.iter().filter(|row| test(row)).count();
    format!(
        "{} replace  {} modify  {} add  {} delete",
        count(&|row| matches!(row.does, Does::Replace | Does::MayReplace)),
        count(&|row| row.does == Does::Change),
        count(&|row| matches!(row.does, Does::Add | Does::Import)),
        count(&|row| row.does == Does::Remove),
    )
}

/// What goes for good, and what is replaced or may be: names.
pub(super) fn lost<'a>(rows: impl IntoIterator<Item = &'a ChangeRow>) -> (String, String) {
    let (gone, replaced): (Vec<&ChangeRow>, Vec<&ChangeRow>) = rows
        .into_iter()
        .filter(|row| row.destroys())
        .partition(|row| row.does == Does::Remove);
    let names = |rows: Vec<&ChangeRow>| {
        let names: Vec<&str> = rows.iter().map(|row| row.logical.as_str()).collect();
        names.join(", ")
    };
    (names(gone), names(replaced))
}

pub(super) fn runs_on(lines: &mut Vec<CardLine>, places: &Places) {
    for place in places {
        line(lines, Label::RunsOn, place.words());
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "most callers format a text for it"
)]
pub(super) fn line(lines: &mut Vec<CardLine>, label: Label, text: String) {
    if !text.trim().is_empty() {
        lines.push(CardLine {
            label,
            text: crate::text::safe::Safe::new(&text).as_str().to_owned(),
        });
    }
}

/// Cards always have their lines in the same order.
pub(super) fn order(lines: &mut [CardLine]) {
    lines.sort_by_key(|line| line.label);
}

/// Which place a card is about.
pub(super) fn spot(places: &Places) -> Spot {
    places.home().map(Place::spot).unwrap_or_default()
}
