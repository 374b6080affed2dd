//! The console in a real terminal, on the practice estate: from the first start to the last key.

use std::time::Duration;

use crate::program::Program;
use crate::pty::Terminal;
use crate::shot;

/// How long a key gets to show what it does. Keys follow each other at a hand's pace: Esc and a letter at once are Alt and the
/// letter, and a burst is a paste.
const GLANCE: Duration = Duration::from_millis(25);

fn tap(terminal: &mut Terminal, keys: &[&str]) {
    for key in keys {
        terminal.press(&[key]);
        terminal.read_for(GLANCE);
    }
}

fn open(program: &Program, columns: u16, rows: u16) -> Terminal {
    let mut terminal = Terminal::start(program.in_terminal(&[]), columns, rows);
    terminal.wait_for("PRACTICE");
    terminal
}

/// Something moves without anybody pressing a key.
fn moves(terminal: &mut Terminal) {
    terminal.wait("a stack that somebody else changes, or its lines", |screen| {
        let text = screen.contents();
        text.contains("RUN outside") || text.contains(" cwl ")
    });
}

/// The terminal is as it was found: the main screen, the cursor, no paste marks, no mouse.
fn restored(terminal: &Terminal) -> bool {
    let screen = terminal.screen();
    !screen.alternate_screen()
        && !screen.hide_cursor()
        && !screen.bracketed_paste()
        && matches!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None)
}

#[test]
fn the_first_start_shows_a_practice_estate_in_motion_and_leaves_the_terminal_as_it_was() {
    let program = Program::practice();
    let mut terminal = open(&program, 120, 36);
    for text in ["1 Stacks", "prod (practice)", "000000000000"] {
        terminal.wait_for(text);
    }
    moves(&mut terminal);
    terminal.resize(80, 24);
    terminal.wait("the frame in its new size", |screen| screen.contents().contains("PRACTICE") && screen.size().1.get() == 80);
    terminal.press(&["Q"]);
    assert_eq!(terminal.end().exit_code(), 0);
    assert!(restored(&terminal), "the terminal is not as it was");
}

#[test]
fn a_killed_console_costs_nothing() {
    let program = Program::practice();
    let mut terminal = open(&program, 100, 30);
    moves(&mut terminal);
    terminal.kill();
    let mut again = open(&program, 100, 30);
    again.press(&["Q"]);
    assert_eq!(again.end().exit_code(), 0);
}

/// Every key of the key table in three panes. None ends the program, none leaves a frame without the band, and no byte of foreign
/// text reaches the terminal as a command.
#[test]
fn every_key_of_the_table_does_something_sane() {
    let keys = table();
    assert!(keys.len() > 60, "the key table could not be read: {keys:?}");
    let program = Program::practice();
    let mut terminal = open(&program, 120, 36);
    moves(&mut terminal);
    for pane in ["1", "4", "5"] {
        for (action, key) in keys.iter().filter(|(action, _)| !matches!(action.as_str(), "quit" | "interrupt" | "suspend" | "back")) {
            tap(&mut terminal, &[pane]);
            tap(&mut terminal, &key.split(' ').collect::<Vec<_>>());
            tap(&mut terminal, &["esc", "esc"]);
            terminal.wait(&format!("the band after {key} ({action}) in pane {pane}"), |screen| screen.contents().contains("PRACTICE"));
        }
    }
    tap(&mut terminal, &["esc", "esc", "Q"]);
    assert_eq!(terminal.end().exit_code(), 0);
    assert!(restored(&terminal), "the terminal is not as it was");
    assert_eq!(foreign(terminal.written()), Vec::<String>::new());
}

/// The key table as the program has it: action and keys, by the names that terminals know.
fn table() -> Vec<(String, String)> {
    let text = include_str!("../../config/keymap.yaml");
    let map: std::collections::BTreeMap<String, Vec<String>> = serde_yaml::from_str(text).unwrap();
    let mut keys = Vec::new();
    for (action, sequences) in map {
        for sequence in sequences {
            let named = |key: &str| if key.chars().count() == 1 { key.to_owned() } else { key.to_lowercase() };
            keys.push((action.clone(), sequence.split(' ').map(named).collect::<Vec<_>>().join(" ")));
        }
    }
    keys
}

/// Commands to the terminal that we never send: titles, clipboards, strings of other kinds, the bell.
fn foreign(bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for (at, pair) in bytes.windows(2).enumerate() {
        let clipboard = bytes[at..].starts_with(b"\x1b]52;");
        if matches!(pair, [0x1b, b']' | b'P' | b'X' | b'^' | b'_']) && !clipboard && !bytes[at..].starts_with(b"\x1b]11;?") {
            found.push(String::from_utf8_lossy(&bytes[at..(at + 20).min(bytes.len())]).into_owned());
        }
    }
    found
}

/// Writes the pictures of the README from real frames; by hand or by `.ci/run`: `HOLDPOINT_SHOTS=FOLDER cargo test --test it shots`.
#[test]
fn shots_of_real_frames() {
    let Some(folder) = std::env::var_os("HOLDPOINT_SHOTS") else { return };
    let folder = std::path::PathBuf::from(folder);
    let program = Program::practice();
    let mut terminal = open(&program, 120, 36);
    moves(&mut terminal);
    shot::write(&folder, "console", terminal.screen());
    terminal.press(&["?"]);
    terminal.read_for(Duration::from_millis(500));
    shot::write(&folder, "keys", terminal.screen());
    tap(&mut terminal, &["esc", "Q"]);
    terminal.end();
}
