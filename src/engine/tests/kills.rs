//! The engine is killed at each point that it passes, and another one carries on.

use super::*;

/// Kills the engine at the n-th failpoint it passes, for every n, and lets another one carry on;
/// says how many points there were. `begin` makes what is worked on, `check` sees it at the end.
pub(super) async fn killed_at_every_point<T>(
    begin: impl AsyncFn() -> T,
    bench: impl Fn(&T) -> &Bench,
    parts: impl Fn(&T, Option<Failpoint>) -> Parts,
    check: impl Fn(&T, &Engine, u64),
) -> u64 {
    let mut kills = 0;
    for nth in 1.. {
        let of = begin().await;
        let dead = Arc::new(AtomicBool::new(false));
        let passed = Arc::new(AtomicU64::new(0));
        let dies: Failpoint = {
            let (dead, passed) = (dead.clone(), passed.clone());
            Arc::new(move |_| {
                let n = passed.fetch_add(1, Ordering::SeqCst) + 1;
                if n == nth {
                    dead.store(true, Ordering::SeqCst);
                }
                dead.load(Ordering::SeqCst)
            })
        };
        let mut engine = Engine::open(parts(&of, Some(dies))).await.unwrap();
        // What it dies of is what was wanted of it.
        let _ = bench(&of).settle(&mut engine).await;
        let killed = dead.load(Ordering::SeqCst);
        drop(engine);
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        let mut engine = Engine::open(parts(&of, None)).await.unwrap();
        bench(&of).settle(&mut engine).await.unwrap();
        check(&of, &engine, nth);
        if !killed {
            break;
        }
        kills += 1;
    }
    kills
}

/// However often it is killed, each step has one effect.
#[tokio::test]
async fn killed_at_every_point_each_step_has_one_effect() {
    let begin = async || {
        let bench = Bench::new();
        bench.environment(EnvClass::Development).await;
        bench
            .ask(
                1,
                deploy(vec![step("a", &[]), step("b", &["a"]), step("c", &["a"])]),
            )
            .await;
        bench
    };
    let kills = killed_at_every_point(
        begin,
        |bench| bench,
        Bench::parts,
        |bench, engine, nth| {
            let d = only(engine);
            assert_eq!(
                d.end,
                Some(End::Done),
                "killed at point {nth}: {:#?}",
                d.steps
            );
            let expected = BTreeMap::from([
                ("a".to_owned(), 1),
                ("b".to_owned(), 1),
                ("c".to_owned(), 1),
            ]);
            assert_eq!(bench.effects(), expected, "killed at point {nth}");
            assert_eq!(
                engine.folds().deployments.len(),
                1,
                "the ask was carried out once"
            );
        },
    )
    .await;
    assert!(kills > 30, "only {kills} points were passed");
}
