//! The rules of deployments, stacks and holds one by one, as stories.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::outside::{held, leaving, plan, step};
use super::serving::{real, runs, served};
use super::sim::{Ends, Sim, record, stack};
use crate::domain::ask::{Confirm, Intent, QueueOf, Source, Way};
use crate::domain::cause::Parent;
use crate::domain::decide::*;
use crate::domain::deployment::{Deployment, DeploymentEvent, Phase, Request, StepState};
use crate::domain::end::End;
use crate::domain::environment::{Class, EnvironmentEvent, Mode, OnFailure, QueuePolicy};
use crate::domain::event::StreamId;
use crate::domain::failure::{Failure, Retry};
use crate::domain::flag::Flags;
use crate::domain::folds::Folds;
use crate::domain::grant::{self, Machine};
use crate::domain::hold::{HoldKind, Verdict};
use crate::domain::level::Level;
use crate::domain::look::Sights;
use crate::domain::place::Place;
use crate::domain::plan::{Cancel, Finaliser, HoldRule, HoldWhen, Leaves, Output, Role, Step};

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
        kind: "eval.x".into(),
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
        step.kind = crate::domain::plan::pure::DECISION.into();
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
        let mut sim = Sim::with(record(Class::Production, OnFailure::Break, policy));
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
        Class::Production,
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
            Class::Development,
            OnFailure::Break,
            QueuePolicy::Queue,
        ));
        sim.deploy(&plan).unwrap();
        sim.grant();
        if moves {
            let old = sim.record();
            sim.configure(EnvironmentRecord {
                class: Class::Production,
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
            assert!(hold.lines.iter().any(|line| line.label == "CHANGED"
                && line.text.contains("the record of prod is another")));
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

/// Who lets others queue again loosens a policy.
#[test]
fn queueing_where_it_was_refused_is_guarded() {
    let of = |queue| record(Class::Production, OnFailure::Break, queue);
    assert!(of(QueuePolicy::Refuse).loosened_by(&of(QueuePolicy::Queue)));
    assert!(of(QueuePolicy::Refuse).loosened_by(&of(QueuePolicy::Latest)));
    assert!(!of(QueuePolicy::Queue).loosened_by(&of(QueuePolicy::Refuse)));
    assert!(!of(QueuePolicy::Queue).loosened_by(&of(QueuePolicy::Queue)));
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
    let hint = |sim: &Sim| {
        let cx = sim.cx(&[]);
        let looked = Looked {
            card: card(&sim.folds, &cancel, &[], &[], &cx).unwrap(),
            plans: vec![],
        };
        let confirm = Confirm {
            subject: Some(looked.card.subject),
            text: looked.card.phrase.clone().unwrap_or_default(),
            reason: String::new(),
        };
        act(&sim.folds, &cancel, &[], &looked, &confirm, false, &cx)
            .unwrap_err()
            .hint
    };
    assert_eq!(
        hint(&sim),
        "from 00:26:40Z on it can be given up: `holdpoint cancel '#1' --abandon`"
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

/// A removal that went through is one, whatever was asked meanwhile; what is gone is not offered
/// back.
#[test]
fn a_removal_that_was_cancelled_too_late_is_a_removal() {
    let removal = |deleted: Ends| {
        let mut restore = held(step("restore", &["scale-down"]), HoldKind::RestoreService);
        restore.kind = crate::domain::plan::pure::DECISION.into();
        restore.finaliser = Some(Finaliser::BadEnd);
        let delete = leaving(step("delete", &["scale-down"]), Leaves::Nothing);
        let all = plan(vec![
            step("scale-down", &[]),
            delete,
            step("verify-gone", &["delete"]),
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

/// A whole of which some parts did not arrive is a failure: what needs it never starts, it may be
/// retried, and the way back is known.
#[test]
fn a_partial_end_breaks_the_stack_or_goes_on_and_is_never_a_success() {
    let serves = plan(vec![leaving(step("all", &[]), Leaves::New)]);
    let plan = plan(vec![step("nl", &[])]);
    let parts = |name: &str| -> StackId { format!("prod/orders/{name}").parse().unwrap() };
    let (arrived, missing) = (
        vec![parts("de")],
        vec![parts("nl/cart"), parts("nl/search")],
    );
    for (policy, phase) in [
        (OnFailure::Break, "BROKEN"),
        (OnFailure::Continue, "AVAILABLE"),
    ] {
        let mut sim = Sim::new(policy);
        served(&mut sim, &serves, "r0");
        let good = sim.newest().id;
        let next: StackId = "prod/web".parse().unwrap();
        let stacks = vec![stack(), next.clone()];
        let files: Vec<_> = stacks
            .iter()
            .map(|stack| super::sim::attached(stack, "r1", &plan))
            .collect();
        let after = BTreeMap::from([(next, vec![stack()])]);
        sim.ask(
            &Intent::Deploy {
                stacks,
                source: Source::Estate,
                after,
                flags: Flags::new(),
            },
            &files,
            true,
            false,
        )
        .unwrap();
        sim.grant();
        let id = sim.folds.stack(&stack()).current.unwrap();
        let end = End::Partial {
            arrived: arrived.clone(),
            missing: missing.clone(),
        };
        let append = finish(&sim.folds, id, &end);
        sim.take(append);
        sim.grant();
        let d = sim.folds.deployments[&id].clone();
        assert_eq!((d.phase, d.end.as_ref()), (Phase::Partial, Some(&end)));
        assert_eq!(d.class(), crate::domain::lifecycle::Class::Broken);
        let fold = sim.folds.stack(&stack());
        assert_eq!((fold.phase.as_str(), fold.last_good), (phase, Some(good)));
        assert_eq!(
            fold.rollback_to(&sim.folds),
            Some(good),
            "it is in doubt what serves: back to the last good one"
        );
        let says = "2 of 3 parts did not arrive: prod/orders/nl/cart, prod/orders/nl/search";
        assert_eq!(
            fold.broken.as_deref(),
            (policy == OnFailure::Break).then_some(says)
        );
        let waited = sim.newest();
        assert!(
            matches!(&waited.end, Some(End::Terminated { reason, .. }) if reason.contains("prod/orders")),
            "{:?}",
            waited.end
        );
        sim.ask(&Intent::Retry { deployment: id }, &[], true, false)
            .unwrap();
        assert_eq!(sim.replayed(), sim.folds);
    }
}

/// A form that says nothing, or two things, is no end; a child whose id is not its parent's is no
/// child.
#[test]
fn a_partial_end_and_a_child_that_contradict_themselves_are_a_broken_log() {
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploy(&plan(vec![step("a", &[])])).unwrap();
    sim.grant();
    let d = sim.newest();
    let part = |n: u8| -> StackId { format!("prod/orders/{n}").parse().unwrap() };
    for (arrived, missing) in [
        (vec![], vec![part(1)]),
        (vec![part(1)], vec![]),
        (vec![part(1), part(2)], vec![part(2)]),
    ] {
        let mut d = (*d).clone();
        assert!(
            d.apply(&DeploymentEvent::Partial { arrived, missing }, sim.now)
                .is_err()
        );
        assert_eq!(d.end, None);
    }
    let parent = Parent {
        deployment: d.id,
        step: "a".into(),
        attempt: 1,
    };
    let request = Box::new(Request {
        parent: Some(parent.clone()),
        ..d.request.clone().unwrap()
    });
    let created = DeploymentEvent::Created { request };
    assert!(
        Deployment::new(DeploymentId(uuid::Uuid::from_u128(9)))
            .apply(&created, sim.now)
            .is_err()
    );
    let mut child = Deployment::new(parent.child());
    child.apply(&created, sim.now).unwrap();
    assert_eq!(child.parent(), Some(&parent));
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
