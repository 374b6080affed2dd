//! The rules of deployments, stacks and holds one by one, as stories.

use serde_json::json;

use super::outside::{leaving, plan, step};
use super::serving::{real, served};
use super::sim::{Ends, Sim, stack};
use crate::domain::ask::Intent;
use crate::domain::decide::*;
use crate::domain::deployment::{DeploymentEvent, Phase, StepState};
use crate::domain::end::End;
use crate::domain::environment::OnFailure;
use crate::domain::event::StreamId;
use crate::domain::failure::Failure;
use crate::domain::folds::Folds;
use crate::domain::grant::{self, Machine};
use crate::domain::look::Sights;
use crate::domain::plan::{Leaves, Output, Step};

/// Check 1: ending a queued deployment leaves the running one alone; nothing starts twice.
#[test]
fn a_queued_deployment_can_be_ended_while_another_runs() {
    let plan = plan(vec![step("a", &[])]);
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploy(&plan).unwrap();
    sim.grant();
    let runner = sim.newest();
    sim.deploy(&plan).unwrap();
    let queued = sim.newest();
    assert_eq!(
        (sim.folds.stack(&stack()).queue.len(), queued.phase),
        (1, Phase::Queued)
    );
    let intent = Intent::Cancel {
        deployment: queued.id,
    };
    assert_eq!(sim.ask(&intent, &[], false, false), Err("guard".into()));
    sim.ask(&intent, &[], true, false).unwrap();
    sim.grant();
    assert_eq!(sim.folds.stack(&stack()).queue.len(), 0);
    assert_eq!(sim.folds.stack(&stack()).current, Some(runner.id));
    assert_eq!(
        sim.folds.deployments[&runner.id].steps[&"a".into()].attempt,
        1
    );
    sim.end_steps(&json!({}), &|_| Ends::Well);
    sim.grant();
    assert_eq!(sim.folds.stack(&stack()).phase, "AVAILABLE");
}

/// Check 2: a wait that fails releases the stack, by policy.
#[test]
fn a_wait_failure_releases_the_stack() {
    let plan = plan(vec![leaving(step("a", &[]), Leaves::New)]);
    for (policy, phase) in [
        (OnFailure::Break, "BROKEN"),
        (OnFailure::Continue, "MIGRATING"),
    ] {
        let mut sim = Sim::new(policy);
        served(&mut sim, &plan, "r0");
        sim.deploy(&plan).unwrap();
        real(&mut sim).stuck = Some("UPDATE_ROLLBACK_FAILED");
        sim.grant();
        if policy == OnFailure::Continue {
            real(&mut sim).stuck = None;
            sim.deploy(&plan).unwrap();
            sim.grant();
        }
        let fold = sim.folds.stack(&stack());
        assert_eq!(fold.phase, phase);
        assert_eq!(
            fold.broken.as_deref(),
            (policy == OnFailure::Break).then_some("stuck")
        );
    }
}

/// Check 3: what can never start is a failure, never a success.
#[test]
fn a_blocked_leftover_is_a_deadlock() {
    let plan = plan(vec![step("a", &["b"]), step("b", &["a"])]);
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploy(&plan).unwrap();
    sim.grant();
    assert!(
        matches!(&sim.newest().end, Some(End::Failed { failure }) if failure.summary.starts_with("deadlock: a, b"))
    );
}

/// Check 4: a step that fails says why, and that is what the deployment and the stack say.
#[test]
fn the_first_failing_resource_is_the_reason() {
    let plan = plan(vec![step("a", &[])]);
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploy(&plan).unwrap();
    sim.grant();
    sim.end_steps(&json!({}), &|_| Ends::Badly);
    sim.grant();
    assert_eq!(sim.newest().first_failure().unwrap().summary, "a broke");
    assert_eq!(sim.folds.stack(&stack()).broken.as_deref(), Some("a broke"));
}

#[test]
fn what_was_looked_at_or_planned_too_late_changes_nothing() {
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploy(&plan(vec![step("a", &[])])).unwrap();
    sim.grant();
    let d = sim.newest();
    assert_eq!(d.phase, Phase::Running);
    let why = || Failure::new("it comes late");
    for late in [
        grant::looked(&sim.folds, &stack(), Err(why())),
        grant::settled(&sim.folds, d.id, Ok(Sights::default())),
        grant::settled(&sim.folds, d.id, Err(why())),
        grant::made(&sim.folds, d.id, Ok((plan(vec![]), vec![]))),
        grant::made(&sim.folds, d.id, Err(why())),
    ] {
        assert!(late.is_empty(), "{late:?}");
    }
}

/// A stream that cannot be read any further freezes its machine alone: the other is granted what it
/// wants.
#[test]
fn a_machine_whose_stream_is_broken_is_granted_nothing() {
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploy(&plan(vec![step("a", &[])])).unwrap();
    sim.grant();
    let (machine_of_stack, machine_of_deployment) = (
        Machine::Stack(stack()),
        Machine::Deployment(sim.newest().id),
    );
    assert_eq!(
        grant::machines(&sim.folds),
        [machine_of_stack.clone(), machine_of_deployment.clone()]
    );
    for (stream, left) in [
        (StreamId::Stack(stack()), machine_of_deployment),
        (StreamId::Deployment(sim.newest().id), machine_of_stack),
    ] {
        let broken = Folds {
            broken: [(stream, "an event of a newer version".to_owned())].into(),
            ..sim.folds.clone()
        };
        assert_eq!(grant::machines(&broken), [left]);
    }
}

/// The law about attempts that begin outside holds here: none does.
#[test]
fn a_step_that_looks_at_data_alone_ends_where_it_starts() {
    let mut sim = Sim::new(OnFailure::Break);
    let evaluated = Step {
        kind: crate::domain::plan::StepKind::Weigh("x".to_owned()),
        ..step("a", &[])
    };
    sim.deploy(&plan(vec![evaluated])).unwrap();
    sim.grant();
    assert_eq!(sim.newest().end, Some(End::Done));
}

/// Check 18: late results are recorded and start nothing. Check 19: the same event twice changes
/// nothing.
#[test]
fn late_results_and_repeated_events_start_nothing() {
    let plan = plan(vec![step("a", &[]), step("b", &["a"])]);
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploy(&plan).unwrap();
    sim.grant();
    let before = sim.newest();
    let late = DeploymentEvent::StepDone {
        step: "a".into(),
        output: Output::default(),
    };
    let mut append = Append::default();
    on_deployment(
        &mut append,
        &sim.folds,
        before.id,
        DeploymentEvent::Terminated {
            reason: "x".into(),
            by: Person::Engine,
        },
    );
    on_deployment(&mut append, &sim.folds, before.id, late);
    sim.take(append);
    sim.grant();
    let after = sim.newest();
    assert_eq!(after.steps[&"a".into()].state, StepState::Done);
    assert_eq!(after.steps[&"b".into()].attempt, 0);
    let folds = sim.folds.clone();
    for stored in sim.log.clone() {
        sim.folds.apply(&stored);
    }
    assert_eq!(sim.folds, folds);
}
