//! A pane that the program does not have. It is added as any pane is: its file, and one line in the
//! table; all else must follow.

use std::sync::LazyLock;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::*;
use crate::domain::ask::Confirm;
use crate::domain::ids::StackId;
use crate::tui::actions::Scope;
use crate::tui::keys::Keys;
use crate::tui::layout::Slot;
use crate::tui::motion::Motion;
use crate::tui::pane::{Flow, Pane, Target, Title, Wanted};
use crate::tui::panes::{PaneDef, TABLE};
use crate::tui::scene::Scene;
use crate::tui::theme::{Role, Theme};

/// Notes about one stack. It is rude: on every key it asks for a teardown.
#[derive(Default)]
struct Notes;

fn web() -> StackId {
    fixture::id("dev/web")
}

impl Pane for Notes {
    fn draw(&mut self, _: &Scene<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
        buf.set_stringn(
            area.x,
            area.y,
            "water the plants",
            usize::from(area.width),
            theme.style(Role::Text),
        );
    }

    fn motion(&mut self, motion: Motion, _: &Scene<'_>) -> Flow {
        if motion == Motion::Escape {
            return Flow::Pass;
        }
        let ask = Ask::Do {
            intent: Intent::teardown(web()),
            attached: Vec::new(),
            confirm: Confirm::default(),
            armed: false,
        };
        Flow::Ask(Box::new(Wanted {
            ask,
            label: String::new(),
            target: None,
            closes: false,
        }))
    }

    fn target(&self, _: &Scene<'_>) -> Option<Target> {
        Some(Target::Stack(web()))
    }

    fn title(&self, _: &Scene<'_>) -> Title {
        Title::new("Notes", "1")
    }
}

const NOTES: PaneDef = PaneDef {
    name: "pane-6",
    key: "6",
    title: "Notes",
    doc: "notes of the night",
    slot: Slot::Lists,
    scope: Scope::Lists,
    make: || Box::<Notes>::default(),
};

/// The table of the program and the pane, once in each slot.
pub(super) static WITH_NOTES: LazyLock<Vec<PaneDef>> = LazyLock::new(|| {
    let beside = |name, key, slot| PaneDef {
        name,
        key,
        slot,
        ..NOTES
    };
    let more = [
        NOTES,
        beside("pane-7", "7", Slot::Picture),
        beside("pane-8", "8", Slot::Lines),
    ];
    TABLE.iter().copied().chain(more).collect()
});

fn bench() -> Bench {
    let mut bench = Bench::with(fixture::scene(), &WITH_NOTES);
    bench.wait(10_000);
    bench
}

#[test]
fn a_line_in_the_table_is_a_pane() {
    let mut bench = bench();
    let wide = bench.screen(120, 36);
    assert!(
        wide.contains("6 Notes") && wide.contains("water the plants"),
        "a list stands below the others:\n{wide}"
    );
    assert!(
        wide.contains("[4 Live] 7 Notes") && wide.contains("[5 Logs] 8 Notes"),
        "what shares a slot stands behind tabs:\n{wide}"
    );
    let narrow = bench.screen(80, 24);
    assert!(
        narrow.contains("[1 Stacks] 2 Queue 8  3 Holds 2  6 Notes"),
        "{narrow}"
    );
    for key in ["6", "7", "8"] {
        let shown = bench.keys(key).screen(120, 36);
        assert!(
            shown.contains("water the plants") && shown.contains(&format!("{key} Notes")),
            "{key} goes there:\n{shown}"
        );
        let zoomed = bench.keys("z").screen(80, 24);
        assert_eq!(zoomed.matches("water the plants").count(), 1, "{zoomed}");
        assert!(
            !zoomed.contains('\u{2502}'),
            "nothing else is there:\n{zoomed}"
        );
        bench.keys("z");
    }
    for at in 1..=WITH_NOTES.len() {
        bench.keys("1");
        bench.keys(&"<Tab>".repeat(at - 1));
        let keys = bench.keys("?").screen(120, 110);
        bench.keys("<Esc>");
        let goes = &WITH_NOTES[at - 1];
        let line = |pane: &PaneDef| {
            keys.lines()
                .any(|line| line.contains(&format!(" {} ", pane.key)) && line.contains(pane.doc))
        };
        assert!(
            WITH_NOTES.iter().all(line),
            "help in {}:\n{keys}",
            goes.name
        );
    }
    let menu = bench.keys("6a").screen(120, 36);
    assert!(menu.contains("What can be done"), "{menu}");
    bench.keys("<Esc>").wait(600).keys("T").wait(50);
    assert!(
        matches!(bench.desk.asked.lock().unwrap().last(), Some(Ask::Preview { intent: Intent::Teardown { stack, .. }, .. }) if *stack == web())
    );
}

#[test]
fn its_key_can_be_moved_and_must_be_free() {
    let moved = Keys::read(Some(("own.yaml", b"pane-6: [F6]\n")), &WITH_NOTES).unwrap();
    assert_eq!(moved.first("pane-6"), "F6");
    let twice = [
        TABLE[0],
        PaneDef {
            name: "pane-9",
            ..TABLE[0]
        },
    ];
    assert!(Keys::read(None, &twice).is_err(), "two panes under one key");
}

/// Whatever a pane of the board answers, nothing is asked: the guard is the card of a layer.
#[test]
fn a_pane_of_the_board_cannot_ask() {
    for key in ["6", "7", "8"] {
        let mut bench = bench();
        bench.keys(key).keys("<Enter>j ]f/<Enter>");
        assert!(bench.changing().is_empty(), "{:?}", bench.changing());
    }
}
