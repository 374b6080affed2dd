//! How one step reads: glyph, word, role, times, its hold, and why it was not done.

use crate::domain::deployment::{StepRun, StepState};
use crate::domain::hold::HoldKind;
use crate::domain::plan::{Finaliser, Step};
use crate::domain::time::short;
use crate::text::safe::Safe;
use crate::tui::glyphs::Glyphs;
use crate::tui::theme::Role;

use super::PlanOf;

/// What a state looks like.
pub(super) fn look(state: Option<StepState>, glyphs: Glyphs) -> (&'static str, Role) {
    match state {
        None | Some(StepState::Blocked | StepState::Ready) => (glyphs.pick("◷", "."), Role::Queued),
        Some(StepState::Held) => ("?", Role::Hold),
        Some(StepState::Active) => (glyphs.run(), Role::Run),
        Some(StepState::Lost) => ("!", Role::Lost),
        Some(StepState::Waiting) => (glyphs.pick("↺", "@"), Role::Roll),
        Some(StepState::Done) => (glyphs.ok(), Role::Ok),
        Some(StepState::Failed) => (glyphs.fail(), Role::Fail),
        Some(StepState::Skipped) => ("-", Role::Gone),
        Some(StepState::Cancelled) => (glyphs.pick("⊘", "="), Role::Gone),
    }
}

/// How long: `0:44`, `0:44 of ~2:10`, or `~2:10` before it starts.
pub(super) fn time(of: &PlanOf<'_>, step: &Step) -> String {
    match (of.took(step), of.usually(step)) {
        (Some(took), Some(usual)) if of.run(&step.id).is_some_and(StepRun::is_live) => {
            format!("{} of ~{}", short(took), short(usual))
        }
        (Some(took), _) => short(took),
        (None, Some(usual)) => format!("~{}", short(usual)),
        (None, None) => String::new(),
    }
}

/// Whether a live step takes longer than it usually does.
pub(super) fn slow(of: &PlanOf<'_>, step: &Step) -> bool {
    let live = of.run(&step.id).is_some_and(StepRun::is_live);
    live && of
        .took(step)
        .zip(of.usually(step))
        .is_some_and(|(took, usual)| took > usual)
}

/// The hold that is still before a person, or will be.
pub(super) fn hold(of: &PlanOf<'_>, step: &Step) -> Option<HoldKind> {
    let rule = step.hold.as_ref()?;
    let ahead = of.run(&step.id).is_none_or(|run| {
        matches!(
            run.state,
            StepState::Blocked | StepState::Ready | StepState::Held
        )
    });
    ahead.then_some(rule.kind)
}

/// The rest of what is worth saying: why it failed, was skipped or waits, its hold, its condition.
pub(super) fn says(of: &PlanOf<'_>, step: &Step) -> String {
    let mut parts: Vec<String> = Vec::new();
    if let Some(kind) = hold(of, step) {
        parts.push(format!("? {}", kind.word()));
    }
    let seen = of.stands.and_then(|stands| stands(step));
    parts.extend(
        seen.and_then(|seen| seen.says)
            .map(|says| Safe::new(&says).into_string()),
    );
    let run = of.run(&step.id);
    if let Some(run) = run {
        let failure = run.failure.as_ref().filter(|_| {
            matches!(
                run.state,
                StepState::Failed | StepState::Lost | StepState::Waiting
            )
        });
        parts.extend(failure.map(|failure| Safe::new(&failure.summary).into_string()));
        parts.extend(
            run.reason
                .as_ref()
                .map(|reason| Safe::new(reason).into_string()),
        );
        parts.extend(run.told().map(|told| Safe::new(&told).into_string()));
        if let (StepState::Waiting, Some(due)) = (run.state, run.retry_at) {
            parts.push(format!("again in {}", short(due.since(of.now))));
        }
        if run.tries() > 1 {
            let tries = step.retry.attempts.max(run.tries());
            parts.push(format!("try {} of {tries}", run.tries()));
        }
        let phase = run.phase().filter(|_| run.is_live());
        parts.extend(phase.map(|phase| {
            let took = phase.took(run, of.now).map(short).unwrap_or_default();
            format!("{} {took}", phase.name).trim_end().to_owned()
        }));
        if run.cancelling && run.is_live() {
            parts.push("cancelling".to_owned());
        }
    }
    if run.is_none_or(|run| !run.state.is_over()) {
        parts.extend(
            step.only_if
                .as_ref()
                .map(|(_, branch)| format!("if {}", Safe::new(branch))),
        );
        parts.extend(step.finaliser.map(|finaliser| {
            match finaliser {
                Finaliser::Always => "at every end",
                Finaliser::BadEnd => "only if it ends badly",
            }
            .to_owned()
        }));
    }
    parts.join("; ")
}
