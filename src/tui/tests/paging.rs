//! Page keys move by a page, and the ends are one key away, in every pane, list, page and card; all
//! by the one key table.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Cell;
use ratatui::style::Color;

use super::*;
use crate::tui::keys::Keys;
use crate::tui::panes::TABLE;

fn press(bench: &mut Bench, code: KeyCode) -> String {
    bench.press(KeyEvent::new(code, KeyModifiers::NONE));
    bench.screen(100, 16)
}

/// What is seen of what was opened: the other panes follow a list a moment later, and the title of
/// the log says whether it follows.
fn moved(bench: &mut Bench, keys: &str, code: KeyCode) -> String {
    press(bench, code);
    let wide = if matches!(keys, "1" | "/o") { 36 } else { 100 };
    let buf = bench.buffer(100, 16);
    let row = |y: u16| {
        let cells = (0..wide).map(|x| &buf[(x, y)]);
        let text: String = cells.clone().map(Cell::symbol).collect();
        // Where the cursor is, is told by its colour.
        let marked = cells.filter(|cell| cell.bg != Color::Reset).count();
        format!("{text} {marked}")
    };
    let rows = (4..16).map(row);
    rows.filter(|row| !row.contains("Events + logs"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// What opens something with more in it than there is room for.
const OPENS: &[&str] = &["1", "5z", "?", "a", ":", "d", "D", "x", "@", "I", "i", "/o"];

fn opened(keys: &str) -> Bench {
    let mut bench = Bench::new(fixture::scene());
    let lines: Vec<_> = (0..12)
        .flat_map(|nth| {
            let mut lines = some_lines(&fixture::id("prod-us/billing"));
            for (n, line) in lines.iter_mut().enumerate() {
                line.id = format!("{nth}-{n}").into();
                line.text = crate::text::safe::Safe::new(&format!("{nth}-{n} {}", line.text));
            }
            lines
        })
        .collect();
    *bench.desk.lines.lock().unwrap() = lines;
    bench.wait(10_000).keys(keys).wait(600);
    bench.screen(100, 16);
    bench
}

#[test]
fn a_page_is_more_than_a_line_and_the_ends_are_one_key_away() {
    for keys in OPENS {
        let mut bench = opened(keys);
        let first = moved(&mut bench, keys, KeyCode::Home);
        let again = moved(&mut bench, keys, KeyCode::Home);
        assert_eq!(first, again, "{keys}");
        let last = moved(&mut bench, keys, KeyCode::End);
        if last == first {
            assert!(
                ["x", "I", "i"].contains(keys),
                "{keys} does not move:\n{first}"
            );
            continue;
        }
        assert_eq!(last, moved(&mut bench, keys, KeyCode::End), "{keys}");
        assert_eq!(
            first,
            moved(&mut bench, keys, KeyCode::Home),
            "{keys}: back to the first"
        );
        let line = moved(&mut bench, keys, KeyCode::Down);
        moved(&mut bench, keys, KeyCode::Home);
        let page = moved(&mut bench, keys, KeyCode::PageDown);
        assert_ne!(line, page, "{keys}: a page is a line");
        assert_ne!(first, page, "{keys}: a page does not move");
        assert_eq!(
            first,
            moved(&mut bench, keys, KeyCode::PageUp),
            "{keys}: a page back"
        );
        for _ in 0..500 {
            let before = moved(&mut bench, keys, KeyCode::PageDown);
            if before == moved(&mut bench, keys, KeyCode::PageDown) {
                break;
            }
        }
        assert_eq!(
            last,
            moved(&mut bench, keys, KeyCode::PageDown),
            "{keys}: pages end at the last"
        );
    }
}

#[test]
fn a_card_is_paged_by_what_is_seen_of_it_and_by_the_key_table() {
    let mut bench = opened("/prod-us/orders<Enter>");
    bench.keys("A<Enter>").wait(600);
    let first = bench.screen(100, 16);
    assert!(first.contains("PgUp PgDn"), "{first}");
    let last = press(&mut bench, KeyCode::End);
    assert_ne!(first, last);
    assert_eq!(first, press(&mut bench, KeyCode::Home));
    let line = press(&mut bench, KeyCode::PageDown);
    assert_ne!(first, line);
    assert_eq!(first, press(&mut bench, KeyCode::PageUp));
}

/// A key that is bound to something else moves where it is bound to, and letters stay text.
#[test]
fn the_keys_of_lists_come_from_the_key_map() {
    let own = b"page-down: [F5]\n".as_slice();
    let keys = Keys::read(Some(("keymap.yaml", own)), TABLE).unwrap();
    let moves = |code| keys.moves(KeyEvent::new(code, KeyModifiers::NONE));
    assert_eq!(
        moves(KeyCode::F(5)),
        Some(crate::tui::motion::Motion::PageDown)
    );
    assert_eq!(moves(KeyCode::PageDown), None);
    assert_eq!(moves(KeyCode::Char('j')), None, "a letter is text");
    let held = KeyEvent::new(KeyCode::Char('d'), KeyModifiers::CONTROL);
    assert_eq!(keys.moves(held), Some(crate::tui::motion::Motion::HalfDown));
}

/// What a record says stands as it is written.
#[test]
fn the_raw_record_keeps_its_indentation_on_the_screen_and_in_a_copy() {
    let mut bench = opened("/dev/orders<Enter>");
    bench.keys("jD").wait(100);
    let screen = bench.screen(100, 30);
    let quoted: Vec<usize> = screen
        .lines()
        .filter_map(|line| line.split_once("\u{2502} ")?.1.find('"'))
        .collect();
    assert!(
        quoted.contains(&2) && quoted.contains(&4),
        "{quoted:?}\n{screen}"
    );
    bench.console.wishes();
    bench.keys("yy");
    let copied = format!("{:?}", bench.console.wishes());
    assert!(copied.contains(r#"\n  \"id\""#), "{copied}");
}
