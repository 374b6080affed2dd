//! The picture of a lifecycle: boxes, wires, and the labels that have room.

use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr;

use crate::domain::lifecycle::{Edge, Origin, PhaseClass};
use crate::domain::time::short;
use crate::tui::glyphs::Glyphs;
use crate::tui::theme::{Role, Theme};

use super::Course;
use super::canvas::{Canvas, Pen};
use super::map::{Map, Node, Row, Wire};

/// Styles, so that the same picture can be drawn without a theme.
pub(super) struct Paint {
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
    pub(super) all: bool,
}

impl Paint {
    pub(super) fn live(theme: &Theme) -> Self {
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

    pub(super) fn plain(glyphs: Glyphs) -> Self {
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

pub(super) fn picture(map: &'static Map, course: &Course<'_>, paint: &Paint) -> Canvas {
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

fn draw_node(canvas: &mut Canvas, node: &Node, course: &Course<'_>, paint: &Paint) {
    let class = course
        .lifecycle
        .phase(node.phase)
        .map_or(PhaseClass::Rest, |phase| phase.class);
    let current = node.phase == course.current;
    let mut style = match (current, class) {
        (true, PhaseClass::Broken) => paint.needs,
        (true, PhaseClass::Rest | PhaseClass::Busy | PhaseClass::Gone) => paint.current,
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
    for (y, row) in (area.y + 1..area.bottom()).zip(in_box(node, &spent)) {
        centred(y, &row);
    }
}

/// What stands in a box, row by row: the name of its phase, broken at words where it is wider than
/// the box, then for how long. Where the name takes every row that is behind the name, and on the
/// lower frame where it has no room there either.
fn in_box(node: &Node, spent: &str) -> Vec<String> {
    let (width, height) = (
        usize::from(node.area.width - 2),
        usize::from(node.area.height - 2),
    );
    let mut rows: Vec<String> = Vec::new();
    for word in node.phase.split(' ') {
        append(&mut rows, word, width);
    }
    if spent.is_empty() {
        return rows;
    }
    if rows.len() < height {
        rows.push(spent.to_owned());
    } else {
        append(&mut rows, spent, width);
    }
    rows
}

/// Puts a word behind the last row, or on a new one where it has no room.
fn append(rows: &mut Vec<String>, word: &str, width: usize) {
    if let Some(row) = rows.last_mut()
        && row.width() + 1 + word.width() <= width
    {
        row.push(' ');
        row.push_str(word);
    } else {
        rows.push(word.to_owned());
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
