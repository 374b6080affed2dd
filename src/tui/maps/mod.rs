//! The maps of the machines, placed by hand and drawn from the same tables that run: where a stack
//! or a deployment stands, how it got there and where it can go. What does not fit as a picture is
//! shown as a list. Nothing is decided here.

mod canvas;
mod deployment;
mod list;
mod mach;
mod map;
mod picture;
mod plain;
pub mod plan;
mod script;
mod service;
mod website;

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::domain::lifecycle::Travelled;
use crate::domain::lifecycle::{Edge, Lifecycle};
use crate::domain::lifecycles;
use crate::domain::time::Time;
use crate::tui::glyphs::Glyphs;
use crate::tui::motion::Motion;
use crate::tui::theme::Theme;

use map::Map;
use picture::{Paint, picture};

/// The maps, by the lifecycles that they show. A new one is one file and one line here; a lifecycle
/// without one is shown as a list.
static MAPS: &[(&Lifecycle, &Map)] = &[
    (&lifecycles::SERVICE, &service::SERVICE),
    (&lifecycles::SCRIPT, &script::SCRIPT),
    (&lifecycles::MACH, &mach::MACH),
    (&lifecycles::WEBSITE, &website::WEBSITE),
    (&lifecycles::DEPLOYMENT, &deployment::DEPLOYMENT),
];

/// Where a machine stands, and how it came there.
#[derive(Debug, Clone, Copy)]
pub struct Course<'a> {
    /// Its table.
    pub lifecycle: &'a Lifecycle,
    /// The edges that it took.
    pub travelled: &'a [Travelled],
    /// The phase in which it is.
    pub current: &'a str,
    /// Since when; a time that has not come stands for one that is not known.
    pub since: Time,
    /// Now.
    pub now: Time,
    /// The phase under the cursor.
    pub selected: Option<&'a str>,
}

/// Draws where a machine stands: as a picture where there is one and room for it, else as a list.
pub fn draw(course: &Course<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
    match map_of(course.lifecycle)
        .filter(|map| map.width <= area.width && map.height <= area.height)
    {
        Some(map) => {
            let aside = (area.width - map.width) / 2;
            let inside = Rect {
                x: area.x + aside,
                width: area.width - aside,
                ..area
            };
            picture(map, course, &Paint::live(theme)).draw(theme.glyphs, inside, buf);
        }
        None => list::draw(course, theme, area, buf),
    }
}

/// The rows of the tallest map.
#[must_use]
pub fn tallest() -> u16 {
    MAPS.iter().map(|(_, map)| map.height).max().unwrap_or(0)
}

/// The phase beside `from` in the direction of a motion, for moving between nodes; in a list the
/// one above or below. Both have less than a page: pages go to the ends.
#[must_use]
pub fn beside(lifecycle: &Lifecycle, from: &str, motion: Motion) -> Option<&'static str> {
    match motion {
        Motion::Top | Motion::PageUp | Motion::HalfUp => {
            return lifecycle.phases.first().map(|phase| phase.name);
        }
        Motion::Bottom | Motion::PageDown | Motion::HalfDown => {
            return lifecycle.phases.last().map(|phase| phase.name);
        }
        _ => {}
    }
    if let Some(map) = map_of(lifecycle) {
        return nearest(
            map.node(from)?.area,
            motion,
            map.nodes.iter().map(|node| (node.area, node.phase)),
        );
    }
    let at = lifecycle
        .phases
        .iter()
        .position(|phase| phase.name == from)?;
    let to = match motion {
        Motion::Up => at.checked_sub(1)?,
        Motion::Down => at + 1,
        _ => return None,
    };
    lifecycle.phases.get(to).map(|phase| phase.name)
}

/// The picture of a lifecycle and a list of its edges, as text.
#[must_use]
pub fn text(lifecycle: &Lifecycle, glyphs: Glyphs) -> String {
    let nowhere = Course {
        lifecycle,
        travelled: &[],
        current: "",
        since: Time(0),
        now: Time(0),
        selected: None,
    };
    let mut out = format!("{}\n\n", lifecycle.name);
    if let Some(map) = map_of(lifecycle) {
        for row in picture(map, &nowhere, &Paint::plain(glyphs)).lines(glyphs) {
            out.push_str(&row);
            out.push('\n');
        }
        out.push('\n');
    }
    for phase in lifecycle.phases {
        if let Some(source) = phase.source.filter(|source| *source != phase.name) {
            let _ = writeln!(out, "{} is {source} in the source document\n", phase.name);
        }
    }
    let width = |part: fn(&Edge) -> &str| {
        lifecycle
            .edges
            .iter()
            .map(|edge| part(edge).width())
            .max()
            .unwrap_or(0)
    };
    let (from, label, to) = (width(|e| e.from), width(|e| e.label), width(|e| e.to));
    for edge in lifecycle.edges {
        let line = format!(
            "{:from$}  {:label$}  {} {:to$}  {}",
            edge.from,
            edge.label,
            glyphs.pick("►", ">"),
            edge.to,
            edge.origin
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// The nearest area in the direction of a motion; aside counts more than ahead.
fn nearest<T: Ord>(
    here: Rect,
    motion: Motion,
    areas: impl Iterator<Item = (Rect, T)>,
) -> Option<T> {
    let gap = |a: (u16, u16), b: (u16, u16)| {
        u32::from(b.0.saturating_sub(a.1).max(a.0.saturating_sub(b.1)))
    };
    let away = |there: Rect| {
        let (flat, upright) = (
            |area: Rect| (area.left(), area.right()),
            |area: Rect| (area.top(), area.bottom()),
        );
        let (ahead, along, aside) = match motion {
            Motion::Up => (
                there.bottom() <= here.top(),
                gap(upright(here), upright(there)) * 2,
                gap(flat(here), flat(there)),
            ),
            Motion::Down => (
                there.top() >= here.bottom(),
                gap(upright(here), upright(there)) * 2,
                gap(flat(here), flat(there)),
            ),
            Motion::Left => (
                there.right() <= here.left(),
                gap(flat(here), flat(there)),
                gap(upright(here), upright(there)) * 2,
            ),
            Motion::Right => (
                there.left() >= here.right(),
                gap(flat(here), flat(there)),
                gap(upright(here), upright(there)) * 2,
            ),
            _ => return None,
        };
        ahead.then_some(along + 2 * aside)
    };
    areas
        .filter_map(|(area, what)| Some((away(area)?, what)))
        .min()
        .map(|(_, what)| what)
}

fn map_of(lifecycle: &Lifecycle) -> Option<&'static Map> {
    MAPS.iter()
        .find(|(of, _)| of.name == lifecycle.name)
        .map(|(_, map)| *map)
}

impl Course<'_> {
    fn edges<'b>(&'b self, from: &'b str, to: &'b str) -> impl Iterator<Item = &'static Edge> + 'b {
        self.lifecycle
            .edges
            .iter()
            .filter(move |edge| edge.from == from && edge.to == to)
    }

    /// The last time a wire was taken, by which event, and how often.
    fn taken(&self, from: &str, to: &str) -> Option<(&Travelled, usize)> {
        let mut all = self
            .travelled
            .iter()
            .filter(|edge| edge.from == from && edge.to == to);
        let last = all.next_back()?;
        Some((last, all.count() + 1))
    }

    /// Whether the labels of a node's ways out are shown.
    fn speaks(&self, phase: &str) -> bool {
        phase == self.current || Some(phase) == self.selected
    }
}

#[cfg(test)]
mod tests;
