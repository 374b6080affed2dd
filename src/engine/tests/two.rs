//! Two engines on one store: each drives what it has a lease of, folds what the other wrote, and
//! carries on what the other left.

use super::*;

const LEASE: Duration = Duration::from_secs(15);

/// One of several engines on the bench's store, that can serve stacks.
async fn one_of(
    bench: &Bench,
    serves: fn(&StackId) -> bool,
    failpoint: Option<Failpoint>,
) -> Engine {
    let share = Share::Leased {
        length: LEASE,
        serves: Arc::new(serves),
    };
    Engine::open(bench.parts_of(bench.store.clone(), share, failpoint))
        .await
        .unwrap()
}

pub(super) async fn any(bench: &Bench) -> Engine {
    one_of(bench, |_| true, None).await
}

async fn others_have_their_turn() {
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}

pub(super) async fn work(bench: &Bench, engines: &mut [Option<Engine>]) {
    work_until(bench, engines, &|| false).await;
}

/// Lets engines work by turns until everything that was asked is over, moving the clock from wake
/// to wake. The first is gone once it is killed, wherever that was: in its own work or in that of
/// its tasks.
async fn work_until(bench: &Bench, engines: &mut [Option<Engine>], killed: &dyn Fn() -> bool) {
    let mut quiet = 0;
    for _ in 0..3_000 {
        let before = bench.store.transcript().len();
        let mut wake = None;
        for place in &mut *engines {
            let Some(engine) = place else { continue };
            match engine.step(true).await {
                Ok(at) => wake = [wake, at].into_iter().flatten().min(),
                Err(EngineError::Killed(_)) => *place = None,
                Err(why) => panic!("{why}"),
            }
            others_have_their_turn().await;
        }
        if killed() {
            engines[0] = None;
        }
        quiet = if bench.store.transcript().len() == before {
            quiet + 1
        } else {
            0
        };
        if quiet < 3 {
            continue;
        }
        let folds = bench.store.folds(50).await.unwrap();
        let rests = folds
            .stacks
            .values()
            .all(|stack| stack.current.is_none() && stack.queue.is_empty());
        if rests && bench.store.asks().await.unwrap().is_empty() {
            for engine in engines.iter().flatten() {
                assert_eq!(engine.folds(), &folds, "both see the same");
            }
            return;
        }
        let next = [wake, bench.clock.next_wake()]
            .into_iter()
            .flatten()
            .min()
            .expect("something is waited for");
        assert!(next > bench.clock.now(), "it asks to be woken at {next:?}");
        bench.clock.advance_to(next);
        quiet = 0;
    }
    panic!("it comes to no end: {:#?}", bench.store.transcript());
}

pub(super) fn on(name: &str, steps: Vec<Step>) -> Ask {
    let Ask::Do {
        mut intent,
        mut attached,
        confirm,
        armed,
    } = deploy(steps)
    else {
        panic!("a deploy")
    };
    let Intent::Deploy { stacks, .. } = &mut intent else {
        panic!("a deploy")
    };
    *stacks = vec![name.parse().unwrap()];
    attached[0].stack = name.parse().unwrap();
    Ask::Do {
        intent,
        attached,
        confirm,
        armed,
    }
}

fn once(names: &[&str]) -> BTreeMap<String, u32> {
    names.iter().map(|name| ((*name).to_owned(), 1)).collect()
}

/// Kills one of two at the n-th failpoint that it passes, for every n: the other carries on once
/// the leases have run out.
#[tokio::test]
async fn of_two_one_is_killed_at_every_point_and_the_other_carries_on() {
    let mut kills = 0;
    for nth in 1.. {
        let bench = Bench::new();
        bench.environment(EnvClass::Development).await;
        bench
            .ask(
                1,
                deploy(vec![step("a", &[]), step("b", &["a"]), step("c", &["a"])]),
            )
            .await;
        let passed = Arc::new(AtomicU64::new(0));
        let at = Arc::new(Mutex::new(None));
        let dies: Failpoint = {
            let (passed, at, clock) = (passed.clone(), at.clone(), bench.clock.clone());
            Arc::new(move |_| {
                let n = passed.fetch_add(1, Ordering::SeqCst) + 1;
                if n >= nth {
                    at.lock().unwrap().get_or_insert(clock.now());
                }
                n >= nth
            })
        };
        let mut engines = [
            Some(one_of(&bench, |_| true, Some(dies)).await),
            Some(any(&bench).await),
        ];
        work_until(&bench, &mut engines, &|| at.lock().unwrap().is_some()).await;
        let left = engines[1].as_ref().unwrap();
        assert_eq!(
            only(left).end,
            Some(End::Done),
            "killed at point {nth}: {:#?}",
            only(left).steps
        );
        assert_eq!(
            bench.effects(),
            once(&["a", "b", "c"]),
            "killed at point {nth}"
        );
        assert_eq!(
            left.folds().deployments.len(),
            1,
            "the ask was carried out once"
        );
        let Some(at) = *at.lock().unwrap() else { break };
        let took = bench.clock.now().since(at);
        assert!(
            took <= LEASE + Duration::from_secs(40),
            "killed at point {nth}, it took {took:?}"
        );
        kills += 1;
    }
    assert!(kills > 30, "only {kills} points were passed");
}

/// Holds one of two up after its n-th turn, until its leases were taken over and all is done, then
/// lets it go on.
#[tokio::test]
async fn one_that_was_held_up_writes_nothing_and_starts_nothing() {
    let mut taken_over = 0;
    for turns in 1..30 {
        let bench = Bench::new();
        bench.environment(EnvClass::Development).await;
        bench
            .ask(
                1,
                deploy(vec![step("a", &[]), step("b", &["a"]), step("c", &["a"])]),
            )
            .await;
        let mut late = any(&bench).await;
        for turn in 0..turns {
            late.step(true).await.unwrap();
            if turns % 2 == 0 {
                others_have_their_turn().await;
            }
            if turn % 4 == 3 {
                bench.clock.advance(Duration::from_secs(4));
            }
        }
        let leases = late.own.leases.len();
        bench.clock.advance(LEASE);
        let mut engines = [Some(any(&bench).await)];
        work(&bench, &mut engines).await;
        let (log, effects) = (bench.store.transcript(), bench.effects());
        assert_eq!(
            effects,
            once(&["a", "b", "c"]),
            "held up after {turns} turns"
        );
        // As it wakes: what its tasks have told is taken first, under the leases that it believes
        // to have.
        while let Ok(msg) = late.from.try_recv() {
            late.receive(msg).await.unwrap();
        }
        taken_over += usize::from(!late.pending.is_empty());
        for _ in 0..5 {
            late.step(true).await.unwrap();
            others_have_their_turn().await;
        }
        assert_eq!(
            bench.store.transcript(),
            log,
            "held up after {turns} turns with {leases} leases"
        );
        assert_eq!(bench.effects(), effects);
        assert!(late.live.is_empty() && late.own.leases.is_empty());
        assert_eq!(late.folds(), engines[0].as_ref().unwrap().folds());
    }
    assert!(taken_over > 3, "only {taken_over} had something to write");
}

#[tokio::test]
async fn a_claim_stays_while_its_engine_looks_and_goes_over_when_that_is_gone() {
    let bench = Bench::new();
    bench.environment(EnvClass::Development).await;
    let mut first = any(&bench).await;
    first.step(true).await.unwrap();
    let id = bench.ask(1, deploy(vec![step("a", &[])])).await;
    let behind = bench.ask(2, deploy(vec![step("b", &[])])).await;
    let elsewhere = bench.ask(3, on("dev/other", vec![step("c", &[])])).await;
    // It looks, and does not come back.
    first.step(true).await.unwrap();
    let parked: Vec<_> = first.parked.keys().copied().collect();
    assert!(parked.contains(&id) && !parked.contains(&behind));
    let mut second = any(&bench).await;
    for _ in 0..5 {
        bench.clock.advance(LEASE / 6);
        second.step(true).await.unwrap();
        others_have_their_turn().await;
        assert_eq!(bench.store.ask(id).await.unwrap(), Some(AskState::Asked));
        assert_eq!(
            bench.store.ask(behind).await.unwrap(),
            Some(AskState::Asked),
            "what is asked later of the same stack waits"
        );
    }
    bench.clock.advance(LEASE);
    drop(first);
    let mut engines = [Some(second)];
    work(&bench, &mut engines).await;
    for id in [id, behind, elsewhere] {
        assert!(matches!(bench.answer(id).await, Answer::Accepted { .. }));
    }
    let stack = engines[0].as_ref().unwrap().folds().stack(&stack());
    let last = &engines[0].as_ref().unwrap().folds().deployments[&stack.last.unwrap()];
    assert_eq!(
        last.request.as_ref().unwrap().cause.ask,
        behind,
        "their order is kept"
    );
    assert_eq!(bench.effects(), once(&["a", "b", "c"]));
}

#[tokio::test]
async fn each_drives_what_it_can_serve_and_decides_what_is_asked_of_it() {
    let bench = Bench::new();
    bench.environment(EnvClass::Development).await;
    let mut engines = [
        Some(one_of(&bench, |stack| stack.app.as_str() == "chores", None).await),
        Some(one_of(&bench, |stack| stack.app.as_str() == "other", None).await),
    ];
    for n in 0..6u128 {
        let (name, app) = if n % 2 == 0 {
            ("dev/chores", "chores")
        } else {
            ("dev/other", "other")
        };
        bench
            .ask(n + 1, on(name, vec![step(&format!("{app}-{n}"), &[])]))
            .await;
    }
    for _ in 0..4 {
        for engine in engines.iter_mut().flatten() {
            engine.step(true).await.unwrap();
            others_have_their_turn().await;
        }
    }
    let driven = |engine: &Engine| {
        ["dev/chores", "dev/other"].map(|name| engine.drives_stack(&name.parse().unwrap()))
    };
    let driven: Vec<_> = engines.iter().flatten().map(driven).collect();
    assert_eq!(driven, [[true, false], [false, true]]);
    work(&bench, &mut engines).await;
    assert_eq!(
        bench.effects(),
        once(&[
            "chores-0", "other-1", "chores-2", "other-3", "chores-4", "other-5"
        ])
    );
    assert!(
        engines
            .iter()
            .flatten()
            .all(|engine| engine.own.leases.is_empty()),
        "what rests is given back"
    );
}

#[tokio::test]
async fn what_one_decides_the_other_carries_out() {
    let bench = Bench::new();
    bench.environment(EnvClass::Development).await;
    bench
        .ask(1, deploy(vec![step("a", &[]), step("b", &["a"])]))
        .await;
    let mut driver = any(&bench).await;
    for _ in 0..6 {
        driver.step(true).await.unwrap();
        others_have_their_turn().await;
    }
    assert_eq!(
        only(&driver).steps[&StepId::from("a")].state,
        StepState::Active
    );
    let mut clerk = one_of(&bench, |_| false, None).await;
    let intent = Intent::Cancel {
        deployment: only(&driver).id,
    };
    let id = bench
        .ask(
            2,
            Ask::Preview {
                intent: intent.clone(),
                attached: vec![],
            },
        )
        .await;
    clerk.step(true).await.unwrap();
    let Answer::Card { card } = bench.answer(id).await else {
        panic!("no card")
    };
    let confirm = Confirm {
        subject: Some(card.subject),
        text: card.phrase.unwrap_or_default(),
        reason: String::new(),
    };
    let id = bench
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
    clerk.step(true).await.unwrap();
    assert!(matches!(bench.answer(id).await, Answer::Accepted { .. }));
    let mut engines = [Some(driver), Some(clerk)];
    work(&bench, &mut engines).await;
    assert!(matches!(
        &only(engines[0].as_ref().unwrap()).end,
        Some(End::Terminated { .. })
    ));
    assert_eq!(bench.effects(), once(&["a"]));
}

/// An engine that is elected, and rests, ends where another one is elected: it has nothing to write
/// by which it would be told.
#[tokio::test]
async fn an_elected_engine_at_rest_learns_that_it_was_taken_over() {
    let bench = Bench::new();
    let mut engine = Engine::open(bench.parts(None)).await.unwrap();
    engine.step(true).await.unwrap();
    engine.step(true).await.unwrap();
    drop(bench.store.elected());
    let told = engine.step(true).await;
    assert!(
        matches!(told, Err(EngineError::Store(StoreError::Fenced))),
        "{told:?}"
    );
}
