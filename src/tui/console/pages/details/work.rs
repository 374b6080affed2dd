//! How far a deployment is: by its tasks, where its system names some, and by the phases of steps
//! that go through phases, each beside what it usually takes.

use crate::domain::deployment::{Deployment, StepRun, StepState};
use crate::domain::plan::Step;
use crate::domain::time::{Time, short};
use crate::tui::layers::page::Text;
use crate::tui::states;
use crate::tui::theme::Role;
use crate::world::World;
use crate::world::tasks::TaskAt;

/// The tasks, with a heading, and one for the steps behind them.
pub(super) fn tasks(world: &World, d: &Deployment, now: Time) -> Vec<Text> {
    let tasks = world.work(d, now);
    if tasks.is_empty() {
        return Vec::new();
    }
    let task = |task: &TaskAt| {
        let text = format!("{:<9} {}", task.state.word(), task.times());
        Text::new(format!("  {}", task.name), text.trim_end().to_owned())
            .role(states::step_role(task.state))
    };
    std::iter::once(Text::new("tasks", "").role(Role::Dim))
        .chain(tasks.iter().map(task))
        .chain([Text::new("steps", "").role(Role::Dim)])
        .collect()
}

/// The phases of a step.
pub(super) fn phases(
    world: &World,
    d: &Deployment,
    step: &Step,
    run: &StepRun,
    now: Time,
) -> Vec<Text> {
    let usual = |name: &str| {
        let usual = world.usual_phase(d.stack()?, &step.id, name, Some(d.no()))?;
        Some(format!("usual {}", usual.says()))
    };
    let phases = run.phases();
    let line = phases.iter().map(|phase| {
        let took = phase.took(run, now).map(short).unwrap_or_default();
        let of = match (took.is_empty(), usual(phase.name.as_str())) {
            (false, Some(usual)) => format!(" of {usual}"),
            (true, _) | (_, None) => String::new(),
        };
        let role = match (&phase.status, phase.is_bad) {
            (_, true) => states::step_role(StepState::Failed),
            (Some(_), false) => Role::Dim,
            (None, false) => states::step_role(run.state),
        };
        let text = format!("{:<9} {took:>6}{of}", phase.word());
        Text::new(format!("    {}", phase.name), text).role(role)
    });
    line.collect()
}
