//! Granting: asks every machine what it wants now, and does it.

use std::time::Duration;

use crate::domain::decide::{self, Cx};
use crate::domain::deployment::{Deployment, DeploymentEvent, DeploymentWant, Phase};
use crate::domain::event::Append;
use crate::domain::failure::{Failure, Retry};
use crate::domain::ids::{DeploymentId, StackId};
use crate::domain::lifecycle::Flag;
use crate::domain::look::{Look, Quiet, Sights};
use crate::domain::person::Person;
use crate::domain::plan::{Output, Plan};
use crate::domain::stack::{Purpose, Queued, StackWant};
use crate::domain::time::Time;

use super::commit::Effect;
use super::looks::{Planning, proven};
use super::tasks::Key;
use super::{Engine, EngineError, Msg, Parts};

/// How often a stack that somebody else is changing is looked at.
const BUSY: Duration = Duration::from_secs(2);
/// How long a look that found no contact waits before the next.
const NO_CONTACT: Duration = Duration::from_secs(5);
/// How many decisions in a row a machine may lead to by itself. The longest plans need as many as they have steps.
const ROUNDS: usize = 1_000;
/// How long the engine rests where its machines come to no end by themselves, ask for a time that has passed, or decide again and again
/// what the store refuses: whatever it is, it must cost nobody else anything.
pub(super) const REST: Duration = Duration::from_secs(1);

impl Engine {
    /// Grants what is wanted until nothing more is wanted now; answers when to look again, which is never a time that has passed.
    pub(super) fn grant(&mut self) -> Result<Option<Time>, EngineError> {
        self.drop_tasks_of_the_past();
        for _ in 0..ROUNDS {
            let now = self.now();
            let (mut wake, mut took) = (None::<Time>, false);
            let mut wake_at = |at: Option<Time>| wake = [wake, at].into_iter().flatten().min();
            let stacks: Vec<StackId> = self.folds.stacks.keys().filter(|id| self.drives_stack(id)).cloned().collect();
            for id in stacks {
                let stream = crate::domain::event::StreamId::Stack(id.clone());
                if self.folds.broken.contains_key(&stream) {
                    continue;
                }
                let stack = self.folds.stack(&id);
                let wants = stack.wants(now, &self.folds);
                wake_at(wants.wake);
                for want in wants.now {
                    took |= self.stack_want(&id, want);
                }
            }
            let unfinished: Vec<DeploymentId> = self
                .folds
                .deployments
                .values()
                .filter(|d| !d.is_over() && d.phase != Phase::Queued && self.drives(d.id))
                .map(|d| d.id)
                .collect();
            for id in unfinished {
                let stream = crate::domain::event::StreamId::Deployment(id);
                if self.folds.broken.contains_key(&stream) {
                    continue;
                }
                let Some(d) = self.folds.deployments.get(&id).cloned() else { continue };
                let wants = d.wants(now);
                wake_at(wants.wake);
                for want in wants.now {
                    took |= self.deployment_want(&d, want)?;
                    // The next want of this deployment is asked of the state that this one led to.
                    if self.folds.deployments.get(&id).is_some_and(|after| after.version != d.version) {
                        break;
                    }
                }
            }
            if !took {
                return Ok(wake.map(|at| if at > now { at } else { now + REST }));
            }
        }
        Ok(Some(self.now() + REST))
    }

    fn stack_want(&mut self, id: &StackId, want: StackWant) -> bool {
        let append = match want {
            StackWant::Pop(entry) => decide::pop(&self.folds, id, &entry),
            StackWant::Rest => decide::rest(&self.folds, &self.folds.stack(id)),
            StackWant::EndQueued(deployment, why) => decide::end_queued(&self.folds, id, deployment, &why),
            StackWant::Complete(deployment) => {
                self.seen.remove(id);
                let Some(over) = self.folds.deployments.get(&deployment).cloned() else { return false };
                decide::complete(&self.folds, &self.folds.stack(id), &over)
            }
            StackWant::Look(entry) => {
                self.look_new(id, &entry);
                return false;
            }
        };
        self.took(append)
    }

    fn took(&mut self, append: Append) -> bool {
        let any = !append.is_empty();
        self.take(append);
        any
    }

    fn deployment_want(&mut self, d: &Deployment, want: DeploymentWant) -> Result<bool, EngineError> {
        let append = match want {
            DeploymentWant::Await => decide::begin(&self.folds, d.id),
            DeploymentWant::Settle => {
                self.settle(d);
                return Ok(false);
            }
            DeploymentWant::Plan => {
                self.plan(d);
                return Ok(false);
            }
            DeploymentWant::Hold(step) => decide::hold_want(&self.folds, d, &step, &self.cx()),
            DeploymentWant::Start(step) => {
                self.failpoint("before start")?;
                let pure_step = self.parts.pure_step;
                let append = decide::start(&self.folds, d, &step, &self.cx(), &pure_step);
                let attempt = d.steps.get(&step).map_or(0, |run| run.attempt) + 1;
                self.effects.push(Effect::Fresh(Key { deployment: d.id, step, attempt }));
                append
            }
            DeploymentWant::Attend { step, attempt, cancel } => {
                let key = Key { deployment: d.id, step: step.clone(), attempt };
                // A start that is not durable yet has no task: the round after the commit attends it.
                let waits = self.effects.iter().any(|effect| matches!(effect, Effect::Fresh(fresh) if *fresh == key));
                if !waits {
                    self.attend(d, &step, attempt, cancel)?;
                }
                return Ok(false);
            }
            DeploymentWant::TimeOut(step) => {
                let attempt = d.steps.get(&step).map_or(0, |run| run.attempt);
                self.drop_task(&Key { deployment: d.id, step: step.clone(), attempt });
                decide::time_out(&self.folds, d, &step)
            }
            DeploymentWant::Expire(hold) => decide::expire(&self.folds, d, &hold, &self.cx()),
            DeploymentWant::Stop(stopping) => {
                let mut append = Append::default();
                decide::on_deployment(&mut append, &self.folds, d.id, DeploymentEvent::Stopping { stopping });
                append
            }
            DeploymentWant::Finish(end) => decide::finish(&self.folds, d.id, &end),
        };
        Ok(self.took(append))
    }

    fn cx(&self) -> Cx<'_> {
        Cx { now: self.now(), person: Person::Engine, asked: None, fresh: &[], cancels: &self.cancels }
    }

    /// A new stack whose first deployment may start: is there one?
    fn look_new(&mut self, id: &StackId, entry: &Queued) {
        let Some(request) = self.folds.deployments.get(&entry.deployment).and_then(|d| d.request.clone()) else { return };
        let planning = match self.planning(id, &request.spec, entry.purpose, None, &request.flags, "look") {
            Ok(planning) => planning,
            Err(failure) => {
                let append = decide::end_queued(&self.folds, id, entry.deployment, &failure.summary);
                self.take(append);
                return;
            }
        };
        let (parts, stack, purpose) = (self.shared_parts(), id.clone(), entry.purpose);
        let fresh = self.fresh_sight(id);
        self.spawn_look(format!("look {id}"), async move {
            let result = match fresh {
                Some(seen) => Ok(seen),
                None => state(&parts, &planning).await,
            };
            let result = result.map(|seen| {
                let quiet = planning.system.quiet(purpose, &seen);
                (seen, quiet)
            });
            Msg::Looked { stack, result }
        });
    }

    /// Waits until the real stack is quiet.
    fn settle(&mut self, d: &Deployment) {
        let Some(request) = &d.request else { return };
        let planning = match self.planning(&request.stack, &request.spec, request.purpose, None, &request.flags, "settle") {
            Ok(planning) => planning,
            Err(failure) => {
                let append = decide::wait_failure(&self.folds, d.id, failure);
                self.take(append);
                return;
            }
        };
        let (parts, deployment, purpose) = (self.shared_parts(), d.id, request.purpose);
        let fresh = self.fresh_sight(&request.stack);
        self.spawn_look(format!("settle {}", d.id), async move {
            let result = until_quiet(&parts, &planning, purpose, fresh).await;
            Msg::Settled { deployment, result }
        });
    }

    fn plan(&mut self, d: &Deployment) {
        let Some(request) = d.request.clone() else { return };
        let planning = match self.planning(
            &request.stack,
            &request.spec,
            request.purpose,
            request.seen.clone(),
            &request.flags,
            &d.no().0.to_string(),
        ) {
            Ok(planning) => planning,
            Err(failure) => {
                let append = decide::error(&self.folds, d.id, failure);
                self.take(append);
                return;
            }
        };
        // A deployment plans on the look that found its stack quiet. A teardown and a recovery name what goes and what holds data,
        // as their cards did: they look again, with the resources, else their plan differs from what was approved.
        let seen = match request.purpose {
            Purpose::Deploy => d.found.clone(),
            Purpose::Teardown | Purpose::Recover => None,
        };
        let (parts, deployment) = (self.shared_parts(), d.id);
        self.spawn_look(format!("plan {}", d.id), async move {
            let planning = Planning { seen: seen.unwrap_or_default(), ..planning };
            let result = loop {
                match planning.clone().plan(&parts).await {
                    Err(failure) if matches!(failure.retry, Retry::Contact | Retry::After(_)) => parts.clock.sleep(NO_CONTACT).await,
                    other => break other.map(|(plan, _)| plan),
                }
            };
            Msg::Planned { deployment, result }
        });
    }

    /// Takes what a task or a look reports.
    pub(super) async fn receive(&mut self, msg: Msg) -> Result<(), EngineError> {
        if !self.is_ours(&msg) {
            if let Msg::Note { reply, .. } = msg {
                let _ = reply.send(Err(Failure::new("another engine has taken over").retry(Retry::Contact)));
            }
            return Ok(());
        }
        match msg {
            Msg::Note { key, name, value, reply } => {
                let noted = self
                    .folds
                    .deployments
                    .get(&key.deployment)
                    .cloned()
                    .filter(|d| d.steps.get(&key.step).is_some_and(|run| run.attempt == key.attempt && run.is_live()));
                match noted {
                    Some(d) => {
                        let append = decide::noted(&self.folds, &d, &key.step, &name, value);
                        self.take(append);
                        self.effects.push(Effect::Noted(reply));
                    }
                    None => {
                        let _ = reply.send(Err(Failure::new("this attempt is over: nothing more may be called for it")));
                    }
                }
            }
            Msg::Outcome { key, result } => {
                self.failpoint("before outcome")?;
                self.live.remove(&key);
                if let Some(d) = self.folds.deployments.get(&key.deployment).cloned() {
                    if let Some(stack) = d.stack() {
                        self.seen.remove(stack);
                    }
                    let append = decide::outcome(&self.folds, &d, &key.step, key.attempt, result, self.now());
                    self.take(append);
                }
                self.failpoint("after outcome")?;
            }
            Msg::Found { key } => {
                if let Some(d) = self.folds.deployments.get(&key.deployment).cloned() {
                    let append = decide::found(&self.folds, &d, &key.step, self.now());
                    self.take(append);
                }
            }
            Msg::Settled { deployment, result } => {
                self.looking.remove(&format!("settle {deployment}"));
                let Some(d) = self.folds.deployments.get(&deployment).filter(|d| d.phase == Phase::Waiting).cloned() else { return Ok(()) };
                let append = match result {
                    Ok(seen) => {
                        if let Some(stack) = d.stack() {
                            self.remember(stack, &seen);
                        }
                        decide::available(&self.folds, deployment, seen)
                    }
                    Err(failure) => decide::wait_failure(&self.folds, deployment, failure),
                };
                self.take(append);
            }
            Msg::Looked { stack, result } => {
                self.looking.remove(&format!("look {stack}"));
                let fold = self.folds.stack(&stack);
                let Some(entry) = fold.queue.first().filter(|_| fold.is(Flag::LookFirst)).cloned() else { return Ok(()) };
                let append = match result {
                    Ok((seen, quiet)) => {
                        self.remember(&stack, &seen);
                        decide::adopt(&self.folds, &stack, &entry, &seen, &quiet)
                    }
                    Err(failure) => decide::end_queued(&self.folds, &stack, entry.deployment, &failure.summary),
                };
                self.take(append);
            }
            Msg::Planned { deployment, result } => {
                self.looking.remove(&format!("plan {deployment}"));
                let Some(d) = self.folds.deployments.get(&deployment).filter(|d| d.phase == Phase::Available).cloned() else {
                    return Ok(());
                };
                let append = match result {
                    Ok(plan) => {
                        let carried = self.carried(&d, &plan);
                        decide::planned(&self.folds, deployment, plan, carried)
                    }
                    Err(failure) => decide::error(&self.folds, deployment, failure),
                };
                self.take(append);
            }
            Msg::Previewed(previewed) => self.previewed(*previewed).await?,
        }
        Ok(())
    }

    /// What a retry carries over, by the rule of its system.
    fn carried(&self, d: &Deployment, plan: &Plan) -> Vec<(crate::domain::ids::StepId, Output)> {
        let Some(request) = &d.request else { return vec![] };
        let old = request.cause.retries().and_then(|id| self.folds.deployments.get(&id));
        let system = (self.parts.systems)(&request.spec.system);
        old.zip(system).map(|(old, system)| system.carry(old, plan)).unwrap_or_default()
    }
}

/// The state of the things that the system asks for first; nothing, for a system that has nothing outside.
async fn state(parts: &Parts, planning: &Planning) -> Result<Sights, Failure> {
    let mut seen = Sights::default();
    for look in planning.system.looks(&planning.ask, &planning.spec, &Sights::default()) {
        let look = Look { whole: false, ..look };
        seen.put(loop {
            let sight = match proven(&planning.on, &look.about, parts).await {
                Ok(()) => parts.eyes.look(&planning.on, &look, None).await,
                Err(failure) => Err(failure),
            };
            match sight {
                Ok(sight) => break sight,
                // No contact is no failure of the deployment: it waits, and goes on by itself.
                Err(failure) if matches!(failure.retry, Retry::Contact | Retry::After(_)) => parts.clock.sleep(NO_CONTACT).await,
                Err(failure) => return Err(failure),
            }
        });
    }
    Ok(seen)
}

async fn until_quiet(parts: &Parts, planning: &Planning, purpose: Purpose, fresh: Option<Sights>) -> Result<Sights, Failure> {
    let mut seen = match fresh {
        Some(seen) => seen,
        None => state(parts, planning).await?,
    };
    loop {
        match planning.system.quiet(purpose, &seen) {
            Quiet::Quiet => return Ok(seen),
            Quiet::Stuck(failure) => return Err(failure),
            Quiet::Busy => parts.clock.sleep(BUSY).await,
        }
        seen = state(parts, planning).await?;
    }
}
