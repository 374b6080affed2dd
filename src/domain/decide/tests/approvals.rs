//! What an approval covers, when a person is asked again, and what is no reason.

use std::time::Duration;

use serde_json::json;

use super::outside::{held, plan, step};
use super::sim::{Ends, Sim, record, stack};
use crate::domain::ask::{Confirm, Intent, QueueOf};
use crate::domain::class::EnvClass;
use crate::domain::decide::*;
use crate::domain::deployment::StepState;
use crate::domain::end::End;
use crate::domain::environment::{EnvironmentEvent, OnFailure, QueuePolicy};
use crate::domain::hold::{HoldKind, Verdict};
use crate::domain::label::Label;
use crate::domain::level::Level;
use crate::domain::place::Place;
use crate::domain::plan::{Finaliser, HoldRule, HoldWhen};

/// Check 22: an expired hold rejects, and an approval for something else is refused.
#[test]
fn an_approval_covers_exactly_what_was_shown() {
    let plan = plan(vec![held(step("down", &[]), HoldKind::Downtime)]);
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploy(&plan).unwrap();
    sim.grant();
    let d = sim.newest();
    let hold = d
        .open_holds()
        .next()
        .expect("a downtime in production is never covered by the ask")
        .clone();
    assert_eq!((hold.level, hold.phrase.as_str()), (Level::L3, "prod down"));
    let good = Confirm {
        subject: Some(hold.subject),
        text: hold.phrase.clone(),
        reason: String::new(),
    };
    for bad in [
        Confirm {
            subject: None,
            ..good.clone()
        },
        Confirm {
            subject: Some(crate::domain::digest::Digest::of_bytes(b"x")),
            ..good.clone()
        },
        Confirm {
            text: "prod".into(),
            ..good.clone()
        },
        Confirm {
            text: "prod down ".into(),
            ..good.clone()
        },
    ] {
        assert!(
            approve(&sim.folds, &hold.id, &bad, None, &sim.cx(&[])).is_err(),
            "{bad:?}"
        );
    }
    // The environment's record changes: the approval of the older one is void, and a new hold
    // opens.
    let mut moved = sim.folds.clone();
    let mut record = moved.environments[&stack().env].record.clone().unwrap();
    record.places = Place::new("aws", "account", "region")
        .of(Some("111111111111"))
        .into();
    std::sync::Arc::make_mut(moved.environments.get_mut(&stack().env).unwrap())
        .apply(&EnvironmentEvent::Configured { record });
    let (append, answer) = approve(&moved, &hold.id, &good, None, &sim.cx(&[])).unwrap();
    assert!(matches!(answer, Answer::Refused(_)));
    assert!(
        append
            .writes
            .iter()
            .flat_map(|write| &write.events)
            .all(|event| event.tag() == "hold_decided")
    );
    let (append, _) = approve(&sim.folds, &hold.id, &good, None, &sim.cx(&[])).unwrap();
    sim.take(append);
    sim.grant();
    assert_eq!(sim.newest().steps[&"down".into()].state, StepState::Active);
    assert!(
        approve(&sim.folds, &hold.id, &good, None, &sim.cx(&[])).is_err(),
        "decided once"
    );

    let mut sim = Sim::new(OnFailure::Break);
    sim.deploy(&plan).unwrap();
    sim.grant();
    sim.now = sim.now + Duration::from_hours(24);
    assert!(
        approve(&sim.folds, &hold.id, &good, None, &sim.cx(&[])).is_err(),
        "expired"
    );
    sim.grant();
    let d = sim.newest();
    assert!(matches!(d.end, Some(End::Terminated { .. })));
    assert!(matches!(
        d.holds[0].decision.as_ref().unwrap().verdict,
        Verdict::Expired
    ));
    assert_eq!(
        sim.folds.stack(&stack()).phase,
        "DELETED",
        "it was never created"
    );
}

/// A service at zero always asks a person, and only when it was touched.
#[test]
fn a_bad_end_after_a_scale_down_asks_to_restore_the_service() {
    let restore = |after: &str| {
        let mut step = held(step("restore", &[after]), HoldKind::RestoreService);
        step.kind = crate::domain::plan::StepKind::Decision;
        step.finaliser = Some(Finaliser::BadEnd);
        if let Some(rule) = &mut step.hold {
            rule.never_expires = true;
            rule.choices = vec![crate::domain::hold::Choice {
                name: "old".into(),
                does: "old release up".into(),
            }];
        }
        step
    };
    let plan = plan(vec![
        step("before", &[]),
        step("scale-down", &["before"]),
        step("execute", &["scale-down"]),
        restore("scale-down"),
    ]);
    for (fails, asks) in [("before", false), ("scale-down", true), ("execute", true)] {
        let mut sim = Sim::new(OnFailure::Break);
        sim.deploy(&plan).unwrap();
        for _ in 0..6 {
            sim.grant();
            sim.end_steps(&json!({}), &|step| {
                if step.as_str() == fails {
                    Ends::Badly
                } else {
                    Ends::Well
                }
            });
        }
        sim.grant();
        let d = sim.newest();
        assert_eq!(
            d.open_holds()
                .any(|hold| hold.kind == HoldKind::RestoreService && hold.expires_at.is_none()),
            asks,
            "{fails} fails"
        );
        assert_eq!(d.is_over(), !asks);
    }
}

/// An update that nothing else holds is held when the environment's record is another than when it
/// was asked for; once approved, not again.
#[test]
fn another_record_of_the_environment_asks_again() {
    let review = |id: &str, after: &str| {
        let mut step = step(id, &[after]);
        let when = HoldWhen::Output {
            step: after.into(),
            pointer: "/ask".into(),
            equals: json!(true),
        };
        step.hold = Some(HoldRule {
            kind: HoldKind::ReviewPlan,
            when,
            choices: vec![],
            never_expires: false,
        });
        step
    };
    let plan = plan(vec![
        step("join", &[]),
        review("execute", "join"),
        review("again", "execute"),
    ]);
    for moves in [false, true] {
        let mut sim = Sim::with(record(
            EnvClass::Development,
            OnFailure::Break,
            QueuePolicy::Queue,
        ));
        sim.deploy(&plan).unwrap();
        sim.grant();
        if moves {
            let old = sim.record();
            sim.configure(EnvironmentRecord {
                class: EnvClass::Production,
                ..old
            });
        }
        sim.end_steps(&json!({ "ask": false }), &|_| Ends::Well);
        sim.grant();
        let d = sim.newest();
        let hold = d.open_holds().next().cloned();
        assert_eq!(hold.is_some(), moves);
        if let Some(hold) = hold {
            assert_eq!(
                (hold.level, hold.phrase.as_str()),
                (Level::L3, "prod review")
            );
            assert!(hold.lines.iter().any(|line| line.label == Label::Changed
                && line.text.contains("the record of prod is not what it was")));
            sim.decide(true);
            sim.grant();
        }
        sim.end_steps(&json!({ "ask": false }), &|_| Ends::Well);
        sim.grant();
        assert_eq!(
            sim.newest().steps[&"again".into()].state,
            StepState::Active,
            "what was approved is not asked again"
        );
    }
}

/// What people write is kept for ever and shown everywhere: as text, and not without end.
#[test]
fn a_reason_is_kept_as_text_and_not_without_end() {
    let plan = plan(vec![held(step("down", &[]), HoldKind::Downtime)]);
    let raw = " INC-7\u{1b}]0;x\u{7}\u{9b}2J\u{202e}\nnext ";
    let long = "x".repeat(1_001);
    let asked = |reason: &str| {
        let mut sim = Sim::new(OnFailure::Break);
        sim.deploy(&plan).unwrap();
        sim.grant();
        let d = sim.newest().clone();
        let hold = d.open_holds().next().unwrap().clone();
        let confirm = Confirm {
            subject: Some(hold.subject),
            text: hold.phrase.clone(),
            reason: reason.to_owned(),
        };
        let freeze = |target| Intent::Freeze {
            target,
            reason: reason.to_owned(),
            until: None,
        };
        let cx = sim.cx(&[]);
        let act = |intent: &Intent| {
            let card = card(&sim.folds, intent, &[], &[], &cx).unwrap();
            let confirm = Confirm {
                subject: Some(card.subject),
                text: card.phrase.clone().unwrap_or_default(),
                reason: reason.to_owned(),
            };
            let looked = Looked {
                card,
                plans: Vec::new(),
            };
            act(&sim.folds, intent, &[], &looked, &confirm, false, &cx)
        };
        [
            approve(&sim.folds, &hold.id, &confirm, None, &cx),
            reject(&sim.folds, &hold.id, reason, &cx),
            act(&freeze(QueueOf::Stack(stack()))),
            act(&freeze(QueueOf::Environment(stack().env))),
            act(&Intent::Cancel { deployment: d.id }),
        ]
    };
    for decided in asked(raw) {
        let kept = format!("{:?}", decided.unwrap().0.writes);
        assert!(kept.contains("INC-7<U+202E>^Jnext"), "{kept}");
    }
    for decided in asked(&long) {
        let refused = decided.unwrap_err();
        assert!(
            refused.code == "reason"
                && refused
                    .says
                    .contains("1001 characters; at most 1000 are kept"),
            "{refused:?}"
        );
    }
}

#[test]
fn the_word_that_stands_for_a_reason_is_no_reason() {
    let plan = plan(vec![held(step("down", &[]), HoldKind::Downtime)]);
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploy(&plan).unwrap();
    sim.grant();
    let hold = sim.newest().open_holds().next().unwrap().clone();
    let confirm = Confirm {
        subject: Some(hold.subject),
        text: hold.phrase.clone(),
        reason: " WHY ".into(),
    };
    let cx = sim.cx(&[]);
    for refused in [
        approve(&sim.folds, &hold.id, &confirm, None, &cx),
        reject(&sim.folds, &hold.id, "WHY", &cx),
    ] {
        assert_eq!(refused.unwrap_err().code, "reason");
    }
    let freeze = Intent::Freeze {
        target: QueueOf::Stack(stack()),
        reason: "WHY".into(),
        until: None,
    };
    assert_eq!(sim.ask(&freeze, &[], true, false), Err("reason".into()));
    let ours = Confirm {
        reason: "WHY not: the release waits since Monday".into(),
        ..confirm
    };
    assert!(approve(&sim.folds, &hold.id, &ours, None, &sim.cx(&[])).is_ok());
}
