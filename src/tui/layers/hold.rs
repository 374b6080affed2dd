//! The card of a hold: what a person decides about, read live from the world; a change disarms it.
//! The card is the guard.

use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::ask::{Answer, Ask, Confirm};
use crate::domain::deployment::Deployment;
use crate::domain::hold::{Hold, Verdict};
use crate::domain::ids::{AskId, HoldId, StackId};
use crate::domain::level::Level;
use crate::domain::time::{Time, short};
use crate::tui::motion::Motion;
use crate::tui::pane::{Flow, Pane, Target, Wanted};
use crate::tui::scene::Scene;
use crate::tui::theme::{Role, Theme};
use crate::world::World;

use super::Layer;
use super::field::CHANGED;
use super::form::{Form, Pressed};
use super::paper::{self, Row, Where};

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
            form: Form::new(1, now),
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
        if !hold.is_open() || self.sent {
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
                self.form.ask_more(now);
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

    fn body(
        &self,
        d: &Deployment,
        hold: &Hold,
        wide: usize,
        scene: &Scene<'_>,
        theme: &Theme,
    ) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        for text in &self.changed {
            rows.extend(paper::labelled("CHANGED", text, wide, theme));
        }
        if self.diff {
            rows.extend(paper::diff(d.rows().as_deref(), wide, theme));
            return rows;
        }
        let title = d
            .plan
            .as_ref()
            .and_then(|plan| plan.step(&hold.id.step))
            .map_or("", |step| step.title.as_str());
        if !hold.lines.iter().any(|line| line.label == "STEP") {
            let text = format!(
                "{} {title}   {} {}   {}",
                hold.id.step,
                d.no(),
                self.stack,
                hold.kind.word()
            );
            rows.extend(paper::labelled("STEP", &text, wide, theme));
        }
        rows.extend(paper::lines(&hold.lines, wide, theme));
        rows.extend(paper::labelled(
            "SUBJECT",
            &format!(
                "{:.12}   opened {}",
                hold.subject.to_string(),
                hold.opened_at.clock()
            ),
            wide,
            theme,
        ));
        if let Some(left) = hold.left(scene.now)
            && !hold.lines.iter().any(|line| line.label == "IF NOBODY")
        {
            rows.extend(paper::labelled(
                "IF NOBODY",
                &format!("rejected in {}", short(left)),
                wide,
                theme,
            ));
        }
        if let Some(decision) = &hold.decision {
            let what = match &decision.verdict {
                Verdict::Approved {
                    choice: Some(choice),
                    ..
                } => format!("approved: {choice}"),
                Verdict::Approved { choice: None, .. } => "approved".to_owned(),
                Verdict::Rejected => "rejected".to_owned(),
                Verdict::Expired => "expired".to_owned(),
                Verdict::Void => "void".to_owned(),
            };
            let note = if decision.note.is_empty() {
                String::new()
            } else {
                format!(": {}", decision.note)
            };
            rows.extend(paper::labelled(
                "DECIDED",
                &format!("{what} by {} at {}{note}", decision.by, decision.at.clock()),
                wide,
                theme,
            ));
        }
        rows
    }

    fn foot(&self, hold: &Hold, scene: &Scene<'_>, theme: &Theme) -> Vec<Row> {
        let (hint, key) = (theme.style(Role::Hint), theme.style(Role::Key));
        let mut rows: Vec<Row> = vec![Vec::new()];
        let open = hold.is_open() && !self.sent;
        if open {
            for (n, choice) in hold.choices.iter().enumerate() {
                let here = n == self.chosen;
                let mark = if here { theme.glyphs.pointer() } else { " " };
                let style = theme.style(if here { Role::Strong } else { Role::Dim });
                rows.push(vec![
                    (format!("{mark} {}", choice.name), style),
                    (format!("   {}", choice.does), theme.style(Role::Dim)),
                ]);
            }
        }
        if !self.form.said.is_empty() {
            rows.push(vec![(self.form.said.clone(), theme.style(Role::Warn))]);
        }
        if self.sent && hold.is_open() {
            rows.push(vec![(
                "asked; waiting for the engine's answer".to_owned(),
                theme.style(Role::Run),
            )]);
        }
        if open {
            let choice = self
                .choice(hold)
                .map_or_else(String::new, |name| format!(" {name}"));
            let unread = self.form.deaf(scene.now).is_some() && !self.changed.is_empty();
            rows.push(vec![
                ("type  ".to_owned(), hint),
                (self.phrase(hold), theme.style(Role::Strong)),
                (format!("  to approve{choice},  "), hint),
                ("no <reason>".to_owned(), theme.style(Role::Strong)),
                ("  to reject:  ".to_owned(), hint),
            ]);
            let text = if unread {
                "(changed: read it first)".to_owned()
            } else {
                self.form.shown(0)
            };
            rows.push(vec![
                ("> ".to_owned(), key),
                (text, theme.style(Role::Field)),
            ]);
            if self.form.asks(1) {
                rows.push(vec![
                    ("and why:  ".to_owned(), hint),
                    (self.form.shown(1), theme.style(Role::Field)),
                ]);
            }
        }
        let mut keys: Row = Vec::new();
        let mut offer = |name: &str, does: &str| {
            keys.extend([(name.to_owned(), key), (format!(" {does}   "), hint)]);
        };
        if open {
            offer("Enter", "on an exact match");
            offer("Tab", if self.diff { "the card" } else { "the diff" });
            if hold.choices.len() > 1 {
                offer("Up Down", "choose");
            }
        }
        offer("Esc", "leave it waiting");
        rows.push(keys);
        rows
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
        let title = format!(
            "APPROVE ON  {}  {} {}",
            self.place.name(),
            self.place.account,
            self.place.region
        );
        let (body, foot) = match find(scene.world, &self.stack, &self.id) {
            Some((d, hold)) => (
                self.body(d, hold, wide, scene, theme),
                self.foot(hold, scene, theme),
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
        match self.form.key(key, scene.now) {
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

    fn paste(&mut self, _text: &str, scene: &Scene<'_>) -> Flow {
        self.form.paste(scene.now);
        Flow::Used
    }

    fn typing(&self) -> bool {
        true
    }

    fn moves(&self, scene: &Scene<'_>) -> Option<Duration> {
        Some(self.form.deaf(scene.now).unwrap_or(Duration::from_secs(1)))
    }
}
