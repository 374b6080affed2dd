//! Every call of the store in turn fails: an engine goes on by itself, or the next one does.

use super::*;
use crate::store::StoreError;
use crate::store::memory::Fault;

/// Lets an engine work to the end while time passes; a new one where it ends by an error.
async fn to_the_end(bench: &Bench) -> Engine {
    let mut engine = opened(bench).await;
    let (mut asks, mut quiet) = (true, 0);
    for _ in 0..400 {
        let before = engine.folds().seq;
        let stepped = {
            let passes = async {
                loop {
                    bench.clock.advance_to_next();
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                biased;
                stepped = engine.step(std::mem::take(&mut asks)) => stepped,
                () = passes => unreachable!("time passes for ever"),
            }
        };
        asks = true;
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        match stepped {
            Ok(wake) => {
                let idle = engine.folds().seq == before && bench.clock.advance_to_next().is_none();
                // What a task has sent is received in the next round.
                quiet = if idle { quiet + 1 } else { 0 };
                if quiet >= 3 && only_end(&engine) {
                    return engine;
                }
                if let Some(wake) = wake.filter(|_| quiet >= 3) {
                    bench.clock.advance_to(wake);
                    quiet = 0;
                }
            }
            Err(_) => engine = opened(bench).await,
        }
    }
    panic!("it never ends");
}

fn only_end(engine: &Engine) -> bool {
    let mut all = engine.folds().deployments.values();
    all.next().is_some_and(|d| d.end.is_some())
}

/// An engine that cannot begin is started again.
async fn opened(bench: &Bench) -> Engine {
    for _ in 0..3 {
        if let Ok(engine) = Engine::open(bench.parts(None)).await {
            return engine;
        }
    }
    panic!("one fault keeps no engine away");
}

#[tokio::test]
async fn whatever_call_of_the_store_fails_each_step_has_one_effect() {
    let begin = async || {
        let bench = Bench::new();
        bench.environment(EnvClass::Development).await;
        let plan = vec![step("a", &[]), step("b", &["a"]), step("c", &["a"])];
        bench.ask(1, deploy(plan)).await;
        bench
    };
    let bench = begin().await;
    let from = bench.store.calls();
    to_the_end(&bench).await;
    let calls = bench.store.calls() - from;
    assert!(calls > 20, "only {calls} calls");
    let troubles = [
        StoreError::Unavailable("I/O error".into()),
        StoreError::Full("no space".into()),
        StoreError::Corrupt("a page".into()),
    ];
    for trouble in troubles {
        for fault in [
            Fault::Before as fn(StoreError) -> Fault,
            Fault::After as fn(StoreError) -> Fault,
        ] {
            for nth in 1..=calls + 2 {
                let bench = begin().await;
                bench.store.fail(nth, fault(trouble.clone()));
                let engine = to_the_end(&bench).await;
                let at = format!("{:?} at call {nth}", fault(trouble.clone()));
                assert_eq!(only(&engine).end, Some(End::Done), "{at}");
                assert_eq!(engine.folds().deployments.len(), 1, "{at}");
                let once = ["a", "b", "c"].map(|name| (name.to_owned(), 1));
                assert_eq!(bench.effects(), BTreeMap::from(once), "{at}");
            }
        }
    }
}
