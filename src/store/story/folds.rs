//! Folds from a snapshot and what is newer are the folds from zero, whatever was kept, when, and of
//! what.

use proptest::prelude::*;

use super::*;
use crate::domain::failure::Failure;
use crate::domain::folds::Folds;

/// One thing that happens: an event for a stream, legal or not, or a snapshot.
#[derive(Debug, Clone)]
enum Happens {
    Event(StreamId, Box<Event>),
    Snapshot { others: usize },
}

fn api(n: u64) -> StackId {
    stack(if n == 0 { "dev/api" } else { "dev/web" })
}

fn of_deployment(event: DeploymentEvent) -> Event {
    Event::Deployment(Box::new(event))
}

fn happens() -> impl Strategy<Value = Happens> {
    let failure = || Failure::new("no");
    let on_environment = prop_oneof![Just(frozen("x")), Just(thawed())]
        .prop_map(|event| Happens::Event(env("dev"), Box::new(event)));
    let on_stack = (0..2u64, 1..7u64, 0..6).prop_map(|(which, n, what)| {
        let id = deployment(n.into());
        let event = match what {
            0 => requested(n),
            1 => Event::Stack(StackEvent::Popped { deployment: id }),
            2 => Event::Stack(StackEvent::Succeeded {
                deployment: id,
                release: Some(given::release("r")),
                as_before: false,
            }),
            3 => Event::Stack(StackEvent::Failed {
                deployment: id,
                reason: "no".into(),
                left: crate::domain::stack::Left::Before,
            }),
            4 => Event::Stack(StackEvent::Withdrawn { deployment: id }),
            _ => Event::Stack(StackEvent::Unblocked { way: "free".into() }),
        };
        Happens::Event(StreamId::Stack(api(which)), Box::new(event))
    });
    let on_deployment = (1..7u64, 0..6).prop_map(move |(n, what)| {
        let event = match what {
            0 => created(n, &api(n % 2)),
            1 => of_deployment(DeploymentEvent::Triggered),
            2 => of_deployment(DeploymentEvent::Terminated {
                reason: "enough".into(),
                by: Person::Engine,
            }),
            3 => of_deployment(DeploymentEvent::StackWait),
            4 => of_deployment(DeploymentEvent::Error { failure: failure() }),
            _ => of_deployment(DeploymentEvent::Done),
        };
        Happens::Event(StreamId::Deployment(deployment(n.into())), Box::new(event))
    });
    prop_oneof![1 => on_environment, 4 => on_stack, 6 => on_deployment, 2 => (0..4usize).prop_map(|others| Happens::Snapshot { others })]
}

/// A deployment begins with its creation; everything after that may be legal or not.
fn begun(mut all: Vec<Happens>) -> Vec<Happens> {
    let mut seen = std::collections::BTreeSet::new();
    let mut out = Vec::new();
    for one in all.drain(..) {
        if let Happens::Event(StreamId::Deployment(id), event) = &one
            && seen.insert(*id)
            && event.tag() != "created"
        {
            let n = u64::try_from(id.0.as_u128()).unwrap();
            out.push(Happens::Event(
                StreamId::Deployment(*id),
                Box::new(created(n, &api(n % 2))),
            ));
        }
        out.push(one);
    }
    out
}

async fn tell(store: &dyn Store, all: &[Happens]) -> Vec<Folds> {
    let mut versions = std::collections::BTreeMap::new();
    for one in all {
        match one {
            Happens::Event(stream, event) => {
                let version = versions.entry(stream.clone()).or_insert(0);
                store
                    .append(
                        &super::one(stream.clone(), *version, (**event).clone()),
                        &by(None),
                        None,
                    )
                    .await
                    .unwrap();
                *version += 1;
            }
            Happens::Snapshot { others } => store
                .snapshot(&store.folds(*others).await.unwrap())
                .await
                .unwrap(),
        }
    }
    let mut told = Vec::new();
    for others in [0, 1, 2, 50] {
        told.push(store.folds(others).await.unwrap());
    }
    told
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_snapshot_changes_nothing_but_the_time_it_takes(all in proptest::collection::vec(happens(), 1..70).prop_map(begun)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let spot = spot();
            let (sqlite, _lock) = engine(&spot.home).await;
            let kept = tell(&sqlite, &all).await;
            let zero = tell(&memory(), &all).await;
            for (kept, zero) in kept.into_iter().zip(zero) {
                prop_assert_eq!(kept, zero);
            }
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_snapshot_of_another_form_or_a_spoilt_one_is_not_used() {
    let spot = spot();
    let (sqlite, _lock) = engine(&spot.home).await;
    let all: Vec<_> = (1..=6)
        .map(|n| {
            Happens::Event(
                StreamId::Deployment(deployment(n.into())),
                Box::new(created(n, &api(0))),
            )
        })
        .collect();
    let zero = tell(&sqlite, &all).await;
    sqlite
        .snapshot(&sqlite.folds(50).await.unwrap())
        .await
        .unwrap();
    for spoil in [
        "UPDATE snapshots SET fold = '{}'",
        "UPDATE meta SET value = 'old' WHERE key = 'snapshot_form'",
        "DELETE FROM snapshots",
    ] {
        let mut other = durable::raw(&spot.home).await;
        sqlx::query(spoil).execute(&mut other).await.unwrap();
        if spoil.starts_with("DELETE") {
            // An emptied table is an old program's or a person's: both also empty the place up to
            // which it counts.
            sqlx::query("UPDATE meta SET value = '0' WHERE key = 'snapshot_seq'")
                .execute(&mut other)
                .await
                .unwrap();
        }
        let mut told = Vec::new();
        for others in [0, 1, 2, 50] {
            told.push(sqlite.folds(others).await.unwrap());
        }
        assert_eq!(told, zero, "after {spoil}");
        sqlite
            .snapshot(&sqlite.folds(50).await.unwrap())
            .await
            .unwrap();
    }
}
