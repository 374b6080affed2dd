//! Keys to actions: sequences, the scope of the focused pane before the keys that hold everywhere,
//! and how keys are written for people.

use crokey::{KeyCombination, OneToThree};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::config::{Keymap, Rule};
use crate::text::diagnostic::Diagnostics;

use super::actions::{self, Action, Does, Scope};
use super::motion::Motion;
use super::panes::{PaneDef, TABLE};

/// The default keys of all that is no pane; those of the panes stand in their table.
const DEFAULT: &str = include_str!("../../config/keymap.yaml");

/// No keys at all.
pub static NONE: Keys = Keys {
    actions: Vec::new(),
    bindings: Vec::new(),
    begun: Vec::new(),
};

/// The default key map of a console with these panes.
#[must_use]
pub fn default_map(panes: &[PaneDef]) -> String {
    panes.iter().fold(DEFAULT.to_owned(), |map, pane| {
        format!("{map}{}: [{:?}]\n", pane.name, pane.key)
    })
}

/// What the keys so far mean.
#[derive(Debug, Clone)]
pub enum Meaning {
    /// Nothing.
    None,
    /// The beginning of a sequence.
    Begun,
    /// An action.
    Action(Action),
    /// Nothing here; an action of another scope, and the keys.
    Elsewhere(Action, String),
}

/// The actions, their keys, and the sequence that was begun.
#[derive(Debug, Clone)]
pub struct Keys {
    actions: Vec<Action>,
    bindings: Vec<(Vec<KeyCombination>, Action)>,
    begun: Vec<KeyCombination>,
}

impl Keys {
    /// The keys of a console with these panes: the default map and, over it, a person's own (its
    /// name and bytes).
    ///
    /// # Errors
    /// Everything that is wrong with a person's own map.
    pub fn read(own: Option<(&str, &[u8])>, panes: &[PaneDef]) -> Result<Self, Diagnostics> {
        let actions = actions::all(panes);
        let rule = |action: &Action| Rule {
            name: action.name,
            mutates: action.changes(),
            scope: action.scope.word(),
        };
        let rules: Vec<Rule<'static>> = actions.iter().map(rule).collect();
        let map = Keymap::read(("keymap.yaml", default_map(panes).as_bytes()), own, &rules)?;
        // Actions that do not exist were refused when the map was read.
        let action = |name: &str| actions.iter().find(|action| action.name == name).copied();
        let bindings = map
            .bindings
            .iter()
            .filter_map(|(keys, name)| {
                Some((keys.iter().copied().map(plain).collect(), action(name)?))
            })
            .collect();
        Ok(Self {
            actions,
            bindings,
            begun: Vec::new(),
        })
    }

    /// All actions, in the order of help and README.
    #[must_use]
    pub fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// The action of that name.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<Action> {
        self.actions
            .iter()
            .find(|action| action.name == name)
            .copied()
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
            Meaning::None | Meaning::Action(_) | Meaning::Elsewhere(..) => self.begun.clear(),
        }
        meaning
    }

    /// The motion of a key that is no text, wherever text is typed: arrows, pages, ends.
    #[must_use]
    pub fn moves(&self, key: KeyEvent) -> Option<Motion> {
        let held = KeyModifiers::CONTROL | KeyModifiers::ALT;
        if matches!(key.code, KeyCode::Char(_)) && !key.modifiers.intersects(held) {
            return None;
        }
        let key = plain(KeyCombination::from(key));
        self.bindings
            .iter()
            .find_map(|(keys, action)| match action.does {
                Does::Move(motion) if action.scope == Scope::Everywhere => {
                    (keys.as_slice() == [key]).then_some(motion)
                }
                Does::Move(_) | Does::Show(_) | Does::Change(_) => None,
            })
    }

    fn look(&self, scope: Scope) -> Meaning {
        for wanted in [scope, Scope::Everywhere] {
            let mut begun = false;
            for (keys, action) in self
                .bindings
                .iter()
                .filter(|(_, action)| action.scope == wanted)
            {
                if *keys == self.begun {
                    return Meaning::Action(*action);
                }
                begun |= keys.starts_with(&self.begun);
            }
            if begun {
                return Meaning::Begun;
            }
        }
        let elsewhere = self.bindings.iter().find(|(keys, _)| *keys == self.begun);
        elsewhere.map_or(Meaning::None, |(keys, action)| {
            Meaning::Elsewhere(*action, text(keys))
        })
    }

    /// Forgets a sequence that was begun; true when there was one.
    pub fn forget(&mut self) -> bool {
        !std::mem::take(&mut self.begun).is_empty()
    }

    /// The sequence that was begun, written, with what may follow: `y` and `c copy the command`.
    #[must_use]
    pub fn begun(&self) -> Option<(String, Vec<(String, Action)>)> {
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
        self.bindings
            .iter()
            .filter(|(_, action)| action.name == name)
            .map(|(keys, _)| text(keys))
            .collect()
    }

    /// The first key of an action, or nothing.
    #[must_use]
    pub fn first(&self, name: &str) -> String {
        self.of(name).into_iter().next().unwrap_or_default()
    }
}

/// The same key in one form, whether or not the terminal reports Shift for signs.
fn plain(key: KeyCombination) -> KeyCombination {
    let OneToThree::One(code) = key.codes else {
        return key;
    };
    let mut modifiers =
        key.modifiers & (KeyModifiers::SHIFT | KeyModifiers::CONTROL | KeyModifiers::ALT);
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
    let OneToThree::One(code) = key.codes else {
        return key.to_string();
    };
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
    for (modifier, text) in [
        (KeyModifiers::CONTROL, "Ctrl-"),
        (KeyModifiers::ALT, "Alt-"),
    ] {
        if key.modifiers.contains(modifier) {
            out.push_str(text);
        }
    }
    if key.modifiers.contains(KeyModifiers::SHIFT)
        && !matches!(code, KeyCode::Char(_) | KeyCode::BackTab)
    {
        out.push_str("Shift-");
    }
    out + &name
}

/// The key table of the README, written from the actions and the default key map.
///
/// # Errors
/// When the default key map cannot be read; a test shows that it can.
pub fn keys_markdown() -> Result<String, Diagnostics> {
    use std::fmt::Write as _;
    let keys = Keys::read(None, TABLE)?;
    let mut out = String::new();
    for scope in Scope::ALL {
        let _ = writeln!(out, "**{}**\n\n| key | does |\n|---|---|", scope.title());
        for action in keys.actions.iter().filter(|action| action.scope == scope) {
            let written = keys
                .of(action.name)
                .iter()
                .map(|key| format!("`{}`", key.replace('|', "\\|")))
                .collect::<Vec<_>>()
                .join(" ");
            let written = if written.is_empty() {
                format!("`:{}`", action.name)
            } else {
                written
            };
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
        Keys::read(None, TABLE).unwrap()
    }

    #[test]
    fn the_default_map_is_sound_and_the_table_names_every_action() {
        let table = keys_markdown().unwrap();
        for action in keys().actions() {
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
            Meaning::Elsewhere(action, _) => action.doc,
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
            (Scope::Map, 'e', "first-error"),
            (Scope::Lists, 'p', "critical path of the plan, on or off"),
            (Scope::Lists, '~', "nothing"),
        ] {
            assert_eq!(name(keys.press(press(c), scope)), is, "{c} in {scope:?}");
        }
        let shifted = KeyEvent::new(KeyCode::Char('?'), KeyModifiers::SHIFT);
        assert_eq!(
            name(keys.press(shifted, Scope::Lists)),
            "help",
            "a terminal may or may not report Shift for signs"
        );
    }
}
