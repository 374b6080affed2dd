//! What no sequence of harmless keys can do.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Input {
    Key(KeyCode, KeyModifiers),
    Paste(String),
    Wait(u64),
}

/// Enter, Space, Esc, Tab, digits, arrows, h j k l, Ctrl with any letter, pastes of anything, and time.
fn harmless() -> impl Strategy<Value = Input> {
    use KeyCode::{BackTab, Char, Down, Enter, Esc, Left, Right, Tab, Up};
    let plain = prop::sample::select(vec![
        Enter,
        Enter,
        Esc,
        Tab,
        BackTab,
        Up,
        Down,
        Left,
        Right,
        Char(' '),
        Char('h'),
        Char('j'),
        Char('k'),
        Char('l'),
    ]);
    prop_oneof![
        6 => plain.prop_map(|code| Input::Key(code, KeyModifiers::NONE)),
        2 => (b'0'..=b'9').prop_map(|c| Input::Key(Char(char::from(c)), KeyModifiers::NONE)),
        2 => (b'a'..=b'z').prop_map(|c| Input::Key(Char(char::from(c)), KeyModifiers::CONTROL)),
        1 => prop_oneof![Just("prod-us down\r".to_owned()), Just("dev".to_owned()), Just("T".to_owned()), ".*"].prop_map(Input::Paste),
        2 => (0..3_000u64).prop_map(Input::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn harmless_keys_never_ask_for_a_change(
        inputs in prop::collection::vec(harmless(), 0..120),
        width in 30u16..200,
        height in 5u16..60,
        parted in prop::bool::weighted(0.3),
    ) {
        let mut bench = Bench::new(if parted { fixture::Scene::parted().world } else { fixture::scene() });
        for input in inputs {
            match input {
                Input::Key(code, modifiers) => drop(bench.press(KeyEvent::new(code, modifiers))),
                Input::Paste(text) => bench.console.paste(&text, bench.now),
                Input::Wait(ms) => drop(bench.wait(ms)),
            }
        }
        let _ = bench.buffer(width, height);
        prop_assert!(bench.desk.changing().is_empty(), "{:?}", bench.desk.changing());
    }
}
