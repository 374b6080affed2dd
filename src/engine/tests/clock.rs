//! A clock that went on, or was set, while no engine ran: what is due by it alone waits.

use super::*;
use crate::domain::gap::Gap;

/// Lets an engine work without letting time pass.
async fn work(bench: &Bench, engine: &mut Engine) {
    for _ in 0..40 {
        engine.step(true).await.unwrap();
        tokio::task::yield_now().await;
        let soon = |at: Time| at.since(bench.clock.now()) < Duration::from_mins(1);
        if bench.clock.next_wake().is_some_and(soon) {
            bench.clock.advance_to_next();
        }
    }
}

/// The engine ends, and the clock goes on by so much, as far as anybody can tell.
fn goes_on(bench: &Bench, hours: u64) -> Gap {
    let from = bench.clock.now();
    bench.clock.advance(Duration::from_hours(hours));
    Gap {
        from,
        to: bench.clock.now(),
    }
}

#[tokio::test]
async fn a_hold_that_ran_out_by_a_clock_that_nothing_confirms_waits() {
    for doubted in [true, false] {
        let bench = Bench::new();
        bench.environment(EnvClass::Development).await;
        let plan = vec![
            step("a", &[]),
            held(step("b", &["a"]), HoldKind::ReviewPlan),
        ];
        bench.ask(1, deploy(plan)).await;
        let mut engine = Engine::open(bench.parts(None)).await.unwrap();
        work(&bench, &mut engine).await;
        assert_eq!(only(&engine).open_holds().count(), 1);
        drop(engine);

        let gap = goes_on(&bench, 25);
        if doubted {
            bench.store.doubt_the_clock(gap);
        }
        let mut engine = Engine::open(bench.parts(None)).await.unwrap();
        let told = *engine.gap().lock().unwrap();
        assert_eq!(told, doubted.then_some(gap));
        work(&bench, &mut engine).await;
        assert_eq!(only(&engine).end.is_none(), doubted, "doubted: {doubted}");
        engine.close_gap().await;
        work(&bench, &mut engine).await;
        let end = only(&engine).end.clone();
        assert!(matches!(end, Some(End::Terminated { .. })), "{end:?}");
        assert_eq!(bench.store.gap(), None, "the next engine knows it too");
    }
}

#[tokio::test]
async fn a_freeze_that_ended_by_a_clock_that_nothing_confirms_holds() {
    for target in [
        QueueOf::Stack(stack()),
        QueueOf::Environment("dev".parse().unwrap()),
    ] {
        let bench = Bench::new();
        bench.environment(EnvClass::Development).await;
        let mut engine = Engine::open(bench.parts(None)).await.unwrap();
        work(&bench, &mut engine).await;
        let freeze = Intent::Freeze {
            target,
            reason: "INC-1".into(),
            until: Some(bench.clock.now() + Duration::from_hours(3)),
        };
        let freeze = Ask::Do {
            intent: freeze,
            attached: vec![],
            confirm: Confirm::default(),
            armed: false,
        };
        bench.ask(1, freeze).await;
        bench.ask(2, deploy(vec![step("a", &[])])).await;
        work(&bench, &mut engine).await;
        assert_eq!(bench.effects(), BTreeMap::new());
        drop(engine);
        bench.store.doubt_the_clock(goes_on(&bench, 4));
        let mut engine = Engine::open(bench.parts(None)).await.unwrap();
        work(&bench, &mut engine).await;
        assert_eq!(bench.effects(), BTreeMap::new(), "it is frozen still");
        engine.close_gap().await;
        work(&bench, &mut engine).await;
        assert_eq!(bench.effects().len(), 1);
    }
}

/// What is set after the start is due when its time comes: the clock runs on evenly.
#[tokio::test]
async fn what_nothing_confirms_keeps_nothing_else_back() {
    let bench = Bench::new();
    bench.environment(EnvClass::Development).await;
    bench.store.doubt_the_clock(goes_on(&bench, 25));
    let mut engine = Engine::open(bench.parts(None)).await.unwrap();
    assert_eq!(*engine.gap().lock().unwrap(), None, "nothing was due in it");
    let plan = vec![held(step("b", &[]), HoldKind::ReviewPlan)];
    bench.ask(1, deploy(plan)).await;
    work(&bench, &mut engine).await;
    bench.clock.advance(Duration::from_hours(24));
    work(&bench, &mut engine).await;
    assert!(only(&engine).end.is_some());
}
