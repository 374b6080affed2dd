//! The card of a change: opens at once, shows what the engine found, and asks only after its guard
//! was met.

mod choices;
mod face;
mod guard;

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::ask::{Answer, Ask, Intent};
use crate::domain::card::Card;
use crate::domain::flag::Offered;
use crate::domain::ids::AskId;
use crate::domain::level::Level;
use crate::domain::refused::Refused;
use crate::domain::time::Time;
use crate::tui::actions::{Offer, Opens};
use crate::tui::motion::Motion;
use crate::tui::pane::{Flow, Pane, Target};
use crate::tui::scene::Scene;
use crate::tui::theme::Theme;

use super::Layer;
use super::field::{CHANGED, DEAF, Holds};
use super::form::{Form, Pressed};
use super::paper::Where;

use self::choices::{Choices, Chosen};

/// How long an answer of the engine is waited for before the card says that it is slow.
const SLOW: Duration = Duration::from_secs(10);

/// Where the card stands.
#[derive(Debug, Clone, PartialEq)]
enum Stage {
    /// A person chooses among several offers: nothing is asked before.
    Choosing,
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
    place: Where,
    offers: Vec<Offer>,
    chosen: usize,
    stage: Stage,
    /// Whether anything but the key that opened it was pressed: then nothing is armed by itself.
    touched: bool,
    /// What is typed to do it and, where it is asked, why.
    form: Form,
    changed: Vec<String>,
    renewing: Option<AskId>,
    /// Enter was pressed while it was looked at again.
    awaited: bool,
    asked_at: Time,
    diff: bool,
    /// The rows of what may be chosen, while they are shown.
    choices: Option<Choices>,
}

impl ChangeCard {
    /// A card with these offers: how a single one opens is said, of several a person chooses.
    #[must_use]
    pub fn new(
        target: Target,
        place: Where,
        offers: Vec<Offer>,
        first: usize,
        opens: Opens,
        now: Time,
    ) -> Self {
        let chosen = first.min(offers.len().saturating_sub(1));
        let stage = if offers.len() > 1 || opens == Opens::Waits {
            Stage::Choosing
        } else {
            Stage::Unasked
        };
        Self {
            target,
            place,
            offers,
            chosen,
            stage,
            touched: opens != Opens::Arms,
            form: Form::new(&[Holds::Word], now),
            changed: Vec::new(),
            renewing: None,
            awaited: false,
            asked_at: now,
            diff: false,
            choices: None,
        }
    }

    /// A card that the engine sent with a refusal: the guard was not met, or something has changed.
    #[must_use]
    pub fn refused(
        target: Target,
        place: Where,
        intent: Intent,
        refused: Refused,
        now: Time,
    ) -> Self {
        let offers = vec![Offer {
            label: intent.verb().word().to_owned(),
            note: String::new(),
            intent,
        }];
        let mut it = Self::new(target, place, offers, 0, Opens::Looks, now);
        it.refuse(refused, now);
        it
    }

    fn intent(&self) -> Option<&Intent> {
        self.offers.get(self.chosen).map(|offer| &offer.intent)
    }

    fn is_calm(&self) -> bool {
        matches!(&self.stage, Stage::Ready(card) if card.level <= Level::L1 && !card.needs_reason)
            && self.may_arm()
    }

    /// Whether nothing was chosen here and nothing pressed but the key that opened it: where level 1
    /// is enough, that key was the confirmation.
    fn may_arm(&self) -> bool {
        self.offers.len() == 1 && !self.touched
    }

    fn show(&mut self, card: Box<Card>, now: Time) {
        if let Stage::Ready(before) = &self.stage
            && before.subject != card.subject
        {
            self.changed = face::differences(before, &card);
            self.form.disarm(now, CHANGED);
            self.form.to_top();
        }
        self.stage = Stage::Ready(card);
    }

    /// Takes the refusal of what was asked.
    fn refuse(&mut self, refused: Refused, now: Time) {
        self.touched = true;
        match refused.card.clone() {
            Some(card) => {
                self.form.disarm(now, CHANGED);
                self.form.said = refused.to_string();
                self.changed = vec![refused.to_string()];
                self.stage = Stage::Ready(card);
            }
            None => self.stage = Stage::Refused(refused),
        }
    }

    fn choose(&mut self, to: usize, now: Time) {
        if to != self.chosen && to < self.offers.len() && !matches!(self.stage, Stage::Sent) {
            self.chosen = to;
            self.stage = Stage::Choosing;
            // What another one changes is read on its card first.
            self.diff = false;
            self.renewing = None;
            self.awaited = false;
            self.changed.clear();
            self.form.said.clear();
            self.form.disarm(now, Duration::ZERO);
            self.form.to_top();
        }
    }

    /// Takes a key while the rows of choices are shown.
    fn chosen(&mut self, key: KeyEvent, now: Time) {
        let Some(choices) = &mut self.choices else {
            return;
        };
        match choices.key(key) {
            Chosen::Stay => {}
            Chosen::Back => self.choices = None,
            Chosen::Ask(flags) => {
                self.choices = None;
                if let Some(offer) = self.offers.get_mut(self.chosen)
                    && let Some(intent) = offer.intent.clone().choosing(flags)
                {
                    offer.intent = intent;
                    self.ask_anew(now);
                    self.form.disarm(now, DEAF);
                }
            }
        }
    }

    /// What may be chosen of it, as it stands.
    fn choosable(&self) -> &[Offered] {
        match &self.stage {
            Stage::Ready(card) => &card.flags,
            Stage::Refused(refused) => &refused.flags,
            Stage::Choosing | Stage::Unasked | Stage::Looking(_) | Stage::Sent => &[],
        }
    }

    /// The next of the card, its diff and its choices, of those that there are.
    fn turn(&mut self) {
        let choices = Choices::of(self.choosable());
        if self.has_diff() && !self.diff {
            self.diff = true;
        } else if choices.is_some() {
            (self.diff, self.choices) = (false, choices);
        } else if self.diff {
            self.diff = false;
        } else {
            let said = match self.stage {
                Stage::Ready(_) | Stage::Refused(_) => face::NO_DIFF,
                Stage::Choosing | Stage::Unasked | Stage::Looking(_) | Stage::Sent => {
                    return self.not_yet();
                }
            };
            said.clone_into(&mut self.form.said);
        }
    }
}

impl Layer for ChangeCard {
    /// The first preview, or a newer one when this is too old.
    fn due(&mut self, now: Time) -> Option<Ask> {
        let intent = self.intent()?.clone();
        let due = match &self.stage {
            Stage::Unasked => true,
            Stage::Ready(card) => {
                self.renewing.is_none() && self.choices.is_none() && now >= card.valid_until
            }
            Stage::Choosing | Stage::Looking(_) | Stage::Refused(_) | Stage::Sent => false,
        };
        due.then_some(Ask::Preview {
            intent,
            attached: Vec::new(),
        })
    }

    fn asked(&mut self, asked: Result<AskId, &str>, now: Time) {
        match (asked, &self.stage) {
            (Err(why), _) => self.refuse(Refused::new("not-asked", why), now),
            (Ok(_), Stage::Sent) => {}
            (Ok(id), Stage::Ready(_)) => (self.renewing, self.asked_at) = (Some(id), now),
            (Ok(id), Stage::Choosing | Stage::Unasked | Stage::Looking(_) | Stage::Refused(_)) => {
                (self.stage, self.asked_at) = (Stage::Looking(id), now);
            }
        }
    }

    /// A card that needs no person, level 1 and nothing else pressed, does it by itself.
    fn answered(&mut self, id: AskId, answer: &Answer, now: Time) -> Flow {
        let preview = self.renewing == Some(id) || self.stage == Stage::Looking(id);
        let awaited = preview && std::mem::take(&mut self.awaited);
        if preview {
            self.renewing = None;
        } else if self.stage != Stage::Sent {
            // It was chosen otherwise since.
            return Flow::Used;
        }
        match answer {
            Answer::Card { card } if preview => {
                let same =
                    matches!(&self.stage, Stage::Ready(before) if before.subject == card.subject);
                if matches!(self.stage, Stage::Looking(_)) {
                    // What was said of a key that came too early is no longer so.
                    self.form.said.clear();
                }
                self.show(card.clone(), now);
                if awaited {
                    face::newer(same).clone_into(&mut self.form.said);
                }
                if self.is_calm() {
                    return self.wanted(true);
                }
            }
            Answer::Accepted { says, .. } if preview => {
                self.stage = Stage::Refused(Refused::new(
                    "no-card",
                    format!("the engine answered without a card: {says}"),
                ));
            }
            Answer::Refused(refused) => self.refuse(refused.clone(), now),
            Answer::Accepted { .. } => return Flow::Close,
            Answer::Card { .. } => {}
        }
        Flow::Used
    }
}

impl Pane for ChangeCard {
    fn draw(&mut self, scene: &Scene<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
        self.overtaken(scene);
        let wide = usize::from(area.width.min(84).saturating_sub(4));
        let body = self.body(wide, scene, theme);
        if let Some(choices) = &self.choices {
            // Its rows are the last of the body.
            self.form
                .follow(body.len().saturating_sub(choices.len() - choices.at()));
        }
        let foot = self.foot(wide, scene, theme);
        let (title, danger) = self.title();
        self.form
            .draw(buf, area, theme, danger, &title, &body, &foot);
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
        self.overtaken(scene);
        let now = scene.now;
        if self.choices.is_some() {
            self.touched = true;
            self.chosen(key, now);
            return Flow::Used;
        }
        let pressed = self.form.key(key, scene.keys, now);
        if pressed == Pressed::Leave {
            return Flow::Close;
        }
        // What was typed before the card could be read is no wish to look closer.
        self.touched |= now.since(self.asked_at) > Duration::ZERO;
        let several = self.offers.len() > 1 && self.form.text(0).is_empty();
        match pressed {
            Pressed::Enter => return self.enter(now),
            Pressed::Tab => self.turn(),
            Pressed::Up if several => self.choose(self.chosen.saturating_sub(1), now),
            Pressed::Down if several => self.choose(self.chosen + 1, now),
            Pressed::Up => self.form.scroll(-1),
            Pressed::Down => self.form.scroll(1),
            // A letter that no field shows would look as if it was lost.
            Pressed::Taken
                if matches!(self.stage, Stage::Choosing | Stage::Refused(_))
                    && matches!(key.code, KeyCode::Char(_)) =>
            {
                self.form.disarm(now, Duration::ZERO);
                self.not_yet();
            }
            Pressed::Taken | Pressed::Leave => {}
            Pressed::Not => return Flow::Pass,
        }
        Flow::Used
    }

    fn typing(&self) -> bool {
        true
    }

    fn paste(&mut self, text: &str, scene: &Scene<'_>) -> Flow {
        self.touched = true;
        if self.choices.is_none() {
            self.form.paste(text, scene.now);
        }
        Flow::Used
    }

    fn moves(&self, scene: &Scene<'_>) -> Option<Duration> {
        match &self.stage {
            Stage::Unasked | Stage::Looking(_) | Stage::Sent => Some(Duration::from_secs(1)),
            Stage::Ready(_) if self.choices.is_some() => None,
            Stage::Ready(card) => Some(self.form.deaf(scene.now).unwrap_or_else(|| {
                card.valid_until
                    .since(scene.now)
                    .max(Duration::from_millis(100))
            })),
            Stage::Refused(_) | Stage::Choosing => None,
        }
    }
}
