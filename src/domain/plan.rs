//! Plans: what a deployment will do, as data that is shown before it runs and never edited afterwards.

mod cancel;
mod outcome;

pub use cancel::Cancel;
pub use outcome::PlanSeen;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::digest::Digest;
use super::failure::millis;
use super::hold::HoldKind;
use super::ids::StepId;
use super::level::Danger;

/// What a step does: the name of its executor, for example `cloudformation.update`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepKind(pub String);

impl StepKind {
    /// The kind as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for StepKind {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// The step kinds that the engine carries out itself, without an executor: they look at data alone.
pub mod pure {
    /// Chooses a branch from a change set: output `{branch, why, rows, more_dangerous}`.
    pub const JOIN: &str = "eval.join";
    /// Compares the rows of a second change set with the approved ones: output `{same, rows}`.
    pub const SAME: &str = "eval.same";
    /// Does nothing but wait for its hold; the choice is its branch: output `{branch}`.
    pub const DECISION: &str = "hold.decision";
}

/// When a finaliser runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finaliser {
    /// At every end.
    Always,
    /// Only when the deployment ends badly after one of the steps that it names in `after` had started, and left something.
    BadEnd,
}

/// What is in service once a step is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leaves {
    /// The release of the deployment.
    New,
    /// What served before the deployment.
    Old,
    /// Nothing.
    Nothing,
}

/// What is done about a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryRule {
    /// Attempts in all, 1 or more.
    pub attempts: u32,
}

/// A condition on the output of an earlier step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldWhen {
    /// Always.
    Always,
    /// Only when the value at `pointer` in the public output of `step` equals `equals`.
    Output {
        /// The step, which must be among the needs.
        step: StepId,
        /// JSON pointer into its public output.
        pointer: String,
        /// The value that opens the hold.
        equals: Value,
    },
}

/// A point in a plan where a person decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldRule {
    /// What is decided.
    pub kind: HoldKind,
    /// When it opens.
    pub when: HoldWhen,
    /// Ways to approve, each a branch for `only_if`; empty: approve or reject.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    /// Never expires.
    #[serde(default)]
    pub never_expires: bool,
}

/// One way to approve a hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The branch name, for `--choice` and `only_if`.
    pub name: String,
    /// What it does, as a sentence.
    pub does: String,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its id within the plan.
    pub id: StepId,
    /// A short title for people.
    pub title: String,
    /// What carries it out.
    pub kind: StepKind,
    /// Parameters; `{"from": "<step>", "output": "<json pointer>"}` anywhere inside takes an earlier step's public output.
    pub params: Value,
    /// The steps that must be finished before.
    #[serde(default)]
    pub after: Vec<StepId>,
    /// Runs only when that step's output has this branch; else it is SKIPPED.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_if: Option<(StepId, String)>,
    /// A person decides before it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldRule>,
    /// Longest time for one attempt, without the time of its hold.
    #[serde(with = "millis")]
    pub timeout: Duration,
    /// What is done about failures.
    pub retry: RetryRule,
    /// Whether it is a finaliser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finaliser: Option<Finaliser>,
    /// Whether it can change anything outside (a look or a comparison cannot).
    pub changes: bool,
    /// Whether it takes a service's count down or up.
    #[serde(default)]
    pub scales: bool,
    /// What is in service once it is done; absent where it changes nothing of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaves: Option<Leaves>,
}

/// What an attempt gave.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Output {
    /// Values that may be shown and stored.
    pub public: Value,
    /// References to secrets, never their values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
}

/// One row of what a change set will do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChangeRow {
    /// Logical id, with the nested stack before it where there is one.
    pub logical: String,
    /// Resource type.
    pub kind: String,
    /// `Add`, `Modify`, `Remove`, `Import`, `Dynamic`.
    pub action: String,
    /// `True`, `False`, `Conditional`, or empty.
    pub replacement: String,
    /// What changes (`Properties`, `Metadata`, `Tags` …), sorted.
    pub scope: Vec<String>,
    /// The names of the changed properties, sorted; shown, and no part of what is compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<String>,
}

impl ChangeRow {
    /// True when the resource is deleted or may be replaced.
    #[must_use]
    pub fn destroys(&self) -> bool {
        self.action == "Remove" || (self.action == "Modify" && self.replacement != "False")
    }

    /// The row without what is only shown.
    #[must_use]
    pub fn key(&self) -> ChangeRow {
        ChangeRow { properties: Vec::new(), ..self.clone() }
    }
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Which plan it is ("create", "update", "teardown", "recover" …).
    pub name: String,
    /// The steps, in an order in which each stands after its needs.
    pub steps: Vec<Step>,
    /// What is known beforehand of what will change; `None` when it cannot be known now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<ChangeRow>>,
    /// How dangerous it is, as far as known.
    #[serde(default)]
    pub danger: Danger,
    /// What holds data and goes: logical names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loses: Vec<String>,
    /// Sentences for the card: what is done, what cannot be undone, what could not be known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub says: Vec<String>,
    /// The branch that the join is expected to take, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// `on_step_failure: finish_independent` instead of stop.
    #[serde(default)]
    pub finish_independent: bool,
}

/// Why a plan cannot run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPlan {
    /// Two steps share an id.
    #[error("step {0} stands twice in the plan")]
    Twice(StepId),
    /// A dependency names no step.
    #[error("step {0} comes after {1}, which is no step of the plan")]
    Missing(StepId, StepId),
    /// A circle.
    #[error("these steps wait for each other: {0:?}")]
    Cycle(Vec<StepId>),
    /// An output is taken from a step that is not among the needs.
    #[error("step {0} takes an output of {1} without coming after it")]
    NotNeeded(StepId, StepId),
    /// An ordinary step comes after a finaliser.
    #[error("step {0} comes after the finaliser {1}")]
    AfterFinaliser(StepId, StepId),
}

impl Plan {
    /// The step of that id.
    #[must_use]
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == *id)
    }

    /// The digest of the plan in canonical form.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of("holdpoint/plan/1", &serde_json::to_value(self).unwrap_or(Value::Null))
    }

    /// Checks that the graph can run: unique ids, known and reachable needs, no circle, outputs only from needs,
    /// nothing but finalisers after finalisers.
    ///
    /// # Errors
    /// The first [`BadPlan`] found.
    pub fn check(&self) -> Result<(), BadPlan> {
        let mut by_id: BTreeMap<&StepId, &Step> = BTreeMap::new();
        for step in &self.steps {
            if by_id.insert(&step.id, step).is_some() {
                return Err(BadPlan::Twice(step.id.clone()));
            }
        }
        for step in &self.steps {
            for need in step.after.iter().chain(step.only_if.as_ref().map(|(id, _)| id)) {
                let Some(found) = by_id.get(need) else {
                    return Err(BadPlan::Missing(step.id.clone(), need.clone()));
                };
                if found.finaliser.is_some() && step.finaliser.is_none() {
                    return Err(BadPlan::AfterFinaliser(step.id.clone(), need.clone()));
                }
            }
        }
        let order = self.order()?;
        let mut behind: BTreeMap<&StepId, BTreeSet<&StepId>> = BTreeMap::new();
        for id in order {
            let Some(step) = by_id.get(id) else { continue };
            let mut all: BTreeSet<&StepId> = BTreeSet::new();
            for need in &step.after {
                all.insert(need);
                all.extend(behind.get(need).into_iter().flatten());
            }
            let hold_needs = step.hold.iter().filter_map(|rule| match &rule.when {
                HoldWhen::Always => None,
                HoldWhen::Output { step, .. } => Some(step.clone()),
            });
            let only = step.only_if.iter().map(|(id, _)| id.clone());
            for used in references(&step.params).into_iter().chain(hold_needs).chain(only) {
                if !all.contains(&used) {
                    return Err(BadPlan::NotNeeded(step.id.clone(), used));
                }
            }
            behind.insert(id, all);
        }
        Ok(())
    }

    /// Step ids so that each stands after its needs; plan order among equals.
    ///
    /// # Errors
    /// [`BadPlan::Cycle`] with the steps that wait for each other.
    pub fn order(&self) -> Result<Vec<&StepId>, BadPlan> {
        let mut waits: BTreeMap<&StepId, usize> = BTreeMap::new();
        let mut behind: BTreeMap<&StepId, Vec<&StepId>> = BTreeMap::new();
        for step in &self.steps {
            let needs: BTreeSet<_> = step.after.iter().collect();
            waits.insert(&step.id, needs.len());
            for need in needs {
                behind.entry(need).or_default().push(&step.id);
            }
        }
        let mut ready: std::collections::VecDeque<&StepId> =
            self.steps.iter().map(|s| &s.id).filter(|id| waits.get(id) == Some(&0)).collect();
        let mut out = Vec::with_capacity(self.steps.len());
        while let Some(id) = ready.pop_front() {
            out.push(id);
            for next in behind.get(id).into_iter().flatten() {
                if let Some(left) = waits.get_mut(next) {
                    *left -= 1;
                    if *left == 0 {
                        ready.push_back(next);
                    }
                }
            }
        }
        if out.len() == self.steps.len() {
            Ok(out)
        } else {
            let done: BTreeSet<_> = out.into_iter().collect();
            Err(BadPlan::Cycle(self.steps.iter().map(|s| &s.id).filter(|id| !done.contains(id)).cloned().collect()))
        }
    }
}

/// The steps whose outputs some parameters take.
#[must_use]
pub fn references(params: &Value) -> Vec<StepId> {
    let mut found = Vec::new();
    walk(params, &mut |from, _| found.push(from.clone()));
    found
}

fn walk(value: &Value, seen: &mut impl FnMut(&StepId, &str)) {
    if let Some((step, pointer)) = reference(value) {
        seen(&step, pointer);
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, seen)),
        Value::Object(fields) => fields.values().for_each(|field| walk(field, seen)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `{"from": step, "output": pointer}` and nothing else in it.
fn reference(value: &Value) -> Option<(StepId, &str)> {
    let fields = value.as_object().filter(|fields| fields.len() == 2)?;
    Some((StepId::from(fields.get("from")?.as_str()?), fields.get("output")?.as_str()?))
}

/// The parameters with every reference replaced by the public output that it names.
///
/// # Errors
/// A sentence when a step has no output yet or the output has no such value.
pub fn resolve(params: &Value, outputs: &BTreeMap<StepId, Output>) -> Result<Value, String> {
    if let Some((step, pointer)) = reference(params) {
        let output = outputs.get(&step).ok_or_else(|| format!("step {step} has no output yet"))?;
        return output.public.pointer(pointer).cloned().ok_or_else(|| format!("the output of step {step} has no value at {pointer}"));
    }
    Ok(match params {
        Value::Array(items) => Value::Array(items.iter().map(|item| resolve(item, outputs)).collect::<Result<_, _>>()?),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(key, field)| Ok((key.clone(), resolve(field, outputs)?))).collect::<Result<_, String>>()?)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => params.clone(),
    })
}

#[cfg(test)]
pub(crate) mod given;
#[cfg(test)]
mod tests;
