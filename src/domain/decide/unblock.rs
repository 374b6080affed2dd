//! The ways out: of a broken stack, of a real stack that nothing can be deployed on, of a step that
//! nobody can tell of.

use std::collections::BTreeMap;

use serde_json::json;

use crate::domain::ask::{Answer, Confirm, Way};
use crate::domain::deployment::StepState;
use crate::domain::event::Append;
use crate::domain::failure::Failure;
use crate::domain::folds::Folds;
use crate::domain::ids::{DeploymentId, StackId, StepId};
use crate::domain::lifecycle::PhaseClass;
use crate::domain::plan::{Output, Plan};
use crate::domain::refused::Refused;

use super::deploy::deploy;
use super::settle::unblocked;
use super::specs::{StartOf, unknown_deployment};
use super::steps::{done, failed};
use super::{Cx, Decided, Looked, on_stack, open};

/// Takes a way out.
pub(super) fn unblock(
    folds: &Folds,
    id: &StackId,
    way: &Way,
    starts: &[StartOf],
    looked: &Looked,
    confirm: &Confirm,
    cx: &Cx<'_>,
) -> Decided {
    blocked(folds, id, way, &looked.plans)?;
    match way {
        Way::ResolveDone { deployment, step } => resolve(folds, *deployment, step, true, cx),
        Way::ResolveFailed { deployment, step } => resolve(folds, *deployment, step, false, cx),
        Way::Free => {
            open(folds, id)?;
            let mut append = Append::default();
            on_stack(
                &mut append,
                folds,
                id,
                unblocked(&folds.stack(id), "free".to_owned()),
            );
            Ok((
                append,
                Answer::said(format!("{id} is free; its queue goes on")),
            ))
        }
        Way::Recover | Way::Retry | Way::LastGood => {
            deploy(folds, starts, looked, confirm, &BTreeMap::new(), None, cx)
        }
    }
}

/// Whether there is something to get out of: the stack is broken; or it is at rest, because its
/// policy goes on after a failure or somebody else broke it, and the plan that the engine's look
/// led to repairs the real stack.
pub(super) fn blocked(
    folds: &Folds,
    id: &StackId,
    way: &Way,
    plans: &[(StackId, Plan)],
) -> Result<(), Refused> {
    let stack = folds.stack(id);
    let recovers = match way {
        Way::ResolveDone { .. } | Way::ResolveFailed { .. } => return Ok(()),
        Way::Recover => true,
        Way::Retry | Way::LastGood | Way::Free => false,
    };
    let phase = &stack.phase;
    let repair = plans
        .iter()
        .find(|(stack, plan)| stack == id && plan.repairs)
        .map(|(_, plan)| plan)
        .filter(|_| recovers);
    match (stack.class(), repair) {
        // A stack in a Gone phase has no teardown edge: what stands under its name since is ended
        // where it was made.
        (PhaseClass::Gone, Some(repair)) if repair.removes() => {
            Err(Refused::new("gone", format!("{id} is {phase} here, and what stands under its name since is stuck in its own deletion"))
                .hint(format!(
                    "finish that deletion where the stack was made, retaining what cannot be deleted; then `holdpoint deploy {id}`"
                )))
        }
        (PhaseClass::Broken, _) | (PhaseClass::Rest | PhaseClass::Gone, Some(_)) => Ok(()),
        (PhaseClass::Rest | PhaseClass::Gone, None) if recovers => {
            Err(Refused::new("not-broken", format!("{id} is {phase}, and what it runs on needs no repair: there is nothing to recover"))
                .hint(format!("`holdpoint deploy {id}`")))
        }
        (PhaseClass::Rest | PhaseClass::Gone, None) => Err(Refused::new("not-broken", format!("{id} is {phase}: there is nothing to unblock"))
            .hint(format!("`holdpoint show {id}` says what can be done"))),
        (PhaseClass::Busy, _) => {
            let no =
                stack.current.and_then(|current| folds.deployments.get(&current)).map_or_else(String::new, |d| format!(" with {}", d.no()));
            Err(Refused::new("not-broken", format!("{id} is {phase}{no}: nothing can be unblocked before that has ended"))
                .hint(format!("`holdpoint cancel {id}` ends it")))
        }
    }
}

/// A person says how a step ended of which nobody could tell.
fn resolve(folds: &Folds, id: DeploymentId, step: &StepId, well: bool, cx: &Cx<'_>) -> Decided {
    let d = folds
        .deployments
        .get(&id)
        .ok_or_else(|| unknown_deployment(id))?;
    let lost = d
        .runs()
        .find(|(one, run)| one.id == *step && run.state == StepState::Lost);
    let Some((planned, _)) = lost else {
        return Err(Refused::new(
            "not-lost",
            format!(
                "step {step} of {} is not LOST: nothing is to be resolved",
                d.no()
            ),
        ));
    };
    let mut append = Append::default();
    if well {
        done(
            &mut append,
            folds,
            d,
            planned,
            Output::public(json!({ "resolved_by": cx.person.to_string() })),
        );
    } else {
        let failure = Failure::new(format!("{} said that it failed", cx.person));
        failed(&mut append, folds, d, planned, failure);
    }
    Ok((
        append,
        Answer::said(format!("{step} of {} is resolved", d.no())),
    ))
}
