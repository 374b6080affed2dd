//! Granting: what follows from the wants of a machine, as what is recorded and what is done
//! outside. Pure rules in one order, for whoever drives machines: an engine carries the effects
//! out, a simulation answers them.

use super::decide::{self, Cx};
use super::deployment::{Deployment, DeploymentEvent, DeploymentWant, Phase};
use super::event::{Append, Event, StreamId};
use super::failure::Failure;
use super::folds::Folds;
use super::folds::StackWant;
use super::gap::Gap;
use super::ids::{DeploymentId, StackId, StepId};
use super::lifecycle::PhaseFlag;
use super::look::{Quiet, Sights};
use super::plan::{Output, Plan, Reserved, Step};
use super::stack::{Queued, Stack};
use super::wants::Wants;

/// One machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Machine {
    /// A stack.
    Stack(StackId),
    /// A deployment.
    Deployment(DeploymentId),
}

/// One attempt of one step.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attempt {
    /// Of this deployment.
    pub deployment: DeploymentId,
    /// The step.
    pub step: StepId,
    /// 1 for the first.
    pub attempt: u32,
}

/// What is to be done outside the log. All of it may be asked for again: who does it knows what is
/// under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Look whether the real stack is there; answered by [`looked`].
    Look {
        /// Which.
        stack: StackId,
        /// Its first deployment, which may start.
        entry: Queued,
    },
    /// Look until the real stack is quiet; answered by [`settled`].
    Settle(DeploymentId),
    /// Make the plan; answered by [`made`].
    Plan(DeploymentId),
    /// An attempt begins: nothing was called for it before, and nothing may be before the append is
    /// durable.
    Begin(Attempt),
    /// Have a task for an attempt.
    Attend {
        /// Which.
        attempt: Attempt,
        /// A cancel was asked for.
        cancel: bool,
    },
    /// End the task of an attempt whose time is over.
    Drop(Attempt),
    /// What was seen of a stack is old: something of ours has ended there.
    Forget(StackId),
    /// Have a number at hand, for the deployment of a part: without one nothing is granted.
    Number,
}

/// What follows from a want. What is recorded is taken before the effect is carried out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Grant {
    /// What is recorded.
    pub append: Append,
    /// What is done.
    pub effect: Option<Effect>,
}

impl From<Append> for Grant {
    fn from(append: Append) -> Self {
        Self {
            append,
            effect: None,
        }
    }
}

impl From<Effect> for Grant {
    fn from(effect: Effect) -> Self {
        Self {
            append: Append::default(),
            effect: Some(effect),
        }
    }
}

/// The machines that may want something, in the order in which they are granted: stacks, then
/// deployments that are under way. Those whose stream cannot be read any further are left alone.
#[must_use]
pub fn machines(folds: &Folds) -> Vec<Machine> {
    let under_way = |d: &Deployment| !d.is_over() && d.phase != Phase::Queued;
    let stacks = folds.stacks.keys().cloned().map(Machine::Stack);
    let deployments = folds
        .deployments
        .values()
        .filter(|d| under_way(d))
        .map(|d| Machine::Deployment(d.id));
    stacks
        .chain(deployments)
        .filter(|machine| folds.broken.is_empty() || !folds.broken.contains_key(&stream(machine)))
        .collect()
}

fn stream(machine: &Machine) -> StreamId {
    match machine {
        Machine::Stack(id) => StreamId::Stack(id.clone()),
        Machine::Deployment(id) => StreamId::Deployment(*id),
    }
}

/// What follows from the wants of one machine, up to the first that is recorded: what comes after
/// it is asked of the state that it leads to. What became due in a `gap` waits.
#[must_use]
pub fn grant(
    folds: &Folds,
    machine: &Machine,
    cx: &Cx<'_>,
    gap: Option<Gap>,
    pure_step: decide::PureStep<'_>,
) -> Wants<Grant> {
    match machine {
        Machine::Stack(id) => {
            let stack = folds.stack(id);
            let mut wants = stack.wants(cx.now, folds);
            if let Some(gap) = gap {
                wants
                    .now
                    .retain(|want| !gap.keeps_back_of(folds, &stack, want));
            }
            first_recorded(wants, |want| of_stack(folds, &stack, want))
        }
        Machine::Deployment(id) => folds.deployments.get(id).map_or_else(Wants::default, |d| {
            let mut wants = d.wants(cx.now);
            if let Some(gap) = gap {
                wants.now.retain(|want| !gap.keeps_back(d, want));
            }
            first_recorded(wants, |want| of_deployment(folds, d, want, cx, pure_step))
        }),
    }
}

fn first_recorded<W>(wants: Wants<W>, of: impl Fn(W) -> Grant) -> Wants<Grant> {
    let mut granted = Wants {
        now: Vec::new(),
        wake: wants.wake,
    };
    for want in wants.now {
        let grant = of(want);
        let recorded = !grant.append.is_empty();
        granted.now.push(grant);
        if recorded {
            break;
        }
    }
    granted
}

fn of_stack(folds: &Folds, stack: &Stack, want: StackWant) -> Grant {
    match want {
        StackWant::Pop(entry) => decide::pop(folds, &stack.id, &entry).into(),
        StackWant::Rest => decide::rest(folds, stack).into(),
        StackWant::EndQueued(deployment, why) => {
            decide::end_queued(folds, &stack.id, deployment, &why).into()
        }
        StackWant::Look(entry) => Effect::Look {
            stack: stack.id.clone(),
            entry,
        }
        .into(),
        StackWant::Complete(deployment) => {
            let append = folds
                .deployments
                .get(&deployment)
                .map(|over| decide::complete(folds, stack, over));
            Grant {
                append: append.unwrap_or_default(),
                effect: Some(Effect::Forget(stack.id.clone())),
            }
        }
    }
}

fn of_deployment(
    folds: &Folds,
    d: &Deployment,
    want: DeploymentWant,
    cx: &Cx<'_>,
    pure_step: decide::PureStep<'_>,
) -> Grant {
    match want {
        DeploymentWant::Await => decide::begin(folds, d.id).into(),
        DeploymentWant::Settle => Effect::Settle(d.id).into(),
        DeploymentWant::Plan => Effect::Plan(d.id).into(),
        DeploymentWant::Hold(step) => decide::hold_want(folds, d, &step, cx).into(),
        DeploymentWant::Start(step) if part(d, &step).is_some() => {
            if !decide::parts::has_room(folds, d) {
                Grant::default()
            } else if cx.number.is_none() {
                Effect::Number.into()
            } else {
                decide::start(folds, d, &step, cx, pure_step).into()
            }
        }
        DeploymentWant::Start(_) if !decide::parts::has_turn(folds, d) => Grant::default(),
        DeploymentWant::Start(step) => {
            let append = decide::start(folds, d, &step, cx, pure_step);
            let effect = begun(d, &append).map(Effect::Begin);
            Grant { append, effect }
        }
        DeploymentWant::Attend {
            step,
            attempt,
            cancel,
        } => match part(d, &step).zip(d.steps.get(&step)) {
            Some(((of, part), run)) => {
                let append = decide::parts::attend(folds, d, (of, run), part, cx);
                // What ends it is recorded of the whole; a cancel is, of the part alone.
                let over = append
                    .writes
                    .iter()
                    .any(|write| write.stream == StreamId::Deployment(d.id));
                if over {
                    ended(d, &step, append)
                } else {
                    append.into()
                }
            }
            None => Effect::Attend {
                attempt: Attempt {
                    deployment: d.id,
                    step,
                    attempt,
                },
                cancel,
            }
            .into(),
        },
        DeploymentWant::Withdraw(step) => ended(d, &step, decide::withdraw(folds, d, &step)),
        DeploymentWant::TimeOut(step) => ended(d, &step, decide::time_out(folds, d, &step)),
        DeploymentWant::Expire(hold) => decide::expire(folds, d, &hold, cx).into(),
        DeploymentWant::Stop(stopping) => {
            let mut append = Append::default();
            decide::on_deployment(
                &mut append,
                folds,
                d.id,
                DeploymentEvent::Stopping { stopping },
            );
            append.into()
        }
        DeploymentWant::Finish(end) => decide::finish(folds, d.id, &end).into(),
    }
}

/// The part whose deployment a step is.
fn part<'a>(d: &'a Deployment, step: &StepId) -> Option<(&'a Step, &'a StackId)> {
    let step = d.plan.as_ref()?.step(step)?;
    Some((step, step.kind.part()?))
}

/// What ends an attempt in the log ends its task.
fn ended(d: &Deployment, step: &StepId, append: Append) -> Grant {
    let attempt = Attempt {
        deployment: d.id,
        step: step.clone(),
        attempt: d.steps.get(step).map_or(0, |run| run.attempt),
    };
    Grant {
        append,
        effect: Some(Effect::Drop(attempt)),
    }
}

/// The attempt that an append leaves running. A pure step ends where it starts, and a hold that
/// opens again starts nothing.
fn begun(d: &Deployment, append: &Append) -> Option<Attempt> {
    let own = append
        .writes
        .iter()
        .find(|write| write.stream == StreamId::Deployment(d.id))?;
    let Some(Event::Deployment(event)) = own.events.last() else {
        return None;
    };
    let DeploymentEvent::StepStarted { step, attempt, .. } = event.as_ref() else {
        return None;
    };
    Some(Attempt {
        deployment: d.id,
        step: step.clone(),
        attempt: *attempt,
    })
}

/// The answer to [`Effect::Look`]: what is there, or why that cannot be known. Late answers change
/// nothing.
#[must_use]
pub fn looked(folds: &Folds, id: &StackId, found: Result<(Sights, Quiet), Failure>) -> Append {
    let stack = folds.stack(id);
    let Some(entry) = stack
        .queue
        .first()
        .filter(|_| stack.is(PhaseFlag::LookFirst))
    else {
        return Append::default();
    };
    match found {
        Ok((seen, quiet)) => decide::adopt(folds, id, entry, &seen, &quiet),
        Err(failure) => decide::end_queued(folds, id, entry.deployment, &failure.summary),
    }
}

/// The answer to [`Effect::Settle`]: what was found, or why it will not get quiet. Late answers
/// change nothing.
#[must_use]
pub fn settled(folds: &Folds, id: DeploymentId, found: Result<Sights, Failure>) -> Append {
    if !stands(folds, id, Phase::Waiting) {
        return Append::default();
    }
    match found {
        Ok(found) => decide::available(folds, id, found),
        Err(failure) => decide::wait_failure(folds, id, failure),
    }
}

/// The answer to [`Effect::Plan`]: the plan with what a retry carries over, or why there is none.
/// Late answers change nothing.
#[must_use]
pub fn made(
    folds: &Folds,
    id: DeploymentId,
    plan: Result<(Plan, Vec<(StepId, Output)>), Failure>,
) -> Append {
    if !stands(folds, id, Phase::Available) {
        return Append::default();
    }
    match plan {
        // What it takes was taken while it was made: it is made anew.
        Ok((plan, _))
            if !plan
                .reserves
                .is_disjoint(&Reserved::by_others(folds, Some(id))) =>
        {
            Append::default()
        }
        Ok((plan, carried)) => decide::planned(folds, id, plan, carried),
        Err(failure) => decide::error(folds, id, failure),
    }
}

fn stands(folds: &Folds, id: DeploymentId, phase: Phase) -> bool {
    folds.deployments.get(&id).is_some_and(|d| d.phase == phase)
}
