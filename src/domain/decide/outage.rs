//! What cards say of an outage and of the way back. Numbers come from what was done here before;
//! without history there are none.

use std::time::Duration;

use crate::domain::deployment::Deployment;
use crate::domain::folds::Folds;
use crate::domain::hold::{HoldKind, Outage};
use crate::domain::ids::StackId;
use crate::domain::plan::{Plan, Step};

/// How long the services of a stack stood still before, where that ever happened here.
#[must_use]
pub(super) fn likely(folds: &Folds, stack: &StackId) -> Option<Outage> {
    let of_stack = folds
        .deployments
        .values()
        .filter(|d| d.stack() == Some(stack));
    let mut took: Vec<Duration> = of_stack.filter_map(|d| d.was_at_zero_for()).collect();
    took.sort();
    let nth = |per_cent: usize| {
        took.get((took.len() * per_cent).div_ceil(100).saturating_sub(1))
            .copied()
    };
    Some(Outage {
        likely: nth(50)?,
        bad: nth(90)?,
        runs: took.len(),
    })
}

/// The same as a sentence, also where nothing is known.
#[must_use]
pub(super) fn says(outage: Option<&Outage>) -> String {
    let unknown = || {
        "the service goes to 0 and comes up again once it has changed; no run here shows how long that takes".to_owned()
    };
    outage.map_or_else(unknown, Outage::says)
}

/// The same of a plan by which nothing comes back.
pub(super) const FOR_GOOD: &str = "no task runs after it, until the next deployment";

/// What is said of the outage of a plan.
#[must_use]
pub(super) fn of_plan(folds: &Folds, stack: &StackId, plan: &Plan) -> String {
    if plan.comes_back() {
        says(likely(folds, stack).as_ref())
    } else {
        FOR_GOOD.to_owned()
    }
}

/// How what a hold lets go can be taken back.
#[must_use]
pub(super) fn undo(folds: &Folds, d: &Deployment, step: &Step, kind: HoldKind) -> String {
    match kind {
        HoldKind::Teardown | HoldKind::DestroyData => {
            return "none: what is deleted is gone".to_owned();
        }
        HoldKind::RecoverStack => return "none: a recovery only goes forward".to_owned(),
        // What was done outside nobody here takes back.
        HoldKind::Manual => return "by hand alone: it is done outside of Holdpoint".to_owned(),
        // Either choice is followed by the next deployment.
        HoldKind::RestoreService => return String::new(),
        HoldKind::Downtime | HoldKind::ReviewPlan | HoldKind::FirstTouch => {}
    }
    let lost = d.loses();
    let data = if lost.is_empty() {
        String::new()
    } else {
        format!("none for the data of {}", lost.join(", "))
    };
    // Who brings no release leaves nothing that a rollback could take back.
    let serves = d.request.as_ref().filter(|_| d.release().is_some());
    let serves = serves.and_then(|request| {
        folds
            .stack(&request.stack)
            .release
            .clone()
            .filter(|old| !old.is(&request.spec.release))
    });
    let later = serves.map_or_else(String::new, |old| {
        format!("after a good one, rollback brings {old} back")
    });
    let parts: Vec<String> = [data, step.undo.clone(), later]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::class::EnvClass;
    use crate::world::fixture::{self, Scene, id};

    #[test]
    fn numbers_come_from_earlier_outages_alone() {
        let mut scene = Scene::new();
        scene.env("prod", EnvClass::Production);
        let stack = id("prod/a");
        assert!(
            says(likely(&scene.world.folds, &stack).as_ref())
                .contains("no run here shows how long")
        );
        for (n, secs) in [(1, 120), (2, 130), (3, 300)] {
            scene.ago(9_000 - n * 1_000).outage(
                "prod/a",
                fixture::spec("prod/a", &n.to_string()),
                secs,
            );
        }
        assert_eq!(
            says(likely(&scene.world.folds, &stack).as_ref()),
            "2:10 likely, 5:00 bad case (3 past runs)"
        );

        let d = scene
            .ago(60)
            .ask_to_replace("prod/a", fixture::spec("prod/a", "4"));
        scene.start("prod/a", d);
        let d = scene.world.folds.deployments[&d].clone();
        let step = d.plan.as_ref().unwrap().step(&"scale-down".into()).unwrap();
        let undo = |kind| undo(&scene.world.folds, &d, step, kind);
        assert_eq!(undo(HoldKind::Teardown), "none: what is deleted is gone");
        let downtime = undo(HoldKind::Downtime);
        assert!(
            downtime.ends_with("after a bad end a hold asks which release comes back; after a good one, rollback brings 3 back"),
            "{downtime}"
        );
    }
}
