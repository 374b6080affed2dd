//! Messages through a queue in memory: what each leads to, and when it is deleted.

use std::sync::Mutex as Held;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::*;
use crate::domain::ask::{Ask, Intent};
use crate::domain::class::EnvClass;
use crate::domain::person::{Person, Proof};
use crate::domain::place::Place;
use crate::domain::refused::Refused;
use crate::domain::time::Time;
use crate::os::clock::Stepped;
use crate::trigger::door::tests::double::{InMemory, Kept};
use crate::world::fixture::{Scene, account, record, spec};

/// Queues that give what they are told to, and keep what was done.
#[derive(Default)]
struct InHand {
    letters: Held<Vec<Letter>>,
    done: Held<Vec<String>>,
    missed: Held<Option<Missed>>,
}

impl InHand {
    fn did(&self, what: String) -> BoxFuture<'_, Result<(), Missed>> {
        self.done.lock().unwrap().push(what);
        std::future::ready(Ok(())).boxed()
    }

    fn done(&self) -> Vec<String> {
        std::mem::take(&mut self.done.lock().unwrap())
    }
}

impl Queues for InHand {
    fn receive<'a>(
        &'a self,
        _: &'a Source,
        _: Duration,
    ) -> BoxFuture<'a, Result<Vec<Letter>, Missed>> {
        if let Some(missed) = self.missed.lock().unwrap().take() {
            return std::future::ready(Err(missed)).boxed();
        }
        let letters = std::mem::take(&mut *self.letters.lock().unwrap());
        if letters.is_empty() {
            // It waits for longer than the test lives.
            return std::future::pending().boxed();
        }
        std::future::ready(Ok(letters)).boxed()
    }

    fn delete<'a>(&'a self, _: &'a Source, handle: &'a str) -> BoxFuture<'a, Result<(), Missed>> {
        self.did(format!("deleted {handle}"))
    }

    fn hide<'a>(
        &'a self,
        _: &'a Source,
        handle: &'a str,
        hidden: Duration,
    ) -> BoxFuture<'a, Result<(), Missed>> {
        self.did(format!("hid {handle} {}", hidden.as_secs()))
    }

    fn build_went_on(&self, build: &str) {
        self.done.lock().unwrap().push(format!("went on {build}"));
    }
}

/// Keeps in memory, while there is room.
#[derive(Default)]
struct Room(InMemory, AtomicBool);

impl Keep for Room {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        self.0.read(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        if self.1.load(Ordering::Relaxed) {
            return Err("no space left".to_owned());
        }
        self.0.write(name, bytes)
    }
}

struct Stage {
    post: Arc<Post>,
    clock: Stepped,
    desk: Arc<Kept>,
    queues: Arc<InHand>,
    room: Arc<Room>,
    states: Arc<States>,
}

fn place() -> Place {
    QueueKind::ALL
        .into_iter()
        .fold(account("111111111111"), |place, kind| {
            place.using(kind.used(), Some(&format!("hp-{kind}")))
        })
}

fn source(kind: QueueKind) -> Source {
    Source {
        env: "dev".parse().unwrap(),
        place: place(),
        kind,
        name: format!("hp-{kind}"),
    }
}

impl Stage {
    /// `dev/docs` was deployed, `dev/new` never was; `dev/docs` watches the builds of `shop`.
    fn new() -> Self {
        let mut scene = Scene::new();
        let mut recorded = record(EnvClass::Development);
        recorded.places = place().into();
        scene.recorded("dev", recorded);
        let mut watching = spec("dev/docs", "2");
        watching.watch_logs = vec![Tailed::builds("shop")];
        scene.listed("dev/docs", Ok(watching));
        scene.listed("dev/new", Ok(spec("dev/new", "1")));
        scene.good("dev/docs", spec("dev/docs", "1"));
        let running = scene.ask("dev/docs", spec("dev/docs", "2"), None, &[]);
        scene.start("dev/docs", running);
        scene.begin(running, "change-set");
        scene.on(
            running,
            crate::domain::deployment::DeploymentEvent::StepNoted {
                step: "change-set".into(),
                key: "build".to_owned(),
                value: json!({ "id": "site:1" }),
            },
        );
        scene.world.loaded = true;
        Self::of(scene.world)
    }

    fn of(world: World) -> Self {
        let (desk, queues) = (Arc::new(Kept::of(world)), Arc::new(InHand::default()));
        let (room, states) = (Arc::new(Room::default()), Arc::<States>::default());
        let clock = Stepped::at(Time(1_790_000_000_000));
        let parts = Parts {
            desk: desk.clone(),
            clock: Arc::new(clock.clone()),
            keep: room.clone(),
            queues: queues.clone(),
            families: Arc::new(|| {
                let shops = ("dev".parse(), "shops".parse());
                Ok([(shops.0.unwrap(), shops.1.unwrap())].into())
            }),
        };
        let post = Post::open(parts, states.clone()).unwrap();
        Self {
            post,
            clock,
            desk,
            queues,
            room,
            states,
        }
    }

    /// What is done with a message that was received so often.
    async fn take(&self, kind: QueueKind, id: &str, received: u32, body: &str) -> Vec<String> {
        let letter = Letter {
            id: id.to_owned(),
            handle: id.to_owned(),
            body: body.to_owned(),
            received,
        };
        self.post.take(&source(kind), &letter).await;
        self.queues.done()
    }

    fn aside(&self) -> Aside {
        let kept = self.room.read(ASIDE).unwrap();
        kept.map_or_else(Aside::default, |bytes| {
            serde_json::from_slice(&bytes).unwrap()
        })
    }
}

fn event(build: &str) -> String {
    let detail = json!({
        "build-id": format!("arn:aws:codebuild:eu-west-1:1:build/{build}"),
        "build-status": "IN_PROGRESS", "additional-information": { "build-complete": false },
    });
    json!({ "source": "aws.codebuild", "detail-type": "CodeBuild Build State Change", "detail": detail }).to_string()
}

const ID: &str = "1e1f0d6e-0000-4000-8000-000000000001";
const OTHER: &str = "1e1f0d6e-0000-4000-8000-000000000002";

fn command(fields: &Value) -> String {
    let mut body = json!({ "stack": "dev/docs" });
    body.as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    body.to_string()
}

#[tokio::test]
async fn a_command_is_asked_once_and_deleted_once_that_is_durable() {
    let stage = Stage::new();
    let body = command(&json!({ "by": "ana" }));
    for _ in 0..2 {
        assert_eq!(
            stage.take(QueueKind::Executor, ID, 1, &body).await,
            [format!("deleted {ID}")]
        );
    }
    let asked = stage.desk.asked();
    assert_eq!(asked.len(), 1, "the same message asks once");
    let person = asked[0].proof.person(&Person::Owner("ana".into()));
    assert_eq!(person.to_string(), "queue:hp-executor for ana");
    assert!(!person.decides());
    stage.take(QueueKind::Executor, OTHER, 1, &body).await;
    assert_eq!(stage.desk.asked().len(), 2, "another message asks anew");
    // What the sender calls it counts, however often it sends it.
    for id in [ID, OTHER] {
        let named = command(&json!({ "id": "runner-7" }));
        stage.take(QueueKind::Executor, id, 1, &named).await;
    }
    assert_eq!(stage.desk.asked().len(), 3);
}

#[tokio::test]
async fn each_queue_asks_for_what_it_is_for() {
    let stage = Stage::new();
    let release = command(&json!({ "release": "1" }));
    let plain = command(&json!({}));
    for (kind, id, body) in [
        (QueueKind::Deploy, ID, &release),
        (QueueKind::Teardown, OTHER, &plain),
    ] {
        stage.take(kind, id, 1, body).await;
    }
    let intents: Vec<String> = stage
        .desk
        .asked()
        .into_iter()
        .map(|ask| match ask.ask {
            Ask::Do {
                intent: Intent::Deploy { source, .. },
                ..
            } => format!("{source:?}"),
            Ask::Do {
                intent: Intent::Teardown { stack, .. },
                ..
            } => format!("teardown {stack}"),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(intents, ["Release(\"1\")", "teardown dev/docs"]);
    assert!(matches!(stage.desk.asked()[0].proof, Proof::Checked { .. }));
    // What was deployed is set up already.
    let done = stage.take(QueueKind::Setup, ID, 1, &plain).await;
    assert_eq!(
        (done, stage.desk.asked().len()),
        (vec![format!("deleted {ID}")], 2)
    );
    let new = json!({ "stack": "dev/new" }).to_string();
    stage.take(QueueKind::Setup, ID, 1, &new).await;
    assert_eq!(stage.desk.asked().len(), 3);
}

#[tokio::test]
async fn a_store_that_is_away_loses_no_message() {
    let stage = Stage::new();
    stage.desk.away.store(true, Ordering::Relaxed);
    let body = command(&json!({}));
    for received in [1, 2, 3, 100] {
        let done = stage.take(QueueKind::Executor, ID, received, &body).await;
        assert!(done.len() == 1 && done[0].starts_with("hid"), "{done:?}");
    }
    assert_eq!(stage.aside(), Aside::default(), "it is not its fault");
    stage.desk.away.store(false, Ordering::Relaxed);
    assert_eq!(
        stage.take(QueueKind::Executor, ID, 101, &body).await,
        [format!("deleted {ID}")]
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_set_aside_before_it_is_deleted() {
    let stage = Stage::new();
    let body = "{\"stack\": \"dev/docs\", \"token\": \"ghp_0123456789abcdefghijklmnopqrstuvwxyz\"}";
    stage.room.1.store(true, Ordering::Relaxed);
    let done = stage.take(QueueKind::Setup, ID, 1, body).await;
    assert_eq!(
        done,
        [format!("hid {ID} 5")],
        "what cannot be kept is not deleted"
    );
    stage.room.1.store(false, Ordering::Relaxed);
    for _ in 0..2 {
        assert_eq!(
            stage.take(QueueKind::Setup, ID, 2, body).await,
            [format!("deleted {ID}")]
        );
    }
    let [one] = &stage.aside().messages[..] else {
        panic!("{:?}", stage.aside())
    };
    assert!(one.why.as_str().contains("token") && one.queue == "hp-setup (setup of dev)");
    assert!(!one.body.as_str().contains("ghp_0123"), "{}", one.body);
    let counts = stage.states.counts();
    assert_eq!(counts[&("dev".to_owned(), "setup", "set_aside")], 2);
}

#[tokio::test]
async fn a_build_of_ours_is_looked_at_and_another_one_set_aside_after_some_tries() {
    let stage = Stage::new();
    for build in ["site:1", "shop:9"] {
        let done = stage.take(QueueKind::Builds, ID, 1, &event(build)).await;
        assert_eq!(done, [format!("went on {build}"), format!("deleted {ID}")]);
    }
    for (received, seconds) in [(1, 5), (2, 30), (3, 120), (4, 120)] {
        let done = stage
            .take(QueueKind::Builds, ID, received, &event("site:2"))
            .await;
        assert_eq!(done, [format!("hid {ID} {seconds}")]);
    }
    let done = stage
        .take(QueueKind::Builds, ID, TRIES, &event("site:2"))
        .await;
    assert_eq!(done, [format!("deleted {ID}")]);
    assert_eq!(stage.aside().messages[0].kind, Some(AsideKind::GivenUp));
    let why = stage.aside().messages[0].why.to_string();
    assert!(why.contains("site:2 was not started from here"), "{why}");
    // A store that was not read yet knows no build: that is not the fault of the message.
    let unread = Stage::of(World::default());
    let done = unread
        .take(QueueKind::Builds, ID, 100, &event("site:1"))
        .await;
    assert!(done[0].starts_with("hid"), "{done:?}");
}

#[tokio::test]
async fn what_was_set_aside_is_kept_over_a_restart_and_damage_is_said() {
    let stage = Stage::new();
    stage.take(QueueKind::Setup, ID, 1, "x").await;
    let again = |room: Arc<Room>| {
        let parts = Parts {
            desk: stage.desk.clone(),
            clock: Arc::new(Stepped::at(Time(0))),
            keep: room,
            queues: stage.queues.clone(),
            families: Arc::new(|| Err("holdpoint.yaml is gone".to_owned())),
        };
        Post::open(parts, Arc::default())
    };
    again(stage.room.clone()).unwrap();
    // What was moved away is forgotten, and does not come back with the next one.
    stage.take(QueueKind::Setup, "second", 1, "x").await;
    assert_eq!(stage.aside().total, 2);
    let none = serde_json::to_vec(&Aside::default()).unwrap();
    stage.room.write(ASIDE, &none).unwrap();
    stage.take(QueueKind::Setup, "third", 1, "x").await;
    assert_eq!(stage.aside().total, 1);
    stage.room.write(ASIDE, b"half").unwrap();
    let why = again(stage.room.clone()).err().unwrap();
    assert!(why.contains("heard/set-aside.json"), "{why}");
}

#[tokio::test]
async fn the_queues_of_the_record_are_read_and_their_states_told() {
    let stage = Stage::new();
    *stage.queues.letters.lock().unwrap() = vec![Letter {
        id: ID.to_owned(),
        handle: ID.to_owned(),
        body: "x".to_owned(),
        received: 1,
    }];
    *stage.queues.missed.lock().unwrap() = Some(Missed {
        state: QueueState::Credentials,
        says: "run: aws sso login".to_owned(),
    });
    let running = tokio::spawn(Arc::clone(&stage.post).run());
    for _ in 0..2_000 {
        tokio::task::yield_now().await;
        let rows = stage.states.rows();
        if rows.len() == QueueKind::ALL.len() && stage.aside().total == 1 {
            break;
        }
        tokio::task::spawn_blocking(|| ()).await.unwrap();
    }
    running.abort();
    let rows = stage.states.rows();
    let told: Vec<String> = rows
        .iter()
        .filter(|row| row.state.is_trouble())
        .map(crate::trigger::queue::KeptState::told)
        .collect();
    assert!(
        told.len() == 1
            && told[0].contains("credentials since")
            && told[0].ends_with(": run: aws sso login"),
        "{told:?}"
    );
    assert_eq!(stage.aside().total, 1);
    let kept: Vec<crate::trigger::queue::KeptState> =
        serde_json::from_slice(&stage.room.read(STATES).unwrap().unwrap()).unwrap();
    assert!(!kept.is_empty());
}

/// What stands for an app is torn down once the app is gone; where nothing stands, there is nothing to
/// tear down.
#[tokio::test]
async fn an_app_is_recorded_and_what_stands_for_one_that_is_gone_torn_down() {
    let told = |id: &str, of: &str| {
        json!({ "AppId": id, "Type": of, "ApplicationName": id, "TimeStamp": "2026-01-01T00:00:00Z" })
            .to_string()
    };
    let mut scene = Scene::new();
    let mut recorded = record(EnvClass::Development);
    recorded.places = place().into();
    scene.recorded("dev", recorded);
    scene.good("dev/shops/acme", spec("dev/shops/acme", "1"));
    scene.world.loaded = true;
    let stage = Stage::of(scene.world);
    for (id, of) in [
        ("acme", "created"),
        ("beta", "deleted"),
        ("acme", "deleted"),
    ] {
        for _ in 0..2 {
            let letter = format!("{id}-{of}-0001");
            let done = stage.take(QueueKind::Apps, &letter, 1, &told(id, of)).await;
            assert_eq!(done, [format!("deleted {letter}")]);
        }
    }
    let asked: Vec<String> = stage
        .desk
        .asked()
        .into_iter()
        .map(|ask| match ask.ask {
            Ask::App { stack, told } => format!(
                "{} {stack}",
                if matches!(told, crate::domain::instance::AppTold::Gone { .. }) {
                    "gone"
                } else {
                    "there"
                }
            ),
            Ask::Do {
                intent: Intent::Teardown { stack, .. },
                ..
            } => format!("teardown {stack}"),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        asked,
        [
            "there dev/shops/acme",
            "gone dev/shops/beta",
            "gone dev/shops/acme",
            "teardown dev/shops/acme"
        ]
    );
}

/// Nothing says of which application an app would be an instance: that may be put right.
#[tokio::test]
async fn an_app_of_no_application_is_kept_for_a_while_and_then_set_aside() {
    let stage = Stage::new();
    let nowhere = Source {
        env: "prod".parse().unwrap(),
        ..source(QueueKind::Apps)
    };
    let body = json!({ "AppId": "a", "Type": "created", "TimeStamp": "2026-01-01T00:00:00Z" });
    for (received, done) in [(1, "hid x 5"), (TRIES, "deleted x")] {
        let letter = Letter {
            id: "x".to_owned(),
            handle: "x".to_owned(),
            body: body.to_string(),
            received,
        };
        stage.post.take(&nowhere, &letter).await;
        assert_eq!(stage.queues.done(), [done]);
    }
    let why = stage.aside().messages[0].why.to_string();
    assert!(
        why.contains("no application of prod says `each: app`"),
        "{why}"
    );
}

/// Nobody waits for the answer to a message: why it was refused is for a person to read.
#[tokio::test]
async fn what_an_engine_refuses_is_set_aside_with_the_reason() {
    let stage = Stage::new();
    let why = Refused::new("unknown-release", "none had a release 9.9");
    *stage.desk.refuses.lock().unwrap() = Some(why);
    let body = command(&json!({ "release": "9.9" }));
    let done = stage.take(QueueKind::Deploy, ID, 1, &body).await;
    assert_eq!(done, [format!("deleted {ID}")]);
    for _ in 0..1_000_000 {
        if !stage.aside().messages.is_empty() {
            break;
        }
        stage.clock.advance(Duration::from_secs(1));
        tokio::task::yield_now().await;
    }
    let aside = stage.aside();
    let [one] = &aside.messages[..] else {
        panic!("{aside:?}")
    };
    assert_eq!(one.kind, Some(AsideKind::Refused));
    assert_eq!(one.why.as_str(), "none had a release 9.9");
}

/// A clock that is far ahead would make everything that is told later older.
#[tokio::test]
async fn what_is_told_of_an_app_in_the_future_is_set_aside() {
    let stage = Stage::new();
    let body = json!({ "AppId": "a", "Type": "created", "TimeStamp": "2099-01-01T00:00:00Z" });
    let done = stage.take(QueueKind::Apps, ID, 1, &body.to_string()).await;
    assert_eq!(done, [format!("deleted {ID}")]);
    let why = stage.aside().messages[0].why.to_string();
    assert!(why.contains("ahead of the clock"), "{why}");
    assert!(stage.desk.asked().is_empty());
}
