//! Drawing the log: only the lines that are seen are looked at, wrapped and coloured.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr;

use crate::domain::line::Severity;
use crate::domain::time::Time;
use crate::tui::paint::{end, fit, part};
use crate::tui::scene::Scene;
use crate::tui::theme::{Role, Theme};

use super::lay::{Instead, Part, lay};
use super::pen::Pen;
use super::ring::Row;
use super::text::name;
use super::{LogPane, PIECE, footer, phase, view};

pub(super) fn draw(
    pane: &mut LogPane,
    scene: &Scene<'_>,
    theme: &Theme,
    inside: Rect,
    buf: &mut Buffer,
) {
    if inside.width < 4 || inside.height == 0 {
        return;
    }
    let footer = u16::from(inside.height >= 3);
    let missing = if inside.height >= 5 {
        footer::unfollowed(scene)
    } else {
        None
    };
    let body = Rect {
        height: inside.height - footer - u16::from(missing.is_some()),
        ..inside
    };
    if let Some(says) = missing {
        let wide = usize::from(body.width.saturating_sub(1));
        let says = fit(&says, wide);
        buf.set_stringn(
            body.x + 1,
            body.bottom(),
            says,
            wide,
            theme.style(Role::Gap),
        );
    }
    pane.height = usize::from(body.height);
    if pane.following {
        pane.follow(true);
    }
    pane.cursor = pane.cursor.min(pane.ring.len().saturating_sub(1));
    pane.reveal();
    let before = columns(pane, scene, body.width);
    let parts = lay(
        pane,
        scene,
        usize::from(body.width).saturating_sub(before),
        usize::from(body.height),
    );
    let grows = |part: &Part| {
        let row = pane.ring.row(part.row);
        row.is_some_and(|row| phase::grows(&row, scene))
    };
    pane.grows = parts.iter().any(grows);
    let mut last: Option<Time> = None;
    let selection = pane
        .select
        .map(|from| from.min(pane.cursor)..=from.max(pane.cursor));
    for (y, part) in (body.top()..body.bottom()).zip(&parts) {
        let Some(line) = pane.ring.row(part.row) else {
            continue;
        };
        let previous = last.or_else(|| {
            view::before(&pane.ring, &mut pane.filter, part.row)
                .and_then(|at| pane.ring.row(at))
                .map(|row| row.at)
        });
        let here = part.row == pane.cursor;
        let back = if selection
            .as_ref()
            .is_some_and(|range| range.contains(&part.row))
        {
            Some(theme.style(Role::Selection))
        } else if here {
            Some(theme.style(if scene.focused {
                Role::Cursor
            } else {
                Role::CursorAway
            }))
        } else {
            None
        };
        let at = Rect {
            y,
            height: 1,
            ..body
        };
        draw_part(pane, scene, theme, &line, part, (previous, back), at, buf);
        last = Some(line.at);
    }
    if let Some(hits) = &mut pane.find {
        pane.searched = hits.search(&pane.ring, PIECE);
    } else {
        pane.searched = true;
    }
    if let Some(hits) = &mut pane.filter {
        pane.searched &= hits.search(&pane.ring, PIECE);
    }
    if let Some(hits) = pane
        .filter
        .as_ref()
        .filter(|_| parts.is_empty() && pane.searched && !pane.ring.is_empty())
    {
        let why = footer::wrong(pane).map_or_else(String::new, |why| format!(" ({why})"));
        let says = format!(
            "none of {} lines matches {}{why}; {} shows all",
            footer::grouped(pane.ring.len() as u64),
            hits.query.text,
            scene.keys.first("log-all")
        );
        let (style, wide) = (theme.style(Role::Warn), usize::from(body.width));
        buf.set_stringn(body.x + 1, body.y, &says, wide.saturating_sub(1), style);
    }
    if footer > 0 {
        let at = Rect {
            y: inside.bottom() - 1,
            height: 1,
            ..inside
        };
        footer::draw(pane, scene, theme, at, buf);
    }
}

/// What the frame says: whose lines they are, whether they are followed, and what is left out.
pub(super) fn title(pane: &LogPane, scene: &Scene<'_>) -> String {
    let state = match (pane.following, pane.arrived) {
        (true, _) => "follow".to_owned(),
        (false, 0) => "paused".to_owned(),
        (false, new) => format!("paused, {} new", footer::grouped(new as u64)),
    };
    let of = scene
        .lines_of()
        .map_or_else(|| "all that is followed".to_owned(), ToString::to_string);
    let filter = pane
        .filter
        .as_ref()
        .map_or_else(String::new, |hits| format!("  &{}", hits.query.text));
    format!("Events + logs  {of}  {state}{filter}")
}

/// Cells before the text: cursor, time, kind, source, and the stack where there are several.
fn columns(pane: &LogPane, scene: &Scene<'_>, width: u16) -> usize {
    let row = Row {
        at: scene.now,
        ..match pane.ring.row(pane.cursor) {
            Some(row) => row,
            None => return 1,
        }
    };
    1 + prefix(pane, scene, (&row, false), None, width)
        .iter()
        .map(|(text, _)| text.width())
        .sum::<usize>()
}

fn prefix(
    pane: &LogPane,
    scene: &Scene<'_>,
    (line, is_header): (&Row<'_>, bool),
    before: Option<Time>,
    width: u16,
) -> Vec<(String, Role)> {
    let (stack, source) = match width {
        0..=59 => (10, 8),
        60..=99 => (14, 12),
        _ => (18, 16),
    };
    let mut out = vec![(pane.times.text(line.at, before, scene.now), Role::Clock)];
    let one = scene.lines_of();
    if one.is_none_or(|of| scene.world.is_whole(of)) {
        let id = &line.source.stack;
        let name = one.map_or_else(|| id.to_string(), |whole| id.below(whole));
        let cells = id
            .part
            .as_ref()
            .map_or_else(|| end(&name, stack), |one| part(&name, one.as_str(), stack));
        out.push((format!("{cells} "), Role::Dim));
    }
    out.push((format!("{:3} ", line.source.kind.word()), Role::Source));
    let name = name(line.source, is_header);
    out.push((format!("{} ", end(name, source)), Role::Source));
    out
}

#[expect(clippy::too_many_arguments, reason = "plain values of one drawing")]
fn draw_part(
    pane: &LogPane,
    scene: &Scene<'_>,
    theme: &Theme,
    line: &Row<'_>,
    part: &Part,
    (before, back): (Option<Time>, Option<Style>),
    area: Rect,
    buf: &mut Buffer,
) {
    let over = |style: Style| back.map_or(style, |back| style.patch(back));
    if let Some(back) = back {
        buf.set_style(area, back);
    }
    let here = part.row == pane.cursor;
    let sign = match (part.first, pane.marks.contains(&part.row), here) {
        (false, ..) | (true, false, false) => " ",
        (true, true, _) => "*",
        (true, false, true) => ">",
    };
    buf.set_stringn(area.x, area.y, sign, 1, over(theme.style(Role::Strong)));
    let text_style = theme.style(match &part.instead {
        Some(Instead::Header(_, role)) => *role,
        Some(Instead::Json(_)) | None => role(line.severity),
    });
    let own = &line.text[part.bytes.clone()];
    let body = part.instead.as_ref().map_or(own, Instead::text);
    let found = pane
        .find
        .as_ref()
        .map(|hits| hits.query.places(line.text))
        .unwrap_or_default();
    let filtered = pane
        .filter
        .as_ref()
        .map(|hits| hits.query.places(line.text))
        .unwrap_or_default();
    let style_at = |at: usize| {
        let inside = |ranges: &[Range<usize>]| {
            part.instead.is_none()
                && ranges
                    .iter()
                    .any(|range| range.contains(&(part.bytes.start + at)))
        };
        if inside(&found) {
            theme.style(if here {
                Role::MatchCurrent
            } else {
                Role::Match
            })
        } else if inside(&filtered) {
            over(text_style).add_modifier(Modifier::UNDERLINED)
        } else {
            over(text_style)
        }
    };
    let is_header = matches!(part.instead, Some(Instead::Header(..)));
    let prefix = prefix(pane, scene, (line, is_header), before, area.width);
    let mut pen = Pen {
        x: area.x + 1,
        right: area.right(),
        skip: if pane.locked { 0 } else { pane.aside },
    };
    for (text, role) in &prefix {
        let style = over(theme.style(*role));
        let blank = " ".repeat(text.width());
        pen.put(
            if part.first { text } else { &blank },
            |_| style,
            area.y,
            buf,
        );
    }
    if pane.locked && !pane.wrap {
        pen.skip = pane.aside;
    }
    if part.instead.is_some() {
        pen.skip = 0;
    }
    if pen.put(body, style_at, area.y, buf) {
        buf.set_stringn(
            area.right() - 1,
            area.y,
            ">",
            1,
            over(theme.style(Role::Hint)),
        );
    }
}

fn role(severity: Severity) -> Role {
    match severity {
        Severity::Debug => Role::Debug,
        Severity::Info => Role::Info,
        Severity::Warn => Role::Warn,
        Severity::Error => Role::Error,
        Severity::Gap => Role::Gap,
    }
}
