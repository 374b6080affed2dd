//! Two engines on one store: what each may do, and what of the other's it sees.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::os::clock::Stepped;
use crate::store::Taken;

const S: fn(u64) -> Duration = Duration::from_secs;
const A: EngineId = EngineId(Uuid::from_u128(0xa));
const B: EngineId = EngineId(Uuid::from_u128(0xb));

/// Runs a chapter over every store, as two engines have it: here, two openings of one file.
macro_rules! two {
    ($name:ident, $a:ident, $b:ident, $clock:ident, $body:block) => {
        #[tokio::test]
        async fn $name() {
            async fn told($a: &dyn Store, $b: &dyn Store, $clock: &Stepped) $body
            let clock = Stepped::at(Time(1_000_000));
            let memory = Memory::by(Arc::new(clock.clone()));
            told(&memory, &memory.clone(), &clock).await;
            let spot = spot();
            let lock = Lock::exclusive(&spot.home.engine_lock()).unwrap().unwrap();
            let one = Sqlite::engine(&spot.home, &lock, Arc::new(clock.clone())).await.unwrap();
            let other = Sqlite::client(&spot.home, Arc::new(clock.clone())).await.unwrap();
            told(&one, &other, &clock).await;
            assert_eq!(other.verify().await.unwrap().faults, [""; 0]);
        }
    };
}

fn under(leases: &[Lease]) -> By {
    By {
        under: leases.to_vec(),
        ..by(None)
    }
}

fn api() -> Scope {
    Scope::Stack(stack("dev/api"))
}

fn web() -> Scope {
    Scope::Stack(stack("dev/web"))
}

fn in_the_way(seconds: u64) -> Taken {
    Taken {
        leases: vec![],
        wait: Some(S(seconds)),
    }
}

two!(
    what_one_has_goes_to_the_other_once_it_has_run_out_and_not_before,
    a,
    b,
    clock,
    {
        let first = a.take(A, &[Scope::All], S(10)).await.unwrap().leases;
        assert_eq!(
            b.take(B, &[Scope::All], S(10)).await.unwrap(),
            in_the_way(10)
        );
        assert_eq!(
            b.take(B, &[api(), Scope::Ask(drain(1).id)], S(10))
                .await
                .unwrap(),
            in_the_way(10),
            "it is part of all"
        );
        clock.advance(S(9));
        assert_eq!(a.extend(&first, S(10)).await.unwrap(), first);
        clock.advance(S(9));
        assert_eq!(
            b.take(B, &[Scope::All], S(10)).await.unwrap(),
            in_the_way(1)
        );
        a.append(&one(env("dev"), 0, frozen("a")), &under(&first), None)
            .await
            .unwrap();

        clock.advance(S(1));
        let second = b.take(B, &[Scope::All], S(10)).await.unwrap().leases;
        assert!(
            second[0].fence > first[0].fence,
            "{first:?}, then {second:?}"
        );
        let mut late = one(env("dev"), 1, thawed());
        late.push(env("prod"), 0, frozen("late"));
        late.blobs = vec![(Digest::of_bytes(b"x"), b"x".to_vec())];
        assert_eq!(
            a.append(&late, &under(&first), None).await,
            Err(StoreError::Fenced)
        );
        assert_eq!(
            b.since(0, 10).await.unwrap().len(),
            1,
            "nothing of it was written"
        );
        assert_eq!(a.blob(Digest::of_bytes(b"x")).await.unwrap(), None);
        assert_eq!(a.extend(&first, S(10)).await.unwrap(), []);
        a.give_back(&first).await.unwrap();
        b.append(&one(env("dev"), 1, thawed()), &under(&second), None)
            .await
            .unwrap();

        b.give_back(&second).await.unwrap();
        let third = a.take(A, &[Scope::All], S(10)).await.unwrap().leases;
        assert!(third[0].fence > second[0].fence);
        assert_eq!(
            b.append(&one(env("dev"), 2, thawed()), &under(&second), None)
                .await,
            Err(StoreError::Fenced)
        );
        a.append(&one(env("dev"), 2, thawed()), &under(&third), None)
            .await
            .unwrap();
    }
);

two!(what_has_run_out_and_nobody_took_still_holds, a, b, clock, {
    let lease = a.take(A, &[api()], S(10)).await.unwrap().leases;
    clock.advance(S(60));
    a.append(&one(env("dev"), 0, frozen("a")), &under(&lease), None)
        .await
        .unwrap();
    assert_eq!(a.extend(&lease, S(10)).await.unwrap(), lease);
    assert_eq!(b.take(B, &[api()], S(10)).await.unwrap(), in_the_way(10));
});

two!(stacks_go_to_one_engine_each_and_both_write, a, b, clock, {
    let mine = a.take(A, &[api()], S(10)).await.unwrap().leases;
    let taken = b.take(B, &[api(), web()], S(20)).await.unwrap();
    assert_eq!(
        (
            taken
                .leases
                .iter()
                .map(|lease| lease.scope.clone())
                .collect::<Vec<_>>(),
            taken.wait
        ),
        (vec![web()], Some(S(10)))
    );
    let theirs = taken.leases;
    assert_eq!(
        a.take(A, &[Scope::All], S(10)).await.unwrap(),
        in_the_way(20)
    );
    // By turns, each to its own stream: neither goes by what it remembers of the log.
    for version in 0..3 {
        a.append(&one(env("api"), version, frozen("a")), &under(&mine), None)
            .await
            .unwrap();
        b.append(
            &one(env("web"), version, frozen("b")),
            &under(&theirs),
            None,
        )
        .await
        .unwrap();
        let stale = one(env("web"), version, frozen("stale"));
        let found = version + 1;
        let conflict = StoreError::Conflict {
            stream: env("web"),
            expected: version,
            found,
        };
        assert_eq!(a.append(&stale, &under(&mine), None).await, Err(conflict));
    }
    let both = [mine.clone(), theirs.clone()].concat();
    clock.advance(S(10));
    b.append(&one(env("all"), 0, frozen("b")), &under(&both), None)
        .await
        .unwrap();
    assert_eq!(b.take(B, &[api()], S(10)).await.unwrap().leases.len(), 1);
    assert_eq!(
        b.append(&one(env("all"), 1, thawed()), &under(&both), None)
            .await,
        Err(StoreError::Fenced),
        "all of them must hold"
    );
    assert_eq!(
        a.append(&one(env("all"), 1, thawed()), &under(&[]), None)
            .await,
        Err(StoreError::Fenced),
        "and there must be one"
    );
});

two!(
    who_does_not_know_whether_it_was_given_a_lease_takes_it_once_more,
    a,
    b,
    clock,
    {
        let lost = a.take(A, &[api()], S(10)).await.unwrap().leases;
        let again = a.take(A, &[api()], S(10)).await.unwrap().leases;
        assert!(again[0].fence > lost[0].fence);
        assert_eq!(
            a.append(&one(env("dev"), 0, thawed()), &under(&lost), None)
                .await,
            Err(StoreError::Fenced)
        );
        a.append(&one(env("dev"), 0, thawed()), &under(&again), None)
            .await
            .unwrap();
        clock.advance(S(9));
        assert_eq!(b.take(B, &[api()], S(10)).await.unwrap(), in_the_way(1));
    }
);

two!(
    an_ask_is_decided_by_who_claimed_it_and_by_the_other_once_that_one_is_gone,
    a,
    b,
    clock,
    {
        for n in 1..=2 {
            a.submit(&drain(n), Time(3)).await.unwrap();
        }
        assert_eq!(
            b.asks()
                .await
                .unwrap()
                .iter()
                .map(|waits| waits.ask.id)
                .collect::<Vec<_>>(),
            [drain(1).id, drain(2).id]
        );
        let (first, second) = (drain(1).id, drain(2).id);
        let claim = a.take(A, &[Scope::Ask(first)], S(10)).await.unwrap().leases;
        let other = b
            .take(B, &[Scope::Ask(first), Scope::Ask(second), web()], S(30))
            .await
            .unwrap();
        assert_eq!((other.leases.len(), other.wait), (2, Some(S(10))));
        let events = one(env("dev"), 0, frozen("a"));
        let answered = b
            .append(&events, &under(&other.leases), Some((first, accepted("b"))))
            .await;
        assert_eq!(
            answered,
            Err(StoreError::Fenced),
            "neither the claim of another ask nor a stack is a claim of this one"
        );
        b.append(
            &nothing(),
            &under(&other.leases),
            Some((second, accepted("b"))),
        )
        .await
        .unwrap();
        assert_eq!(
            a.ask(second).await.unwrap(),
            Some(accepted("b")),
            "the other's answer is seen"
        );

        clock.advance(S(10));
        let taken_over = b.take(B, &[Scope::Ask(first)], S(10)).await.unwrap().leases;
        assert_eq!(
            a.append(&events, &under(&claim), Some((first, accepted("a"))))
                .await,
            Err(StoreError::Fenced)
        );
        assert_eq!(a.ask(first).await.unwrap(), Some(AskState::Asked));
        b.append(&events, &under(&taken_over), Some((first, accepted("b"))))
            .await
            .unwrap();
        assert!(a.asks().await.unwrap().is_empty());
        b.give_back(&taken_over).await.unwrap();
        let late = a.take(A, &[Scope::Ask(first)], S(10)).await.unwrap().leases;
        let twice = one(env("dev"), 1, thawed());
        assert_eq!(
            a.append(&twice, &under(&late), Some((first, accepted("a"))))
                .await,
            Err(StoreError::Duplicate)
        );
        assert_eq!(b.since(0, 10).await.unwrap().len(), 1);
    }
);

two!(
    who_follows_reads_what_both_wrote_once_and_in_order,
    a,
    b,
    _clock,
    {
        let (mine, theirs) = (
            a.take(A, &[api()], S(10)).await.unwrap().leases,
            b.take(B, &[web()], S(10)).await.unwrap().leases,
        );
        let (mut read, mut mark) = (Vec::new(), 0);
        for n in 0..8 {
            let (store, leases, name) = if n % 3 == 0 {
                (b, &theirs, "web")
            } else {
                (a, &mine, "api")
            };
            let version = store.folds(0).await.unwrap().version(&env(name));
            let mut append = one(env(name), version, frozen(&n.to_string()));
            append.push(env(name), version, thawed());
            store.append(&append, &under(leases), None).await.unwrap();
            if n % 2 == 1 {
                while let page = a.since(mark, 3).await.unwrap()
                    && let Some(last) = page.last()
                {
                    mark = last.seq;
                    read.extend(page);
                }
            }
        }
        assert_eq!(read.len(), 16);
        assert!(read.windows(2).all(|pair| pair[0].seq < pair[1].seq));
        assert_eq!(read, b.since(0, 100).await.unwrap());
        assert_eq!(a.folds(5).await.unwrap(), b.folds(5).await.unwrap());
    }
);
