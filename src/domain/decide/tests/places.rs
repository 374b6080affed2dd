//! Where an intent acts: what is bound to a place stays there, and its card says so, whatever is
//! recorded meanwhile.

use super::outside::{held, plan, step};
use super::sim::{Sim, env, record};
use crate::domain::ask::{Intent, QueueOf};
use crate::domain::card::Card;
use crate::domain::class::EnvClass;
use crate::domain::decide::card;
use crate::domain::deployment::{CANCEL_LIMIT, Phase};
use crate::domain::environment::{EnvironmentRecord, OnFailure, QueuePolicy};
use crate::domain::hold::HoldKind;
use crate::domain::label::{CardLine, Label};
use crate::domain::place::Place;

fn at(region: &str) -> EnvironmentRecord {
    let place = Place::new("aws", "account", "region").within(Some(region));
    EnvironmentRecord {
        places: place.into(),
        ..record(EnvClass::Development, OnFailure::Break, QueuePolicy::Queue)
    }
}

fn runs_on(lines: &[CardLine]) -> Vec<&str> {
    let on = lines.iter().filter(|line| line.label == Label::RunsOn);
    on.map(|line| line.text.as_str()).collect()
}

#[test]
fn a_card_about_what_runs_names_the_place_to_which_that_is_bound() {
    let mut sim = Sim::with(at("eu-west-1"));
    sim.deploy(&plan(vec![held(step("a", &[]), HoldKind::ReviewPlan)]))
        .unwrap();
    // The record is another one before its plan is made and its hold is opened.
    sim.configure(at("us-east-1"));
    sim.grant();
    let d = sim.newest();
    assert_eq!(d.phase, Phase::Running);
    let hold = d.open_holds().next().unwrap();
    assert_eq!(runs_on(&hold.lines), ["any account eu-west-1"]);
    let deployment = d.id;
    let shown = |sim: &Sim, intent: &Intent| -> Card {
        card(&sim.folds, intent, &[], &[], &sim.cx(&[])).unwrap()
    };
    let bound = |sim: &Sim, intent: Intent| {
        let card = shown(sim, &intent);
        assert_eq!(card.spot.words("/"), "eu-west-1", "{intent:?}");
        assert_eq!(
            runs_on(&card.lines),
            ["any account eu-west-1"],
            "{intent:?}"
        );
    };
    bound(&sim, Intent::Cancel { deployment });
    let freeze = Intent::Freeze {
        target: QueueOf::Environment(env()),
        reason: "why".to_owned(),
        until: None,
    };
    let freeze = shown(&sim, &freeze);
    assert_eq!(
        freeze.spot.words("/"),
        "us-east-1",
        "anything else is of the record"
    );
    let apply = shown(
        &sim,
        &Intent::Apply {
            environments: [(env(), at("eu-south-1"))].into(),
        },
    );
    let says: Vec<&str> = apply.lines.iter().map(|line| line.text.as_str()).collect();
    assert!(
        says.iter()
            .any(|text| text.ends_with("region us-east-1 -> eu-south-1")),
        "{says:?}"
    );
    assert!(
        says.contains(&"#1 goes on where it was asked for."),
        "{says:?}"
    );
    sim.ask(&Intent::Cancel { deployment }, &[], true, false)
        .unwrap();
    sim.now = sim.now + CANCEL_LIMIT;
    bound(&sim, Intent::Abandon { deployment });
}
