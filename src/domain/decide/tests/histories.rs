//! Random histories of four stacks, one of which is a whole of two others now and then: what people ask, how steps end, how time goes, in any order.
//! The laws hold throughout, and at the end all comes to an end.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::laws;
use super::outside::{plan, plans};
use super::sim::{Ends, Sim, attached_as, env, record};
use crate::domain::ask::{Attached, Intent, QueueOf, Source, Way};
use crate::domain::class::EnvClass;
use crate::domain::decide::*;
use crate::domain::deployment::{Deployment, Phase, StepState};
use crate::domain::end::End;
use crate::domain::environment::{Mode, OnFailure, QueuePolicy};
use crate::domain::flag::Flags;
use crate::domain::level::Level;
use crate::domain::lifecycle;
use crate::domain::plan::{Plan, Role, Step};
use crate::domain::stack::Stack;

/// One thing that somebody does, or that happens. Numbers choose among what there is.
#[derive(Debug, Clone)]
enum Move {
    Deploy { stack: u8, release: u8, armed: bool },
    Chain { release: u8 },
    Redeploy(u8),
    Rollback(u8),
    Retry(u8),
    Teardown(u8),
    Cancel(u8),
    Abandon(u8),
    Undo(u8),
    Unblock { stack: u8, way: u8 },
    Freeze { what: u8, hours: Option<u8> },
    Thaw(u8),
    Whole { release: u8, at_once: Option<u8> },
    Ends { how: u8, branch: bool, ask: bool },
    Decide(bool),
    Apply(u8),
    Seconds(u8),
    Hours(u8),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let any = proptest::arbitrary::any::<u8>;
    let one = prop_oneof![
        12 => (any(), any(), prop::bool::weighted(0.3)).prop_map(|(stack, release, armed)| Move::Deploy { stack, release, armed }),
        2 => any().prop_map(|release| Move::Chain { release }),
        2 => any().prop_map(Move::Redeploy),
        4 => any().prop_map(Move::Rollback),
        3 => any().prop_map(Move::Retry),
        2 => any().prop_map(Move::Teardown),
        3 => any().prop_map(Move::Cancel),
        1 => any().prop_map(Move::Abandon),
        2 => any().prop_map(Move::Undo),
        6 => (any(), any()).prop_map(|(stack, way)| Move::Unblock { stack, way }),
        2 => (any(), prop::option::of(0u8..4)).prop_map(|(what, hours)| Move::Freeze { what, hours }),
        2 => any().prop_map(Move::Thaw),
        3 => (any(), prop::option::of(1u8..3)).prop_map(|(release, at_once)| Move::Whole { release, at_once }),
        24 => (any(), prop::bool::ANY, prop::bool::ANY).prop_map(|(how, branch, ask)| Move::Ends { how, branch, ask }),
        12 => prop::bool::weighted(0.85).prop_map(Move::Decide),
        1 => any().prop_map(Move::Apply),
        4 => (1u8..8).prop_map(Move::Seconds),
        1 => (1u8..30).prop_map(Move::Hours),
    ];
    prop::collection::vec(one, 1..70)
}

/// How many stacks there are.
const STACKS: u8 = 4;

fn id(n: u8) -> StackId {
    ["prod/a", "prod/a/nl/b", "prod/c", "prod/a/nl"][usize::from(n % STACKS)]
        .parse()
        .unwrap()
}

fn whose(n: u8) -> QueueOf {
    if n % (STACKS + 1) == STACKS {
        QueueOf::Environment(env())
    } else {
        QueueOf::Stack(id(n))
    }
}

/// The history of one case.
struct Case {
    sim: Sim,
    releases: Vec<Plan>,
    /// The system of each stack.
    systems: Vec<&'static str>,
}

impl Case {
    fn files(&self, stack: &StackId, release: u8) -> Attached {
        let n = usize::from(release) % self.releases.len();
        let system = (0..STACKS)
            .find(|n| id(*n) == *stack)
            .map_or("service", |n| self.systems[usize::from(n)]);
        attached_as(system, stack, &format!("r{n}"), &self.releases[n])
    }

    fn ask(&mut self, intent: &Intent) {
        let _ = self.sim.ask(intent, &[], true, false);
    }

    fn one(&self, n: u8, which: impl Fn(&Deployment) -> bool) -> Option<DeploymentId> {
        let all: Vec<DeploymentId> = self
            .sim
            .folds
            .deployments
            .values()
            .filter(|d| which(d))
            .map(|d| d.id)
            .collect();
        all.get(usize::from(n) % all.len().max(1)).copied()
    }

    fn makes(&mut self, one: &Move) {
        match *one {
            Move::Deploy {
                stack,
                release,
                armed,
            } => {
                let intent = Intent::deploy(id(stack), Source::Estate);
                let _ = self
                    .sim
                    .ask(&intent, &[self.files(&id(stack), release)], true, armed);
            }
            Move::Chain { release } => {
                // None of them waits for the whole, which may wait for one of them.
                let stacks = vec![id(2), id(1), id(3)];
                let after = BTreeMap::from([(id(1), vec![id(2)]), (id(3), vec![id(2), id(1)])]);
                let files: Vec<Attached> = stacks
                    .iter()
                    .map(|stack| self.files(stack, release))
                    .collect();
                let _ = self.sim.ask(
                    &Intent::Deploy {
                        stacks,
                        source: Source::Estate,
                        after,
                        flags: Flags::new(),
                    },
                    &files,
                    true,
                    false,
                );
            }
            Move::Redeploy(n) => self.ask(&Intent::deploy(id(n), Source::Same)),
            Move::Rollback(n) => self.ask(&Intent::Rollback {
                stack: id(n),
                to: None,
            }),
            Move::Retry(n) => {
                if let Some(deployment) = self.one(n, |d| {
                    matches!(
                        d.end,
                        Some(End::Partial { .. } | End::Failed { .. } | End::Terminated { .. })
                    )
                }) {
                    self.ask(&Intent::Retry { deployment });
                }
            }
            Move::Teardown(n) => self.ask(&Intent::teardown(id(n))),
            Move::Cancel(n) => {
                if let Some(deployment) = self.one(n, |d| !d.is_over()) {
                    self.ask(&Intent::Cancel { deployment });
                }
            }
            Move::Abandon(n) => {
                if let Some(deployment) = self.one(n, |d| d.stopping.is_some() && !d.is_over()) {
                    self.ask(&Intent::Abandon { deployment });
                }
            }
            Move::Undo(n) => {
                if let Some(deployment) = self.one(n, |d| d.phase == Phase::Queued) {
                    let decided = undo(&self.sim.folds, deployment, &self.sim.cx(&[]));
                    let (append, _) = decided.expect("what waits can be undone");
                    self.sim.take(append);
                }
            }
            Move::Whole { release, at_once } => self.whole(release, at_once),
            Move::Unblock { stack, way } => self.unblock(&id(stack), way),
            Move::Freeze { what, hours } => {
                let until =
                    hours.map(|hours| self.sim.now + Duration::from_hours(u64::from(hours)));
                self.ask(&Intent::Freeze {
                    target: whose(what),
                    reason: "x".into(),
                    until,
                });
            }
            Move::Thaw(n) => self.ask(&Intent::Thaw { target: whose(n) }),
            Move::Ends { how, branch, ask } => {
                let output = json!({ "branch": if branch { "x" } else { "y" }, "ask": ask });
                self.sim
                    .end_steps(&output, &|step| ends(how, step.as_str()));
            }
            Move::Decide(yes) => self.sim.decide(yes),
            Move::Apply(n) => self.apply(n),
            Move::Seconds(n) => self.sim.now = self.sim.now + Duration::from_secs(u64::from(n)),
            Move::Hours(n) => self.sim.now = self.sim.now + Duration::from_hours(u64::from(n)),
        }
    }

    fn unblock(&mut self, stack: &StackId, way: u8) {
        let lost = self.sim.live().into_iter().find(|(id, step, _)| {
            let d = &self.sim.folds.deployments[id];
            d.steps[step].state == StepState::Lost && d.stack() == Some(stack)
        });
        let way = match (way % 6, lost) {
            (0, Some((deployment, step, _))) => Way::ResolveFailed { deployment, step },
            (1, Some((deployment, step, _))) => Way::ResolveDone { deployment, step },
            (2, _) => Way::Retry,
            (3, _) => Way::LastGood,
            (4, _) => Way::Free,
            _ => Way::Recover,
        };
        let files = self.files(stack, 0);
        let asked = self.sim.ask(
            &Intent::unblock(stack.clone(), way.clone()),
            &[files],
            true,
            false,
        );
        if let (Ok(()), Way::ResolveDone { deployment, step }) = (asked, way) {
            let d = self.sim.folds.deployments[&deployment].clone();
            self.sim.ended(&d, &step, Ends::Well);
        }
    }

    /// `prod/a` is deployed as its two parts, one of which comes after the other in half of the
    /// cases.
    fn whole(&mut self, release: u8, at_once: Option<u8>) {
        let parts = [id(3), id(1)];
        let part = |of: &StackId, after: &[&str]| {
            let (name, kind) = (of.name(), StepKind::Part(of.clone()));
            Step::new(Role::Child, name.as_str(), "part", kind, json!({})).after(after)
        };
        let first = parts[0].name();
        let before = [first.as_str()];
        let before = if release.is_multiple_of(2) {
            &before[..]
        } else {
            &[]
        };
        let plan = Plan {
            finish_independent: true,
            at_once: at_once.map(usize::from),
            ..plan(vec![part(&parts[0], &[]), part(&parts[1], before)])
        };
        let mut whole = self.files(&id(0), release);
        whole.spec.body = json!(plan);
        let files = |of: &StackId| (of.part.clone().unwrap(), self.files(of, release).spec);
        whole.spec.parts = parts.iter().map(files).collect();
        let intent = Intent::deploy(id(0), Source::Estate);
        let _ = self.sim.ask(&intent, &[whole], true, false);
    }

    fn apply(&mut self, n: u8) {
        let mut record = self.sim.record();
        match n % 5 {
            0 => record.mode = Mode::Watch,
            1 => record.mode = Mode::Deploy,
            2 => record.class = EnvClass::Production,
            3 => record.min_level = Some(Level::L3),
            _ => record.hold_expiry = Duration::from_hours(u64::from(n) % 48 + 1),
        }
        self.sim.configure(record);
    }

    /// True for what is queued on a broken stack, for what is queued behind one that needs another,
    /// which may be queued there, and for a whole whose part is, with what is queued behind that.
    fn waits_for_a_person(&self, d: &Deployment) -> bool {
        let fold = d.stack().map(|stack| self.sim.folds.stack(stack));
        let all = &self.sim.folds.deployments;
        let current = fold.as_ref().and_then(|fold| all.get(&fold.current?));
        let mut parts = current
            .into_iter()
            .flat_map(|whole| whole.parts())
            .filter_map(|id| all.get(&id));
        if parts.any(|part| self.waits_for_a_person(part)) {
            return true;
        }
        let stands = |fold: &Stack| {
            fold.class() == lifecycle::PhaseClass::Broken
                || fold.queue.iter().any(|entry| !entry.after.is_empty())
        };
        d.phase == Phase::Queued && fold.is_some_and(|fold| stands(&fold))
    }

    /// Whatever holds things up goes away: the environment may be changed, nothing is frozen, steps
    /// end well, people approve.
    fn runs_out(&mut self) {
        let mut record = self.sim.record();
        record.mode = Mode::Deploy;
        self.sim.configure(record);
        for what in 0..=STACKS {
            self.ask(&Intent::Thaw {
                target: whose(what),
            });
        }
        for _ in 0..200 {
            self.sim.grant();
            laws::at_rest(&self.sim);
            if !self
                .sim
                .folds
                .deployments
                .values()
                .any(|d| !d.is_over() && !self.waits_for_a_person(d))
            {
                return;
            }
            self.sim.now = self.sim.now + Duration::from_secs(10);
            for n in 0..STACKS {
                self.unblock(&id(n), 1);
            }
            self.sim
                .end_steps(&json!({ "branch": "x", "ask": false }), &|_| Ends::Well);
            self.sim.decide(true);
        }
        let left: Vec<_> = self
            .sim
            .folds
            .deployments
            .values()
            .filter(|d| !d.is_over())
            .map(|d| (d.no(), d.phase))
            .collect();
        panic!("these never end: {left:?}");
    }
}

/// Most steps end well.
fn ends(how: u8, step: &str) -> Ends {
    match how % 16 {
        0..=2 => Ends::Badly,
        3 | 4 if step != "s0" => Ends::Badly,
        5 => Ends::Stuck,
        6 => Ends::Lost,
        _ => Ends::Well,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 500, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn any_history_keeps_the_laws(
        history in moves(),
        releases in prop::collection::vec(plans(), 3),
        systems in prop::collection::vec(prop::sample::select(vec!["service", "script", "press"]), usize::from(STACKS)),
        go_on in any::<bool>(),
        queue in prop::sample::select(vec![QueuePolicy::Queue, QueuePolicy::Latest, QueuePolicy::Refuse]),
        class in prop::sample::select(vec![EnvClass::Production, EnvClass::Development]),
    ) {
        let on_failure = if go_on { OnFailure::Continue } else { OnFailure::Break };
        let mut case = Case { sim: Sim::with(record(class, on_failure, queue)), releases, systems };
        for one in &history {
            case.makes(one);
            case.sim.grant();
            laws::at_rest(&case.sim);
        }
        case.runs_out();
        prop_assert_eq!(case.sim.replayed(), case.sim.folds);
    }
}
