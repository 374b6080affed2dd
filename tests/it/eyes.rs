//! The eyes on the embedded cloud: log lines, none lost and none doubled whatever happens to the
//! tail; events of a stack to its end.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use futures_util::FutureExt as _;
use holdpoint::aws::{AwsTarget, Clients, Cloud};
use holdpoint::domain::ids::StackId;
use holdpoint::domain::line::{Line, Severity};
use holdpoint::domain::sighting::{Seen, Sighting};
use holdpoint::domain::time::Time;
use holdpoint::observe::cloudformation::events::Follower;
use holdpoint::observe::logs::{Begin, Out, Tail};
use holdpoint::os::clock::{Real, Stepped};
use holdpoint::sandbox::{self, Options, Running};
use holdpoint::text::safe::Safe;
use serde_json::json;

#[derive(Default)]
struct Heard {
    lines: Mutex<Vec<Line>>,
    told: Mutex<Vec<Sighting>>,
}

impl Out for Heard {
    fn lines(&self, lines: Vec<Line>) {
        self.lines.lock().unwrap().extend(lines);
    }

    fn told(&self, state: Sighting) {
        self.told.lock().unwrap().push(state);
    }
}

impl Heard {
    fn len(&self) -> usize {
        self.lines.lock().unwrap().len()
    }

    fn by_stream(&self) -> BTreeMap<String, Vec<String>> {
        let mut streams: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in self.lines.lock().unwrap().iter() {
            streams
                .entry(line.part.to_string())
                .or_default()
                .push(line.text.to_string());
        }
        streams
    }
}

struct Scene {
    sandbox: Running,
    cloud: Arc<Cloud>,
    clock: Stepped,
    heard: Arc<Heard>,
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
        let target = AwsTarget {
            endpoint_url: Some("sandbox".into()),
            region: Some("eu-west-1".into()),
            ..AwsTarget::default()
        };
        let cloud = clients.of(&target).await.unwrap();
        let clock = Stepped::at(sandbox.now());
        Self {
            sandbox,
            cloud,
            clock,
            heard: Arc::default(),
            stack: "dev/orders".parse().unwrap(),
        }
    }

    async fn group(&self) {
        self.cloud
            .logs
            .create_log_group()
            .log_group_name("g")
            .send()
            .await
            .unwrap();
        for stream in ["a", "b"] {
            self.cloud
                .logs
                .create_log_stream()
                .log_group_name("g")
                .log_stream_name(stream)
                .send()
                .await
                .unwrap();
        }
    }

    async fn put(&self, stream: &str, lines: &[(i64, String)]) {
        let event = |(at, text): &(i64, String)| {
            InputLogEvent::builder()
                .timestamp(*at)
                .message(text)
                .build()
                .unwrap()
        };
        let events = lines.iter().map(event).collect();
        self.cloud
            .logs
            .put_log_events()
            .log_group_name("g")
            .log_stream_name(stream)
            .set_log_events(Some(events))
            .send()
            .await
            .unwrap();
    }

    fn follow(&self, since: Time) -> tokio::task::JoinHandle<()> {
        self.go_on(Begin::fresh(since))
    }

    fn go_on(&self, begin: Begin) -> tokio::task::JoinHandle<()> {
        let (clock, heard) = (Arc::new(self.clock.clone()), self.heard.clone());
        let tail = Tail::new(
            self.cloud.clone(),
            clock,
            self.stack.clone(),
            "g".into(),
            begin,
            heard,
        );
        tokio::spawn(async move {
            let ended = tail.follow().await;
            panic!("a tail ends only when it is dropped: {ended:?}");
        })
    }

    fn step(&self, by: Duration) {
        self.sandbox.tick(by);
        self.clock.advance(by);
    }

    /// Lets time pass until that many lines were heard.
    async fn until(&self, count: usize) {
        for round in 0.. {
            if self.heard.len() >= count {
                return;
            }
            assert!(
                round < 1_000,
                "{} of {count} lines; {:?}",
                self.heard.len(),
                self.heard.told.lock().unwrap().last()
            );
            self.step(Duration::from_millis(500));
            Real::shared().sleep(Duration::from_millis(2)).await;
        }
    }

    /// Waits until the tail says that it is live.
    async fn until_live(&self) {
        let live = || {
            self.heard
                .told
                .lock()
                .unwrap()
                .last()
                .is_some_and(|seen| matches!(seen.value, Seen::Tail { live: true, .. }))
        };
        for _ in 0..1_000 {
            if live() {
                return;
            }
            self.step(Duration::from_millis(500));
            Real::shared().sleep(Duration::from_millis(2)).await;
        }
        panic!("the tail does not become live");
    }

    /// How often each text was heard, and that no id was heard twice.
    fn counted(&self) -> BTreeMap<String, usize> {
        let lines = self.heard.lines.lock().unwrap();
        let ids: std::collections::BTreeSet<_> = lines.iter().map(|line| &line.id).collect();
        assert_eq!(ids.len(), lines.len(), "an id is heard once");
        let mut counted = BTreeMap::new();
        for line in lines.iter().filter(|line| line.severity != Severity::Gap) {
            *counted.entry(line.text.to_string()).or_default() += 1;
        }
        counted
    }
}

/// What a service logs is kept here for days: without what tells that it is a secret.
#[tokio::test(flavor = "multi_thread")]
async fn secrets_in_log_lines_are_not_kept() {
    let scene = Scene::open().await;
    scene.group().await;
    let at = scene.sandbox.now().0 - 5_000;
    let lines = [
        "login with PASSWORD=hunter2",
        "-----BEGIN PRIVATE KEY-----",
        "MIIEvQIBADANBgkqhkiG9w0BAQhunter2",
        "-----END PRIVATE KEY-----",
        "done",
    ];
    let put: Vec<(i64, String)> = (at..).zip(lines.map(str::to_owned)).collect();
    scene.put("a", &put).await;
    let tail = scene.follow(scene.sandbox.now() - Duration::from_mins(5));
    scene.until(lines.len()).await;
    tail.abort();
    assert_eq!(
        scene.heard.by_stream()["a"],
        [
            "login with PASSWORD=***",
            "-----BEGIN PRIVATE KEY-----",
            "***",
            "-----END PRIVATE KEY-----",
            "done"
        ]
    );
}

/// Lines in bursts, equal ones, late ones, tails that break, seconds that are sampled.
#[tokio::test(flavor = "multi_thread")]
async fn no_line_is_lost_and_none_is_doubled() {
    let scene = Scene::open().await;
    scene.group().await;
    let mut written: BTreeMap<String, usize> = BTreeMap::new();
    let mut total = 0;
    scene
        .put("a", &[(scene.sandbox.now().0 - 5_000, "before".to_owned())])
        .await;
    written.insert("before".to_owned(), 1);
    let tail = scene.follow(scene.sandbox.now() - Duration::from_mins(5));
    scene.until(1).await;
    total += 1;
    for round in 0..40_i64 {
        if round % 14 == 3 {
            // A flood meets a tail that is live: only such a one is sampled.
            scene.until_live().await;
        }
        let now = scene.sandbox.now().0;
        // Every seventh round floods; every fifth is late; a text comes twice in the same
        // millisecond now and then.
        let count = if round % 7 == 3 { 700 } else { 5 };
        let late = if round % 5 == 2 { 90_000 } else { 0 };
        let mut lines: Vec<(i64, String)> = (0..count)
            .map(|n| {
                (
                    now - late - n % 3,
                    format!("round {round} line {}", n % 600),
                )
            })
            .collect();
        if late > 0 {
            lines.push((now - late, "late and equal".to_owned()));
        }
        lines.sort();
        if round % 6 == 5 {
            // The tail breaks, and what comes meanwhile is heard all the same.
            scene.sandbox.pull("BreakTails", json!({})).unwrap();
            scene.step(Duration::from_secs(1));
        }
        scene
            .put(if round % 2 == 0 { "a" } else { "b" }, &lines)
            .await;
        total += lines.len();
        for (_, text) in lines {
            *written.entry(text).or_default() += 1;
        }
        scene.step(Duration::from_millis(700));
    }
    scene.until(total).await;
    scene.step(Duration::from_secs(40));
    scene.until(total).await;
    tail.abort();
    assert_eq!(scene.counted(), written);
    let told = scene.heard.told.lock().unwrap();
    assert!(
        told.iter()
            .any(|seen| matches!(seen.value, Seen::Tail { sampled: true, .. })),
        "sampling is told"
    );
    let cut = told
        .iter()
        .find(|seen| matches!(seen.value, Seen::Tail { live: false, .. }))
        .expect("a break is told");
    assert_eq!(
        cut.stale.as_ref().map(Safe::as_str),
        Some("the session ended")
    );
    assert!(
        told.iter()
            .all(|seen| matches!(seen.value, Seen::Tail { dropped: 0, .. }))
    );
}

/// Equal times, times that go back, a flood and broken tails: each stream is heard as it was
/// written, live and read afterwards alike.
#[tokio::test(flavor = "multi_thread")]
async fn the_lines_of_a_stream_keep_the_order_in_which_they_came() {
    let scene = Scene::open().await;
    scene.group().await;
    let begin = scene.sandbox.now() - Duration::from_mins(5);
    let tail = scene.follow(begin);
    scene.until_live().await;
    let mut written: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut total = 0;
    for round in 0..16_i64 {
        let (count, late) = (
            if round == 7 { 700 } else { 6 },
            if round % 3 == 1 && round != 7 {
                60_000
            } else {
                0
            },
        );
        if round % 5 == 4 {
            scene.sandbox.pull("BreakTails", json!({})).unwrap();
            scene.step(Duration::from_secs(1));
        } else if round == 7 {
            // Only a session that is live is sampled.
            scene.until(total).await;
            scene.until_live().await;
        }
        let at = scene.sandbox.now().0 - late;
        let lines: Vec<(i64, String)> = (0..count).map(|n| (at, format!("{round}/{n}"))).collect();
        let stream = if round % 2 == 0 { "a" } else { "b" };
        scene.put(stream, &lines).await;
        total += lines.len();
        written
            .entry(stream.to_owned())
            .or_default()
            .extend(lines.into_iter().map(|(_, text)| text));
        scene.step(Duration::from_millis(700));
    }
    scene.until(total).await;
    tail.abort();
    assert_eq!(scene.heard.by_stream(), written);
    let again = Scene {
        heard: Arc::default(),
        cloud: scene.cloud.clone(),
        clock: scene.clock.clone(),
        ..scene
    };
    let tail = again.follow(begin);
    again.until(total).await;
    tail.abort();
    assert_eq!(again.heard.by_stream(), written, "read afterwards");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_is_not_there_yet_is_waited_for() {
    let scene = Scene::open().await;
    let tail = scene.follow(scene.sandbox.now());
    for _ in 0..20 {
        scene.step(Duration::from_secs(1));
        Real::shared().sleep(Duration::from_millis(2)).await;
    }
    scene.group().await;
    scene
        .put(
            "a",
            &[(
                scene.sandbox.now().0,
                r#"{"level":"error","msg":"first"}"#.to_owned(),
            )],
        )
        .await;
    scene.until(1).await;
    tail.abort();
    assert_eq!(
        scene.heard.lines.lock().unwrap()[0].severity,
        Severity::Error
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_can_be_followed_live_it_is_read() {
    let scene = Scene::open().await;
    scene.group().await;
    scene
        .sandbox
        .pull(
            "Chaos",
            json!({ "action": "StartLiveTail", "kind": "access_denied" }),
        )
        .unwrap();
    let tail = scene.follow(scene.sandbox.now());
    for round in 0..10 {
        scene
            .put("a", &[(scene.sandbox.now().0, format!("line {round}"))])
            .await;
        scene.until(round + 1).await;
    }
    tail.abort();
    assert_eq!(scene.counted().len(), 10);
}

/// The last event of a deleted stack is told too, and a new stack of that name is followed on.
#[tokio::test(flavor = "multi_thread")]
async fn events_are_told_to_the_end_and_once() {
    let scene = Scene::open().await;
    let template = r#"{"Resources":{"Inner":{"Type":"AWS::CloudFormation::Stack","Properties":{"TemplateBody":"{\"Resources\":{\"Queue\":{\"Type\":\"AWS::SQS::Queue\"}}}"}}}}"#;
    let mut follower = Follower::new(scene.stack.clone(), "dev-orders", scene.sandbox.now());
    let mut events = Vec::new();
    for _ in 0..2 {
        let cfn = &scene.cloud.cfn;
        cfn.create_stack()
            .stack_name("dev-orders")
            .template_body(template)
            .send()
            .await
            .unwrap();
        for _ in 0..60 {
            events.extend(follower.poll(&scene.cloud).await.unwrap());
            scene.step(Duration::from_secs(1));
        }
        cfn.delete_stack()
            .stack_name("dev-orders")
            .send()
            .await
            .unwrap();
        for _ in 0..60 {
            scene.step(Duration::from_secs(1));
            events.extend(follower.poll(&scene.cloud).await.unwrap());
        }
    }
    let ids: std::collections::BTreeSet<_> = events.iter().map(|event| event.id.clone()).collect();
    assert_eq!(ids.len(), events.len(), "each event is told once");
    let told = |logical: &str, status: &str| {
        events
            .iter()
            .filter(|event| event.logical.as_str() == logical && event.status == status)
            .count()
    };
    assert_eq!(
        (
            told("dev-orders", "CREATE_COMPLETE"),
            told("dev-orders", "DELETE_COMPLETE")
        ),
        (2, 2)
    );
    assert_eq!(
        told("Queue", "CREATE_COMPLETE"),
        2,
        "nested stacks are in the same stream"
    );
    let line = follower.line(&events[0], None);
    assert_eq!(
        (line.id, line.at),
        (events[0].id.as_str().into(), events[0].at)
    );
}
