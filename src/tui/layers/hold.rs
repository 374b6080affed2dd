//! The card of a hold: what a person decides about, read live from the world; a change disarms it.
//! The card is the guard.

mod face;

use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::ask::{Answer, Ask, Confirm};
use crate::domain::deployment::Deployment;
use crate::domain::hold::Hold;
use crate::domain::ids::{AskId, HoldId, StackId};
use crate::domain::level::Level;
use crate::domain::time::Time;
use crate::tui::motion::Motion;
use crate::tui::pane::{Flow, Pane, Target, Wanted};
use crate::tui::scene::Scene;
use crate::tui::theme::Theme;
use crate::world::World;

use super::Layer;
use super::field::{CHANGED, Holds};
use super::form::{Form, Pressed};
use super::paper::{self, Where};

/// The card.
#[derive(Debug)]
pub struct HoldCard {
    stack: StackId,
    id: HoldId,
    place: Where,
    /// The hold as it was last read by the person.
    read: Option<Hold>,
    changed: Vec<String>,
    chosen: usize,
    /// What is typed to decide and, where it is asked, why.
    form: Form,
    sent: bool,
    diff: bool,
}

impl HoldCard {
    /// The card of one hold.
    #[must_use]
    pub fn new(stack: StackId, id: HoldId, place: Where, now: Time) -> Self {
        Self {
            stack,
            id,
            place,
            read: None,
            changed: Vec::new(),
            chosen: 0,
            form: Form::new(&[Holds::WordOr("no ")], now),
            sent: false,
            diff: false,
        }
    }

    /// What the person decided is asked, and the answer waited for.
    fn wanted(&mut self, ask: Ask) -> Flow {
        self.sent = true;
        Flow::Ask(Box::new(Wanted {
            ask,
            label: format!("{} {}", self.id, self.stack),
            target: None,
            closes: false,
        }))
    }

    fn refuse(&mut self, says: String, now: Time) {
        self.sent = false;
        self.form.disarm(now, CHANGED);
        self.form.said = says;
    }

    /// Takes the hold as it is now; another subject or other lines disarm the card.
    fn reread(&mut self, world: &World, now: Time) {
        let Some((_, hold)) = find(world, &self.stack, &self.id) else {
            return;
        };
        match &self.read {
            Some(read)
                if read.subject == hold.subject
                    && read.lines == hold.lines
                    && read.decision == hold.decision => {}
            Some(read) => {
                self.changed = paper::differences(&read.lines, &hold.lines);
                if self.changed.is_empty() {
                    self.changed
                        .push("what an approval covers is not the same as before".to_owned());
                }
                self.form.disarm(now, CHANGED);
                self.read = Some(hold.clone());
            }
            None => self.read = Some(hold.clone()),
        }
    }

    /// What must be typed: the hold's words for the chosen way, else a word, so that Enter alone
    /// never approves.
    fn phrase(&self, hold: &Hold) -> String {
        let words = hold.words(self.choice(hold));
        if words.is_empty() {
            "approve".to_owned()
        } else {
            words
        }
    }

    fn choose(&mut self, to: usize, now: Time) {
        if to != self.chosen {
            self.chosen = to;
            // What was typed was meant for the other choice.
            self.form.disarm(now, Duration::ZERO);
        }
    }

    fn choice<'a>(&self, hold: &'a Hold) -> Option<&'a str> {
        hold.choices
            .get(self.chosen)
            .map(|choice| choice.name.as_str())
    }

    fn enter(&mut self, world: &World, now: Time) -> Flow {
        let Some((_, hold)) = find(world, &self.stack, &self.id) else {
            "this hold is gone".clone_into(&mut self.form.said);
            return Flow::Used;
        };
        if !hold.is_open() {
            "nothing is left to decide here; Esc leaves".clone_into(&mut self.form.said);
            return Flow::Used;
        }
        if self.sent {
            return Flow::Used;
        }
        let text = self.form.text(0).to_owned();
        if let Some(reason) = text
            .strip_prefix("no ")
            .map(str::trim)
            .filter(|reason| !reason.is_empty())
        {
            return self.wanted(Ask::Reject {
                hold: self.id.clone(),
                reason: reason.to_owned(),
            });
        }
        if text == "no" {
            "say why: no <reason>".clone_into(&mut self.form.said);
            return Flow::Used;
        }
        let phrase = self.phrase(hold);
        if text != phrase {
            self.form.said =
                format!("type exactly {phrase} to approve, or no <reason> to reject, then Enter");
            return Flow::Used;
        }
        let why = self.form.text(1).to_owned();
        if hold.level >= Level::L4 && why.is_empty() {
            if !self.form.asks(1) {
                self.form.ask_why(now);
            }
            return Flow::Used;
        }
        // What is approved is what this card showed, whatever the world says by now: the engine
        // compares.
        let Some(read) = &self.read else {
            return Flow::Used;
        };
        let confirm = Confirm {
            subject: Some(read.subject),
            text: if hold.words(self.choice(hold)).is_empty() {
                String::new()
            } else {
                text
            },
            reason: why,
        };
        let choice = self.choice(hold).map(str::to_owned);
        self.wanted(Ask::Approve {
            hold: self.id.clone(),
            confirm,
            choice,
        })
    }
}

fn find<'a>(world: &'a World, stack: &StackId, id: &HoldId) -> Option<(&'a Deployment, &'a Hold)> {
    let deployments = world
        .folds
        .deployments
        .values()
        .filter(|d| d.stack() == Some(stack) && d.no() == id.no);
    deployments
        .flat_map(|d| d.holds.iter().map(move |hold| (&**d, hold)))
        .find(|(_, hold)| hold.id == *id)
}

impl Layer for HoldCard {
    fn asked(&mut self, asked: Result<AskId, &str>, now: Time) {
        if let Err(why) = asked {
            self.refuse(why.to_owned(), now);
        }
    }

    fn answered(&mut self, _id: AskId, answer: &Answer, now: Time) -> Flow {
        match answer {
            Answer::Accepted { .. } => return Flow::Close,
            Answer::Refused(refused) => self.refuse(refused.to_string(), now),
            Answer::Card { .. } => {}
        }
        Flow::Used
    }
}

impl Pane for HoldCard {
    fn draw(&mut self, scene: &Scene<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
        self.reread(scene.world, scene.now);
        let wide = usize::from(area.width.min(84).saturating_sub(4));
        let title = format!("APPROVE ON  {}  {}", self.place.name(), self.place.spot);
        let (body, foot) = match find(scene.world, &self.stack, &self.id) {
            Some((d, hold)) => (
                self.body(d, hold, wide, scene, theme),
                self.foot(hold, wide, scene, theme),
            ),
            None => (
                paper::labelled("NO", "this hold is not known any more", wide, theme),
                Vec::new(),
            ),
        };
        self.form
            .draw(buf, area, theme, self.place.danger(), &title, &body, &foot);
    }

    fn motion(&mut self, motion: Motion, _scene: &Scene<'_>) -> Flow {
        match motion {
            Motion::Escape => Flow::Close,
            _ => Flow::Pass,
        }
    }

    fn target(&self, _scene: &Scene<'_>) -> Option<Target> {
        Some(Target::Hold(self.stack.clone(), self.id.clone()))
    }

    fn key(&mut self, key: KeyEvent, scene: &Scene<'_>) -> Flow {
        self.reread(scene.world, scene.now);
        let choices =
            find(scene.world, &self.stack, &self.id).map_or(0, |(_, hold)| hold.choices.len());
        let several = choices > 1 && !self.form.asks(1);
        match self.form.key(key, scene.keys, scene.now) {
            Pressed::Leave => return Flow::Close,
            Pressed::Enter => return self.enter(scene.world, scene.now),
            Pressed::Tab => self.diff = !self.diff,
            Pressed::Up if several => self.choose(self.chosen.saturating_sub(1), scene.now),
            Pressed::Down if several => self.choose((self.chosen + 1).min(choices - 1), scene.now),
            Pressed::Up => self.form.scroll(-1),
            Pressed::Down => self.form.scroll(1),
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

    fn moves(&self, scene: &Scene<'_>) -> Option<Duration> {
        Some(self.form.deaf(scene.now).unwrap_or(Duration::from_secs(1)))
    }
}
