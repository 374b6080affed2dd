//! What may be chosen of a change: a row for each flag. What is chosen here asks for another card;
//! nothing is done by it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::domain::flag::{Flags, Offered, Value};
use crate::tui::layers::foot;
use crate::tui::layers::paper::{self, Row};
use crate::tui::paint::{fit, pad};
use crate::tui::theme::{Role, Theme};

/// How wide a name and a value are shown.
const NAME: usize = 20;
const VALUE: usize = 24;
/// How far a page goes.
const PAGE: usize = 5;
/// The most that is typed for a value.
const LONGEST: usize = 200;

/// The rows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Choices {
    rows: Vec<Offered>,
    /// As they were on the card.
    were: Vec<Offered>,
    at: usize,
}

/// What becomes of the rows by a key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Chosen {
    /// They are shown on.
    Stay,
    /// The card comes back as it was.
    Back,
    /// Another card is asked for, with these flags.
    Ask(Flags),
}

impl Choices {
    /// These, as they are set; none where nothing may be chosen.
    pub(super) fn of(flags: &[Offered]) -> Option<Self> {
        (!flags.is_empty()).then(|| Self {
            rows: flags.to_vec(),
            were: flags.to_vec(),
            at: 0,
        })
    }

    pub(super) fn key(&mut self, key: KeyEvent) -> Chosen {
        match key.code {
            KeyCode::Esc | KeyCode::Tab | KeyCode::BackTab => return Chosen::Back,
            KeyCode::Enter if self.rows == self.were => return Chosen::Back,
            KeyCode::Enter => {
                let rows = self.rows.iter();
                let set = rows.map(|row| (row.name.clone(), row.value.clone()));
                return Chosen::Ask(set.collect());
            }
            KeyCode::Up => self.at = self.at.saturating_sub(1),
            KeyCode::Down => self.at = (self.at + 1).min(self.rows.len() - 1),
            KeyCode::PageUp => self.at = self.at.saturating_sub(PAGE),
            KeyCode::PageDown => self.at = (self.at + PAGE).min(self.rows.len() - 1),
            KeyCode::Home => self.at = 0,
            KeyCode::End => self.at = self.rows.len() - 1,
            KeyCode::Left => self.turn(false),
            KeyCode::Right => self.turn(true),
            KeyCode::Char(' ') if self.is_among() => self.turn(true),
            KeyCode::Backspace => self.typed(|text| {
                let _ = text.pop();
            }),
            KeyCode::Char('u') if key.modifiers == KeyModifiers::CONTROL => {
                self.typed(String::clear);
            }
            KeyCode::Char(c) if !key.modifiers.contains(KeyModifiers::CONTROL) => {
                self.typed(|text| text.push(c));
            }
            _ => {}
        }
        Chosen::Stay
    }

    fn is_among(&self) -> bool {
        let row = self.rows.get(self.at);
        row.is_some_and(|row| !row.among.is_empty())
    }

    /// The next value of those that there are, or the one before.
    fn turn(&mut self, forward: bool) {
        let Some(row) = self.rows.get_mut(self.at) else {
            return;
        };
        let all = row.among.len();
        let at = row.among.iter().position(|value| *value == row.value);
        let next = match (at, forward) {
            _ if all == 0 => return,
            (None, _) => 0,
            (Some(at), true) => (at + 1) % all,
            (Some(at), false) => (at + all - 1) % all,
        };
        row.value = row.among[next].clone();
    }

    fn typed(&mut self, change: impl FnOnce(&mut String)) {
        if self.is_among() {
            return;
        }
        let Some(row) = self.rows.get_mut(self.at) else {
            return;
        };
        let mut text = row.value.to_string();
        change(&mut text);
        if text.chars().count() <= LONGEST {
            row.value = Value::Text(text.as_str().into());
        }
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The row under the cursor.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn body(&self, theme: &Theme) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        for (n, row) in self.rows.iter().enumerate() {
            let here = n == self.at;
            let value = if row.among.is_empty() {
                format!("{}{}", row.value, if here { "_" } else { "" })
            } else {
                row.value.to_string()
            };
            let is_usual = row.value.to_string() == row.usual.to_string();
            let said = match (value.as_str(), is_usual) {
                ("", _) => "-".to_owned(),
                (value, _) => value.to_owned(),
            };
            let style = match (here, is_usual) {
                (_, false) => Role::Strong,
                (true, true) => Role::Text,
                (false, true) => Role::Dim,
            };
            let mark = if here { theme.glyphs.pointer() } else { " " };
            let before = self.were.get(n).filter(|was| was.value != row.value);
            let before = before.map_or_else(String::new, |was| {
                format!(
                    "was {}",
                    Some(was.value.to_string())
                        .filter(|was| !was.is_empty())
                        .as_deref()
                        .unwrap_or("-")
                )
            });
            rows.push(vec![
                (
                    format!("{mark} {}", pad(row.name.as_str(), NAME)),
                    theme.style(style),
                ),
                (pad(&fit(&said, VALUE), VALUE), theme.style(style)),
                (format!("  {before}"), theme.style(Role::Hint)),
            ]);
        }
        rows
    }

    /// What the row under the cursor means, and what the keys do: always in sight.
    pub(super) fn foot(&self, wide: usize, theme: &Theme) -> Vec<Row> {
        let mut rows: Vec<Row> = vec![Vec::new()];
        if let Some(row) = self.rows.get(self.at) {
            rows.extend(paper::labelled("MEANS", &row.says, wide, theme));
            let among: Vec<String> = row
                .among
                .iter()
                .map(ToString::to_string)
                .filter(|one| !one.is_empty())
                .collect();
            if !among.is_empty() {
                rows.extend(paper::labelled("ONE OF", &among.join(", "), wide, theme));
            }
        }
        let is_same = self.rows == self.were;
        let change = if self.is_among() {
            ("Left Right", "change")
        } else {
            ("letters", "type it")
        };
        let enter = if is_same {
            "back to the card"
        } else {
            "look at what that does"
        };
        let keys = [
            ("Up Down", "choose"),
            change,
            ("Enter", enter),
            ("Esc", "back"),
        ];
        rows.push(foot::keys(keys, theme));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, among: &[&str], value: &str) -> Offered {
        let text = |text: &&str| Value::Text((*text).into());
        Offered {
            name: name.parse().unwrap(),
            among: among.iter().map(text).collect(),
            value: text(&value),
            usual: text(&""),
            says: String::new(),
        }
    }

    fn choices() -> Choices {
        let rows = vec![
            row("version", &[], "v1"),
            row("way", &["", "update", "downtime"], ""),
        ];
        Choices {
            were: rows.clone(),
            rows,
            at: 0,
        }
    }

    fn press(choices: &mut Choices, codes: &[KeyCode]) -> Chosen {
        let mut last = Chosen::Stay;
        for code in codes {
            last = choices.key(KeyEvent::new(*code, KeyModifiers::NONE));
        }
        last
    }

    #[test]
    fn rows_are_typed_or_turned_and_asked_for_together() {
        let mut it = choices();
        let keys = [
            KeyCode::Backspace,
            KeyCode::Char('2'),
            KeyCode::Left,
            KeyCode::Down,
            KeyCode::Left,
            KeyCode::Char('x'),
            KeyCode::Enter,
        ];
        let Chosen::Ask(flags) = press(&mut it, &keys) else {
            panic!("another card is asked for");
        };
        let told: Vec<String> = flags
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(told, ["version=v2", "way=downtime"]);
    }

    #[test]
    fn what_is_as_it_was_asks_for_nothing() {
        for keys in [
            &[KeyCode::Enter][..],
            &[KeyCode::Down, KeyCode::Right, KeyCode::Left, KeyCode::Enter],
            &[KeyCode::Char('x'), KeyCode::Esc],
            &[KeyCode::Char('x'), KeyCode::Tab],
        ] {
            assert_eq!(press(&mut choices(), keys), Chosen::Back, "{keys:?}");
        }
        let mut ends = choices();
        press(
            &mut ends,
            &[KeyCode::Up, KeyCode::Down, KeyCode::Down, KeyCode::Down],
        );
        assert_eq!(ends.at, 1);
    }
}
