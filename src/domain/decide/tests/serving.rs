//! What serves after each kind of end, and what a recovery and a rollback make of it, as stories.

use serde_json::json;

use super::outside::{Outside, held, leaving, plan, restores, step};
use super::sim::{Ends, Sim, attached, stack};
use crate::domain::ask::{Intent, QueueOf, Source, Way};
use crate::domain::cause::Of;
use crate::domain::end::End;
use crate::domain::environment::OnFailure;
use crate::domain::given;
use crate::domain::hold::HoldKind;
use crate::domain::ids::StepId;
use crate::domain::plan::{Leaves, Plan};
use crate::domain::request::Release;

pub(super) fn real(sim: &mut Sim) -> &mut Outside {
    sim.outside.entry(stack()).or_default()
}

fn deploys(sim: &mut Sim, plan: &Plan, release: &str) -> Result<(), String> {
    let intent = Intent::deploy(stack(), Source::Estate);
    sim.ask(&intent, &[attached(&stack(), release, plan)], true, false)
}

/// Lets everything that runs end in this way, until nothing runs; holds are approved.
pub(super) fn runs(sim: &mut Sim, how: &dyn Fn(&StepId) -> Ends) {
    for _ in 0..8 {
        sim.grant();
        sim.decide(true);
        sim.grant();
        sim.end_steps(&json!({}), how);
    }
    sim.grant();
}

fn named(release: Option<&Release>) -> Option<&str> {
    release.map(|release| release.name.as_str())
}

pub(super) fn served(sim: &mut Sim, plan: &Plan, release: &str) {
    deploys(sim, plan, release).unwrap();
    runs(sim, &|_| Ends::Well);
    assert_eq!(
        named(sim.folds.stack(&stack()).release.as_ref()),
        Some(release)
    );
}

/// A plan that touches nothing of what the stack stands for leaves it as it was, however it ends:
/// at rest or broken.
#[test]
fn a_plan_beside_the_stack_neither_breaks_nor_mends_it() {
    let brings = plan(vec![leaving(step("a", &[]), Leaves::New)]);
    let beside = Plan {
        stays: true,
        ..plan(vec![leaving(step("a", &[]), Leaves::Old)])
    };
    for ends in [Ends::Well, Ends::Refused, Ends::Badly] {
        let mut sim = Sim::new(OnFailure::Break);
        served(&mut sim, &brings, "r1");
        let then = |sim: &mut Sim, phase: &str| {
            let before = sim.folds.stack(&stack());
            sim.now = sim.now + std::time::Duration::from_mins(1);
            deploys(sim, &beside, "r2").unwrap();
            runs(sim, &|_| ends);
            assert_eq!(sim.newest().end == Some(End::Done), ends == Ends::Well);
            let fold = sim.folds.stack(&stack());
            assert_eq!(fold.phase, phase, "{ends:?}");
            assert_eq!(named(fold.release.as_ref()), Some("r1"));
            assert_eq!(
                (fold.since, fold.last, &fold.travelled),
                (before.since, before.last, &before.travelled)
            );
            fold.broken.clone()
        };
        assert_eq!(then(&mut sim, "AVAILABLE"), None);
        // It brought no release: neither by its number nor by a name is one to be had from it.
        let no = sim.newest().no();
        let back = Intent::Rollback {
            stack: stack(),
            to: Some(no),
        };
        let named = Intent::deploy(stack(), Source::Release("r2".to_owned()));
        for (intent, code) in [(back, "no-release"), (named, "unknown-release")] {
            assert_eq!(sim.ask(&intent, &[], true, false), Err(code.to_owned()));
        }
        deploys(&mut sim, &brings, "r2").unwrap();
        runs(&mut sim, &|_| Ends::Refused);
        let broken = sim.folds.stack(&stack()).broken.clone();
        assert!(broken.is_some());
        assert_eq!(then(&mut sim, "BROKEN"), broken);
    }
}

/// What is stuck is recovered, whether the stack is broken or at rest; afterwards the stack says
/// what serves.
#[test]
fn every_dead_end_is_recovered_and_says_what_serves() {
    let plan = plan(vec![leaving(step("a", &[]), Leaves::New)]);
    let recover = Intent::unblock(stack(), Way::Recover);
    for policy in [OnFailure::Break, OnFailure::Continue] {
        for (status, phase, serves) in [
            ("ROLLBACK_COMPLETE", "AVAILABLE", Some("r2")),
            ("UPDATE_ROLLBACK_FAILED", "AVAILABLE", Some("r1")),
            ("DELETE_FAILED", "DELETED", None),
        ] {
            let mut sim = Sim::new(policy);
            if status != "ROLLBACK_COMPLETE" {
                served(&mut sim, &plan, "r1");
            }
            let good = sim.folds.stack(&stack()).last_good;
            match status {
                "DELETE_FAILED" => sim
                    .ask(&Intent::teardown(stack()), &[], true, false)
                    .unwrap(),
                _ => deploys(&mut sim, &plan, "r2").unwrap(),
            }
            runs(&mut sim, &|_| Ends::Stuck);
            assert_eq!(real(&mut sim).status(), status);
            assert_eq!(deploys(&mut sim, &plan, "r3"), Err("cannot-plan".into()));
            sim.ask(&recover, &[], true, false).unwrap();
            runs(&mut sim, &|_| Ends::Well);
            let fold = sim.folds.stack(&stack());
            assert_eq!(
                (fold.phase.as_str(), named(fold.release.as_ref())),
                (phase, serves),
                "{policy:?} {status}"
            );
            assert_eq!(fold.release, real(&mut sim).serves);
            let bad = sim
                .folds
                .deployments
                .values()
                .find(|d| matches!(d.end, Some(End::Failed { .. })))
                .map(|d| d.id);
            assert!(
                fold.last_good.is_some() && fold.last_good != bad,
                "{policy:?} {status}: what never served is not good"
            );
            assert!(
                status == "ROLLBACK_COMPLETE" || fold.last_good == good,
                "{policy:?} {status}"
            );
            let again = if serves.is_some() {
                "cannot-plan"
            } else {
                "not-broken"
            };
            assert_eq!(sim.ask(&recover, &[], true, false), Err(again.into()));
        }
    }
}

/// A recovery that would do another thing than was asked for when its turn comes does nothing, and
/// leaves the stack as it was: never does it deploy the release that failed.
#[test]
fn a_recovery_does_what_was_asked_for_or_nothing() {
    let plan = plan(vec![leaving(step("a", &[]), Leaves::New)]);
    for policy in [OnFailure::Break, OnFailure::Continue] {
        for (asked, turn, says) in [
            (
                "DELETE_FAILED",
                Some("UPDATE_ROLLBACK_FAILED"),
                "not in the state",
            ),
            (
                "UPDATE_ROLLBACK_FAILED",
                Some("UPDATE_FAILED"),
                "not in the state",
            ),
            ("UPDATE_ROLLBACK_FAILED", None, "nothing to recover"),
        ] {
            let mut sim = Sim::new(policy);
            served(&mut sim, &plan, "r1");
            deploys(&mut sim, &plan, "r2").unwrap();
            runs(&mut sim, &|_| Ends::Badly);
            real(&mut sim).stuck = Some(asked);
            let before = sim.folds.stack(&stack());
            sim.ask(&Intent::unblock(stack(), Way::Recover), &[], true, false)
                .unwrap();
            real(&mut sim).stuck = turn;
            runs(&mut sim, &|_| Ends::Well);
            let d = sim.newest();
            assert!(
                matches!(&d.end, Some(End::Failed { failure }) if failure.summary.contains(says)),
                "{:?}",
                d.end
            );
            assert!(!d.changed_anything());
            let after = sim.folds.stack(&stack());
            assert_eq!(
                (&after.phase, &after.broken, &after.release),
                (&before.phase, &before.broken, &before.release),
                "{policy:?} {asked}"
            );
        }
    }
}

/// Two people confirm the same card: the second finds nothing to recover, and that breaks nothing.
#[test]
fn a_recovery_that_came_too_late_breaks_nothing() {
    let plan = plan(vec![leaving(step("a", &[]), Leaves::New)]);
    let mut sim = Sim::new(OnFailure::Break);
    served(&mut sim, &plan, "r1");
    real(&mut sim).stuck = Some("UPDATE_ROLLBACK_FAILED");
    sim.ask(
        &Intent::Freeze {
            target: QueueOf::Stack(stack()),
            reason: "x".into(),
            until: None,
        },
        &[],
        true,
        false,
    )
    .unwrap();
    let recover = Intent::unblock(stack(), Way::Recover);
    sim.ask(&recover, &[], true, false).unwrap();
    sim.ask(&recover, &[], true, false).unwrap();
    sim.ask(
        &Intent::Thaw {
            target: QueueOf::Stack(stack()),
        },
        &[],
        true,
        false,
    )
    .unwrap();
    runs(&mut sim, &|_| Ends::Well);
    let fold = sim.folds.stack(&stack());
    assert_eq!(
        (
            fold.phase.as_str(),
            named(fold.release.as_ref()),
            fold.queue.len()
        ),
        ("AVAILABLE", Some("r1"), 0)
    );
    let late = fold
        .last
        .map(|last| sim.folds.deployments[&last].clone())
        .unwrap();
    assert!(
        matches!(&late.end, Some(End::Failed { .. })) && !late.changed_anything(),
        "{:?}",
        late.end
    );
}

/// A release that came into service before something failed is what serves, and not the last good
/// one.
#[test]
fn a_failure_after_the_change_says_what_serves() {
    let plan = plan(vec![
        leaving(step("execute", &[]), Leaves::New),
        step("verify", &["execute"]),
    ]);
    let mut sim = Sim::new(OnFailure::Break);
    served(&mut sim, &plan, "r1");
    let good = sim.folds.stack(&stack()).last_good;
    deploys(&mut sim, &plan, "r2").unwrap();
    runs(&mut sim, &|step| {
        if step.as_str() == "verify" {
            Ends::Badly
        } else {
            Ends::Well
        }
    });
    let fold = sim.folds.stack(&stack());
    assert_eq!(
        (
            named(fold.release.as_ref()),
            fold.phase.as_str(),
            fold.last_good
        ),
        (Some("r2"), "BROKEN", good)
    );
    assert_eq!(fold.rollback_to(&sim.folds), good);
}

/// The release before comes back as a whole only where it is known to be the one that served.
#[test]
fn what_comes_back_is_what_served() {
    let one = plan(vec![
        leaving(step("execute", &[]), Leaves::New),
        step("verify", &["execute"]),
    ]);
    let mut restore = step("restore", &["execute"]);
    (restore.finaliser, restore.leaves) = restores();
    let restoring = plan(one.steps.iter().cloned().chain([restore]).collect());
    let unverified = |step: &StepId| {
        if step.as_str() == "verify" {
            Ends::Badly
        } else {
            Ends::Well
        }
    };
    for (second, serves) in [(false, "r1"), (true, "r3")] {
        let mut sim = Sim::new(OnFailure::Continue);
        served(&mut sim, &one, "r1");
        if second {
            deploys(&mut sim, &one, "r2").unwrap();
            runs(&mut sim, &unverified);
            assert_eq!(
                named(sim.folds.stack(&stack()).release.as_ref()),
                Some("r2")
            );
        }
        deploys(&mut sim, &restoring, "r3").unwrap();
        runs(&mut sim, &unverified);
        let fold = sim.folds.stack(&stack());
        assert_eq!(
            (named(fold.release.as_ref()), &fold.release),
            (Some(serves), &real(&mut sim).serves)
        );
    }
}

/// What was torn down here and made again by somebody else cannot be deleted from here: that is
/// said, and not queued in vain.
#[test]
fn a_deletion_that_stuck_behind_our_back_is_refused() {
    let plan = plan(vec![leaving(step("a", &[]), Leaves::New)]);
    let mut sim = Sim::new(OnFailure::Break);
    served(&mut sim, &plan, "r1");
    sim.ask(&Intent::teardown(stack()), &[], true, false)
        .unwrap();
    runs(&mut sim, &|_| Ends::Well);
    *real(&mut sim) = Outside {
        serves: Some(given::release("by hand")),
        stuck: Some("DELETE_FAILED"),
    };
    assert_eq!(
        sim.ask(&Intent::unblock(stack(), Way::Recover), &[], true, false),
        Err("gone".into())
    );
}

/// The target of a rollback moves only over another release.
#[test]
fn a_rollback_goes_past_every_deployment_of_what_serves() {
    let beside = plan(vec![leaving(step("a", &[]), Leaves::Old)]);
    let plan = plan(vec![leaving(step("a", &[]), Leaves::New)]);
    let mut sim = Sim::new(OnFailure::Continue);
    let to = |sim: &Sim| {
        sim.folds
            .stack(&stack())
            .rollback_to(&sim.folds)
            .map(|id| sim.folds.deployments[&id].no().0)
    };
    for (release, target) in [
        ("r1", None),
        ("r1", None),
        ("r2", Some(2)),
        ("r2", Some(2)),
        ("r1", Some(4)),
        ("r1", Some(4)),
    ] {
        served(&mut sim, &plan, release);
        assert_eq!(to(&sim), target, "{release}");
    }
    sim.ask(&Intent::teardown(stack()), &[], true, false)
        .unwrap();
    runs(&mut sim, &|_| Ends::Well);
    assert_eq!(
        to(&sim),
        Some(6),
        "nothing serves: the last good one comes back"
    );
    served(&mut sim, &plan, "r1");
    assert_eq!(to(&sim), Some(4), "a teardown is no release");
    let files = attached(&stack(), "other files", &beside);
    let intent = Intent::deploy(stack(), Source::Estate);
    sim.ask(&intent, &[files], true, false).unwrap();
    sim.grant();
    assert_eq!(to(&sim), Some(4), "what runs now brings none");
}

/// What a release is called says nothing of what it is.
#[test]
fn a_release_is_what_its_digest_says_whatever_it_is_called() {
    let plan = plan(vec![leaving(step("a", &[]), Leaves::New)]);
    let mut sim = Sim::new(OnFailure::Break);
    let deploy = |sim: &mut Sim, name: &str, content: &str| {
        let mut files = attached(&stack(), content, &plan);
        files.spec.release.name = name.into();
        let intent = Intent::deploy(stack(), Source::Estate);
        sim.ask(&intent, &[files], true, false).unwrap();
        sim.grant();
        sim.end_steps(&json!({}), &|_| Ends::Well);
        sim.grant();
        sim.newest().request.as_ref().unwrap().cause.of.clone()
    };
    let to = |sim: &Sim| {
        sim.folds
            .stack(&stack())
            .rollback_to(&sim.folds)
            .map(|id| sim.folds.deployments[&id].no().0)
    };
    assert_eq!(deploy(&mut sim, "v1", "one"), None);
    assert_eq!(
        deploy(&mut sim, "v2", "one"),
        Some(Of::Serving),
        "the same under another name"
    );
    assert_eq!(to(&sim), None, "there is no other release to go back to");
    assert_eq!(
        deploy(&mut sim, "v2", "two"),
        None,
        "another under the same name"
    );
    assert_eq!(
        (to(&sim), named(sim.folds.stack(&stack()).release.as_ref())),
        (Some(2), Some("v2"))
    );
}

/// A deployment that was cancelled, and whose restore brought back what served before, leaves the
/// stack as if nothing had been asked.
#[test]
fn what_was_cancelled_and_restored_is_not_broken() {
    let mut restore = step("back", &[]);
    (restore.finaliser, restore.leaves) = restores();
    let plan = plan(vec![leaving(step("a", &[]), Leaves::New), restore]);
    let mut sim = Sim::new(OnFailure::Break);
    served(&mut sim, &plan, "r1");
    deploys(&mut sim, &plan, "r2").unwrap();
    sim.grant();
    let deployment = sim.newest().id;
    sim.ask(&Intent::Cancel { deployment }, &[], true, false)
        .unwrap();
    runs(&mut sim, &|id| {
        if id.as_str() == "a" {
            Ends::Badly
        } else {
            Ends::Well
        }
    });
    let d = sim.newest();
    assert!(matches!(d.end, Some(End::Terminated { .. })), "{:?}", d.end);
    assert!(d.changed_anything() && d.is_restored());
    let fold = sim.folds.stack(&stack());
    assert_eq!(
        (
            fold.phase.as_str(),
            &fold.broken,
            named(fold.release.as_ref())
        ),
        ("AVAILABLE", &None, Some("r1"))
    );
}

/// Found by a person who broke it: an update that was cancelled and went through is what the stack
/// had last, also after a teardown.
#[test]
fn the_same_once_more_is_what_the_stack_had_last() {
    let plan = plan(vec![
        leaving(step("execute", &[]), Leaves::New),
        step("verify", &["execute"]),
    ]);
    let same = |sim: &Sim| {
        let starts =
            crate::domain::decide::specs(&sim.folds, &Intent::deploy(stack(), Source::Same), &[]);
        starts.unwrap()[0].spec.release.name.to_string()
    };
    let mut sim = Sim::new(OnFailure::Continue);
    served(&mut sim, &plan, "r1");
    deploys(&mut sim, &plan, "r2").unwrap();
    sim.grant();
    let deployment = sim.newest().id;
    sim.ask(&Intent::Cancel { deployment }, &[], true, false)
        .unwrap();
    runs(&mut sim, &|_| Ends::Well);
    assert!(matches!(sim.newest().end, Some(End::Terminated { .. })));
    assert_eq!(
        named(sim.folds.stack(&stack()).release.as_ref()),
        Some("r2")
    );
    assert_eq!(same(&sim), "r2");
    sim.ask(&Intent::teardown(stack()), &[], true, false)
        .unwrap();
    runs(&mut sim, &|_| Ends::Well);
    assert_eq!(sim.folds.stack(&stack()).release, None);
    assert_eq!(same(&sim), "r2");
    // What failed is tried once more.
    served(&mut sim, &plan, "r1");
    deploys(&mut sim, &plan, "r3").unwrap();
    runs(&mut sim, &|_| Ends::Refused);
    assert_eq!(same(&sim), "r3");
}

/// A deployment that failed before it changed anything leaves the good release in service: nobody
/// goes back behind that.
#[test]
fn after_a_failure_the_way_back_is_the_good_release() {
    let plan = plan(vec![leaving(step("a", &[]), Leaves::New)]);
    let mut sim = Sim::new(OnFailure::Continue);
    served(&mut sim, &plan, "r1");
    served(&mut sim, &plan, "r2");
    let good = sim.folds.stack(&stack()).last_good;
    deploys(&mut sim, &plan, "r3").unwrap();
    runs(&mut sim, &|_| Ends::Refused);
    let fold = sim.folds.stack(&stack());
    assert!(!sim.newest().changed_anything());
    assert_eq!(named(fold.release.as_ref()), Some("r2"));
    assert_eq!(fold.rollback_to(&sim.folds), good);
}

/// [TRAP] What an interrupted change left half-way counts until one ends well: a deployment that was
/// rejected before it changed anything mends nothing.
#[test]
fn a_failure_counts_until_a_release_is_brought() {
    let mut sim = Sim::new(OnFailure::Continue);
    let brings = plan(vec![leaving(step("apply", &[]), Leaves::New)]);
    let held_back = plan(vec![held(
        leaving(step("apply", &[]), Leaves::New),
        HoldKind::ReviewPlan,
    )]);
    let recorded = |sim: &Sim| {
        let fold = sim.folds.stack(&stack());
        fold.recorded(&sim.folds).map(|(_, what)| what.clone())
    };
    let ended = |sim: &mut Sim, plan: &Plan, how: Ends| {
        sim.deploy(plan).unwrap();
        sim.grant();
        sim.end_steps(&json!({ "record": 1 }), &|_| how);
        sim.grant();
    };
    ended(&mut sim, &brings, Ends::Well);
    assert_eq!(recorded(&sim), Some(json!(1)));
    ended(&mut sim, &brings, Ends::Badly);
    assert_eq!(recorded(&sim), None);
    sim.deploy(&held_back).unwrap();
    sim.grant();
    sim.decide(false);
    sim.grant();
    assert_eq!(recorded(&sim), None, "nobody mended what failed");
    ended(&mut sim, &brings, Ends::Well);
    assert_eq!(recorded(&sim), Some(json!(1)));
}
