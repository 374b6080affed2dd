//! The engine on a stepped clock, a store in memory and a world outside that keeps a ledger: what
//! runs, what is held, and that being killed at any point costs a delay and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::domain::ask::{
    Answer, Ask, AskState, Attached, Confirm, InboxAsk, Intent, QueueOf, Source,
};
use crate::domain::cause::Via;
use crate::domain::class::EnvClass;
use crate::domain::deployment::{Deployment, Phase, StepState};
use crate::domain::digest::Digest;
use crate::domain::end::End;
use crate::domain::environment::{EnvironmentRecord, Mode, OnFailure, QueuePolicy};
use crate::domain::failure::{Failure, Retry};
use crate::domain::flag::{self, Flag};
use crate::domain::given;
use crate::domain::hold::HoldKind;
use crate::domain::ids::{DeploymentId, EnvName, StackId, StepId};
use crate::domain::line::Line;
use crate::domain::look::{Look, Quiet, Sight, Sights, Subject};
use crate::domain::place::{Place, Places, Proof};
use crate::domain::plan::given::{plan, step};
use crate::domain::plan::{Cancel, Finaliser, HoldRule, HoldWhen, Output, Plan, Step};
use crate::domain::purpose::Purpose;
use crate::domain::request::{SourceBundle, Spec};
use crate::exec::{Executor, Found, Job};
use crate::observe::{Follow, LookOn};
use crate::os::clock::{Clock as _, Stepped};
use crate::store::Store;
use crate::store::memory::Memory;
use crate::systems::entry::{Claim, Form, Home, Remarks, Written};
use crate::systems::files::{Files, Read};
use crate::systems::script::Script;
use crate::systems::{PlanAsk, System};
use crate::text::document::Node;
use eyes::Blind;

mod asks;
mod clock;
pub(super) mod eyes;
mod faults;
mod kills;
mod many;
mod places;
mod press;
mod races;
mod recall;
mod trouble;
mod two;
mod watchdog;

/// A system for tests: the spec's body is the plan.
#[derive(Debug)]
struct Given;

impl System for Given {
    fn name(&self) -> &'static str {
        "script"
    }
    fn flags(&self) -> &'static [Flag] {
        const FLAGS: &[Flag] = &[Flag {
            name: "thorough",
            form: flag::Form::Switch(false),
            purposes: &[Purpose::Deploy],
            says: "looks twice",
        }];
        FLAGS
    }
    fn looks(&self, _: &PlanAsk, _: &Spec, _: &Sights) -> Vec<Look> {
        vec![]
    }
    fn plan(&self, ask: &PlanAsk, spec: &Spec, _: &Sights) -> Result<Plan, Failure> {
        if let Some(seconds) = spec.body["fails"].as_u64() {
            let again = Retry::After(Duration::from_secs(seconds));
            return Err(Failure::new("the cloud failed (500)").retry(again));
        }
        let mut plan: Plan = serde_json::from_value(spec.body.clone())
            .map_err(|why| Failure::new(why.to_string()))?;
        if ask
            .flags
            .values()
            .any(|value| *value == flag::Value::Switch(true))
        {
            plan.steps.push(step("again", &[]));
        }
        Ok(plan)
    }
    fn quiet(&self, _: Purpose, _: &flag::Flags, _: &Sights) -> Quiet {
        Quiet::Quiet
    }
    fn eval(&self, _: &str, _: &Value) -> Option<Result<Output, String>> {
        Some(Ok(Output::default()))
    }
    fn carry(&self, old: &Deployment, plan: &Plan) -> Vec<(StepId, Output)> {
        Script.carry(old, plan)
    }
    // Its stacks come from asks, never from an estate file.
    fn form(&self) -> &'static Form {
        Script.form()
    }
    fn check(&self, _: &Written<'_>, _: &mut Remarks) {}
    fn secrets(&self, _: &str, _: &Node) -> Remarks {
        Remarks::default()
    }
    fn reach(&self, _: &str, _: &str, _: &Value) -> Vec<String> {
        vec![]
    }
    fn claims(&self, _: &str, _: &Home<'_>, _: &Value) -> Vec<Claim> {
        vec![]
    }
    fn read(&self, _: &StackId, _: &Value, _: &Files) -> Read {
        Read::Stacks(vec![])
    }
}

/// The world outside: every call with its token, and what it did.
#[derive(Default)]
struct Outside {
    effects: Mutex<BTreeMap<String, u32>>,
    tokens: Mutex<BTreeSet<String>>,
    failing: Mutex<BTreeSet<String>>,
}

/// A hand that starts something under a token, waits, and asks how it ended.
struct Hand {
    outside: Arc<Outside>,
}

impl Hand {
    fn call(&self, job: &Job) {
        let token = job.token(1);
        if self.outside.tokens.lock().unwrap().insert(token) {
            *self
                .outside
                .effects
                .lock()
                .unwrap()
                .entry(job.step.to_string())
                .or_default() += 1;
        }
    }
}

impl Executor for Hand {
    fn kind(&self) -> crate::domain::plan::StepKind {
        "test.call".into()
    }
    fn check(&self, _: &Value) -> Result<(), String> {
        Ok(())
    }
    fn run(&self, job: Job) -> BoxFuture<'_, Result<Output, Failure>> {
        async move {
            if !job.notes.contains_key("called") {
                job.port.note("calling", json!(job.token(1))).await?;
                self.call(&job);
                job.port.note("called", json!(true)).await?;
            }
            tokio::select! {
                () = job.port.sleep(Duration::from_secs(10)) => {}
                () = job.port.cancelled() => return Err(Failure::new("stopped half-way")),
            }
            if self
                .outside
                .failing
                .lock()
                .unwrap()
                .contains(job.step.as_str())
            {
                return Err(Failure::new(format!("{} broke", job.step)));
            }
            Ok(Output::public(json!({ "made": job.step.as_str() })))
        }
        .boxed()
    }
    fn find(&self, job: Job) -> BoxFuture<'_, Found> {
        let called = self.outside.tokens.lock().unwrap().contains(&job.token(1));
        async move {
            if called {
                Found::StillRunning
            } else {
                Found::NeverStarted
            }
        }
        .boxed()
    }
    fn cancel(&self) -> Cancel {
        Cancel::BestEffort
    }
}

struct NoLines;

impl Lines for NoLines {
    fn take(&self, _: Vec<Line>) {}
}

struct Bench {
    store: Memory,
    clock: Stepped,
    outside: Arc<Outside>,
    ids: Arc<AtomicU64>,
}

impl Bench {
    fn new() -> Self {
        let clock = Stepped::at(Time(1_800_000_000_000));
        Self {
            store: Memory::by(Arc::new(clock.clone())),
            clock,
            outside: Arc::default(),
            ids: Arc::default(),
        }
    }

    /// The parts of the one engine, elected after whoever was there before.
    fn parts(&self, failpoint: Option<Failpoint>) -> Parts {
        self.parts_of(self.store.elected(), Share::All, failpoint)
    }

    fn parts_of(&self, store: Memory, share: Share, failpoint: Option<Failpoint>) -> Parts {
        let ids = self.ids.clone();
        let hand: Arc<dyn Executor> = Arc::new(Hand {
            outside: self.outside.clone(),
        });
        Parts {
            store: Arc::new(store),
            share,
            clock: Arc::new(self.clock.clone()),
            executors: Arc::new(BTreeMap::from([("test.call".to_owned(), hand)])),
            systems: |name| (name == "script").then_some(&Given as &dyn System),
            eyes: Arc::new(Blind::proving(|_| None)),
            job: Arc::new(|_, _, _| PathBuf::new()),
            lasting: Arc::new(|_| PathBuf::new()),
            lines: Arc::new(NoLines),
            replies: None,
            failpoint,
            fresh: Arc::new(move || {
                Uuid::from_u128(u128::from(ids.fetch_add(1, Ordering::Relaxed)) + 1)
            }),
        }
    }

    async fn ask(&self, n: u128, ask: Ask) -> AskId {
        let id = AskId(Uuid::from_u128(1_000_000 + n));
        self.store
            .submit(&InboxAsk::new(id, Via::Verb, ask), self.clock.now())
            .await
            .unwrap();
        id
    }

    async fn environment(&self, class: EnvClass) {
        self.environment_at(class, Places::default()).await;
    }

    async fn environment_at(&self, class: EnvClass, places: Places) {
        let record = EnvironmentRecord {
            class,
            places,
            on_failure: OnFailure::Break,
            queue: QueuePolicy::Queue,
            mode: Mode::Deploy,
            min_level: None,
            hold_expiry: Duration::from_hours(24),
        };
        let environments = BTreeMap::from([("dev".parse().unwrap(), record)]);
        self.ask(
            0,
            Ask::Do {
                intent: Intent::Apply { environments },
                attached: vec![],
                confirm: Confirm::default(),
                armed: false,
            },
        )
        .await;
    }

    /// Lets an engine work until nothing happens any more, moving the clock from wake to wake.
    async fn settle(&self, engine: &mut Engine) -> Result<(), EngineError> {
        let mut asks = true;
        for _ in 0..400 {
            engine.step(std::mem::take(&mut asks)).await?;
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
            let before = engine.folds().seq;
            engine.step(true).await?;
            if engine.folds().seq == before && self.clock.advance_to_next().is_none() {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn answer(&self, id: AskId) -> Answer {
        match self.store.ask(id).await.unwrap() {
            Some(AskState::Answered { answer }) => answer,
            other => panic!("no answer: {other:?}"),
        }
    }

    fn effects(&self) -> BTreeMap<String, u32> {
        self.outside.effects.lock().unwrap().clone()
    }
}

fn stack() -> StackId {
    "dev/chores".parse().unwrap()
}

fn deploy(steps: Vec<Step>) -> Ask {
    let plan = plan(steps);
    let bundle = SourceBundle::default();
    let spec = given::spec("script", "r1", serde_json::to_value(plan).unwrap());
    Ask::Do {
        intent: Intent::deploy(stack(), Source::Estate),
        attached: vec![Attached {
            stack: stack(),
            spec,
            bundle,
        }],
        confirm: Confirm::default(),
        armed: false,
    }
}

fn held(mut step: Step, kind: HoldKind) -> Step {
    step.hold = Some(HoldRule {
        kind,
        when: HoldWhen::Always,
        choices: vec![],
        never_expires: false,
    });
    step
}

fn only(engine: &Engine) -> Arc<crate::domain::deployment::Deployment> {
    engine.folds().deployments.values().next().unwrap().clone()
}

#[tokio::test]
async fn a_deployment_runs_to_its_end() {
    let bench = Bench::new();
    bench.environment(EnvClass::Development).await;
    let id = bench
        .ask(
            1,
            deploy(vec![step("a", &[]), step("b", &["a"]), step("c", &["a"])]),
        )
        .await;
    let mut engine = Engine::open(bench.parts(None)).await.unwrap();
    bench.settle(&mut engine).await.unwrap();
    assert!(
        matches!(bench.answer(id).await, Answer::Accepted { deployments, .. } if deployments.len() == 1)
    );
    let d = only(&engine);
    assert_eq!(d.end, Some(End::Done), "{:#?}", d.steps);
    assert_eq!(engine.folds().stack(&stack()).phase, "READY");
    assert_eq!(
        bench.effects(),
        BTreeMap::from([("a".into(), 1), ("b".into(), 1), ("c".into(), 1)])
    );
}

#[tokio::test]
async fn a_failure_breaks_the_stack_and_a_redeploy_opens_the_way_out() {
    let bench = Bench::new();
    bench.environment(EnvClass::Development).await;
    bench.outside.failing.lock().unwrap().insert("a".into());
    bench
        .ask(1, deploy(vec![step("a", &[]), step("b", &["a"])]))
        .await;
    let mut engine = Engine::open(bench.parts(None)).await.unwrap();
    bench.settle(&mut engine).await.unwrap();
    let d = only(&engine);
    assert!(matches!(&d.end, Some(End::Failed { failure }) if failure.summary == "a broke"));
    assert_eq!(d.steps[&StepId::from("b")].state, StepState::Cancelled);
    assert_eq!(engine.folds().stack(&stack()).phase, "FAILED");
    bench.outside.failing.lock().unwrap().clear();
    bench.ask(2, deploy(vec![step("a", &[])])).await;
    bench.settle(&mut engine).await.unwrap();
    assert_eq!(engine.folds().stack(&stack()).phase, "READY");
}

/// A step that nobody does any more, after another version took over, may go on outside: a person
/// decides, and is told why.
#[tokio::test]
async fn a_step_that_nobody_does_any_more_goes_to_a_person() {
    let bench = Bench::new();
    bench.environment(EnvClass::Development).await;
    bench.ask(1, deploy(vec![step("a", &[])])).await;
    let mut engine = Engine::open(bench.parts(None)).await.unwrap();
    for _ in 0..20 {
        engine.step(true).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(
        only(&engine).steps[&StepId::from("a")].state,
        StepState::Active
    );
    drop(engine);
    let mut engine = Engine::open(Parts {
        executors: Arc::default(),
        ..bench.parts(None)
    })
    .await
    .unwrap();
    bench.settle(&mut engine).await.unwrap();
    let d = only(&engine);
    let run = &d.steps[&StepId::from("a")];
    assert_eq!((run.state, &d.end), (StepState::Lost, &None));
    let told = run.failure.as_ref().is_some_and(|failure| {
        failure.retry == Retry::AskAPerson && failure.summary.contains("test.call")
    });
    assert!(told, "{:?}", run.failure);
}

#[tokio::test]
async fn a_hold_waits_for_exactly_its_subject_and_words() {
    let bench = Bench::new();
    bench.environment(EnvClass::Development).await;
    bench
        .ask(
            1,
            deploy(vec![
                step("a", &[]),
                held(step("b", &["a"]), HoldKind::ReviewPlan),
            ]),
        )
        .await;
    let mut engine = Engine::open(bench.parts(None)).await.unwrap();
    // The hold expires after a day: do not let the clock run that far.
    for _ in 0..40 {
        engine.step(true).await.unwrap();
        tokio::task::yield_now().await;
        if bench
            .clock
            .next_wake()
            .is_some_and(|at| at.since(bench.clock.now()) < Duration::from_hours(1))
        {
            bench.clock.advance_to_next();
        }
    }
    let hold = only(&engine)
        .open_holds()
        .next()
        .expect("a hold is open")
        .clone();
    assert_eq!(bench.effects().get("b"), None);
    let try_with = |n, subject, text: &str| {
        let confirm = Confirm {
            subject,
            text: text.to_owned(),
            reason: String::new(),
        };
        bench.ask(
            n,
            Ask::Approve {
                hold: hold.id.clone(),
                confirm,
                choice: None,
            },
        )
    };
    let wrong = [
        try_with(10, None, &hold.phrase).await,
        try_with(11, Some(Digest::of_bytes(b"other")), &hold.phrase).await,
        try_with(12, Some(hold.subject), "yes").await,
        try_with(13, Some(hold.subject), "").await,
    ];
    engine.step(true).await.unwrap();
    for id in wrong {
        assert!(matches!(bench.answer(id).await, Answer::Refused(_)));
    }
    assert_eq!(bench.effects().get("b"), None);
    try_with(20, Some(hold.subject), &hold.phrase).await;
    bench.settle(&mut engine).await.unwrap();
    assert_eq!(only(&engine).end, Some(End::Done));
    assert_eq!(bench.effects()["b"], 1);
}

#[tokio::test]
async fn a_hold_that_nobody_decides_rejects() {
    let bench = Bench::new();
    bench.environment(EnvClass::Development).await;
    bench
        .ask(1, deploy(vec![held(step("a", &[]), HoldKind::ReviewPlan)]))
        .await;
    let mut engine = Engine::open(bench.parts(None)).await.unwrap();
    engine.step(true).await.unwrap();
    bench.settle(&mut engine).await.unwrap();
    bench.clock.advance(Duration::from_hours(25));
    bench.settle(&mut engine).await.unwrap();
    assert!(
        matches!(only(&engine).end, Some(End::Terminated { .. })),
        "{:?}",
        only(&engine).end
    );
    assert!(bench.effects().is_empty());
    assert_eq!(
        engine.folds().stack(&stack()).phase,
        "READY",
        "nothing changed: the stack is as it was"
    );
}

#[tokio::test]
async fn a_cancel_stops_what_runs_and_finalisers_still_run() {
    let bench = Bench::new();
    bench.environment(EnvClass::Development).await;
    let mut last = step("sweep", &["a"]);
    last.finaliser = Some(Finaliser::Always);
    bench
        .ask(1, deploy(vec![step("a", &[]), step("b", &["a"]), last]))
        .await;
    let mut engine = Engine::open(bench.parts(None)).await.unwrap();
    for _ in 0..20 {
        engine.step(true).await.unwrap();
        tokio::task::yield_now().await;
    }
    let d = only(&engine);
    assert_eq!(d.steps[&StepId::from("a")].state, StepState::Active);
    let intent = Intent::Cancel { deployment: d.id };
    let refused = bench
        .ask(
            2,
            Ask::Do {
                intent: intent.clone(),
                attached: vec![],
                confirm: Confirm::default(),
                armed: false,
            },
        )
        .await;
    engine.step(true).await.unwrap();
    let Answer::Refused(refused) = bench.answer(refused).await else {
        panic!("a cancel is guarded")
    };
    let card = refused.card.expect("the card comes with the refusal");
    let confirm = Confirm {
        subject: Some(card.subject),
        text: card.phrase.unwrap(),
        reason: String::new(),
    };
    bench
        .ask(
            3,
            Ask::Do {
                intent,
                attached: vec![],
                confirm,
                armed: false,
            },
        )
        .await;
    bench.settle(&mut engine).await.unwrap();
    let d = only(&engine);
    assert!(
        matches!(&d.end, Some(End::Terminated { .. })),
        "{:?}",
        d.end
    );
    assert_eq!(d.steps[&StepId::from("a")].state, StepState::Cancelled);
    assert_eq!(
        bench.effects(),
        BTreeMap::from([("a".into(), 1), ("sweep".into(), 1)])
    );
}

#[tokio::test]
async fn a_freeze_holds_the_queue_and_the_thaw_lets_it_go() {
    let bench = Bench::new();
    bench.environment(EnvClass::Development).await;
    let freeze = Intent::Freeze {
        target: QueueOf::Environment("dev".parse().unwrap()),
        reason: "INC-1".into(),
        until: None,
    };
    bench
        .ask(
            1,
            Ask::Do {
                intent: freeze,
                attached: vec![],
                confirm: Confirm::default(),
                armed: false,
            },
        )
        .await;
    bench.ask(2, deploy(vec![step("a", &[])])).await;
    let mut engine = Engine::open(bench.parts(None)).await.unwrap();
    bench.settle(&mut engine).await.unwrap();
    assert_eq!(only(&engine).phase, Phase::Queued);
    let thaw = Intent::Thaw {
        target: QueueOf::Environment("dev".parse().unwrap()),
    };
    let id = bench
        .ask(
            3,
            Ask::Preview {
                intent: thaw.clone(),
                attached: vec![],
            },
        )
        .await;
    engine.step(true).await.unwrap();
    let Answer::Card { card } = bench.answer(id).await else {
        panic!("no card")
    };
    let confirm = Confirm {
        subject: Some(card.subject),
        text: card.phrase.unwrap_or_default(),
        reason: String::new(),
    };
    bench
        .ask(
            4,
            Ask::Do {
                intent: thaw,
                attached: vec![],
                confirm,
                armed: false,
            },
        )
        .await;
    bench.settle(&mut engine).await.unwrap();
    assert_eq!(only(&engine).end, Some(End::Done));
}
