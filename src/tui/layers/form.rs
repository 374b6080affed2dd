//! What cards and forms have in common: fields that a person alone fills, a body that scrolls, and
//! what is said to a hasty key. Their keys are taken here, once; what Enter, Tab and the arrows
//! mean is the card's.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::time::Time;
use crate::tui::keys::Keys;
use crate::tui::motion::Motion;
use crate::tui::theme::Theme;

use super::field::{DEAF, Field, Holds, Typed};
use super::paper::{self, Row};

/// What a key means to a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pressed {
    /// Esc.
    Leave,
    /// Enter, typed by a person.
    Enter,
    /// Tab.
    Tab,
    /// Up.
    Up,
    /// Down.
    Down,
    /// Taken: text, or scrolled.
    Taken,
    /// Not for a card.
    Not,
}

/// The form.
#[derive(Debug)]
pub struct Form {
    fields: Vec<Field>,
    /// The field that is typed into.
    at: usize,
    /// What is said; the next letter takes it away.
    pub said: String,
    scroll: usize,
    /// The row of the body that is to be seen next.
    follow: Option<usize>,
    most: usize,
    /// How many rows of the body are seen.
    seen: usize,
}

impl Form {
    /// A form of these fields that takes nothing for a moment.
    #[must_use]
    pub fn new(fields: &[Holds], now: Time) -> Self {
        Self {
            fields: fields.iter().map(|one| Field::new(*one, now)).collect(),
            at: 0,
            said: String::new(),
            scroll: 0,
            follow: None,
            most: 0,
            seen: 1,
        }
    }

    /// What was typed into a field; empty for a field that is not asked.
    #[must_use]
    pub fn text(&self, field: usize) -> &str {
        self.fields
            .get(field)
            .map_or("", |field| field.text().trim())
    }

    /// What of it was typed by hand.
    #[must_use]
    pub fn typed(&self, field: usize) -> &str {
        self.fields.get(field).map_or("", Field::typed)
    }

    /// The same as it stands on the card, with the cursor where it is.
    #[must_use]
    pub fn shown(&self, field: usize) -> String {
        let text = self.fields.get(field).map_or("", Field::text);
        format!("{text}{}", if field == self.at { "_" } else { "" })
    }

    /// Whether a field is asked.
    #[must_use]
    pub fn asks(&self, field: usize) -> bool {
        field < self.fields.len()
    }

    /// Asks for a reason as well, and types into it.
    pub fn ask_why(&mut self, now: Time) {
        self.fields.push(Field::new(Holds::Reason, now - DEAF));
        self.at = self.fields.len() - 1;
    }

    /// Types into a field.
    pub fn go(&mut self, field: usize) {
        self.at = field.min(self.fields.len().saturating_sub(1));
    }

    /// The field after it, and after the last one the first, is typed into from now on.
    pub fn next(&mut self) {
        self.at = (self.at + 1) % self.fields.len().max(1);
    }

    /// Forgets what was typed into a field.
    pub fn clear(&mut self, field: usize) {
        if let Some(field) = self.fields.get_mut(field) {
            field.clear();
        }
    }

    /// The field that is typed into.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// Forgets what was typed, asks the first field alone, and takes nothing for that long: what
    /// the card shows is not what it was.
    pub fn disarm(&mut self, now: Time, long: Duration) {
        self.fields.truncate(1);
        self.at = 0;
        for field in &mut self.fields {
            field.kill(now, long);
        }
    }

    /// How long it takes nothing yet.
    #[must_use]
    pub fn deaf(&self, now: Time) -> Option<Duration> {
        self.fields
            .first()
            .filter(|field| field.is_dead(now))
            .map(|field| field.dead_until().since(now))
    }

    /// Shows the body from its first row.
    pub fn to_top(&mut self) {
        self.scroll = 0;
    }

    /// Shows this row of the body, wherever it is scrolled to.
    pub fn follow(&mut self, row: usize) {
        self.follow = Some(row);
    }

    /// Scrolls the body.
    pub fn scroll(&mut self, rows: isize) {
        self.scroll = self.scroll.saturating_add_signed(rows).min(self.most);
    }

    /// Moves the body; none for a motion that a card does not know.
    fn moved(&mut self, motion: Motion) -> Option<Pressed> {
        let page = self.seen.saturating_sub(1).max(1).cast_signed();
        match motion {
            Motion::Up => return Some(Pressed::Up),
            Motion::Down => return Some(Pressed::Down),
            Motion::HalfUp => self.scroll(-(page / 2).max(1)),
            Motion::HalfDown => self.scroll((page / 2).max(1)),
            Motion::PageUp => self.scroll(-page),
            Motion::PageDown => self.scroll(page),
            Motion::Top => self.scroll = 0,
            Motion::Bottom => self.scroll = self.most,
            _ => return None,
        }
        Some(Pressed::Taken)
    }

    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent, keys: &Keys, now: Time) -> Pressed {
        match key.code {
            KeyCode::Esc => return Pressed::Leave,
            KeyCode::Tab | KeyCode::BackTab => return Pressed::Tab,
            _ => {}
        }
        if let Some(pressed) = keys.moves(key).and_then(|motion| self.moved(motion)) {
            return pressed;
        }
        match key.code {
            KeyCode::Up => return Pressed::Up,
            KeyCode::Down => return Pressed::Down,
            _ => match self
                .fields
                .get_mut(self.at)
                .map_or(Typed::Not, |field| field.key(key, now))
            {
                Typed::Enter => return Pressed::Enter,
                Typed::Trailing => {
                    "it is pasted: read it, then press Enter".clone_into(&mut self.said);
                }
                Typed::Pasted => {
                    "that came too fast to be typed; type it".clone_into(&mut self.said);
                }
                // What a person typed is never dropped without a word; a reason that is said
                // already says more.
                Typed::Early if self.said.is_empty() => {
                    "too soon: the card takes nothing yet; type it again"
                        .clone_into(&mut self.said);
                }
                Typed::Early => {}
                Typed::Held => {
                    "a key that is held down types nothing; press it again"
                        .clone_into(&mut self.said);
                }
                Typed::Full => "there is no room for more text".clone_into(&mut self.said),
                Typed::Taken => self.said.clear(),
                Typed::Not => return Pressed::Not,
            },
        }
        Pressed::Taken
    }

    /// Takes a paste where a reason is typed; a word that confirms is typed by hand.
    pub fn paste(&mut self, text: &str, now: Time) {
        let field = self.fields.get_mut(self.at);
        let says = match field.map_or(Typed::Not, |field| field.paste(text, now)) {
            Typed::Pasted => "a word that confirms is not pasted; type it",
            Typed::Early => "too soon: the card takes nothing yet; paste it again",
            Typed::Full => "there is no room for more text: the end was left out",
            Typed::Not | Typed::Taken | Typed::Held | Typed::Enter | Typed::Trailing => "",
        };
        says.clone_into(&mut self.said);
    }

    /// Draws the card: its title, its body as far as it is scrolled, its foot.
    #[allow(
        clippy::too_many_arguments,
        reason = "one picture of plain values; a struct would only name them again"
    )]
    pub fn draw(
        &mut self,
        buf: &mut Buffer,
        area: Rect,
        theme: &Theme,
        danger: bool,
        title: &str,
        body: &[Row],
        foot: &[Row],
    ) {
        let at = paper::area(area, body.len() + foot.len());
        if let Some(row) = self.follow.take() {
            let room = usize::from(at.height.saturating_sub(2)).saturating_sub(foot.len());
            self.scroll = self
                .scroll
                .clamp((row + 1).saturating_sub(room.max(1)), row);
        }
        self.most = paper::draw(buf, at, theme, danger, title, body, foot, self.scroll);
        self.seen = body.len() - self.most;
        self.scroll = self.scroll.min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyModifiers;

    use super::*;
    use crate::tui::panes::TABLE;

    fn press(form: &mut Form, code: KeyCode, at: i64) -> Pressed {
        let keys = Keys::read(None, TABLE).unwrap();
        form.key(KeyEvent::new(code, KeyModifiers::NONE), &keys, Time(at))
    }

    #[test]
    fn a_field_more_is_typed_into_and_a_change_takes_it_back() {
        let mut form = Form::new(&[Holds::Word], Time(0));
        assert_eq!(form.deaf(Time(100)), Some(Duration::from_millis(300)));
        press(&mut form, KeyCode::Char('a'), 1_000);
        form.ask_why(Time(1_100));
        assert_eq!(press(&mut form, KeyCode::Char('b'), 1_200), Pressed::Taken);
        assert_eq!(
            (form.text(0), form.text(1), form.shown(0), form.shown(1)),
            ("a", "b", "a".to_owned(), "b_".to_owned())
        );
        form.disarm(Time(1_300), Duration::from_secs(2));
        assert!(!form.asks(1) && form.text(0).is_empty() && form.deaf(Time(3_000)).is_some());
        assert_eq!(
            press(&mut form, KeyCode::Enter, 3_100),
            Pressed::Taken,
            "nothing is taken yet"
        );
        assert_eq!(press(&mut form, KeyCode::Enter, 3_300), Pressed::Enter);
    }

    #[test]
    fn keys_that_are_no_text_mean_the_same_on_every_card() {
        let mut form = Form::new(&[Holds::Word, Holds::Reason], Time(0));
        for (code, means) in [
            (KeyCode::Esc, Pressed::Leave),
            (KeyCode::Tab, Pressed::Tab),
            (KeyCode::BackTab, Pressed::Tab),
            (KeyCode::Up, Pressed::Up),
            (KeyCode::Down, Pressed::Down),
            (KeyCode::PageDown, Pressed::Taken),
            (KeyCode::F(2), Pressed::Not),
        ] {
            assert_eq!(press(&mut form, code, 1_000), means);
        }
    }

    #[test]
    fn a_reason_is_pasted_and_a_word_that_confirms_is_not() {
        let ticket = "https://tickets.example.com/INC-881\nthe disk is full\n";
        let mut form = Form::new(&[Holds::Word], Time(0));
        press(&mut form, KeyCode::Char('d'), 1_000);
        form.paste("dev down", Time(2_000));
        assert_eq!(
            (form.text(0), form.said.as_str()),
            ("", "a word that confirms is not pasted; type it")
        );
        press(&mut form, KeyCode::Char('d'), 3_000);
        form.ask_why(Time(3_100));
        form.paste(ticket, Time(3_200));
        assert_eq!(
            (form.text(0), form.text(1), form.said.as_str()),
            (
                "d",
                "https://tickets.example.com/INC-881 the disk is full",
                ""
            )
        );
        form.paste(&"x".repeat(300), Time(3_300));
        assert!(form.said.contains("no room"), "{}", form.said);
    }

    /// A paste that the terminal did not mark is a burst of keys with an Enter at its end.
    #[test]
    fn a_burst_is_taken_as_a_reason_and_its_enter_asks_nothing() {
        let mut form = Form::new(&[Holds::WordOr("no ")], Time(0));
        for (n, c) in "no ".chars().enumerate() {
            press(
                &mut form,
                KeyCode::Char(c),
                1_000 + 100 * i64::try_from(n).unwrap(),
            );
        }
        for c in "INC-881, the disk is full".chars() {
            press(&mut form, KeyCode::Char(c), 2_000);
        }
        assert_eq!(press(&mut form, KeyCode::Enter, 2_001), Pressed::Taken);
        assert_eq!(form.text(0), "no INC-881, the disk is full");
        assert!(form.said.contains("press Enter"), "{}", form.said);
        assert_eq!(press(&mut form, KeyCode::Enter, 3_000), Pressed::Enter);
    }

    #[test]
    fn a_key_that_is_dropped_says_why_until_one_is_taken() {
        let mut form = Form::new(&[Holds::Word], Time(0));
        press(&mut form, KeyCode::Char('d'), 300);
        assert!(form.said.starts_with("too soon"), "{}", form.said);
        press(&mut form, KeyCode::Char('d'), 500);
        assert_eq!((form.text(0), form.said.as_str()), ("d", ""));
        for (n, c) in "ev down, really".chars().enumerate() {
            press(
                &mut form,
                KeyCode::Char(c),
                1_000 + i64::try_from(n).unwrap(),
            );
        }
        // The end of a line that came in one piece, a blink later.
        assert_eq!(press(&mut form, KeyCode::Enter, 1_100), Pressed::Taken);
        assert!(
            form.text(0).is_empty() && form.said.contains("too fast"),
            "{}",
            form.said
        );
        for (n, c) in "dev down".chars().enumerate() {
            press(
                &mut form,
                KeyCode::Char(c),
                2_000 + 60 * i64::try_from(n).unwrap(),
            );
        }
        assert_eq!(
            press(&mut form, KeyCode::Enter, 2_425),
            Pressed::Enter,
            "what was typed by hand is taken, however soon Enter follows"
        );
    }
}
