//! A machine as a list, for areas too small for its picture: how it got here, where it stands,
//! where it can go; and, as far as there is room, every phase with its ways out.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr;

use crate::domain::lifecycle::PhaseClass;
use crate::domain::time::short;
use crate::tui::theme::{Role, Theme};

use super::Course;

pub(super) fn draw(course: &Course<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if area.width == 0 || area.height == 0 {
        return;
    }
    let width = usize::from(area.width);
    let mut rows: Vec<(String, Style)> = Vec::new();
    let phases = course.lifecycle.phases.len();
    let heads = usize::from(area.height > 1);
    if heads > 0 {
        rows.push((path(course, theme, width), theme.style(Role::EdgeTravelled)));
    }
    if usize::from(area.height) >= phases + heads {
        rows.extend(course.lifecycle.phases.iter().map(|phase| {
            (
                ways(course, theme, phase.name),
                style(course, theme, phase.name),
            )
        }));
    } else {
        let shown = course
            .selected
            .filter(|selected| *selected != course.current);
        for name in [Some(course.current), shown].into_iter().flatten() {
            let text = ways(course, theme, name);
            let mut lines = broken(&text, width).into_iter();
            rows.extend(lines.next().map(|line| (line, style(course, theme, name))));
            rows.extend(lines.map(|line| (line, theme.style(Role::Text))));
        }
    }
    for (y, (text, style)) in (area.top()..area.bottom()).zip(rows) {
        buf.set_stringn(area.x, y, &text, width, style);
        if text.width() > width {
            buf.set_stringn(area.right() - 1, y, ">", 1, theme.style(Role::Hint));
        }
    }
}

fn style(course: &Course<'_>, theme: &Theme, phase: &str) -> Style {
    let class = course
        .lifecycle
        .phase(phase)
        .map_or(PhaseClass::Rest, |phase| phase.class);
    let style = if phase != course.current {
        theme.style(Role::Node)
    } else if class == PhaseClass::Broken {
        theme.style(Role::Fail).add_modifier(Modifier::REVERSED)
    } else {
        theme.style(Role::NodeCurrent)
    };
    if course.selected == Some(phase) {
        style.patch(theme.style(Role::NodeSelected))
    } else {
        style
    }
}

/// The edges it took, newest last; the oldest go first where there is no room.
fn path(course: &Course<'_>, theme: &Theme, width: usize) -> String {
    let arrow = theme.glyphs.pick("►", ">");
    let mut steps: Vec<String> = Vec::new();
    for edge in course.travelled {
        let label = course
            .lifecycle
            .edge(&edge.from, &edge.on)
            .map_or(edge.on.as_str(), |edge| edge.label);
        steps.push(format!(
            "{} {label} {arrow} {}",
            edge.at.text("%H:%M"),
            edge.to
        ));
    }
    let first = course
        .travelled
        .first()
        .map_or(course.current, |edge| edge.from.as_str());
    steps.insert(0, first.to_owned());
    let mut from = 0;
    loop {
        let text = format!(
            "{}{}",
            if from > 0 { ".. " } else { "" },
            steps[from..].join("  ")
        );
        if text.width() <= width || from + 1 == steps.len() {
            return text;
        }
        from += 1;
    }
}

/// One phase with its ways out.
fn ways(course: &Course<'_>, theme: &Theme, phase: &str) -> String {
    let here = phase == course.current;
    let arrow = theme.glyphs.pick("►", ">");
    let names = course
        .lifecycle
        .phases
        .iter()
        .map(|phase| phase.name.width())
        .max()
        .unwrap_or(0);
    let mut text = format!(
        "{} {phase:names$} ",
        if here { theme.glyphs.pointer() } else { " " }
    );
    if here {
        let spent = if course.since > course.now {
            String::new()
        } else {
            short(course.now.since(course.since))
        };
        let _ = write!(text, "{spent:>5} ");
    } else {
        text.push_str("      ");
    }
    let mut out: Vec<String> = Vec::new();
    for edge in course
        .lifecycle
        .edges
        .iter()
        .filter(|edge| edge.from == phase)
    {
        if edge.to == phase {
            out.push(format!("{} {}", theme.glyphs.pick("↺", "@"), edge.label));
        } else {
            out.push(format!("{} {arrow} {}", edge.label, edge.to));
        }
    }
    text.push_str(&out.join("; "));
    text
}

/// The text in lines, broken between ways out; the next lines stand in.
fn broken(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in text.split("; ") {
        match lines.last_mut() {
            Some(line) if line.width() + 2 + part.width() <= width => {
                line.push_str("; ");
                line.push_str(part);
            }
            None => lines.push(part.to_owned()),
            Some(_) => lines.push(format!("    {part}")),
        }
    }
    lines
}
