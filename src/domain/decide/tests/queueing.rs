//! Who waits, who goes first, and who is refused: by the policy and the mode of an environment.

use serde_json::json;

use super::outside::{held, leaving, plan, step};
use super::serving::{real, runs, served};
use super::sim::{Ends, Sim, record, stack};
use crate::domain::ask::{Intent, QueueOf, Way};
use crate::domain::class::EnvClass;
use crate::domain::decide::*;
use crate::domain::deployment::Phase;
use crate::domain::end::End;
use crate::domain::environment::{Mode, OnFailure, QueuePolicy};
use crate::domain::hold::HoldKind;
use crate::domain::plan::Leaves;

/// A withdrawn recovery leaves a broken stack broken.
#[test]
fn a_withdrawn_way_out_leaves_it_broken() {
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploy(&plan(vec![step("a", &[])])).unwrap();
    sim.grant();
    sim.end_steps(&json!({}), &|_| Ends::Badly);
    sim.grant();
    sim.deploy(&plan(vec![held(step("a", &[]), HoldKind::Downtime)]))
        .unwrap();
    sim.grant();
    let hold = sim.newest().open_holds().next().unwrap().id.clone();
    let (append, _) = reject(&sim.folds, &hold, "not now", &sim.cx(&[])).unwrap();
    sim.take(append);
    sim.grant();
    assert_eq!(sim.folds.stack(&stack()).phase, "BROKEN");
    assert_eq!(sim.folds.stack(&stack()).broken.as_deref(), Some("a broke"));
}

/// Who asks while something runs or waits is queued, takes the place of what waits, or is refused.
#[test]
fn each_queue_policy_does_as_it_says() {
    let plan = plan(vec![step("a", &[])]);
    for (policy, second, waiting) in [
        (QueuePolicy::Queue, Ok(()), 2),
        (QueuePolicy::Latest, Ok(()), 1),
        (QueuePolicy::Refuse, Err("busy".to_owned()), 0),
    ] {
        let mut sim = Sim::with(record(EnvClass::Production, OnFailure::Break, policy));
        sim.deploy(&plan).unwrap();
        sim.grant();
        assert_eq!(sim.deploy(&plan), second);
        assert_eq!(sim.deploy(&plan), second);
        assert_eq!(sim.folds.stack(&stack()).queue.len(), waiting, "{policy:?}");
        let superseded = |end: &Option<End>| matches!(end, Some(End::Terminated { reason, .. }) if reason == "superseded by #3");
        assert_eq!(
            sim.folds.deployments.values().any(|d| superseded(&d.end)),
            policy == QueuePolicy::Latest
        );
    }
}

/// Where releases may not pile up, ways out and an end can be asked for all the same.
#[test]
fn a_way_out_is_never_refused_as_busy() {
    let plan = plan(vec![leaving(step("a", &[]), Leaves::New)]);
    let mut sim = Sim::with(record(
        EnvClass::Production,
        OnFailure::Break,
        QueuePolicy::Refuse,
    ));
    served(&mut sim, &plan, "r0");
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
    sim.deploy(&plan).unwrap();
    real(&mut sim).stuck = Some("UPDATE_ROLLBACK_FAILED");
    sim.ask(&Intent::unblock(stack(), Way::Recover), &[], true, false)
        .unwrap();
    assert_eq!(
        sim.folds.stack(&stack()).queue[0].deployment,
        sim.newest().id
    );
    sim.ask(&Intent::teardown(stack()), &[], true, false)
        .unwrap();
    real(&mut sim).stuck = None;
    assert_eq!(sim.deploy(&plan), Err("busy".into()));
}

/// What waits in an environment that is only watched from now on does not start, and nothing lets
/// it go on.
#[test]
fn nothing_starts_where_one_only_looks() {
    let plan = plan(vec![step("a", &[])]);
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploy(&plan).unwrap();
    sim.grant();
    sim.deploy(&plan).unwrap();
    let deploys = sim.record();
    sim.configure(EnvironmentRecord {
        mode: Mode::Watch,
        ..deploys.clone()
    });
    sim.end_steps(&json!({}), &|_| Ends::Badly);
    sim.grant();
    assert_eq!(sim.folds.stack(&stack()).phase, "BROKEN");
    assert_eq!(
        sim.ask(&Intent::unblock(stack(), Way::Free), &[], true, false),
        Err("watch-only".into())
    );
    assert_eq!(sim.deploy(&plan), Err("watch-only".into()));
    sim.configure(deploys);
    sim.ask(&Intent::unblock(stack(), Way::Free), &[], true, false)
        .unwrap();
    sim.grant();
    assert_eq!(sim.newest().phase, Phase::Running);
}

/// What takes a broken stack down does not wait behind what cannot start there.
#[test]
fn a_teardown_of_a_broken_stack_goes_first() {
    let plan = plan(vec![step("a", &[])]);
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploy(&plan).unwrap();
    sim.grant();
    sim.deploy(&plan).unwrap();
    sim.end_steps(&json!({}), &|_| Ends::Badly);
    sim.grant();
    sim.ask(&Intent::teardown(stack()), &[], true, false)
        .unwrap();
    runs(&mut sim, &|_| Ends::Well);
    assert_eq!(sim.folds.stack(&stack()).phase, "DELETED");
    assert!(
        sim.folds.deployments.values().any(
            |d| matches!(&d.end, Some(End::Terminated { reason, .. }) if reason == "torn down")
        )
    );
}

/// Who lets others queue again loosens a policy.
#[test]
fn queueing_where_it_was_refused_is_guarded() {
    let of = |queue| record(EnvClass::Production, OnFailure::Break, queue);
    assert!(of(QueuePolicy::Refuse).loosened_by(&of(QueuePolicy::Queue)));
    assert!(of(QueuePolicy::Refuse).loosened_by(&of(QueuePolicy::Latest)));
    assert!(!of(QueuePolicy::Queue).loosened_by(&of(QueuePolicy::Refuse)));
    assert!(!of(QueuePolicy::Queue).loosened_by(&of(QueuePolicy::Queue)));
}
