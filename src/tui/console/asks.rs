//! Asks that are on their way, and what becomes of their answers.

use crate::domain::ask::{Answer, Ask, AskState, Intent};
use crate::domain::end::End;
use crate::domain::ids::{AskId, DeploymentId};
use crate::domain::time::{Time, short};
use crate::tui::layers::LayerNo;
use crate::tui::layers::card::ChangeCard;
use crate::tui::layers::paper::Where;
use crate::tui::pane::{Target, Wanted};
use crate::tui::theme::Role;

use super::Console;
use super::said::Rests;

/// One ask that is on its way.
#[derive(Debug, Clone)]
struct Ticket {
    id: AskId,
    /// The layer that asked.
    from: Option<LayerNo>,
    /// What a person asked; none for a layer's own look.
    wish: Option<Wish>,
}

/// What a person asked.
#[derive(Debug, Clone)]
struct Wish {
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
    /// How many answers a person waits for.
    pub(super) fn count(&self) -> usize {
        self.tickets
            .iter()
            .filter(|ticket| ticket.wish.is_some())
            .count()
    }

    /// What was asked from here and has not ended, in that order.
    pub(super) fn followed(&self) -> &[DeploymentId] {
        &self.followed
    }

    /// Whether a person waits for an answer.
    pub(super) fn under_way(&self) -> bool {
        self.count() > 0
    }
}

impl Console {
    /// Submits what layers want without a key.
    pub(super) fn due(&mut self, now: Time) {
        for (no, layer) in self.layers.iter_mut() {
            let Some(ask) = layer.due(now) else { continue };
            match self.desk.submit(ask) {
                Ok(id) => {
                    layer.asked(Ok(id), now);
                    self.asks.tickets.push(Ticket {
                        id,
                        from: Some(no),
                        wish: None,
                    });
                }
                Err(why) => layer.asked(Err(&why.to_string()), now),
            }
        }
    }

    /// Something that is only recorded is on its way: a refusal is told, nothing else.
    pub(super) fn noted(&mut self, id: AskId) {
        self.asks.tickets.push(Ticket {
            id,
            from: None,
            wish: None,
        });
    }

    /// Submits what a person confirmed in a layer, or what needs no more than the key.
    pub(super) fn submit(&mut self, wanted: Wanted, from: Option<LayerNo>, now: Time) {
        let Wanted {
            ask,
            label,
            target,
            closes,
        } = wanted;
        let intent = match &ask {
            Ask::Do { intent, .. } => Some(intent.clone()),
            Ask::Preview { .. }
            | Ask::Approve { .. }
            | Ask::Reject { .. }
            | Ask::Undo { .. }
            | Ask::Lock { .. }
            | Ask::App { .. }
            | Ask::Drain { .. } => None,
        };
        let submitted = self.desk.submit(ask).map_err(|why| why.to_string());
        if let Some(layer) = from.and_then(|no| self.layers.get(no)) {
            layer.asked(
                submitted.as_ref().map(|id| *id).map_err(String::as_str),
                now,
            );
        }
        match submitted {
            Ok(id) => {
                if let Some(no) = from.filter(|_| closes) {
                    self.layers.close(no);
                }
                self.say(format!("{label}: asked {}", now.clock()), Role::Said);
                self.asks.tickets.push(Ticket {
                    id,
                    from,
                    wish: Some(Wish {
                        label,
                        asked_at: now,
                        intent,
                        target,
                    }),
                });
            }
            Err(why) => self.say(why, Role::Warn),
        }
    }

    /// Looks for answers.
    pub(super) fn answers(&mut self, now: Time) {
        for ticket in std::mem::take(&mut self.asks.tickets) {
            match self.desk.state(ticket.id) {
                AskState::Asked => self.asks.tickets.push(ticket),
                AskState::Answered { answer } => self.answered(&ticket, answer, now),
            }
        }
    }

    /// Gives an answer to the layer that asked, if it is still open, and tells the person who
    /// asked.
    fn answered(&mut self, ticket: &Ticket, answer: Answer, now: Time) {
        let flow = ticket
            .from
            .and_then(|no| self.layers.get(no))
            .map(|layer| layer.answered(ticket.id, &answer, now));
        let taken = flow.is_some();
        match (&ticket.wish, &answer) {
            (Some(wish), _) => self.told(wish, answer, taken, now),
            (None, Answer::Refused(refused)) if ticket.from.is_none() => {
                self.say(format!("not recorded: {refused}"), Role::Warn);
            }
            (None, _) => {}
        }
        if let Some(flow) = flow {
            self.flow(flow, ticket.from, now);
        }
    }

    fn told(&mut self, wish: &Wish, answer: Answer, taken: bool, now: Time) {
        let label = &wish.label;
        match answer {
            Answer::Accepted { deployments, says } => {
                let numbers: Vec<String> =
                    deployments.iter().map(|(_, no)| no.to_string()).collect();
                let asked = wish.asked_at.clock();
                let then = format!(
                    "{label}: asked {asked}, accepted {} {}",
                    now.clock(),
                    numbers.join(" ")
                );
                let of: Vec<DeploymentId> = deployments.into_iter().map(|(id, _)| id).collect();
                self.asks.followed.extend(&of);
                let text = format!("{then}  {says}");
                let rests = match &wish.intent {
                    _ if !of.is_empty() => Some(Rests::Waits {
                        of,
                        seen: Vec::new(),
                        then,
                    }),
                    Some(Intent::Freeze { target, .. }) => Some(Rests::Queue {
                        of: target.clone(),
                        frozen: true,
                        then,
                    }),
                    Some(Intent::Thaw { target }) => Some(Rests::Queue {
                        of: target.clone(),
                        frozen: false,
                        then,
                    }),
                    Some(Intent::Cancel { deployment }) => Some(Rests::Ends {
                        deployment: *deployment,
                        then,
                    }),
                    Some(_) | None => None,
                };
                match rests {
                    Some(rests) => self.say_while(text, Role::Said, rests),
                    None => self.say(text, Role::Said),
                }
            }
            Answer::Refused(refused) => {
                self.say(format!("{label}: refused: {refused}"), Role::Warn);
                // The engine asks for a guard that was not met: the card that it sent is shown, it
                // does not open over another.
                if !taken
                    && self.layers.is_empty()
                    && refused.card.is_some()
                    && let (Some(intent), Some(target)) = (&wish.intent, &wish.target)
                {
                    let place = Where::of(&self.scene(now), target.env());
                    self.layers.push(ChangeCard::refused(
                        target.clone(),
                        place,
                        intent.clone(),
                        refused,
                        now,
                    ));
                }
            }
            Answer::Card { .. } => self.say(
                format!("{label}: the engine answered with a card only; ask again"),
                Role::Warn,
            ),
        }
    }

    /// Tells the ends of the deployments that were asked for here.
    pub(super) fn tell_ends(&mut self) {
        let ended: Vec<DeploymentId> = self
            .asks
            .followed
            .iter()
            .copied()
            .filter(|id| {
                self.shown
                    .world
                    .deployment(*id)
                    .is_some_and(|d| d.is_over())
            })
            .collect();
        self.asks.followed.retain(|id| !ended.contains(id));
        let Some(d) = ended.last().and_then(|id| self.shown.world.deployment(*id)) else {
            return;
        };
        let name = format!(
            "{} of {}",
            d.no(),
            d.stack().map(ToString::to_string).unwrap_or_default()
        );
        let took = d
            .started_at
            .zip(d.ended_at)
            .map_or_else(String::new, |(from, to)| {
                format!(" after {}", short(to.since(from)))
            });
        let (text, role) = match &d.end {
            Some(End::Partial { arrived, missing }) => (
                format!("{name} PARTIAL{took}: {}", End::shortfall(arrived, missing)),
                Role::Warn,
            ),
            Some(End::Failed { failure }) => (
                format!("{name} FAILED{took}: {}", failure.summary),
                Role::Warn,
            ),
            Some(End::Terminated { reason, .. }) => {
                (format!("{name} TERMINATED{took}: {reason}"), Role::Warn)
            }
            Some(End::Done) | None => (format!("{name} is DONE{took}"), Role::Said),
        };
        self.say(text, role);
    }
}
