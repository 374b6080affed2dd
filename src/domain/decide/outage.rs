//! What cards say of an outage and of the way back. Numbers come from what was done here before; without history there are none.

use std::time::Duration;

use crate::domain::deployment::{Deployment, End, StepRun, StepState};
use crate::domain::folds::Folds;
use crate::domain::hold::HoldKind;
use crate::domain::ids::StackId;
use crate::domain::plan::Step;
use crate::domain::time::short;

/// How long the service of a stack will stand still: `2:10 likely, 3:00 bad case (14 past runs)`.
#[must_use]
pub(super) fn likely(folds: &Folds, stack: &StackId) -> String {
    let mut took: Vec<Duration> = folds.deployments.values().filter(|d| d.stack() == Some(stack)).filter_map(|d| at_zero(d)).collect();
    took.sort();
    let nth = |per_cent: usize| took.get((took.len() * per_cent).div_ceil(100).saturating_sub(1)).copied().map(short);
    match (nth(50), nth(90)) {
        (Some(likely), Some(bad)) => {
            let bad = if bad == likely { String::new() } else { format!(", {bad} bad case") };
            format!("{likely} likely{bad} ({} past run{})", took.len(), if took.len() == 1 { "" } else { "s" })
        }
        _ => "the service goes to 0 and comes up again once it has changed; no run here says how long that takes".to_owned(),
    }
}

/// How long a deployment that ended well had its service at zero: a bad end waits for people, and tells nothing of the next one.
fn at_zero(d: &Deployment) -> Option<Duration> {
    if !matches!(d.end, Some(End::Done)) {
        return None;
    }
    let done: Vec<(&Step, &StepRun)> = d.runs().filter(|(step, run)| step.scales && run.state == StepState::Done).collect();
    let down = done.iter().find(|(step, _)| step.id.as_str() == "scale-down")?.1.ended_at?;
    let up = done.iter().filter_map(|(_, run)| run.ended_at).filter(|at| *at > down).max()?;
    Some(up.since(down))
}

/// How what a hold lets go can be taken back.
#[must_use]
pub(super) fn undo(folds: &Folds, d: &Deployment, kind: HoldKind) -> String {
    let way = match kind {
        HoldKind::Teardown => return "none: what is deleted is gone".to_owned(),
        HoldKind::RecoverStack => return "none: a recovery only goes forward".to_owned(),
        // Either choice is followed by the next deployment; a task done by hand is not known here.
        HoldKind::RestoreService | HoldKind::ManualTask => return String::new(),
        HoldKind::Downtime => "after a bad end a hold asks which release comes back",
        HoldKind::ReviewPlan | HoldKind::FirstTouch => "CloudFormation rolls a failed change back",
    };
    let data = match d.loses() {
        lost if lost.is_empty() => String::new(),
        lost => format!("none for the data of {}; ", lost.join(", ")),
    };
    let serves =
        d.request.as_ref().and_then(|request| folds.stack(&request.stack).release.clone().filter(|old| *old != request.spec.release));
    let later = serves.map_or_else(String::new, |old| format!("; after a good one, rollback brings {old} back"));
    format!("{data}{way}{later}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::deployment::End;
    use crate::domain::environment::Class;
    use crate::world::fixture::{self, Scene, id};

    #[test]
    fn numbers_come_from_earlier_outages_alone() {
        let mut scene = Scene::new();
        scene.env("prod", Class::Production);
        let stack = id("prod/a");
        assert!(likely(&scene.world.folds, &stack).contains("no run here says how long"));
        for (n, secs) in [(1, 120), (2, 130), (3, 300)] {
            let d = scene.ago(9_000 - n * 1_000).ask("prod/a", fixture::spec(&n.to_string(), &json!({})), None, &[]);
            scene.start("prod/a", d, fixture::update_plan(true)).done(d, "scale-down", 20, json!({}));
            scene.done(d, "execute-2", secs - 10, json!({})).done(d, "scale-up", 10, json!({})).end("prod/a", d, End::Done);
        }
        assert_eq!(likely(&scene.world.folds, &stack), "2:10 likely, 5:00 bad case (3 past runs)");

        let d = scene.ago(60).ask("prod/a", fixture::spec("4", &json!({})), None, &[]);
        scene.start("prod/a", d, fixture::update_plan(true));
        let d = scene.world.folds.deployments[&d].clone();
        let undo = |kind| undo(&scene.world.folds, &d, kind);
        assert_eq!(undo(HoldKind::Teardown), "none: what is deleted is gone");
        let downtime = undo(HoldKind::Downtime);
        assert!(
            downtime.ends_with("after a bad end a hold asks which release comes back; after a good one, rollback brings 3 back"),
            "{downtime}"
        );
    }
}
