//! The card of a change: opens at once, shows what the engine found, and asks only after its guard was met.

mod face;

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::ask::{Answer, Ask, AskState, Confirm, Intent, Refused};
use crate::domain::card::Card;
use crate::domain::ids::AskId;
use crate::domain::level::Level;
use crate::domain::time::Time;
use crate::tui::actions::Offer;
use crate::tui::motion::Motion;
use crate::tui::pane::{Flow, Pane, Target};
use crate::tui::scene::Scene;
use crate::tui::theme::Theme;

use super::field::{CHANGED, Field, Typed};
use super::paper::{self, Place};

/// How long an answer of the engine is waited for before the card says that it is slow.
const SLOW: Duration = Duration::from_secs(10);

/// Where the card stands.
#[derive(Debug, Clone, PartialEq)]
enum Stage {
    /// The preview is to be asked.
    Unasked,
    /// An engine looks.
    Looking(AskId),
    /// It was shown what would happen.
    Ready(Box<Card>),
    /// It cannot be.
    Refused(Refused),
    /// The guard was met; the ask is on its way.
    Sent,
}

/// The card.
#[derive(Debug)]
pub struct ChangeCard {
    target: Target,
    place: Place,
    offers: Vec<Offer>,
    chosen: usize,
    stage: Stage,
    /// Whether anything but the key that opened it was pressed: then nothing is armed by itself.
    touched: bool,
    field: Field,
    reason: Option<Field>,
    said: String,
    changed: Vec<String>,
    renewing: Option<AskId>,
    asked_at: Time,
    scroll: usize,
    most: usize,
    diff: bool,
}

impl ChangeCard {
    /// A card with these offers; the preview of the first one is asked at once.
    #[must_use]
    pub fn new(target: Target, place: Place, offers: Vec<Offer>, first: usize, touched: bool, now: Time) -> Self {
        let chosen = first.min(offers.len().saturating_sub(1));
        Self {
            target,
            place,
            offers,
            chosen,
            stage: Stage::Unasked,
            touched,
            field: Field::new(now),
            reason: None,
            said: String::new(),
            changed: Vec::new(),
            renewing: None,
            asked_at: now,
            scroll: 0,
            most: 0,
            diff: false,
        }
    }

    /// A card that the engine sent with a refusal: the guard was not met, or something has changed.
    #[must_use]
    pub fn refused(target: Target, place: Place, intent: Intent, refused: Refused, now: Time) -> Self {
        let offers = vec![Offer { label: intent.verb().word().to_owned(), note: String::new(), intent }];
        let mut it = Self::new(target, place, offers, 0, true, now);
        it.refuse(refused, now);
        it
    }

    fn intent(&self) -> Option<&Intent> {
        self.offers.get(self.chosen).map(|offer| &offer.intent)
    }

    /// What to ask of the desk now, if anything: the first preview, or a newer one when this is too old.
    pub fn wants(&mut self, now: Time) -> Option<Ask> {
        let intent = self.intent()?.clone();
        let due = match &self.stage {
            Stage::Unasked => true,
            Stage::Ready(card) => self.renewing.is_none() && now >= card.valid_until,
            Stage::Looking(_) | Stage::Refused(_) | Stage::Sent => false,
        };
        due.then_some(Ask::Preview { intent, attached: Vec::new() })
    }

    /// The preview was asked under this id.
    pub fn asked(&mut self, id: AskId, now: Time) {
        self.asked_at = now;
        match &self.stage {
            Stage::Ready(_) => self.renewing = Some(id),
            Stage::Unasked | Stage::Looking(_) | Stage::Refused(_) | Stage::Sent => self.stage = Stage::Looking(id),
        }
    }

    /// It could not be asked.
    pub fn not_asked(&mut self, why: &str) {
        self.stage = Stage::Refused(Refused::new("not-asked", why));
    }

    /// The ask whose answer it waits for.
    #[must_use]
    pub fn waits_for(&self) -> Option<AskId> {
        match &self.stage {
            Stage::Looking(id) => Some(*id),
            Stage::Ready(_) => self.renewing,
            Stage::Unasked | Stage::Refused(_) | Stage::Sent => None,
        }
    }

    /// Takes the answer to its preview. True when the card needs no person: level 1, and nothing else was pressed.
    pub fn answered(&mut self, state: AskState, now: Time) -> bool {
        let AskState::Answered { answer } = state else { return false };
        self.renewing = None;
        match answer {
            Answer::Card { card } => {
                self.show(card, now);
                self.is_calm()
            }
            Answer::Refused(refused) => {
                self.refuse(refused, now);
                false
            }
            Answer::Accepted { says, .. } => {
                self.stage = Stage::Refused(Refused::new("no-card", format!("the engine answered without a card: {says}")));
                false
            }
        }
    }

    fn is_calm(&self) -> bool {
        matches!(&self.stage, Stage::Ready(card) if card.level <= Level::L1 && !card.needs_reason) && !self.touched
    }

    fn show(&mut self, card: Box<Card>, now: Time) {
        if let Stage::Ready(before) = &self.stage
            && before.subject != card.subject
        {
            self.changed = face::differences(before, &card);
            self.field.kill(now, CHANGED);
            self.reason = None;
            self.scroll = 0;
        }
        self.stage = Stage::Ready(card);
    }

    /// Takes the refusal of what was asked with the guard met.
    pub fn refuse(&mut self, refused: Refused, now: Time) {
        self.touched = true;
        match refused.card.clone() {
            Some(card) => {
                self.field.kill(now, CHANGED);
                self.reason = None;
                self.said = refused.to_string();
                self.changed = vec![refused.to_string()];
                self.stage = Stage::Ready(card);
            }
            None => self.stage = Stage::Refused(refused),
        }
    }

    /// The ask that does it, with the guard as met; for a card that needs no person, `armed`.
    #[must_use]
    pub fn confirmed(&mut self, armed: bool) -> Option<Ask> {
        let intent = self.intent()?.clone();
        let Stage::Ready(card) = &self.stage else { return None };
        let confirm = Confirm {
            subject: Some(card.subject),
            text: if card.phrase.is_some() { self.field.text().trim().to_owned() } else { String::new() },
            reason: self.reason.as_ref().map(|field| field.text().trim().to_owned()).unwrap_or_default(),
        };
        self.stage = Stage::Sent;
        Some(Ask::Do { intent, attached: Vec::new(), confirm, armed })
    }

    /// What the ask would do, for the line that reads it back.
    #[must_use]
    pub fn label(&self) -> String {
        let verb = self.intent().map_or("", |intent| intent.verb().word());
        match &self.target {
            Target::Environment(env) => format!("{verb} {env}"),
            target => target.stack().map_or_else(|| verb.to_owned(), |stack| format!("{verb} {stack}")),
        }
    }

    /// What must be typed: the engine's phrase, else the verb, so that Enter alone never changes anything.
    fn phrase(&self) -> Option<String> {
        let Stage::Ready(card) = &self.stage else { return None };
        Some(card.phrase.clone().unwrap_or_else(|| self.intent().map_or("do", |intent| intent.verb().word()).to_owned()))
    }

    fn choose(&mut self, to: usize, now: Time) {
        if to != self.chosen && to < self.offers.len() && !matches!(self.stage, Stage::Sent) {
            self.chosen = to;
            self.stage = Stage::Unasked;
            self.renewing = None;
            self.changed.clear();
            self.said.clear();
            self.field.kill(now, Duration::ZERO);
            self.reason = None;
            self.scroll = 0;
        }
    }

    fn enter(&mut self, now: Time) -> Flow {
        let Some(phrase) = self.phrase() else { return Flow::Used };
        let Stage::Ready(card) = &self.stage else { return Flow::Used };
        if self.renewing.is_some() {
            "it is being looked at again; one moment".clone_into(&mut self.said);
            return Flow::Used;
        }
        if self.field.text().trim() != phrase {
            self.said = format!("type exactly {phrase}, then Enter");
            return Flow::Used;
        }
        if card.needs_reason && self.reason.as_ref().is_none_or(|field| field.text().trim().is_empty()) {
            self.said.clear();
            if self.reason.is_none() {
                self.reason = Some(Field::new(now - super::field::DEAF));
            }
            return Flow::Used;
        }
        self.confirmed(false).map_or(Flow::Used, |ask| Flow::Ask(Box::new(ask)))
    }
}

impl Pane for ChangeCard {
    fn draw(&mut self, scene: &Scene<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
        let wide = usize::from(area.width.min(84).saturating_sub(4));
        let body = self.body(wide, scene, theme);
        let foot = self.foot(scene, theme);
        let (place, verb) = match &self.stage {
            Stage::Ready(card) => {
                let place = Place { account: card.account.clone(), region: card.region.clone(), class: card.class, ..self.place.clone() };
                (place, card.verb.word())
            }
            _ => (self.place.clone(), self.intent().map_or("change", |intent| intent.verb().word())),
        };
        let what = self.target.stack().map_or_else(String::new, |stack| format!("  {stack}"));
        let title = format!("{} ON  {}  {} {}{what}", verb.to_uppercase(), place.name(), place.account, place.region);
        let at = paper::area(area, body.len() + foot.len());
        self.most = paper::draw(buf, at, theme, place.danger(), &title, &body, &foot, self.scroll);
        self.scroll = self.scroll.min(self.most);
    }

    fn motion(&mut self, motion: Motion, _scene: &Scene<'_>) -> Flow {
        match motion {
            Motion::Escape => Flow::Close,
            _ => Flow::Pass,
        }
    }

    fn target(&self, _scene: &Scene<'_>) -> Option<Target> {
        Some(self.target.clone())
    }

    fn key(&mut self, key: KeyEvent, scene: &Scene<'_>) -> Flow {
        let now = scene.now;
        if key.code == KeyCode::Esc {
            return Flow::Close;
        }
        // What was typed before the card could be read is no wish to look closer.
        self.touched |= now.since(self.asked_at) > Duration::ZERO;
        let several = self.offers.len() > 1 && self.field.text().is_empty();
        match key.code {
            KeyCode::Tab => self.diff = !self.diff,
            KeyCode::Up if several => self.choose(self.chosen.saturating_sub(1), now),
            KeyCode::Down if several => self.choose(self.chosen + 1, now),
            KeyCode::Up => self.scroll = self.scroll.saturating_sub(1),
            KeyCode::Down => self.scroll = (self.scroll + 1).min(self.most),
            KeyCode::PageUp => self.scroll = self.scroll.saturating_sub(8),
            KeyCode::PageDown => self.scroll = (self.scroll + 8).min(self.most),
            _ => {
                let field = self.reason.as_mut().unwrap_or(&mut self.field);
                match field.key(key, now) {
                    Typed::Enter => return self.enter(now),
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

    fn paste(&mut self, _text: &str, scene: &Scene<'_>) -> Flow {
        self.touched = true;
        self.field.paste(scene.now);
        "a paste is not taken here; type it".clone_into(&mut self.said);
        Flow::Used
    }

    fn moves(&self, scene: &Scene<'_>) -> Option<Duration> {
        match &self.stage {
            Stage::Unasked | Stage::Looking(_) | Stage::Sent => Some(Duration::from_secs(1)),
            Stage::Ready(_) if self.field.is_dead(scene.now) => Some(self.field.dead_until().since(scene.now)),
            Stage::Ready(card) => Some(card.valid_until.since(scene.now).max(Duration::from_millis(100))),
            Stage::Refused(_) => None,
        }
    }
}
