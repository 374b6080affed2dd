//! Which rows of the screen show what: lines with their wraps, what is opened of them, and the
//! headers of phases.

use std::ops::Range;

use crate::tui::scene::Scene;
use crate::tui::theme::Role;

use super::ring::Section;
use super::text::wrap;
use super::{LogPane, phase, pretty, view};

/// One row of the screen: which part of a line it shows.
pub(super) struct Part {
    pub(super) row: usize,
    /// Bytes of the line's text, where nothing else stands there.
    pub(super) bytes: Range<usize>,
    pub(super) instead: Option<Instead>,
    pub(super) first: bool,
}

/// What stands in place of a line's text.
pub(super) enum Instead {
    /// A row of its JSON.
    Json(String),
    /// The header of its phase.
    Header(String, Role),
}

impl Instead {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Json(text) | Self::Header(text, _) => text,
        }
    }
}

/// The rows that are seen: so that the cursor is among them, and as few as possible above it are
/// lost.
pub(super) fn lay(pane: &mut LogPane, scene: &Scene<'_>, room: usize, height: usize) -> Vec<Part> {
    let wraps = if pane.wrap { Some(room.max(8)) } else { None };
    let parts_of = |pane: &LogPane, row: usize| -> Vec<Part> {
        let Some(line) = pane.ring.row(row) else {
            return Vec::new();
        };
        let header = phase::header(&line, &pane.ring, scene).filter(|_| pane.filter.is_none());
        // The header takes the place of the line that says no more than it.
        let is_said = line.begins || line.section.is_some_and(Section::is_folded);
        let is_alone = header.is_some() && is_said;
        let mut parts: Vec<Part> = header
            .map(|(text, role)| Part {
                row,
                bytes: 0..0,
                instead: Some(Instead::Header(text, role)),
                first: true,
            })
            .into_iter()
            .collect();
        if is_alone {
            return parts;
        }
        let begins = wraps.map_or_else(|| vec![0], |room| wrap(line.text, room, room));
        let ends = begins[1..].iter().copied().chain([line.text.len()]);
        parts.extend(begins.iter().zip(ends).map(|(from, to)| Part {
            row,
            bytes: *from..to,
            instead: None,
            first: *from == 0,
        }));
        if pane.opened.contains(&line.key) {
            let json = pretty(line.text).unwrap_or_default();
            parts.extend(json.into_iter().map(|text| Part {
                row,
                bytes: 0..0,
                instead: Some(Instead::Json(text)),
                first: false,
            }));
        }
        parts
    };
    let cursor = pane.cursor;
    let Some(mut top) = view::at_or_before(
        &pane.ring,
        &mut pane.filter,
        if pane.following {
            cursor
        } else {
            pane.top.min(cursor)
        },
    )
    .or_else(|| view::at_or_after(&pane.ring, &mut pane.filter, 0)) else {
        return Vec::new();
    };
    let away = std::mem::take(&mut pane.jumped) && (cursor < pane.top || cursor >= pane.bottom);
    if away && !pane.following {
        top = (0..height / 3).fold(cursor, |at, _| {
            view::before(&pane.ring, &mut pane.filter, at).unwrap_or(at)
        });
    }
    // Upwards from the cursor as far as the area reaches: the top may not lie above that, nor below
    // it when following.
    let mut used = parts_of(pane, cursor).len();
    let mut first = cursor;
    while used < height {
        let Some(above) = view::before(&pane.ring, &mut pane.filter, first) else {
            break;
        };
        let more = parts_of(pane, above).len();
        if used + more > height || (!pane.following && above < top) {
            break;
        }
        used += more;
        first = above;
    }
    if pane.following || top < first {
        top = first;
    }
    pane.top = top;
    let mut parts = Vec::new();
    let mut at = Some(top);
    while let Some(row) = at.filter(|_| parts.len() < height) {
        parts.extend(parts_of(pane, row));
        pane.bottom = row;
        at = view::after(&pane.ring, &mut pane.filter, row);
    }
    parts
}
