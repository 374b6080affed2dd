//! What was changed by somebody else before it was touched: what was approved is void.

use serde_json::json;

use super::outside::{held, leaving, plan, step};
use super::sim::{Ends, Sim};
use crate::domain::ask::Confirm;
use crate::domain::decide::*;
use crate::domain::deployment::StepState;
use crate::domain::end::End;
use crate::domain::environment::OnFailure;
use crate::domain::hold::HoldKind;
use crate::domain::label::Label;
use crate::domain::plan::{Leaves, Plan, Role};

fn downtime() -> Plan {
    let mut look = step("look", &[]);
    look.role = Role::Look;
    plan(vec![
        look,
        held(step("down", &["look"]), HoldKind::Downtime),
        leaving(step("change", &["down"]), Leaves::New),
    ])
}

/// Everything that runs ends like this; what is open is approved first.
fn turn(sim: &mut Sim, which: &str, how: Ends) {
    sim.grant();
    sim.decide(true);
    sim.grant();
    sim.end_steps(&json!({}), &|id| {
        if id.as_str() == which {
            how
        } else {
            Ends::Well
        }
    });
    sim.grant();
}

#[test]
fn what_was_changed_before_it_was_touched_is_planned_and_asked_anew() {
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploy(&downtime()).unwrap();
    turn(&mut sim, "", Ends::Well);
    let first = sim.newest().holds[0].clone();
    turn(&mut sim, "down", Ends::Changed);
    assert!(sim.newest().end.is_none() && !sim.newest().changed_anything());
    turn(&mut sim, "", Ends::Well);
    let d = sim.newest();
    let second = d.open_holds().next().expect("a new hold opens").clone();
    assert_eq!((first.id.nth, second.id.nth), (1, 2));
    assert_ne!(first.subject, second.subject);
    let changed = second
        .lines
        .iter()
        .find(|line| line.label == Label::Changed);
    assert!(
        changed.is_some_and(|line| line.text.contains("down found another thing")),
        "{:?}",
        second.lines
    );
    let old = Confirm {
        subject: Some(first.subject),
        text: second.phrase.clone(),
        reason: "r".into(),
    };
    assert!(approve(&sim.folds, &second.id, &old, None, &sim.cx(&[])).is_err());
    sim.decide(true);
    sim.grant();
    let run = sim.newest().steps[&"down".into()].clone();
    assert_eq!(
        (run.state, run.attempt > 1),
        (StepState::Active, true),
        "no number twice"
    );
    turn(&mut sim, "", Ends::Well);
    turn(&mut sim, "", Ends::Well);
    assert_eq!(sim.newest().end, Some(End::Done));
}

/// What is half-way is no new plan's: a person decides what comes back.
#[test]
fn what_was_changed_half_way_fails() {
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploy(&downtime()).unwrap();
    turn(&mut sim, "", Ends::Well);
    turn(&mut sim, "", Ends::Well);
    turn(&mut sim, "change", Ends::Changed);
    let d = sim.newest();
    assert!(
        matches!(d.end, Some(End::Failed { .. })) && d.voided.is_empty(),
        "{:?}",
        d.end
    );
}

/// A guard of an ask that stood for the hold stands for it no more.
#[test]
fn what_the_ask_covered_is_asked_anew() {
    let mut sim = Sim::new(OnFailure::Break);
    let change = leaving(step("change", &[]), Leaves::New);
    sim.deploy(&plan(vec![held(change, HoldKind::FirstTouch)]))
        .unwrap();
    sim.grant();
    let open = |sim: &Sim| sim.newest().open_holds().count();
    assert_eq!(open(&sim), 0, "the ask covers it");
    sim.end_steps(&json!({}), &|_| Ends::Changed);
    sim.grant();
    assert_eq!(open(&sim), 1);
}

/// What never stands still ends.
#[test]
fn a_stack_that_is_changed_all_the_time_ends_the_deployment() {
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploy(&plan(vec![leaving(step("change", &[]), Leaves::New)]))
        .unwrap();
    for _ in 0..10 {
        turn(&mut sim, "change", Ends::Changed);
    }
    let d = sim.newest();
    assert_eq!(d.voided.len(), 5);
    assert!(matches!(d.end, Some(End::Failed { .. })), "{:?}", d.end);
}
