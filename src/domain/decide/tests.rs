//! The rules of deployments, stacks and holds as properties over random histories: asks, outcomes and time in any order.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::domain::ask::{Confirm, Intent, QueueOf};
use crate::domain::deployment::{Deployment, DeploymentEvent, DeploymentWant, End, StepState, Stopping};
use crate::domain::environment::{Class, EnvironmentEvent, Mode, OnFailure, QueuePolicy};
use crate::domain::event::Stored;
use crate::domain::failure::Failure;
use crate::domain::hold::{HoldKind, Verdict};
use crate::domain::ids::{DeploymentNo, StepId};
use crate::domain::level::{Danger, Level};
use crate::domain::look::{Quiet, StackSeen};
use crate::domain::plan::{Finaliser, HoldRule, HoldWhen, Output, RetryRule, Step};
use crate::domain::stack::{Purpose, StackEvent, StackWant};

/// A whole engine's worth of decisions without an engine: folds, a clock, and the answers of the outside as data.
struct Sim {
    folds: Folds,
    now: Time,
    seq: u64,
    made: u128,
    /// Every stored event, for replay.
    log: Vec<Stored>,
}

impl Sim {
    fn new(on_failure: OnFailure) -> Self {
        let mut sim = Self { folds: Folds::default(), now: Time(1_000_000), seq: 0, made: 0, log: vec![] };
        let record = EnvironmentRecord {
            class: Class::Production,
            account: Some("000000000000".into()),
            aws: None,
            on_failure,
            queue: QueuePolicy::Queue,
            mode: Mode::Deploy,
            min_level: None,
            hold_expiry: Duration::from_hours(24),
        };
        let mut append = Append::default();
        on_environment(&mut append, &sim.folds, &stack().env, EnvironmentEvent::Configured { record });
        sim.take(append);
        sim
    }

    fn take(&mut self, append: Append) -> usize {
        let mut n = 0;
        for write in append.writes {
            assert_eq!(self.folds.version(&write.stream), write.expected, "decided on an old {}", write.stream);
            for (offset, event) in (1..).zip(write.events) {
                self.seq += 1;
                n += 1;
                let stored = Stored {
                    seq: self.seq,
                    stream: write.stream.clone(),
                    version: write.expected + offset,
                    at: self.now,
                    person: Person::Engine,
                    cause: None,
                    event: Ok(event),
                };
                self.folds.apply(&stored);
                self.log.push(stored);
            }
        }
        assert_eq!(self.folds.broken, BTreeMap::new(), "a decision that is no edge");
        n
    }

    fn cx<'a>(&self, fresh: &'a [DeploymentId]) -> Cx<'a> {
        Cx { now: self.now, person: Person::Owner("ana".into()), ask: None, via: "test", fresh, preview: None }
    }

    /// Asks with the guard of its own card.
    fn ask(&mut self, intent: &Intent, starts: &[StartOf], plan: &Plan, guard: bool) -> Result<(), String> {
        self.made += 1;
        let fresh = [DeploymentId(Uuid::from_u128(self.made))];
        let plans: Vec<_> = starts.iter().map(|start| (start.stack.clone(), plan.clone())).collect();
        let cx = self.cx(&fresh);
        let card = card(&self.folds, intent, starts, &plans, &cx).map_err(|refused| refused.code)?;
        let confirm = if guard {
            Confirm { subject: Some(card.subject), text: card.phrase.clone().unwrap_or_default(), reason: "why".into() }
        } else {
            Confirm::default()
        };
        let looked = Looked { card, specs: vec![], plans };
        let (append, _) = act(&self.folds, intent, starts, &looked, &confirm, false, &cx).map_err(|refused| refused.code)?;
        self.take(append);
        Ok(())
    }

    fn deploy(&mut self, plan: &Plan) -> Result<(), String> {
        let intent = Intent::Deploy { stacks: vec![stack()], source: crate::domain::ask::Source::Estate, after: BTreeMap::new() };
        self.ask(&intent, &[start(Purpose::Deploy)], plan, true)
    }

    fn teardown(&mut self, plan: &Plan) -> Result<(), String> {
        self.ask(&Intent::Teardown { stack: stack() }, &[start(Purpose::Teardown)], plan, true)
    }

    /// Grants every want that needs no outside answer; `missing` says whether the real stack exists.
    fn grant(&mut self, plan: &Plan, missing: bool, wait_fails: bool) {
        for _ in 0..200 {
            let mut took = 0;
            let fold = self.folds.stack(&stack());
            if let Some(want) = fold.wants(self.now, &self.folds).now.into_iter().next() {
                let append = match want {
                    StackWant::Look(entry) => {
                        let seen = StackSeen { status: if missing { "MISSING" } else { "UPDATE_COMPLETE" }.into(), ..StackSeen::default() };
                        adopt(&self.folds, &stack(), &entry, &seen, &Quiet::Quiet)
                    }
                    StackWant::Pop(entry) => pop(&self.folds, &stack(), &entry),
                    StackWant::Rest => rest(&self.folds, &fold),
                    StackWant::Complete(id) => complete(&self.folds, &fold, &self.folds.deployments[&id]),
                    StackWant::EndQueued(id, why) => end_queued(&self.folds, &stack(), id, &why),
                };
                took += self.take(append);
            }
            let ids: Vec<_> = self.folds.deployments.keys().copied().collect();
            for id in ids {
                let d = self.folds.deployments[&id].clone();
                let Some(want) = d.wants(self.now).now.into_iter().find(|want| !matches!(want, DeploymentWant::Attend { .. })) else {
                    continue;
                };
                took += self.want(&d, want, plan, wait_fails);
            }
            if took == 0 {
                return;
            }
        }
        panic!("it never comes to rest");
    }

    fn want(&mut self, d: &Deployment, want: DeploymentWant, plan: &Plan, wait_fails: bool) -> usize {
        let cx = Cx { person: Person::Engine, ..self.cx(&[]) };
        let append = match want {
            DeploymentWant::Await => begin(&self.folds, d.id),
            DeploymentWant::Settle if wait_fails => wait_failure(&self.folds, d.id, Failure::new("stuck")),
            DeploymentWant::Settle => available(&self.folds, d.id, json!({})),
            DeploymentWant::Plan => planned(&self.folds, d.id, plan.clone(), vec![]),
            DeploymentWant::RunSteps | DeploymentWant::Attend { .. } => Append::default(),
            DeploymentWant::Hold(step) => hold_want(&self.folds, d, &step, &cx),
            DeploymentWant::Start(step) => start_step(&self.folds, d, &step, &cx),
            DeploymentWant::TimeOut(step) => time_out(&self.folds, d, &step),
            DeploymentWant::Expire(hold) => expire(&self.folds, d, &hold, &cx),
            DeploymentWant::Stop(stopping) => {
                let mut append = Append::default();
                on_deployment(&mut append, &self.folds, d.id, DeploymentEvent::Stopping { stopping });
                append
            }
            DeploymentWant::Finish(end) => finish(&self.folds, d.id, &end),
        };
        self.take(append)
    }

    /// Every running step ends.
    fn end_steps(&mut self, fail: &dyn Fn(&StepId) -> bool) {
        let live: Vec<_> = self
            .folds
            .deployments
            .values()
            .flat_map(|d| {
                d.runs().filter(|(_, run)| run.is_live()).map(|(step, run)| (d.id, step.id.clone(), run.attempt)).collect::<Vec<_>>()
            })
            .collect();
        for (id, step, attempt) in live {
            let result = if fail(&step) { Err(Failure::new(format!("{step} broke"))) } else { Ok(Output::default()) };
            let d = self.folds.deployments[&id].clone();
            let append = outcome(&self.folds, &d, &step, attempt, result, self.now);
            self.take(append);
        }
    }

    fn running(&self) -> usize {
        self.folds.deployments.values().filter(|d| d.class() == crate::domain::lifecycle::Class::Busy).count()
    }

    fn newest(&self) -> std::sync::Arc<Deployment> {
        self.folds.deployments.values().max_by_key(|d| d.no()).unwrap().clone()
    }
}

fn start_step(folds: &Folds, d: &Deployment, step: &StepId, cx: &Cx<'_>) -> Append {
    super::start(folds, d, step, cx, &|_, _| Ok(Output::default()))
}

fn stack() -> StackId {
    "prod/orders".parse().unwrap()
}

fn start(purpose: Purpose) -> StartOf {
    let spec = Spec {
        system: "service".into(),
        release: "r1".into(),
        body: json!({}),
        bundle: crate::domain::digest::Digest::of_bytes(b""),
        watch_logs: vec![],
    };
    StartOf { stack: stack(), purpose, spec, of: String::new(), retry_of: None, recover: None }
}

fn step(id: &str, after: &[&str]) -> Step {
    Step {
        id: id.into(),
        title: id.into(),
        kind: "test.call".into(),
        params: json!({}),
        after: after.iter().map(|a| StepId::from(*a)).collect(),
        only_if: None,
        hold: None,
        timeout: Duration::from_mins(30),
        retry: RetryRule { attempts: 1 },
        finaliser: None,
        changes: true,
        scales: false,
        leaves: None,
    }
}

fn plan(steps: Vec<Step>) -> Plan {
    Plan { name: "test".into(), steps, rows: None, danger: Danger::default(), says: vec![], branch: None, finish_independent: false }
}

fn held(mut step: Step, kind: HoldKind) -> Step {
    step.hold = Some(HoldRule { kind, when: HoldWhen::Always, choices: vec![], never_expires: false });
    step
}

/// Check 1: ending a queued deployment leaves the running one alone; nothing starts twice.
#[test]
fn a_queued_deployment_can_be_ended_while_another_runs() {
    let plan = plan(vec![step("a", &[])]);
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploy(&plan).unwrap();
    sim.grant(&plan, true, false);
    let runner = sim.newest();
    sim.deploy(&plan).unwrap();
    let queued = sim.newest();
    assert_eq!((sim.folds.stack(&stack()).queue.len(), queued.phase.as_str()), (1, "QUEUED"));
    let intent = Intent::Cancel { deployment: queued.id };
    assert_eq!(sim.ask(&intent, &[], &plan, false), Err("guard".into()));
    sim.ask(&intent, &[], &plan, true).unwrap();
    sim.grant(&plan, true, false);
    assert_eq!(sim.folds.stack(&stack()).queue.len(), 0);
    assert_eq!(sim.folds.stack(&stack()).current, Some(runner.id));
    assert_eq!(sim.folds.deployments[&runner.id].steps[&"a".into()].attempt, 1);
    sim.end_steps(&|_| false);
    sim.grant(&plan, true, false);
    assert_eq!(sim.folds.stack(&stack()).phase, "AVAILABLE");
}

/// Check 2: a wait that fails releases the stack, by policy.
#[test]
fn a_wait_failure_releases_the_stack() {
    let plan = plan(vec![step("a", &[])]);
    for (policy, phase) in [(OnFailure::Break, "BROKEN"), (OnFailure::Continue, "MIGRATING")] {
        let mut sim = Sim::new(policy);
        sim.deploy(&plan).unwrap();
        sim.grant(&plan, false, true);
        if policy == OnFailure::Continue {
            sim.deploy(&plan).unwrap();
            sim.grant(&plan, false, false);
        }
        let fold = sim.folds.stack(&stack());
        assert_eq!(fold.phase, phase);
        assert_eq!(fold.broken.as_deref(), (policy == OnFailure::Break).then_some("stuck"));
    }
}

/// Check 3: what can never start is a failure, never a success.
#[test]
fn a_blocked_leftover_is_a_deadlock() {
    let plan = plan(vec![step("a", &["b"]), step("b", &["a"])]);
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploy(&plan).unwrap();
    sim.grant(&plan, true, false);
    assert!(matches!(&sim.newest().end, Some(End::Failed { failure }) if failure.summary.starts_with("deadlock: a, b")));
}

/// Check 4: a step that fails says why, and that is what the deployment and the stack say.
#[test]
fn the_first_failing_resource_is_the_reason() {
    let plan = plan(vec![step("a", &[])]);
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploy(&plan).unwrap();
    sim.grant(&plan, true, false);
    sim.end_steps(&|_| true);
    sim.grant(&plan, true, false);
    assert_eq!(sim.newest().first_failure().unwrap().summary, "a broke");
    assert_eq!(sim.folds.stack(&stack()).broken.as_deref(), Some("a broke"));
}

/// Check 18: late results are recorded and start nothing. Check 19: the same event twice changes nothing.
#[test]
fn late_results_and_repeated_events_start_nothing() {
    let plan = plan(vec![step("a", &[]), step("b", &["a"])]);
    let mut sim = Sim::new(OnFailure::Break);
    sim.deploy(&plan).unwrap();
    sim.grant(&plan, true, false);
    let before = sim.newest();
    let late = DeploymentEvent::StepDone { step: "a".into(), output: Output::default() };
    let mut append = Append::default();
    on_deployment(&mut append, &sim.folds, before.id, DeploymentEvent::Terminated { reason: "x".into(), by: Person::Engine });
    on_deployment(&mut append, &sim.folds, before.id, late);
    sim.take(append);
    sim.grant(&plan, true, false);
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
    sim.grant(&plan, true, false);
    let d = sim.newest();
    let hold = d.open_holds().next().expect("a downtime in production is never covered by the ask").clone();
    assert_eq!((hold.level, hold.phrase.as_str()), (Level::L3, "prod down"));
    let good = Confirm { subject: Some(hold.subject), text: hold.phrase.clone(), reason: String::new() };
    for bad in [
        Confirm { subject: None, ..good.clone() },
        Confirm { subject: Some(crate::domain::digest::Digest::of_bytes(b"x")), ..good.clone() },
        Confirm { text: "prod".into(), ..good.clone() },
        Confirm { text: "prod down ".into(), ..good.clone() },
    ] {
        assert!(approve(&sim.folds, &hold.id, &bad, None, &sim.cx(&[])).is_err(), "{bad:?}");
    }
    // The environment's record changes: the approval of the older one is void, and a new hold opens.
    let mut moved = sim.folds.clone();
    let mut record = moved.environments[&stack().env].record.clone().unwrap();
    record.account = Some("111111111111".into());
    std::sync::Arc::make_mut(moved.environments.get_mut(&stack().env).unwrap()).apply(&EnvironmentEvent::Configured { record });
    let (append, answer) = approve(&moved, &hold.id, &good, None, &sim.cx(&[])).unwrap();
    assert!(matches!(answer, Answer::Refused(_)));
    assert!(append.writes.iter().flat_map(|write| &write.events).all(|event| event.tag() == "hold_decided"));
    let (append, _) = approve(&sim.folds, &hold.id, &good, None, &sim.cx(&[])).unwrap();
    sim.take(append);
    sim.grant(&plan, true, false);
    assert_eq!(sim.newest().steps[&"down".into()].state, StepState::Active);
    assert!(approve(&sim.folds, &hold.id, &good, None, &sim.cx(&[])).is_err(), "decided once");

    let mut sim = Sim::new(OnFailure::Break);
    sim.deploy(&plan).unwrap();
    sim.grant(&plan, true, false);
    sim.now = sim.now + Duration::from_hours(24);
    assert!(approve(&sim.folds, &hold.id, &good, None, &sim.cx(&[])).is_err(), "expired");
    sim.grant(&plan, true, false);
    let d = sim.newest();
    assert!(matches!(d.end, Some(End::Terminated { .. })));
    assert!(matches!(d.holds[0].decision.as_ref().unwrap().verdict, Verdict::Expired));
    assert_eq!(sim.folds.stack(&stack()).phase, "DELETED", "it was never created");
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
            rule.choices = vec![crate::domain::plan::Choice { name: "old".into(), does: "old release up".into() }];
        }
        step
    };
    let plan = plan(vec![step("before", &[]), step("scale-down", &["before"]), step("execute", &["scale-down"]), restore("scale-down")]);
    for (fails, asks) in [("before", false), ("scale-down", true), ("execute", true)] {
        let mut sim = Sim::new(OnFailure::Break);
        sim.deploy(&plan).unwrap();
        for _ in 0..6 {
            sim.grant(&plan, true, false);
            sim.end_steps(&|step| step.as_str() == fails);
        }
        sim.grant(&plan, true, false);
        let d = sim.newest();
        assert_eq!(d.open_holds().any(|hold| hold.kind == HoldKind::RestoreService && hold.expires_at.is_none()), asks, "{fails} fails");
        assert_eq!(d.is_over(), !asks);
    }
}

#[derive(Debug, Clone)]
enum Move {
    Deploy,
    Teardown,
    Cancel(u8),
    Freeze,
    Thaw,
    Ends { fail: u8 },
    Approve,
    Reject,
    Free,
    Hours(u8),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    prop::collection::vec(
        prop_oneof![
            4 => Just(Move::Deploy),
            1 => Just(Move::Teardown),
            2 => any::<u8>().prop_map(Move::Cancel),
            1 => Just(Move::Freeze),
            1 => Just(Move::Thaw),
            6 => any::<u8>().prop_map(|fail| Move::Ends { fail }),
            3 => Just(Move::Approve),
            1 => Just(Move::Reject),
            2 => Just(Move::Free),
            1 => (0u8..30).prop_map(Move::Hours),
        ],
        1..40,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever people, steps and time do: one deployment at most runs on a stack, queues keep their order, no step starts that
    /// has a hold without an approval for its subject, done means that every step is finished, and the log folds to the same again.
    #[test]
    fn any_history_keeps_the_rules(history in moves(), go_on in any::<bool>()) {
        let plan = plan(vec![step("a", &[]), held(step("b", &["a"]), HoldKind::Downtime), step("c", &["b"])]);
        let mut sim = Sim::new(if go_on { OnFailure::Continue } else { OnFailure::Break });
        for one in history {
            match one {
                Move::Deploy => { let _ = sim.deploy(&plan); }
                Move::Teardown => { let _ = sim.teardown(&plan); }
                Move::Cancel(n) => {
                    let all: Vec<_> = sim.folds.deployments.keys().copied().collect();
                    if let Some(id) = all.get(usize::from(n) % all.len().max(1)) {
                        let _ = sim.ask(&Intent::Cancel { deployment: *id }, &[], &plan, true);
                    }
                }
                Move::Freeze => {
                    let _ = sim.ask(&Intent::Freeze { target: QueueOf::Stack(stack()), reason: "x".into(), until: None }, &[], &plan, true);
                }
                Move::Thaw => { let _ = sim.ask(&Intent::Thaw { target: QueueOf::Stack(stack()) }, &[], &plan, true); }
                Move::Ends { fail } => sim.end_steps(&|_| fail % 4 == 0),
                Move::Approve | Move::Reject => {
                    let open = sim.folds.open_holds().first().map(|(_, hold)| (*hold).clone());
                    if let Some(hold) = open {
                        let confirm = Confirm { subject: Some(hold.subject), text: hold.phrase, reason: "r".into() };
                        let decided = match one {
                            Move::Approve => approve(&sim.folds, &hold.id, &confirm, None, &sim.cx(&[])),
                            _ => reject(&sim.folds, &hold.id, "no", &sim.cx(&[])),
                        };
                        if let Ok((append, _)) = decided { sim.take(append); }
                    }
                }
                Move::Free => {
                    let intent = Intent::Unblock { stack: stack(), way: crate::domain::ask::Way::Free };
                    let _ = sim.ask(&intent, &[], &plan, true);
                }
                Move::Hours(n) => sim.now = sim.now + Duration::from_hours(u64::from(n)),
            }
            sim.grant(&plan, true, false);
            prop_assert!(sim.running() <= 1, "two run at once");
            let fold = sim.folds.stack(&stack());
            let jumped: Vec<DeploymentNo> = sim.log.iter().filter_map(|stored| match &stored.event {
                Ok(Event::Stack(StackEvent::Requested { entry, place: crate::domain::stack::Place::Head, .. })) => Some(entry.no),
                _ => None,
            }).collect();
            // A way out of BROKEN goes to the head; all others keep the order in which they were asked for.
            let numbers: Vec<DeploymentNo> = fold.queue.iter().map(|e| e.no).filter(|no| !jumped.contains(no)).collect();
            let mut sorted = numbers.clone();
            sorted.sort();
            prop_assert_eq!(&numbers, &sorted, "out of order");
            for d in sim.folds.deployments.values() {
                if let Some(run) = d.steps.get(&StepId::from("b")) && run.ever_started() {
                    let subject = run.subject.expect("a held step starts with a subject");
                    prop_assert!(d.holds.iter().any(|hold| hold.approves(&subject)), "started without an approval");
                }
                if d.end == Some(End::Done) {
                    prop_assert!(d.steps.values().all(|run| run.state.is_finished()));
                }
                prop_assert!(d.is_over() || d.phase == "QUEUED" || fold.current == Some(d.id), "{} runs without the lock", d.no());
                if let Some(Stopping::Cancelling { .. }) = d.stopping {
                    prop_assert!(d.end != Some(End::Done), "a cancelled deployment is never done");
                }
            }
        }
        let mut again = Folds::default();
        for stored in &sim.log {
            let text = serde_json::to_value(stored.event.as_ref().unwrap()).unwrap();
            let event = crate::domain::event::Event::read(&stored.stream, 1, text);
            again.apply(&Stored { event, ..stored.clone() });
        }
        prop_assert_eq!(again, sim.folds);
    }
}

/// A withdrawn recovery leaves a broken stack broken.
#[test]
fn a_withdrawn_way_out_leaves_it_broken() {
    let plan = plan(vec![held(step("a", &[]), HoldKind::Downtime)]);
    let mut sim = Sim::new(OnFailure::Break);
    let mut append = Append::default();
    on_stack(&mut append, &sim.folds, &stack(), StackEvent::AdoptedBroken { status: "ROLLBACK_COMPLETE".into() });
    sim.take(append);
    sim.deploy(&plan).unwrap();
    sim.grant(&plan, false, false);
    let hold = sim.newest().open_holds().next().unwrap().id.clone();
    let (append, _) = reject(&sim.folds, &hold, "not now", &sim.cx(&[])).unwrap();
    sim.take(append);
    sim.grant(&plan, false, false);
    assert_eq!(sim.folds.stack(&stack()).phase, "BROKEN");
    assert_eq!(sim.folds.stack(&stack()).broken.as_deref(), Some("found ROLLBACK_COMPLETE"));
}
