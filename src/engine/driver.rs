//! The driver: takes what machines are granted, carries the effects out, and takes what comes back.

use std::time::Duration;

use serde_json::Value;

use crate::domain::decide::{self, Cx};
use crate::domain::deployment::{Phase, Request, Shown};
use crate::domain::failure::{Failure, Retry};
use crate::domain::grant::{self, Effect, Grant};
use crate::domain::ids::{DeploymentId, StackId, StepId};
use crate::domain::lifecycle::PhaseFlag;
use crate::domain::look::{Look, Quiet, Sights};
use crate::domain::person::Person;
use crate::domain::plan::{Output, Plan, Reserved};
use crate::domain::purpose::Purpose;
use crate::domain::stack::Queued;
use crate::domain::time::Time;

use super::commit::Promise;
use super::contact::Wait;
use super::looks::{Planning, proven};
use super::{Engine, EngineError, Msg, Parts};
use crate::os::mutex::locked;
use crate::systems;

/// How often a stack that somebody else is changing is looked at.
const BUSY: Duration = Duration::from_secs(2);
/// How many decisions in a row a machine may lead to by itself. The longest plans need as many as
/// they have steps.
const ROUNDS: usize = 1_000;
/// How long the engine rests where its machines come to no end by themselves, ask for a time that
/// has passed, or decide again and again what the store refuses: whatever it is, it must cost
/// nobody else anything.
pub(super) const REST: Duration = Duration::from_secs(1);

impl Engine {
    /// Grants what is wanted until nothing more is wanted now; answers when to look again, which is
    /// never a time that has passed.
    pub(super) fn grant(&mut self) -> Result<Option<Time>, EngineError> {
        self.drop_tasks_of_the_past();
        let systems = self.parts.systems;
        let pure_step = |system: &str, kind: &str, params: &Value| {
            systems::pure_step(systems(system), kind, params)
        };
        for _ in 0..ROUNDS {
            let (now, gap) = (self.now(), *locked(&self.gap));
            let (mut wake, mut took) = (None::<Time>, false);
            for machine in grant::machines(&self.folds) {
                if !self.drives_machine(&machine) {
                    continue;
                }
                let cx = Cx {
                    now,
                    person: Person::Engine,
                    asked: None,
                    fresh: &[],
                    number: self.numbers.first().copied(),
                    cancels: &self.cancels,
                };
                let granted = grant::grant(&self.folds, &machine, &cx, gap, &pure_step);
                wake = [wake, granted.wake].into_iter().flatten().min();
                for Grant { append, effect } in granted.now {
                    took |= !append.is_empty();
                    self.numbers.retain(|no| !append.creates(*no));
                    self.take(append);
                    if let Some(effect) = effect {
                        self.carry_out(effect)?;
                    }
                }
            }
            if !took {
                return Ok(wake.map(|at| if at > now { at } else { now + REST }));
            }
        }
        Ok(Some(self.now() + REST))
    }

    fn carry_out(&mut self, effect: Effect) -> Result<(), EngineError> {
        match effect {
            Effect::Look { stack, entry } => self.look_new(&stack, &entry),
            Effect::Settle(id) => self.settle(id),
            Effect::Plan(id) => self.plan(id),
            Effect::Begin(attempt) => {
                self.failpoint("before start")?;
                self.promises.push(Promise::Fresh(attempt));
            }
            Effect::Attend { attempt, cancel } => {
                // A start that is not durable yet has no task: the round after the commit attends
                // it.
                let waits = self
                    .promises
                    .iter()
                    .any(|promise| matches!(promise, Promise::Fresh(fresh) if *fresh == attempt));
                if !waits {
                    self.attend(attempt, cancel)?;
                }
            }
            Effect::Drop(attempt) => self.drop_task(&attempt),
            Effect::Forget(stack) => {
                self.seen.remove(&stack);
            }
            Effect::Number => self.lacks_number = true,
        }
        Ok(())
    }

    /// What a look or a plan of a deployment is made from, at the places to which it is bound.
    fn planning_of(
        &self,
        request: &Request,
        seen: Option<Shown>,
        token: &str,
    ) -> Result<Planning, Failure> {
        let (spec, purpose, flags) = (&request.spec, request.purpose, &request.flags);
        let planning = self.planning(&request.stack, spec, purpose, seen, flags, token)?;
        Ok(planning.bound_to(&request.places))
    }

    /// A new stack whose first deployment may start: is there one?
    fn look_new(&mut self, id: &StackId, entry: &Queued) {
        let Some(request) = self
            .folds
            .deployments
            .get(&entry.deployment)
            .and_then(|d| d.request.clone())
        else {
            return;
        };
        let planning = match self.planning_of(&request, None, "look") {
            Ok(planning) => planning,
            Err(failure) => {
                self.take(grant::looked(&self.folds, id, Err(failure)));
                return;
            }
        };
        let (parts, stack, purpose) = (self.shared_parts(), id.clone(), entry.purpose);
        let fresh = self.fresh_sight(id, &request.places);
        let places = request.places.clone();
        self.spawn_look(format!("look {id}"), async move {
            let result = state(&parts, &planning, fresh).await.map(|seen| {
                let quiet = planning.system.quiet(purpose, &planning.ask.flags, &seen);
                (seen, quiet)
            });
            Msg::Looked {
                stack,
                places,
                result,
            }
        });
    }

    /// Waits until the real stack is quiet.
    fn settle(&mut self, id: DeploymentId) {
        let Some(d) = self.folds.deployments.get(&id).cloned() else {
            return;
        };
        let Some(request) = d.request.as_ref() else {
            return;
        };
        let planning = match self.planning_of(request, None, "settle") {
            Ok(planning) => planning,
            Err(failure) => {
                self.take(grant::settled(&self.folds, id, Err(failure)));
                return;
            }
        };
        let (parts, purpose) = (self.shared_parts(), request.purpose);
        let fresh = self.fresh_sight(&request.stack, &request.places);
        self.spawn_look(format!("settle {id}"), async move {
            let result = until_quiet(&parts, &planning, purpose, fresh).await;
            Msg::Settled {
                deployment: id,
                result,
            }
        });
    }

    fn plan(&mut self, id: DeploymentId) {
        let Some(d) = self.folds.deployments.get(&id).cloned() else {
            return;
        };
        let Some(request) = d.request.as_ref() else {
            return;
        };
        let token = d.no().0.to_string();
        let planning = match self.planning_of(request, request.seen.clone(), &token) {
            Ok(planning) => planning,
            Err(failure) => {
                self.take(grant::made(&self.folds, id, Err(failure)));
                return;
            }
        };
        let planning = planning.beside(Reserved::by_others(&self.folds, Some(id)));
        // A deployment plans on the look that found its stack quiet. A teardown and a recovery name
        // what goes and what holds data, as their cards did: they look again, with the resources,
        // else their plan differs from what was approved.
        let seen = match request.purpose {
            Purpose::Deploy => d.found.clone(),
            Purpose::Teardown | Purpose::Recover => None,
        };
        let parts = self.shared_parts();
        self.spawn_look(format!("plan {id}"), async move {
            let planning = Planning {
                seen: seen.unwrap_or_default(),
                ..planning
            };
            let mut wait = Wait::new(&parts, &planning);
            let result = loop {
                match planning.clone().plan(&parts).await {
                    Ok(planned) => {
                        wait.over().await;
                        break Ok(planned.plan);
                    }
                    Err(failure) => {
                        if let Err(failure) = wait.after(failure).await {
                            break Err(failure);
                        }
                    }
                }
            };
            Msg::Planned {
                deployment: id,
                result,
            }
        });
    }

    /// Takes what a task or a look reports.
    pub(super) async fn receive(&mut self, msg: Msg) -> Result<(), EngineError> {
        if !self.is_ours(&msg) {
            if let Msg::Note { reply, .. } = msg {
                let _ = reply.send(Err(
                    Failure::new("another engine has taken over").retry(Retry::Contact)
                ));
            }
            return Ok(());
        }
        match msg {
            Msg::Note {
                key,
                name,
                value,
                reply,
            } => {
                let noted = self
                    .folds
                    .deployments
                    .get(&key.deployment)
                    .cloned()
                    .filter(|d| {
                        d.steps
                            .get(&key.step)
                            .is_some_and(|run| run.attempt == key.attempt && run.is_live())
                    });
                match noted {
                    Some(d) => {
                        let append = decide::noted(&self.folds, &d, &key.step, &name, value);
                        self.take(append);
                        self.promises.push(Promise::Noted(reply));
                    }
                    None => {
                        let _ = reply.send(Err(Failure::new(
                            "this attempt is over: nothing more may be called for it",
                        )));
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
                    let append = decide::outcome(
                        &self.folds,
                        &d,
                        &key.step,
                        key.attempt,
                        result,
                        self.now(),
                    );
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
                let waits = self
                    .folds
                    .deployments
                    .get(&deployment)
                    .filter(|d| d.phase == Phase::Waiting);
                let request = waits.and_then(|d| d.request.clone());
                if let (Ok(seen), Some(request)) = (&result, request) {
                    self.remember(&request.stack, &request.places, seen);
                }
                self.take(grant::settled(&self.folds, deployment, result));
            }
            Msg::Looked {
                stack,
                places,
                result,
            } => {
                self.looking.remove(&format!("look {stack}"));
                let waits = self.folds.stack(&stack).is(PhaseFlag::LookFirst);
                if let (Ok((seen, _)), true) = (&result, waits) {
                    self.remember(&stack, &places, seen);
                }
                self.take(grant::looked(&self.folds, &stack, result));
            }
            Msg::Planned { deployment, result } => {
                self.looking.remove(&format!("plan {deployment}"));
                let made = result.map(|plan| {
                    let of = self.folds.deployments.get(&deployment);
                    let carried = of
                        .and_then(|d| d.request.as_ref())
                        .map(|of| self.carried(of.cause.retries(), &of.spec.system, &plan))
                        .unwrap_or_default();
                    (plan, carried)
                });
                self.take(grant::made(&self.folds, deployment, made));
            }
            Msg::Previewed(previewed) => self.previewed(*previewed).await?,
        }
        Ok(())
    }

    /// What a retry of a deployment carries over.
    pub(super) fn carried(
        &self,
        retries: Option<DeploymentId>,
        system: &str,
        plan: &Plan,
    ) -> Vec<(StepId, Output)> {
        let system = (self.parts.systems)(system);
        systems::carried(system, &self.folds, retries, plan)
    }
}

/// The state of the things that the system asks for first, as seen moments ago or now; nothing, for
/// a system that has nothing outside.
async fn state(
    parts: &Parts,
    planning: &Planning,
    fresh: Option<Sights>,
) -> Result<Sights, Failure> {
    if let Some(seen) = fresh {
        return Ok(seen);
    }
    let mut seen = Sights::default();
    let mut wait = Wait::new(parts, planning);
    for look in planning
        .system
        .looks(&planning.ask, &planning.spec, &Sights::default())
    {
        let look = Look {
            whole: false,
            ..look
        };
        seen.put(loop {
            let sight = match proven(&planning.on, &look.about, parts).await {
                Ok(()) => parts.eyes.look(&planning.on, &look, None).await,
                Err(failure) => Err(failure),
            };
            match sight {
                Ok(sight) => break sight,
                // No contact is no failure of the deployment: it waits, and goes on by itself.
                Err(failure) => wait.after(failure).await?,
            }
        });
    }
    wait.over().await;
    Ok(seen)
}

async fn until_quiet(
    parts: &Parts,
    planning: &Planning,
    purpose: Purpose,
    fresh: Option<Sights>,
) -> Result<Sights, Failure> {
    let mut seen = state(parts, planning, fresh).await?;
    loop {
        match planning.system.quiet(purpose, &planning.ask.flags, &seen) {
            Quiet::Quiet => return Ok(seen),
            Quiet::Stuck(failure) => return Err(failure),
            Quiet::Busy => parts.clock.sleep(BUSY).await,
        }
        seen = state(parts, planning, None).await?;
    }
}
