//! Data that goes is named and typed: on the card where it is known there, else at the hold.

use serde_json::json;

use super::outside::{held, plan, step};
use super::sim::{Ends, Sim, stack};
use crate::domain::ask::{Intent, Source};
use crate::domain::decide::{StartOf, card, specs};
use crate::domain::environment::OnFailure;
use crate::domain::hold::HoldKind;
use crate::domain::level::{Danger, Level};
use crate::domain::plan::{ChangeRow, Plan};

fn database() -> ChangeRow {
    ChangeRow {
        logical: "OrdersDb".to_owned(),
        kind: "AWS::RDS::DBInstance".to_owned(),
        action: "Modify".to_owned(),
        replacement: "True".to_owned(),
        scope: vec![],
        properties: vec![],
    }
}

fn downtime() -> Plan {
    plan(vec![step("join", &[]), held(step("down", &["join"]), HoldKind::Downtime)])
}

/// The guard of the hold before the outage, when the change set of its turn replaces the database.
fn hold_of(plan: &Plan) -> (Level, String) {
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploy(plan).unwrap();
    sim.grant();
    sim.end_steps(&json!({ "rows": [database()], "loses": ["OrdersDb"] }), &|_| Ends::Well);
    sim.grant();
    let d = sim.newest();
    let hold = d.open_holds().next().expect("a downtime in production is never covered by the ask");
    (hold.level, hold.phrase.clone())
}

#[test]
fn a_loss_that_the_card_could_not_show_is_typed_at_the_hold() {
    assert_eq!(hold_of(&downtime()), (Level::L4, "OrdersDb".to_owned()));
}

#[test]
fn a_loss_that_the_card_showed_was_typed_there() {
    let danger = Danger { replaces: true, downtime: true, destroys: true, first_touch: false };
    let plan = Plan { rows: Some(vec![database()]), loses: vec!["OrdersDb".to_owned()], danger, ..downtime() };
    assert_eq!(hold_of(&plan), (Level::L3, "prod down".to_owned()));

    let sim = Sim::new(OnFailure::Break);
    let intent = Intent::Deploy { stacks: vec![stack()], source: Source::Estate, after: std::collections::BTreeMap::new() };
    let starts: Vec<StartOf> = specs(&sim.folds, &intent, &[super::sim::attached(&stack(), "r1", &plan)]).unwrap();
    let card = card(&sim.folds, &intent, &starts, &[(stack(), plan)], &sim.cx(&[])).unwrap();
    assert_eq!((card.level, card.phrase.as_deref(), card.needs_reason), (Level::L4, Some("OrdersDb"), true));
}
