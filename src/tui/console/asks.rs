//! Asks that are on their way, and what becomes of their answers.

use crate::domain::ask::{Answer, Ask, AskState, Intent};
use crate::domain::deployment::End;
use crate::domain::ids::{AskId, DeploymentId};
use crate::domain::time::{Time, short};
use crate::tui::layers::Layer;
use crate::tui::layers::card::ChangeCard;
use crate::tui::layers::paper::Place;
use crate::tui::pane::Target;
use crate::tui::theme::Role;

use super::Console;

/// One ask that is on its way.
#[derive(Debug, Clone)]
struct Ticket {
    id: AskId,
    label: String,
    asked_at: Time,
    /// What was asked, where a card could be made of a refusal.
    intent: Option<Intent>,
    target: Option<Target>,
}

/// What was asked from here.
#[derive(Debug, Default)]
pub(super) struct Asks {
    tickets: Vec<Ticket>,
    /// Deployments that were asked for here and have not ended yet: their ends are told.
    followed: Vec<DeploymentId>,
}

impl Asks {
    /// Whether an answer is waited for.
    pub(super) fn under_way(&self) -> bool {
        !self.tickets.is_empty()
    }

    /// How many answers are waited for.
    pub(super) fn count(&self) -> usize {
        self.tickets.len()
    }
}

impl Console {
    /// Submits the previews that cards want.
    pub(super) fn previews(&mut self, now: Time) {
        for layer in &mut self.layers {
            let Layer::Card(card) = layer else { continue };
            if let Some(ask) = card.wants(now) {
                match self.desk.submit(ask) {
                    Ok(id) => card.asked(id, now),
                    Err(why) => card.not_asked(&why.to_string()),
                }
            }
        }
    }

    /// Submits what a person confirmed, or what needs no more than the key.
    pub(super) fn submit(&mut self, ask: Ask, label: String, target: Option<Target>, now: Time) {
        let intent = match &ask {
            Ask::Do { intent, .. } => Some(intent.clone()),
            Ask::Preview { .. } | Ask::Approve { .. } | Ask::Reject { .. } | Ask::Undo { .. } | Ask::Drain { .. } => None,
        };
        match self.desk.submit(ask) {
            Ok(id) => {
                self.say(format!("{label}: asked {}", now.clock()), Role::Said);
                self.asks.tickets.push(Ticket { id, label, asked_at: now, intent, target });
            }
            Err(why) => {
                self.say(why.to_string(), Role::Warn);
                self.refused_layer(why.to_string(), now);
            }
        }
    }

    /// Looks for answers: to cards that look, and to asks that were confirmed.
    pub(super) fn answers(&mut self, now: Time) {
        let mut calm = None;
        for (n, layer) in self.layers.iter_mut().enumerate() {
            if let Layer::Card(card) = layer
                && let Some(id) = card.waits_for()
                && card.answered(self.desk.state(id), now)
            {
                calm = Some(n);
            }
        }
        if let Some(n) = calm
            && let Layer::Card(mut card) = self.layers.remove(n)
        {
            let label = card.label();
            if let Some(ask) = card.confirmed(true) {
                let target = crate::tui::pane::Pane::target(card.as_ref(), &self.scene(now));
                self.submit(ask, label, target, now);
            }
        }
        for ticket in std::mem::take(&mut self.asks.tickets) {
            match self.desk.state(ticket.id) {
                AskState::Asked | AskState::Looking => self.asks.tickets.push(ticket),
                AskState::Answered { answer } => self.answered(&ticket, answer, now),
            }
        }
    }

    fn answered(&mut self, ticket: &Ticket, answer: Answer, now: Time) {
        match answer {
            Answer::Accepted { deployments, says } => {
                // The card that waited for this answer has done its work.
                self.layers.retain(|layer| !layer.seen_waits(&ticket.label));
                let numbers: Vec<String> = deployments.iter().map(|(_, no)| no.to_string()).collect();
                let text =
                    format!("{}: asked {}, accepted {} {}  {says}", ticket.label, ticket.asked_at.clock(), now.clock(), numbers.join(" "));
                self.say(text, Role::Said);
                self.asks.followed.extend(deployments.into_iter().map(|(id, _)| id));
            }
            Answer::Refused(refused) => {
                self.say(format!("{}: refused: {refused}", ticket.label), Role::Warn);
                let mut taken = false;
                for layer in &mut self.layers {
                    match layer {
                        Layer::Card(card) if card.label() == ticket.label => {
                            card.refuse(refused.clone(), now);
                            taken = true;
                        }
                        Layer::Hold(hold) if hold.label() == ticket.label => {
                            hold.refuse(refused.to_string(), now);
                            taken = true;
                        }
                        Layer::Card(_) | Layer::Hold(_) | Layer::Freeze(_) | Layer::Choose(_) | Layer::Page(_) => {}
                    }
                }
                // The engine asks for a guard that was not met: the card that it sent is shown, it does not open over another.
                if !taken
                    && self.layers.is_empty()
                    && refused.card.is_some()
                    && let (Some(intent), Some(target)) = (&ticket.intent, &ticket.target)
                {
                    let place = Place::of(&self.scene(now), target.env());
                    self.layers.push(Layer::Card(Box::new(ChangeCard::refused(target.clone(), place, intent.clone(), refused, now))));
                }
            }
            Answer::Card { .. } => self.say(format!("{}: the engine answered with a card only; ask again", ticket.label), Role::Warn),
        }
    }

    /// Tells the ends of the deployments that were asked for here.
    pub(super) fn tell_ends(&mut self) {
        let ended: Vec<DeploymentId> =
            self.asks.followed.iter().copied().filter(|id| self.shown.world.deployment(*id).is_some_and(|d| d.is_over())).collect();
        self.asks.followed.retain(|id| !ended.contains(id));
        let Some(d) = ended.last().and_then(|id| self.shown.world.deployment(*id)) else { return };
        let name = format!("{} of {}", d.no(), d.stack().map(ToString::to_string).unwrap_or_default());
        let took = d.started_at.zip(d.ended_at).map_or_else(String::new, |(from, to)| format!(" after {}", short(to.since(from))));
        let (text, role) = match &d.end {
            Some(End::Failed { failure }) => (format!("{name} FAILED{took}: {}", failure.summary), Role::Warn),
            Some(End::Terminated { reason, .. }) => (format!("{name} TERMINATED{took}: {reason}"), Role::Warn),
            Some(End::Done) | None => (format!("{name} is DONE{took}"), Role::Said),
        };
        self.say(text, role);
    }

    fn refused_layer(&mut self, why: String, now: Time) {
        match self.layers.last_mut() {
            Some(Layer::Card(card)) => card.refuse(crate::domain::ask::Refused::new("not-asked", why), now),
            Some(Layer::Hold(hold)) => hold.refuse(why, now),
            Some(Layer::Freeze(_) | Layer::Choose(_) | Layer::Page(_)) | None => {}
        }
    }
}

impl Layer {
    /// Whether the layer waits for the answer to what is called so.
    fn seen_waits(&self, label: &str) -> bool {
        match self {
            Layer::Card(card) => card.label() == label,
            Layer::Hold(hold) => hold.label() == label,
            Layer::Freeze(_) | Layer::Choose(_) | Layer::Page(_) => false,
        }
    }
}
