//! The form of a freeze: why, and until when. Stopping a queue is safe; a reason is all it takes.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::ask::{Ask, Confirm, Intent, QueueOf};
use crate::domain::time::Time;
use crate::tui::motion::Motion;
use crate::tui::pane::{Flow, Pane, Target};
use crate::tui::scene::Scene;
use crate::tui::theme::{Role, Theme};

use super::field::{Field, Typed};
use super::paper::{self, Place, Row};

/// The form.
#[derive(Debug)]
pub struct FreezeForm {
    of: QueueOf,
    place: Place,
    reason: Field,
    until: Field,
    /// Whether the second field has the cursor.
    second: bool,
    said: String,
}

impl FreezeForm {
    /// A form for this queue.
    #[must_use]
    pub fn new(of: QueueOf, place: Place, now: Time) -> Self {
        Self { of, place, reason: Field::new(now), until: Field::new(now), second: false, said: String::new() }
    }

    fn name_of(&self) -> String {
        match &self.of {
            QueueOf::Stack(stack) => stack.to_string(),
            QueueOf::Environment(env) => format!("all of {env}"),
        }
    }

    fn enter(&mut self, now: Time) -> Flow {
        let reason = self.reason.text().trim().to_owned();
        if reason.is_empty() {
            "say why: others see it".clone_into(&mut self.said);
            self.second = false;
            return Flow::Used;
        }
        let until = match until(self.until.text().trim(), now) {
            Ok(until) => until,
            Err(why) => {
                self.said = why;
                self.second = true;
                return Flow::Used;
            }
        };
        let intent = Intent::Freeze { target: self.of.clone(), reason, until };
        Flow::Ask(Box::new(Ask::Do { intent, attached: Vec::new(), confirm: Confirm::default(), armed: false }))
    }
}

const DAY: i64 = 86_400_000;

/// `2h`, `45m`, `1d`, or a clock time of today or tomorrow in UTC; nothing: until somebody thaws it.
fn until(text: &str, now: Time) -> Result<Option<Time>, String> {
    let bad = || format!("{text:?} is no time: write 45m, 2h, 1d, or 16:00 (UTC)");
    if text.is_empty() {
        return Ok(None);
    }
    if let Some((hour, minute)) = text.trim_end_matches('Z').split_once(':') {
        let (hour, minute): (i64, i64) = (hour.parse().map_err(|_| bad())?, minute.parse().map_err(|_| bad())?);
        if !(0..24).contains(&hour) || !(0..60).contains(&minute) {
            return Err(bad());
        }
        let today = now.0.div_euclid(DAY) * DAY + (hour * 60 + minute) * 60_000;
        return Ok(Some(Time(if today > now.0 { today } else { today + DAY })));
    }
    let text_of_number = text.trim_start_matches('+');
    let (number, each) = [('m', 60), ('h', 3_600), ('d', 86_400)]
        .iter()
        .find_map(|(unit, each)| text_of_number.strip_suffix(*unit).map(|number| (number, *each)))
        .ok_or_else(bad)?;
    let number: u64 = number.parse().map_err(|_| bad())?;
    if number == 0 || number > 10_000 {
        return Err(bad());
    }
    Ok(Some(now + Duration::from_secs(number * each)))
}

impl Pane for FreezeForm {
    fn draw(&mut self, _scene: &Scene<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
        let (hint, key, field) = (theme.style(Role::Hint), theme.style(Role::Key), theme.style(Role::Field));
        let cursor = |here: bool| if here { "_" } else { "" };
        let wide = usize::from(area.width.min(84).saturating_sub(4));
        let body: Vec<Row> = paper::labelled("DOES", "nothing new starts; what runs goes on to its end", wide, theme);
        let mut foot: Vec<Row> = vec![
            Vec::new(),
            vec![("why:    ".to_owned(), hint), (format!("{}{}", self.reason.text(), cursor(!self.second)), field)],
            vec![
                ("until:  ".to_owned(), hint),
                (format!("{}{}", self.until.text(), cursor(self.second)), field),
                ("   45m, 2h, 1d, 16:00; empty: until thawed".to_owned(), hint),
            ],
        ];
        if !self.said.is_empty() {
            foot.push(vec![(self.said.clone(), theme.style(Role::Warn))]);
        }
        foot.push(vec![
            ("Enter".to_owned(), key),
            (" freeze   ".to_owned(), hint),
            ("Tab".to_owned(), key),
            (" other field   ".to_owned(), hint),
            ("Esc".to_owned(), key),
            (" leave".to_owned(), hint),
        ]);
        let title = format!("FREEZE {} ON  {}", self.name_of(), self.place.name());
        let at = paper::area(area, body.len() + foot.len());
        paper::draw(buf, at, theme, self.place.danger(), &title, &body, &foot, 0);
    }

    fn motion(&mut self, motion: Motion, _scene: &Scene<'_>) -> Flow {
        if motion == Motion::Escape { Flow::Close } else { Flow::Pass }
    }

    fn target(&self, _scene: &Scene<'_>) -> Option<Target> {
        Some(match &self.of {
            QueueOf::Stack(stack) => Target::Stack(stack.clone()),
            QueueOf::Environment(env) => Target::Environment(env.clone()),
        })
    }

    fn key(&mut self, key: KeyEvent, scene: &Scene<'_>) -> Flow {
        match key.code {
            KeyCode::Esc => return Flow::Close,
            KeyCode::Tab | KeyCode::BackTab | KeyCode::Up | KeyCode::Down => self.second = !self.second,
            _ => {
                let field = if self.second { &mut self.until } else { &mut self.reason };
                match field.key(key, scene.now) {
                    Typed::Enter => return self.enter(scene.now),
                    Typed::Pasted => "that came too fast to be typed; type it".clone_into(&mut self.said),
                    Typed::Taken => self.said.clear(),
                    Typed::Not => return Flow::Pass,
                }
            }
        }
        Flow::Used
    }

    fn typing(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_until_which() {
        let now = Time(1_700_000_000_000); // 22:13:20
        for (text, after) in
            [("45m", 45 * 60), ("+2h", 7_200), ("1d", 86_400), ("22:14", 40), ("22:13", 86_400 - 20), ("16:00Z", 17 * 3_600 + 46 * 60 + 40)]
        {
            assert_eq!(until(text, now).unwrap(), Some(now + Duration::from_secs(after)), "{text}");
        }
        assert_eq!(until("", now).unwrap(), None);
        for bad in ["x", "5", "0m", "24:00", "1:60", "-5m", "99999h"] {
            assert!(until(bad, now).is_err(), "{bad}");
        }
    }
}
