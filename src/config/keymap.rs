//! The key map: action names to keys. Which actions exist and which change anything is told by the
//! caller; this room refuses keys that clash, and keys under which nothing that changes may ever
//! stand.

use std::collections::BTreeMap;

use crokey::KeyCombination;
use crokey::OneToThree;
use crossterm::event::{KeyCode, KeyModifiers};

use super::shape;
use crate::text::diagnostic::{At, Diagnostics, closest};
use crate::text::document::{self, Limits, Source};

/// What the loader must know of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule<'a> {
    /// Its name in the file.
    pub name: &'a str,
    /// Whether it can change anything outside the console.
    pub mutates: bool,
    /// Where its keys are valid. Keys clash only within a scope: a pane's own key goes before a
    /// global one.
    pub scope: &'a str,
}

/// Keys by action, checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keymap {
    /// Sequences of keys and the action they start, in the order of the file.
    pub bindings: Vec<(Vec<KeyCombination>, String)>,
}

impl Keymap {
    /// Reads the default map and, over it, a person's own: an action that stands there has those
    /// keys and no others.
    ///
    /// # Errors
    /// Everything that is wrong with either file.
    pub fn read(
        default: (&str, &[u8]),
        own: Option<(&str, &[u8])>,
        rules: &[Rule<'_>],
    ) -> Result<Keymap, Diagnostics> {
        let mut found = Diagnostics::default();
        let mut entries: Vec<Entry> = Vec::new();
        for (name, bytes) in std::iter::once(default).chain(own) {
            match file(name, bytes, rules, &mut found) {
                Ok(read) => {
                    entries.retain(|old| !read.iter().any(|(action, _)| *action == old.action));
                    entries.extend(read.into_iter().flat_map(|(_, entries)| entries));
                }
                Err(more) => found.0.extend(more.0),
            }
        }
        clashes(&entries, rules, &mut found);
        found.settle();
        if found.is_empty() {
            Ok(Keymap {
                bindings: entries
                    .into_iter()
                    .map(|entry| (entry.keys, entry.action))
                    .collect(),
            })
        } else {
            Err(found)
        }
    }

    /// The sequences of an action.
    pub fn keys<'a>(&'a self, action: &'a str) -> impl Iterator<Item = &'a [KeyCombination]> + 'a {
        self.bindings
            .iter()
            .filter(move |(_, name)| name == action)
            .map(|(keys, _)| keys.as_slice())
    }
}

struct Entry {
    source: Source,
    at: At,
    keys: Vec<KeyCombination>,
    action: String,
}

fn file(
    name: &str,
    bytes: &[u8],
    rules: &[Rule<'_>],
    found: &mut Diagnostics,
) -> Result<Vec<(String, Vec<Entry>)>, Diagnostics> {
    let (source, root) = document::read(name, bytes, Limits::CONFIGURATION)?;
    shape::read::<BTreeMap<String, Vec<String>>>(&source, &root)?;
    let mut read = Vec::new();
    for (action, keys) in root.entries() {
        let Some(rule) = rules.iter().find(|rule| rule.name == action.name) else {
            let hint = closest(&action.name, rules.iter().map(|rule| rule.name)).map_or_else(
                || "`?` lists all actions".to_owned(),
                |near| format!("did you mean {near:?}?"),
            );
            found.0.push(source.diagnostic(
                "unknown-action",
                action.at,
                format!("there is no action {:?}", action.name),
                hint,
            ));
            continue;
        };
        let mut entries = Vec::new();
        for node in keys.items() {
            match sequence(node.text().unwrap_or_default()) {
                Err(says) => {
                    let hint = "write keys as r, G, Ctrl-d, F2, PageUp, or several: g g";
                    found.0.push(source.diagnostic("key", node.at, says, hint));
                }
                Ok(keys) => {
                    if let Some(key) = keys
                        .iter()
                        .copied()
                        .find(|key| rule.mutates && harmless(*key))
                    {
                        let says = format!(
                            "{:?} changes things and may not stand under {key}",
                            action.name
                        );
                        let hint = "Enter, Space, Esc, Tab, digits, arrows, h j k l and Ctrl with a letter never change anything";
                        found
                            .0
                            .push(source.diagnostic("harmless-key", node.at, says, hint));
                    }
                    entries.push(Entry {
                        source: source.clone(),
                        at: node.at,
                        keys,
                        action: action.name.clone(),
                    });
                }
            }
        }
        read.push((action.name.clone(), entries));
    }
    Ok(read)
}

/// The same keys twice, or keys that begin another sequence, within a scope.
fn clashes(entries: &[Entry], rules: &[Rule<'_>], found: &mut Diagnostics) {
    let scope = |entry: &Entry| {
        rules
            .iter()
            .find(|rule| rule.name == entry.action)
            .map(|rule| rule.scope)
    };
    for (n, entry) in entries.iter().enumerate() {
        for other in entries[..n]
            .iter()
            .filter(|other| scope(other) == scope(entry))
        {
            let shared = entry.keys.len().min(other.keys.len());
            if entry.keys[..shared] == other.keys[..shared] {
                let says = if entry.keys == other.keys {
                    format!(
                        "{} is bound to {:?} already, in {} on line {}",
                        text(&entry.keys),
                        other.action,
                        other.source.name,
                        other.at.line
                    )
                } else {
                    format!(
                        "{} and {} of {:?} begin alike: one would never be reached",
                        text(&entry.keys),
                        text(&other.keys),
                        other.action
                    )
                };
                found.0.push(entry.source.diagnostic(
                    "clash",
                    entry.at,
                    says,
                    "choose another key for one of them",
                ));
            }
        }
    }
}

/// A sequence of keys separated by spaces.
fn sequence(written: &str) -> Result<Vec<KeyCombination>, String> {
    let keys: Vec<KeyCombination> = written
        .split_whitespace()
        .map(|word| key(word).ok_or_else(|| format!("{word:?} is not a key")))
        .collect::<Result<_, _>>()?;
    match keys.len() {
        0 => Err("no key is named here".to_owned()),
        1..=3 => Ok(keys),
        n => Err(format!("{written:?} has {n} keys; at most three in a row")),
    }
}

/// One key; `G` is Shift and g.
fn key(word: &str) -> Option<KeyCombination> {
    let mut chars = word.chars();
    let read = match (chars.next(), chars.next()) {
        (Some(c), None) => KeyCombination::one_key(KeyCode::Char(c), KeyModifiers::NONE),
        _ => crokey::parse(word).ok()?,
    };
    matches!(read.codes, OneToThree::One(_)).then(|| read.normalized())
}

/// Keys that people press from habit: nothing that changes anything may stand under them.
fn harmless(key: KeyCombination) -> bool {
    let OneToThree::One(code) = key.codes else {
        return true;
    };
    match code {
        KeyCode::Enter
        | KeyCode::Esc
        | KeyCode::Tab
        | KeyCode::BackTab
        | KeyCode::Left
        | KeyCode::Right
        | KeyCode::Up
        | KeyCode::Down => true,
        KeyCode::Char(c) if key.modifiers.contains(KeyModifiers::CONTROL) => {
            c.is_alphabetic() || c == ' '
        }
        KeyCode::Char(c) => c == ' ' || c.is_ascii_digit() || matches!(c, 'h' | 'j' | 'k' | 'l'),
        _ => false,
    }
}

fn text(keys: &[KeyCombination]) -> String {
    keys.iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &[Rule<'_>] = &[
        Rule {
            name: "redeploy",
            mutates: true,
            scope: "lists",
        },
        Rule {
            name: "teardown",
            mutates: true,
            scope: "lists",
        },
        Rule {
            name: "top",
            mutates: false,
            scope: "global",
        },
        Rule {
            name: "logs",
            mutates: false,
            scope: "lists",
        },
        Rule {
            name: "right",
            mutates: false,
            scope: "map",
        },
    ];

    fn read(text: &str) -> Result<Keymap, Diagnostics> {
        Keymap::read(("keymap.yaml", text.as_bytes()), None, RULES)
    }

    fn codes(text: &str) -> Vec<&'static str> {
        read(text)
            .unwrap_err()
            .0
            .iter()
            .map(|one| one.code)
            .collect()
    }

    #[test]
    fn reads_keys_and_sequences() {
        let map =
            read("redeploy: [r]\ntop: [g g, Home, Ctrl-u]\nlogs: [l, L]\nright: [l, \"?\"]\n")
                .unwrap();
        assert_eq!(map.keys("top").count(), 3);
        assert_eq!(map.keys("top").next().unwrap().len(), 2);
        let upper = map.keys("logs").nth(1).unwrap()[0];
        assert_eq!(
            upper,
            KeyCombination::one_key(KeyCode::Char('L'), KeyModifiers::SHIFT)
        );
    }

    #[test]
    fn a_persons_file_replaces_the_keys_of_an_action() {
        let own = ("own.yaml", "redeploy: [R]\n".as_bytes());
        let map = Keymap::read(
            ("keymap.yaml", b"redeploy: [r]\nlogs: [l]\n"),
            Some(own),
            RULES,
        )
        .unwrap();
        assert_eq!(text(map.keys("redeploy").next().unwrap()), "Shift-r");
        assert_eq!(map.bindings.len(), 2);
        let clash = Keymap::read(
            ("keymap.yaml", b"redeploy: [r]\nlogs: [L]\n"),
            Some(("own.yaml", b"redeploy: [L]\n")),
            RULES,
        )
        .unwrap_err();
        assert!(
            clash.to_string().contains("own.yaml:1:12")
                && clash.to_string().contains("keymap.yaml on line 2"),
            "{clash}"
        );
    }

    #[test]
    fn nothing_that_changes_stands_under_a_habit() {
        for key in [
            "Enter", "Space", "Esc", "Tab", "backtab", "Up", "Down", "Left", "Right", "h", "j",
            "k", "l", "7", "Ctrl-d", "g j", "Shift-Up",
        ] {
            assert_eq!(
                codes(&format!("redeploy: [\"{key}\"]")),
                ["harmless-key"],
                "{key}"
            );
            assert!(read(&format!("top: [\"{key}\"]")).is_ok(), "{key}");
        }
        for key in ["r", "J", "H", "F5", "x", "g r", "Alt-r"] {
            assert!(read(&format!("redeploy: [\"{key}\"]")).is_ok(), "{key}");
        }
    }

    #[test]
    fn everything_wrong_at_once() {
        let text = "redeploy: [r, r]\nteardwon: [T]\nteardown: [nokey, \"\"]\nlogs: [g]\ntop: g\n";
        assert_eq!(codes(text), ["kind"]);
        let text = "redeploy: [r]\nteardwon: [T]\nteardown: [nokey, r, \"\"]\nlogs: [g, g l]\n";
        assert_eq!(
            codes(text),
            ["unknown-action", "key", "clash", "key", "clash"]
        );
        assert!(
            read(text)
                .unwrap_err()
                .to_string()
                .contains("did you mean \"teardown\"?")
        );
    }
}
