//! Acting on an intent whose guard was met: one append over the streams concerned.

use std::collections::BTreeMap;

use crate::domain::ask::{Answer, Confirm, Intent, QueueOf, Refused};
use crate::domain::card::Card;
use crate::domain::deployment::{
    CANCEL_LIMIT, Cause, Deployment, DeploymentEvent, Phase, Request, Shown, Stopping,
};
use crate::domain::environment::{EnvironmentEvent, EnvironmentRecord, Freeze, Mode, QueuePolicy};
use crate::domain::event::{Append, StreamId};
use crate::domain::folds::Folds;
use crate::domain::ids::{DeploymentId, DeploymentNo, EnvName, StackId, StepId};
use crate::domain::level::Level;
use crate::domain::lifecycle::Class;
use crate::domain::lifecycles::of_system;
use crate::domain::plan::{HoldWhen, Plan, PlanShown};
use crate::domain::stack::{Purpose, QueueEnd, Queued, StackEvent};
use crate::domain::time::{Time, short};

use super::specs::{StartOf, unknown_deployment};
use super::unblock::unblock;
use super::{Cx, Decided, Looked, on_deployment, on_environment, on_stack, record};

/// The undo window that the console's keys ask for at level 1.
pub const ARMED: std::time::Duration = std::time::Duration::from_secs(5);

/// Carries out an intent. `looked` is what its card was made from; the guard is checked here,
/// whatever a screen said.
///
/// # Errors
/// A refusal, with the card where a guard was not met.
pub fn act(
    folds: &Folds,
    intent: &Intent,
    starts: &[StartOf],
    looked: &Looked,
    confirm: &Confirm,
    armed: bool,
    cx: &Cx<'_>,
) -> Decided {
    guard(&looked.card, confirm)?;
    let not_before = (armed && looked.card.level == Level::L1).then(|| cx.now + ARMED);
    match intent {
        Intent::Deploy { after, .. } => {
            deploy(folds, starts, looked, confirm, after, not_before, cx)
        }
        Intent::Rollback { .. } | Intent::Retry { .. } | Intent::Teardown { .. } => deploy(
            folds,
            starts,
            looked,
            confirm,
            &BTreeMap::new(),
            not_before,
            cx,
        ),
        Intent::Unblock { stack, way, .. } => {
            unblock(folds, stack, way, starts, looked, confirm, cx)
        }
        Intent::Cancel { deployment } => cancel(folds, *deployment, confirm, cx),
        Intent::Abandon { deployment } => abandon(folds, *deployment, cx),
        Intent::Freeze {
            target,
            reason,
            until,
        } => freeze(folds, target, reason, *until, cx),
        Intent::Thaw { target } => thaw(folds, target, cx),
        Intent::Apply { environments } => Ok(apply(folds, environments)),
    }
}

/// Checks that what was typed is what this card asks for, for exactly this card.
///
/// # Errors
/// `guard`, `subject` or `reason`, with the card.
pub fn guard(card: &Card, confirm: &Confirm) -> Result<(), Refused> {
    let refuse = |code: &str, says: String| Refused::new(code, says).card(card.clone());
    if confirm
        .subject
        .is_some_and(|subject| subject != card.subject)
    {
        return Err(refuse(
            "subject",
            "what you confirmed is not what would happen now: read the card again".to_owned(),
        ));
    }
    let Some(phrase) = &card.phrase else {
        return Ok(());
    };
    if confirm.subject.is_none() {
        return Err(refuse(
            "guard",
            format!("this is level {}: {}", card.level, card.why),
        ));
    }
    if confirm.text != *phrase {
        return Err(refuse("guard", format!("type exactly: {phrase}")));
    }
    if card.needs_reason && confirm.reason.trim().is_empty() {
        return Err(refuse(
            "reason",
            "this is level 4: give a reason".to_owned(),
        ));
    }
    Ok(())
}

pub(super) fn deploy(
    folds: &Folds,
    starts: &[StartOf],
    looked: &Looked,
    confirm: &Confirm,
    after: &BTreeMap<StackId, Vec<StackId>>,
    not_before: Option<Time>,
    cx: &Cx<'_>,
) -> Decided {
    let Some(asked) = &cx.asked else {
        return Err(Refused::new(
            "internal",
            "nobody asked for these deployments",
        ));
    };
    if cx.fresh.len() < starts.len() {
        return Err(Refused::new(
            "internal",
            "too few ids and numbers for the deployments of this ask",
        ));
    }
    let fresh = cx.fresh.iter().copied();
    let ids: BTreeMap<&StackId, DeploymentId> = starts
        .iter()
        .map(|start| &start.stack)
        .zip(fresh.clone().map(|(id, _)| id))
        .collect();
    let mut append = Append::default();
    let mut made = Vec::new();
    let mut says = Vec::new();
    for (start, (id, no)) in starts.iter().zip(fresh) {
        let needs: Vec<DeploymentId> = after
            .get(&start.stack)
            .into_iter()
            .flatten()
            .filter_map(|need| ids.get(need).copied())
            .collect();
        let plan = looked
            .plans
            .iter()
            .find(|(stack, _)| *stack == start.stack)
            .map(|(_, plan)| plan);
        let record = open(folds, &start.stack)?;
        let cause = Cause {
            ask: asked.id,
            by: cx.person.clone(),
            via: asked.via,
            reason: confirm.reason.trim().to_owned(),
            of: start.of.clone(),
            reply: asked.reply.clone(),
        };
        let request = request(
            folds,
            start,
            no,
            record,
            plan,
            &looked.card,
            cause,
            needs,
            not_before,
        );
        let removes = plan.is_some_and(Plan::removes);
        says.push(enqueue(
            &mut append,
            folds,
            start,
            id,
            request,
            removes,
            cx,
        )?);
        made.push((id, no));
    }
    Ok((
        append,
        Answer::Accepted {
            deployments: made,
            says: says.join("; "),
        },
    ))
}

/// The record of a stack's environment, if anything may be changed there.
pub(super) fn open<'a>(folds: &'a Folds, id: &StackId) -> Result<&'a EnvironmentRecord, Refused> {
    let (_, record) = record(folds, &id.env)?;
    if record.mode == Mode::Watch {
        return Err(Refused::new(
            "watch-only",
            format!("{} is only watched (mode: watch)", id.env),
        ));
    }
    if let Some(why) = folds.broken.get(&StreamId::Stack(id.clone())) {
        return Err(Refused::new(
            "broken-log",
            format!("the log of {id} cannot be read: {why}"),
        ));
    }
    Ok(record)
}

#[allow(clippy::too_many_arguments)]
fn request(
    folds: &Folds,
    start: &StartOf,
    no: DeploymentNo,
    record: &EnvironmentRecord,
    plan: Option<&Plan>,
    card: &Card,
    cause: Cause,
    after: Vec<DeploymentId>,
    not_before: Option<Time>,
) -> Request {
    let env_version = folds
        .environments
        .get(&start.stack.env)
        .map_or(0, |env| env.record_version);
    let covers = plan
        .iter()
        .flat_map(|plan| plan.steps.iter().map(move |step| (plan, step)))
        .filter_map(|(plan, step)| {
            let rule = step.hold.as_ref()?;
            let sure = rule.when == HoldWhen::Always
                && super::holds::coverable(rule.kind, record.class, card.level);
            sure.then(|| {
                (
                    step.id.clone(),
                    super::cover(step, env_version, record, plan.rows().as_deref()),
                )
            })
        })
        .collect();
    Request {
        no,
        stack: start.stack.clone(),
        purpose: start.purpose,
        spec: start.spec.clone(),
        flags: start.flags.clone(),
        cause,
        parent: None,
        env_version,
        places: record.places.clone(),
        on_failure: record.on_failure,
        not_before,
        after,
        seen: Some(Shown {
            card: card.subject,
            level: card.level,
            branch: plan.and_then(|plan| plan.branch.clone()),
            changes: plan.map(|plan| plan.changes.clone()).unwrap_or_default(),
            covers,
            plan: plan.map(PlanShown::of),
        }),
    }
}

/// Queues one deployment by the policy of its environment, and starts it in the same append where
/// nothing is in the way.
fn enqueue(
    append: &mut Append,
    folds: &Folds,
    start: &StartOf,
    id: DeploymentId,
    request: Request,
    removes: bool,
    cx: &Cx<'_>,
) -> Result<String, Refused> {
    let stack = folds.stack(&start.stack);
    let record = open(folds, &start.stack)?;
    let system = start.spec.system.clone();
    if !stack.follows(&system) {
        return Err(Refused::new(
            "other-system",
            format!(
                "{} is a {} here, and its files make it a {system}",
                stack.id, stack.system
            ),
        )
        .hint(format!(
            "`holdpoint teardown {}` first, or give the new one another name in the estate file",
            stack.id
        )));
    }
    if let Err(why) = of_system(&system) {
        return Err(Refused::new("unknown-system", why.to_string()));
    }
    let busy = stack.current.is_some() || !stack.queue.is_empty();
    let broken = stack.class() == Class::Broken;
    // The policy is about releases that pile up: a way out, and an end, may always be asked for.
    if busy && !broken && start.purpose == Purpose::Deploy && record.queue == QueuePolicy::Refuse {
        return Err(Refused::new(
            "busy",
            format!(
                "{} is busy, and {} refuses to queue",
                start.stack, start.stack.env
            ),
        ));
    }
    if record.queue == QueuePolicy::Latest {
        for entry in stack
            .queue
            .iter()
            .filter(|entry| entry.purpose == Purpose::Deploy)
        {
            on_stack(
                append,
                folds,
                &stack.id,
                StackEvent::Dequeued {
                    deployment: entry.deployment,
                },
            );
            let event = DeploymentEvent::Terminated {
                reason: format!("superseded by {}", request.no),
                by: cx.person.clone(),
            };
            on_deployment(append, folds, entry.deployment, event);
        }
    }
    // What removes the stack travels the edges of a teardown, also where it finishes one that got
    // stuck.
    let purpose = if removes {
        Purpose::Teardown
    } else {
        start.purpose
    };
    let entry = Queued {
        deployment: id,
        no: request.no,
        purpose,
        not_before: request.not_before,
        after: request.after.clone(),
    };
    let no = request.no;
    on_deployment(
        append,
        folds,
        id,
        DeploymentEvent::Created {
            request: Box::new(request),
        },
    );
    let unblocks = broken && purpose != Purpose::Teardown;
    // What waits would meet the same stack: a way out goes first, also where only the real stack is
    // stuck.
    let first = broken || start.purpose == Purpose::Recover;
    let place = if first {
        QueueEnd::Head
    } else {
        QueueEnd::Tail
    };
    on_stack(
        append,
        folds,
        &stack.id,
        StackEvent::Requested {
            system,
            entry: entry.clone(),
            place,
        },
    );
    if unblocks {
        on_stack(
            append,
            folds,
            &stack.id,
            StackEvent::Unblocked {
                way: start
                    .of
                    .as_ref()
                    .map_or_else(|| "deploy".to_owned(), ToString::to_string),
            },
        );
        return Ok(format!(
            "{no} of {} goes to the head of the queue",
            start.stack
        ));
    }
    let free = !busy && stack.takes("started") && purpose != Purpose::Teardown;
    if free && stack.waits(&entry, cx.now, folds).is_none() && entry.after.is_empty() {
        on_stack(
            append,
            folds,
            &stack.id,
            StackEvent::Started { deployment: id },
        );
        on_deployment(append, folds, id, DeploymentEvent::Triggered);
        return Ok(format!("{no} of {} starts", start.stack));
    }
    Ok(match entry.not_before {
        Some(at) => format!(
            "{no} of {} starts in {}",
            start.stack,
            short(at.since(cx.now))
        ),
        None => format!("{no} of {} is queued", start.stack),
    })
}

fn cancel(folds: &Folds, id: DeploymentId, confirm: &Confirm, cx: &Cx<'_>) -> Decided {
    let d = live(folds, id)?;
    let reason = if confirm.reason.trim().is_empty() {
        "cancelled".to_owned()
    } else {
        format!("cancelled: {}", confirm.reason.trim())
    };
    let mut append = Append::default();
    let says = match (d.phase, d.stack()) {
        (Phase::Queued, Some(stack)) => {
            on_stack(
                &mut append,
                folds,
                stack,
                StackEvent::Dequeued { deployment: id },
            );
            on_deployment(
                &mut append,
                folds,
                id,
                DeploymentEvent::Terminated {
                    reason,
                    by: cx.person.clone(),
                },
            );
            format!("{} left the queue", d.no())
        }
        (Phase::Running, _) => {
            if matches!(d.stopping, Some(Stopping::Cancelling { .. })) {
                return Err(Refused::new(
                    "stopping",
                    format!("{} is being cancelled already", d.no()),
                )
                .hint("after 10 minutes it can be abandoned"));
            }
            let stopping = Stopping::Cancelling {
                reason,
                by: cx.person.clone(),
                at: cx.now,
            };
            on_deployment(
                &mut append,
                folds,
                id,
                DeploymentEvent::Stopping { stopping },
            );
            format!("{} is being cancelled", d.no())
        }
        _ => {
            on_deployment(
                &mut append,
                folds,
                id,
                DeploymentEvent::Terminated {
                    reason,
                    by: cx.person.clone(),
                },
            );
            format!("{} is cancelled", d.no())
        }
    };
    Ok((
        append,
        Answer::Accepted {
            deployments: vec![],
            says,
        },
    ))
}

fn abandon(folds: &Folds, id: DeploymentId, cx: &Cx<'_>) -> Decided {
    let d = live(folds, id)?;
    let Some(Stopping::Cancelling { at, .. }) = &d.stopping else {
        return Err(Refused::new(
            "not-cancelling",
            format!("{} was not cancelled: cancel it first", d.no()),
        ));
    };
    let due = *at + CANCEL_LIMIT;
    if cx.now < due {
        return Err(Refused::new(
            "too-soon",
            format!(
                "{} may be abandoned in {}",
                d.no(),
                short(due.since(cx.now))
            ),
        ));
    }
    let still: Vec<StepId> = d
        .runs()
        .filter(|(_, run)| run.is_live())
        .map(|(step, _)| step.id.clone())
        .collect();
    let mut append = Append::default();
    let says = format!(
        "{} is abandoned; may still be running: {}",
        d.no(),
        names(&still)
    );
    on_deployment(
        &mut append,
        folds,
        id,
        DeploymentEvent::Abandoned {
            still,
            by: cx.person.clone(),
        },
    );
    Ok((
        append,
        Answer::Accepted {
            deployments: vec![],
            says,
        },
    ))
}

fn names(steps: &[StepId]) -> String {
    if steps.is_empty() {
        "nothing".to_owned()
    } else {
        steps
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    }
}

fn live(folds: &Folds, id: DeploymentId) -> Result<&Deployment, Refused> {
    let d = folds
        .deployments
        .get(&id)
        .ok_or_else(|| unknown_deployment(id))?;
    if d.is_over() {
        return Err(Refused::new(
            "over",
            format!("{} is over: {}", d.no(), d.phase),
        ));
    }
    Ok(d)
}

/// Withdraws a deployment that has not started: the undo of an armed key.
///
/// # Errors
/// A refusal when it has started.
pub fn undo(folds: &Folds, id: DeploymentId, cx: &Cx<'_>) -> Decided {
    let d = live(folds, id)?;
    let Some(stack) = d.stack().filter(|_| d.phase == Phase::Queued) else {
        return Err(Refused::new(
            "started",
            format!("{} has started: cancel it instead", d.no()),
        ));
    };
    let mut append = Append::default();
    on_stack(
        &mut append,
        folds,
        stack,
        StackEvent::Dequeued { deployment: id },
    );
    on_deployment(
        &mut append,
        folds,
        id,
        DeploymentEvent::Terminated {
            reason: "undone".to_owned(),
            by: cx.person.clone(),
        },
    );
    Ok((
        append,
        Answer::Accepted {
            deployments: vec![],
            says: format!("{} was undone; nothing had started", d.no()),
        },
    ))
}

fn freeze(
    folds: &Folds,
    target: &QueueOf,
    reason: &str,
    until: Option<Time>,
    cx: &Cx<'_>,
) -> Decided {
    if reason.trim().is_empty() {
        return Err(
            Refused::new("reason", "a freeze needs a reason that everybody can read")
                .hint("--reason TEXT"),
        );
    }
    if until.is_some_and(|until| until <= cx.now) {
        return Err(Refused::new("past", "the freeze would have ended already"));
    }
    record(folds, target.env())?;
    let freeze = Freeze {
        reason: reason.trim().to_owned(),
        by: cx.person.clone(),
        at: cx.now,
        until,
    };
    let mut append = Append::default();
    let says = match target {
        QueueOf::Stack(id) => {
            on_stack(&mut append, folds, id, StackEvent::StackFrozen { freeze });
            format!("{id} is frozen")
        }
        QueueOf::Environment(env) => {
            on_environment(&mut append, folds, env, EnvironmentEvent::Frozen { freeze });
            format!("{env} is frozen")
        }
    };
    Ok((
        append,
        Answer::Accepted {
            deployments: vec![],
            says,
        },
    ))
}

fn thaw(folds: &Folds, target: &QueueOf, cx: &Cx<'_>) -> Decided {
    let mut append = Append::default();
    let frozen = match target {
        QueueOf::Stack(id) => {
            on_stack(&mut append, folds, id, StackEvent::StackThawed);
            folds
                .stacks
                .get(id)
                .is_some_and(|stack| stack.frozen(cx.now).is_some())
        }
        QueueOf::Environment(env) => {
            on_environment(&mut append, folds, env, EnvironmentEvent::Thawed);
            folds
                .environments
                .get(env)
                .is_some_and(|env| env.frozen(cx.now).is_some())
        }
    };
    if !frozen {
        return Err(Refused::new("not-frozen", "it is not frozen"));
    }
    Ok((
        append,
        Answer::Accepted {
            deployments: vec![],
            says: "thawed; the queue goes on".to_owned(),
        },
    ))
}

fn apply(folds: &Folds, environments: &BTreeMap<EnvName, EnvironmentRecord>) -> (Append, Answer) {
    let mut append = Append::default();
    let mut changed = Vec::new();
    for (name, to) in environments {
        if folds
            .environments
            .get(name)
            .and_then(|env| env.record.as_ref())
            != Some(to)
        {
            on_environment(
                &mut append,
                folds,
                name,
                EnvironmentEvent::Configured { record: to.clone() },
            );
            changed.push(name.to_string());
        }
    }
    (
        append,
        Answer::Accepted {
            deployments: vec![],
            says: format!("recorded: {}", changed.join(", ")),
        },
    )
}
