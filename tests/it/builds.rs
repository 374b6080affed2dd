//! The builds of a project, followed on the embedded cloud while they run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use holdpoint::domain::ids::StackId;
use holdpoint::domain::line::{Id, Line, Severity};
use holdpoint::domain::sighting::{Seen, Sighting};
use holdpoint::domain::time::Time;
use holdpoint::observe::codebuild::Builds;
use holdpoint::observe::logs::{Begin, LATE, Out};
use holdpoint::os::clock::{Real, SharedClock};
use serde_json::json;

use crate::hands::codebuild::{called, prepare, workshop, written};
use crate::hands::{Pace, Workshop};

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
    fn all(&self) -> Vec<Line> {
        self.lines.lock().unwrap().clone()
    }

    /// How many builds were told to their end.
    fn over(&self) -> usize {
        let all = self.all();
        all.iter()
            .filter(|line| line.part.as_str().ends_with("COMPLETED"))
            .count()
    }
}

struct Scene {
    shop: Workshop,
    heard: Arc<Heard>,
}

impl Scene {
    async fn open() -> Self {
        Self {
            shop: workshop().await,
            heard: Arc::default(),
        }
    }

    fn start(&self, variables: &[(&str, &str)]) {
        let rows: Vec<_> = variables
            .iter()
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect();
        let body = json!({ "projectName": "shop", "environmentVariablesOverride": rows });
        let at = self.shop.cloud().endpoint();
        let target = "CodeBuild_20161006.StartBuild";
        let made = called(&at, "codebuild", ("POST", "/"), target, &body.to_string());
        assert_eq!(made.status, 200, "{made:?}");
    }

    /// Follows until that is so.
    async fn follow(&self, begin: Begin, until: impl Fn(&Heard) -> bool) {
        let clock: SharedClock = Arc::new(Pace(self.shop.shared()));
        let stack: StackId = "dev/orders".parse().unwrap();
        let cloud = self.shop.clients.of(&self.shop.target).await.unwrap();
        let builds = Builds::new(
            cloud,
            clock,
            stack,
            "shop".to_owned(),
            begin,
            self.heard.clone(),
        );
        let task = tokio::spawn(async move {
            let ended = builds.follow().await;
            panic!("it ends only when it is dropped: {ended:?}");
        });
        for round in 0.. {
            if until(&self.heard) {
                break;
            }
            assert!(
                round < 10_000 && !task.is_finished(),
                "{:#?}",
                self.heard.all()
            );
            Real::shared().sleep(Duration::from_millis(1)).await;
        }
        task.abort();
        let _ = task.await;
    }

    fn fresh(&self) -> Begin {
        Begin::fresh(self.shop.cloud().now())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn builds_are_followed_phase_by_phase() {
    let scene = Scene::open().await;
    let begin = scene.fresh();
    scene.start(&[("STAGE", "live")]);
    scene.start(&[("ENDS", "INSTALL:FAILED")]);
    scene.follow(begin, |heard| heard.over() == 2).await;

    let all = scene.heard.all();
    let ids: BTreeSet<&Id> = all.iter().map(|line| &line.id).collect();
    assert_eq!(ids.len(), all.len(), "an id is heard once");
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for line in all.iter().filter(|line| line.text.as_str() == "begins") {
        *counts.entry(line.part.as_str()).or_default() += 1;
    }
    assert!(counts.values().all(|times| *times == 1), "{counts:?}");
    assert!(counts.contains_key("#1 POST_BUILD") && !counts.contains_key("#2 PRE_BUILD"));
    let read: Vec<&str> = all
        .iter()
        .map(|line| line.text.as_str())
        .filter(|text| written(&scene.shop).iter().any(|line| line == text))
        .collect();
    let mut expected = written(&scene.shop);
    let mut sorted: Vec<&str> = read.clone();
    sorted.sort_unstable();
    expected.sort_unstable();
    assert_eq!(sorted, expected, "every line once");
    let failed = all
        .iter()
        .find(|line| line.part.as_str() == "#2 INSTALL" && line.severity == Severity::Error);
    assert!(
        failed
            .unwrap()
            .text
            .as_str()
            .starts_with("FAILED after 8s: Error while")
    );
    let live = scene.heard.told.lock().unwrap();
    assert!(
        live.iter()
            .all(|seen| matches!(seen.value, Seen::Tail { live: true, .. }))
    );
    assert_eq!(all[0].source.as_str(), "codebuild:shop");
}

/// An engine that comes after another one goes on where that ended.
#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_where_the_one_before_ended() {
    let scene = Scene::open().await;
    let begin = scene.fresh();
    scene.start(&[("STAGE", "live")]);
    let builds = |heard: &Heard| {
        let all = heard.all();
        all.iter().any(|line| line.text.as_str() == "stage live")
    };
    scene.follow(begin, builds).await;
    let kept: Vec<(String, Time)> = scene
        .heard
        .all()
        .into_iter()
        .map(|line| match line.id {
            Id::Name(name) => (name, line.at),
            counted => panic!("it does not count: {counted:?}"),
        })
        .collect();
    let last = kept.iter().map(|(_, at)| *at).max().unwrap();
    let begin = Begin {
        since: last - LATE,
        through: last,
        given: kept,
        missing: None,
    };
    scene.follow(begin, |heard| heard.over() == 1).await;
    let all = scene.heard.all();
    let ids: BTreeSet<&Id> = all.iter().map(|line| &line.id).collect();
    assert_eq!(ids.len(), all.len(), "an id is heard once");
    let read: Vec<String> = all
        .iter()
        .map(|line| line.text.to_string())
        .filter(|text| written(&scene.shop).contains(text))
        .collect();
    assert_eq!(read, written(&scene.shop), "every line once, in its order");

    // What ended before is not told again.
    let before = scene.heard.all().len();
    scene.shop.cloud().tick(Duration::from_mins(20));
    let told = scene.heard.told.lock().unwrap().len();
    scene
        .follow(scene.fresh(), |heard| {
            heard.told.lock().unwrap().len() > told + 3
        })
        .await;
    assert_eq!(scene.heard.all().len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_is_not_there_yet_is_waited_for() {
    let scene = Scene {
        shop: Workshop::open().await,
        heard: Arc::default(),
    };
    let begin = scene.fresh();
    scene
        .follow(begin.clone(), |heard| {
            !heard.told.lock().unwrap().is_empty()
        })
        .await;
    let waits = scene.heard.told.lock().unwrap()[0].clone();
    assert!(matches!(waits.value, Seen::Tail { live: true, .. }));
    let why = waits.stale.unwrap();
    assert_eq!(why.as_str(), "there is no project shop in CodeBuild yet");
    prepare(&scene.shop.cloud().endpoint(), "000000000000");
    scene.start(&[]);
    scene.follow(begin, |heard| heard.over() == 1).await;
}
