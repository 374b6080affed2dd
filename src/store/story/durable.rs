//! What only a store on disk has: modes, locks, schemas, damage, and the next start after a kill.

use std::os::unix::fs::PermissionsExt as _;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection as _, Executor as _};

use super::super::sqlite::OpenError;
use super::*;

/// A connection as a stranger would have it.
pub(super) async fn raw(home: &Home) -> SqliteConnection {
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(home.database()))
        .await
        .unwrap()
}

#[tokio::test]
async fn everything_acknowledged_is_there_after_the_process_is_gone() {
    let spot = spot();
    let (first, lock) = engine(&spot.home).await;
    let id = first.id();
    first.submit(&drain(1), Time(3)).await.unwrap();
    for version in 0..5 {
        first
            .append(&one(env("dev"), version, frozen("x")), &by(None), None)
            .await
            .unwrap();
    }
    let stored = first.since(0, 10).await.unwrap();
    // Not closed: its connections are still open while the next one starts, as after a kill.
    drop(lock);
    let (second, _lock) = engine(&spot.home).await;
    assert_eq!(second.id(), id);
    assert_eq!(id.len(), 8);
    assert_eq!(second.since(0, 10).await.unwrap(), stored);
    assert_eq!(
        waiting(&second).await,
        [(drain(1), AskState::Asked, Time(3))]
    );
    let by_second = By {
        under: vec![Lease {
            scope: Scope::All,
            fence: 2,
        }],
        ..by(None)
    };
    second
        .append(&one(env("dev"), 5, thawed()), &by_second, None)
        .await
        .unwrap();

    // The old one lives on without knowing that it was replaced: it may read and ask, and nothing
    // else.
    assert_eq!(
        first
            .append(&one(env("dev"), 6, thawed()), &by(None), None)
            .await,
        Err(StoreError::Fenced)
    );
    assert_eq!(
        first
            .append(&nothing(), &by(None), Some((drain(1).id, accepted("old"))))
            .await,
        Err(StoreError::Fenced)
    );
    first.submit(&drain(2), Time(4)).await.unwrap();
    assert_eq!(first.since(5, 10).await.unwrap().len(), 1);
    second.close().await;
    assert!(second_start_is_clean(&spot.home).await);
}

async fn second_start_is_clean(home: &Home) -> bool {
    let client = super::client(home).await.unwrap();
    client.verify().await.unwrap().faults.is_empty()
}

#[tokio::test]
async fn one_engine_many_clients_and_nobody_without_the_lock() {
    let spot = spot();
    let home = &spot.home;
    assert!(matches!(
        super::client(home).await,
        Err(OpenError::NotYet(_))
    ));
    let wrong = Lock::exclusive(&home.watch_lock()).unwrap().unwrap();
    assert!(matches!(
        Sqlite::engine(home, &wrong, Real::shared()).await,
        Err(OpenError::NotLocked(_))
    ));
    let shared = Lock::shared(&home.engine_lock()).unwrap().unwrap();
    assert!(matches!(
        Sqlite::engine(home, &shared, Real::shared()).await,
        Err(OpenError::NotLocked(_))
    ));
    drop(shared);
    assert!(
        !home.database().exists(),
        "who may not make it makes nothing"
    );
    let (engine, _lock) = engine(home).await;
    assert!(
        Lock::exclusive(&home.engine_lock()).unwrap().is_none(),
        "a second engine gets no lock"
    );

    let client = super::client(home).await.unwrap();
    let without = By {
        under: vec![],
        ..by(None)
    };
    assert_eq!(
        client
            .append(&one(env("dev"), 0, thawed()), &without, None)
            .await,
        Err(StoreError::Fenced)
    );
    let mut bell = engine.listen(Ring::Inbox).unwrap();
    client.submit(&drain(1), Time(3)).await.unwrap();
    bell.heard().await;
    assert_eq!(engine.asks().await.unwrap().len(), 1);
    let mut bell = client.listen(Ring::Log).unwrap();
    engine
        .append(
            &one(env("dev"), 0, thawed()),
            &by(None),
            Some((drain(1).id, accepted("yes"))),
        )
        .await
        .unwrap();
    bell.heard().await;
    assert_eq!(
        client.ask(drain(1).id).await.unwrap(),
        Some(accepted("yes"))
    );
    assert_eq!(
        client.folds(5).await.unwrap(),
        engine.folds(5).await.unwrap()
    );
}

#[tokio::test]
async fn only_the_owner_can_read_any_of_it() {
    let spot = spot();
    let (store, lock) = engine(&spot.home).await;
    store
        .append(&one(env("dev"), 0, thawed()), &by(None), None)
        .await
        .unwrap();
    let mut names = Vec::new();
    for file in std::fs::read_dir(spot.home.folder()).unwrap() {
        let file = file.unwrap();
        assert_eq!(
            file.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{:?}",
            file.path()
        );
        names.push(file.file_name().into_string().unwrap());
    }
    assert!(
        names.contains(&"store.db".into()) && names.contains(&"store.db-wal".into()),
        "{names:?}"
    );
    store.close().await;
    std::fs::set_permissions(spot.home.database(), std::fs::Permissions::from_mode(0o640)).unwrap();
    for refused in [
        client(&spot.home).await.err(),
        Sqlite::engine(&spot.home, &lock, Real::shared())
            .await
            .err(),
    ] {
        assert!(refused.unwrap().to_string().contains("chmod 600"));
    }
}

#[tokio::test]
async fn another_schema_is_refused_with_both_versions() {
    let spot = spot();
    let (store, lock) = engine(&spot.home).await;
    store.close().await;
    let add = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (99, 'x', 1, x'00', 0)";
    raw(&spot.home).await.execute(add).await.unwrap();
    for refused in [
        client(&spot.home).await.err(),
        Sqlite::engine(&spot.home, &lock, Real::shared())
            .await
            .err(),
    ] {
        let text = refused.unwrap().to_string();
        assert!(
            text.contains("schema 99") && text.contains("up to 1"),
            "{text}"
        );
    }
    raw(&spot.home)
        .await
        .execute("DELETE FROM _sqlx_migrations")
        .await
        .unwrap();
    assert!(matches!(
        client(&spot.home).await,
        Err(OpenError::NotYet(_))
    ));
}

#[tokio::test]
async fn damage_is_said_and_freezes_one_stream_alone() {
    // (what is done, what the check says)
    let cases = [
        (
            "UPDATE events SET payload = replace(payload, '\"x\"', '\"y\"') WHERE seq = 2",
            "environment/dev version 2",
        ),
        (
            "UPDATE events SET person = '\"engine\"' WHERE seq = 2",
            "environment/dev version 2",
        ),
        (
            "UPDATE events SET hash = 'x' WHERE seq = 2",
            "environment/dev version 2",
        ),
        (
            "UPDATE events SET payload = '{\"event\":\"sung\"}' WHERE seq = 2",
            "environment/dev version 2",
        ),
        (
            "UPDATE events SET form = 99 WHERE seq = 2",
            "environment/dev version 2",
        ),
        (
            "UPDATE events SET payload = '{' WHERE seq = 2",
            "environment/dev version 2",
        ),
        (
            "DELETE FROM events WHERE seq = 2",
            "environment/dev version 3",
        ),
        (
            "DELETE FROM events WHERE seq = 1",
            "environment/dev version 2",
        ),
        (
            "UPDATE events SET payload = CAST(CAST(substr(payload, 1, 5) AS BLOB) || x'ff' || CAST(substr(payload, 7) AS BLOB) AS TEXT) WHERE seq = 2",
            "environment/dev version 2",
        ),
        (
            "UPDATE events SET person = CAST(x'22ff22' AS TEXT) WHERE seq = 2",
            "environment/dev version 2",
        ),
        (
            "UPDATE events SET cause = CAST(x'ff' AS TEXT) WHERE seq = 2",
            "environment/dev version 2",
        ),
        (
            "UPDATE events SET tag = CAST(x'ff' AS TEXT), hash = CAST(x'ff' AS TEXT) WHERE seq = 2",
            "environment/dev version 2",
        ),
        (
            "UPDATE events SET stream = CAST(x'ff' AS TEXT) WHERE seq = 2",
            "environment/dev version 3",
        ),
    ];
    for (harm, says) in cases {
        let spot = spot();
        let (store, _lock) = engine(&spot.home).await;
        for name in ["dev", "prod"] {
            for version in 0..3 {
                store
                    .append(&one(env(name), version, frozen("x")), &by(None), None)
                    .await
                    .unwrap();
            }
        }
        assert_eq!(
            store.verify().await.unwrap(),
            super::super::sqlite::Checked {
                events: 6,
                streams: 2,
                ..Default::default()
            }
        );
        raw(&spot.home).await.execute(harm).await.unwrap();
        let faults = store.verify().await.unwrap().faults;
        assert!(
            faults.iter().any(|fault| fault.contains(says)),
            "{harm}: {faults:?}"
        );
        let folded = store.folds(5).await.unwrap();
        assert_eq!(
            folded.broken.keys().cloned().collect::<Vec<_>>(),
            [env("dev")],
            "{harm}"
        );
        assert_eq!(folded.version(&env("prod")), 3, "the other stream is whole");
        let (newest, since) = (store.newest(0, 9).await, store.since(0, 9).await);
        assert!(
            newest.unwrap().len() >= 5 && since.unwrap().len() >= 5,
            "{harm}"
        );
        store.stream(&env("dev")).await.unwrap();
        // Whoever folded it before writes no more; the next one goes on with the other stream.
        let thaw = one(env("prod"), 3, thawed());
        assert_eq!(
            store.append(&thaw, &by(None), None).await,
            Err(StoreError::Fenced),
            "{harm}"
        );
        let leases = store
            .take(EngineId(Uuid::nil()), &[Scope::All], NO_END)
            .await
            .unwrap()
            .leases;
        let next = By {
            under: leases,
            ..by(None)
        };
        store.append(&thaw, &next, None).await.unwrap();
    }
}

/// What follows from the log, or is seen again, is no loss.
#[tokio::test]
async fn damage_of_what_can_be_made_again_changes_nothing() {
    let harms = [
        "UPDATE snapshots SET fold = replace(fold, '\"reason\":\"x\"', '\"reason\":\"y\"') WHERE stream = 'environment/dev'",
        "UPDATE snapshots SET fold = CAST(x'ff' AS TEXT) WHERE stream = 'environment/dev'",
        "UPDATE snapshots SET stream = 'environment/dew' WHERE stream = 'environment/dev'",
        "UPDATE snapshots SET stream = CAST(x'ff' AS TEXT) WHERE stream = 'environment/dev'",
        "UPDATE sightings SET sighting = CAST(x'ff' AS TEXT)",
        "UPDATE sightings SET subject = CAST(x'ff' AS TEXT)",
    ];
    for harm in harms {
        let spot = spot();
        let (store, _lock) = engine(&spot.home).await;
        for (name, version) in [("dev", 0), ("dev", 1), ("prod", 0)] {
            store
                .append(&one(env(name), version, frozen("x")), &by(None), None)
                .await
                .unwrap();
        }
        let before = store.folds(5).await.unwrap();
        store.snapshot(&before).await.unwrap();
        let seen = Sighting {
            value: Seen::Serve {
                running: 1,
                desired: 2,
                services: Vec::new(),
            },
            taken_at: Time(1),
            place: None,
            stale: None,
        };
        store
            .put_sightings(&[(("stack/dev/api".into(), "state".into()), seen)])
            .await
            .unwrap();
        raw(&spot.home).await.execute(harm).await.unwrap();
        assert_eq!(store.folds(5).await.unwrap(), before, "{harm}");
        store.sightings(0).await.unwrap();
    }
}

#[tokio::test]
async fn an_ask_that_cannot_be_read_is_set_aside() {
    let spot = spot();
    let (store, _lock) = engine(&spot.home).await;
    for n in 1..=3 {
        store.submit(&drain(n), Time(3)).await.unwrap();
    }
    let spoil = "UPDATE inbox SET ask = CAST(x'ff' AS TEXT) WHERE place = 2";
    raw(&spot.home).await.execute(spoil).await.unwrap();
    let client = super::client(&spot.home).await.unwrap();
    assert_eq!(
        client.asks().await.unwrap().len(),
        2,
        "a client passes over it"
    );
    assert_eq!(
        client.ask(drain(2).id).await.unwrap(),
        Some(AskState::Asked)
    );
    assert_eq!(
        store
            .asks()
            .await
            .unwrap()
            .iter()
            .map(|waits| waits.ask.id)
            .collect::<Vec<_>>(),
        [drain(1).id, drain(3).id]
    );
    let Some(AskState::Answered {
        answer: Answer::Refused(refused),
    }) = store.ask(drain(2).id).await.unwrap()
    else {
        panic!("it must be refused");
    };
    assert_eq!(refused.code, "unknown-ask");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_said_to_be_damaged() {
    let spot = spot();
    let (store, lock) = engine(&spot.home).await;
    store
        .append(&one(env("dev"), 0, thawed()), &by(None), None)
        .await
        .unwrap();
    store.close().await;
    let good = std::fs::read(spot.home.database()).unwrap();
    std::fs::write(
        spot.home.database(),
        [b"not a database, ".repeat(200), good[3_200..].to_vec()].concat(),
    )
    .unwrap();
    for refused in [
        client(&spot.home).await.err(),
        Sqlite::engine(&spot.home, &lock, Real::shared())
            .await
            .err(),
    ] {
        let text = refused.unwrap().to_string();
        assert!(text.contains("damaged"), "{text}");
    }
}

#[tokio::test]
async fn numbers_go_on_after_a_kill() {
    let spot = spot();
    let (first, lock) = engine(&spot.home).await;
    assert_eq!(
        first.numbers(3).await.unwrap().last(),
        Some(&DeploymentNo(3))
    );
    drop(lock);
    let (second, _lock) = engine(&spot.home).await;
    assert_eq!(
        second.numbers(1).await.unwrap(),
        [DeploymentNo(4)],
        "what the first was given and never used is gone"
    );
    assert_eq!(
        first.numbers(1).await.unwrap(),
        [DeploymentNo(5)],
        "one that lives on without knowing gets none of the other's"
    );
}

/// Content that the disk has lost, in a file or in the database, is found by the check.
#[tokio::test]
async fn content_that_is_not_what_was_kept_is_told() {
    let spot = spot();
    let (store, _lock) = engine(&spot.home).await;
    let kept = store
        .put(Box::new(&b"all of it"[..]), "a file", Time(1))
        .await
        .unwrap();
    let mut append = one(env("dev"), 0, frozen("x"));
    append.blobs = vec![(Digest::of_bytes(b"x"), b"x".to_vec())];
    store.append(&append, &by(None), None).await.unwrap();
    let checked = store.verify().await.unwrap();
    assert_eq!(
        (checked.contents, checked.faults),
        (2, Vec::<String>::new())
    );

    let name = kept.digest.to_string();
    let file = spot.home.blobs().join(&name[..2]).join(&name[2..]);
    std::fs::write(&file, [0; 9]).unwrap();
    raw(&spot.home)
        .await
        .execute("UPDATE blobs SET bytes = CAST('y' AS BLOB)")
        .await
        .unwrap();
    let faults = store.verify().await.unwrap().faults;
    assert!(
        faults.len() == 2
            && faults
                .iter()
                .all(|fault| fault.contains("is not what was kept"))
            && faults.iter().any(|fault| fault.contains(&name)),
        "{faults:?}"
    );
}
