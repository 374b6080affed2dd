//! Queueing one deployment by the policy of its environment, or starting it at once.

use crate::domain::deployment::{DeploymentEvent, Request};
use crate::domain::environment::{EnvironmentRecord, QueuePolicy};
use crate::domain::event::Append;
use crate::domain::folds::Folds;
use crate::domain::ids::DeploymentId;
use crate::domain::lifecycles::of_system;
use crate::domain::purpose::Purpose;
use crate::domain::refused::Refused;
use crate::domain::stack::{QueueEnd, Queued, Stack, StackEvent};
use crate::domain::time::short;

use super::specs::StartOf;
use super::stop::leave_queue;
use super::{Cx, on_deployment, on_stack, open};

/// Whether it goes before all that waits, which would meet the same stack: a way out does, also
/// where only the real stack is stuck.
pub(super) fn goes_first(stack: &Stack, start: &StartOf) -> bool {
    stack.needs_unblocking() || start.purpose == Purpose::Recover
}

/// Whether it can be asked for; whoever asks for the card is told as well as who confirmed it.
///
/// # Errors
/// A refusal: nothing may be changed there, its log is damaged, another system has it, or it is
/// busy and does not queue.
pub(super) fn may_enqueue<'a>(
    folds: &'a Folds,
    start: &StartOf,
) -> Result<&'a EnvironmentRecord, Refused> {
    let stack = folds.stack(&start.stack);
    let record = open(folds, &start.stack)?;
    if let Some(since) = stack.app_gone.filter(|_| start.purpose == Purpose::Deploy) {
        return Err(Refused::new(
            "app-gone",
            format!(
                "the app of {} is gone since {since}: nothing is deployed for it",
                stack.id
            ),
        )
        .hint(format!(
            "`holdpoint teardown {}` takes what stands for it",
            stack.id
        )));
    }
    let system = &start.spec.system;
    if !stack.follows(system) {
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
    if let Err(why) = of_system(system) {
        return Err(Refused::new("unknown-system", why.to_string()));
    }
    let busy = stack.current.is_some() || !stack.queue.is_empty();
    let broken = stack.needs_unblocking();
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
    Ok(record)
}

/// Queues one deployment by the policy of its environment, and starts it in the same append where
/// nothing is in the way.
pub(super) fn enqueue(
    append: &mut Append,
    folds: &Folds,
    start: &StartOf,
    id: DeploymentId,
    request: Request,
    removes: bool,
    cx: &Cx<'_>,
) -> Result<String, Refused> {
    let record = may_enqueue(folds, start)?;
    let stack = folds.stack(&start.stack);
    let system = start.spec.system.clone();
    let busy = stack.current.is_some() || !stack.queue.is_empty();
    let broken = stack.needs_unblocking();
    if record.queue == QueuePolicy::Latest {
        for entry in stack.queue.iter().filter(|entry| entry.is_superseded()) {
            let reason = format!("superseded by {}", request.no);
            leave_queue(
                append,
                folds,
                &stack.id,
                entry.deployment,
                reason,
                &cx.person,
            );
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
    let place = if goes_first(&stack, start) {
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
            super::settle::unblocked(
                &stack,
                start
                    .of
                    .as_ref()
                    .map_or_else(|| "deploy".to_owned(), ToString::to_string),
            ),
        );
        return Ok(format!(
            "{no} of {} goes to the head of the queue",
            start.stack
        ));
    }
    let free = !busy && stack.takes("started") && purpose != Purpose::Teardown;
    let undone = Queued {
        not_before: None,
        ..entry.clone()
    };
    let free = free && stack.waits(&undone, cx.now, folds).is_none() && entry.after.is_empty();
    if free && stack.waits(&entry, cx.now, folds).is_none() {
        on_stack(
            append,
            folds,
            &stack.id,
            StackEvent::Started { deployment: id },
        );
        on_deployment(append, folds, id, DeploymentEvent::Triggered);
        return Ok(format!("{no} of {} starts", start.stack));
    }
    Ok(match entry.not_before.filter(|_| free) {
        Some(at) => format!(
            "{no} of {} starts in {}",
            start.stack,
            short(at.since(cx.now))
        ),
        None => format!("{no} of {} is queued", start.stack),
    })
}
