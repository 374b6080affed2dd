//! Keys to actions: sequences, the scope of the focused pane before the keys that hold everywhere, and how keys are written for people.

use crokey::{KeyCombination, OneToThree};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::config::{Keymap, Rule};

use super::actions::{self, Action, Scope};

/// The default key map.
pub const DEFAULT: &str = include_str!("../../config/keymap.yaml");

/// What the keys so far mean.
#[derive(Debug, Clone, Copy)]
pub enum Meaning {
    /// Nothing.
    None,
    /// The beginning of a sequence.
    Begun,
    /// An action.
    Action(&'static Action),
}

/// The key map in use, and the sequence that was begun.
#[derive(Debug, Clone)]
pub struct Keys {
    bindings: Vec<(Vec<KeyCombination>, &'static Action)>,
    begun: Vec<KeyCombination>,
}

impl Keys {
    /// From a checked key map; actions that do not exist were refused when it was read.
    #[must_use]
    pub fn new(map: &Keymap) -> Self {
        let bindings = map
            .bindings
            .iter()
            .filter_map(|(keys, name)| Some((keys.iter().copied().map(plain).collect(), actions::named(name)?)))
            .collect();
        Self { bindings, begun: Vec::new() }
    }

    /// What the loader of key maps must know of the actions.
    #[must_use]
    pub fn rules() -> Vec<Rule<'static>> {
        actions::ALL.iter().map(|action| Rule { name: action.name, mutates: action.changes(), scope: action.scope.word() }).collect()
    }

    /// Takes a key in a scope: the scope's own bindings come first.
    pub fn press(&mut self, key: KeyEvent, scope: Scope) -> Meaning {
        self.begun.push(plain(KeyCombination::from(key)));
        let meaning = self.look(scope);
        match meaning {
            Meaning::Begun => {}
            Meaning::None if self.begun.len() > 1 => {
                // What ends no sequence is read as a key of its own.
                self.begun.clear();
                return self.press(key, scope);
            }
            Meaning::None | Meaning::Action(_) => self.begun.clear(),
        }
        meaning
    }

    fn look(&self, scope: Scope) -> Meaning {
        for wanted in [scope, Scope::Everywhere] {
            let mut begun = false;
            for (keys, action) in self.bindings.iter().filter(|(_, action)| action.scope == wanted) {
                if *keys == self.begun {
                    return Meaning::Action(action);
                }
                begun |= keys.starts_with(&self.begun);
            }
            if begun {
                return Meaning::Begun;
            }
        }
        Meaning::None
    }

    /// Forgets a sequence that was begun; true when there was one.
    pub fn forget(&mut self) -> bool {
        !std::mem::take(&mut self.begun).is_empty()
    }

    /// The sequence that was begun, written, with what may follow: `y` and `c copy the command`.
    #[must_use]
    pub fn begun(&self) -> Option<(String, Vec<(String, &'static Action)>)> {
        if self.begun.is_empty() {
            return None;
        }
        let follow = self
            .bindings
            .iter()
            .filter(|(keys, _)| keys.len() > self.begun.len() && keys.starts_with(&self.begun))
            .map(|(keys, action)| (text(&keys[self.begun.len()..]), *action))
            .collect();
        Some((text(&self.begun), follow))
    }

    /// The keys of an action, written for people; empty when it has none.
    #[must_use]
    pub fn of(&self, name: &str) -> Vec<String> {
        self.bindings.iter().filter(|(_, action)| action.name == name).map(|(keys, _)| text(keys)).collect()
    }

    /// The first key of an action, or nothing.
    #[must_use]
    pub fn first(&self, name: &str) -> String {
        self.of(name).into_iter().next().unwrap_or_default()
    }
}

/// The same key in one form, whether or not the terminal reports Shift for signs.
fn plain(key: KeyCombination) -> KeyCombination {
    let OneToThree::One(code) = key.codes else { return key };
    let mut modifiers = key.modifiers & (KeyModifiers::SHIFT | KeyModifiers::CONTROL | KeyModifiers::ALT);
    if let KeyCode::Char(c) = code {
        modifiers.set(KeyModifiers::SHIFT, c.is_uppercase());
    }
    if code == KeyCode::BackTab {
        modifiers.insert(KeyModifiers::SHIFT);
    }
    KeyCombination::one_key(code, modifiers)
}

/// Keys as people write them: `gg`, `Ctrl-d`, `]f`, `PgUp`.
fn text(keys: &[KeyCombination]) -> String {
    keys.iter().map(|key| word(*key)).collect()
}

fn word(key: KeyCombination) -> String {
    let OneToThree::One(code) = key.codes else { return key.to_string() };
    let name = match code {
        KeyCode::Char(' ') => "Space".to_owned(),
        KeyCode::Char(c) => c.to_string(),
        KeyCode::F(n) => format!("F{n}"),
        KeyCode::PageUp => "PgUp".to_owned(),
        KeyCode::PageDown => "PgDn".to_owned(),
        KeyCode::BackTab => "Shift-Tab".to_owned(),
        other => other.to_string(),
    };
    let mut out = String::new();
    for (modifier, text) in [(KeyModifiers::CONTROL, "Ctrl-"), (KeyModifiers::ALT, "Alt-")] {
        if key.modifiers.contains(modifier) {
            out.push_str(text);
        }
    }
    if key.modifiers.contains(KeyModifiers::SHIFT) && !matches!(code, KeyCode::Char(_) | KeyCode::BackTab) {
        out.push_str("Shift-");
    }
    out + &name
}

/// The key table of the README, written from the actions and the default key map.
///
/// # Errors
/// When the default key map cannot be read; a test shows that it can.
pub fn keys_markdown() -> Result<String, crate::domain::diagnostic::Diagnostics> {
    use std::fmt::Write as _;
    let keys = Keys::new(&Keymap::read(("keymap.yaml", DEFAULT.as_bytes()), None, &Keys::rules())?);
    let mut out = String::new();
    for scope in Scope::ALL {
        let _ = writeln!(out, "**{}**\n\n| key | does |\n|---|---|", scope.title());
        for action in actions::ALL.iter().filter(|action| action.scope == scope) {
            let written = keys.of(action.name).iter().map(|key| format!("`{}`", key.replace('|', "\\|"))).collect::<Vec<_>>().join(" ");
            let written = if written.is_empty() { format!("`:{}`", action.name) } else { written };
            let _ = writeln!(out, "| {written} | {} |", action.doc);
        }
        out.push('\n');
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        Keys::new(&Keymap::read(("keymap.yaml", DEFAULT.as_bytes()), None, &Keys::rules()).unwrap())
    }

    #[test]
    fn the_default_map_is_sound_and_the_table_names_every_action() {
        let table = keys_markdown().unwrap();
        for action in actions::ALL {
            assert!(table.contains(action.doc), "{}", action.name);
        }
        assert!(table.contains("| `r` | redeploy"), "{table}");
    }

    #[test]
    fn a_scope_goes_before_the_keys_of_everywhere_and_a_broken_sequence_is_a_key_of_its_own() {
        let mut keys = keys();
        let press = |c: char| KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
        let name = |meaning: Meaning| match meaning {
            Meaning::Action(action) => action.name,
            Meaning::Begun => "begun",
            Meaning::None => "nothing",
        };
        for (scope, c, is) in [
            (Scope::Lists, 'l', "logs"),
            (Scope::Map, 'l', "right"),
            (Scope::Log, 'n', "log-next-match"),
            (Scope::Lists, 'n', "release"),
            (Scope::Log, 'y', "log-copy"),
            (Scope::Lists, 'y', "begun"),
            (Scope::Lists, 'c', "copy-command"),
            (Scope::Lists, 'g', "begun"),
            (Scope::Lists, 'r', "redeploy"),
        ] {
            assert_eq!(name(keys.press(press(c), scope)), is, "{c} in {scope:?}");
        }
        let shifted = KeyEvent::new(KeyCode::Char('?'), KeyModifiers::SHIFT);
        assert_eq!(name(keys.press(shifted, Scope::Lists)), "help", "a terminal may or may not report Shift for signs");
    }
}
