//! The list of stacks by environment, the ones that need a person first. Rows carry ids: a screen
//! pins the id, never the position.

mod elsewhere;
mod order;
mod serves;
mod standing;
mod step;
mod trouble;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::class::EnvClass;
use crate::domain::deployment::Deployment;
use crate::domain::environment::{Freeze, Mode};
use crate::domain::hold::HoldKind;
use crate::domain::ids::{DeploymentId, DeploymentNo, EnvName, StackId};
use crate::domain::place::Spot;
use crate::domain::stack::Stack;
use crate::domain::time::{Time, short};

use super::World;
use super::differs::Differs;
use super::sightings::Throttled;
pub use super::state::State;
use super::usual::Slow;
pub use serves::Serves;
pub use step::{StepAt, lost_step, step_at};
pub(super) use trouble::trouble;

/// How old what is shown must be for a row to say that it is because reads are throttled.
const GROWN: Duration = Duration::from_secs(15);

/// One stack.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Which.
    pub stack: StackId,
    /// What it is in.
    pub state: State,
    /// Whether a person must do something.
    pub needs_me: bool,
    /// At zero, as approved, while its deployment is at work.
    pub outage: bool,
    /// Running and desired tasks, where it has any.
    pub serve: Option<(u32, u32)>,
    /// Each of its services, as it was counted last.
    pub serves: Serves,
    /// The release in service, where one is known; with a `?` where somebody else changed it.
    pub serving: Option<String>,
    /// When somebody else changed what was brought from here.
    pub elsewhere: Option<Time>,
    /// The one that is on its way, where it is another.
    pub coming: Option<String>,
    /// Since when it is in this state; absent when that is not known.
    pub since: Option<Time>,
    /// When it was seen last; absent when it was never looked at.
    pub seen_at: Option<Time>,
    /// Why the newest look failed, if it did.
    pub stale: Option<String>,
    /// The deployment that it shows: the current one, else the first that waits, else the last.
    pub deployment: Option<(DeploymentId, DeploymentNo)>,
    /// Who asked for that deployment.
    pub by: Option<String>,
    /// Where that deployment stands.
    pub step: Option<StepAt>,
    /// How many deployments wait.
    pub waiting: usize,
    /// The step that takes several times its usual time, while it runs.
    pub slow: Option<Slow>,
    /// Why it is broken or has failed, in one line.
    pub why: Option<String>,
    /// Of a whole, how many of its parts are in which state.
    pub parts: BTreeMap<State, usize>,
}

/// One environment with its stacks.
#[derive(Debug, Clone, PartialEq)]
pub struct EnvView {
    /// Its name.
    pub name: EnvName,
    /// Its class.
    pub class: EnvClass,
    /// Which place its home is: as recorded, else as proven; nowhere when neither is known.
    pub spot: Spot,
    /// Whether the engine proved that.
    pub proven: bool,
    /// Whether this store may change it.
    pub mode: Mode,
    /// Whether it is of the practice estate.
    pub practice: bool,
    /// The stop of all its queues.
    pub freeze: Option<Freeze>,
    /// That what is read there is throttled.
    pub throttled: Option<Throttled>,
    /// Whether the estate file and the store agree.
    pub differs: Differs,
    /// Its stacks, the ones in need first.
    pub rows: Vec<Row>,
    /// How many stacks are in which state.
    pub counts: BTreeMap<State, usize>,
}

impl EnvView {
    /// The state that needs a person most.
    #[must_use]
    pub fn worst(&self) -> State {
        self.counts.keys().next().copied().unwrap_or(State::New)
    }

    /// That what is read there is throttled, and what is done about it.
    #[must_use]
    pub fn throttled_says(&self) -> Option<String> {
        Some(self.throttled.as_ref()?.with_what_is_done())
    }

    /// Running and desired tasks of all its stacks together, where any has them.
    #[must_use]
    pub fn serve(&self) -> Option<(u32, u32)> {
        self.rows
            .iter()
            .filter_map(|row| row.serve)
            .reduce(|a, b| (a.0 + b.0, a.1 + b.1))
    }

    /// How old the oldest sighting of its stacks is.
    #[must_use]
    pub fn age(&self, now: Time) -> Option<Duration> {
        self.rows
            .iter()
            .filter_map(|row| row.seen_at)
            .min()
            .map(|at| now.since(at))
    }
}

impl Row {
    /// The release in service, and behind `>` the one that is on its way.
    #[must_use]
    pub fn release(&self) -> String {
        let serving = self.serving.as_deref().unwrap_or_default();
        match &self.coming {
            Some(coming) => format!("{serving}>{coming}"),
            None => serving.to_owned(),
        }
    }

    /// How long it has been in its state.
    #[must_use]
    pub fn held_for(&self, now: Time) -> Option<Duration> {
        self.since.map(|since| now.since(since))
    }
}

impl World {
    /// All environments with their stacks: need first, then production before the others, then by
    /// name.
    #[must_use]
    pub fn environments(&self, now: Time) -> Vec<EnvView> {
        let mut by_env: BTreeMap<&EnvName, Vec<Row>> = BTreeMap::new();
        for name in self
            .folds
            .environments
            .keys()
            .chain(self.catalog.environments.keys())
        {
            by_env.entry(name).or_default();
        }
        for stack in self.stacks() {
            by_env
                .entry(&stack.env)
                .or_default()
                .push(self.row(stack, now));
        }
        let mut views: Vec<EnvView> = by_env
            .into_iter()
            .map(|(name, rows)| self.env_view(name, rows, now))
            .collect();
        views.sort_by(|a, b| (a.worst(), a.class, &a.name).cmp(&(b.worst(), b.class, &b.name)));
        views
    }

    /// How many stacks of all environments are in which state.
    #[must_use]
    pub fn counts(&self, now: Time) -> BTreeMap<State, usize> {
        let mut counts = BTreeMap::new();
        for stack in self.stacks() {
            *counts.entry(self.row(stack, now).state).or_default() += 1;
        }
        counts
    }

    fn env_view(&self, name: &EnvName, mut rows: Vec<Row>, now: Time) -> EnvView {
        order::sort(&mut rows);
        let mut counts = BTreeMap::new();
        for row in &rows {
            *counts.entry(row.state).or_default() += 1;
        }
        let record = self.record(name);
        let home = record.and_then(|record| record.places.home());
        let proof = home.and_then(|home| self.proof(name, &home.name));
        EnvView {
            name: name.clone(),
            class: record.map_or(EnvClass::Production, |record| record.class),
            spot: home.map_or_else(Spot::default, |home| self.spot(name, home)),
            proven: proof.is_some_and(|seen| seen.stale.is_none()),
            mode: record.map_or(Mode::Watch, |record| record.mode),
            practice: self.catalog.practice,
            freeze: self
                .folds
                .environments
                .get(name)
                .and_then(|fold| fold.frozen(now))
                .cloned(),
            throttled: self.throttled(name, now),
            differs: self.differs(name),
            rows,
            counts,
        }
    }

    /// One stack.
    #[must_use]
    pub fn row(&self, id: &StackId, now: Time) -> Row {
        let stack = self.folds.stack(id);
        let (seen_at, old) = self.freshness(id);
        let overdue = self
            .overdue(id, now)
            .map(|age| format!("nobody has looked at it for {}", short(age)));
        let old = old.map(ToString::to_string).or(overdue);
        let (state, since) = self.state_of(&stack, old.is_some(), now);
        let shown = stack
            .current
            .and_then(|current| self.deployment(current))
            .or_else(|| {
                stack
                    .queue
                    .first()
                    .and_then(|entry| self.deployment(entry.deployment))
            })
            .or_else(|| stack.last.and_then(|last| self.deployment(last)));
        let serve = self.tasks(id, state, shown.map(|d| &**d));
        let serves = self.serves(id);
        let slow = shown
            .filter(|_| state == State::Run)
            .and_then(|d| self.slow(d, now));
        let failed = shown.filter(|_| {
            matches!(
                state,
                State::Fail
                    | State::Brok
                    | State::Down
                    | State::Canc
                    | State::Cut
                    | State::Unkn
                    | State::Lost
            )
        });
        let gone = self
            .thing(id)
            .filter(|thing| state == State::Down && thing.is_missing());
        let elsewhere = self.changed_elsewhere(&stack);
        let rolls = self.thing(id).is_some_and(|thing| thing.rolls_back());
        let damage = self.damage(id);
        let frozen = self.frozen(id, now).filter(|_| state == State::Froz);
        let why = damage
            .clone()
            .or_else(|| frozen.map(|freeze| format!("frozen {}", freeze.says())))
            .or_else(|| stack.broken.clone())
            .or_else(|| failed.and_then(|d| trouble(d)))
            .or_else(|| Some(self.out_of_contact(&stack)?.1.to_string()))
            .or_else(|| {
                gone.map(|thing| {
                    format!(
                        "its {} is gone, and was not taken down from here",
                        thing.sight.called
                    )
                })
            })
            .or_else(|| serves.trouble())
            .or_else(|| elsewhere.map(|at| elsewhere::says(&stack, at)))
            .or_else(|| self.drift(&stack, now))
            .or_else(|| self.stale_input(&stack, now))
            .or_else(|| self.lacks(&stack))
            .or_else(|| old.clone())
            .or_else(|| {
                let age = now.since(seen_at?);
                let throttled = self.throttled(&id.env, now).filter(|_| age >= GROWN)?;
                Some(format!(
                    "{} throttles reads: seen {} ago",
                    throttled.by,
                    short(age)
                ))
            })
            .or_else(|| self.left_out(&stack));
        Row {
            stack: id.clone(),
            state,
            needs_me: slow.is_some()
                || needs_me(state)
                    && !(state == State::Down
                        && shown.is_some_and(|d| stays_down(d) || (goes_on(d) && !rolls))),
            outage: state == State::Down && shown.is_some_and(|d| goes_on(d)) && !rolls,
            serve,
            serves,
            serving: elsewhere::serving(&stack, elsewhere.is_some() || self.in_the_dark(&stack)),
            elsewhere,
            coming: coming(&stack, shown.map(|d| &**d)),
            since,
            seen_at,
            stale: old,
            deployment: shown.map(|d| (d.id, d.no())),
            by: shown
                .and_then(|d| d.request.as_ref())
                .map(|request| request.cause.by.to_string()),
            step: shown
                .filter(|d| !d.is_over() && damage.is_none())
                .and_then(|d| step_at(d)),
            waiting: stack.queue.len(),
            slow,
            why,
            parts: BTreeMap::new(),
        }
    }
}

impl World {
    /// What stops the queue of a stack: its own freeze, else that of its environment.
    #[must_use]
    pub fn frozen(&self, id: &StackId, now: Time) -> Option<&Freeze> {
        let own = || self.folds.stacks.get(id)?.frozen(now);
        own().or_else(|| self.folds.environments.get(&id.env)?.frozen(now))
    }

    /// Running and desired tasks: of a service that was taken to zero, the desired are those that it
    /// has when all is well.
    fn tasks(&self, id: &StackId, state: State, shown: Option<&Deployment>) -> Option<(u32, u32)> {
        let seen = self.serve(id);
        let wanted = shown
            .filter(|_| state == State::Down)
            .map_or(0, Deployment::wanted);
        match seen {
            Some((running, desired)) => Some((running, desired.max(wanted))),
            None => (wanted > 0).then_some((0, wanted)),
        }
    }
}

fn needs_me(state: State) -> bool {
    match state {
        State::Down | State::Fail | State::Brok | State::Unkn | State::Hold | State::Lost => true,
        State::Stale
        | State::Blank
        | State::Roll
        | State::Canc
        | State::Cut
        | State::Input
        | State::RunOutside
        | State::Run
        | State::Armed
        | State::Que
        | State::Froz
        | State::Ok
        | State::New
        | State::Gone => false,
    }
}

/// True when a person decided what becomes of a service at zero: nobody needs to be called again.
fn stays_down(d: &Deployment) -> bool {
    d.is_over()
        && d.holds
            .iter()
            .any(|hold| hold.kind == HoldKind::RestoreService && hold.decision.is_some())
}

/// True while a deployment is at work on a service that it took to zero: nothing is to be decided,
/// and all want to see it.
fn goes_on(d: &Deployment) -> bool {
    let lost = lost_step(d).is_some();
    !d.is_over() && d.stopping.is_none() && !lost && d.open_holds().next().is_none()
}

/// The release that is on its way, where it is not the one in service.
fn coming(stack: &Stack, shown: Option<&Deployment>) -> Option<String> {
    let coming = shown.filter(|d| !d.is_over()).and_then(|d| d.release())?;
    let serves = stack.release.as_ref().is_some_and(|now| now.is(coming));
    (!serves).then(|| coming.to_string())
}

#[cfg(test)]
mod tests;
