//! Parts of a whole: the step of a whole's deployment asks for the deployment of a part, in the
//! append in which it starts, and ends as that does. What was shown of the whole covers which parts
//! are deployed, from what and in which order; what a part would change has holds of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize as _;
use serde_json::json;

use crate::domain::ask::{Confirm, Intent};
use crate::domain::cause::{Cause, Parent, Via};
use crate::domain::deployment::{Deployment, Phase, Request, StepRun, StepState, Stopping};
use crate::domain::end::End;
use crate::domain::event::Append;
use crate::domain::failure::Failure;
use crate::domain::flag::Flags;
use crate::domain::folds::Folds;
use crate::domain::ids::{DeploymentNo, Part, StackId, StepId};
use crate::domain::plan::{Output, Step};
use crate::domain::purpose::Purpose;
use crate::domain::refused::Refused;
use crate::domain::request::{Release, Spec};
use crate::domain::stack::{Stack, StackEvent};

use super::enqueue::{enqueue, may_enqueue};
use super::specs::{StartOf, specs};
use super::{Cx, on_stack, steps, stop};

/// Asks for the deployment of a part, for an attempt of a step that starts in the same append.
///
/// # Errors
/// It cannot be asked for now: the step has failed.
pub(super) fn ask(
    append: &mut Append,
    folds: &Folds,
    d: &Deployment,
    (step, part, attempt): (&Step, &StackId, u32),
    cx: &Cx<'_>,
) -> Result<(), Failure> {
    let refused = |why: Refused| Failure::new(format!("{part}: {}", why.says)).hint(why.hint);
    let asked = |request: &Request, no: DeploymentNo| -> Result<(StartOf, Request), Refused> {
        let (purpose, spec) = brings(folds, request, part)?;
        let flags = Flags::deserialize(&step.params["flags"]).unwrap_or_default();
        let start = StartOf::plain(part, purpose, spec.clone(), None);
        let record = may_enqueue(folds, &start)?;
        let env = folds.environments.get(&part.env);
        let of = d.asking(&step.id, attempt);
        let cause = Cause {
            via: Via::Parent,
            of: None,
            reply: None,
            ..request.cause.clone()
        };
        let request = Request {
            no,
            stack: part.clone(),
            purpose,
            spec,
            flags,
            cause,
            parent: Some(of),
            env_version: env.map_or(0, |env| env.record_version),
            places: request.places.clone(),
            on_failure: record.on_failure,
            not_before: None,
            after: Vec::new(),
            seen: None,
        };
        Ok((start, request))
    };
    let (Some(of), Some(no)) = (&d.request, cx.number) else {
        return Err(Failure::new(format!(
            "{part}: its deployment has no number"
        )));
    };
    let (start, request) = asked(of, no).map_err(refused)?;
    let id = request.parent.as_ref().map_or(d.id, Parent::child);
    let queued = enqueue(append, folds, &start, id, request, false, cx);
    queued.map(drop).map_err(refused)
}

/// What the deployment of a part brings: what the whole has of it, and of one that goes, what it has
/// in service.
pub(super) fn brings(
    folds: &Folds,
    of: &Request,
    part: &StackId,
) -> Result<(Purpose, Spec), Refused> {
    let own = part.part.as_ref().and_then(|name| of.spec.parts.get(name));
    if of.purpose == Purpose::Teardown {
        let intent = Intent::Teardown {
            stack: part.clone(),
            flags: Flags::new(),
        };
        let start = specs(folds, &intent, &[])
            .ok()
            .and_then(|mut all| all.pop());
        if let Some(start) = start {
            return Ok((Purpose::Teardown, start.spec));
        }
    }
    let purpose = match of.purpose {
        Purpose::Teardown => Purpose::Teardown,
        Purpose::Deploy | Purpose::Recover => Purpose::Deploy,
    };
    own.map(|spec| (purpose, spec.clone()))
        .ok_or_else(|| Refused::unlisted(part))
}

/// What follows for a step from the deployment of its part: it ends with that, and a cancel of the
/// one is a cancel of the other.
pub(in crate::domain) fn attend(
    folds: &Folds,
    d: &Deployment,
    (step, run): (&Step, &StepRun),
    part: &StackId,
    cx: &Cx<'_>,
) -> Append {
    let of = d.asking(&step.id, run.attempt);
    let Some(child) = folds.deployments.get(&of.child()) else {
        let says = format!("the deployment of {part} is not in the store any more");
        let failure = Failure::new(says).hint(format!("holdpoint show {part}"));
        return steps::outcome(folds, d, &step.id, run.attempt, Err(failure), cx.now);
    };
    match &child.end {
        Some(end) => {
            let result = ended(child, end, part);
            steps::outcome(folds, d, &step.id, run.attempt, result, cx.now)
        }
        None if run.cancelling => {
            let by = match &d.stopping {
                Some(Stopping::Cancelling { by, .. }) => by.clone(),
                Some(Stopping::Failing) | None => cx.person.clone(),
            };
            let confirm = Confirm {
                reason: format!("with {}", d.no()),
                ..Confirm::default()
            };
            let cx = Cx {
                person: by,
                ..cx.clone()
            };
            // One that is being cancelled already is left alone.
            let cancelled = stop::cancel(folds, child.id, &confirm, &cx);
            cancelled.map(|(append, _)| append).unwrap_or_default()
        }
        None => Append::default(),
    }
}

/// How a step ends whose part's deployment ended so.
fn ended(child: &Deployment, end: &End, part: &StackId) -> Result<Output, Failure> {
    let no = child.no();
    let says = match end {
        End::Done => {
            let given = json!({ "deployment": no, "stack": part, "release": child.release() });
            return Ok(Output::public(given));
        }
        End::Partial { arrived, missing } => End::shortfall(arrived, missing),
        End::Failed { .. } => {
            let first = child.first_failure();
            first.map_or_else(|| "it failed".to_owned(), |first| first.summary.clone())
        }
        End::Terminated { reason, by } => format!("{reason} ({by})"),
    };
    let hint = child.first_failure().map(|first| first.hint.clone());
    let failure = Failure::new(format!("{no} of {part}: {says}")).hint(hint.unwrap_or_default());
    Err(if child.changed_anything() {
        failure
    } else {
        failure.as_before()
    })
}

/// A whole of which the last deployment left parts out is mended by the one that brings the last of
/// them: its row, its phase and its release are those of its parts again.
pub(super) fn mend(
    append: &mut Append,
    folds: &Folds,
    (part, release): (&StackId, &Release),
    by: &Deployment,
) {
    let whole = folds.stack(&part.whole());
    let left = whole.unsettled.filter(|_| whole.current.is_none());
    let left = left.and_then(|left| folds.deployments.get(&left));
    let Some((left, asked)) = left.and_then(|left| Some((left, left.request.as_ref()?))) else {
        return;
    };
    if part.part.is_none() || asked.purpose != Purpose::Deploy {
        return;
    }
    let since = |stack: &StackId| {
        let good = folds.stack(stack).last_good;
        let good = good.and_then(|good| folds.deployments.get(&good));
        let no = if stack == part {
            Some(by.no())
        } else {
            good.map(|good| good.no())
        };
        no.filter(|no| *no > left.no())
    };
    let plan = left.plan.iter().flat_map(|plan| &plan.steps);
    let steps: BTreeMap<&StepId, &StackId> = plan
        .filter_map(|step| Some((&step.id, step.kind.part()?)))
        .collect();
    // What comes before a part is there before it: one that was brought earlier has what that gave then.
    let brought = |(step, stack): (&Step, &StackId)| {
        since(stack).is_some_and(|no| {
            let mut needs = step.after.iter().filter_map(|need| steps.get(need));
            needs.all(|need| since(need).is_none_or(|earlier| earlier < no))
        })
    };
    let missing: Vec<(&Step, &StackId)> = left
        .runs()
        .filter(|(_, run)| run.state != StepState::Done)
        .filter_map(|(step, _)| Some((step, step.kind.part()?)))
        .collect();
    let stacks: Vec<(&Part, Arc<Stack>)> = asked
        .spec
        .parts
        .keys()
        .map(|part| (part, folds.stack(&whole.id.with(part.clone()))))
        .collect();
    // What is on its way says at its own end what the whole comes to.
    let at_rest = |stack: &Arc<Stack>| stack.id == *part || stack.current.is_none();
    if !stacks.iter().all(|(_, stack)| at_rest(stack)) {
        return;
    }
    let releases = stacks.iter().filter_map(|(name, stack)| {
        let now = if stack.id == *part {
            Some(release)
        } else {
            stack.release.as_ref()
        };
        Some((*name, now?))
    });
    let release = Release::of_parts(releases);
    // Or all of them are what they were before it.
    let is_back = whole
        .good_release
        .as_ref()
        .is_some_and(|good| good.is(&release));
    let is_brought = !missing.is_empty() && missing.into_iter().all(brought);
    if !is_back && !is_brought {
        return;
    }
    let event = StackEvent::Mended {
        deployment: by.id,
        release,
    };
    on_stack(append, folds, &whole.id, event);
}

/// The deployments of the parts that are under way for a whole.
fn under_way<'a>(folds: &'a Folds, whole: &'a Deployment) -> impl Iterator<Item = &'a Deployment> {
    let parts = whole.parts();
    parts.filter_map(|id| folds.deployments.get(&id).map(AsRef::as_ref))
}

/// Whether one more part may begin to work now.
pub(in crate::domain) fn has_room(folds: &Folds, whole: &Deployment) -> bool {
    let most = whole.plan.as_ref().and_then(|plan| plan.at_once);
    let working = || under_way(folds, whole).filter(|one| works(one)).count();
    most.is_none_or(|most| working() < most)
}

/// Whether a part that is under way may start a step now: not where as many others work as may.
pub(in crate::domain) fn has_turn(folds: &Folds, child: &Deployment) -> bool {
    let parent = child
        .parent()
        .and_then(|parent| folds.deployments.get(&parent.deployment));
    let Some(parent) = parent else { return true };
    let most = parent.plan.as_ref().and_then(|plan| plan.at_once);
    let at_work = || under_way(folds, parent).filter(|one| acts(one)).count();
    acts(child) || most.is_none_or(|most| at_work() < most)
}

/// Whether a part is on its way, and waits for nobody.
fn works(child: &Deployment) -> bool {
    let waits = child.open_holds().next().is_some();
    !child.is_over() && child.phase != Phase::Queued && (acts(child) || !waits)
}

/// Whether something of it is carried out.
fn acts(d: &Deployment) -> bool {
    d.steps.values().any(|run| run.state == StepState::Active)
}
