use std::time::Duration;

use crate::domain::ask::{Answer, Confirm, Intent, Source};
use crate::domain::estate::{Catalog, Entry};
use crate::domain::event::{Append, Write};
use crate::domain::ids::DeploymentId;
use crate::domain::line::{Severity, SourceKind, Turn};
use crate::domain::person::Person;
use crate::domain::request::{SourceBundle, Spec};
use crate::os::clock::Stepped;
use crate::store::memory::Memory;
use crate::store::{By, Store as _, StoreError};
use crate::world::fixture::{self, NOW, Scene, id};

use super::tails::Follow;
use super::*;

/// Longer than anything here takes; a test that waits this long has failed.
const LONG: Duration = Duration::from_secs(20);

fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    let spec = fixture::spec("dev/orders", "412");
    let entry = |spec| Entry {
        spec,
        bundle: SourceBundle::default(),
        depends_on: Vec::new(),
        after: Vec::new(),
        rows: Vec::new(),
        brings: crate::domain::estate::Brings::default(),
        beside: Vec::new(),
        parameters: None,
        takes: Vec::new(),
        lacks: None,
    };
    catalog.stacks.insert(id("dev/orders"), entry(Ok(spec)));
    catalog.stacks.insert(
        id("dev/mail"),
        entry(Err("mail.yaml:3:1: no such parameter".to_owned())),
    );
    catalog
}

fn parts(store: &Memory, catalog: Catalog) -> Parts {
    let store = store.clone();
    let nth = std::sync::atomic::AtomicU64::new(1);
    Parts {
        open: Arc::new(move || {
            let store: Arc<dyn crate::store::Store> = Arc::new(store.clone());
            Box::pin(async move { Ok(store) })
        }),
        clock: Arc::new(Stepped::at(NOW)),
        home: None,
        catalog,
        reload: None,
        newer: None,
        spool: None,
        engine: None,
        you: "ana".to_owned(),
        via: crate::domain::cause::Via::Verb,
        overview: false,
        version: "0.1.0".to_owned(),
        fresh: Arc::new(move || {
            uuid::Uuid::from_u128(u128::from(
                nth.fetch_add(1, std::sync::atomic::Ordering::Relaxed),
            ))
        }),
    }
}

fn block<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

/// Waits until `test` holds of the desk.
fn until(desk: &LiveDesk, mut test: impl FnMut(&LiveDesk) -> bool) {
    let mut left = 200;
    while !test(desk) {
        assert!(left > 0, "it never came");
        left -= 1;
        desk.changed(LONG / 200);
    }
}

fn write_all(store: &Memory, scene: &Scene) {
    for stored in &scene.log {
        let event = stored.event.clone().unwrap();
        let append = Append {
            writes: vec![Write {
                stream: stored.stream.clone(),
                expected: stored.version - 1,
                events: vec![event],
            }],
            ..Append::default()
        };
        let by = By {
            person: stored.person.clone(),
            cause: None,
            at: stored.at,
            under: store.all(),
        };
        block(store.append(&append, &by, None)).unwrap();
    }
}

#[test]
fn the_world_is_what_the_log_says_and_follows_it() {
    let store = Memory::new();
    let scene = Scene::whole();
    let (first, rest) = scene.log.split_at(scene.log.len() - 5);
    write_all(
        &store,
        &Scene {
            world: World::default(),
            log: first.to_vec(),
            at: NOW,
        },
    );
    let desk = LiveDesk::start(parts(&store, Catalog::default())).unwrap();
    assert!(desk.ready(LONG));
    write_all(
        &store,
        &Scene {
            world: World::default(),
            log: rest.to_vec(),
            at: NOW,
        },
    );
    until(&desk, |desk| {
        desk.world().folds.seq == scene.log.len() as u64
    });
    let world = desk.world();
    assert_eq!(world.folds.stacks, scene.world.folds.stacks);
    assert_eq!(world.recent.back().unwrap().seq, scene.log.len() as u64);
    assert!(world.recent.iter().map(|stored| stored.seq).is_sorted());
    let newest = desk.newest(0, 3).unwrap();
    assert_eq!(
        newest.iter().map(|s| s.seq).collect::<Vec<_>>(),
        [
            scene.log.len() as u64,
            scene.log.len() as u64 - 1,
            scene.log.len() as u64 - 2
        ]
    );
    let no = DeploymentNo(2_290);
    assert_eq!(desk.numbered(no).unwrap().unwrap().no(), no);
    assert_eq!(desk.numbered(DeploymentNo(1)).unwrap(), None);
    let history = desk.history(&id("staging/orders"), 2).unwrap();
    assert!(history.len() == 2 && history[0].no() > history[1].no());
}

#[test]
fn a_store_that_goes_away_is_said_and_followed_again_when_it_is_back() {
    let store = Memory::new();
    let scene = Scene::whole();
    let log = |events: &[Stored]| Scene {
        world: World::default(),
        log: events.to_vec(),
        at: NOW,
    };
    let (first, rest) = scene.log.split_at(scene.log.len() - 2);
    write_all(&store, &log(first));
    let way = store.by_another_way();
    let desk = LiveDesk::start(parts(&way, Catalog::default())).unwrap();
    assert!(desk.ready(LONG));
    way.cut(Some(StoreError::Unavailable(
        "the share is gone".to_owned(),
    )));
    write_all(&store, &log(&rest[..1]));
    until(&desk, |desk| desk.world().trouble.is_some());
    let world = desk.world();
    assert!(
        world
            .trouble
            .as_ref()
            .unwrap()
            .contains("the share is gone")
    );
    assert_eq!(world.folds.seq, first.len() as u64, "what was read stays");
    way.cut(None);
    write_all(&store, &log(&rest[1..]));
    until(&desk, |desk| {
        desk.world().folds.seq == scene.log.len() as u64
    });
    assert_eq!(desk.world().trouble, None);
    assert_eq!(desk.world().folds.stacks, scene.world.folds.stacks);
}

#[test]
fn an_ask_carries_the_files_and_comes_back_answered() {
    let store = Memory::new();
    let desk = LiveDesk::start(parts(&store, catalog())).unwrap();
    assert!(desk.ready(LONG));
    let deploy = |stack| Intent::deploy(id(stack), Source::Estate);
    let asked = desk
        .submit(Ask::Preview {
            intent: deploy("dev/orders"),
            attached: Vec::new(),
        })
        .unwrap();
    let inbox = || block(store.asks()).unwrap();
    until(&desk, |_| !inbox().is_empty());
    let ask = inbox().remove(0).ask;
    let Ask::Preview { attached, .. } = ask.ask else {
        panic!("a preview was asked")
    };
    assert_eq!(
        (
            ask.id,
            attached.len(),
            attached[0].spec.release.name.as_str()
        ),
        (asked, 1, "412")
    );
    let answer = Answer::Accepted {
        deployments: Vec::new(),
        says: "yes".to_owned(),
    };
    let by = By {
        person: Person::Engine,
        cause: Some(asked),
        at: NOW,
        under: store.all(),
    };
    block(store.append(
        &Append::default(),
        &by,
        Some((
            asked,
            AskState::Answered {
                answer: answer.clone(),
            },
        )),
    ))
    .unwrap();
    until(&desk, |desk| {
        desk.state(asked)
            == AskState::Answered {
                answer: answer.clone(),
            }
    });
    let broken = desk
        .submit(Ask::Do {
            intent: deploy("dev/mail"),
            attached: Vec::new(),
            confirm: Confirm::default(),
            armed: false,
        })
        .unwrap();
    until(&desk, |desk| {
        matches!(desk.state(broken), AskState::Answered { .. })
    });
    let AskState::Answered {
        answer: Answer::Refused(refused),
    } = desk.state(broken)
    else {
        panic!("must be refused")
    };
    assert!(refused.says.contains("mail.yaml:3:1"), "{}", refused.says);
}

/// What another program tells of an app is in every catalog at once, and gone with the app.
#[test]
fn an_app_that_is_told_of_is_in_the_catalog_until_it_has_left() {
    let store = Memory::new();
    let scene = Scene::whole();
    write_all(&store, &scene);
    let mut parts = parts(&store, catalog());
    parts.reload = Some(Arc::new(
        |instances: &crate::domain::instance::Instances| {
            let mut file = catalog();
            for stack in instances.keys() {
                let own = Entry {
                    spec: Ok(fixture::spec(&stack.to_string(), "1")),
                    ..file.stacks[&id("dev/orders")].clone()
                };
                file.stacks.insert(stack.clone(), own);
            }
            Ok(file)
        },
    ));
    let desk = LiveDesk::start(parts).unwrap();
    let shop = id("dev/shops/a1");
    until(&desk, |desk| desk.world().loaded);
    assert!(!desk.world().catalog.stacks.contains_key(&shop));
    let tell = |event| {
        let folds = block(store.folds(50)).unwrap();
        let mut append = crate::domain::event::Append::default();
        crate::domain::decide::on_stack(&mut append, &folds, &shop, event);
        let by = By {
            person: crate::domain::person::Person::Engine,
            cause: None,
            at: NOW,
            under: store.all(),
        };
        block(store.append(&append, &by, None)).unwrap();
    };
    let app = crate::domain::instance::Instance {
        id: "a1".parse().unwrap(),
        name: crate::domain::instance::Slug::of("a1").unwrap(),
        title: crate::text::safe::Safe::new("Acme"),
        sign_in: None,
        owner: None,
        told_at: NOW,
        since: NOW,
    };
    tell(crate::domain::stack::StackEvent::AppTold { app });
    until(&desk, |desk| {
        desk.world().catalog.stacks.contains_key(&shop)
    });
    assert!(desk.world().stacks().contains(&shop));
    tell(crate::domain::stack::StackEvent::AppGone { told_at: NOW });
    until(&desk, |desk| {
        !desk.world().catalog.stacks.contains_key(&shop)
    });
    assert!(!desk.world().stacks().contains(&shop));
}

#[test]
fn environments_that_the_store_never_heard_of_are_recorded_and_no_others() {
    let store = Memory::new();
    let scene = Scene::whole();
    write_all(&store, &scene);
    let mut file = catalog();
    let staging = fixture::record(crate::domain::class::EnvClass::Staging);
    file.environments
        .insert("dev".parse().unwrap(), staging.clone());
    file.environments.insert("fresh".parse().unwrap(), staging);
    let desk = LiveDesk::start(parts(&store, file)).unwrap();
    until(&desk, |_| !block(store.asks()).unwrap().is_empty());
    let asks = block(store.asks()).unwrap();
    let Ask::Do {
        intent: Intent::Apply { environments },
        ..
    } = &asks[0].ask.ask
    else {
        panic!("an apply was expected")
    };
    assert_eq!(
        environments
            .keys()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        ["fresh"]
    );
    assert_eq!(asks.len(), 1);
}

struct Given(Vec<Vec<Line>>);

impl Follow for Given {
    fn more(&mut self) -> Result<Piece, String> {
        let lines = if self.0.is_empty() {
            Vec::new()
        } else {
            self.0.remove(0)
        };
        Ok(Piece {
            lines,
            more: !self.0.is_empty(),
            begins: Some(crate::domain::time::Time(0)),
            older: false,
        })
    }
}

fn line(at: i64, id: usize) -> Line {
    Line {
        turn: Turn::default(),
        phase: None,
        at: crate::domain::time::Time(at),
        id: id.to_string().into(),
        kind: SourceKind::Out,
        source: "s".into(),
        part: "".into(),
        stack: fixture::id("dev/orders"),
        no: None,
        severity: Severity::Info,
        text: "x".into(),
    }
}

#[test]
fn tails_are_merged_by_time_and_bounded() {
    let mut parts = parts(&Memory::new(), Catalog::default());
    parts.spool = Some(Arc::new(|_, _| {
        Box::new(Given(vec![
            (0..25_000)
                .rev()
                .map(|at| line(at, usize::try_from(at).unwrap()))
                .collect(),
        ]))
    }));
    let desk = LiveDesk::start(parts).unwrap();
    assert!(desk.ready(LONG));
    let of = TailOf::Stack(id("dev/orders"));
    desk.tail(&of);
    let mut batch = Batch::default();
    until(&desk, |desk| {
        let more = desk.drain(&of);
        batch.lines.extend(more.lines);
        batch.dropped += more.dropped;
        !batch.lines.is_empty()
    });
    assert_eq!((batch.lines.len(), batch.dropped), (20_000, 5_000));
    assert!(batch.lines.iter().map(|line| line.at).is_sorted());
    desk.untail(&of);
    assert_eq!(desk.drain(&of), Batch::default());
}

#[test]
fn a_tail_reads_on_only_as_fast_as_it_is_drained() {
    let mut parts = parts(&Memory::new(), Catalog::default());
    let pieces = || {
        (0..20)
            .map(|piece| {
                (0..10_000)
                    .map(|n| line(piece * 10_000 + n, usize::try_from(n).unwrap()))
                    .collect()
            })
            .collect()
    };
    parts.spool = Some(Arc::new(move |_, begin| {
        assert_eq!(begin, Begin::Since(crate::domain::time::Time(3)));
        Box::new(Given(pieces()))
    }));
    let desk = LiveDesk::start(parts).unwrap();
    assert!(desk.ready(LONG));
    let of = TailOf::Stack(id("dev/orders"));
    desk.tail_from(&of, Begin::Since(crate::domain::time::Time(3)));
    let (mut heard, mut dropped) = (0, 0);
    until(&desk, |desk| {
        let batch = desk.drain(&of);
        heard += batch.lines.len();
        dropped += batch.dropped;
        desk.reading(&of).read && heard == 200_000
    });
    assert_eq!(dropped, 0);
    assert_eq!(desk.reading(&of).begins, Some(crate::domain::time::Time(0)));
}

#[test]
fn log_groups_are_followed_of_the_first_stack_and_of_those_that_are_tailed_by_name() {
    let store = Memory::new();
    let mut file = catalog();
    for stack in ["dev/a", "dev/b", "dev/c"] {
        let spec = Spec {
            watch_logs: vec!["/g".to_owned()],
            ..fixture::spec(stack, "412")
        };
        let entry = Entry {
            spec: Ok(spec),
            bundle: SourceBundle::default(),
            depends_on: Vec::new(),
            after: Vec::new(),
            rows: Vec::new(),
            brings: crate::domain::estate::Brings::default(),
            beside: Vec::new(),
            parameters: None,
            takes: Vec::new(),
            lacks: None,
        };
        file.stacks.insert(id(stack), entry);
    }
    let desk = LiveDesk::start(parts(&store, file)).unwrap();
    assert!(desk.ready(LONG));
    desk.tail(&TailOf::Stack(id("dev/c")));
    desk.watch(&["dev/a", "dev/b", "dev/c"].map(id));
    let followed = || -> Vec<String> {
        let said = block(store.interests(NOW)).unwrap();
        let interests = said
            .iter()
            .map(|text| text.parse::<crate::domain::interest::Interest>().unwrap());
        interests
            .filter(|interest| !interest.logs.is_empty())
            .map(|interest| interest.stack.to_string())
            .collect()
    };
    until(&desk, |_| !followed().is_empty());
    assert_eq!(followed(), ["dev/a", "dev/c"]);
}

#[test]
fn a_store_that_cannot_be_opened_is_said_and_asks_are_refused_in_the_end() {
    let store = Memory::new();
    let mut parts = parts(&store, catalog());
    parts.open = Arc::new(|| {
        Box::pin(async { Err(StoreError::Unavailable("there is no store yet".to_owned())) })
    });
    let desk = LiveDesk::start(parts).unwrap();
    let asked = desk
        .submit(Ask::Undo {
            deployment: DeploymentId(uuid::Uuid::nil()),
        })
        .unwrap();
    until(&desk, |desk| desk.world().trouble.is_some());
    assert_eq!(desk.state(asked), AskState::Asked);
    assert!(desk.newest(0, 1).unwrap_err().contains("no store yet"));
}

/// A check finds a damaged stream while consoles are open: they show that it can be read no
/// further, and lose no event by it.
#[test]
fn a_stream_that_a_check_gave_up_is_frozen_in_a_console_that_is_open() {
    let store = Memory::new();
    let scene = Scene::whole();
    write_all(&store, &scene);
    let desk = LiveDesk::start(parts(&store, Catalog::default())).unwrap();
    until(&desk, |desk| desk.world().loaded);
    let before = desk.world();
    assert!(before.folds.broken.is_empty());
    let stream = crate::domain::event::StreamId::Stack(id("dev/orders"));
    store.give_up(&stream);
    until(&desk, |desk| !desk.world().folds.broken.is_empty());
    let world = desk.world();
    assert_eq!(world.folds.broken.keys().collect::<Vec<_>>(), [&stream]);
    assert_eq!(
        (world.folds.seq, world.recent.len()),
        (before.folds.seq, before.recent.len()),
        "no event is lost by it, and none is told twice"
    );
}

/// Words that confirm or choose are kept with what is asked: longer ones are refused before that.
#[test]
fn what_was_typed_at_length_is_not_kept() {
    let store = Memory::new();
    write_all(&store, &Scene::whole());
    let desk = LiveDesk::start(parts(&store, Catalog::default())).unwrap();
    until(&desk, |desk| desk.world().loaded);
    let long = "x".repeat(5_000);
    let confirm = |text: &str| Confirm {
        text: text.to_owned(),
        ..Confirm::default()
    };
    for ask in [
        Ask::Do {
            intent: Intent::teardown(id("dev/orders")),
            attached: vec![],
            confirm: confirm(&long),
            armed: false,
        },
        Ask::Approve {
            hold: "#1.a.1".parse().unwrap(),
            confirm: confirm("short"),
            choice: Some(long.clone()),
        },
    ] {
        let asked = desk.submit(ask).unwrap();
        let answered = |desk: &LiveDesk| match desk.state(asked) {
            AskState::Answered {
                answer: Answer::Refused(refused),
            } => Some(refused),
            AskState::Answered { .. } | AskState::Asked => None,
        };
        until(&desk, |desk| answered(desk).is_some());
        let refused = answered(&desk).unwrap();
        assert_eq!(refused.code, "words", "{refused}");
        assert!(refused.says.contains("5000 characters"), "{refused}");
    }
    assert!(block(store.asks()).unwrap().is_empty());
}

#[test]
fn what_is_heard_many_times_is_asked_once() {
    let store = Memory::new();
    let ask = InboxAsk::new(
        AskId(uuid::Uuid::from_u128(77)),
        crate::domain::cause::Via::Push,
        Ask::Do {
            intent: Intent::deploy(id("dev/orders"), Source::Estate),
            attached: Vec::new(),
            confirm: Confirm::default(),
            armed: false,
        },
    );
    let bad = InboxAsk {
        id: AskId(uuid::Uuid::from_u128(78)),
        ask: Ask::Do {
            intent: Intent::deploy(id("dev/mail"), Source::Estate),
            attached: Vec::new(),
            confirm: Confirm::default(),
            armed: false,
        },
        ..ask.clone()
    };
    // Also by another desk, as after a restart.
    for new in [true, false] {
        let desk = LiveDesk::start(parts(&store, catalog())).unwrap();
        assert!(desk.ready(LONG));
        let many: Vec<_> = (0..50).map(|_| desk.relay(ask.clone())).collect();
        let told = block(futures_util::future::join_all(many));
        let fresh = told.iter().filter(|one| **one == Ok(Relayed::New)).count();
        assert_eq!(fresh, usize::from(new));
        let known = |one: &Result<_, _>| matches!(one, Ok(Relayed::Known(AskState::Asked)));
        assert_eq!(told.iter().filter(|one| known(one)).count(), 50 - fresh);
        assert!(matches!(
            block(desk.relay(bad.clone())),
            Err(NotRelayed::Refused(_))
        ));
    }
    let asked = block(store.asks()).unwrap();
    assert_eq!(asked.len(), 1);
    assert!(matches!(&asked[0].ask.ask, Ask::Do { attached, .. } if attached.len() == 1));
}

#[test]
fn what_was_set_aside_beside_the_store_is_in_the_world() {
    use crate::os::{files, paths::Home};
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(Some(&folder.path().join("home"))).unwrap();
    files::private_folder(&home.heard()).unwrap();
    let told = fixture::set_aside().kept;
    let bytes = serde_json::to_vec(&*told).unwrap();
    files::write_whole(&home.set_aside(), &bytes).unwrap();
    let clock = Arc::new(Stepped::at(NOW));
    let parts = Parts {
        home: Some(home.clone()),
        clock: clock.clone(),
        ..parts(&Memory::new(), Catalog::default())
    };
    let desk = LiveDesk::start(parts).unwrap();
    until(&desk, |desk| desk.world().loaded);
    assert_eq!(desk.world().aside.kept, told);
    let look = |test: &dyn Fn(&LiveDesk) -> bool| {
        until(&desk, |desk| {
            clock.advance(Duration::from_secs(5));
            test(desk)
        });
    };
    // What cannot be read is said, and what was known stays.
    files::write_whole(&home.set_aside(), b"half").unwrap();
    look(&|desk| desk.world().aside.trouble.is_some());
    let world = desk.world();
    let why = world.aside.trouble.as_ref().unwrap().as_str();
    assert!(why.contains("set-aside.json: it is damaged"), "{why}");
    assert_eq!(world.aside.kept, told);
    std::fs::remove_file(home.set_aside()).unwrap();
    look(&|desk| desk.world().aside == crate::domain::aside::AsideRead::default());
}

#[test]
fn newer_versions_are_looked_for_beside_everything_else_and_the_world_says_what_was_found() {
    let (go, waits) = std::sync::mpsc::channel::<()>();
    let waits = std::sync::Mutex::new(waits);
    let mut parts = parts(&Memory::default(), Catalog::default());
    parts.newer = Some(Arc::new(move |stack: &StackId| {
        waits.lock().unwrap().recv().unwrap();
        Ok(vec![format!("{stack} cart v1 -> v2")])
    }));
    let desk = LiveDesk::start(parts).unwrap();
    let known = |desk: &LiveDesk| desk.world().newer.get(&id("prod/shop")).cloned();
    desk.look_for_newer(&id("prod/shop/nl"));
    until(&desk, |desk| {
        known(desk).is_some_and(|one| one.looking.is_some())
    });
    // Whoever asks again meanwhile is told the same.
    desk.look_for_newer(&id("prod/shop"));
    // What is asked is taken in its order: once this is answered, so is that.
    desk.newest(0, 1).unwrap();
    go.send(()).unwrap();
    until(&desk, |desk| {
        known(desk).is_some_and(|one| one.looking.is_none())
    });
    let found = known(&desk).unwrap().found.unwrap().unwrap();
    assert_eq!(found[0].as_str(), "prod/shop cart v1 -> v2");
}
