//! The contract as a story: the same tests over every store. What only one of them has stands in
//! its own tests.

mod durable;
mod engines;
mod folds;
mod lost;

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::FutureExt as _;
use serde_json::json;
use uuid::Uuid;

use super::memory::{Fault, Memory};
use super::sqlite::Sqlite;
use super::{By, EngineId, Lease, NO_END, Preview, Ring, Scope, Store, StoreError, Swept, bundles};
use crate::domain::ask::{Answer, Ask, AskState, Attached, InboxAsk, Intent};
use crate::domain::cause::Via;
use crate::domain::class::EnvClass;
use crate::domain::deployment::DeploymentEvent;
use crate::domain::digest::Digest;
use crate::domain::environment::{EnvironmentEvent, Freeze};
use crate::domain::event::{Append, Event, StreamId};
use crate::domain::given;
use crate::domain::ids::{AskId, DeploymentId, DeploymentNo, StackId};
use crate::domain::person::Person;
use crate::domain::place::Place;
use crate::domain::purpose::Purpose;
use crate::domain::request::{SourceBundle, SourceFile};
use crate::domain::sighting::{Seen, Sighting};
use crate::domain::stack::{QueueEnd, Queued, StackEvent};
use crate::domain::time::Time;
use crate::os::clock::Real;
use crate::os::lock::Lock;
use crate::os::paths::Home;

/// A home of its own, gone with the test.
struct Spot {
    home: Home,
    _folder: tempfile::TempDir,
}

fn spot() -> Spot {
    let folder = tempfile::tempdir().unwrap();
    Spot {
        home: Home::open(Some(&folder.path().join("home"))).unwrap(),
        _folder: folder,
    }
}

/// The elected engine's store, all of which it has taken.
async fn engine(home: &Home) -> (Sqlite, Lock) {
    let lock = Lock::exclusive(&home.engine_lock())
        .unwrap()
        .expect("no other engine");
    let store = Sqlite::engine(home, &lock, Real::shared()).await.unwrap();
    assert_eq!(
        store
            .take(EngineId(Uuid::nil()), &[Scope::All], NO_END)
            .await
            .unwrap()
            .leases
            .len(),
        1
    );
    (store, lock)
}

async fn client(home: &Home) -> Result<Sqlite, super::sqlite::OpenError> {
    Sqlite::client(home, Real::shared()).await
}

/// A store in memory, all of which is taken.
fn memory() -> Memory {
    let store = Memory::new();
    assert_eq!(store.all(), by(None).under);
    store
}

/// Runs a chapter over every store.
macro_rules! chapter {
    ($name:ident, $store:ident, $body:block) => {
        #[tokio::test]
        async fn $name() {
            async fn told($store: &dyn Store) $body
            told(&memory()).await;
            let spot = spot();
            let (sqlite, _lock) = engine(&spot.home).await;
            told(&sqlite).await;
            let checked = sqlite.verify().await.unwrap();
            assert!(checked.faults.is_empty(), "{:?}", checked.faults);
        }
    };
}

/// As the engine writes that took a new store first.
fn by(cause: Option<AskId>) -> By {
    By {
        person: Person::Owner("ana".into()),
        cause,
        at: Time(1_000),
        under: vec![Lease {
            scope: Scope::All,
            fence: 1,
        }],
    }
}

/// An append that only answers.
fn nothing() -> Append {
    Append::default()
}

fn env(name: &str) -> StreamId {
    StreamId::Environment(name.parse().unwrap())
}

fn stack(name: &str) -> StackId {
    name.parse().unwrap()
}

fn deployment(n: u128) -> DeploymentId {
    DeploymentId(Uuid::from_u128(n))
}

fn frozen(reason: &str) -> Event {
    let freeze = Freeze {
        reason: reason.to_owned(),
        by: Person::Engine,
        at: Time(5),
        until: None,
    };
    Event::Environment(EnvironmentEvent::Frozen { freeze })
}

fn thawed() -> Event {
    Event::Environment(EnvironmentEvent::Thawed)
}

fn one(stream: StreamId, expected: u64, event: Event) -> Append {
    let mut append = Append::default();
    append.push(stream, expected, event);
    append
}

fn created(n: u64, stack: &StackId) -> Event {
    let request = Box::new(given::request(
        n,
        stack,
        given::spec("script", "r1", json!({})),
    ));
    Event::Deployment(Box::new(DeploymentEvent::Created { request }))
}

fn requested(n: u64) -> Event {
    let entry = Queued {
        deployment: deployment(n.into()),
        no: DeploymentNo(n),
        purpose: Purpose::Deploy,
        not_before: None,
        after: vec![],
    };
    Event::Stack(StackEvent::Requested {
        system: "script".into(),
        entry,
        place: QueueEnd::Tail,
    })
}

fn drain(n: u128) -> InboxAsk {
    InboxAsk::new(
        AskId(Uuid::from_u128(n)),
        Via::Verb,
        Ask::Drain {
            version: "9".into(),
        },
    )
}

/// What waits, without who wrote it.
async fn waiting(store: &dyn Store) -> Vec<(InboxAsk, AskState, Time)> {
    let asks = store.asks().await.unwrap();
    assert!(
        asks.iter()
            .all(|waits| matches!(&waits.writer, Person::Owner(name) if !name.is_empty())),
        "the store says who wrote it"
    );
    asks.into_iter()
        .map(|waits| (waits.ask, waits.state, waits.at))
        .collect()
}

fn accepted(says: &str) -> AskState {
    AskState::Answered {
        answer: Answer::Accepted {
            deployments: vec![],
            says: says.into(),
        },
    }
}

chapter!(several_streams_are_taken_together_or_not_at_all, store, {
    let api = stack("dev/api");
    let mut append = one(env("dev"), 0, frozen("a"));
    append.push(StreamId::Stack(api.clone()), 0, requested(1));
    append.push(StreamId::Stack(api.clone()), 0, requested(2));
    append.push(StreamId::Deployment(deployment(1)), 0, created(1, &api));
    let stored = store.append(&append, &by(None), None).await.unwrap();
    let places: Vec<_> = stored.iter().map(|one| (one.seq, one.version)).collect();
    assert_eq!(places, [(1, 1), (2, 1), (3, 2), (4, 1)]);
    assert_eq!(
        store.since(0, 10).await.unwrap(),
        stored,
        "what was given back is what is read"
    );

    let mut stale = one(env("dev"), 1, thawed());
    stale.push(StreamId::Stack(api.clone()), 1, requested(3));
    let conflict = StoreError::Conflict {
        stream: StreamId::Stack(api.clone()),
        expected: 1,
        found: 2,
    };
    assert_eq!(store.append(&stale, &by(None), None).await, Err(conflict));
    let early = one(env("dev"), 7, thawed());
    assert!(matches!(
        store.append(&early, &by(None), None).await,
        Err(StoreError::Conflict { found: 1, .. })
    ));
    assert_eq!(
        store.since(0, 10).await.unwrap().len(),
        4,
        "nothing of them was written"
    );

    assert!(
        store
            .append(&Append::default(), &by(None), None)
            .await
            .unwrap()
            .is_empty()
    );
    store
        .append(&one(env("dev"), 1, thawed()), &by(None), None)
        .await
        .unwrap();
    assert_eq!(
        store
            .stream(&env("dev"))
            .await
            .unwrap()
            .iter()
            .map(|one| one.seq)
            .collect::<Vec<_>>(),
        [1, 5]
    );
});

chapter!(a_stream_that_was_only_read_must_not_have_moved, store, {
    store
        .append(&one(env("dev"), 0, frozen("a")), &by(None), None)
        .await
        .unwrap();
    let mut append = one(env("prod"), 0, frozen("b"));
    append.reads = vec![(env("dev"), 0)];
    append.blobs = vec![(Digest::of_bytes(b"x"), b"x".to_vec())];
    assert!(matches!(
        store.append(&append, &by(None), None).await,
        Err(StoreError::Conflict {
            found: 1,
            expected: 0,
            ..
        })
    ));
    assert_eq!(
        store.blob(Digest::of_bytes(b"x")).await.unwrap(),
        None,
        "its content was not kept either"
    );
    append.reads = vec![(env("dev"), 1), (env("none"), 0)];
    store.append(&append, &by(None), None).await.unwrap();
    assert_eq!(
        store.blob(Digest::of_bytes(b"x")).await.unwrap().as_deref(),
        Some(&b"x"[..])
    );
    append.writes[0].expected = 1;
    store.append(&append, &by(None), None).await.unwrap();
});

chapter!(
    an_ask_is_one_row_and_answered_once_with_its_events,
    store,
    {
        for (n, at) in [(2, 10), (1, 11), (2, 12)] {
            store.submit(&drain(n), Time(at)).await.unwrap();
        }
        let expect = [
            (drain(2), AskState::Asked, Time(10)),
            (drain(1), AskState::Asked, Time(11)),
        ];
        assert_eq!(
            waiting(store).await,
            expect,
            "in the order in which they came, the second submit changed nothing"
        );

        let two = drain(2).id;
        let append = one(env("dev"), 0, frozen("a"));
        let stored = store
            .append(&append, &by(Some(two)), Some((two, accepted("yes"))))
            .await
            .unwrap();
        assert_eq!(stored[0].cause, Some(two));
        assert_eq!(store.ask(two).await.unwrap(), Some(accepted("yes")));

        let again = one(env("dev"), 1, thawed());
        assert_eq!(
            store
                .append(&again, &by(Some(two)), Some((two, accepted("twice"))))
                .await,
            Err(StoreError::Duplicate)
        );
        assert_eq!(
            store
                .append(&nothing(), &by(Some(two)), Some((two, accepted("twice"))))
                .await,
            Err(StoreError::Duplicate)
        );
        assert_eq!(store.ask(two).await.unwrap(), Some(accepted("yes")));
        assert_eq!(store.since(0, 10).await.unwrap().len(), 1);

        // A conflict leaves the ask open.
        let one_id = drain(1).id;
        assert!(matches!(
            store
                .append(&append, &by(None), Some((one_id, accepted("x"))))
                .await,
            Err(StoreError::Conflict { .. })
        ));
        assert_eq!(
            waiting(store).await,
            [(drain(1), AskState::Asked, Time(11))]
        );
        assert_eq!(
            store
                .append(&nothing(), &by(None), Some((one_id, accepted("no event"))))
                .await,
            Ok(vec![])
        );
        assert!(store.asks().await.unwrap().is_empty());
        // An answered ask may be submitted again: it stays answered.
        store.submit(&drain(1), Time(99)).await.unwrap();
        assert!(store.asks().await.unwrap().is_empty());

        let unknown = drain(77).id;
        assert_eq!(store.ask(unknown).await.unwrap(), None);
        assert!(matches!(
            store
                .append(&again, &by(None), Some((unknown, accepted("x"))))
                .await,
            Err(StoreError::Corrupt(_))
        ));
        assert!(matches!(
            store
                .append(&nothing(), &by(None), Some((unknown, accepted("x"))))
                .await,
            Err(StoreError::Corrupt(_))
        ));
    }
);

chapter!(the_log_is_read_in_pages_from_both_ends, store, {
    for version in 0..7 {
        store
            .append(&one(env("dev"), version, frozen("x")), &by(None), None)
            .await
            .unwrap();
    }
    let seqs = |page: Vec<crate::domain::event::Stored>| {
        page.iter().map(|one| one.seq).collect::<Vec<_>>()
    };
    assert_eq!(seqs(store.since(2, 3).await.unwrap()), [3, 4, 5]);
    assert_eq!(seqs(store.since(7, 3).await.unwrap()), [0; 0]);
    assert_eq!(seqs(store.newest(0, 3).await.unwrap()), [7, 6, 5]);
    assert_eq!(seqs(store.newest(4, 3).await.unwrap()), [4, 3, 2]);
    assert_eq!(seqs(store.newest(2, 3).await.unwrap()), [2, 1]);
});

chapter!(
    deployments_of_a_stack_come_newest_first_and_each_is_found_by_its_number,
    store,
    {
        let (api, web) = (stack("dev/api"), stack("dev/web"));
        for n in 1..=5u64 {
            let of = if n == 3 { &web } else { &api };
            let append = one(
                StreamId::Deployment(deployment(u128::from(100 - n))),
                0,
                created(n, of),
            );
            store.append(&append, &by(None), None).await.unwrap();
        }
        let ids = |list: &[u128]| list.iter().map(|n| deployment(*n)).collect::<Vec<_>>();
        assert_eq!(
            store.deployments_of(&api, 3).await.unwrap(),
            ids(&[95, 96, 98])
        );
        assert_eq!(store.deployments_of(&web, 9).await.unwrap(), ids(&[97]));
        for (no, id) in [(1, Some(99)), (3, Some(97)), (6, None)] {
            assert_eq!(
                store.numbered(DeploymentNo(no)).await.unwrap(),
                id.map(deployment),
                "#{no}"
            );
        }
        let folds = crate::store::folded(store, &StreamId::Deployment(deployment(97)))
            .await
            .unwrap();
        assert_eq!(
            folds
                .deployments
                .into_values()
                .map(|one| one.no())
                .collect::<Vec<_>>(),
            [DeploymentNo(3)]
        );
    }
);

chapter!(a_number_is_given_once_whatever_becomes_of_it, store, {
    assert_eq!(
        store.numbers(2).await.unwrap(),
        [DeploymentNo(1), DeploymentNo(2)]
    );
    assert!(store.numbers(0).await.unwrap().is_empty());
    let many = futures_util::future::join_all((0..20).map(|n| store.numbers(n % 3 + 1))).await;
    let mut given: Vec<u64> = many
        .into_iter()
        .flat_map(|numbers| numbers.unwrap())
        .map(|no| no.0)
        .collect();
    assert!(given.iter().all(|no| *no > 2));
    let all = given.len();
    given.sort_unstable();
    given.dedup();
    assert_eq!(
        given.len(),
        all,
        "no number twice, also for those who ask at the same time"
    );
    let last = given.last().copied().unwrap();

    // What an append that is refused would have used is not given again, and what the log has is
    // never given at all.
    let api = stack("dev/api");
    let stale = one(StreamId::Deployment(deployment(1)), 5, created(last, &api));
    assert!(store.append(&stale, &by(None), None).await.is_err());
    assert_eq!(store.numbers(1).await.unwrap(), [DeploymentNo(last + 1)]);
    store
        .append(
            &one(
                StreamId::Deployment(deployment(2)),
                0,
                created(last + 50, &api),
            ),
            &by(None),
            None,
        )
        .await
        .unwrap();
    assert_eq!(store.numbers(1).await.unwrap(), [DeploymentNo(last + 51)]);
});

chapter!(
    previews_are_found_by_their_subject_until_they_are_too_old,
    store,
    {
        let card = |subject: &str, made_at: i64| {
            serde_json::from_value::<crate::domain::card::Card>(json!({
            "verb": "freeze", "env": "dev", "class": EnvClass::Development, "level": 2, "why": "", "subject": Digest::of_bytes(subject.as_bytes()),
            "lines": [], "made_at": made_at, "valid_until": made_at + 60_000,
        }))
        .unwrap()
        };
        let preview = |subject: &str, made_at| Preview {
            intent: Intent::teardown(stack("dev/api")),
            card: card(subject, made_at),
            plans: vec![],
            specs: vec![],
            files: vec![],
        };
        for (n, subject, at) in [(1, "a", 10), (2, "a", 20), (3, "b", 15)] {
            store
                .keep_preview(drain(n).id, &preview(subject, at), Time(0))
                .await
                .unwrap();
        }
        let (a, b) = (Digest::of_bytes(b"a"), Digest::of_bytes(b"b"));
        assert_eq!(
            store.preview(a).await.unwrap(),
            Some(preview("a", 20)),
            "the newest"
        );
        assert_eq!(store.preview(b).await.unwrap(), Some(preview("b", 15)));
        store
            .keep_preview(drain(4).id, &preview("c", 40), Time(20))
            .await
            .unwrap();
        assert_eq!(store.preview(b).await.unwrap(), None);
        assert_eq!(
            store.preview(a).await.unwrap(),
            Some(preview("a", 20)),
            "20 is not older than 20"
        );
    }
);

chapter!(sightings_are_overwritten_and_read_by_what_is_new, store, {
    let seen = |n, stale: Option<&str>| Sighting {
        value: Seen::Serve {
            running: n,
            desired: 3,
            services: Vec::new(),
        },
        taken_at: Time(50),
        place: Some(Place::new("hill", "summit", "side")),
        stale: stale.map(Into::into),
    };
    let key = |subject: &str| (format!("stack/dev/{subject}"), "serve".to_owned());
    store
        .put_sightings(&[(key("api"), seen(1, None)), (key("web"), seen(2, None))])
        .await
        .unwrap();
    let (all, mark) = store.sightings(0).await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(store.sightings(mark).await.unwrap(), (vec![], mark));
    // A failed look keeps the old time: it is new all the same.
    store
        .put_sightings(&[(key("api"), seen(1, Some("throttled")))])
        .await
        .unwrap();
    let (newer, next) = store.sightings(mark).await.unwrap();
    assert_eq!(newer, [(key("api"), seen(1, Some("throttled")))]);
    assert!(next > mark);
    store.put_sightings(&[]).await.unwrap();
    assert_eq!(store.sightings(0).await.unwrap().0.len(), 2);
});

chapter!(
    interest_ends_by_itself_and_is_replaced_by_its_console,
    store,
    {
        let subjects = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        store
            .put_interest(
                "one",
                &subjects(&["stack/dev/web", "stack/dev/api"]),
                Time(100),
            )
            .await
            .unwrap();
        store
            .put_interest(
                "two",
                &subjects(&["stack/dev/api", "stack/dev/api"]),
                Time(200),
            )
            .await
            .unwrap();
        assert_eq!(
            store.interests(Time(99)).await.unwrap(),
            ["stack/dev/api", "stack/dev/web"]
        );
        assert_eq!(store.interests(Time(100)).await.unwrap(), ["stack/dev/api"]);
        store
            .put_interest("two", &subjects(&["stack/dev/db"]), Time(300))
            .await
            .unwrap();
        assert_eq!(store.interests(Time(100)).await.unwrap(), ["stack/dev/db"]);
        assert!(store.interests(Time(300)).await.unwrap().is_empty());
    }
);

chapter!(bells_tell_that_there_is_something_new, store, {
    let (mut inbox, mut log) = (
        store.listen(Ring::Inbox).unwrap(),
        store.listen(Ring::Log).unwrap(),
    );
    assert!(inbox.heard().now_or_never().is_none() && log.heard().now_or_never().is_none());
    store.submit(&drain(1), Time(0)).await.unwrap();
    inbox.heard().await;
    assert!(log.heard().now_or_never().is_none());
    store
        .append(&one(env("dev"), 0, frozen("a")), &by(None), None)
        .await
        .unwrap();
    log.heard().await;
    store
        .append(&nothing(), &by(None), Some((drain(1).id, accepted("yes"))))
        .await
        .unwrap();
    log.heard().await;
    assert!(inbox.heard().now_or_never().is_none());
});

chapter!(
    of_many_appends_at_once_each_is_taken_or_refused_for_itself,
    store,
    {
        let appends: Vec<_> = (0..40)
            .map(|n| {
                one(
                    env(if n % 2 == 0 { "even" } else { "odd" }),
                    0,
                    frozen(&n.to_string()),
                )
            })
            .collect();
        let by = by(None);
        let results = futures_util::future::join_all(
            appends.iter().map(|append| store.append(append, &by, None)),
        )
        .await;
        let taken = results.iter().filter(|result| result.is_ok()).count();
        let conflicts = results
            .iter()
            .filter(|result| {
                matches!(
                    result,
                    Err(StoreError::Conflict {
                        found: 1,
                        expected: 0,
                        ..
                    })
                )
            })
            .count();
        assert_eq!((taken, conflicts), (2, 38));
        assert_eq!(store.since(0, 100).await.unwrap().len(), 2);
        let chained: Vec<_> = (0..40)
            .map(|version| one(env("chain"), version, frozen("x")))
            .collect();
        let results = futures_util::future::join_all(
            chained.iter().map(|append| store.append(append, &by, None)),
        )
        .await;
        assert!(
            results.iter().all(Result::is_ok),
            "appends are taken in the order in which they were asked for"
        );
    }
);

#[tokio::test]
async fn the_double_fails_on_request_before_or_after() {
    let store = memory();
    let full = StoreError::Unavailable("full".into());
    store.fail(1, Fault::Before(full.clone()));
    store.fail(2, Fault::After(full.clone()));
    let append = one(env("dev"), 0, frozen("a"));
    assert_eq!(
        store.append(&append, &by(None), None).await,
        Err(full.clone())
    );
    assert_eq!(
        store.append(&append, &by(None), None).await,
        Err(full),
        "it was written, and the answer lost"
    );
    assert!(matches!(
        store.append(&append, &by(None), None).await,
        Err(StoreError::Conflict { found: 1, .. })
    ));
    assert_eq!((store.calls(), store.clone().transcript().len()), (3, 1));
}

chapter!(
    content_is_kept_once_and_swept_when_nothing_names_it,
    store,
    {
        let start = Time(1_800_000_000_000);
        let later = start + Duration::from_hours(24);
        let put = async |text: &'static str| {
            store
                .put(Box::new(text.as_bytes()), "a file", start)
                .await
                .unwrap()
        };
        let read = async |digest| {
            let content = store.get(digest).await.unwrap()?;
            Some(std::io::read_to_string(content).unwrap())
        };
        let (a, b) = (put("one").await, put("two").await);
        assert_eq!(put("one").await, a);
        assert_eq!(
            (a.length, read(a.digest).await.as_deref()),
            (3, Some("one"))
        );
        assert_eq!(read(Digest::of_bytes(b"none")).await, None);

        // A large file travels beside its bundle, and is named by the ask, then by what is kept of
        // it.
        let files = [("small", 10), ("large", 300_000)].map(|(path, size)| {
            (
                path.to_owned(),
                SourceFile {
                    bytes: path.bytes().cycle().take(size).collect(),
                    executable: path == "large",
                },
            )
        });
        let whole = SourceBundle {
            files: files.into(),
            ..SourceBundle::default()
        };
        let packed = bundles::pack(store, whole.clone(), start).await.unwrap();
        assert_eq!(
            (packed.files.len(), packed.kept.len(), packed.digest()),
            (1, 1, whole.digest())
        );
        assert!(serde_json::to_vec(&packed).unwrap().len() < 1_000);
        assert_eq!(bundles::unpack(store, packed.clone()).await.unwrap(), whole);
        let large = packed.kept["large"].artifact.digest;
        let (api, spec) = (stack("dev/api"), given::spec("script", "r1", json!({})));
        let intent = Intent::teardown(api.clone());
        let ask = Ask::Preview {
            intent,
            attached: vec![Attached {
                stack: api,
                spec,
                bundle: packed.clone(),
            }],
        };
        let id = AskId(Uuid::from_u128(77));
        store
            .submit(&InboxAsk::new(id, Via::Verb, ask), start)
            .await
            .unwrap();

        assert_eq!(
            store.sweep(&[a.digest].into(), start).await.unwrap(),
            Swept::default(),
            "all of it is on its way"
        );
        assert_eq!(
            store.sweep(&[a.digest].into(), later).await.unwrap(),
            Swept {
                removed: 1,
                freed: 3
            }
        );
        assert_eq!(
            (
                read(a.digest).await.is_some(),
                read(b.digest).await.is_some(),
                read(large).await.is_some()
            ),
            (true, false, true)
        );
        let mut append = one(env("dev"), 0, frozen("a"));
        append.blobs = vec![(packed.digest(), serde_json::to_vec(&packed).unwrap())];
        store
            .append(&append, &by(Some(id)), Some((id, accepted("done"))))
            .await
            .unwrap();
        assert_eq!(
            store.sweep(&BTreeSet::new(), later).await.unwrap().removed,
            1
        );
        assert!(read(large).await.is_some(), "a stored bundle names it");
    }
);

// Texts of all kinds come back as they were, and are no part of a statement.
chapter!(whatever_people_write_is_kept_as_it_is, store, {
    for (n, text) in [
        "x'; DROP TABLE inbox; --",
        "\"quoted\" 100% _under_ \\ `x` $1 ?1 :x",
        "nul \0 and \u{202e} \u{9b} \u{1f600}",
        "",
    ]
    .into_iter()
    .enumerate()
    {
        let id = AskId(Uuid::from_u128(900 + n as u128));
        let intent = Intent::Freeze {
            target: crate::domain::ask::QueueOf::Environment("dev".parse().unwrap()),
            reason: text.to_owned(),
            until: None,
        };
        let ask = Ask::Preview {
            intent: intent.clone(),
            attached: vec![],
        };
        store
            .submit(&InboxAsk::new(id, Via::Verb, ask.clone()), Time(1))
            .await
            .unwrap();
        let waiting = store.asks().await.unwrap();
        let found = waiting.iter().find(|one| one.ask.id == id).unwrap();
        assert_eq!(found.ask.ask, ask);
    }
});
