//! Tasks: one for every running attempt. After a restart an attempt is first looked for, then
//! attached to; nothing starts twice.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::domain::deployment::{Deployment, StepRun, StepState};
use crate::domain::failure::{Failure, Retry};
use crate::domain::grant::Attempt;
use crate::domain::ids::StepId;
use crate::domain::plan::Step;
use crate::domain::plan::resolve;
use crate::exec::{Executor, Found, Job};

use super::door::Door;
use super::looks::{NEWLY, PROOF, prove};
use super::port::EnginePort;
use super::{Engine, EngineError, Msg};

/// A task that runs.
pub(crate) struct Task {
    handle: JoinHandle<()>,
    cancel: watch::Sender<bool>,
}

impl Task {
    /// Drops the task; what it started outside goes on and is found again.
    pub(crate) fn stop(&self) {
        self.handle.abort();
    }
}

/// How long after losing contact it is looked for again.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

impl Engine {
    /// Sees to it that the attempt has a task. A lost one is looked for again after a while; one of
    /// which nobody can tell waits for a person.
    pub(super) fn attend(&mut self, key: Attempt, cancel: bool) -> Result<(), EngineError> {
        if let Some(live) = self.live.get(&key) {
            if cancel {
                live.cancel
                    .send_if_modified(|asked| !std::mem::replace(asked, true));
            }
            return Ok(());
        }
        let Some(d) = self.folds.deployments.get(&key.deployment).cloned() else {
            return Ok(());
        };
        let lost = d
            .steps
            .get(&key.step)
            .filter(|run| run.state == StepState::Lost);
        let comes_back = |run: &StepRun| {
            run.failure
                .as_ref()
                .is_some_and(|failure| failure.retry == Retry::Contact)
        };
        if lost.is_some_and(|run| !comes_back(run)) {
            return Ok(());
        }
        let fresh = self.fresh.remove(&key);
        self.failpoint("before task")?;
        let (cancel, cancelled) = watch::channel(cancel);
        let door = self.door.clone();
        let job = self.job(&d, &key, cancelled, door.clone());
        let to = self.to.clone();
        let proof = self.proof(&d, &key.step);
        let was_lost = lost.is_some();
        let (clock, lines) = (self.parts.clock.clone(), self.parts.lines.clone());
        let task_key = key.clone();
        let handle = tokio::spawn(async move {
            if was_lost {
                clock.sleep(LOOK_AGAIN).await;
            }
            let result = match (proof.await, job) {
                (Ok(()), Ok((executor, job))) => {
                    attempt_of(executor, job, fresh, || {
                        if was_lost {
                            let _ = to.send(Msg::Found {
                                key: task_key.clone(),
                            });
                        }
                    })
                    .await
                }
                // Whoever we are now: what was started before goes on, and is looked for again.
                (Err(failure), _) if !fresh => Err(failure.retry(Retry::Contact)),
                (Ok(()), Err(failure)) if !fresh => Err(failure.retry(Retry::AskAPerson)),
                (Err(failure), _) | (Ok(()), Err(failure)) => Err(failure),
            };
            let result = door.outcome(result);
            // An engine may end as soon as an outcome is known: what the attempt said is kept
            // first.
            lines.flushed().await;
            let _ = to.send(Msg::Outcome {
                key: task_key,
                result,
            });
        });
        self.live.insert(key, Task { handle, cancel });
        Ok(())
    }

    /// Ends the task of an attempt, if there is one.
    pub(super) fn drop_task(&mut self, key: &Attempt) {
        if let Some(live) = self.live.remove(key) {
            live.stop();
        }
    }

    /// Ends the tasks of attempts that are over: a person resolved or abandoned them.
    pub(super) fn drop_tasks_of_the_past(&mut self) {
        let folds = &self.folds;
        self.live.retain(|key, live| {
            let run = folds
                .deployments
                .get(&key.deployment)
                .and_then(|d| d.steps.get(&key.step));
            let goes_on = run.is_some_and(|run| run.attempt == key.attempt && run.is_live());
            if !goes_on {
                live.stop();
            }
            goes_on
        });
    }

    /// The hands for an attempt and what they are given; an attempt that cannot be made fails, and
    /// says why.
    fn job(
        &self,
        d: &Deployment,
        key: &Attempt,
        cancelled: watch::Receiver<bool>,
        door: Door,
    ) -> Result<(Arc<dyn Executor>, Job), Failure> {
        let planned = d
            .request
            .as_ref()
            .zip(d.plan.as_ref().and_then(|plan| plan.step(&key.step)))
            .zip(d.steps.get(&key.step));
        let ((request, step), run) = planned.ok_or_else(|| {
            Failure::new(format!(
                "step {} is not in the plan of {}",
                key.step,
                d.no()
            ))
        })?;
        let executor = self
            .parts
            .executors
            .get(step.kind.as_str())
            .cloned()
            .ok_or_else(|| {
                Failure::new(format!(
                    "nothing in this version can do {}",
                    step.kind.as_str()
                ))
                .hint("deploy again: the plan is made anew")
            })?;
        let params = resolve(&step.params, &d.outputs()).map_err(|why| {
            Failure::new(format!(
                "the parameters of step {} cannot be put together: {why}",
                key.step
            ))
        })?;
        let port = EnginePort {
            key: key.clone(),
            to: self.to.clone(),
            cancelled,
            clock: self.parts.clock.clone(),
            store: self.parts.store.clone(),
            lines: self.parts.lines.clone(),
            stack: request.stack.clone(),
            no: request.no,
            made: std::sync::atomic::AtomicU64::new(0),
            door,
            failpoint: self.parts.failpoint.clone(),
        };
        let job = Job {
            store: self.parts.store.id(),
            deployment: d.id,
            no: request.no,
            stack: request.stack.clone(),
            step: key.step.clone(),
            attempt: key.attempt,
            limit: step.timeout,
            params,
            notes: run.notes.clone(),
            env: request.stack.env.clone(),
            place: request
                .places
                .find(&request.stack.env, step.acts_at())?
                .cloned(),
            folder: (self.parts.job)(d.id, &key.step, key.attempt),
            lasting: (self.parts.lasting)(&request.stack),
            port: Arc::new(port),
        };
        Ok((executor, job))
    }

    /// The proof that an attempt needs, of the place where its step acts.
    fn proof(
        &self,
        d: &Deployment,
        step: &StepId,
    ) -> impl Future<Output = Result<(), Failure>> + Send + 'static {
        let eyes = self.parts.eyes.clone();
        let request = d.request.clone();
        let step = d.plan.as_ref().and_then(|plan| plan.step(step));
        let place = step.and_then(|step| step.acts_at().cloned());
        let within = if step.is_some_and(Step::changes) {
            NEWLY
        } else {
            PROOF
        };
        async move {
            let Some(request) = request else {
                return Ok(());
            };
            let place = request.places.find(&request.stack.env, place.as_ref())?;
            prove(eyes.as_ref(), &request.stack.env, place, within).await
        }
    }
}

/// Runs a fresh attempt, or finds one that an engine before us left and attaches to it.
async fn attempt_of(
    executor: Arc<dyn Executor>,
    job: Job,
    fresh: bool,
    found_again: impl FnOnce() + Send,
) -> Result<crate::domain::plan::Output, Failure> {
    if fresh {
        return executor.run(job).await;
    }
    match executor.find(job.clone()).await {
        Found::NeverStarted | Found::StillRunning => {
            found_again();
            executor.run(job).await
        }
        Found::Ended(result) => {
            found_again();
            result
        }
        Found::CannotTell(failure) if failure.retry == Retry::Contact => Err(failure),
        Found::CannotTell(failure) => Err(failure.retry(Retry::AskAPerson)),
    }
}
