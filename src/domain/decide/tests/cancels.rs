//! Cancelling: what goes on outside, what was never begun, what can be given up, and a removal
//! that was quicker.

use std::time::Duration;

use serde_json::json;

use super::outside::{held, leaving, plan, step};
use super::serving::served;
use super::sim::{Ends, Sim, stack};
use crate::domain::ask::{Intent, QueueOf};
use crate::domain::decide::*;
use crate::domain::deployment::StepState;
use crate::domain::end::End;
use crate::domain::environment::OnFailure;
use crate::domain::failure::{Failure, Retry};
use crate::domain::hold::HoldKind;
use crate::domain::label::CardLine;
use crate::domain::plan::{Cancel, Finaliser, Leaves, Role, Step};

/// What somebody ends at its limit is told by him; where he does not tell it, it goes on for all that
/// is known. What nobody can end has failed at its limit.
#[test]
fn a_step_that_is_ended_at_its_limit_is_waited_for() {
    let limit = Duration::from_mins(1);
    let state = |step: Step, after: Duration| {
        let mut sim = Sim::new(OnFailure::Break);
        sim.deploy(&plan(vec![step])).unwrap();
        sim.grant();
        sim.now = sim.now + after;
        sim.grant();
        sim.newest().steps[&"a".into()].state
    };
    let (ended, not) = (
        step("a", &[]).ended_within(limit),
        step("a", &[]).within(limit),
    );
    assert_eq!(state(not, limit), StepState::Failed);
    assert_eq!(state(ended.clone(), limit), StepState::Active);
    assert_eq!(state(ended, 2 * limit), StepState::Lost);
}

/// What is cancelled goes on outside until it has ended there: losing sight of it is no end, and
/// time is none.
#[test]
fn a_cancel_is_over_when_what_it_cancels_is_over() {
    let contact = || Err(Failure::new("no contact").retry(Retry::Contact));
    let cancelled = |role: Role| {
        let mut sim = Sim::new(OnFailure::Break);
        let mut only = step("a", &[]);
        only.role = role;
        sim.deploy(&plan(vec![only])).unwrap();
        sim.grant();
        sim.ask(
            &Intent::Cancel {
                deployment: sim.newest().id,
            },
            &[],
            true,
            false,
        )
        .unwrap();
        sim.grant();
        sim
    };
    let report = |sim: &mut Sim, result| {
        let append = outcome(&sim.folds, &sim.newest(), &"a".into(), 1, result, sim.now);
        sim.take(append);
        sim.grant();
        let a = sim.newest().steps[&"a".into()].clone();
        (a.state, a.cancelling)
    };
    let mut sim = cancelled(Role::Change);
    assert_eq!(report(&mut sim, contact()), (StepState::Lost, true));
    assert_eq!(sim.newest().end, None);
    let append = found(&sim.folds, &sim.newest(), &"a".into(), sim.now);
    sim.take(append);
    assert_eq!(
        report(&mut sim, Err(Failure::new("rolled back"))),
        (StepState::Cancelled, true)
    );
    assert!(matches!(sim.newest().end, Some(End::Terminated { .. })));

    let mut sim = cancelled(Role::Change);
    sim.now = sim.now + Duration::from_hours(1);
    sim.grant();
    let a = sim.newest().steps[&"a".into()].clone();
    assert_eq!(
        (a.state, a.failure.map(|failure| failure.retry)),
        (StepState::Lost, Some(Retry::AskAPerson))
    );
    sim.ask(
        &Intent::Abandon {
            deployment: sim.newest().id,
        },
        &[],
        true,
        false,
    )
    .unwrap();
    sim.grant();
    assert!(
        matches!(sim.newest().end, Some(End::Terminated { .. })),
        "given up by a person"
    );

    let mut sim = cancelled(Role::Look);
    assert_eq!(
        report(&mut sim, contact()),
        (StepState::Cancelled, true),
        "nothing of it goes on"
    );
}

/// Of what was never begun nothing is waited for: neither while it runs nor out of contact.
#[test]
fn what_was_never_begun_is_cancelled_at_once() {
    for lost in [false, true] {
        let mut sim = Sim::new(OnFailure::Break);
        sim.stands = true;
        sim.deploy(&plan(vec![step("a", &[])])).unwrap();
        sim.grant();
        if lost {
            let failure = Failure::new("no contact").retry(Retry::Contact);
            let append = outcome(
                &sim.folds,
                &sim.newest(),
                &"a".into(),
                1,
                Err(failure),
                sim.now,
            );
            sim.take(append);
            sim.grant();
            assert_eq!(sim.newest().steps[&"a".into()].state, StepState::Lost);
        }
        let deployment = sim.newest().id;
        sim.ask(&Intent::Cancel { deployment }, &[], true, false)
            .unwrap();
        sim.grant();
        let d = sim.newest();
        assert_eq!(d.steps[&"a".into()].state, StepState::Cancelled, "{lost}");
        assert!(matches!(d.end, Some(End::Terminated { .. })), "{lost}");
    }
}

/// Who asks again to cancel is told when, and by which command, it can be given up; what was given
/// up says so, and who did it.
#[test]
fn a_cancel_that_has_no_end_can_be_given_up_and_says_so() {
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploy(&plan(vec![step("a", &[])])).unwrap();
    sim.grant();
    let deployment = sim.newest().id;
    let cancel = Intent::Cancel { deployment };
    sim.ask(&cancel, &[], true, false).unwrap();
    sim.grant();
    // It is told at once: a card that nobody could confirm is none.
    let hint = |sim: &Sim| {
        let asked = card(&sim.folds, &cancel, &[], &[], &sim.cx(&[]));
        asked.unwrap_err().hint
    };
    assert_eq!(
        hint(&sim),
        "it can be given up after 00:26:40Z: `holdpoint cancel '#1' --abandon`"
    );
    sim.now = sim.now + Duration::from_mins(10);
    assert_eq!(hint(&sim), "give it up: `holdpoint cancel '#1' --abandon`");
    sim.ask(&Intent::Abandon { deployment }, &[], true, false)
        .unwrap();
    sim.grant();
    let Some(End::Terminated { reason, by }) = sim.newest().end.clone() else {
        panic!("{:?}", sim.newest().end);
    };
    assert_eq!(
        (reason.as_str(), by),
        (
            "cancelled: why; abandoned: what a began may go on outside",
            crate::domain::given::ana()
        )
    );
}

/// No card is made of what would be refused once it was confirmed.
#[test]
fn what_is_over_is_refused_before_a_card() {
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploy(&plan(vec![step("a", &[])])).unwrap();
    let deployment = sim.newest().id;
    let abandon = Intent::Abandon { deployment };
    let thaw = Intent::Thaw {
        target: QueueOf::Stack(sim.newest().stack().unwrap().clone()),
    };
    let code = |sim: &Sim, intent: &Intent| {
        let asked = card(&sim.folds, intent, &[], &[], &sim.cx(&[]));
        asked.unwrap_err().code
    };
    assert_eq!(code(&sim, &abandon), "not-cancelling");
    assert_eq!(code(&sim, &thaw), "not-frozen");
    sim.ask(&Intent::Cancel { deployment }, &[], true, false)
        .unwrap();
    sim.grant();
    assert!(sim.newest().is_over());
    for intent in [Intent::Cancel { deployment }, abandon] {
        assert_eq!(code(&sim, &intent), "over");
    }
}

/// What restores a service is offered only where a step may have touched it.
#[test]
fn what_was_refused_is_not_offered_back() {
    for (ends, restores) in [(Ends::Refused, false), (Ends::Badly, true)] {
        let mut restore = held(step("restore", &["scale-down"]), HoldKind::RestoreService);
        restore.kind = crate::domain::plan::StepKind::Decision;
        restore.finaliser = Some(Finaliser::BadEnd);
        let change = leaving(step("change", &["scale-down"]), Leaves::New);
        let mut sim = Sim::new(OnFailure::Break);
        served(
            &mut sim,
            &plan(vec![leaving(step("a", &[]), Leaves::New)]),
            "r0",
        );
        sim.deploy(&plan(vec![step("scale-down", &[]), change, restore]))
            .unwrap();
        sim.grant();
        sim.end_steps(&json!({}), &|_| ends);
        sim.grant();
        let d = sim.newest();
        assert_eq!(d.open_holds().next().is_some(), restores, "{ends:?}");
        assert_eq!(d.changed_anything(), restores, "{ends:?}");
    }
}

/// A teardown of which nothing was begun leaves the stack as it was.
#[test]
fn a_teardown_that_was_refused_is_no_half_deletion() {
    for (ends, phase) in [(Ends::Refused, "AVAILABLE"), (Ends::Stuck, "DELETE_FAILED")] {
        let mut sim = Sim::new(OnFailure::Break);
        served(
            &mut sim,
            &plan(vec![leaving(step("a", &[]), Leaves::New)]),
            "r0",
        );
        let teardown = Intent::teardown(super::sim::stack());
        sim.ask(&teardown, &[], true, false).unwrap();
        sim.grant();
        sim.decide(true);
        sim.grant();
        sim.end_steps(&json!({}), &|_| ends);
        sim.grant();
        assert!(matches!(sim.newest().end, Some(End::Failed { .. })));
        let stack = sim.folds.stack(&super::sim::stack());
        assert_eq!(stack.phase, phase, "{ends:?}");
    }
}

fn verify(id: &str, after: &str) -> Step {
    Step {
        role: Role::Verify,
        ..step(id, &[after])
    }
}

/// What serves nobody any more is not gone: a removal in parts that is cancelled between them is
/// half a deletion, and its card does not say that the stack is gone all the same.
#[test]
fn a_removal_in_parts_is_none_before_its_last_part() {
    for ended in [0, 1, 2, 3] {
        let mut sim = Sim::new(OnFailure::Break);
        let first = plan(vec![leaving(step("a", &[]), Leaves::New)]);
        served(&mut sim, &first, "r0");
        sim.cancels.insert("test.call".into(), Cancel::None);
        let parts = plan(vec![
            leaving(step("disable", &[]), Leaves::Nothing),
            verify("disabled", "disable"),
            step("delete", &["disabled"]),
            verify("gone", "delete"),
        ]);
        sim.deploy(&parts).unwrap();
        for _ in 0..ended {
            sim.grant();
            sim.end_steps(&json!({}), &|_| Ends::Well);
        }
        sim.grant();
        let deployment = sim.newest().id;
        let cancel = Intent::Cancel { deployment };
        let asked = card(&sim.folds, &cancel, &[], &[], &sim.cx(&[])).unwrap();
        let goes = |line: &CardLine| line.text.contains("is gone all the same");
        assert_eq!(
            asked.lines.iter().any(goes),
            ended >= 2,
            "{ended}: {:?}",
            asked.lines
        );
        sim.ask(&cancel, &[], true, false).unwrap();
        sim.end_steps(&json!({}), &|_| Ends::Well);
        sim.grant();
        let (end, stack) = (sim.newest().end.clone(), sim.folds.stack(&stack()));
        let gone = (matches!(end, Some(End::Done)), stack.holds_nothing());
        assert_eq!(gone, (ended >= 2, ended >= 2), "{ended}: {end:?}");
        assert!(stack.release.is_none(), "{ended}: nobody is served");
    }
}

/// A removal that went through is one, whatever was asked meanwhile; what is gone is not offered
/// back.
#[test]
fn a_removal_that_was_cancelled_too_late_is_a_removal() {
    let removal = |deleted: Ends| {
        let mut restore = held(step("restore", &["scale-down"]), HoldKind::RestoreService);
        restore.kind = crate::domain::plan::StepKind::Decision;
        restore.finaliser = Some(Finaliser::BadEnd);
        let delete = leaving(step("delete", &["scale-down"]), Leaves::Nothing);
        let all = plan(vec![
            step("scale-down", &[]),
            delete,
            verify("gone", "delete"),
            restore,
        ]);
        let mut sim = Sim::new(OnFailure::Break);
        served(
            &mut sim,
            &plan(vec![leaving(step("a", &[]), Leaves::New)]),
            "r0",
        );
        sim.cancels.insert("test.call".into(), Cancel::None);
        sim.deploy(&all).unwrap();
        sim.grant();
        sim.end_steps(&json!({}), &|_| Ends::Well);
        sim.grant();
        let deployment = sim.newest().id;
        let card = card(
            &sim.folds,
            &Intent::Cancel { deployment },
            &[],
            &[],
            &sim.cx(&[]),
        )
        .unwrap();
        let says: Vec<&str> = card.lines.iter().map(|line| line.text.as_str()).collect();
        assert!(
            says.iter()
                .any(|text| text.contains("cannot be cancelled once it has begun")),
            "{says:?}"
        );
        assert!(
            says.iter()
                .any(|text| text.contains("is gone all the same")),
            "{says:?}"
        );
        sim.ask(&Intent::Cancel { deployment }, &[], true, false)
            .unwrap();
        sim.end_steps(&json!({}), &|_| deleted);
        sim.grant();
        sim
    };
    let sim = removal(Ends::Well);
    assert_eq!(
        (sim.newest().end.clone(), sim.newest().open_holds().count()),
        (Some(End::Done), 0)
    );
    assert_eq!(sim.folds.stack(&stack()).phase, "DELETED");
    let sim = removal(Ends::Badly);
    assert_eq!(
        (sim.newest().end.clone(), sim.newest().open_holds().count()),
        (None, 1),
        "it is there, and at zero: a person decides"
    );
}
