//! The tasks of a deployment: how far it is by the names that people have for its work, from its steps
//! and their phases.

use std::time::Duration;

use super::World;
use super::usual::Usual;
use crate::domain::deployment::{Deployment, StepRun, StepState};
use crate::domain::ids::StepId;
use crate::domain::plan::Task;
use crate::domain::time::{Time, short};

/// How far a task is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskAt {
    /// What people call it.
    pub name: String,
    /// Where it stands.
    pub state: StepState,
    /// How long it takes or took; none before it begins.
    pub took: Option<Duration>,
    /// What it usually takes, where each part of it was done before.
    pub usual: Option<Duration>,
}

impl TaskAt {
    /// `12s of usual ~10s`, or as much of it as is known.
    #[must_use]
    pub fn times(&self) -> String {
        let usual = self.usual.map(|usual| format!("usual ~{}", short(usual)));
        match (self.took.map(short), usual) {
            (Some(took), Some(usual)) => format!("{took} of {usual}"),
            (Some(took), None) => took,
            (None, Some(usual)) => usual,
            (None, None) => String::new(),
        }
    }
}

/// A part of a task.
struct Part {
    state: StepState,
    took: Option<Duration>,
    usual: Option<Usual>,
}

impl World {
    /// The tasks of a deployment in the order of its plan; empty where its system names none.
    #[must_use]
    pub fn work(&self, d: &Deployment, now: Time) -> Vec<TaskAt> {
        let mut all: Vec<(String, Vec<Part>)> = Vec::new();
        for (step, run) in d.runs() {
            for task in &step.tasks {
                let parts = self.parts(d, &step.id, run, task, now);
                match all.iter_mut().find(|(name, _)| *name == task.name) {
                    Some((_, known)) => known.extend(parts),
                    None => all.push((task.name.clone(), parts)),
                }
            }
        }
        let task = |(name, parts): (String, Vec<Part>)| TaskAt {
            name,
            state: together(&parts),
            took: parts
                .iter()
                .filter_map(|part| part.took)
                .reduce(|a, b| a + b),
            usual: parts.iter().map(|part| Some(part.usual?.p50)).sum(),
        };
        all.into_iter().map(task).collect()
    }

    fn parts(
        &self,
        d: &Deployment,
        step: &StepId,
        run: &StepRun,
        task: &Task,
        now: Time,
    ) -> Vec<Part> {
        let stack = d.stack();
        if task.phases.is_empty() {
            let took = run.started_at;
            return vec![Part {
                state: run.state,
                took: took.map(|at| run.ended_at.unwrap_or(now).since(at)),
                usual: stack.and_then(|stack| self.usual_but(stack, step, Some(d.no()))),
            }];
        }
        let phases = run.phases();
        let part = |name: &String| {
            let phase = phases.iter().find(|phase| phase.name.as_str() == name);
            let state = match phase {
                // CodeBuild calls the phase bad in which a build was stopped.
                Some(phase) if phase.is_bad && run.state == StepState::Cancelled => run.state,
                Some(phase) if phase.is_bad => StepState::Failed,
                Some(phase) if phase.status.is_some() => StepState::Done,
                Some(_) => run.state,
                None => unreached(run.state),
            };
            Part {
                state,
                took: phase.and_then(|phase| phase.took(run, now)),
                usual: stack.and_then(|stack| self.usual_phase(stack, step, name, Some(d.no()))),
            }
        };
        task.phases.iter().map(part).collect()
    }
}

/// A phase that its step did not come to.
fn unreached(step: StepState) -> StepState {
    match step {
        StepState::Failed | StepState::Cancelled => StepState::Cancelled,
        StepState::Done | StepState::Skipped => StepState::Skipped,
        StepState::Blocked
        | StepState::Ready
        | StepState::Held
        | StepState::Active
        | StepState::Lost
        | StepState::Waiting => StepState::Blocked,
    }
}

/// Where a task stands by its parts: at the worst of them, and on its way while only some are done.
fn together(parts: &[Part]) -> StepState {
    let any = |state: StepState| parts.iter().any(|part| part.state == state);
    let worst = [
        StepState::Failed,
        StepState::Lost,
        StepState::Held,
        StepState::Waiting,
        StepState::Active,
        StepState::Cancelled,
    ];
    if let Some(state) = worst.into_iter().find(|state| any(*state)) {
        return state;
    }
    let waits = any(StepState::Blocked) || any(StepState::Ready);
    match (any(StepState::Done), waits) {
        (true, true) => StepState::Active,
        (true, false) => StepState::Done,
        (false, true) => StepState::Blocked,
        (false, false) => StepState::Skipped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_stands_where_its_parts_do() {
        use StepState::{Active, Blocked, Cancelled, Done, Failed, Ready, Skipped};
        for (parts, state) in [
            (vec![Blocked], Blocked),
            (vec![Done, Ready], Active),
            (vec![Done, Active], Active),
            (vec![Done, Done], Done),
            (vec![Done, Skipped], Done),
            (vec![Skipped], Skipped),
            (vec![Done, Failed, Active], Failed),
            (vec![Done, Cancelled], Cancelled),
        ] {
            let of = |state: &StepState| Part {
                state: *state,
                took: None,
                usual: None,
            };
            let parts: Vec<Part> = parts.iter().map(of).collect();
            assert_eq!(together(&parts), state);
        }
        assert_eq!(unreached(Failed), Cancelled);
        assert_eq!(unreached(Active), Blocked);
    }
}
