//! What stands on the last line, and how long it does: a while, or as long as what it rests on is
//! so. What would not be true any more is said anew, or goes.

use std::mem::{Discriminant, discriminant};
use std::time::Duration;

use crate::domain::ask::QueueOf;
use crate::domain::deployment::Phase;
use crate::domain::ids::DeploymentId;
use crate::domain::time::{Time, short};
use crate::tui::actions::{Action, Cx, Does};
use crate::tui::pane::Target;
use crate::tui::theme::Role;
use crate::world::World;
use crate::world::queue::Waits;

use super::Console;

/// How long what was said stands on the last line.
const SAID: Duration = Duration::from_secs(15);

/// What was said on the last line.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) text: String,
    pub(super) role: Role,
    /// How many keys it outlives: an answer of the engine is still there after a hasty one.
    keys: u8,
    /// Until when it stands there; a warning stays until a key.
    pub(super) until: Option<Time>,
    /// What it rests on.
    rests: Option<Rests>,
}

/// What something that is said rests on.
#[derive(Debug, Clone)]
pub(super) enum Rests {
    /// What was accepted waits, each for what it waited for then.
    Waits {
        /// The deployments.
        of: Vec<DeploymentId>,
        /// What they waited for when they were seen first.
        seen: Vec<Discriminant<Waits>>,
        /// What is left to say when they wait no more.
        then: String,
    },
    /// A queue is stopped, or goes on.
    Queue {
        /// Which.
        of: QueueOf,
        /// Whether it is stopped.
        frozen: bool,
        /// What is left to say when that is over.
        then: String,
    },
    /// A deployment is being ended.
    Ends {
        /// Which.
        deployment: DeploymentId,
        /// What is left to say when it has ended.
        then: String,
    },
    /// Nothing needs a person.
    Calm,
    /// An action is not possible, for the reason that is said.
    Denied(Action, Option<Target>),
}

/// What became of what was said.
enum Now {
    /// It is so.
    Same,
    /// It is otherwise.
    Else(String),
    /// It is over; this is left, if anything.
    Over(String),
}

impl Rests {
    fn now(&mut self, world: &World, calm: bool, now: Time) -> Now {
        match self {
            Rests::Waits { of, seen, then } => waits(world, of, seen, then, now),
            Rests::Queue { of, frozen, then } => {
                let stops = match of {
                    QueueOf::Stack(stack) => world.folds.stack(stack).frozen(now).is_some(),
                    QueueOf::Environment(env) => world
                        .folds
                        .environments
                        .get(env)
                        .is_some_and(|env| env.frozen(now).is_some()),
                };
                if stops == *frozen {
                    Now::Same
                } else {
                    Now::Over(then.clone())
                }
            }
            Rests::Ends { deployment, then } => {
                if world.deployment(*deployment).is_none_or(|d| !d.is_over()) {
                    Now::Same
                } else {
                    Now::Over(then.clone())
                }
            }
            Rests::Calm if calm => Now::Same,
            Rests::Calm => Now::Over(String::new()),
            Rests::Denied(action, target) => {
                let Does::Change(run) = action.does else {
                    return Now::Same;
                };
                let cx = Cx {
                    world,
                    now,
                    target: target.as_ref(),
                    own: &[],
                };
                run(&cx).map_or_else(
                    |denied| Now::Else(format!("{}: {}", action.name, denied.says())),
                    |_| Now::Over(String::new()),
                )
            }
        }
    }
}

/// What is to be said of deployments that were accepted and waited then.
fn waits(
    world: &World,
    of: &[DeploymentId],
    seen: &mut Vec<Discriminant<Waits>>,
    then: &str,
    now: Time,
) -> Now {
    if !of.iter().all(|id| world.deployment(*id).is_some()) {
        return Now::Same;
    }
    let queue = world.queue(now);
    let find = |id: &DeploymentId| queue.iter().find(|item| item.deployment == *id);
    let waiting: Vec<_> = of
        .iter()
        .filter_map(find)
        .filter(|item| {
            let d = world.deployment(item.deployment);
            d.is_some_and(|d| d.phase == Phase::Queued)
        })
        .collect();
    if waiting.len() < of.len() {
        return Now::Over(then.to_owned());
    }
    let all: Vec<_> = waiting
        .iter()
        .map(|item| discriminant(&item.waits))
        .collect();
    if seen.is_empty() {
        seen.clone_from(&all);
    }
    match waiting.as_slice() {
        [one] => match &one.waits {
            Waits::Armed { until } => {
                let left = short(until.since(now));
                Now::Else(format!(
                    "{then}  {} of {} starts in {left}",
                    one.no, one.stack
                ))
            }
            _ if all == *seen => Now::Same,
            waits => Now::Else(format!(
                "{then}  {} of {}: {}",
                one.no,
                one.stack,
                waits.says(now)
            )),
        },
        _ if all == *seen => Now::Same,
        _ => Now::Over(then.to_owned()),
    }
}

impl Console {
    /// Says something on the last line.
    pub fn said(&mut self, text: &str, role: Role) {
        self.say(text, role);
    }

    /// What is said at the start; nothing when empty.
    pub fn greet(&mut self, text: &str) {
        if !text.is_empty() {
            self.say(text, Role::Said);
        }
    }

    pub(super) fn say(&mut self, text: impl Into<String>, role: Role) {
        self.said = Some(Said {
            text: text.into(),
            role,
            keys: u8::from(role == Role::Said) * 2,
            until: None,
            rests: None,
        });
    }

    /// Says something that is so as long as something else is.
    pub(super) fn say_while(&mut self, text: impl Into<String>, role: Role, rests: Rests) {
        self.say(text, role);
        if let Some(said) = &mut self.said {
            said.rests = Some(rests);
        }
    }

    /// What was said is not said for ever: after a while the screen alone tells how things are.
    pub(super) fn let_go(&mut self, now: Time) {
        let Some(said) = self.said.as_mut().filter(|said| said.role != Role::Warn) else {
            return;
        };
        if now >= *said.until.get_or_insert(now + SAID) {
            self.said = None;
        }
    }

    pub(super) fn forget_said(&mut self) {
        self.said = self.said.take().and_then(|said| {
            Some(Said {
                keys: said.keys.checked_sub(1)?,
                ..said
            })
        });
    }

    /// What is not so any more is said as it is now, or not at all.
    pub(super) fn outdate(&mut self, now: Time) {
        let calm = self.shown.views.needs.is_none();
        let Some(said) = &mut self.said else { return };
        let Some(rests) = &mut said.rests else { return };
        match rests.now(&self.shown.world, calm, now) {
            Now::Same => {}
            Now::Else(text) => said.text = text,
            Now::Over(then) if then.is_empty() => self.said = None,
            Now::Over(then) => {
                said.text = then;
                said.rests = None;
            }
        }
    }
}
