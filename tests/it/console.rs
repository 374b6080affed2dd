//! The console in a real terminal, on the practice estate: from the first start to the last key.

use std::time::Duration;

use crate::program::Program;
use crate::pty::Terminal;
use crate::shot;

/// How long a key gets to show what it does. Keys follow each other at a hand's pace: Esc and a
/// letter at once are Alt and the letter, and a burst is a paste.
const GLANCE: Duration = Duration::from_millis(40);

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
    terminal.wait(
        "a stack that somebody else changes, or its lines",
        |screen| {
            let text = screen.contents();
            text.contains("RUN outside") || text.contains(" cwl ")
        },
    );
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
    terminal.wait("the frame in its new size", |screen| {
        screen.contents().contains("PRACTICE") && screen.size().1.get() == 80
    });
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

/// Every key of the key table in three panes. None ends the program, none leaves a frame without
/// the band, and no byte of foreign text reaches the terminal as a command.
#[test]
fn every_key_of_the_table_does_something_sane() {
    let keys = table();
    assert!(keys.len() > 60, "the key table could not be read: {keys:?}");
    let program = Program::practice();
    let mut terminal = open(&program, 120, 36);
    moves(&mut terminal);
    for pane in ["1", "4", "5"] {
        for (action, key) in keys.iter().filter(|(action, _)| {
            !matches!(action.as_str(), "quit" | "interrupt" | "suspend" | "back")
        }) {
            tap(&mut terminal, &[pane]);
            tap(&mut terminal, &key.split(' ').collect::<Vec<_>>());
            tap(&mut terminal, &["esc", "esc"]);
            terminal.wait(
                &format!("the band after {key} ({action}) in pane {pane}"),
                |screen| screen.contents().contains("PRACTICE"),
            );
        }
    }
    // The keys that leave: one asks, the other wants to be pressed twice.
    tap(&mut terminal, &["esc", "esc", "1", "q"]);
    terminal.wait_for("leave the console?");
    tap(&mut terminal, &["x"]);
    terminal.wait("a console that was not left", |screen| {
        !screen.contents().contains("leave the console?")
    });
    tap(&mut terminal, &["ctrl-c", "ctrl-c"]);
    assert_eq!(terminal.end().exit_code(), 0);
    assert!(restored(&terminal), "the terminal is not as it was");
    assert_eq!(foreign(terminal.written()), Vec::<String>::new());
}

/// The key table as the program has it: action and keys, by the names that terminals know.
fn table() -> Vec<(String, String)> {
    let text = holdpoint::tui::keys::default_map(holdpoint::tui::panes::TABLE);
    let map: std::collections::BTreeMap<String, Vec<String>> = serde_yaml::from_str(&text).unwrap();
    let mut keys = Vec::new();
    for (action, sequences) in map {
        for sequence in sequences {
            let named = |key: &str| {
                if key.chars().count() == 1 {
                    key.to_owned()
                } else {
                    key.to_lowercase()
                }
            };
            keys.push((
                action.clone(),
                sequence.split(' ').map(named).collect::<Vec<_>>().join(" "),
            ));
        }
    }
    keys
}

/// Commands to the terminal that we never send: titles, clipboards, strings of other kinds, the
/// bell.
fn foreign(bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for (at, pair) in bytes.windows(2).enumerate() {
        let clipboard = bytes[at..].starts_with(b"\x1b]52;");
        if matches!(pair, [0x1b, b']' | b'P' | b'X' | b'^' | b'_'])
            && !clipboard
            && !bytes[at..].starts_with(b"\x1b]11;?")
        {
            found
                .push(String::from_utf8_lossy(&bytes[at..(at + 20).min(bytes.len())]).into_owned());
        }
    }
    found
}

/// Moves down the list until the stack is the one on the right.
fn choose(terminal: &mut Terminal, stack: &str) {
    let shown = |terminal: &Terminal| {
        terminal
            .text()
            .lines()
            .nth(1)
            .is_some_and(|line| line.contains(&format!("  {stack} ")))
    };
    // Rows move while deployments begin and end: what was passed by is met from the top again.
    for step in 0..90 {
        if shown(terminal) {
            return;
        }
        tap(
            terminal,
            if step % 30 == 0 {
                &["1", "g", "g"]
            } else {
                &["j"]
            },
        );
        terminal.read_for(GLANCE * 2);
    }
    panic!("{stack} is not in the list:\n{}", terminal.text());
}

/// One key redeploys a service: the card or the countdown, the deployment on its map, the end; and
/// in production a card that wants its words. Writes the pictures of the README from these frames
/// where asked: `HOLDPOINT_SHOTS=FOLDER cargo test --test it redeploys`.
#[test]
fn one_key_redeploys_a_service_and_production_asks_for_words() {
    let folder = std::env::var_os("HOLDPOINT_SHOTS").map(std::path::PathBuf::from);
    let picture = |terminal: &Terminal, name: &str| {
        if let Some(folder) = &folder {
            shot::write(folder, name, terminal.screen());
        }
    };
    let program = Program::practice();
    let mut terminal = open(&program, 120, 36);
    moves(&mut terminal);
    terminal.wait("what dev serves", |screen| {
        screen.contents().contains("dev               2/2")
            || screen.contents().matches(" OK ").count() > 5
    });
    tap(&mut terminal, &["?"]);
    terminal.wait_for("Keys that are valid here");
    picture(&terminal, "keys");
    tap(&mut terminal, &["esc"]);

    choose(&mut terminal, "dev/billing");
    insist(&mut terminal, "r", "ARMED");
    terminal.wait("the deployment under way", |screen| {
        screen.contents().contains("dev/billing  #1") && screen.contents().contains(" execute (")
    });
    terminal.read_for(Duration::from_secs(2));
    picture(&terminal, "console");

    choose(&mut terminal, "prod/orders");
    insist(&mut terminal, "M", "GUARDED");
    // Its database is replaced: what is typed is its name, and why.
    insist(&mut terminal, "r", "type  OrdersDb  to deploy:");
    terminal.read_for(Duration::from_secs(1));
    picture(&terminal, "card");
    type_words(&mut terminal, "OrdersDb");
    terminal.wait_for("why:");
    type_words(&mut terminal, "INC-881");

    terminal.wait("a hold before the scale-down", |screen| {
        screen.contents().contains(" HOLD ")
    });
    tap(&mut terminal, &["A", "enter"]);
    terminal.wait_for("prod down");
    terminal.read_for(Duration::from_secs(1));
    picture(&terminal, "hold");
    type_words(&mut terminal, "prod down");
    terminal.wait_for("approved #2.scale-down.1");
    terminal.wait_for("!! DOWN prod/orders 0/4");
    tap(&mut terminal, &["esc", "esc", "Q"]);
    assert_eq!(terminal.end().exit_code(), 0);
}

/// A site is provisioned by one key; then the menu names its branch, and nothing that brought no
/// release. What is built is told phase by phase, and what went well folds by itself.
#[test]
fn a_site_is_built_phase_by_phase_and_what_went_well_folds() {
    let program = Program::practice();
    let mut terminal = open(&program, 120, 36);
    moves(&mut terminal);
    choose(&mut terminal, "dev/docs");
    insist(&mut terminal, "r", "ARMED");
    terminal.wait("a site that is provisioned", |screen| {
        let text = screen.contents();
        text.contains("edges        Deployed") && text.contains("nothing runs, nothing waits")
    });
    choose(&mut terminal, "dev/docs");
    insist(&mut terminal, "n", "deploy branch main as it is now");
    assert!(
        !terminal.text().contains("redeploy the same ("),
        "{}",
        terminal.text()
    );
    tap(&mut terminal, &["esc"]);
    insist(&mut terminal, "r", "ARMED");
    tap(&mut terminal, &["l", "z"]);
    terminal.wait("a build whose first phases are folded", |screen| {
        let text = screen.contents();
        text.contains("> DOWNLOAD_SOURCE  SUCCEEDED") && text.contains("Running command npm")
    });
    tap(&mut terminal, &["q", "esc", "Q"]);
    assert_eq!(terminal.end().exit_code(), 0);
}

/// Presses a key until it shows what it is for: for half a second after the rows moved by
/// themselves, a key is refused.
fn insist(terminal: &mut Terminal, key: &str, shows: &str) {
    let refused = "have just moved";
    for _ in 0..20 {
        tap(terminal, &[key]);
        if terminal.comes(shows, Duration::from_secs(30), refused) {
            return;
        }
        // It may stand there since the key before, while what this one opened is still being drawn:
        // the key once more would be typed into that.
        terminal.read_for(Duration::from_secs(1));
        if !terminal.text().contains(refused) {
            return terminal.wait_for(shows);
        }
    }
    panic!("{key} does not show {shows:?}:\n{}", terminal.text());
}

/// Words into a card, at a hand's pace: what comes at once is a paste, and a paste confirms
/// nothing.
fn type_words(terminal: &mut Terminal, words: &str) {
    for letter in words.chars() {
        terminal.send(letter.to_string().as_bytes());
        terminal.read_for(GLANCE * 2);
    }
    tap(terminal, &["enter"]);
}
