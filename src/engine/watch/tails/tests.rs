use std::collections::BTreeSet;
use std::sync::Mutex;

use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use futures_util::FutureExt as _;

use super::*;
use crate::aws::AwsTarget;
use crate::domain::line::{Id, Severity};
use crate::os::clock::{Real, Stepped};
use crate::sandbox::{self, Options, Running};
use crate::store::memory::Memory;

const HOUR: Duration = Duration::from_hours(1);

#[test]
fn a_tail_goes_on_where_the_one_before_ended() {
    let now = Time(0) + HOUR * 1_000;
    let line = |at: Time| vec![("id".to_owned(), at)];
    let began = |kept: Vec<(String, Time)>, through| {
        let begin = begin(kept, through, now);
        (begin.since, begin.through, begin.missing)
    };
    assert_eq!(
        began(vec![], None),
        (now - HISTORY, now - HISTORY, None),
        "nobody followed it before"
    );
    assert_eq!(
        began(line(now - HOUR), None),
        (now - HOUR - LATE, now - HOUR, None)
    );
    assert_eq!(
        began(line(now - HOUR), Some(now - HOUR * 2)),
        (now - HOUR - LATE, now - HOUR, None)
    );
    assert_eq!(
        began(line(now - HOUR * 90), Some(now - HOUR)),
        (now - HOUR - LATE, now - HOUR, None),
        "a quiet group was followed"
    );
    assert_eq!(
        began(line(now - HOUR * 30), None),
        (now - REACH, now - REACH, Some(now - HOUR * 30))
    );
    assert_eq!(
        began(line(now + HOUR), None),
        (now - LATE, now, None),
        "a clock was wrong"
    );
}

#[test]
fn a_cut_tail_falls_behind_and_a_live_one_gets_old() {
    let told = |live, lag_ms, at| Sighting {
        value: Seen::Tail {
            live,
            dropped: 0,
            sampled: false,
            lag_ms,
        },
        taken_at: Time(at),
        place: None,
        stale: None,
    };
    assert_eq!(
        still(told(false, 500, 1_000), Time(4_000)),
        told(false, 3_500, 4_000)
    );
    assert_eq!(
        still(told(true, 500, 1_000), Time(4_000)),
        told(true, 500, 1_000)
    );
    assert_eq!(through(&told(false, 500, 1_000)), Some(Time(500)));
}

/// Lines as a spool keeps them.
#[derive(Default)]
struct Kept(Mutex<Vec<Line>>);

impl Lines for Kept {
    fn take(&self, lines: Vec<Line>) {
        self.0.lock().unwrap().extend(lines);
    }

    fn kept(&self, _: &StackId, _: &str, back: Duration) -> Vec<(String, Time)> {
        let lines = self.0.lock().unwrap();
        let newest = lines.iter().map(|line| line.at).max().unwrap_or_default();
        let name = |line: &Line| match &line.id {
            Id::Name(name) => name.clone(),
            counted => panic!("a log group does not count: {counted:?}"),
        };
        let mut kept: Vec<_> = lines
            .iter()
            .filter(|line| line.at >= newest - back)
            .map(|line| (name(line), line.at))
            .collect();
        kept.sort_by_key(|(_, at)| *at);
        kept
    }
}

impl Kept {
    fn of(&self, severity: Severity) -> Vec<Line> {
        self.0
            .lock()
            .unwrap()
            .iter()
            .filter(|line| line.severity == severity)
            .cloned()
            .collect()
    }
}

struct Scene {
    sandbox: Running,
    clock: Stepped,
    store: Memory,
    clients: Arc<Clients>,
    aws: AwsTarget,
    kept: Arc<Kept>,
    stack: StackId,
}

impl Scene {
    async fn open() -> Self {
        let sandbox = sandbox::serve(Options::default()).await.unwrap();
        let port = sandbox.addr.port();
        let clients = Clients::new(
            Real::shared(),
            "tester",
            Arc::new(move || async move { Ok(port) }.boxed()),
        );
        let aws = AwsTarget {
            endpoint_url: Some("sandbox".into()),
            region: Some("eu-west-1".into()),
            ..AwsTarget::default()
        };
        let clock = Stepped::at(sandbox.now());
        let scene = Self {
            sandbox,
            clock,
            store: Memory::new(),
            clients,
            aws,
            kept: Arc::default(),
            stack: "dev/api".parse().unwrap(),
        };
        let logs = &scene.clients.of(&scene.aws).await.unwrap().logs;
        logs.create_log_group()
            .log_group_name("g")
            .send()
            .await
            .unwrap();
        logs.create_log_stream()
            .log_group_name("g")
            .log_stream_name("a")
            .send()
            .await
            .unwrap();
        scene
    }

    /// An engine that follows the group.
    fn engine(&self) -> Tails {
        self.tailing("g")
    }

    /// An engine that tails what has that name.
    fn tailing(&self, name: &str) -> Tails {
        let (store, clock, lines) = (
            Arc::new(self.store.clone()),
            Arc::new(self.clock.clone()),
            self.kept.clone(),
        );
        let hosts = crate::hosts::Hosts::of(&Real::shared());
        let eyes = crate::observe::eyes(
            &self.clients,
            &hosts,
            &Real::shared(),
            "0a1b2c3d",
            &crate::domain::masks::Secret::new("key".to_owned()),
        );
        let eyes = Arc::new(crate::engine::EyesByKind::new(
            self.clients.clone(),
            Real::shared(),
            eyes,
            crate::places::all(),
        ));
        let mut tails = Tails {
            store,
            clock,
            clients: self.clients.clone(),
            eyes,
            lines,
            live: BTreeMap::new(),
            tasks: BTreeMap::new(),
        };
        let wanted = Wanted {
            places: self.aws.place(None).into(),
            about: vec![],
            logs: vec![name.to_owned()],
            ..Wanted::default()
        };
        tails.keep(&BTreeMap::from([(self.stack.clone(), wanted)]));
        tails
    }

    async fn put(&self, text: &str) {
        let event = InputLogEvent::builder()
            .timestamp(self.sandbox.now().0)
            .message(text)
            .build()
            .unwrap();
        let logs = &self.clients.of(&self.aws).await.unwrap().logs;
        logs.put_log_events()
            .log_group_name("g")
            .log_stream_name("a")
            .log_events(event)
            .send()
            .await
            .unwrap();
    }

    fn pass(&self, time: Duration) {
        self.sandbox.tick(time);
        self.clock.advance(time);
    }

    /// Lets time pass until something holds.
    async fn until(&self, holds: impl Fn(&Self) -> bool) {
        for round in 0.. {
            if holds(self) {
                return;
            }
            assert!(round < 500, "{:?}", self.texts());
            self.pass(Duration::from_millis(500));
            Real::shared().sleep(Duration::from_millis(2)).await;
        }
    }

    fn texts(&self) -> Vec<String> {
        self.kept
            .of(Severity::Info)
            .iter()
            .map(|line| line.text.to_string())
            .collect()
    }

    /// What is told of a tail, once that has a reason.
    async fn told(&self, name: &str) -> Sighting {
        let key = ("stack/dev/api".to_owned(), format!("tail/{name}"));
        for _ in 0..500 {
            self.pass(Duration::from_millis(500));
            Real::shared().sleep(Duration::from_millis(2)).await;
            let (all, _) = self.store.sightings(0).await.unwrap();
            let told = all.into_iter().find(|(of, _)| *of == key);
            let told = told.map(|(_, told)| told);
            if let Some(told) = told.filter(|told| told.stale.is_some()) {
                return told;
            }
        }
        panic!("nothing is told of {name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_while_no_engine_runs_is_read_by_the_next_one() {
    let scene = Scene::open().await;
    scene.put("one").await;
    let engine = scene.engine();
    scene.until(|scene| scene.texts() == ["one"]).await;
    drop(engine);
    for (n, text) in ["two", "three", "four"].into_iter().enumerate() {
        scene.pass(HOUR * u32::try_from(n).unwrap() + Duration::from_mins(20));
        scene.put(text).await;
    }
    scene.pass(HOUR);
    let engine = scene.engine();
    scene.until(|scene| scene.texts().len() >= 4).await;
    assert_eq!(scene.texts(), ["one", "two", "three", "four"]);
    assert!(scene.kept.of(Severity::Gap).is_empty());
    drop(engine);

    // Longer than a tail reaches back: what is missing is said.
    scene.put("lost").await;
    scene.pass(HOUR * 30);
    scene.put("five").await;
    let engine = scene.engine();
    scene.until(|scene| scene.texts().len() >= 5).await;
    assert_eq!(scene.texts().last().map(String::as_str), Some("five"));
    let gaps = scene.kept.of(Severity::Gap);
    assert_eq!(gaps.len(), 1);
    assert!(
        gaps[0]
            .text
            .as_str()
            .starts_with("nobody followed g from 20"),
        "{}",
        gaps[0].text
    );
    let ids: BTreeSet<Id> = scene
        .kept
        .0
        .lock()
        .unwrap()
        .iter()
        .map(|line| line.id.clone())
        .collect();
    assert_eq!(ids.len(), 6, "no line is given twice");
    drop(engine);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_may_not_be_read_is_told_with_the_reason() {
    let scene = Scene::open().await;
    for action in ["StartLiveTail", "FilterLogEvents"] {
        scene
            .sandbox
            .pull(
                "Chaos",
                serde_json::json!({ "action": action, "kind": "access_denied" }),
            )
            .unwrap();
    }
    let engine = scene.engine();
    let told = scene.told("g").await;
    assert!(
        matches!(told.value, Seen::Tail { live: false, .. }),
        "{told:?}"
    );
    assert!(
        told.stale
            .is_some_and(|why| why.as_str().contains("logs:FilterLogEvents"))
    );
    drop(engine);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_builds_of_a_project_are_tailed_like_a_group() {
    let scene = Scene::open().await;
    let engine = scene.tailing("codebuild:shop");
    let told = scene.told("codebuild:shop").await;
    assert!(
        matches!(told.value, Seen::Tail { live: true, .. }),
        "{told:?}"
    );
    let why = told.stale.unwrap();
    assert_eq!(why.as_str(), "there is no project shop in CodeBuild yet");
    drop(engine);
}
