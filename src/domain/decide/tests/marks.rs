//! Stacks of other systems than the first: one that moves in the middle of a deployment, one of
//! another program, one that changes hands.

use serde_json::json;

use super::outside::{held, leaving, plan, step};
use super::serving::runs;
use super::sim::{Ends, Sim, attached_as, stack};
use crate::domain::ask::{Intent, Source, Way};
use crate::domain::decide::{PureStep, start};
use crate::domain::environment::OnFailure;
use crate::domain::event::{Event, Stored, StreamId};
use crate::domain::failure::Failure;
use crate::domain::hold::HoldKind;
use crate::domain::lifecycles::{SERVICE, made_up::PRESS};
use crate::domain::plan::{Leaves, Output, Plan, When};
use crate::domain::stack::StackEvent;

fn deploys(sim: &mut Sim, system: &str, plan: &Plan) -> Result<(), String> {
    let intent = Intent::deploy(stack(), Source::Estate);
    sim.ask(
        &intent,
        &[attached_as(system, &stack(), "r1", plan)],
        true,
        false,
    )
}

fn phase(sim: &Sim) -> String {
    sim.folds.stack(&stack()).phase.clone()
}

/// The phases that the stack went through.
fn way(sim: &Sim) -> Vec<String> {
    sim.folds
        .stack(&stack())
        .travelled
        .iter()
        .map(|edge| edge.to.clone())
        .collect()
}

fn edition(when: When) -> Plan {
    plan(vec![
        step("set", &[]),
        leaving(step("print", &["set"]), Leaves::New).reaching(when, "rolling"),
        step("fold", &["print"]),
    ])
}

#[test]
fn a_step_moves_its_stack_in_the_middle_of_a_deployment() {
    for (when, printing) in [(When::Started, "PRINTING"), (When::Done, "ORDERED")] {
        let mut sim = Sim::new(OnFailure::Break);
        deploys(&mut sim, "press", &edition(when)).unwrap();
        sim.grant();
        assert_eq!(phase(&sim), "ORDERED");
        sim.end_steps(&json!({}), &|_| Ends::Well);
        sim.grant();
        assert_eq!(phase(&sim), printing, "{when:?}");
        sim.end_steps(&json!({}), &|_| Ends::Well);
        sim.grant();
        assert_eq!(phase(&sim), "PRINTING");
        runs(&mut sim, &|_| Ends::Well);
        assert_eq!(way(&sim), ["ORDERED", "PRINTING", "OUT"]);
        sim.ask(&Intent::teardown(stack()), &[], true, false)
            .unwrap();
        runs(&mut sim, &|_| Ends::Well);
        assert_eq!(way(&sim)[3..], ["RECALLED", "PULPING", "PULP"]);
    }
}

/// The mark is written with the start that reaches it: no crash comes between them.
#[test]
fn a_mark_is_in_the_append_of_its_step() {
    let mut sim = Sim::new(OnFailure::Break);
    deploys(
        &mut sim,
        "press",
        &plan(vec![
            held(step("print", &[]), HoldKind::ReviewPlan).reaching(When::Started, "rolling"),
        ]),
    )
    .unwrap();
    sim.grant();
    let d = sim.newest();
    sim.decide(true);
    let pure: PureStep<'_> = &|_, _, _| Ok(Output::default());
    let append = start(
        &sim.folds,
        &sim.folds.deployments[&d.id],
        &"print".into(),
        &sim.cx(&[]),
        pure,
    );
    let moved = append
        .writes
        .iter()
        .find(|write| write.stream == StreamId::Stack(stack()))
        .expect("the stack is in the append");
    assert!(
        matches!(moved.events[..], [Event::Stack(StackEvent::Reached { .. })]),
        "{moved:?}"
    );
}

/// A failure, a cancel and a lost step leave the stack where the table says, whichever phase they
/// found it in.
#[test]
fn every_end_has_an_edge_from_where_a_mark_led() {
    for (ended, how, says) in [
        ("set", Ends::Badly, "SPOILT"),
        ("print", Ends::Badly, "SPOILT"),
        ("fold", Ends::Badly, "SPOILT"),
    ] {
        let mut sim = Sim::new(OnFailure::Break);
        deploys(&mut sim, "press", &edition(When::Started)).unwrap();
        runs(&mut sim, &|step| {
            if step.as_str() == ended {
                how
            } else {
                Ends::Well
            }
        });
        assert_eq!(phase(&sim), says, "{ended}");
        sim.ask(&Intent::unblock(stack(), Way::Free), &[], true, false)
            .unwrap();
        sim.grant();
        assert_eq!(phase(&sim), "OUT");
    }
}

/// A result that comes after the deployment was ended moves nothing.
#[test]
fn a_late_result_reaches_no_mark() {
    let mut sim = Sim::new(OnFailure::Break);
    deploys(
        &mut sim,
        "press",
        &plan(vec![step("print", &[]).reaching(When::Done, "rolling")]),
    )
    .unwrap();
    sim.grant();
    let d = sim.newest();
    let failed = crate::domain::decide::error(&sim.folds, d.id, Failure::new("x"));
    sim.take(failed);
    sim.end_steps(&json!({}), &|_| Ends::Well);
    assert_eq!(phase(&sim), "ORDERED");
    sim.grant();
    assert_eq!(phase(&sim), "SPOILT");
}

#[test]
fn a_mark_that_no_edge_has_is_no_plan() {
    assert_eq!(edition(When::Done).check_marks(&PRESS), Ok(()));
    let why = edition(When::Done).check_marks(&SERVICE).unwrap_err();
    assert_eq!(
        why.to_string(),
        "step print reaches rolling, which is not a mark of the service stack lifecycle"
    );
}

/// What a newer program began is not folded along another table: both streams stand, and nothing is
/// done about them.
#[test]
fn a_system_of_another_program_freezes_its_streams() {
    let mut sim = Sim::new(OnFailure::Break);
    deploys(&mut sim, "press", &edition(When::Done)).unwrap();
    sim.grant();
    let mut older = crate::domain::folds::Folds::default();
    for stored in &sim.log {
        let text = serde_json::to_string(stored.event.as_ref().unwrap())
            .unwrap()
            .replace("\"press\"", "\"weaver\"");
        let event = Event::read(&stored.stream, 1, &serde_json::from_str(&text).unwrap());
        older.apply(&Stored {
            event,
            ..stored.clone()
        });
    }
    let d = sim.newest();
    for stream in [StreamId::Stack(stack()), StreamId::Deployment(d.id)] {
        assert_eq!(
            older.broken.get(&stream).map(String::as_str),
            Some("this program has no system weaver"),
            "{stream}"
        );
    }
    assert!(older.stack(&stack()).wants(sim.now, &older).now.is_empty());
    assert!(older.deployments[&d.id].wants(sim.now).now.is_empty());
    assert_eq!(
        deploys(&mut sim, "weaver", &edition(When::Done)),
        Err("other-system".into())
    );
    let mut fresh = Sim::new(OnFailure::Break);
    assert_eq!(
        deploys(&mut fresh, "weaver", &edition(When::Done)),
        Err("unknown-system".into())
    );
}

#[test]
fn a_stack_changes_its_system_only_when_it_is_gone() {
    let mut sim = Sim::new(OnFailure::Break);
    deploys(&mut sim, "press", &edition(When::Started)).unwrap();
    runs(&mut sim, &|_| Ends::Well);
    assert_eq!(
        deploys(&mut sim, "script", &edition(When::Started)),
        Err("other-system".into())
    );
    sim.ask(&Intent::teardown(stack()), &[], true, false)
        .unwrap();
    runs(&mut sim, &|_| Ends::Well);
    deploys(&mut sim, "script", &edition(When::Started)).unwrap();
    runs(&mut sim, &|_| Ends::Well);
    assert_eq!(
        (
            phase(&sim).as_str(),
            sim.folds.stack(&stack()).system.as_str()
        ),
        ("READY", "script")
    );
    assert_eq!(sim.replayed(), sim.folds);
}
