//! The card of a hold: what a person decides about, read live from the world; a change disarms it. The card is the guard.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::ask::{Ask, Confirm};
use crate::domain::deployment::Deployment;
use crate::domain::hold::{CardLine, Hold, Verdict};
use crate::domain::ids::{HoldId, StackId};
use crate::domain::level::Level;
use crate::domain::time::{Time, short};
use crate::tui::motion::Motion;
use crate::tui::pane::{Flow, Pane, Target};
use crate::tui::scene::Scene;
use crate::tui::theme::{Role, Theme};
use crate::world::World;

use super::field::{CHANGED, Field, Typed};
use super::paper::{self, Place, Row};

/// The card.
#[derive(Debug)]
pub struct HoldCard {
    stack: StackId,
    id: HoldId,
    place: Place,
    /// The hold as it was last read by the person.
    read: Option<Hold>,
    changed: Vec<String>,
    chosen: usize,
    field: Field,
    reason: Option<Field>,
    said: String,
    sent: bool,
    scroll: usize,
    most: usize,
    diff: bool,
}

impl HoldCard {
    /// The card of one hold.
    #[must_use]
    pub fn new(stack: StackId, id: HoldId, place: Place, now: Time) -> Self {
        Self {
            stack,
            id,
            place,
            read: None,
            changed: Vec::new(),
            chosen: 0,
            field: Field::new(now),
            reason: None,
            said: String::new(),
            sent: false,
            scroll: 0,
            most: 0,
            diff: false,
        }
    }

    /// What the ask would do, for the line that reads it back.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{} {}", self.id, self.stack)
    }

    /// Takes a refusal.
    pub fn refuse(&mut self, says: String, now: Time) {
        self.sent = false;
        self.said = says;
        self.field.kill(now, CHANGED);
        self.reason = None;
    }

    /// Takes the hold as it is now; another subject or other lines disarm the card.
    pub fn sync(&mut self, world: &World, now: Time) {
        let Some((_, hold)) = find(world, &self.stack, &self.id) else { return };
        match &self.read {
            Some(read) if read.subject == hold.subject && read.lines == hold.lines && read.decision == hold.decision => {}
            Some(read) => {
                self.changed = changes(&read.lines, &hold.lines);
                self.field.kill(now, CHANGED);
                self.reason = None;
                self.read = Some(hold.clone());
            }
            None => self.read = Some(hold.clone()),
        }
    }

    /// What must be typed: the hold's words for the chosen way, else a word, so that Enter alone never approves.
    fn phrase(&self, hold: &Hold) -> String {
        let words = hold.words(self.choice(hold));
        if words.is_empty() { "approve".to_owned() } else { words }
    }

    fn choice<'a>(&self, hold: &'a Hold) -> Option<&'a str> {
        hold.choices.get(self.chosen).map(|choice| choice.name.as_str())
    }

    fn enter(&mut self, world: &World) -> Flow {
        let Some((_, hold)) = find(world, &self.stack, &self.id) else {
            "this hold is gone".clone_into(&mut self.said);
            return Flow::Used;
        };
        if !hold.is_open() || self.sent {
            return Flow::Used;
        }
        let text = self.field.text().trim().to_owned();
        if let Some(reason) = text.strip_prefix("no ").map(str::trim).filter(|reason| !reason.is_empty()) {
            self.sent = true;
            return Flow::Ask(Box::new(Ask::Reject { hold: self.id.clone(), reason: reason.to_owned() }));
        }
        if text == "no" {
            "say why: no <reason>".clone_into(&mut self.said);
            return Flow::Used;
        }
        let phrase = self.phrase(hold);
        if text != phrase {
            self.said = format!("type exactly {phrase} to approve, or no <reason> to reject, then Enter");
            return Flow::Used;
        }
        let why = self.reason.as_ref().map(|field| field.text().trim().to_owned()).unwrap_or_default();
        if hold.level >= Level::L4 && why.is_empty() {
            if self.reason.is_none() {
                self.reason = Some(Field::new(Time(i64::MIN / 2)));
            }
            return Flow::Used;
        }
        // What is approved is what this card showed, whatever the world says by now: the engine compares.
        let Some(read) = &self.read else { return Flow::Used };
        let confirm = Confirm {
            subject: Some(read.subject),
            text: if hold.words(self.choice(hold)).is_empty() { String::new() } else { text },
            reason: why,
        };
        let choice = self.choice(hold).map(str::to_owned);
        self.sent = true;
        Flow::Ask(Box::new(Ask::Approve { hold: self.id.clone(), confirm, choice }))
    }

    fn body(&self, d: &Deployment, hold: &Hold, wide: usize, scene: &Scene<'_>, theme: &Theme) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        for text in &self.changed {
            rows.extend(paper::labelled("CHANGED", text, wide, theme));
        }
        if self.diff {
            rows.extend(paper::diff(d.rows().as_deref(), wide, theme));
            return rows;
        }
        let title = d.plan.as_ref().and_then(|plan| plan.step(&hold.id.step)).map_or("", |step| step.title.as_str());
        if !hold.lines.iter().any(|line| line.label == "STEP") {
            let text = format!("{} {title}   {} {}   {}", hold.id.step, d.no(), self.stack, hold.kind.word());
            rows.extend(paper::labelled("STEP", &text, wide, theme));
        }
        rows.extend(paper::lines(&hold.lines, wide, theme));
        rows.extend(paper::labelled(
            "SUBJECT",
            &format!("{:.12}   opened {}", hold.subject.to_string(), hold.opened_at.clock()),
            wide,
            theme,
        ));
        if let Some(left) = hold.left(scene.now)
            && !hold.lines.iter().any(|line| line.label == "IF NOBODY")
        {
            rows.extend(paper::labelled("IF NOBODY", &format!("rejected in {}", short(left)), wide, theme));
        }
        if let Some(decision) = &hold.decision {
            let what = match &decision.verdict {
                Verdict::Approved { choice: Some(choice), .. } => format!("approved: {choice}"),
                Verdict::Approved { choice: None, .. } => "approved".to_owned(),
                Verdict::Rejected => "rejected".to_owned(),
                Verdict::Expired => "expired".to_owned(),
                Verdict::Void => "void".to_owned(),
            };
            let note = if decision.note.is_empty() { String::new() } else { format!(": {}", decision.note) };
            rows.extend(paper::labelled("DECIDED", &format!("{what} by {} at {}{note}", decision.by, decision.at.clock()), wide, theme));
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
                rows.push(vec![(format!("{mark} {}", choice.name), style), (format!("   {}", choice.does), theme.style(Role::Dim))]);
            }
        }
        if !self.said.is_empty() {
            rows.push(vec![(self.said.clone(), theme.style(Role::Warn))]);
        }
        if self.sent && hold.is_open() {
            rows.push(vec![("asked; waiting for the engine's answer".to_owned(), theme.style(Role::Run))]);
        }
        if open {
            let choice = self.choice(hold).map_or_else(String::new, |name| format!(" {name}"));
            let dead = self.field.is_dead(scene.now) && !self.changed.is_empty();
            rows.push(vec![
                ("type  ".to_owned(), hint),
                (self.phrase(hold), theme.style(Role::Strong)),
                (format!("  to approve{choice},  "), hint),
                ("no <reason>".to_owned(), theme.style(Role::Strong)),
                ("  to reject:  ".to_owned(), hint),
            ]);
            let cursor = if self.reason.is_none() { "_" } else { "" };
            let text = if dead { "(changed: read it first)".to_owned() } else { format!("{}{cursor}", self.field.text()) };
            rows.push(vec![("> ".to_owned(), key), (text, theme.style(Role::Field))]);
            if let Some(reason) = &self.reason {
                rows.push(vec![("and why:  ".to_owned(), hint), (format!("{}_", reason.text()), theme.style(Role::Field))]);
            }
        }
        let mut keys: Row = Vec::new();
        let mut offer = |name: &str, does: &str| keys.extend([(name.to_owned(), key), (format!(" {does}   "), hint)]);
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
    let deployments = world.folds.deployments.values().filter(|d| d.stack() == Some(stack) && d.no() == id.no);
    deployments.flat_map(|d| d.holds.iter().map(move |hold| (&**d, hold))).find(|(_, hold)| hold.id == *id)
}

fn changes(before: &[CardLine], after: &[CardLine]) -> Vec<String> {
    let was = |label: &str| before.iter().find(|line| line.label == label).map(|line| line.text.as_str());
    let mut out: Vec<String> = after
        .iter()
        .filter(|line| was(&line.label) != Some(&line.text))
        .map(|line| format!("{} was {}, is now {}", line.label, was(&line.label).unwrap_or("not there"), line.text))
        .collect();
    if out.is_empty() {
        out.push("what an approval covers is not the same as before".to_owned());
    }
    out
}

impl Pane for HoldCard {
    fn draw(&mut self, scene: &Scene<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
        self.sync(scene.world, scene.now);
        let wide = usize::from(area.width.min(84).saturating_sub(4));
        let title = format!("APPROVE ON  {}  {} {}", self.place.name(), self.place.account, self.place.region);
        let (body, foot) = match find(scene.world, &self.stack, &self.id) {
            Some((d, hold)) => (self.body(d, hold, wide, scene, theme), self.foot(hold, scene, theme)),
            None => (paper::labelled("NO", "this hold is not known any more", wide, theme), Vec::new()),
        };
        let at = paper::area(area, body.len() + foot.len());
        self.most = paper::draw(buf, at, theme, self.place.danger(), &title, &body, &foot, self.scroll);
        self.scroll = self.scroll.min(self.most);
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
        self.sync(scene.world, scene.now);
        let choices = find(scene.world, &self.stack, &self.id).map_or(0, |(_, hold)| hold.choices.len());
        let several = choices > 1 && self.reason.is_none();
        match key.code {
            KeyCode::Esc => return Flow::Close,
            KeyCode::Tab => self.diff = !self.diff,
            KeyCode::Up | KeyCode::Down if several => {
                let to = if key.code == KeyCode::Up { self.chosen.saturating_sub(1) } else { (self.chosen + 1).min(choices - 1) };
                if to != self.chosen {
                    self.chosen = to;
                    // What was typed was meant for the other choice.
                    self.field.kill(scene.now, Duration::ZERO);
                }
            }
            KeyCode::Up => self.scroll = self.scroll.saturating_sub(1),
            KeyCode::Down => self.scroll = (self.scroll + 1).min(self.most),
            KeyCode::PageUp => self.scroll = self.scroll.saturating_sub(8),
            KeyCode::PageDown => self.scroll = (self.scroll + 8).min(self.most),
            _ => match self.reason.as_mut().unwrap_or(&mut self.field).key(key, scene.now) {
                Typed::Enter => return self.enter(scene.world),
                Typed::Pasted => "that came too fast to be typed; type it".clone_into(&mut self.said),
                Typed::Taken => self.said.clear(),
                Typed::Not => return Flow::Pass,
            },
        }
        Flow::Used
    }

    fn paste(&mut self, _text: &str, scene: &Scene<'_>) -> Flow {
        self.field.paste(scene.now);
        "a paste is not taken here; type it".clone_into(&mut self.said);
        Flow::Used
    }

    fn typing(&self) -> bool {
        true
    }

    fn moves(&self, scene: &Scene<'_>) -> Option<Duration> {
        let dead = self.field.is_dead(scene.now).then(|| self.field.dead_until().since(scene.now));
        Some(dead.unwrap_or(Duration::from_secs(1)))
    }
}
