//! What no sequence of harmless keys can do: in no pane of the table, and with nothing open that an
//! action of the table opens.

use std::sync::LazyLock;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;
use proptest::sample::Index;

use super::made_up::WITH_NOTES;
use super::*;
use crate::domain::class::EnvClass;
use crate::domain::request::Spec;
use crate::tui::keys::Keys;
use crate::world::World;
use crate::world::fixture::Scene;

#[derive(Debug, Clone)]
enum Input {
    Key(KeyCode, KeyModifiers),
    Paste(String),
    Wait(u64),
}

/// Enter, Space, Esc, Tab, digits, arrows, h j k l, Ctrl with any letter, pastes of anything, and
/// time.
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

fn feed(bench: &mut Bench, inputs: &[Input]) {
    for input in inputs {
        match input {
            Input::Key(code, modifiers) => drop(bench.press(KeyEvent::new(*code, *modifiers))),
            Input::Paste(text) => bench.console.paste(text, bench.now),
            Input::Wait(ms) => drop(bench.wait(*ms)),
        }
    }
}

static WORLD: LazyLock<World> = LazyLock::new(fixture::scene);

/// A part of the made-up system, held in a phase that no other system has and nobody has drawn.
fn printing() -> World {
    let (mut scene, stack) = (Scene::new(), "prod/gazette/sport");
    scene.env("prod", EnvClass::Production);
    let spec = Spec {
        system: "press".to_owned(),
        ..fixture::spec(stack, "1")
    };
    let d = scene
        .listed(stack, Ok(spec.clone()))
        .ago(60)
        .ask_to_replace(stack, spec);
    scene
        .start(stack, d)
        .weighed(d, "change-set", "join", &fixture::rows(true))
        .hold(d, "scale-down");
    assert_eq!(
        scene.world.folds.stack(&fixture::id(stack)).phase,
        "ORDERED"
    );
    scene.world
}

/// Opens what an action opens, in a pane and on the stack that many rows down, with its lock turned
/// or not.
fn opened(pane: &str, (down, turn): (usize, bool), action: &str) -> Bench {
    let mut bench = Bench::with(WORLD.clone(), &WITH_NOTES);
    bench.keys(&"j".repeat(down));
    bench.wait(600);
    if turn {
        bench.act("mode");
    }
    bench.act(pane).act(action);
    bench
}

/// How often a change was asked for. What is armed may be taken back from the menu: that is the end
/// of a wish, no change.
fn changes(bench: &Bench) -> usize {
    bench
        .changing()
        .iter()
        .filter(|ask| !matches!(ask, Ask::Undo { .. }))
        .count()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn harmless_keys_never_ask_for_a_change(
        inputs in prop::collection::vec(harmless(), 0..120),
        width in 30u16..200,
        height in 5u16..60,
        world in prop_oneof![4 => Just(WORLD.clone()), 1 => Just(Scene::parted().world), 1 => Just(Scene::in_part().0.world), 1 => Just(printing())],
    ) {
        let mut bench = Bench::with(world, &WITH_NOTES);
        feed(&mut bench, &inputs);
        let _ = bench.buffer(width, height);
        prop_assert!(bench.changing().is_empty(), "{:?}", bench.changing());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn nor_with_anything_open_in_any_pane(
        pane in any::<Index>(), action in any::<Index>(), at in (0usize..22, any::<bool>()), inputs in prop::collection::vec(harmless(), 1..40),
    ) {
        let keys = Keys::read(None, &WITH_NOTES).unwrap();
        let (pane, action) = (pane.get(&WITH_NOTES).name, action.get(keys.actions()).name);
        let mut bench = opened(pane, at, action);
        let before = changes(&bench);
        feed(&mut bench, &inputs);
        prop_assert_eq!(changes(&bench), before, "{} in {}: {:?}", action, pane, bench.changing());
    }
}

/// A freeze takes any reason at once, so keys that move are none: with the form open, and in a row.
#[test]
fn a_hand_that_moves_freezes_nothing() {
    for typed in ["h", "jjj", "4k", "hjkl"] {
        let mut bench = opened("pane-4", (4, false), "freeze");
        bench.wait(400).keys(typed).keys("<Enter>");
        assert_eq!(bench.changing(), [], "{typed}");
        bench.keys("x<Enter>");
        assert_eq!(bench.changing().len(), 1, "{typed}x");
    }
}

/// What was pasted is a reason once somebody has typed a word to it.
#[test]
fn a_text_that_was_pasted_freezes_nothing_by_itself() {
    let mut bench = opened("pane-4", (4, false), "freeze");
    bench.wait(400);
    bench.console.paste("prod-us down\r", bench.now);
    bench.keys("<Tab><Enter>").wait(2_000).keys("j<Enter>");
    assert_eq!(bench.changing(), []);
    bench.keys("INC<Enter>");
    assert_eq!(bench.changing().len(), 1);
}

/// The keys that people press to get rid of something, after every action: in production unlocked
/// and in development, pane after pane.
#[test]
fn the_keys_of_a_hasty_hand_change_nothing_after_any_action() {
    let keys = Keys::read(None, &WITH_NOTES).unwrap();
    for (n, action) in keys.actions().iter().enumerate() {
        for at in [(1, true), (7, false)] {
            let pane = WITH_NOTES[n % WITH_NOTES.len()].name;
            let mut bench = opened(pane, at, action.name);
            let before = changes(&bench);
            bench
                .wait(1_000)
                .keys("<Enter> <Enter><Tab><Enter><Down><Enter><Esc><Enter>");
            assert_eq!(
                changes(&bench),
                before,
                "{} in {pane}: {:?}",
                action.name,
                bench.changing()
            );
        }
    }
}
