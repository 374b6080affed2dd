//! Outcomes of a machine's wants: each becomes one append. Wants come from state alone, so settling
//! twice is refused by versions.

use crate::domain::deployment::{Deployment, DeploymentEvent, Request};
use crate::domain::digest::Digest;
use crate::domain::end::End;
use crate::domain::environment::OnFailure;
use crate::domain::event::Append;
use crate::domain::failure::Failure;
use crate::domain::folds::Folds;
use crate::domain::ids::{DeploymentId, StackId, StepId};
use crate::domain::look::{Quiet, Sights, Standing};
use crate::domain::person::Person;
use crate::domain::plan::{Leaves, Output, Plan, PlanShown};
use crate::domain::purpose::Purpose;
use crate::domain::stack::{Left, Queued, Stack, StackEvent};

use super::parts;
use super::stop::leave_queue;
use super::unseen::held;
use super::{on_deployment, on_stack};

/// Starts a queued deployment.
#[must_use]
pub fn pop(folds: &Folds, id: &StackId, entry: &Queued) -> Append {
    let mut append = Append::default();
    let event = match entry.purpose {
        Purpose::Teardown => StackEvent::TeardownPopped {
            deployment: entry.deployment,
        },
        Purpose::Deploy | Purpose::Recover => StackEvent::Popped {
            deployment: entry.deployment,
        },
    };
    on_stack(&mut append, folds, id, event);
    on_deployment(
        &mut append,
        folds,
        entry.deployment,
        DeploymentEvent::Triggered,
    );
    append
}

/// A new stack was looked at because its first deployment may start.
#[must_use]
pub fn adopt(folds: &Folds, id: &StackId, entry: &Queued, seen: &Sights, quiet: &Quiet) -> Append {
    let mut append = Append::default();
    let main = seen.main();
    // What is half made from here is no find: whoever began it goes on.
    let goes_on = folds.stack(id).was_broken.is_some() && entry.purpose == Purpose::Deploy;
    let unmade = main.filter(|main| main.standing == Standing::Missing || goes_on);
    if let Some(missing) = unmade {
        return match entry.purpose {
            Purpose::Deploy => {
                on_stack(
                    &mut append,
                    folds,
                    id,
                    StackEvent::FoundMissing {
                        deployment: entry.deployment,
                    },
                );
                on_deployment(
                    &mut append,
                    folds,
                    entry.deployment,
                    DeploymentEvent::Triggered,
                );
                append
            }
            Purpose::Teardown | Purpose::Recover => end_queued(
                folds,
                id,
                entry.deployment,
                &format!("there is no such {}", missing.called),
            ),
        };
    }
    let status = main.map_or_else(
        || "nothing outside".to_owned(),
        |main| main.words.to_string(),
    );
    match quiet {
        Quiet::Busy | Quiet::Quiet => {
            on_stack(&mut append, folds, id, StackEvent::Adopted { status });
        }
        Quiet::Stuck(_) => on_stack(&mut append, folds, id, StackEvent::AdoptedBroken { status }),
    }
    append
}

/// What is only passed through comes to rest.
#[must_use]
pub fn rest(folds: &Folds, stack: &Stack) -> Append {
    let mut append = Append::default();
    let event = if stack.queue.is_empty() {
        StackEvent::QueueEmpty
    } else {
        StackEvent::Idle
    };
    on_stack(&mut append, folds, &stack.id, event);
    append
}

/// A waiting deployment ends without having started.
#[must_use]
pub fn end_queued(folds: &Folds, id: &StackId, deployment: DeploymentId, reason: &str) -> Append {
    let mut append = Append::default();
    let reason = reason.to_owned();
    leave_queue(&mut append, folds, id, deployment, reason, &Person::Engine);
    append
}

/// The current deployment of a stack is over: the stack is freed, or broken.
#[must_use]
pub fn complete(folds: &Folds, stack: &Stack, deployment: &Deployment) -> Append {
    let mut append = Append::default();
    let Some(event) = completion(stack, deployment) else {
        return append;
    };
    let torn_down = matches!(
        &event,
        StackEvent::Succeeded {
            release: None,
            as_before: false,
            ..
        }
    );
    if let StackEvent::Succeeded {
        release: Some(release),
        ..
    } = &event
    {
        parts::mend(&mut append, folds, (&stack.id, release), deployment);
    }
    on_stack(&mut append, folds, &stack.id, event);
    if torn_down {
        for entry in &stack.queue {
            let (id, reason) = (entry.deployment, "torn down".to_owned());
            leave_queue(&mut append, folds, &stack.id, id, reason, &Person::Engine);
        }
    }
    append
}

fn completion(stack: &Stack, over: &Deployment) -> Option<StackEvent> {
    let request = over.request.as_ref()?;
    let deployment = over.id;
    let reason = || {
        over.first_failure()
            .map_or_else(|| "it failed".to_owned(), |failure| failure.summary.clone())
    };
    let failed = |reason: String| {
        let left = match over.leaves() {
            None | Some(Leaves::Old) => Left::Before,
            Some(Leaves::New) => Left::Release(request.spec.release.clone()),
            Some(Leaves::Nothing) => Left::Nothing,
        };
        let goes_on = request.on_failure == OnFailure::Continue && stack.takes("failed_continue");
        if goes_on {
            StackEvent::FailedContinue {
                deployment,
                reason,
                left,
            }
        } else {
            StackEvent::Failed {
                deployment,
                reason,
                left,
            }
        }
    };
    let end = over.end.as_ref()?;
    if over.is_beside() {
        // What started before this was kept is withdrawn.
        return Some(match &stack.stood {
            Some(_) => StackEvent::Stayed { deployment },
            None => withdrawn(stack, deployment),
        });
    }
    Some(match end {
        End::Done => match over.leaves() {
            _ if request.purpose == Purpose::Teardown => StackEvent::Succeeded {
                deployment,
                release: None,
                as_before: false,
            },
            Some(Leaves::Nothing) => StackEvent::Succeeded {
                deployment,
                release: None,
                as_before: false,
            },
            // Nothing serves, as before.
            Some(Leaves::Old) if stack.release.is_none() && stack.takes("withdrawn_never") => {
                StackEvent::WithdrawnNever { deployment }
            }
            Some(Leaves::Old) => StackEvent::Succeeded {
                deployment,
                release: stack.release.clone(),
                as_before: true,
            },
            // A plan that found nothing to change found this release in service.
            Some(Leaves::New) | None => StackEvent::Succeeded {
                deployment,
                release: Some(request.spec.release.clone()),
                as_before: false,
            },
        },
        // What the whole serves is no longer one release: it is broken, or goes on, as after any
        // failure.
        End::Partial { arrived, missing } => failed(End::shortfall(arrived, missing)),
        End::Failed { .. } if leaves_as_it_was(stack, request, over) => {
            withdrawn(stack, deployment)
        }
        End::Failed { .. } => failed(reason()),
        // What was brought back as it was is as if nothing had been asked.
        End::Terminated { .. } if request.purpose == Purpose::Deploy && over.is_restored() => {
            withdrawn(stack, deployment)
        }
        End::Terminated { reason, .. } if over.changed_anything() => failed(reason.clone()),
        End::Terminated { .. } => withdrawn(stack, deployment),
    })
}

/// A recovery or a teardown that failed before it did anything leaves the stack as it was: one that
/// finds nothing to recover, or is refused, breaks nothing. A stack that was broken must be able to
/// stay so.
fn leaves_as_it_was(stack: &Stack, request: &Request, over: &Deployment) -> bool {
    let deployment = over.id;
    request.purpose != Purpose::Deploy
        && !over.changed_anything()
        && (stack.was_broken.is_none() || still_broken(stack, deployment).is_some())
}

/// The stack is as before: broken where it was, else at rest, with or without a release.
fn withdrawn(stack: &Stack, deployment: DeploymentId) -> StackEvent {
    let never = stack.release.is_none() || !stack.takes("withdrawn");
    still_broken(stack, deployment).unwrap_or(if never && stack.takes("withdrawn_never") {
        StackEvent::WithdrawnNever { deployment }
    } else {
        StackEvent::Withdrawn { deployment }
    })
}

/// Back to where it was broken, or to the one broken phase that the table knows from here.
fn still_broken(stack: &Stack, deployment: DeploymentId) -> Option<StackEvent> {
    let phase = stack.was_broken.as_ref()?.phase.clone();
    [Some(phase), None]
        .map(|to| StackEvent::WithdrawnBroken { deployment, to })
        .into_iter()
        .find(|event| stack.takes(&event.edge()))
}

/// A person opens the way out of a broken phase.
#[must_use]
pub(super) fn unblocked(stack: &Stack, way: String) -> StackEvent {
    if stack.release.is_none() && stack.takes("unblocked_never") {
        StackEvent::UnblockedNever { way }
    } else {
        StackEvent::Unblocked { way }
    }
}

/// The deployment waits for its real stack.
#[must_use]
pub fn begin(folds: &Folds, id: DeploymentId) -> Append {
    one(folds, id, DeploymentEvent::StackWait)
}

/// The real stack is quiet.
#[must_use]
pub fn available(folds: &Folds, id: DeploymentId, found: Sights) -> Append {
    one(folds, id, DeploymentEvent::StackAvailable { found })
}

/// The real stack will not get quiet by itself.
#[must_use]
pub fn wait_failure(folds: &Folds, id: DeploymentId, failure: Failure) -> Append {
    one(folds, id, DeploymentEvent::StackWaitFailure { failure })
}

/// The plan is made; its steps may run. A recovery whose plan comes to another thing than the one
/// on its card ends, and is asked for again: the real stack has changed too much since.
#[must_use]
pub fn planned(
    folds: &Folds,
    id: DeploymentId,
    plan: Plan,
    carried: Vec<(StepId, Output)>,
) -> Append {
    let d = folds.deployments.get(&id);
    if let Some(request) = d
        .and_then(|d| d.request.as_ref())
        .filter(|request| request.purpose == Purpose::Recover)
        && turned_out_otherwise(folds, request, &plan)
    {
        let failure = Failure::new(format!(
            "what {} runs on is not in the state in which its recovery was asked for",
            request.stack
        ))
        .hint(format!(
            "ask again: holdpoint unblock {} --way recover",
            request.stack
        ));
        return error(folds, id, failure);
    }
    let plan = match d.and_then(|d| d.request.as_ref()) {
        Some(request) => held(folds, request, plan),
        None => plan,
    };
    let digest: Digest = plan.digest();
    let mut append = Append::default();
    if let Some(d) = d {
        super::steps::passed(&mut append, folds, d, &plan, &carried);
    }
    on_deployment(
        &mut append,
        folds,
        id,
        DeploymentEvent::Planned {
            plan: Box::new(plan),
            digest,
            carried,
        },
    );
    on_deployment(&mut append, folds, id, DeploymentEvent::RunSteps);
    append
}

/// Whether a recovery would do another thing than was asked for. What removes the stack travels
/// edges of its own: that shows also where the plan of the card was not kept.
fn turned_out_otherwise(folds: &Folds, request: &Request, plan: &Plan) -> bool {
    let shown = request.seen.as_ref().and_then(|seen| seen.plan.as_ref());
    shown.is_some_and(|shown| *shown != PlanShown::of(plan))
        || plan.removes() != folds.stack(&request.stack).removes()
}

/// The deployment fails for another reason than a step.
#[must_use]
pub fn error(folds: &Folds, id: DeploymentId, failure: Failure) -> Append {
    one(folds, id, DeploymentEvent::Error { failure })
}

/// Nothing is left to do.
#[must_use]
pub fn finish(folds: &Folds, id: DeploymentId, end: &End) -> Append {
    one(
        folds,
        id,
        match end {
            End::Done => DeploymentEvent::Done,
            End::Partial { arrived, missing } => DeploymentEvent::Partial {
                arrived: arrived.clone(),
                missing: missing.clone(),
            },
            End::Failed { failure } => DeploymentEvent::Error {
                failure: failure.clone(),
            },
            End::Terminated { reason, by } => DeploymentEvent::Terminated {
                reason: reason.clone(),
                by: by.clone(),
            },
        },
    )
}

fn one(folds: &Folds, id: DeploymentId, event: DeploymentEvent) -> Append {
    let mut append = Append::default();
    on_deployment(&mut append, folds, id, event);
    append
}
