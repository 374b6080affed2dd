//! A key that is shown works or says why, from every pane, at every size.

use super::*;
use crate::tui::keys::Keys;
use crate::tui::panes::TABLE;

fn settled(pane: &str) -> Bench {
    let mut bench = Bench::new(fixture::scene());
    *bench.desk.lines.lock().unwrap() = some_lines(&fixture::id("prod-us/billing"));
    bench.wait(10_000).keys(pane).wait(600);
    bench
}

/// The keys that a screen shows: in brackets anywhere, and before their words in the line of hints.
fn shown(screen: &str, keys: &Keys) -> Vec<String> {
    let known: Vec<String> = keys
        .actions()
        .iter()
        .flat_map(|action| keys.of(action.name))
        .collect();
    let brackets = screen
        .split('[')
        .skip(1)
        .filter_map(|rest| rest.split_once(']'))
        .map(|(inside, _)| inside);
    let lines: Vec<&str> = screen.lines().collect();
    let hints = lines.len().checked_sub(2).map_or("", |at| lines[at]);
    let hinted = hints
        .split_whitespace()
        .filter(|word| word.chars().count() == 1 && *word != "|");
    let mut found: Vec<String> = brackets
        .chain(hinted)
        .filter(|word| known.iter().any(|key| key == word))
        .map(str::to_owned)
        .collect();
    found.sort();
    found.dedup();
    found
}

#[test]
fn a_key_that_is_shown_works_or_says_why() {
    let keys = Keys::read(None, TABLE).unwrap();
    for pane in TABLE {
        for (width, height) in [(120, 36), (80, 24), (60, 15)] {
            let mut still = settled(pane.key);
            let screen = still.screen(width, height);
            let found = shown(&screen, &keys);
            assert!(height < 20 || found.len() > 5, "{found:?}\n{screen}");
            // A key takes a tenth of a second: what has changed by then of itself is no answer to
            // it.
            let still = still.wait(100).screen(width, height);
            for key in found {
                let mut pressed = settled(pane.key);
                pressed.screen(width, height);
                let script = if key.chars().count() > 1 {
                    format!("<{key}>")
                } else {
                    key.clone()
                };
                assert_ne!(
                    still,
                    pressed.keys(&script).screen(width, height),
                    "{key} in {} at {width}x{height}",
                    pane.name
                );
            }
        }
    }
}

#[test]
fn a_key_of_another_pane_says_where_it_works() {
    for (pane, key, says) in [
        ("1", "p", "p works in pane 4: critical path"),
        ("1", "]w", "]w works in pane 5: next warning"),
        ("4", "t", "t works in pane 1: times as ages"),
        ("5", "p", "p works in pane 4"),
    ] {
        let screen = settled(pane).keys(key).screen(120, 36);
        assert!(screen.contains(says), "{key} in {pane}:\n{screen}");
    }
    // What is typed after that is a name, wherever the keys were.
    let found = settled("4").keys("/orders").screen(120, 36);
    assert!(found.contains("/orders"), "{found}");
    let page = settled("1").keys("dp").screen(120, 36);
    assert!(page.contains("close this first: Esc"), "{page}");
}

/// While letters are text, no key is named that would be one.
#[test]
fn what_is_open_names_its_own_keys() {
    for (open, says) in [
        ("/", "Esc leaves; every letter is text"),
        (":", "Esc leaves; every letter is text"),
        ("d", "j scroll  yy copy  Esc close"),
    ] {
        let screen = settled("1").keys(open).screen(120, 36);
        let hints = screen.lines().nth(34).unwrap();
        assert!(
            hints.contains(says) && !hints.contains("palette"),
            "{hints}"
        );
    }
}
