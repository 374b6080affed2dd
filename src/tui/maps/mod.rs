//! The maps of the machines, placed by hand and drawn from the same tables that run: where a stack
//! or a deployment stands, how it got there and where it can go. What does not fit as a picture is
//! shown as a list. Nothing is decided here.

mod canvas;
mod deployment;
mod list;
mod map;
pub mod plan;
mod script;
mod service;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr;

use crate::domain::lifecycle::{Class, Edge, Lifecycle, Origin};
use crate::domain::stack::Travelled;
use crate::domain::time::{Time, short};
use crate::tui::glyphs::Glyphs;
use crate::tui::motion::Motion;
use crate::tui::theme::{Role, Theme};

use canvas::{Canvas, Pen};
use map::{Map, Row, Wire};

/// The maps, by the names of the lifecycles that they show. A new one is one file and one line
/// here; a lifecycle without one is shown as a list.
static MAPS: &[(&str, &Map)] = &[
    ("service stack", &service::SERVICE),
    ("script stack", &script::SCRIPT),
    ("deployment", &deployment::DEPLOYMENT),
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
/// one above or below.
#[must_use]
pub fn beside(lifecycle: &Lifecycle, from: &str, motion: Motion) -> Option<&'static str> {
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
        .find(|(name, _)| *name == lifecycle.name)
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

/// Styles, so that the same picture can be drawn without a theme.
struct Paint {
    glyphs: Glyphs,
    ours: Style,
    seed: Style,
    out: Style,
    travelled: Style,
    node: Style,
    current: Style,
    needs: Style,
    selected: Style,
    label: Style,
    label_travelled: Style,
    /// All seed edges carry their label.
    all: bool,
}

impl Paint {
    fn live(theme: &Theme) -> Self {
        let edge = theme.style(Role::Edge);
        Self {
            glyphs: theme.glyphs,
            ours: edge.add_modifier(Modifier::DIM),
            seed: edge,
            out: theme.style(Role::Text),
            travelled: theme.style(Role::EdgeTravelled),
            node: theme.style(Role::Node),
            current: theme.style(Role::NodeCurrent),
            needs: theme.style(Role::Fail).add_modifier(Modifier::REVERSED),
            selected: theme.style(Role::NodeSelected),
            label: theme.style(Role::Text),
            label_travelled: theme.style(Role::EdgeTravelled),
            all: false,
        }
    }

    fn plain(glyphs: Glyphs) -> Self {
        let none = Style::new();
        Self {
            glyphs,
            ours: none,
            seed: none,
            out: none,
            travelled: none,
            node: none,
            current: none,
            needs: none,
            selected: none,
            label: none,
            label_travelled: none,
            all: true,
        }
    }
}

fn picture(map: &'static Map, course: &Course<'_>, paint: &Paint) -> Canvas {
    let mut canvas = Canvas::new(map.width, map.height);
    let has_seed = course
        .lifecycle
        .edges
        .iter()
        .any(|edge| edge.origin == Origin::Seed);
    let rank = |wire: &&Wire| {
        let seed = !has_seed
            || course
                .edges(wire.from, wire.to)
                .any(|edge| edge.origin == Origin::Seed);
        (
            course.taken(wire.from, wire.to).is_some(),
            course.speaks(wire.from),
            seed,
        )
    };
    let mut wires: Vec<&'static Wire> = map.wires.iter().collect();
    wires.sort_by_key(rank);
    for wire in &wires {
        let (taken, speaks, seed) = rank(wire);
        let style = if taken {
            paint.travelled
        } else if speaks {
            paint.out
        } else if seed {
            paint.seed
        } else {
            paint.ours
        };
        canvas.wire(
            wire.path,
            Pen {
                heavy: taken,
                dashed: !seed && !taken,
                style,
            },
            true,
            paint.glyphs,
        );
    }
    for node in map.nodes {
        draw_node(&mut canvas, node, course, paint);
    }
    let mut used: Vec<Row> = Vec::new();
    // The current node's ways out first, then the newest travelled edges: where two labels would
    // meet, the first stays.
    wires.sort_by_key(|wire| {
        let at = course.taken(wire.from, wire.to).map(|(last, _)| last.at);
        (
            std::cmp::Reverse(wire.from == course.current),
            std::cmp::Reverse(course.speaks(wire.from)),
            std::cmp::Reverse(at),
        )
    });
    for wire in wires {
        label(&mut canvas, wire, course, paint, &mut used);
    }
    canvas
}

fn draw_node(canvas: &mut Canvas, node: &map::Node, course: &Course<'_>, paint: &Paint) {
    let class = course
        .lifecycle
        .phase(node.phase)
        .map_or(Class::Rest, |phase| phase.class);
    let current = node.phase == course.current;
    let mut style = match (current, class) {
        (true, Class::Broken) => paint.needs,
        (true, Class::Rest | Class::Busy | Class::Gone) => paint.current,
        (false, _) => paint.node,
    };
    if course.selected == Some(node.phase) {
        style = style.patch(paint.selected);
    }
    let area = node.area;
    canvas.frame(
        area,
        Pen {
            heavy: current,
            dashed: false,
            style,
        },
    );
    for y in area.top() + 1..area.bottom() - 1 {
        canvas.text(
            area.x + 1,
            y,
            &" ".repeat(usize::from(area.width - 2)),
            style,
        );
    }
    if course.edges(node.phase, node.phase).next().is_some() {
        canvas.text(area.right() - 2, area.y, paint.glyphs.pick("↺", "@"), style);
    }
    let spent = if current && course.since <= course.now {
        short(course.now.since(course.since))
    } else {
        String::new()
    };
    let inside = area.width - 2;
    let mut centred = |y: u16, text: &str| {
        let aside = inside.saturating_sub(u16::try_from(text.width()).unwrap_or(inside)) / 2;
        canvas.text(area.x + 1 + aside, y, text, style);
    };
    if area.height > 3 {
        centred(area.y + 1, node.phase);
        centred(area.y + 2, &spent);
    } else {
        centred(area.y + 1, format!("{} {spent}", node.phase).trim_end());
    }
}

/// Writes what a wire has to say into its rows: the last time it was taken, then what else may lead
/// along it.
fn label(
    canvas: &mut Canvas,
    wire: &Wire,
    course: &Course<'_>,
    paint: &Paint,
    used: &mut Vec<Row>,
) {
    let mut rows = wire
        .rows
        .iter()
        .filter(|row| !used.iter().any(|other| meet(**row, *other)))
        .copied()
        .collect::<Vec<_>>();
    let mut written = Vec::new();
    let mut taken_label = None;
    if let Some((last, count)) = course.taken(wire.from, wire.to) {
        let what = course
            .lifecycle
            .edge(&last.from, &last.on)
            .map_or(last.on.as_str(), |edge| edge.label);
        taken_label = Some(what);
        let at = last.at.text("%H:%M");
        let times = if count > 1 {
            format!(" x{count}")
        } else {
            String::new()
        };
        let forms = [
            format!("{what} {at}{times}"),
            format!("{what} {at}"),
            what.to_owned(),
            at,
        ];
        if let Some(placed) = forms.iter().find_map(|form| place(form, &mut rows)) {
            written.extend(placed.into_iter().map(|part| (part, paint.label_travelled)));
        }
    }
    let mut more: Vec<&Edge> = course
        .edges(wire.from, wire.to)
        .filter(|edge| Some(edge.label) != taken_label)
        .collect();
    more.retain(|edge| course.speaks(wire.from) || (paint.all && edge.origin == Origin::Seed));
    more.sort_by_key(|edge| edge.origin != Origin::Seed);
    for edge in more {
        if let Some(placed) = place(edge.label, &mut rows) {
            written.extend(placed.into_iter().map(|part| (part, paint.label)));
        }
    }
    for ((row, text), style) in written {
        let free = row
            .width
            .saturating_sub(u16::try_from(text.width()).unwrap_or(row.width));
        canvas.text(
            if row.right { row.x + free } else { row.x },
            row.y,
            &text,
            style,
        );
        used.push(row);
    }
}

/// Breaks a text at words into the rows that are left; all of it, or nothing.
fn place(text: &str, rows: &mut Vec<Row>) -> Option<Vec<(Row, String)>> {
    let mut placed: Vec<(Row, String)> = Vec::new();
    let mut next = rows.iter();
    for word in text.split(' ') {
        if let Some((row, line)) = placed.last_mut()
            && line.width() + 1 + word.width() <= usize::from(row.width)
        {
            line.push(' ');
            line.push_str(word);
        } else {
            let row = next
                .next()
                .filter(|row| word.width() <= usize::from(row.width))?;
            placed.push((*row, word.to_owned()));
        }
    }
    rows.drain(..placed.len());
    Some(placed)
}

fn meet(a: Row, b: Row) -> bool {
    a.y == b.y && a.x < b.x + b.width && b.x < a.x + a.width
}

#[cfg(test)]
mod tests;
