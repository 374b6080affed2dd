//! Lines of cards: their order, and those that many cards have.

use crate::domain::label::{CardLine, Label};
use crate::domain::place::{Place, Places, Spot};
use crate::domain::plan::{ChangeRow, Does, Fate};

/// "1 replace  2 modify  1 add  0 delete", what a stack takes that is there, and what leaves it and stays.
pub(super) fn count_rows(rows: &[ChangeRow]) -> String {
    let count = |test: &dyn Fn(&ChangeRow) -> bool| rows.iter().filter(|row| test(row)).count();
    let left = match count(&ChangeRow::is_left) {
        0 => String::new(),
        left => format!("  {left} left behind"),
    };
    let unclear = match count(&|row| row.does == Does::Unclear) {
        0 => String::new(),
        unclear => format!("  {unclear} unclear before it is done"),
    };
    let imported = match count(&|row| row.does == Does::Import) {
        0 => String::new(),
        imported => format!("  {imported} import"),
    };
    format!(
        "{} replace  {} modify  {} add  {} delete{imported}{left}{unclear}",
        count(&|row| matches!(row.does, Does::Replace | Does::MayReplace)),
        count(&|row| row.does == Does::Change),
        count(&|row| row.does == Does::Add),
        count(&|row| row.does == Does::Remove && !row.is_left()),
    )
}

/// The lines of a card that name what goes, what stays though its stack has it no more, and what is
/// replaced or may be.
pub(super) fn lost<'a>(
    rows: impl IntoIterator<Item = &'a ChangeRow>,
) -> impl Iterator<Item = (Label, String)> {
    let (mut goes, mut stays, mut replaced) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        let name = &row.logical;
        match (row.does, row.fate) {
            (Does::Remove, Fate::Goes) => goes.push(name.clone()),
            (Does::Remove, Fate::Saved) => goes.push(format!("{name} (a snapshot stays)")),
            (Does::Remove, Fate::Stays) => {
                stays.push(format!(
                    "{name} (outside the stack: its template retains it)"
                ));
            }
            (Does::Replace, Fate::Goes) => replaced.push(name.clone()),
            (Does::MayReplace, Fate::Goes) => replaced.push(format!("{name} (perhaps)")),
            (Does::Replace | Does::MayReplace, fate) => {
                let perhaps = if row.does == Does::MayReplace {
                    "perhaps; "
                } else {
                    ""
                };
                let stays = if fate == Fate::Saved {
                    "a snapshot of the old one stays"
                } else {
                    "the old one stays"
                };
                replaced.push(format!("{name} ({perhaps}{stays})"));
            }
            (Does::Add | Does::Import | Does::Change | Does::Unclear, _) => {}
        }
    }
    [
        (Label::Goes, goes),
        (Label::Stays, stays),
        (Label::Replaces, replaced),
    ]
    .into_iter()
    .map(|(label, names)| (label, names.join(", ")))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_counted_apart_from_what_is_made() {
        let row = |does| ChangeRow::new("Bucket", "AWS::S3::Bucket", does);
        let rows = [row(Does::Add), row(Does::Import), row(Does::Import)];
        let told = count_rows(&rows);
        assert_eq!(told, "0 replace  0 modify  1 add  0 delete  2 import");
    }

    #[test]
    fn what_stays_is_counted_and_named_apart_from_what_goes() {
        let row = |logical: &str, does, fate| ChangeRow {
            fate,
            ..ChangeRow::new(logical, "", does)
        };
        let rows = [
            row("Orders", Does::Remove, Fate::Stays),
            row("Db", Does::Remove, Fate::Saved),
            row("Queue", Does::Remove, Fate::Goes),
            row("Topic", Does::Replace, Fate::Stays),
        ];
        assert_eq!(
            count_rows(&rows),
            "1 replace  0 modify  0 add  2 delete  1 left behind"
        );
        assert_eq!(
            count_rows(&rows[2..]),
            "1 replace  0 modify  0 add  1 delete"
        );
        let told: Vec<(Label, String)> = lost(&rows).collect();
        assert_eq!(
            told,
            [
                (Label::Goes, "Db (a snapshot stays), Queue".to_owned()),
                (
                    Label::Stays,
                    "Orders (outside the stack: its template retains it)".to_owned()
                ),
                (Label::Replaces, "Topic (the old one stays)".to_owned()),
            ]
        );
    }
}
