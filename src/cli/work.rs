//! How far a deployment is: its tasks, where its system names some, and the phases of its steps, each
//! beside what it usually takes; for people and for scripts.

use serde::Serialize;

use super::json::at;
use super::out::headed;
use crate::domain::deployment::{Deployment, StepRun};
use crate::domain::plan::Step;
use crate::domain::time::{Time, short};
use crate::text::safe::Safe;
use crate::world::World;
use crate::world::tasks::TaskAt;

/// Both as lines.
pub(super) fn told(world: &World, d: &Deployment, now: Time) -> Vec<String> {
    let dash = |text: String| {
        if text.is_empty() {
            "-".to_owned()
        } else {
            text
        }
    };
    let tasks = world.work(d, now).into_iter().map(|task| {
        let (took, usual) = (task.took.map(short), task.usual.map(short));
        let usual = usual.map(|usual| format!("~{usual}"));
        vec![
            task.name,
            task.state.word().to_owned(),
            dash(took.unwrap_or_default()),
            dash(usual.unwrap_or_default()),
        ]
    });
    let phases = d.runs().flat_map(|(step, run)| {
        run.phases().into_iter().map(move |phase| {
            let took = phase.took(run, now).map(short);
            let usual = d.stack().and_then(|stack| {
                world.usual_phase(stack, &step.id, phase.name.as_str(), Some(d.no()))
            });
            vec![
                step.id.to_string(),
                phase.name.to_string(),
                phase.word().to_owned(),
                dash(took.unwrap_or_default()),
                dash(usual.map(|usual| usual.says()).unwrap_or_default()),
            ]
        })
    });
    let mut lines = headed(&["TASK", "STATE", "TOOK", "USUALLY"], tasks.collect());
    lines.extend(headed(
        &["STEP", "PHASE", "STATUS", "TOOK", "USUALLY"],
        phases.collect(),
    ));
    lines
}

/// A task as scripts read it.
#[derive(Debug, Serialize)]
pub(super) struct TaskDoc {
    task: String,
    state: &'static str,
    seconds: Option<u64>,
    usual_seconds: Option<u64>,
}

impl From<TaskAt> for TaskDoc {
    fn from(task: TaskAt) -> Self {
        Self {
            state: task.state.word(),
            seconds: task.took.map(|took| took.as_secs()),
            usual_seconds: task.usual.map(|usual| usual.as_secs()),
            task: task.name,
        }
    }
}

/// A phase of a step as scripts read it.
#[derive(Debug, Serialize)]
pub(super) struct PhaseDoc {
    step: String,
    phase: Safe,
    /// How it ended; null while it goes on.
    status: Option<Safe>,
    began_at: Option<String>,
    seconds: Option<u64>,
    usual: Option<UsualDoc>,
}

/// What something usually takes, and on what basis.
#[derive(Debug, Serialize)]
struct UsualDoc {
    p50_seconds: u64,
    p90_seconds: u64,
    of: usize,
}

/// The phases of all steps.
pub(super) fn phases(world: &World, d: &Deployment, now: Time) -> Vec<PhaseDoc> {
    let doc = |(step, run): (&Step, &StepRun)| {
        let of = run.phases().into_iter().map(|phase| {
            let usual = d.stack().and_then(|stack| {
                world.usual_phase(stack, &step.id, phase.name.as_str(), Some(d.no()))
            });
            PhaseDoc {
                step: step.id.to_string(),
                began_at: phase.begun_at.map(at),
                seconds: phase.took(run, now).map(|took| took.as_secs()),
                usual: usual.map(|usual| UsualDoc {
                    p50_seconds: usual.p50.as_secs(),
                    p90_seconds: usual.p90.as_secs(),
                    of: usual.n,
                }),
                phase: phase.name,
                status: phase.status,
            }
        });
        of.collect::<Vec<_>>()
    };
    d.runs().flat_map(doc).collect()
}
