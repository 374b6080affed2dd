//! Deployments that an intent asks for: what each is a request for, and who waits for whom.

use std::collections::BTreeMap;

use crate::domain::ask::{Answer, Confirm};
use crate::domain::card::Card;
use crate::domain::cause::Cause;
use crate::domain::deployment::{Request, Shown};
use crate::domain::environment::EnvironmentRecord;
use crate::domain::event::Append;
use crate::domain::folds::Folds;
use crate::domain::ids::{DeploymentId, DeploymentNo, StackId};
use crate::domain::plan::{HoldWhen, Plan, PlanShown};
use crate::domain::refused::Refused;
use crate::domain::time::Time;

use super::enqueue::enqueue;
use super::specs::StartOf;
use super::unseen::is_outside;
use super::{Cx, Decided, Looked, open};

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
            reason: confirm.reason.clone(),
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
    // Nobody outside has met the guard of a card: it covers nothing.
    let covers = plan
        .iter()
        .filter(|_| !is_outside(&cause.by))
        .flat_map(|plan| plan.steps.iter().map(move |step| (plan, step)))
        .filter_map(|(plan, step)| {
            let rule = step.hold.as_ref()?;
            let sure = rule.when == HoldWhen::Always
                && super::holds::coverable(rule.kind, record.class, card.level);
            sure.then(|| {
                (
                    step.id.clone(),
                    super::cover(step, env_version, &record.places, plan.rows().as_deref()),
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
