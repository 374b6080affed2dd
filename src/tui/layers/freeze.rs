//! The form of a freeze: why, and until when. Stopping a queue is safe; a reason is all it takes.

use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::ask::{Ask, Confirm, Intent, QueueOf};
use crate::domain::ids::AskId;
use crate::domain::label::Label;
use crate::domain::time::Time;
use crate::tui::motion::Motion;
use crate::tui::pane::{Flow, Pane, Target, Wanted};
use crate::tui::scene::Scene;
use crate::tui::theme::{Role, Theme};

use super::Layer;
use super::field::Holds;
use super::foot;
use super::form::{Form, Pressed};
use super::paper::{self, Row, Where};

/// The fields.
const REASON: usize = 0;
const UNTIL: usize = 1;

/// The form.
#[derive(Debug)]
pub struct FreezeForm {
    of: QueueOf,
    place: Where,
    form: Form,
}

impl FreezeForm {
    /// A form for this queue.
    #[must_use]
    pub fn new(of: QueueOf, place: Where, now: Time) -> Self {
        Self {
            of,
            place,
            form: Form::new(&[Holds::Reason; 2], now),
        }
    }

    fn enter(&mut self, now: Time) -> Flow {
        let reason = self.form.text(REASON).to_owned();
        // What was pasted by mistake is no reason, whichever keys follow it.
        if only_moves(self.form.typed(REASON)) {
            let says = if reason.is_empty() || only_moves(&reason) {
                "say why, in words: others see it"
            } else {
                "say why, in a word of your own beside what was pasted: others see it"
            };
            says.clone_into(&mut self.form.said);
            self.form.go(REASON);
            return Flow::Used;
        }
        let until = match until(self.form.text(UNTIL), now) {
            Ok(until) => until,
            Err(why) => {
                self.form.said = why;
                self.form.go(UNTIL);
                return Flow::Used;
            }
        };
        let (target, name) = match &self.of {
            QueueOf::Stack(stack) => (Target::Stack(stack.clone()), stack.to_string()),
            QueueOf::Environment(env) => (Target::Environment(env.clone()), env.to_string()),
        };
        let intent = Intent::Freeze {
            target: self.of.clone(),
            reason,
            until,
        };
        let ask = Ask::Do {
            intent,
            attached: Vec::new(),
            confirm: Confirm::default(),
            armed: false,
        };
        Flow::Ask(Box::new(Wanted {
            ask,
            label: format!("freeze {name}"),
            target: Some(target),
            closes: true,
        }))
    }
}

impl Layer for FreezeForm {
    fn asked(&mut self, asked: Result<AskId, &str>, _now: Time) {
        if let Err(why) = asked {
            why.clone_into(&mut self.form.said);
        }
    }
}

/// Whether a text has nothing but keys that move a cursor or choose a pane: a hand that believes
/// itself in a list types no reason. True of an empty text.
fn only_moves(text: &str) -> bool {
    text.chars().all(|c| {
        c.is_ascii_digit()
            || c.is_whitespace()
            || matches!(c.to_ascii_lowercase(), 'h' | 'j' | 'k' | 'l')
    })
}

const DAY: i64 = 86_400_000;

/// `2h`, `45m`, `1d`, or a clock time of today or tomorrow in UTC; nothing: until somebody thaws
/// it.
fn until(text: &str, now: Time) -> Result<Option<Time>, String> {
    let bad = || format!("{text:?} is not a time: write 45m, 2h, 1d, or 16:00 (UTC)");
    if text.is_empty() {
        return Ok(None);
    }
    if let Some((hour, minute)) = text.trim_end_matches('Z').split_once(':') {
        let (hour, minute): (i64, i64) = (
            hour.parse().map_err(|_| bad())?,
            minute.parse().map_err(|_| bad())?,
        );
        if !(0..24).contains(&hour) || !(0..60).contains(&minute) {
            return Err(bad());
        }
        let today = now.0.div_euclid(DAY) * DAY + (hour * 60 + minute) * 60_000;
        return Ok(Some(Time(if today > now.0 { today } else { today + DAY })));
    }
    let text_of_number = text.trim_start_matches('+');
    let (number, each) = [('m', 60), ('h', 3_600), ('d', 86_400)]
        .iter()
        .find_map(|(unit, each)| {
            text_of_number
                .strip_suffix(*unit)
                .map(|number| (number, *each))
        })
        .ok_or_else(bad)?;
    let number: u64 = number.parse().map_err(|_| bad())?;
    if number == 0 || number > 10_000 {
        return Err(bad());
    }
    Ok(Some(now + Duration::from_secs(number * each)))
}

impl Pane for FreezeForm {
    fn draw(&mut self, _scene: &Scene<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
        let (hint, field) = (theme.style(Role::Hint), theme.style(Role::Field));
        let wide = usize::from(area.width.min(84).saturating_sub(4));
        let body: Vec<Row> = paper::line(
            Label::Does,
            "nothing new starts; what runs goes on to its end",
            wide,
            theme,
        );
        let mut rows: Vec<Row> = vec![
            Vec::new(),
            vec![
                ("why:    ".to_owned(), hint),
                (self.form.shown(REASON), field),
            ],
            vec![
                ("until:  ".to_owned(), hint),
                (self.form.shown(UNTIL), field),
                (
                    "   45m, 2h, 1d, 16:00; empty: until thawed".to_owned(),
                    hint,
                ),
            ],
        ];
        rows.extend(foot::said(&self.form, wide, theme));
        rows.push(foot::keys(
            [
                ("Enter", "freeze"),
                ("Tab", "other field"),
                ("Esc", "leave"),
            ],
            theme,
        ));
        let of = match &self.of {
            QueueOf::Stack(stack) => stack.to_string(),
            QueueOf::Environment(env) => format!("all of {env}"),
        };
        let title = format!("FREEZE {of} ON  {}", self.place.name());
        self.form
            .draw(buf, area, theme, self.place.danger(), &title, &body, &rows);
    }

    fn motion(&mut self, motion: Motion, _scene: &Scene<'_>) -> Flow {
        if motion == Motion::Escape {
            Flow::Close
        } else {
            Flow::Pass
        }
    }

    fn target(&self, _scene: &Scene<'_>) -> Option<Target> {
        Some(match &self.of {
            QueueOf::Stack(stack) => Target::Stack(stack.clone()),
            QueueOf::Environment(env) => Target::Environment(env.clone()),
        })
    }

    fn key(&mut self, key: KeyEvent, scene: &Scene<'_>) -> Flow {
        match self.form.key(key, scene.keys, scene.now) {
            Pressed::Leave => return Flow::Close,
            Pressed::Enter => return self.enter(scene.now),
            Pressed::Tab | Pressed::Up | Pressed::Down => {
                self.form.go(if self.form.at() == REASON {
                    UNTIL
                } else {
                    REASON
                });
            }
            Pressed::Taken => {}
            Pressed::Not => return Flow::Pass,
        }
        Flow::Used
    }

    fn paste(&mut self, text: &str, scene: &Scene<'_>) -> Flow {
        self.form.paste(text, scene.now);
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
    fn keys_that_move_are_no_reason() {
        for moves in ["", "h", "jj k", "HJKL", "2", "4 j"] {
            assert!(only_moves(moves), "{moves:?}");
        }
        for reason in ["hil", "INC-7", "dns", "停止", "jk?"] {
            assert!(!only_moves(reason), "{reason:?}");
        }
    }

    #[test]
    fn times_until_which() {
        let now = Time(1_700_000_000_000); // 22:13:20
        for (text, after) in [
            ("45m", 45 * 60),
            ("+2h", 7_200),
            ("1d", 86_400),
            ("22:14", 40),
            ("22:13", 86_400 - 20),
            ("16:00Z", 17 * 3_600 + 46 * 60 + 40),
        ] {
            assert_eq!(
                until(text, now).unwrap(),
                Some(now + Duration::from_secs(after)),
                "{text}"
            );
        }
        assert_eq!(until("", now).unwrap(), None);
        for bad in ["x", "5", "0m", "24:00", "1:60", "-5m", "99999h"] {
            assert!(until(bad, now).is_err(), "{bad}");
        }
    }
}
