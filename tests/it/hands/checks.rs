//! Check runs at GitHub: made once, found again by what they were made for, told to their end; and what
//! is said where GitHub says no.

use std::sync::{Arc, Mutex};

use holdpoint::domain::check::{Check, CheckState, Conclusion};
use holdpoint::domain::failure::Retry;
use holdpoint::domain::masks::Secret;
use holdpoint::domain::time::Time;
use holdpoint::forms::git::App;
use holdpoint::hosts::github::{CheckRun, GitHub, Who};
use serde_json::json;

use crate::github::{self, Fault, key};

pub(super) const COMMIT: &str = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
pub(super) const OTHER: &str = "0123456789abcdef0123456789abcdef01234567";
const NOW: Time = Time(1_790_000_000_000);

pub(super) struct Scene {
    pub(super) there: github::GitHub,
    pub(super) here: GitHub,
    app: App,
    key: Secret,
}

impl Scene {
    pub(super) async fn open() -> Self {
        let now = Arc::new(Mutex::new(NOW));
        let theirs = Arc::clone(&now);
        let told = Arc::new(move || *theirs.lock().unwrap());
        let there = github::GitHub::open(told, |router| router).await;
        there.push("main", COMMIT, Vec::new());
        let app =
            json!({ "id": github::APP, "secrets": { "private_key": "env:KEY" }, "api": there.api });
        Self {
            app: serde_json::from_value(app).unwrap(),
            there,
            here: GitHub::new(Arc::new(move || *now.lock().unwrap())),
            key: Secret::new(key().pkcs8.clone()),
        }
    }

    pub(super) fn who(&self) -> Who<'_> {
        Who {
            app: &self.app,
            key: &self.key,
            repository: "acme/docs",
        }
    }
}

fn check(no: u64, state: CheckState) -> Check {
    Check {
        id: uuid::Uuid::from_u128(u128::from(no)),
        commit: COMMIT.parse().unwrap(),
        name: "holdpoint/dev/docs".to_owned(),
        state,
        title: "runs".into(),
        summary: vec!["One.".to_owned(), "Two.".to_owned()],
        asked_at: NOW,
        began_at: Time(NOW.0 + 60_000),
    }
}

#[tokio::test]
async fn a_check_run_is_made_once_and_told_to_its_end() {
    let scene = Scene::open().await;
    let queued = check(1, CheckState::Queued);
    assert_eq!(scene.here.check(scene.who(), &queued).await.unwrap(), None);
    let made = scene.here.make_check(scene.who(), &queued).await.unwrap();
    let first = CheckRun {
        run: 4_000,
        is_over: false,
    };
    assert_eq!(made, first);
    assert_eq!(
        scene.there.checks()[0],
        json!({
            "id": 4_000, "app": { "id": github::APP },
            "name": "holdpoint/dev/docs", "head_sha": COMMIT,
            "external_id": "00000000-0000-0000-0000-000000000001",
            "status": "queued", "started_at": "2026-09-21T14:13:20Z",
            "output": { "title": "runs", "summary": "One.\n\nTwo." },
        })
    );
    let runs = check(1, CheckState::Running);
    scene
        .here
        .tell_check(scene.who(), 4_000, &runs)
        .await
        .unwrap();
    assert_eq!(scene.there.checks()[0]["status"], "in_progress");
    let found = scene.here.check(scene.who(), &runs).await.unwrap();
    assert_eq!(found, Some(first));
    for (conclusion, word) in [
        (Conclusion::Success, "success"),
        (Conclusion::Failure, "failure"),
        (Conclusion::Cancelled, "cancelled"),
    ] {
        let over = check(1, CheckState::Ended(conclusion, NOW));
        let told = scene
            .here
            .tell_check(scene.who(), 4_000, &over)
            .await
            .unwrap();
        assert!(told.is_over);
        let run = &scene.there.checks()[0];
        assert_eq!(run["conclusion"], word);
        assert_eq!(run["completed_at"], "2026-09-21T14:13:20Z");
        let found = scene.here.check(scene.who(), &over).await.unwrap();
        assert!(found.unwrap().is_over);
    }
    let asked = scene.there.asked();
    let minted = asked.iter().filter(|one| one.ends_with(" app")).count();
    assert_eq!(
        minted, 2,
        "one token, of its own right, serves all: {asked:?}"
    );
}

/// Behind what others made of the same commit, on whichever page it stands; never that of another app.
#[tokio::test]
async fn a_check_run_is_found_by_what_it_was_made_for_alone() {
    let scene = Scene::open().await;
    let one = check(7, CheckState::Running);
    let run = |id: u64, app: u64, external: &str, name: &str| {
        json!({ "id": id, "app": { "id": app }, "external_id": external, "name": name,
                "head_sha": COMMIT, "status": "in_progress" })
    };
    let ours = one.id.to_string();
    scene.there.keep([
        run(1, 99, &ours, "holdpoint/dev/docs"),
        run(2, github::APP, &ours, "holdpoint/prod/docs"),
    ]);
    assert_eq!(scene.here.check(scene.who(), &one).await.unwrap(), None);
    scene
        .there
        .keep([run(3, github::APP, &ours, "holdpoint/dev/docs")]);
    let others = (0..250).map(|n| run(10 + n, github::APP, "another", "holdpoint/dev/docs"));
    scene.there.keep(others);
    let found = scene.here.check(scene.who(), &one).await.unwrap();
    assert_eq!(found.map(|found| found.run), Some(3));
}

#[tokio::test]
async fn a_token_that_is_refused_is_minted_anew_and_a_lost_answer_is_looked_for() {
    let scene = Scene::open().await;
    let one = check(1, CheckState::Running);
    scene.there.fail("check-runs", Fault::Forgets);
    assert_eq!(scene.here.check(scene.who(), &one).await.unwrap(), None);
    scene.there.fail("check-runs", Fault::Lost);
    let why = scene.here.make_check(scene.who(), &one).await.unwrap_err();
    assert_eq!(why.retry, Retry::Contact, "{why:?}");
    let found = scene.here.check(scene.who(), &one).await.unwrap();
    assert_eq!(found.map(|found| found.run), Some(4_000), "it was made");
}

#[tokio::test]
async fn what_github_refuses_is_told_with_what_to_do() {
    let scene = Scene::open().await;
    let says = |status, message: &str| Fault::Says(status, vec![], json!({ "message": message }));
    for (path, fault, summary, hint, retry) in [
        (
            "access_tokens",
            says(
                422,
                "The permissions requested are not granted to this installation.",
            ),
            "not granted",
            "write access to checks",
            Retry::Never,
        ),
        (
            "check-runs",
            says(403, "Resource not accessible by integration"),
            "not accessible",
            "checks: true",
            Retry::Never,
        ),
        (
            "check-runs",
            Fault::Says(
                403,
                vec![("retry-after", "0".to_owned())],
                json!({ "message": "You have exceeded a secondary rate limit" }),
            ),
            "takes no more calls",
            "wait",
            Retry::Contact,
        ),
        (
            "check-runs",
            says(502, "Unicorn!"),
            "502: Unicorn!",
            "githubstatus",
            Retry::Contact,
        ),
        ("check-runs", Fault::Cut, "cut off", "curl", Retry::Contact),
        (
            "check-runs",
            says(200, "an answer of somebody else"),
            "which check run it is",
            "api",
            Retry::Never,
        ),
    ] {
        let scene = match retry {
            // As long as there were too many calls, none is made.
            Retry::Contact => &Scene::open().await,
            _ => &scene,
        };
        scene.there.fail(path, fault);
        let one = check(1, CheckState::Running);
        let why = scene.here.make_check(scene.who(), &one).await.unwrap_err();
        assert!(why.summary.contains(summary), "{why:?}");
        assert!(why.hint.contains(hint), "{why:?}");
        assert_eq!(why.retry, retry, "{why:?}");
    }
    let gone = Check {
        commit: OTHER.parse().unwrap(),
        ..check(1, CheckState::Running)
    };
    for why in [
        scene.here.check(scene.who(), &gone).await.unwrap_err(),
        scene.here.make_check(scene.who(), &gone).await.unwrap_err(),
    ] {
        assert!(
            why.summary.contains("takes no check run of 0123456789"),
            "{why:?}"
        );
        assert_eq!(why.retry, Retry::Never);
    }
}
