//! Which state word a stack gets, and since when: its deployment first, then the real stack, then
//! its queue, then what is old.

use std::time::Duration;

use crate::domain::deployment::{Deployment, StepState, Stopping};
use crate::domain::end::End;
use crate::domain::failure::Retry;
use crate::domain::hold::HoldKind;
use crate::domain::lifecycle::{PhaseClass, PhaseFlag};
use crate::domain::sighting::ServiceSeen;
use crate::domain::stack::Stack;
use crate::domain::time::Time;

use super::{State, World};

/// How long it is told that a stack vanished that was never deployed from here.
const TOLD: Duration = Duration::from_hours(24);

impl World {
    pub(super) fn state_of(&self, stack: &Stack, stale: bool, now: Time) -> (State, Option<Time>) {
        // What was seen before the last deployment ended tells nothing of what it left.
        let thing = self
            .thing(&stack.id)
            .filter(|_| self.standing(stack).is_some());
        let rolls = thing.filter(crate::world::sightings::ThingSighting::rolls_back);
        if self.damage(&stack.id).is_some() {
            return (State::Unkn, known(stack.since));
        }
        if self.doubt.is_some() {
            return (State::Stale, None);
        }
        if let Some((since, _)) = self.out_of_contact(stack) {
            return (State::Lost, Some(since));
        }
        if let Some(current) = stack.current {
            return match self.deployment(current) {
                Some(current) => running(
                    current,
                    rolls.map(|thing| thing.sight.changed_at.unwrap_or(thing.taken_at)),
                    self.serve(&stack.id),
                ),
                None => (State::Run, known(stack.since)),
            };
        }
        if let Some(thing) = rolls {
            return (State::Roll, thing.sight.changed_at);
        }
        // That nobody is served stands above why.
        if let Some(thing) = thing.filter(|thing| {
            thing.is_missing()
                && stack.class() != PhaseClass::Gone
                && stack.runs_on(&self.folds, &thing.sight.about)
        }) {
            // What was there is not there any more, and nobody here took it down. Who never
            // deployed it hears of it for a day.
            let since = thing.sight.changed_at;
            let lately = stack.had.is_none() && since.is_some_and(|at| now.since(at) < TOLD);
            if stack.release.is_some() || lately {
                return (State::Down, since.or(Some(thing.taken_at)));
            }
        }
        if self.at_zero(stack) {
            return (
                State::Down,
                stack
                    .last
                    .and_then(|last| self.deployment(last))
                    .and_then(|last| last.down_since()),
            );
        }
        if stack.class() == PhaseClass::Broken {
            return (
                if stack.is(PhaseFlag::RunAgain) {
                    State::Fail
                } else {
                    State::Brok
                },
                known(stack.since),
            );
        }
        if let Some(thing) = thing.filter(crate::world::sightings::ThingSighting::in_progress) {
            return (State::RunOutside, thing.sight.changed_at);
        }
        if self
            .standing(stack)
            .is_some_and(|standing| standing.is_shut() || standing.is_repairable())
        {
            return (State::Brok, thing.and_then(|thing| thing.sight.changed_at));
        }
        if let Some((state, since)) = self.waiting(stack, now) {
            return (state, since);
        }
        if stale {
            return (State::Stale, self.freshness(&stack.id).0);
        }
        if let Some(freeze) = stack.frozen(now) {
            return (State::Froz, Some(freeze.at));
        }
        if stack.class() == PhaseClass::Gone {
            return (State::Gone, known(stack.since));
        }
        let last = stack.last.and_then(|last| self.deployment(last));
        if let Some(last) = last
            && stack.mended.is_none()
            && matches!(last.end, Some(End::Partial { .. } | End::Failed { .. }))
        {
            return (State::Fail, last.ended_at);
        }
        // What it began and did not end is not undone by its end.
        if let Some(last) = last
            && matches!(last.end, Some(End::Terminated { .. }))
            && last.changed_anything()
            && !last.is_restored()
        {
            return (State::Cut, last.ended_at);
        }
        // One that ended before it changed anything mended nothing of what an earlier one left.
        let left = stack.unsettled.and_then(|left| self.deployment(left));
        if let Some(left) = left.filter(|left| left.changed_anything() && !left.is_restored()) {
            let cut = matches!(left.end, Some(End::Terminated { .. }));
            return (if cut { State::Cut } else { State::Fail }, left.ended_at);
        }
        // An older look still tells that there is something: what is there and was never brought
        // from here is not new.
        let looked = self.thing(&stack.id);
        if stack.release.is_none()
            && stack.last_good.is_none()
            && looked.is_none_or(|thing| thing.is_missing())
        {
            let looked_at = looked.is_some() || !self.is_outside(&stack.id);
            return (if looked_at { State::New } else { State::Blank }, None);
        }
        let input = self.stale_inputs(&stack.id).first().map(|one| one.now_at);
        if let Some(seen) = input {
            return (State::Input, Some(seen));
        }
        (
            State::Ok,
            known(stack.since).or_else(|| thing.and_then(|thing| thing.sight.changed_at)),
        )
    }

    /// What the head of the queue waits for.
    fn waiting(&self, stack: &Stack, now: Time) -> Option<(State, Option<Time>)> {
        let first = stack.queue.first()?;
        let since = self.deployment(first.deployment).map(|d| d.created_at);
        Some((self.waits(stack, 0, first, now).queued(), since))
    }

    /// Whether the service is at zero though nobody is at work on it.
    pub(crate) fn at_zero(&self, stack: &Stack) -> bool {
        let Some((running, desired)) = self.serve(&stack.id) else {
            return false;
        };
        let last = stack.last.and_then(|last| self.deployment(last));
        let left_at_zero =
            last.is_some_and(|d| !matches!(d.end, Some(End::Done)) && d.down_since().is_some());
        // One of several that is at zero serves nobody, however many tasks the others have.
        let services = self.services(&stack.id).map(|(services, _)| services);
        let is_one_down = services.is_some_and(|all| all.iter().any(ServiceSeen::is_down));
        stack.class() != PhaseClass::Gone
            && (is_one_down || running == 0 && (desired > 0 || left_at_zero))
    }
}

/// What a deployment that holds its stack is in.
fn running(
    d: &Deployment,
    rolls: Option<Time>,
    serves: Option<(u32, u32)>,
) -> (State, Option<Time>) {
    let oldest = |kind: Option<HoldKind>| {
        d.open_holds()
            .filter(|hold| kind.is_none_or(|kind| hold.kind == kind))
            .map(|hold| hold.opened_at)
            .min()
    };
    if let Some(opened) = oldest(Some(HoldKind::RestoreService)) {
        return (State::Down, d.down_since().or(Some(opened)));
    }
    let lost = |unknown: bool| {
        d.steps
            .values()
            .filter(|run| run.state == StepState::Lost)
            .filter(|run| {
                unknown
                    == run
                        .failure
                        .as_ref()
                        .is_some_and(|failure| failure.retry == Retry::AskAPerson)
            })
            .map(|run| run.started_at)
            .min()
    };
    if let Some(since) = d
        .down_since()
        .filter(|_| serves.is_none_or(|(running, _)| running == 0))
    {
        return (State::Down, Some(since));
    }
    if let Some(since) = lost(true) {
        return (State::Unkn, since);
    }
    if let Some(opened) = oldest(None) {
        return (State::Hold, Some(opened));
    }
    if let Some(since) = lost(false) {
        return (State::Lost, since);
    }
    if let Some(since) = rolls {
        return (State::Roll, Some(since));
    }
    match &d.stopping {
        Some(Stopping::Cancelling { at, .. }) => (State::Canc, Some(*at)),
        Some(Stopping::Failing) => (
            State::Fail,
            d.steps
                .values()
                .filter(|run| run.state == StepState::Failed)
                .filter_map(|run| run.ended_at)
                .min(),
        ),
        None => (State::Run, d.started_at),
    }
}

fn known(at: Time) -> Option<Time> {
    (at != Time::default()).then_some(at)
}
