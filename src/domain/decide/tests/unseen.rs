//! Pushes: what nobody of ours has seen waits for a person where a card would be guarded.

use serde_json::json;

use super::outside::{held, leaving, plan, step};
use super::serving::served;
use super::sim::{Ends, Sim, attached, record, stack};
use crate::domain::ask::{Intent, Source};
use crate::domain::class::EnvClass;
use crate::domain::end::End;
use crate::domain::environment::{OnFailure, QueuePolicy};
use crate::domain::hold::{Hold, HoldKind};
use crate::domain::level::Level;
use crate::domain::person::{Issuer, Person};
use crate::domain::plan::{HoldWhen, Leaves, Plan, Role};

fn pushed() -> Person {
    Person::Outside {
        source: Issuer::Github,
        id: "github.com/acme/docs".into(),
        behalf: Some("ana (7)".into()),
    }
}

/// What nobody uses is built, then published, then looked at.
fn site() -> Plan {
    let mut build = step("build", &[]);
    build.role = Role::Build;
    let mut verify = step("verify", &["publish"]);
    verify.role = Role::Verify;
    plan(vec![
        build,
        leaving(step("publish", &["build"]), Leaves::New),
        verify,
    ])
}

fn push(sim: &mut Sim, plan: &Plan) {
    let intent = Intent::deploy(stack(), Source::Estate);
    sim.ask_as(
        pushed(),
        &intent,
        &[attached(&stack(), "r1", plan)],
        false,
        false,
    )
    .unwrap();
    sim.grant();
}

fn open(sim: &Sim) -> Vec<Hold> {
    sim.folds
        .open_holds()
        .into_iter()
        .map(|(_, hold)| hold.clone())
        .collect()
}

fn goes_on(sim: &mut Sim) {
    sim.end_steps(&json!({}), &|_| Ends::Well);
    sim.grant();
}

#[test]
fn a_push_to_production_builds_and_waits_for_a_person() {
    for yes in [true, false] {
        let mut sim = Sim::new(OnFailure::Break);
        served(&mut sim, &site(), "r0");
        push(&mut sim, &site());
        assert_eq!(open(&sim), [], "what nobody uses is made at once");
        assert_eq!(sim.live().len(), 1);
        goes_on(&mut sim);
        let [hold] = &open(&sim)[..] else {
            panic!("{:?}", open(&sim))
        };
        assert_eq!(
            (hold.kind, hold.id.step.as_str()),
            (HoldKind::ReviewPlan, "publish")
        );
        assert!(hold.level >= Level::L3 && !hold.phrase.is_empty());
        let asked: Vec<_> = hold
            .lines
            .iter()
            .filter(|line| line.text.contains("github:github.com/acme/docs"))
            .collect();
        assert_eq!(asked.len(), 1, "{:?}", hold.lines);
        assert_eq!(sim.live(), [], "nothing goes on meanwhile");
        sim.decide(yes);
        sim.grant();
        for _ in 0..2 {
            goes_on(&mut sim);
        }
        let served = sim
            .folds
            .stack(&stack())
            .release
            .as_ref()
            .map(ToString::to_string);
        let end = sim.newest().end.clone();
        if yes {
            assert_eq!((served.as_deref(), end), (Some("r1"), Some(End::Done)));
        } else {
            assert_eq!(served.as_deref(), Some("r0"));
            assert!(matches!(end, Some(End::Terminated { .. })), "{end:?}");
        }
        assert_eq!(sim.replayed(), sim.folds);
    }
}

#[test]
fn a_push_to_development_goes_through_and_one_to_staging_does_not() {
    for (class, holds) in [
        (EnvClass::Development, 0),
        (EnvClass::Branch, 0),
        (EnvClass::Staging, 1),
        (EnvClass::Production, 1),
    ] {
        let mut sim = Sim::with(record(class, OnFailure::Break, QueuePolicy::Queue));
        served(&mut sim, &site(), "r0");
        push(&mut sim, &site());
        goes_on(&mut sim);
        assert_eq!(open(&sim).len(), holds, "{class:?}");
    }
    // What was asked for of a development environment that became a protected one since.
    let mut sim = Sim::with(record(
        EnvClass::Development,
        OnFailure::Break,
        QueuePolicy::Queue,
    ));
    served(&mut sim, &site(), "r0");
    sim.deploy(&site()).unwrap();
    sim.grant();
    push(&mut sim, &site());
    sim.configure(record(
        EnvClass::Production,
        OnFailure::Break,
        QueuePolicy::Queue,
    ));
    for _ in 0..5 {
        goes_on(&mut sim);
    }
    assert_eq!(open(&sim).len(), 1);
}

/// A hold that its own condition or the guard of an ask would pass is open; what comes after the
/// first change has its own rules.
#[test]
fn no_hold_is_passed_for_somebody_outside() {
    let mut first = held(step("first", &[]), HoldKind::FirstTouch);
    let mut second = held(step("second", &["first"]), HoldKind::ReviewPlan);
    for step in [&mut first, &mut second] {
        let rule = step.hold.as_mut().unwrap();
        rule.when = HoldWhen::Output {
            step: "first".into(),
            pointer: "/no".to_owned(),
            equals: json!(true),
        };
    }
    let conditional = plan(vec![first, second, step("beside", &[])]);
    let always = plan(vec![
        held(step("first", &[]), HoldKind::FirstTouch),
        step("beside", &[]),
    ]);
    for plan in [conditional, always] {
        let mut sim = Sim::new(OnFailure::Break);
        push(&mut sim, &plan);
        let mut waits: Vec<String> = open(&sim)
            .iter()
            .map(|hold| hold.id.step.to_string())
            .collect();
        waits.sort();
        assert_eq!(waits, ["beside", "first"]);
        assert_eq!(sim.live(), []);
    }
    // Whom a card was shown to passes the hold that it showed.
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploy(&plan(vec![held(step("first", &[]), HoldKind::FirstTouch)]))
        .unwrap();
    sim.grant();
    assert_eq!(open(&sim), []);
}

/// In every environment: what it takes nobody brings back.
#[test]
fn a_teardown_that_a_queue_asks_for_waits_for_a_person() {
    let queue = Person::Outside {
        source: Issuer::Queue,
        id: "hp-teardown".into(),
        behalf: None,
    };
    for class in [EnvClass::Development, EnvClass::Production] {
        let mut sim = Sim::with(record(class, OnFailure::Break, QueuePolicy::Queue));
        served(&mut sim, &site(), "r0");
        let gone = plan(vec![leaving(step("delete", &[]), Leaves::Nothing)]);
        let intent = Intent::teardown(stack());
        let ask = [attached(&stack(), "r1", &gone)];
        sim.ask_as(queue.clone(), &intent, &ask, false, false)
            .unwrap();
        sim.grant();
        let [hold] = &open(&sim)[..] else {
            panic!("{class:?}: {:?}", open(&sim))
        };
        assert_eq!(hold.id.step.as_str(), "delete");
        assert_eq!(sim.live(), [], "nothing goes before");
        sim.decide(false);
        sim.grant();
        let served = sim
            .folds
            .stack(&stack())
            .release
            .as_ref()
            .map(ToString::to_string);
        assert_eq!(served.as_deref(), Some("r0"));
        assert_eq!(sim.replayed(), sim.folds);
    }
}

#[test]
fn nothing_else_that_somebody_outside_asks_for_passes_its_guard() {
    let mut sim = Sim::new(OnFailure::Break);
    served(&mut sim, &site(), "r0");
    let intents = [
        Intent::teardown(stack()),
        Intent::Rollback {
            stack: stack(),
            to: None,
        },
        Intent::Apply {
            environments: [].into(),
        },
    ];
    for intent in intents {
        let refused = sim.ask_as(
            pushed(),
            &intent,
            &[attached(&stack(), "r1", &site())],
            false,
            false,
        );
        assert!(refused.is_err(), "{intent:?}");
    }
}
