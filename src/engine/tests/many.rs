//! Many engines on one store, many stacks, many deployments, and kills at random points: the order
//! of each stack is kept, one runs at a time, and each step has one effect.

use super::*;
use crate::domain::deployment::DeploymentEvent;
use crate::domain::event::Event;
use crate::domain::stack::StackEvent;
use crate::sandbox::dice::Dice;
use crate::store::StoreError;

/// How much of everything.
struct Size {
    engines: usize,
    stacks: usize,
    each: usize,
    kills: usize,
}

impl Size {
    fn deployments(&self) -> usize {
        self.stacks * self.each
    }
}

/// An engine, and whether it has died: in its own work, or in that of its tasks.
type Life = (Engine, Arc<AtomicBool>);

/// An engine that dies at the n-th point that it passes; it stays dead.
async fn one_of_many(bench: &Bench, dies_at: Option<u64>) -> Life {
    let (passed, dead) = (AtomicU64::new(0), Arc::<AtomicBool>::default());
    let dies: Option<Failpoint> = dies_at.map(|nth| {
        let dead = dead.clone();
        Arc::new(move |_: &str| {
            let dies = passed.fetch_add(1, Ordering::SeqCst) + 1 >= nth;
            dead.fetch_or(dies, Ordering::SeqCst);
            dies
        }) as Failpoint
    });
    let share = Share::Leased {
        length: Duration::from_secs(15),
        serves: Arc::new(|_| true),
    };
    loop {
        let parts = bench.parts_of(bench.store.clone(), share.clone(), dies.clone());
        match Engine::open(parts).await {
            Ok(engine) => return (engine, dead),
            Err(why) => assert!(matches!(why, EngineError::Killed(_)), "{why}"),
        }
    }
}

async fn work(bench: &Bench, size: &Size, seed: u64) -> usize {
    let mut dice = Dice::new(seed);
    let mut kills = 0;
    let life = |dice: &mut Dice, kills: usize| {
        (kills < size.kills)
            .then(|| 1 + dice.below(60 * size.deployments() as u64 / size.kills as u64))
    };
    let mut engines = Vec::new();
    for _ in 0..size.engines {
        let dies_at = life(&mut dice, kills);
        engines.push(one_of_many(bench, dies_at).await);
    }
    let mut quiet = 0;
    for _ in 0..100_000 {
        let (mut wake, mut wrote) = (None, false);
        for place in &mut engines {
            let (engine, dead) = place;
            let before = engine.folds().seq;
            let stepped = engine.step(true).await;
            for _ in 0..4 {
                tokio::task::yield_now().await;
            }
            match stepped {
                _ if dead.load(Ordering::SeqCst) => {
                    kills += 1;
                    wrote = true;
                    let dies_at = life(&mut dice, kills);
                    *place = one_of_many(bench, dies_at).await;
                }
                Ok(at) => {
                    wake = [wake, at].into_iter().flatten().min();
                    wrote |= engine.folds().seq != before;
                }
                Err(EngineError::Store(StoreError::Fenced)) => panic!("its work is shared"),
                Err(why) => panic!("{why}"),
            }
        }
        quiet = if wrote { 0 } else { quiet + 1 };
        if quiet < 3 {
            continue;
        }
        let folds = bench.store.folds(usize::MAX).await.unwrap();
        let over = folds.deployments.values().filter(|d| d.is_over()).count();
        if over == size.deployments() && bench.store.asks().await.unwrap().is_empty() {
            return kills;
        }
        let next = [wake, bench.clock.next_wake()].into_iter().flatten().min();
        bench
            .clock
            .advance_to(next.expect("something is waited for"));
        quiet = 0;
    }
    panic!("it comes to no end");
}

async fn in_size(size: Size, seed: u64) {
    let bench = Bench::new();
    bench.environment(EnvClass::Development).await;
    let mut expected = BTreeMap::new();
    for n in 0..size.deployments() {
        let names = [format!("d{n}-a"), format!("d{n}-b")];
        let [a, b] = names.each_ref().map(String::as_str);
        let stack = format!("dev/s{}", n % size.stacks);
        let ask = two::on(&stack, vec![step(a, &[]), step(b, &[a])]);
        bench.ask(1 + n as u128, ask).await;
        expected.extend(names.map(|name| (name, 1)));
    }
    let kills = work(&bench, &size, seed).await;
    assert!(kills > size.kills / 2, "seed {seed}: only {kills} kills");
    assert_eq!(bench.effects(), expected, "seed {seed}");

    // What the log says: who runs on each stack, and in which order.
    let mut running: BTreeMap<StackId, DeploymentId> = BTreeMap::new();
    let mut order: BTreeMap<StackId, Vec<DeploymentNo>> = BTreeMap::new();
    let mut numbers: BTreeMap<DeploymentId, (StackId, DeploymentNo)> = BTreeMap::new();
    let all = bench.store.since(0, usize::MAX).await.unwrap();
    for stored in &all {
        match stored.event.as_ref().unwrap() {
            Event::Deployment(event) => {
                let crate::domain::event::StreamId::Deployment(id) = stored.stream else {
                    panic!("a deployment's event")
                };
                match &**event {
                    DeploymentEvent::Created { request } => {
                        numbers.insert(id, (request.stack.clone(), request.no));
                    }
                    DeploymentEvent::Triggered => {
                        let (stack, no) = &numbers[&id];
                        order.entry(stack.clone()).or_default().push(*no);
                        assert_eq!(running.insert(stack.clone(), id), None, "{stack}: two run");
                    }
                    DeploymentEvent::Done => {
                        let (stack, _) = &numbers[&id];
                        assert_eq!(running.remove(stack), Some(id), "{stack}");
                    }
                    _ => {}
                }
            }
            Event::Stack(StackEvent::Failed { reason, .. }) => panic!("{reason}"),
            Event::Stack(_) | Event::Environment(_) => {}
        }
    }
    assert_eq!(order.len(), size.stacks);
    for (stack, order) in order {
        assert!(
            order.len() == size.each && order.is_sorted(),
            "{stack}: {order:?}"
        );
    }
}

#[tokio::test]
async fn many_engines_are_killed_and_every_stack_keeps_its_order() {
    for seed in 1..3 {
        let size = Size {
            engines: 3,
            stacks: 4,
            each: 3,
            kills: 16,
        };
        in_size(size, seed).await;
    }
}

#[tokio::test]
#[ignore = "minutes; .ci/nightly starts it"]
async fn fifty_engines_are_killed_two_hundred_times_over_a_thousand_deployments() {
    let size = Size {
        engines: 50,
        stacks: 100,
        each: 10,
        kills: 200,
    };
    in_size(size, 1).await;
}
