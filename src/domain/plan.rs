//! Plans: what a deployment will do, as data that is shown before it runs and never edited
//! afterwards.

mod cancel;
mod changes;
mod kind;
mod mark;
mod outcome;
mod reserved;
mod role;
pub mod shown;
mod step;
mod task;

pub use cancel::Cancel;
pub use changes::{ChangeRow, Changes, Counts, Does, Fate, grouped, united};
pub use kind::StepKind;
pub use mark::{Mark, When};
pub use outcome::PlanShown;
pub use reserved::Reserved;
pub use role::Role;
pub use shown::Shown;
pub use step::{Finaliser, HoldRule, HoldWhen, Leaves, RetryRule, Step};
pub use task::Task;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::digest::Digest;
use super::ids::StepId;
use super::level::Danger;
use super::lifecycle::Lifecycle;
use super::order::order;
use super::row::Row;
use super::time::Time;

/// Where the facts stand among the public values of an output.
const FOUND: &str = "found";

/// What an attempt gave.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Output {
    /// Values that may be shown and stored.
    pub public: Value,
    /// What it found would change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Changes>,
    /// How many tasks it left to run of what it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
    /// When what it is about was last changed, as that itself says: whoever changes it later leaves
    /// another time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Time>,
}

impl Output {
    /// An output of public values alone.
    #[must_use]
    pub fn public(values: Value) -> Self {
        Self {
            public: values,
            ..Self::default()
        }
    }

    /// The same with what was found of its stack: facts that its page shows with their age, until
    /// a later step finds others of the same names.
    #[must_use]
    pub fn found(mut self, facts: &[Row]) -> Self {
        if let Value::Object(fields) = &mut self.public {
            fields.insert(FOUND.to_owned(), json!(facts));
        }
        self
    }

    /// What was found of its stack.
    #[must_use]
    pub fn facts(&self) -> Vec<Row> {
        Vec::deserialize(&self.public[FOUND]).unwrap_or_default()
    }

    /// Whether it shows that what an earlier deployment recorded is not so any more.
    #[must_use]
    pub fn outdates(&self) -> bool {
        self.public["outdates"] == true
    }

    /// What later steps, holds and approvals see of it: the public values, with `changes` and
    /// `counts` beside them.
    #[must_use]
    pub fn value(&self) -> Value {
        let typed = [
            ("changes", json!(self.changes)),
            ("counts", json!(self.counts)),
        ];
        let mut all = self.public.clone();
        for (name, value) in typed.into_iter().filter(|(_, value)| !value.is_null()) {
            match &mut all {
                Value::Object(fields) => drop(fields.insert(name.to_owned(), value)),
                other => *other = json!({ name: value }),
            }
        }
        all
    }
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Plan {
    /// What it is called on a card ("create", "update", "teardown", "recover" …); nothing follows
    /// from it.
    pub name: String,
    /// It repairs the real stack: it is made only where a look found something to repair.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repairs: bool,
    /// However it ends, the stack stays as it is, at rest or broken: nothing of what it stands for
    /// is touched.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stays: bool,
    /// The steps, in an order in which each stands after its needs.
    pub steps: Vec<Step>,
    /// What is known beforehand of what will change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Changes>,
    /// How dangerous it is, as far as known.
    #[serde(default)]
    pub danger: Danger,
    /// Sentences for the card: what is done, what cannot be undone, what could not be known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub says: Vec<String>,
    /// The branch that the join is expected to take, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The branch that its evaluation chooses, where a person chose a less safe one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<String>,
    /// What nobody else may take of real things while this goes on.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub reserves: BTreeSet<Reserved>,
    /// `on_step_failure: finish_independent` instead of stop.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub finish_independent: bool,
    /// What it brings, by name and version, as far as people ask which of it runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub brings: Vec<Row>,
    /// How many parts work at once; absent: all that may. A part that waits for a person or in its
    /// queue does not work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_once: Option<usize>,
}

/// Why a plan cannot run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPlan {
    /// Two steps share an id.
    #[error("step {0} is in the plan twice")]
    Twice(StepId),
    /// A dependency names no step.
    #[error("step {0} comes after {1}, which is not a step of the plan")]
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
    /// A step reaches a mark that no edge has.
    #[error("step {0} reaches {1}, which is not a mark of the {2} lifecycle")]
    NoMark(StepId, Mark, &'static str),
}

impl Plan {
    /// The step of that id.
    #[must_use]
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == *id)
    }

    /// The change rows, where these are all that its steps change; `None` where a step may change
    /// what nothing is known of.
    #[must_use]
    pub fn rows_of(&self, changes: &[Changes]) -> Option<Vec<ChangeRow>> {
        let known = |step: &Step| {
            changes
                .iter()
                .any(|one| step.about.as_ref() == Some(&one.about))
        };
        let all = self
            .steps
            .iter()
            .filter(|step| step.changes() && step.finaliser.is_none())
            .all(known);
        all.then(|| changes.iter().flat_map(|one| one.rows.clone()).collect())
    }

    /// The change rows as known beforehand; `None` when they cannot be known now.
    #[must_use]
    pub fn rows(&self) -> Option<Vec<ChangeRow>> {
        self.rows_of(&self.changes)
    }

    /// Whether what it takes to no tasks comes back by it, at its end or at a bad one.
    #[must_use]
    pub fn comes_back(&self) -> bool {
        let up = |step: &Step| matches!(step.role, Role::ScaleUp | Role::Restore);
        self.steps.iter().any(up)
    }

    /// What holds data and goes, as known beforehand: logical names.
    pub fn loses(&self) -> impl Iterator<Item = &String> {
        self.changes.iter().flat_map(|one| &one.loses)
    }

    /// The digest of the plan in canonical form.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(
            "holdpoint/plan/1",
            &serde_json::to_value(self).unwrap_or(Value::Null),
        )
    }

    /// Checks that the graph can run: unique ids, known and reachable needs, no circle, outputs
    /// only from needs, nothing but finalisers after finalisers.
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
            for need in step
                .after
                .iter()
                .chain(step.only_if.as_ref().map(|(id, _)| id))
            {
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
            for used in references(&step.params)
                .into_iter()
                .chain(hold_needs)
                .chain(only)
            {
                if !all.contains(&used) {
                    return Err(BadPlan::NotNeeded(step.id.clone(), used));
                }
            }
            behind.insert(id, all);
        }
        Ok(())
    }

    /// Checks that every mark is one of this lifecycle.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check_marks(&self, table: &Lifecycle) -> Result<(), BadPlan> {
        let known = |mark: &Mark| table.edges.iter().any(|edge| edge.on == mark.edge());
        let mut marks = self
            .steps
            .iter()
            .filter_map(|step| Some((step, &step.reaches.as_ref()?.1)));
        marks
            .find(|(_, mark)| !known(mark))
            .map_or(Ok(()), |(step, mark)| {
                Err(BadPlan::NoMark(step.id.clone(), mark.clone(), table.name))
            })
    }

    /// Step ids so that each stands after its needs; plan order among equals.
    ///
    /// # Errors
    /// [`BadPlan::Cycle`] with the steps that wait for each other.
    pub fn order(&self) -> Result<Vec<&StepId>, BadPlan> {
        let waits = self
            .steps
            .iter()
            .map(|step| (&step.id, step.after.iter().collect()));
        order(waits).map_err(|circle| BadPlan::Cycle(circle.into_iter().cloned().collect()))
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
    Some((
        StepId::from(fields.get("from")?.as_str()?),
        fields.get("output")?.as_str()?,
    ))
}

/// The parameters with every reference replaced by the public output that it names.
///
/// # Errors
/// A sentence when a step has no output yet or the output has no such value.
pub fn resolve(params: &Value, outputs: &BTreeMap<StepId, Output>) -> Result<Value, String> {
    if let Some((step, pointer)) = reference(params) {
        let output = outputs
            .get(&step)
            .ok_or_else(|| format!("step {step} has no output yet"))?;
        return output
            .value()
            .pointer(pointer)
            .cloned()
            .ok_or_else(|| format!("the output of step {step} has no value at {pointer}"));
    }
    Ok(match params {
        Value::Array(items) => Value::Array(
            items
                .iter()
                .map(|item| resolve(item, outputs))
                .collect::<Result<_, _>>()?,
        ),
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(key, field)| Ok((key.clone(), resolve(field, outputs)?)))
                .collect::<Result<_, String>>()?,
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => params.clone(),
    })
}

#[cfg(test)]
pub(crate) mod given;
#[cfg(test)]
mod tests;
