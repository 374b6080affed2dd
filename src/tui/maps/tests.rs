//! The maps against the tables that run: nothing missing, nothing invented, every line where it can
//! be followed.

use std::collections::{BTreeMap, BTreeSet};

use super::canvas::{Dir, cells_of};
use super::map::Wire;
use super::*;
use crate::domain::lifecycle::Origin;
use crate::domain::lifecycles::{DEPLOYMENT, MACH, SCRIPT, SERVICE, WEBSITE};
use crate::tui::theme::Depth;

const TABLES: [&Lifecycle; 5] = [&SERVICE, &DEPLOYMENT, &SCRIPT, &WEBSITE, &MACH];

fn theme() -> Theme {
    Theme::built_in("dark", Depth::True, Glyphs::UNICODE).unwrap()
}

fn shown(
    lifecycle: &Lifecycle,
    travelled: &[Travelled],
    current: &str,
    selected: Option<&str>,
    width: u16,
    height: u16,
) -> String {
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    draw(
        &Course {
            lifecycle,
            travelled,
            current,
            since: Time(0),
            now: Time(258_000),
            selected,
        },
        &theme(),
        area,
        &mut buf,
    );
    screen(&buf)
}

fn screen(buf: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buf.area.height {
        let line: String = (0..buf.area.width).map(|x| buf[(x, y)].symbol()).collect();
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// What the box of a phase says on a screen that shows the picture; with the lower frame, on which
/// a time may stand.
fn boxed(map: &Map, screen: &str, width: u16, phase: &str) -> String {
    let area = map.node(phase).unwrap().area;
    let left = usize::from((width - map.width) / 2 + area.x + 1);
    screen
        .lines()
        .skip(usize::from(area.y + 1))
        .take(usize::from(area.height - 1))
        .flat_map(|line| {
            let row = line.chars().skip(left).take(usize::from(area.width - 2));
            row.collect::<String>()
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect::<Vec<_>>()
        .join(" ")
}

fn step(lifecycle: &Lifecycle, from: &str, on: &str, minute: i64) -> Travelled {
    let to = lifecycle.next(from, on).unwrap().to_owned();
    Travelled {
        from: from.to_owned(),
        on: on.to_owned(),
        to,
        at: Time((14 * 60 + minute) * 60_000),
    }
}

#[test]
fn no_edge_is_missing_and_none_invented() {
    for table in TABLES {
        let map = map_of(table).unwrap();
        assert!(map.width <= 76 && map.height <= 20, "{}", table.name);
        let phases: BTreeSet<_> = table.phases.iter().map(|phase| phase.name).collect();
        let placed: BTreeSet<_> = map.nodes.iter().map(|node| node.phase).collect();
        assert_eq!(
            (placed, map.nodes.len()),
            (phases.clone(), phases.len()),
            "{}",
            table.name
        );
        let edges: BTreeSet<_> = table
            .edges
            .iter()
            .filter(|edge| edge.from != edge.to)
            .map(|edge| (edge.from, edge.to))
            .collect();
        let wires: BTreeSet<_> = map.wires.iter().map(|wire| (wire.from, wire.to)).collect();
        assert_eq!(
            (wires, map.wires.len()),
            (edges.clone(), edges.len()),
            "{}",
            table.name
        );
    }
}

/// A wire in a cell: where it comes in and where it goes on.
type Passing<'a> = (&'a Wire, Dir, Dir);

#[test]
fn wires_run_from_box_to_box_and_meet_only_where_it_can_be_read() {
    for table in TABLES {
        let map = map_of(table).unwrap();
        let inside = |area: Rect, (x, y): (u16, u16)| {
            x >= area.left() && x < area.right() && y >= area.top() && y < area.bottom()
        };
        let mut through: BTreeMap<(u16, u16), Vec<Passing<'_>>> = BTreeMap::new();
        for wire in map.wires {
            let what = format!("{}: {} -> {}", table.name, wire.from, wire.to);
            let cells = cells_of(wire.path);
            for (end, phase) in [(cells[0], wire.from), (cells[cells.len() - 1], wire.to)] {
                let area = map.node(phase).unwrap().area;
                assert!(inside(area, end), "{what}: {end:?} is not on {phase}");
                let corner = (end.0 == area.left() || end.0 + 1 == area.right())
                    && (end.1 == area.top() || end.1 + 1 == area.bottom());
                assert!(!corner, "{what}: ends on a corner");
            }
            assert!(
                wire.path
                    .windows(2)
                    .all(|pair| (pair[0].0 == pair[1].0) != (pair[0].1 == pair[1].1)),
                "{what}: not straight"
            );
            assert!(cells.len() >= 4, "{what}: too short to be seen");
            for part in cells.windows(3) {
                assert!(
                    map.nodes.iter().all(|node| !inside(node.area, part[1])),
                    "{what}: runs through a box at {:?}",
                    part[1]
                );
                assert!(
                    part[1].0 < map.width && part[1].1 < map.height,
                    "{what}: leaves the map"
                );
                through.entry(part[1]).or_default().push((
                    wire,
                    Dir::between(part[0], part[1]),
                    Dir::between(part[1], part[2]),
                ));
            }
        }
        for (at, wires) in through {
            for (n, (a, a_in, a_out)) in wires.iter().enumerate() {
                for (b, b_in, b_out) in &wires[n + 1..] {
                    let straight = a_in == a_out && b_in == b_out;
                    let crossing = straight && *a_in != *b_in && *a_in != b_in.back();
                    let together = a.to == b.to && a_out == b_out;
                    assert!(
                        crossing || together,
                        "{}: {} -> {} and {} -> {} meet at {at:?}",
                        table.name,
                        a.from,
                        a.to,
                        b.from,
                        b.to
                    );
                }
            }
        }
    }
}

/// Follows every wire on the drawn picture: each cell must connect to the one before and the one
/// after.
#[test]
fn every_wire_can_be_followed_on_the_picture() {
    for table in TABLES {
        let map = map_of(table).unwrap();
        let course = Course {
            lifecycle: table,
            travelled: &[],
            current: "",
            since: Time(0),
            now: Time(0),
            selected: None,
        };
        let mut paint = Paint::plain(Glyphs::UNICODE);
        paint.all = false;
        let lines = picture(map, &course, &paint).lines(Glyphs::UNICODE);
        let grid: Vec<Vec<char>> = lines.iter().map(|line| line.chars().collect()).collect();
        let arms = |c: char| -> [bool; 4] {
            match c {
                '│' | '╎' => [true, false, true, false],
                '─' | '╌' => [false, true, false, true],
                '┌' => [false, true, true, false],
                '┐' => [false, false, true, true],
                '└' => [true, true, false, false],
                '┘' => [true, false, false, true],
                '├' => [true, true, true, false],
                '┤' => [true, false, true, true],
                '┬' => [false, true, true, true],
                '┴' => [true, true, false, true],
                '┼' | '▴' | '▾' | '►' | '◄' => [true; 4],
                other => panic!("{}: {other:?} is no line", table.name),
            }
        };
        let mut heads = BTreeSet::new();
        for wire in map.wires {
            let cells = cells_of(wire.path);
            for part in cells.windows(3) {
                let (x, y) = part[1];
                let here = arms(grid[usize::from(y)][usize::from(x)]);
                let (back, on) = (
                    Dir::between(part[1], part[0]),
                    Dir::between(part[1], part[2]),
                );
                assert!(
                    here[back as usize] && here[on as usize],
                    "{} -> {} is cut at {x},{y}\n{}",
                    wire.from,
                    wire.to,
                    lines.join("\n")
                );
            }
            let (x, y) = cells[cells.len() - 2];
            let head = grid[usize::from(y)][usize::from(x)];
            let right = match Dir::between((x, y), cells[cells.len() - 1]) {
                Dir::Up => '▴',
                Dir::Right => '►',
                Dir::Down => '▾',
                Dir::Left => '◄',
            };
            assert_eq!(head, right, "{} -> {}", wire.from, wire.to);
            heads.insert((x, y));
        }
        let drawn = lines
            .iter()
            .flat_map(|line| line.chars())
            .filter(|c| "▴▾►◄".contains(*c))
            .count();
        assert_eq!(
            drawn,
            heads.len(),
            "{}: an arrow that no edge has",
            table.name
        );
    }
}

#[test]
fn whatever_is_current_every_phase_is_there_and_its_ways_out_are_named() {
    for table in TABLES {
        let map = map_of(table).unwrap();
        for phase in table.phases {
            let text = shown(table, &[], phase.name, None, 80, 20);
            for other in table.phases {
                assert!(
                    boxed(map, &text, 80, other.name).starts_with(other.name),
                    "{} at {}: no {}\n{text}",
                    table.name,
                    phase.name,
                    other.name
                );
            }
            assert!(
                boxed(map, &text, 80, phase.name).contains("4:18"),
                "{} at {}: how long\n{text}",
                table.name,
                phase.name
            );
            let words: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
            for wire in map.wires.iter().filter(|wire| wire.from == phase.name) {
                let edges: Vec<_> = table
                    .edges
                    .iter()
                    .filter(|edge| edge.from == wire.from && edge.to == wire.to)
                    .collect();
                let named = |edge: &Edge| edge.label.split(' ').all(|word| words.contains(word));
                assert!(
                    edges.iter().any(|edge| named(edge)),
                    "{} -> {} has no label\n{text}",
                    wire.from,
                    wire.to
                );
                for edge in edges.iter().filter(|edge| edge.origin == Origin::Seed) {
                    assert!(named(edge), "{} of {}\n{text}", edge.label, phase.name);
                }
            }
        }
    }
}

/// A label may hide neither a box nor a line, and no two ways out of one phase stand in one place.
#[test]
fn labels_stand_clear_of_boxes_wires_and_one_another() {
    for table in TABLES {
        let map = map_of(table).unwrap();
        let mut lines = BTreeSet::new();
        for wire in map.wires {
            let cells = cells_of(wire.path);
            lines.extend(cells[1..cells.len() - 1].iter().copied());
        }
        let mut said: BTreeMap<(u16, u16), Vec<&str>> = BTreeMap::new();
        for wire in map.wires {
            let what = format!("{}: {} -> {}", table.name, wire.from, wire.to);
            for row in wire.rows {
                assert!(row.x + row.width <= map.width && row.y < map.height);
                for x in row.x..row.x + row.width {
                    let at = (x, row.y);
                    assert!(!lines.contains(&at), "{what}: {at:?} is on a line");
                    assert!(
                        map.nodes.iter().all(|node| {
                            !(node.area.left()..node.area.right()).contains(&x)
                                || !(node.area.top()..node.area.bottom()).contains(&row.y)
                        }),
                        "{what}: {at:?} is in a box"
                    );
                    let here = said.entry(at).or_default();
                    assert!(!here.contains(&wire.from), "{what}: {at:?} is taken");
                    here.push(wire.from);
                }
            }
        }
    }
}

#[test]
fn a_long_name_stands_on_two_rows_and_its_time_where_there_is_room() {
    let says = |table: &Lifecycle, phase| {
        let text = shown(table, &[], phase, None, 80, 20);
        boxed(map_of(table).unwrap(), &text, 80, phase)
    };
    assert_eq!(
        says(&WEBSITE, "Failed to Delete"),
        "Failed to Delete ━━4:18━━━"
    );
    assert_eq!(says(&WEBSITE, "Queued"), "Queued 4:18 ━━━━━━");
    assert_eq!(
        says(&SERVICE, "BROKEN"),
        format!("BROKEN 4:18 {}", "━".repeat(18))
    );
}

#[test]
fn self_loops_are_one_mark_on_the_box() {
    for table in TABLES {
        let loops: BTreeSet<_> = table
            .edges
            .iter()
            .filter(|edge| edge.from == edge.to)
            .map(|edge| edge.from)
            .collect();
        let text = shown(table, &[], "NEW", None, 80, 20);
        assert_eq!(
            text.matches('↺').count(),
            loops.len(),
            "{}\n{text}",
            table.name
        );
    }
}

#[test]
fn the_list_names_every_edge_when_there_is_room_for_the_phases() {
    for table in TABLES {
        let height = u16::try_from(table.phases.len() + 1).unwrap().max(12);
        let text = shown(table, &[], table.phases[1].name, None, 75, height);
        let wide = shown(table, &[], table.phases[1].name, None, 400, height);
        for phase in table.phases {
            assert!(text.contains(phase.name), "{text}");
        }
        for edge in table
            .edges
            .iter()
            .filter(|edge| edge.from != edge.to && map_of(table).unwrap().height > height)
        {
            assert!(
                wide.contains(&format!("{} ► {}", edge.label, edge.to)),
                "{}\n{wide}",
                edge.label
            );
        }
    }
}

#[test]
fn motions_reach_every_node() {
    for table in TABLES {
        let mut seen = BTreeSet::from([table.start().name]);
        let mut todo = vec![table.start().name];
        while let Some(at) = todo.pop() {
            for motion in [Motion::Up, Motion::Down, Motion::Left, Motion::Right] {
                if let Some(next) = beside(table, at, motion)
                    && seen.insert(next)
                {
                    todo.push(next);
                }
            }
        }
        assert_eq!(seen.len(), table.phases.len(), "{}: {seen:?}", table.name);
    }
}

/// In the smallest area the phase where it stands, or the head of its name; with two rows how it
/// came there; in a large one the picture.
#[test]
fn no_area_is_too_small() {
    for table in TABLES {
        let first = table
            .edges
            .iter()
            .find(|edge| edge.from == "NEW" && edge.to != "NEW")
            .unwrap();
        let travelled = [step(table, "NEW", first.on, 0)];
        let map = map_of(table).unwrap();
        for (width, height) in [
            (0, 0),
            (1, 1),
            (3, 2),
            (20, 3),
            (map.width, map.height - 1),
            (map.width - 1, map.height),
            (map.width, map.height),
            (200, 60),
        ] {
            let text = shown(table, &travelled, first.to, Some("NEW"), width, height);
            let lines: Vec<&str> = text.lines().collect();
            let what = format!("{} in {width}x{height}:\n{text}", table.name);
            assert_eq!(lines.len(), usize::from(height), "{what}");
            assert!(
                lines
                    .iter()
                    .all(|line| line.chars().count() <= usize::from(width)),
                "{what}"
            );
            match (width, height) {
                (0, _) | (_, 0) => assert!(text.trim().is_empty(), "{what}"),
                (1..4, 1) => assert_eq!(text, ">\n", "it is cut: {what}"),
                (1..4, _) => assert!(lines[1].starts_with('\u{25ba}'), "{what}"),
                (20, _) => assert!(lines[1].contains(first.to), "{what}"),
                _ => {
                    let boxes = text.matches('\u{250c}').count() + text.matches('\u{250f}').count();
                    let picture = width >= map.width && height >= map.height;
                    assert_eq!(boxes >= table.phases.len(), picture, "{what}");
                    let named = if picture {
                        boxed(map, &text, width, first.to).starts_with(first.to)
                    } else {
                        text.contains(first.to)
                    };
                    assert!(named && text.contains(first.label), "{what}");
                }
            }
        }
    }
}

#[test]
fn a_lifecycle_without_a_map_is_a_list_that_can_be_walked() {
    let made_up = Lifecycle {
        name: "made up",
        ..SERVICE
    };
    let text = shown(&made_up, &[], "STABLE", Some("NEW"), 200, 60);
    for phase in made_up.phases {
        assert!(
            text.contains(&format!(" {} ", phase.name)),
            "{}\n{text}",
            phase.name
        );
    }
    assert!(
        text.contains("queue empty") && !text.contains('\u{250c}'),
        "{text}"
    );
    let mut at = made_up.start().name;
    for phase in &made_up.phases[1..] {
        at = beside(&made_up, at, Motion::Down).unwrap();
        assert_eq!(at, phase.name);
    }
    assert_eq!(
        (
            beside(&made_up, at, Motion::Down),
            beside(&made_up, "NEW", Motion::Up)
        ),
        (None, None)
    );
}

#[test]
fn pictures() {
    let s = |from, on, minute| step(&SERVICE, from, on, minute);
    let story = [
        s("NEW", "found_missing", 0),
        s("CREATING", "succeeded", 4),
        s("STABLE", "queue_empty", 4),
        s("AVAILABLE", "started", 31),
        s("MIGRATING", "succeeded", 35),
        s("STABLE", "popped", 35),
    ];
    let mut broken = story.to_vec();
    broken.push(s("MIGRATING", "failed", 40));
    insta::assert_snapshot!(
        "service_migrating",
        shown(&SERVICE, &story, "MIGRATING", None, 80, 20)
    );
    insta::assert_snapshot!(
        "service_broken",
        shown(&SERVICE, &broken, "BROKEN", None, 80, 20)
    );
    insta::assert_snapshot!(
        "service_broken_list",
        shown(&SERVICE, &broken, "BROKEN", None, 78, 4)
    );
    insta::assert_snapshot!(
        "service_list",
        shown(&SERVICE, &broken, "BROKEN", Some("STABLE"), 78, 12)
    );
    let d = |from, on, minute| step(&DEPLOYMENT, from, on, minute);
    let running = [
        d("NEW", "created", 0),
        d("QUEUED", "triggered", 1),
        d("TRIGGERED", "stack_wait", 1),
        d("WAITING", "stack_available", 2),
        d("AVAILABLE", "run_steps", 2),
    ];
    insta::assert_snapshot!(
        "deployment_running",
        shown(&DEPLOYMENT, &running, "RUNNING", None, 80, 20)
    );
    let c = |from, on, minute| step(&SCRIPT, from, on, minute);
    let failed = [
        c("NEW", "requested", 0),
        c("READY", "popped", 0),
        c("RUNNING", "failed", 2),
    ];
    insta::assert_snapshot!(
        "script_failed",
        shown(&SCRIPT, &failed, "FAILED", None, 80, 20)
    );
    let w = |from, on, minute| step(&WEBSITE, from, on, minute);
    let undeployed = [
        w("NEW", "requested", 0),
        w("Provision Request", "found_missing", 1),
        w("Provisioning", "succeeded", 6),
        w("Ready for Deployment", "started", 6),
        w("Queued", "reached:deploying", 7),
        w("Deploying", "failed", 9),
    ];
    insta::assert_snapshot!(
        "website_undeployed",
        shown(&WEBSITE, &undeployed, "Failed to Deploy", None, 80, 20)
    );
    for table in TABLES {
        insta::assert_snapshot!(
            format!("text_{}", table.name.replace(' ', "_")),
            text(table, Glyphs::UNICODE)
        );
    }
    insta::assert_snapshot!("text_ascii", text(&SERVICE, Glyphs::ASCII));
}
