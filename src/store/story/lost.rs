//! A store of which a part is lost, that is damaged, or that is a copy: told by name, and not
//! written to before a person says how to go on.

use std::fs;
use std::path::Path;

use sqlx::{Connection as _, Executor as _};

use super::super::sqlite::{Doubt, OpenError};
use super::durable::raw;
use super::*;
use crate::domain::event::Stored;
use crate::domain::folds::Folds;
use crate::os::{files, open};

/// The elected engine opens the store; nothing is taken.
async fn elected(home: &Home) -> Result<Sqlite, OpenError> {
    let lock = Lock::exclusive(&home.engine_lock()).unwrap().unwrap();
    Sqlite::engine(home, &lock, Real::shared()).await
}

async fn accept(home: &Home) -> Result<Vec<Doubt>, OpenError> {
    let lock = Lock::exclusive(&home.engine_lock()).unwrap().unwrap();
    Sqlite::accept(home, &lock, Real::shared()).await
}

fn doubt(opened: Result<Sqlite, OpenError>) -> Doubt {
    match opened.map(drop) {
        Err(OpenError::Doubt(doubt)) => doubt,
        other => panic!("{other:?}"),
    }
}

/// A store with three events and five numbers, and its file as it was after the first event.
async fn written(home: &Home) -> Vec<u8> {
    let (store, lock) = engine(home).await;
    store
        .append(&one(env("dev"), 0, frozen("x")), &by(None), None)
        .await
        .unwrap();
    store.close().await;
    drop(lock);
    let (store, _lock) = engine(home).await;
    for version in 1..3 {
        let under = vec![Lease {
            scope: Scope::All,
            fence: 2,
        }];
        let by = By { under, ..by(None) };
        store
            .append(&one(env("dev"), version, frozen("y")), &by, None)
            .await
            .unwrap();
    }
    store.numbers(5).await.unwrap();
    // All of that is in the file beside it, which is lost.
    let without = open::bytes(&home.database()).unwrap();
    store.close().await;
    without
}

/// Harms a home, given its file without what was beside it, and the mark of another store.
type Harm = fn(&Home, &[u8], &[u8]);

#[tokio::test]
async fn what_is_lost_is_told_and_nothing_is_written_before_a_person_accepts_it() {
    // (what is done, what is said, what can still be read)
    let harms: [(&str, Harm, &str, Option<u64>); 5] = [
        (
            "store.db-wal is lost",
            |home, without, _| fs::write(home.database(), without).unwrap(),
            "Place 3 of its log (numbers up to #5) was recorded there, and it ends at place 1 (#0)",
            Some(1),
        ),
        (
            "store.db is cut to nothing",
            |home, _, _| fs::write(home.database(), "").unwrap(),
            "it ends at place 0",
            None,
        ),
        (
            "store.db is removed",
            |home, _, _| fs::remove_file(home.database()).unwrap(),
            "it ends at place 0",
            None,
        ),
        (
            "the mark is lost",
            |home, _, _| fs::remove_file(home.mark()).unwrap(),
            "store.mark, which says where the log ends, is missing",
            Some(3),
        ),
        (
            "the mark is of another store",
            |home, _, mark| fs::write(home.mark(), mark).unwrap(),
            "is not the one that was written there last",
            Some(3),
        ),
    ];
    let other = spot();
    written(&other.home).await;
    let of_other = open::bytes(&other.home.mark()).unwrap();
    for (what, harm, says, reads) in harms {
        let spot = spot();
        let without = written(&spot.home).await;
        harm(&spot.home, &without, &of_other);
        let told = doubt(elected(&spot.home).await).to_string();
        assert!(
            told.contains(says) && told.contains("holdpoint engine --accept-store"),
            "{what}: {told}"
        );
        match (client(&spot.home).await, reads) {
            (Ok(client), Some(seq)) => {
                assert_eq!(client.folds(5).await.unwrap().seq, seq, "{what}");
                let refused = client.submit(&drain(1), Time(3)).await;
                assert_eq!(refused, Err(StoreError::Doubted(told.clone())), "{what}");
                let faults = client.verify().await.unwrap().faults;
                assert_eq!(faults, [told], "{what}");
                assert_eq!(accept(&spot.home).await.unwrap().len(), 1);
                client.submit(&drain(1), Time(3)).await.unwrap();
            }
            (refused, None) => {
                doubt(refused);
                assert_eq!(accept(&spot.home).await.unwrap().len(), 1);
            }
            (other, Some(_)) => panic!("{what}: {:?}", other.map(drop)),
        }
        let store = elected(&spot.home).await.unwrap();
        assert_eq!(
            store.numbers(1).await.unwrap(),
            [DeploymentNo(6)],
            "{what}: no number is given twice"
        );
    }
}

/// The mark is written behind the commit: whoever is killed in between has lost nothing.
#[tokio::test]
async fn a_mark_that_lags_behind_the_log_is_no_loss() {
    let spot = spot();
    let (store, lock) = engine(&spot.home).await;
    for version in 0..4 {
        let before = open::bytes(&spot.home.mark()).unwrap();
        store
            .append(&one(env("dev"), version, frozen("x")), &by(None), None)
            .await
            .unwrap();
        assert_ne!(
            open::bytes(&spot.home.mark()).unwrap(),
            before,
            "it is written before the append is acknowledged"
        );
        if version == 3 {
            fs::write(spot.home.mark(), before).unwrap();
        }
    }
    store.close().await;
    drop(lock);
    let store = elected(&spot.home).await.unwrap();
    assert_eq!(store.folds(5).await.unwrap().seq, 4);
    assert!(store.verify().await.unwrap().faults.is_empty());
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    fs::set_permissions(to, private).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[tokio::test]
async fn a_copy_is_refused_and_a_store_that_was_moved_is_not() {
    let spot = spot();
    written(&spot.home).await;
    let at = |name: &str| spot.home.folder().with_file_name(name);
    copy(spot.home.folder(), &at("copy"));
    let twin = Home::open(Some(&at("copy"))).unwrap();
    let told = doubt(elected(&twin).await);
    assert!(matches!(told, Doubt::Twin { .. }), "{told}");
    assert!(matches!(
        accept(&twin).await,
        Err(OpenError::Doubt(Doubt::Twin { .. }))
    ));
    let reads = client(&twin).await.unwrap();
    assert_eq!(reads.folds(5).await.unwrap().seq, 3);
    assert_eq!(
        reads.submit(&drain(1), Time(3)).await,
        Err(StoreError::Doubted(told.to_string()))
    );
    reads.close().await;

    // Moved, it is the same file.
    fs::rename(spot.home.folder(), at("moved")).unwrap();
    let moved = Home::open(Some(&at("moved"))).unwrap();
    elected(&moved).await.unwrap().close().await;
    assert!(
        client(&moved)
            .await
            .unwrap()
            .verify()
            .await
            .unwrap()
            .faults
            .is_empty()
    );
    // The other one knows only where it was once; a person says that it is gone.
    let told = doubt(elected(&twin).await);
    assert!(matches!(told, Doubt::Copied { .. }), "{told}");
    assert_eq!(accept(&twin).await.unwrap(), [told]);
    elected(&twin).await.unwrap().close().await;

    // A second name of the file is a copy as well: what lies beside it is not shared.
    copy(moved.folder(), &at("linked"));
    fs::remove_file(at("linked").join("store.db")).unwrap();
    fs::hard_link(moved.database(), at("linked").join("store.db")).unwrap();
    let linked = Home::open(Some(&at("linked"))).unwrap();
    assert!(matches!(doubt(elected(&linked).await), Doubt::Twin { .. }));
    fs::remove_file(linked.database()).unwrap();

    // Brought back to its own place, it may be older than what was done since.
    fs::copy(moved.database(), at("moved").join("again")).unwrap();
    fs::rename(at("moved").join("again"), moved.database()).unwrap();
    let told = doubt(elected(&moved).await);
    assert!(matches!(told, Doubt::Copied { .. }), "{told}");
    accept(&moved).await.unwrap();
    elected(&moved).await.unwrap();
}

/// What is read of a store; what is wrong with it, where that is told.
async fn seen(home: &Home) -> Result<(Folds, Vec<Stored>), String> {
    let text = |why: StoreError| why.to_string();
    let store = elected(home).await.map_err(|why| why.to_string())?;
    let checked = store.verify().await.map_err(text)?;
    let folds = store.folds(5).await.map_err(text)?;
    let stream = store.stream(&env("dev")).await.map_err(text)?;
    let broken = folds.broken.values().next();
    match checked.faults.first().or(broken) {
        Some(told) => Err(told.clone()),
        None => Ok((folds, stream)),
    }
}

/// One bit of each page in turn, at several places of it: it is said, or it is of no account.
#[tokio::test]
async fn no_changed_page_is_taken_for_the_truth() {
    let spot = spot();
    let (store, lock) = engine(&spot.home).await;
    for version in 0..12 {
        for name in ["dev", "prod"] {
            let reason = format!("{name} {version} {}", "x".repeat(300));
            store
                .append(&one(env(name), version, frozen(&reason)), &by(None), None)
                .await
                .unwrap();
        }
        if version == 8 {
            store
                .snapshot(&store.folds(5).await.unwrap())
                .await
                .unwrap();
        }
    }
    let truth = (
        store.folds(5).await.unwrap(),
        store.stream(&env("dev")).await.unwrap(),
    );
    // A copy is opened below, so that no two have anything in common.
    let mut stranger = raw(&spot.home).await;
    let forget = "DELETE FROM meta WHERE key = 'whereabouts'";
    stranger.execute(forget).await.unwrap();
    let into_the_file = "PRAGMA wal_checkpoint(TRUNCATE)";
    stranger.execute(into_the_file).await.unwrap();
    stranger.close().await.unwrap();
    store.close().await;
    drop(lock);
    let good = open::bytes(&spot.home.database()).unwrap();
    let (mut harmless, mut told) = (0, 0);
    for page in 0..good.len() / 4_096 {
        for at in [3, 9, 700, 1_500, 2_300, 3_100, 4_000] {
            let folder = tempfile::tempdir().unwrap();
            let home = Home::open(Some(&folder.path().join("home"))).unwrap();
            let mut bad = good.clone();
            bad[page * 4_096 + at] ^= 1 << (at % 8);
            drop(files::private_file(&home.database()).unwrap());
            fs::write(home.database(), &bad).unwrap();
            fs::copy(spot.home.mark(), home.mark()).unwrap();
            match seen(&home).await {
                Ok(seen) => {
                    assert!(seen == truth, "page {page} at {at} is taken for the truth");
                    harmless += 1;
                }
                Err(_) => told += 1,
            }
        }
    }
    assert!(told > 20, "{told} told, {harmless} harmless");
}

/// Old damage, below what is kept of the folds, is found by a check; the engine at work stops, and
/// the next one freezes the stream.
#[tokio::test]
async fn what_a_check_finds_is_frozen() {
    let spot = spot();
    let (store, lock) = engine(&spot.home).await;
    for (name, version) in [("dev", 0), ("dev", 1), ("prod", 0)] {
        store
            .append(&one(env(name), version, frozen("x")), &by(None), None)
            .await
            .unwrap();
    }
    store
        .snapshot(&store.folds(5).await.unwrap())
        .await
        .unwrap();
    let harm = "UPDATE events SET payload = replace(payload, '\"x\"', '\"y\"') WHERE seq = 1";
    raw(&spot.home).await.execute(harm).await.unwrap();
    assert!(
        store.folds(5).await.unwrap().broken.is_empty(),
        "nobody has read it"
    );
    let doctor = client(&spot.home).await.unwrap();
    let told = async || doctor.given_up().await.unwrap();
    assert_eq!(told().await, 0);
    let faults = doctor.verify().await.unwrap().faults;
    assert!(
        faults[0].contains("environment/dev version 1"),
        "{faults:?}"
    );
    assert_eq!(
        store
            .append(&one(env("dev"), 2, thawed()), &by(None), None)
            .await,
        Err(StoreError::Fenced)
    );
    // What it keeps at its end changes nothing.
    let mut folds = store.folds(5).await.unwrap();
    assert!(folds.broken.contains_key(&env("dev")));
    folds.broken.clear();
    store.snapshot(&folds).await.unwrap();
    store.close().await;
    drop(lock);
    let store = elected(&spot.home).await.unwrap();
    let folds = store.folds(5).await.unwrap();
    assert!(folds.broken.contains_key(&env("dev")) && folds.broken.len() == 1);
    doctor.verify().await.unwrap();
    assert_eq!(told().await, 1, "what is known already is no news");
    store
        .take(EngineId(Uuid::nil()), &[Scope::All], NO_END)
        .await
        .unwrap();
    doctor.verify().await.unwrap();
    let by = By {
        under: vec![Lease {
            scope: Scope::All,
            fence: 2,
        }],
        ..by(None)
    };
    store
        .append(&one(env("prod"), 1, thawed()), &by, None)
        .await
        .unwrap();
}
