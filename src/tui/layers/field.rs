//! The field of a card. A word that confirms takes only what a person types now: keys from before
//! the card was there, repeats, pastes and bursts are not typing. A reason may be pasted.

use std::collections::VecDeque;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::domain::time::Time;

/// How long a card takes nothing after it was opened.
pub const DEAF: Duration = Duration::from_millis(400);
/// How long it takes nothing after its content changed.
pub const CHANGED: Duration = Duration::from_secs(2);
/// So many letters within [`BURST`] are a paste, however short the word: nobody types so fast.
const LETTERS: usize = 3;
const BURST: Duration = Duration::from_millis(30);
/// The longest text.
const LONGEST: usize = 240;

/// What a field holds, and so whether it may be pasted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// A word that confirms: typed by hand alone.
    Word,
    /// The same, until it begins with this: what follows is a reason.
    WordOr(&'static str),
    /// A reason, or whatever else confirms nothing.
    Reason,
}

/// What became of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typed {
    /// It was not for the field.
    Not,
    /// It changed the text.
    Taken,
    /// It was dropped: nothing is taken yet.
    Early,
    /// It was dropped: a key that is held down types nothing.
    Held,
    /// It was dropped: the text is as long as it may be.
    Full,
    /// Enter, typed by a person after the text.
    Enter,
    /// It came too fast for a person: the text is gone.
    Pasted,
    /// An Enter that came with a pasted reason: the text stays.
    Trailing,
}

/// The field.
#[derive(Debug, Clone)]
pub struct Field {
    holds: Holds,
    text: String,
    /// What of it was typed by hand, and not pasted.
    typed: String,
    dead_until: Time,
    first_at: Option<Time>,
    last_at: Option<Time>,
    /// When the letters of the last moment came.
    recent: VecDeque<Time>,
}

impl Field {
    /// An empty field that takes nothing for a moment.
    #[must_use]
    pub fn new(holds: Holds, now: Time) -> Self {
        Self {
            holds,
            text: String::new(),
            typed: String::new(),
            dead_until: now + DEAF,
            first_at: None,
            last_at: None,
            recent: VecDeque::new(),
        }
    }

    /// What was typed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What was typed by hand, whatever was pasted or taken back.
    #[must_use]
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// Until when nothing is taken.
    #[must_use]
    pub fn dead_until(&self) -> Time {
        self.dead_until
    }

    /// Whether nothing is taken now.
    #[must_use]
    pub fn is_dead(&self, now: Time) -> bool {
        now < self.dead_until
    }

    /// Forgets what was typed and takes nothing for that long.
    pub fn kill(&mut self, now: Time, long: Duration) {
        self.clear();
        self.first_at = None;
        self.last_at = None;
        self.dead_until = self.dead_until.max(now + long);
    }

    /// Forgets what was typed, and takes more at once.
    pub fn clear(&mut self) {
        self.text.clear();
        self.typed.clear();
    }

    /// Takes a paste into a reason, on one line; refuses it as a word that confirms: what was typed
    /// before it is gone as well.
    pub fn paste(&mut self, text: &str, now: Time) -> Typed {
        if !self.takes_pastes() {
            self.kill(now, DEAF);
            return Typed::Pasted;
        }
        if self.is_dead(now) {
            return Typed::Early;
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        let text = words.join(" ");
        let room = LONGEST.saturating_sub(self.text.chars().count());
        self.text
            .extend(text.chars().filter(|c| !c.is_control()).take(room));
        self.last_at = Some(now);
        if text.chars().count() > room {
            Typed::Full
        } else {
            Typed::Taken
        }
    }

    fn takes_pastes(&self) -> bool {
        match self.holds {
            Holds::Word => false,
            Holds::WordOr(begin) => self.text.starts_with(begin),
            Holds::Reason => true,
        }
    }

    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent, now: Time) -> Typed {
        let letter = match key.code {
            KeyCode::Char(c)
                if !key.modifiers.intersects(
                    KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SUPER,
                ) =>
            {
                Some(c)
            }
            _ => None,
        };
        if letter.is_none() && !matches!(key.code, KeyCode::Backspace | KeyCode::Enter) {
            return Typed::Not;
        }
        if key.kind == KeyEventKind::Repeat && key.code != KeyCode::Backspace {
            return Typed::Held;
        }
        while self.recent.front().is_some_and(|at| now.since(*at) > BURST) {
            self.recent.pop_front();
        }
        if letter.is_some() {
            self.recent.push_back(now);
        }
        if self.recent.len() >= LETTERS && !self.takes_pastes() {
            self.kill(now, DEAF);
            return Typed::Pasted;
        }
        if self.is_dead(now) {
            return Typed::Early;
        }
        match (letter, key.code) {
            (Some(c), _) => {
                if self.text.chars().count() >= LONGEST || c.is_control() {
                    return Typed::Full;
                }
                self.text.push(c);
                self.typed.push(c);
                self.first_at.get_or_insert(now);
                self.last_at = Some(now);
                Typed::Taken
            }
            (None, KeyCode::Backspace) => {
                self.text.pop();
                if self.text.is_empty() {
                    self.first_at = None;
                }
                Typed::Taken
            }
            // The end of a line that was pasted: it is there, and asks nothing by itself.
            (None, _)
                if self.takes_pastes()
                    && self.last_at.is_some_and(|last| now.since(last) <= BURST) =>
            {
                Typed::Trailing
            }
            // Nobody types a word and Enter within a blink: that is a paste that the terminal did
            // not mark.
            (None, _)
                if self.first_at.is_some_and(|first| {
                    now.since(first) <= BURST && self.text.chars().count() > 1
                }) =>
            {
                self.kill(now, DEAF);
                Typed::Pasted
            }
            (None, _) => Typed::Enter,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    fn type_in(field: &mut Field, text: &str, from: i64, each: i64) -> Typed {
        let mut last = Typed::Not;
        for (n, c) in text.chars().enumerate() {
            let code = if c == '\r' {
                KeyCode::Enter
            } else {
                KeyCode::Char(c)
            };
            last = field.key(press(code), Time(from + each * i64::try_from(n).unwrap()));
        }
        last
    }

    #[test]
    fn a_person_types() {
        let mut field = Field::new(Holds::Word, Time(0));
        assert_eq!(type_in(&mut field, "prod-us\r", 500, 60), Typed::Enter);
        assert_eq!(field.text(), "prod-us");
    }

    #[test]
    fn nothing_is_taken_in_the_first_moment() {
        let mut field = Field::new(Holds::Word, Time(0));
        type_in(&mut field, "pr", 100, 60);
        assert_eq!(field.text(), "");
        assert_eq!(field.key(press(KeyCode::Enter), Time(399)), Typed::Early);
    }

    #[test]
    fn bursts_and_unmarked_pastes_are_refused() {
        for text in ["prod-us\r", "production\r", "dev\r"] {
            let mut field = Field::new(Holds::Word, Time(0));
            assert_eq!(type_in(&mut field, text, 500, 1), Typed::Pasted, "{text:?}");
            assert_eq!(field.text(), "");
        }
    }

    /// Every word that confirms, whatever its length, and with Enter only after a while.
    #[test]
    fn a_word_that_comes_at_once_confirms_nothing() {
        for text in ["dev", "deploy", "cancel", "unblock", "teardown", "rollback"] {
            for each in [0, 1, 10, 15] {
                let mut field = Field::new(Holds::Word, Time(0));
                type_in(&mut field, text, 500, each);
                assert_eq!(field.text(), "", "{text} every {each} ms");
            }
        }
    }

    /// Two letters may roll off two fingers at once; a third one never comes with them.
    #[test]
    fn a_person_types_fast() {
        let mut field = Field::new(Holds::Word, Time(0));
        let mut at = 500;
        for (n, c) in "teardown".chars().enumerate() {
            at += [8, 35][n % 2];
            assert_eq!(
                field.key(press(KeyCode::Char(c)), Time(at)),
                Typed::Taken,
                "{c}"
            );
        }
        assert_eq!(
            field.key(press(KeyCode::Enter), Time(at + 40)),
            Typed::Enter
        );
        assert_eq!(field.text(), "teardown");
    }

    #[test]
    fn a_key_that_is_held_to_erase_is_no_paste() {
        let mut field = Field::new(Holds::Word, Time(0));
        type_in(&mut field, "teardowm", 500, 60);
        for n in 0..8 {
            assert_eq!(
                field.key(press(KeyCode::Backspace), Time(1_200 + n)),
                Typed::Taken
            );
        }
        assert_eq!(field.text(), "");
    }

    #[test]
    fn repeats_are_dropped() {
        let mut field = Field::new(Holds::Word, Time(0));
        let held =
            KeyEvent::new_with_kind(KeyCode::Char('p'), KeyModifiers::NONE, KeyEventKind::Repeat);
        assert_eq!(field.key(held, Time(500)), Typed::Held);
        assert_eq!(field.text(), "");
    }
}
