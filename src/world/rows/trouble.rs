//! What went wrong in a deployment, in one line.

use super::lost_step;
use crate::domain::deployment::{Deployment, StepState, Stopping};
use crate::domain::end::End;
use crate::domain::purpose::Purpose;

/// How many parts a sentence names.
const NAMED: usize = 4;

/// What went wrong in a deployment; of a whole, how far it came first.
pub(in crate::world) fn trouble(d: &Deployment) -> Option<String> {
    let live = lost_step(d).and_then(|(_, run)| run.failure.as_ref());
    let failure = live.or_else(|| d.first_failure());
    if let Some(failure) = failure {
        let parts = parts(d).map_or_else(String::new, |parts| format!("{parts}; "));
        return Some(parts + &failure.summary);
    }
    match (&d.end, &d.stopping) {
        (Some(End::Terminated { reason, .. }), _)
        | (None, Some(Stopping::Cancelling { reason, .. })) => Some(reason.clone()),
        (Some(End::Partial { arrived, missing }), _) => Some(End::shortfall(arrived, missing)),
        (Some(End::Done | End::Failed { .. }) | None, _) => None,
    }
}

/// Of a whole that is over: how many of its parts there are, and which are not.
fn parts(d: &Deployment) -> Option<String> {
    d.end.as_ref()?;
    let parts: Vec<_> = d
        .runs()
        .filter(|(step, _)| step.kind.part().is_some())
        .collect();
    let missing = parts.iter().filter(|(_, run)| run.state != StepState::Done);
    let mut missing: Vec<&str> = missing.map(|(step, _)| step.id.as_str()).collect();
    if missing.is_empty() {
        return None;
    }
    let (all, there) = (parts.len(), parts.len() - missing.len());
    let more = missing.len().saturating_sub(NAMED);
    missing.truncate(NAMED);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    let is = match d.request.as_ref().map(|request| request.purpose) {
        Some(Purpose::Teardown) => "gone",
        Some(Purpose::Deploy | Purpose::Recover) | None => "there",
    };
    Some(format!(
        "{there} of {all} parts {is}, not {}{more}",
        missing.join(", ")
    ))
}
