//! A store that does not take what was decided.

use super::*;
use crate::store::memory::Fault;

/// Each ask is decided on what the one before it led to: when that could not be written, what comes
/// after it waits.
#[tokio::test]
async fn what_is_asked_after_an_ask_that_was_not_written_waits_for_it() {
    let bench = Bench::new();
    bench.environment(EnvClass::Development).await;
    let mut engine = Engine::open(bench.parts(None)).await.unwrap();
    bench.settle(&mut engine).await.unwrap();
    let target = QueueOf::Environment("dev".parse().unwrap());
    let freeze = Intent::Freeze {
        target: target.clone(),
        reason: "INC-1".into(),
        until: None,
    };
    let first = bench
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
    let second = bench
        .ask(
            2,
            Ask::Preview {
                intent: Intent::Thaw { target },
                attached: vec![],
            },
        )
        .await;
    // Its lease and the inbox are read, then the first answer is refused.
    bench
        .store
        .fail(3, Fault::Before(StoreError::Full("no space".into())));
    let (stepped, ()) = tokio::join!(engine.step(true), async {
        while bench.clock.advance_to_next().is_none() {
            tokio::task::yield_now().await;
        }
    });
    for id in [first, second] {
        assert_eq!(bench.store.ask(id).await.unwrap(), Some(AskState::Asked));
    }
    assert!(engine.no_room().load(Ordering::Relaxed));
    // Nobody tells it: it tries again by itself.
    bench
        .clock
        .advance_to(stepped.unwrap().expect("it wants to try again"));
    engine.step(false).await.unwrap();
    assert!(matches!(bench.answer(first).await, Answer::Accepted { .. }));
    assert!(
        matches!(bench.answer(second).await, Answer::Card { .. }),
        "the thaw of what the first one froze"
    );
}

/// Lines that are kept once there is room for them.
struct Slow(Arc<tokio::sync::Notify>);

impl Lines for Slow {
    fn take(&self, _: Vec<Line>) {}
    fn flushed(&self) -> BoxFuture<'static, ()> {
        let room = Arc::clone(&self.0);
        async move { room.notified().await }.boxed()
    }
}

#[tokio::test]
async fn an_outcome_is_not_known_before_what_the_step_said_is_kept() {
    let bench = Bench::new();
    bench.environment(EnvClass::Development).await;
    bench.ask(1, deploy(vec![step("a", &[])])).await;
    let room = Arc::<tokio::sync::Notify>::default();
    let parts = Parts {
        lines: Arc::new(Slow(room.clone())),
        ..bench.parts(None)
    };
    let mut engine = Engine::open(parts).await.unwrap();
    for _ in 0..40 {
        engine.step(true).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(bench.effects(), BTreeMap::from([("a".to_owned(), 1)]));
    assert_eq!(only(&engine).end, None);
    room.notify_one();
    bench.settle(&mut engine).await.unwrap();
    assert_eq!(only(&engine).end, Some(End::Done));
}
