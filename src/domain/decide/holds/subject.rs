//! What exactly an approval, or the guard of an ask, covers.

use serde_json::{Value, json};

use crate::domain::deployment::Deployment;
use crate::domain::digest::Digest;
use crate::domain::folds::Folds;
use crate::domain::hold::Hold;
use crate::domain::ids::StepId;
use crate::domain::place::Places;
use crate::domain::plan::{ChangeRow, Plan, Step, resolve};

/// What an approval of this step's newest hold covers, from what is true now.
#[must_use]
pub fn subject(folds: &Folds, d: &Deployment, step: &Step) -> Digest {
    nth_subject(folds, d, step, opened(d, &step.id).max(1))
}

pub(super) fn opened(d: &Deployment, step: &StepId) -> u32 {
    u32::try_from(d.holds.iter().filter(|hold| hold.id.step == *step).count()).unwrap_or(u32::MAX)
}

pub(super) fn nth_subject(folds: &Folds, d: &Deployment, step: &Step, nth: u32) -> Digest {
    let outputs = d.outputs();
    let before: serde_json::Map<String, Value> = d
        .plan
        .iter()
        .flat_map(|plan| behind(plan, &step.id))
        .filter_map(|id| Some((id.to_string(), outputs.get(&id)?.value())))
        .collect();
    let (stack, place) = (d.stack().map(ToString::to_string), place(folds, d, step));
    let mut subject = json!({
            "deployment": d.id,
            "stack": stack,
            "step": step.id,
            "nth": nth,
            "kind": step.kind,
            // What does not resolve never runs; still an approval of it names what was meant.
            "params": resolve(&step.params, &outputs).unwrap_or_else(|why| json!({ "unresolved": why, "params": step.params })),
            "outputs": before,
            "plan": d.plan_digest,
            "place": place,
    });
    // What was approved before something was changed from outside is approved for nothing more.
    if !d.voided.is_empty() {
        subject["voided"] = json!(d.voided.len());
    }
    Digest::of("holdpoint/hold/1", &subject)
}

/// Where a step acts, and the version of the environment's record now.
fn place(folds: &Folds, d: &Deployment, step: &Step) -> Value {
    let env = d
        .stack()
        .and_then(|stack| folds.environments.get(&stack.env));
    json!({
        "version": env.map(|env| env.record_version),
        "at": d.request.as_ref().and_then(|request| request.places.at(step.acts_at())),
    })
}

/// True while places and record of the environment are those that a person saw: at the ask, or with
/// a hold approved since. What was approved before a class was raised was approved for less.
pub(super) fn place_was_seen(folds: &Folds, d: &Deployment) -> bool {
    let version = d
        .stack()
        .and_then(|stack| folds.environments.get(&stack.env))
        .map(|env| env.record_version);
    let asked = d.request.as_ref().map(|request| request.env_version);
    let approved = |hold: &&Hold| {
        let step = d.plan.as_ref().and_then(|plan| plan.step(&hold.id.step));
        step.is_some_and(|step| hold.approves(&nth_subject(folds, d, step, hold.id.nth)))
    };
    asked == version || d.holds.iter().rev().any(|hold| approved(&hold))
}

/// All steps that stand before a step, however far.
fn behind(plan: &Plan, id: &StepId) -> Vec<StepId> {
    let mut found: Vec<StepId> = Vec::new();
    let mut todo: Vec<&StepId> = plan
        .step(id)
        .map(|step| step.after.iter().collect())
        .unwrap_or_default();
    while let Some(next) = todo.pop() {
        if !found.contains(next) {
            found.push(next.clone());
            todo.extend(plan.step(next).into_iter().flat_map(|step| &step.after));
        }
    }
    found.sort();
    found
}

/// What the guard of an ask covers of a hold that its card already showed: the step as planned,
/// where, and the change rows in whatever order they were found out.
#[must_use]
pub fn cover(step: &Step, env_version: u64, places: &Places, rows: Option<&[ChangeRow]>) -> Digest {
    let rows = rows.map(|rows| {
        let mut rows: Vec<&ChangeRow> = rows.iter().collect();
        rows.sort();
        rows
    });
    Digest::of(
        "holdpoint/cover/1",
        &json!({
            "step": serde_json::to_value(step).unwrap_or(Value::Null),
            "version": env_version,
            "at": places.at(step.acts_at()),
            "rows": rows,
        }),
    )
}
