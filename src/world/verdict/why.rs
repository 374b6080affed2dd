//! Why a stack is in its state: the first part that failed, or the step.

use crate::domain::deployment::{Deployment, StepState};
use crate::domain::ids::StackId;
use crate::domain::time::Time;
use crate::world::World;
use crate::world::rows::{Row, State, lost_step};

use super::rules::{Rule, known};

/// A reason.
pub(super) struct Why {
    pub(super) text: String,
    /// The bare reason, for comparison.
    pub(super) reason: String,
}

/// What is known of a failure, by its reason or by what it says beside that.
pub(super) fn known_of(shown: Option<&Deployment>, reason: &str) -> Option<&'static Rule> {
    let detail = shown.and_then(Deployment::first_failure);
    known(reason).or_else(|| known(&detail?.detail))
}

/// What the step left that was cut by a cancel, where it says so.
fn cut(d: &Deployment) -> Option<Why> {
    let mut runs = d.runs();
    let (step, run) =
        runs.find(|(_, run)| run.state == StepState::Cancelled && run.ever_started())?;
    let reason = run.reason.clone()?;
    Some(Why {
        text: format!("{}: {reason}", step.id),
        reason,
    })
}

impl World {
    /// From when until when the step ran that failed first of a stack's last deployment: somewhere in
    /// between its real thing failed.
    #[must_use]
    pub fn failed_between(&self, stack: &StackId) -> Option<(Time, Time)> {
        let (_, run) = self.latest(stack)?.first_failed()?;
        Some((run.started_at?, run.ended_at?))
    }

    pub(super) fn why(&self, row: &Row, shown: Option<&Deployment>) -> Option<Why> {
        let from_parts = || {
            let (own, all) = self.thing(&row.stack)?.failures();
            let first = own.first().filter(|first| {
                shown.is_none_or(|d| d.started_at.is_none_or(|at| first.at >= at))
            })?;
            let follow = all.saturating_sub(1);
            let of = if follow > 0 {
                format!(" (first of {all}, {follow} follow from it)")
            } else {
                String::new()
            };
            Some(Why {
                text: format!("{}: {} {}{of}", first.name, first.reason, first.at.clock()),
                reason: first.reason.to_string(),
            })
        };
        let failed = || {
            let (step, run) = shown?.first_failed()?;
            let failure = run.failure.as_ref()?;
            // The thing itself says when its part failed; the step ended only after the way back.
            let part = self.thing(&row.stack).and_then(|thing| {
                thing
                    .failures()
                    .0
                    .first()
                    .map(|first| (first.reason.to_string(), first.at))
            });
            let at = part
                .filter(|(reason, _)| !reason.is_empty() && failure.summary.contains(reason))
                .map(|(_, at)| at);
            let at = at
                .or(run.ended_at)
                .map_or_else(String::new, |at| format!(" {}", at.clock()));
            Some(Why {
                text: format!("{}: {}{at}", step.id, failure.told_of(step.id.as_str())),
                reason: failure.summary.clone(),
            })
        };
        let lost = || {
            let (step, run) = lost_step(shown?)?;
            let failure = run.failure.as_ref()?;
            let advice = failure.advice();
            let advice = if advice.is_empty() {
                advice
            } else {
                format!("; {advice}")
            };
            Some(Why {
                text: format!("{}: {}{advice}", step.id, failure.told_of(step.id.as_str())),
                reason: failure.summary.clone(),
            })
        };
        match row.state {
            State::Hold | State::Input => None,
            State::Roll => from_parts().or_else(failed),
            State::Unkn | State::Lost => lost().or_else(failed).or_else(from_parts),
            State::Down | State::Fail | State::Brok | State::Stale | State::Canc => {
                failed().or_else(from_parts)
            }
            State::Run | State::RunOutside | State::Ok | State::Que | State::Froz
                if let Some(trouble) = row.serves.trouble() =>
            {
                return Some(Why {
                    reason: trouble.clone(),
                    text: trouble,
                });
            }
            State::Run => {
                let slow = row.slow.as_ref()?;
                return Some(Why {
                    text: format!("{}; its events and lines tell more", slow.says()),
                    reason: String::new(),
                });
            }
            State::Cut => cut(shown?),
            State::Blank
            | State::RunOutside
            | State::Armed
            | State::Que
            | State::Froz
            | State::Ok
            | State::New
            | State::Gone => return None,
        }
        .or_else(|| {
            row.why.as_ref().map(|why| Why {
                text: why.clone(),
                reason: why.clone(),
            })
        })
    }
}
