//! The foot of a card: the ways to choose from, what is said, what to type, and which keys mean
//! something.

use crate::domain::time::Time;
use crate::tui::paint::{fit, width, wrap};
use crate::tui::theme::{Role, Theme};

use super::form::Form;
use super::paper::Row;

/// Ways to choose from, each with a note; the chosen one is marked.
pub(super) fn ways<'a>(
    ways: impl Iterator<Item = (&'a str, &'a str)>,
    chosen: usize,
    wide: usize,
    theme: &Theme,
) -> Vec<Row> {
    let mut rows = Vec::new();
    for (n, (name, note)) in ways.enumerate() {
        let here = n == chosen;
        let mark = if here { theme.glyphs.pointer() } else { " " };
        let name = format!("{mark} {name}   ");
        let room = wide.saturating_sub(width(&name)).max(1);
        let mut notes = wrap(note, room, 0);
        if !here && notes.len() > 1 {
            // What another one does is read where it is chosen.
            notes = vec![fit(note, room)];
        }
        let style = theme.style(if here { Role::Strong } else { Role::Dim });
        let before = " ".repeat(width(&name));
        rows.push(vec![
            (name, style),
            (
                notes.first().cloned().unwrap_or_default(),
                theme.style(Role::Dim),
            ),
        ]);
        let more = notes.into_iter().skip(1);
        rows.extend(more.map(|row| vec![(before.clone(), style), (row, theme.style(Role::Dim))]));
    }
    rows
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
