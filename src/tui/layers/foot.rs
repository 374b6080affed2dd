//! The foot of a card: the ways to choose from, what is said, what to type, and which keys mean
//! something.

use crate::domain::time::Time;
use crate::tui::paint::wrap;
use crate::tui::theme::{Role, Theme};

use super::form::Form;
use super::paper::Row;

/// Ways to choose from, each with a note; the chosen one is marked.
pub(super) fn ways<'a>(
    ways: impl Iterator<Item = (&'a str, &'a str)>,
    chosen: usize,
    theme: &Theme,
) -> Vec<Row> {
    ways.enumerate()
        .map(|(n, (name, note))| {
            let here = n == chosen;
            let mark = if here { theme.glyphs.pointer() } else { " " };
            let mut row = vec![(
                format!("{mark} {name}"),
                theme.style(if here { Role::Strong } else { Role::Dim }),
            )];
            if !note.is_empty() {
                row.push((format!("   {note}"), theme.style(Role::Dim)));
            }
            row
        })
        .collect()
}

/// What the form says, where it says anything, in as many rows as that needs.
pub(super) fn said(form: &Form, wide: usize, theme: &Theme) -> Vec<Row> {
    if form.said.is_empty() {
        return Vec::new();
    }
    let rows = wrap(&form.said, wide, 0).into_iter();
    rows.map(|row| vec![(row, theme.style(Role::Warn))])
        .collect()
}

/// That it was asked.
pub(super) fn asked(theme: &Theme) -> Row {
    let says = "asked; waiting for the engine's answer".to_owned();
    vec![(says, theme.style(Role::Run))]
}

/// What was typed to do it; on a card that has `changed` first that it is to be read.
pub(super) fn typed(form: &Form, changed: bool, now: Time) -> String {
    if changed && form.deaf(now).is_some() {
        "(changed: read it first)".to_owned()
    } else {
        form.shown(0)
    }
}

/// Why it is done, where that is asked.
pub(super) fn why(form: &Form, theme: &Theme) -> Option<Row> {
    form.asks(1).then(|| {
        vec![
            ("and why:  ".to_owned(), theme.style(Role::Hint)),
            (form.shown(1), theme.style(Role::Field)),
        ]
    })
}

/// The keys and what each does.
pub(super) fn keys<'a>(keys: impl IntoIterator<Item = (&'a str, &'a str)>, theme: &Theme) -> Row {
    keys.into_iter()
        .flat_map(|(key, does)| {
            [
                (key.to_owned(), theme.style(Role::Key)),
                (format!(" {does}   "), theme.style(Role::Hint)),
            ]
        })
        .collect()
}
