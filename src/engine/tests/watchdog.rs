//! Whatever steps report and people do, in any order: the engine comes to rest, asks to be woken at
//! a time to come or not at all, and answers everybody else.

use std::sync::atomic::AtomicUsize;

use proptest::prelude::*;

use super::*;
use crate::domain::ask::Way;
use crate::domain::failure::Retry;

/// How an attempt ends.
#[derive(Debug, Clone, Copy)]
enum Says {
    Well,
    Fails(Retry),
}

/// What somebody finds who looks for an attempt.
#[derive(Debug, Clone, Copy)]
enum Finds {
    NeverStarted,
    StillRunning,
    Ended(Says),
    CannotTell(Retry),
}

/// One thing that happens.
#[derive(Debug, Clone)]
enum Move {
    Passes(u16),
    Cancel,
    Abandon,
    Resolve { well: bool },
    AnotherEngine,
}

/// A hand that ends an attempt after so many seconds as the list says, and finds what the list
/// says, over and over.
struct Erratic {
    ends: Vec<(u8, Says)>,
    finds: Vec<Finds>,
    nth: AtomicUsize,
}

impl Erratic {
    fn next<T: Copy>(&self, of: &[T]) -> T {
        of[self.nth.fetch_add(1, Ordering::Relaxed) % of.len()]
    }
}

fn result(says: Says) -> Result<Output, Failure> {
    match says {
        Says::Well => Ok(Output::default()),
        Says::Fails(retry) => Err(Failure::new("so it goes").retry(retry)),
    }
}

impl Executor for Erratic {
    fn kind(&self) -> crate::domain::plan::StepKind {
        "test.call".into()
    }
    fn check(&self, _: &Value) -> Result<(), String> {
        Ok(())
    }
    fn run(&self, job: Job) -> BoxFuture<'_, Result<Output, Failure>> {
        let (seconds, says) = self.next(&self.ends);
        async move {
            job.port.note("called", json!(seconds)).await?;
            tokio::select! {
                () = job.port.sleep(Duration::from_secs(seconds.into())) => {}
                () = job.port.cancelled() => {}
            }
            result(says)
        }
        .boxed()
    }
    fn find(&self, _: Job) -> BoxFuture<'_, Found> {
        let found = match self.next(&self.finds) {
            Finds::NeverStarted => Found::NeverStarted,
            Finds::StillRunning => Found::StillRunning,
            Finds::Ended(says) => Found::Ended(result(says)),
            Finds::CannotTell(retry) => {
                Found::CannotTell(Failure::new("out of sight").retry(retry))
            }
        };
        async move { found }.boxed()
    }
    fn cancel(&self) -> Cancel {
        Cancel::BestEffort
    }
}

/// A bench whose steps are erratic, and the engine at it.
struct Watched {
    bench: Bench,
    engine: Engine,
    hand: Arc<dyn Executor>,
    asked: u128,
}

impl Watched {
    async fn new(ends: Vec<(u8, Says)>, finds: Vec<Finds>) -> Self {
        let hand: Arc<dyn Executor> = Arc::new(Erratic {
            ends,
            finds,
            nth: AtomicUsize::new(0),
        });
        let bench = Bench::new();
        bench.environment(EnvClass::Development).await;
        let mut last = step("sweep", &["a"]);
        last.finaliser = Some(Finaliser::Always);
        bench
            .ask(
                1,
                deploy(vec![
                    step("a", &[]),
                    step("b", &["a"]),
                    step("c", &[]),
                    last,
                ]),
            )
            .await;
        let engine = Self::open(&bench, &hand).await;
        Self {
            bench,
            engine,
            hand,
            asked: 1,
        }
    }

    async fn open(bench: &Bench, hand: &Arc<dyn Executor>) -> Engine {
        let executors = Arc::new(BTreeMap::from([("test.call".to_owned(), hand.clone())]));
        Engine::open(Parts {
            executors,
            ..bench.parts(None)
        })
        .await
        .unwrap()
    }

    /// Rounds while the clock stands: they come to an end, and none asks to be woken at a time that
    /// has passed.
    async fn rests(&mut self) {
        let mut without_progress = 0;
        for _ in 0..1_000 {
            let before = self.engine.folds().seq;
            let wake = self.engine.step(true).await.unwrap();
            let now = self.bench.clock.now();
            assert!(
                wake.is_none_or(|at| at > now),
                "it asks to be woken at {wake:?}, and it is {now:?}"
            );
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
            without_progress = if self.engine.folds().seq == before {
                without_progress + 1
            } else {
                0
            };
            if without_progress == 3 {
                return;
            }
        }
        panic!("it comes to no rest: {:#?}", only(&self.engine));
    }

    /// Somebody else's ask is answered within one round.
    async fn answers(&mut self) {
        self.asked += 1;
        let target = QueueOf::Stack("dev/other".parse().unwrap());
        let id = self
            .bench
            .ask(
                self.asked,
                Ask::Preview {
                    intent: Intent::Thaw { target },
                    attached: vec![],
                },
            )
            .await;
        self.engine.step(true).await.unwrap();
        self.bench.answer(id).await;
    }

    async fn intends(&mut self, intent: Intent) {
        self.asked += 1;
        let id = self
            .bench
            .ask(
                self.asked,
                Ask::Preview {
                    intent: intent.clone(),
                    attached: vec![],
                },
            )
            .await;
        self.rests().await;
        let Answer::Card { card } = self.bench.answer(id).await else {
            return;
        };
        let confirm = Confirm {
            subject: Some(card.subject),
            text: card.phrase.unwrap_or_default(),
            reason: "why".into(),
        };
        self.asked += 1;
        self.bench
            .ask(
                self.asked,
                Ask::Do {
                    intent,
                    attached: vec![],
                    confirm,
                    armed: false,
                },
            )
            .await;
    }

    async fn makes(&mut self, one: &Move) {
        let deployment = only(&self.engine).id;
        let lost = only(&self.engine)
            .runs()
            .find(|(_, run)| run.state == StepState::Lost)
            .map(|(step, _)| step.id.clone());
        match (one, lost) {
            (Move::Passes(seconds), _) => self
                .bench
                .clock
                .advance(Duration::from_secs((*seconds).into())),
            (Move::Cancel, _) => self.intends(Intent::Cancel { deployment }).await,
            (Move::Abandon, _) => self.intends(Intent::Abandon { deployment }).await,
            (Move::Resolve { well }, Some(step)) => {
                let way = if *well {
                    Way::ResolveDone { deployment, step }
                } else {
                    Way::ResolveFailed { deployment, step }
                };
                self.intends(Intent::unblock(stack(), way)).await;
            }
            (Move::Resolve { .. }, None) => {}
            (Move::AnotherEngine, _) => self.engine = Self::open(&self.bench, &self.hand).await,
        }
    }
}

/// The keeper of a command was killed: nobody can tell how it ended.
#[tokio::test]
async fn a_step_of_which_nobody_can_tell_waits_for_a_person_and_keeps_nobody_waiting() {
    let mut watched = Watched::new(
        vec![(1, Says::Fails(Retry::AskAPerson))],
        vec![Finds::StillRunning],
    )
    .await;
    for seconds in [2, 10, 3_600] {
        watched.rests().await;
        watched.bench.clock.advance(Duration::from_secs(seconds));
    }
    watched.rests().await;
    let a = only(&watched.engine).steps[&StepId::from("a")].clone();
    assert_eq!((a.state, a.attempt), (StepState::Lost, 1));
    watched.answers().await;
    for _ in 0..3 {
        watched.makes(&Move::Resolve { well: true }).await;
        watched.rests().await;
        watched.makes(&Move::Passes(2)).await;
        watched.rests().await;
    }
    let d = only(&watched.engine);
    assert!(
        d.steps[&StepId::from("a")].state.is_over() && d.steps[&StepId::from("b")].attempt == 1,
        "{d:#?}"
    );
}

/// What is lost for want of contact is looked for again and again, at times to come.
#[tokio::test]
async fn without_contact_it_looks_again_now_and_then() {
    let mut watched = Watched::new(
        vec![(1, Says::Fails(Retry::Contact))],
        vec![Finds::CannotTell(Retry::Contact)],
    )
    .await;
    for _ in 0..20 {
        watched.rests().await;
        watched.makes(&Move::Passes(5)).await;
    }
    let d = only(&watched.engine);
    assert_eq!(d.steps[&StepId::from("a")].state, StepState::Lost);
    let before = watched.engine.folds().seq;
    watched.makes(&Move::Passes(600)).await;
    watched.rests().await;
    assert_eq!(
        watched.engine.folds().seq,
        before,
        "what is known is not recorded again"
    );
    watched.answers().await;
}

fn retries() -> impl Strategy<Value = Retry> {
    prop_oneof![
        Just(Retry::Never),
        Just(Retry::Contact),
        Just(Retry::AskAPerson),
        (0u64..3).prop_map(|seconds| Retry::After(Duration::from_secs(seconds))),
    ]
}

fn says() -> impl Strategy<Value = Says> {
    prop_oneof![1 => Just(Says::Well), 3 => retries().prop_map(Says::Fails)]
}

fn finds() -> impl Strategy<Value = Finds> {
    prop_oneof![
        Just(Finds::NeverStarted),
        Just(Finds::StillRunning),
        says().prop_map(Finds::Ended),
        retries().prop_map(Finds::CannotTell),
    ]
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        5 => (1u16..20).prop_map(Move::Passes),
        1 => (600u16..8_000).prop_map(Move::Passes),
        1 => Just(Move::Cancel),
        1 => Just(Move::Abandon),
        2 => any::<bool>().prop_map(|well| Move::Resolve { well }),
        1 => Just(Move::AnotherEngine),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 300, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn whatever_steps_report_the_engine_rests_and_answers(
        ends in prop::collection::vec((0u8..12, says()), 1..6),
        found in prop::collection::vec(finds(), 1..6),
        history in prop::collection::vec(moves(), 1..24),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut watched = Watched::new(ends, found).await;
            watched.rests().await;
            for one in &history {
                watched.makes(one).await;
                watched.rests().await;
                watched.answers().await;
            }
        });
    }
}
