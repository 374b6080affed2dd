//! The guard of a card: what must be typed, and what Enter asks once it was.

use std::time::Duration;

use crate::domain::ask::{Ask, Confirm};
use crate::domain::time::Time;
use crate::tui::layers::field::DEAF;
use crate::tui::pane::{Flow, Target, Wanted};

use super::{ChangeCard, Stage, face};

impl ChangeCard {
    /// What does it, with the guard as met; for a card that needs no person, `armed`.
    pub(super) fn wanted(&mut self, armed: bool) -> Flow {
        let Some(intent) = self.intent().cloned() else {
            return Flow::Used;
        };
        let Stage::Ready(card) = &self.stage else {
            return Flow::Used;
        };
        let confirm = Confirm {
            subject: Some(card.subject),
            text: if card.phrase.is_some() {
                self.form.text(0).to_owned()
            } else {
                String::new()
            },
            reason: self.form.text(1).to_owned(),
        };
        self.stage = Stage::Sent;
        let ask = Ask::Do {
            intent,
            attached: Vec::new(),
            confirm,
            armed,
        };
        Flow::Ask(Box::new(Wanted {
            ask,
            label: self.label(),
            target: Some(self.target.clone()),
            closes: armed,
        }))
    }

    /// What the ask would do, for the line that reads it back.
    fn label(&self) -> String {
        let verb = self.intent().map_or("", |intent| intent.verb().word());
        match &self.target {
            Target::Environment(env) => format!("{verb} {env}"),
            target => target
                .stack()
                .map_or_else(|| verb.to_owned(), |stack| format!("{verb} {stack}")),
        }
    }

    /// What must be typed: the engine's phrase, else the verb, so that Enter alone never changes
    /// anything.
    pub(super) fn phrase(&self) -> Option<String> {
        let Stage::Ready(card) = &self.stage else {
            return None;
        };
        Some(card.phrase.clone().unwrap_or_else(|| {
            self.intent()
                .map_or("do", |intent| intent.verb().word())
                .to_owned()
        }))
    }

    pub(super) fn enter(&mut self, now: Time) -> Flow {
        if self.stage == Stage::Choosing {
            self.ask_anew(now);
            self.form.disarm(now, DEAF);
            return Flow::Used;
        }
        let (Some(phrase), Stage::Ready(card)) = (self.phrase(), &self.stage) else {
            self.not_yet();
            return Flow::Used;
        };
        if self.renewing.is_some() {
            self.awaited = true;
            face::LOOKED_AT_AGAIN.clone_into(&mut self.form.said);
            return Flow::Used;
        }
        if self.form.text(0) != phrase {
            self.form.said = format!("type exactly {phrase}, then Enter");
            return Flow::Used;
        }
        if card.needs_reason && self.form.text(1).is_empty() {
            self.form.said.clear();
            if !self.form.asks(1) {
                self.form.ask_why(now);
            }
            return Flow::Used;
        }
        self.wanted(false)
    }

    /// Its preview is asked for, from the beginning.
    pub(super) fn ask_anew(&mut self, now: Time) {
        self.stage = Stage::Unasked;
        self.asked_at = now;
        self.renewing = None;
        self.awaited = false;
        self.changed.clear();
        self.form.said.clear();
        self.form.disarm(now, Duration::ZERO);
        self.form.to_top();
    }
}
