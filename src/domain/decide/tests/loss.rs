//! Data that goes is named and typed: on the card where it is known there, else at the hold.

use serde_json::json;

use super::outside::{held, plan, step};
use super::sim::{Ends, Sim, stack};
use crate::domain::ask::{Intent, Source};
use crate::domain::decide::{StartOf, card, specs};
use crate::domain::environment::OnFailure;
use crate::domain::hold::HoldKind;
use crate::domain::level::{Danger, Level};
use crate::domain::look::Subject;
use crate::domain::plan::{ChangeRow, Changes, Does, Plan};

fn gone(logical: &str) -> ChangeRow {
    ChangeRow::new(logical, "AWS::RDS::DBInstance", Does::Replace)
}

/// Data that goes, all of it of one thing.
fn losing(about: &str, names: &[&str]) -> Changes {
    let loses = names.iter().map(|name| (*name).to_owned()).collect();
    Changes {
        about: Subject::new("test.thing", about),
        rows: names.iter().map(|name| gone(name)).collect(),
        loses,
        more_dangerous: false,
    }
}

fn downtime() -> Plan {
    plan(vec![
        step("weigh", &[]),
        held(step("down", &["weigh"]), HoldKind::Downtime),
    ])
}

fn finds(sim: &mut Sim, changes: &Changes) {
    sim.end_steps(&json!({ "changes": changes }), &|_| Ends::Well);
    sim.grant();
}

fn deployed(plan: &Plan) -> Sim {
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploy(plan).unwrap();
    sim.grant();
    sim
}

fn guard(sim: &Sim) -> (Level, String) {
    let d = sim.newest();
    let hold = d
        .open_holds()
        .next()
        .expect("such a hold in production is never covered by the ask");
    (hold.level, hold.phrase.clone())
}

/// The guard of the hold before the outage, when the change set of its turn replaces the database.
fn hold_of(plan: &Plan) -> (Level, String) {
    let mut sim = deployed(plan);
    finds(&mut sim, &losing("orders", &["OrdersDb"]));
    guard(&sim)
}

/// The plan of an outage: the changes are weighed, worked out and weighed again at zero, and
/// executed.
fn twice() -> Plan {
    let mut steps = downtime().steps;
    steps.extend([
        step("again", &["down"]),
        held(step("execute", &["again"]), HoldKind::ReviewPlan),
    ]);
    plan(steps)
}

#[test]
fn what_the_second_change_set_loses_is_typed_at_its_hold() {
    let mut sim = deployed(&twice());
    finds(&mut sim, &losing("orders", &[]));
    assert_eq!(guard(&sim), (Level::L3, "prod down".to_owned()));
    sim.decide(true);
    sim.grant();
    finds(&mut sim, &losing("others", &[]));
    finds(&mut sim, &losing("orders", &["OrdersDb"]));
    assert_eq!(guard(&sim), (Level::L4, "OrdersDb".to_owned()));
}

/// What a person typed at one hold is not asked again at the next: what is new is.
#[test]
fn the_next_hold_names_what_none_before_it_did() {
    for (second, words) in [
        (vec!["OrdersDb"], "prod review"),
        (vec!["OrdersDb", "CacheDb"], "CacheDb"),
    ] {
        let mut sim = deployed(&twice());
        finds(&mut sim, &losing("orders", &["OrdersDb"]));
        assert_eq!(guard(&sim).1, "OrdersDb");
        sim.decide(true);
        sim.grant();
        finds(&mut sim, &losing("orders", &["OrdersDb"]));
        finds(&mut sim, &losing("orders", &second));
        assert_eq!(guard(&sim).1, words);
    }
}

/// One plan over two things: each newest word counts, and neither hides the other.
#[test]
fn losses_of_several_things_are_united() {
    let plan = plan(vec![
        step("a", &[]),
        step("b", &["a"]),
        step("c", &["b"]),
        held(step("down", &["c"]), HoldKind::Downtime),
    ]);
    let mut sim = deployed(&plan);
    for changes in [
        losing("orders", &["OrdersDb"]),
        losing("billing", &["BillingDb"]),
    ] {
        finds(&mut sim, &changes);
    }
    assert_eq!(sim.newest().loses(), ["OrdersDb", "BillingDb"]);
    finds(&mut sim, &losing("orders", &[]));
    let d = sim.newest();
    assert_eq!(d.loses(), ["BillingDb"]);
    assert_eq!(guard(&sim), (Level::L4, "BillingDb".to_owned()));
    assert_eq!(
        d.rows(),
        None,
        "its steps are about other things, of which nothing is known"
    );
}

#[test]
fn a_loss_that_the_card_could_not_show_is_typed_at_the_hold() {
    assert_eq!(hold_of(&downtime()), (Level::L4, "OrdersDb".to_owned()));
}

#[test]
fn a_loss_that_the_card_showed_was_typed_there() {
    let danger = Danger {
        replaces: true,
        downtime: true,
        destroys: true,
        ..Danger::default()
    };
    let plan = Plan {
        changes: vec![losing("orders", &["OrdersDb"])],
        danger,
        ..downtime()
    };
    assert_eq!(hold_of(&plan), (Level::L3, "prod down".to_owned()));

    let sim = Sim::new(OnFailure::Break);
    let intent = Intent::deploy(stack(), Source::Estate);
    let starts: Vec<StartOf> = specs(
        &sim.folds,
        &intent,
        &[super::sim::attached(&stack(), "r1", &plan)],
    )
    .unwrap();
    let card = card(
        &sim.folds,
        &intent,
        &starts,
        &[(stack(), plan)],
        &sim.cx(&[]),
    )
    .unwrap();
    assert_eq!(
        (card.level, card.phrase.as_deref(), card.needs_reason),
        (Level::L4, Some("OrdersDb"), true)
    );
}
