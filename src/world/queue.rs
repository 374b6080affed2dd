//! One queue over all environments: what runs, and what waits for what.

use crate::domain::deployment::Deployment;
use crate::domain::environment::{Freeze, Mode};
use crate::domain::ids::{DeploymentId, DeploymentNo, HoldId, StackId};
use crate::domain::purpose::Purpose;
use crate::domain::stack::{Queued, Stack};
use crate::domain::time::{Time, short};

use super::rows::{State, StepAt, step_at};
use super::{EngineState, World};

/// One deployment that runs or waits.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueItem {
    /// Which.
    pub deployment: DeploymentId,
    /// Its number.
    pub no: DeploymentNo,
    /// Its stack.
    pub stack: StackId,
    /// The state word.
    pub state: State,
    /// What it waits for, or where it is.
    pub waits: Waits,
    /// Since when it runs or waits.
    pub since: Time,
    /// Who asked.
    pub by: String,
    /// The release that it brings, or what it is for.
    pub brings: String,
}

/// What a deployment waits for, or where it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Waits {
    /// It runs: at this step, where the plan is made.
    Runs(Option<StepAt>),
    /// A person decides.
    Hold(HoldId),
    /// The undo window.
    Armed {
        /// When it is over.
        until: Time,
    },
    /// Another deployment that must end well first.
    After {
        /// Its number.
        no: DeploymentNo,
        /// Its stack.
        stack: StackId,
    },
    /// Its stack is busy, or another one is before it in the queue.
    Behind {
        /// The one before it.
        no: DeploymentNo,
    },
    /// A stopped queue.
    Frozen {
        /// The stop.
        freeze: Freeze,
        /// Whether the whole environment is stopped.
        environment: bool,
    },
    /// Its stack is broken: a person must open a way out.
    Broken,
    /// Its environment is only watched now.
    Watched,
    /// No engine runs.
    NoEngine(String),
    /// The engine takes it next.
    Next,
}

impl Waits {
    /// The state of what is queued and waits for this.
    pub(super) fn queued(&self) -> State {
        match self {
            Waits::Armed { .. } => State::Armed,
            Waits::Frozen { .. } => State::Froz,
            Waits::Runs(_)
            | Waits::Hold(_)
            | Waits::After { .. }
            | Waits::Behind { .. }
            | Waits::Broken
            | Waits::Watched
            | Waits::NoEngine(_)
            | Waits::Next => State::Que,
        }
    }

    /// As a phrase: `in 4s`, `after #12 dev/base`, `frozen by ana until 16:00Z: INC-881`.
    #[must_use]
    pub fn says(&self, now: Time) -> String {
        match self {
            Waits::Runs(Some(step)) => format!("{} ({}/{})", step.id, step.nth, step.of),
            Waits::Runs(None) => "getting ready".to_owned(),
            Waits::Hold(id) => format!("a person decides: {id}"),
            Waits::Armed { until } => format!("in {}", short(until.since(now))),
            Waits::After { no, stack } => format!("after {no} {stack}"),
            Waits::Behind { no } => format!("behind {no}"),
            Waits::Frozen {
                freeze,
                environment,
            } => {
                let whole = if *environment { "environment " } else { "" };
                format!("{whole}frozen {}", freeze.says())
            }
            Waits::Broken => "its stack is broken: unblock it".to_owned(),
            Waits::Watched => "its environment is only watched (mode: watch)".to_owned(),
            Waits::NoEngine(why) => format!("no engine: {why}"),
            Waits::Next => "next".to_owned(),
        }
    }
}

impl World {
    /// What runs and what waits, over all environments: what runs first, then what waits, each by
    /// age.
    #[must_use]
    pub fn queue(&self, now: Time) -> Vec<QueueItem> {
        let mut items = Vec::new();
        for stack in self.folds.stacks.values() {
            if let Some(current) = stack.current.and_then(|id| self.deployment(id)) {
                let state = self.row(&stack.id, now).state;
                let waits = match current.open_holds().next() {
                    Some(hold) => Waits::Hold(hold.id.clone()),
                    None => Waits::Runs(step_at(current)),
                };
                items.extend(item(
                    current,
                    state,
                    waits,
                    current.started_at.unwrap_or(current.created_at),
                ));
            }
            for (place, entry) in stack.queue.iter().enumerate() {
                if let Some(d) = self.deployment(entry.deployment) {
                    let waits = self.waits(stack, place, entry, now);
                    items.extend(item(d, waits.queued(), waits, d.created_at));
                }
            }
        }
        items.sort_by_key(|item| {
            (
                !matches!(item.waits, Waits::Runs(_) | Waits::Hold(_)),
                item.since,
                item.no,
            )
        });
        items
    }

    /// What one place of a queue waits for. What would not start at the end of its undo window
    /// waits for something else.
    #[must_use]
    pub fn waits(&self, stack: &Stack, place: usize, entry: &Queued, now: Time) -> Waits {
        let armed = entry.not_before.filter(|at| *at > now);
        match (armed, self.waits_for(stack, place, entry, now)) {
            (Some(until), Waits::Next | Waits::NoEngine(_)) => Waits::Armed { until },
            (_, waits) => waits,
        }
    }

    fn waits_for(&self, stack: &Stack, place: usize, entry: &Queued, now: Time) -> Waits {
        if let Some(freeze) = stack.frozen(now) {
            return Waits::Frozen {
                freeze: freeze.clone(),
                environment: false,
            };
        }
        if let Some(freeze) = self
            .folds
            .environments
            .get(&stack.id.env)
            .and_then(|env| env.frozen(now))
        {
            return Waits::Frozen {
                freeze: freeze.clone(),
                environment: true,
            };
        }
        if self
            .folds
            .environments
            .get(&stack.id.env)
            .and_then(|env| env.record.as_ref())
            .is_some_and(|record| record.mode == Mode::Watch)
        {
            return Waits::Watched;
        }
        let before = |id: DeploymentId| self.deployment(id).map(|d| d.no());
        if let Some(no) = stack.current.and_then(before) {
            let ahead = place
                .checked_sub(1)
                .and_then(|ahead| stack.queue.get(ahead))
                .map(|ahead| ahead.no);
            return Waits::Behind {
                no: ahead.unwrap_or(no),
            };
        }
        if let Some(ahead) = place
            .checked_sub(1)
            .and_then(|ahead| stack.queue.get(ahead))
        {
            return Waits::Behind { no: ahead.no };
        }
        // What takes a broken stack down needs nobody to unblock it first.
        if stack.needs_unblocking() && entry.purpose != Purpose::Teardown {
            return Waits::Broken;
        }
        let open = entry
            .after
            .iter()
            .filter_map(|id| self.deployment(*id))
            .find(|d| !d.is_over());
        if let Some(d) = open
            && let Some(on) = d.stack()
        {
            return Waits::After {
                no: d.no(),
                stack: on.clone(),
            };
        }
        match &self.engine {
            EngineState::None(why) => Waits::NoEngine(why.clone()),
            EngineState::Silent { since, .. } => {
                Waits::NoEngine(format!("it has not answered since {}", since.clock()))
            }
            EngineState::Starting => Waits::NoEngine("it is starting".to_owned()),
            EngineState::Draining { version } => {
                Waits::NoEngine(format!("version {version} is handing over"))
            }
            EngineState::Unknown | EngineState::Live { .. } => Waits::Next,
        }
    }
}

fn item(d: &Deployment, state: State, waits: Waits, since: Time) -> Option<QueueItem> {
    let request = d.request.as_ref()?;
    Some(QueueItem {
        deployment: d.id,
        no: request.no,
        stack: request.stack.clone(),
        state,
        waits,
        since,
        by: request.cause.by.to_string(),
        brings: d.brings(),
    })
}

#[cfg(test)]
mod tests {
    use crate::world::fixture::{self, NOW};

    #[test]
    fn one_queue_over_all_environments_with_the_reason_each_waits() {
        let world = fixture::scene();
        let list: Vec<String> = world
            .queue(NOW)
            .iter()
            .map(|item| {
                format!(
                    "{} {} {} {}",
                    item.no,
                    item.stack,
                    item.state.word(),
                    item.waits.says(NOW)
                )
            })
            .collect();
        insta::assert_snapshot!(list.join("\n"));
    }
}
