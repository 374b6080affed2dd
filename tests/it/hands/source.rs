//! Sources as an app of GitHub gets them: who it is there, for how long a token is used and where it
//! goes, what an archive may be, and what is said where GitHub says no.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use holdpoint::domain::failure::{Failure, Retry};
use holdpoint::domain::masks::Secret;
use holdpoint::domain::refs::Commit;
use holdpoint::domain::time::Time;
use holdpoint::exec::Job;
use holdpoint::forms::git::App;
use holdpoint::hosts::github::{GitHub, Who};
use serde_json::{Value, json};

use super::Workshop;
use crate::github::{self, Fault, key};
use crate::wire::http;

const COMMIT: &str = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
const OTHER: &str = "0123456789abcdef0123456789abcdef01234567";
const FILES: [(&str, &str); 2] = [("package.json", "{}"), ("src/index.js", "let a = 1;")];

const JWT: [&str; 2] = [
    "GET /repos/acme/docs/installation app",
    "POST /app/installations/9000001/access_tokens app",
];
const ZIP: [&str; 2] = [
    "GET /repos/acme/docs/zipball/6113728f27ae82c7b1a177c8d03f9e96e0adf246 token",
    "GET /acme/docs/legacy.zip/6113728f27ae82c7b1a177c8d03f9e96e0adf246 nobody",
];

/// A GitHub, the app as it is known here, and the time of both.
struct Scene {
    there: github::GitHub,
    here: GitHub,
    now: Arc<Mutex<Time>>,
    apart: Arc<Mutex<Duration>>,
    app: App,
    key: Secret,
}

impl Scene {
    async fn open() -> Self {
        let now = Arc::new(Mutex::new(Time(1_790_000_000_000)));
        let apart: Arc<Mutex<Duration>> = Arc::default();
        let (theirs, ours, by) = (Arc::clone(&now), Arc::clone(&now), Arc::clone(&apart));
        let told = Arc::new(move || *theirs.lock().unwrap());
        let there = github::GitHub::open(told, |router| router).await;
        there.push("main", COMMIT, FILES.to_vec());
        there.push("feat/x", OTHER, FILES.to_vec());
        let app =
            json!({ "id": github::APP, "secrets": { "private_key": "env:KEY" }, "api": there.api });
        Self {
            app: serde_json::from_value(app).unwrap(),
            there,
            here: GitHub::new(Arc::new(move || {
                *ours.lock().unwrap() + *by.lock().unwrap()
            })),
            now,
            apart,
            key: Secret::new(key().pkcs8.clone()),
        }
    }

    fn who<'a>(&'a self, repository: &'a str) -> Who<'a> {
        Who {
            app: &self.app,
            key: &self.key,
            repository,
        }
    }

    async fn head(&self, branch: &str) -> Result<Option<Commit>, Failure> {
        let branch = branch.parse().unwrap();
        self.here.head(self.who("acme/docs"), &branch).await
    }

    async fn archive(&self) -> Result<u64, Failure> {
        let (commit, mut to) = (COMMIT.parse().unwrap(), Vec::new());
        let who = self.who("acme/docs");
        let length = self.here.archive(who, &commit, &mut to, 10_000).await?;
        assert_eq!(length, to.len() as u64);
        Ok(length)
    }

    fn passes(&self, time: Duration) {
        let mut now = self.now.lock().unwrap();
        *now = *now + time;
    }
}

#[tokio::test]
async fn a_token_is_used_until_shortly_before_its_end_and_goes_to_nobody_else() {
    let scene = Scene::open().await;
    assert_eq!(scene.head("main").await.unwrap(), COMMIT.parse().ok());
    assert_eq!(scene.head("feat/x").await.unwrap(), OTHER.parse().ok());
    assert_eq!(scene.head("feat").await.unwrap(), None, "no part of a name");
    let asked = scene.there.asked();
    assert_eq!(asked[..2], JWT);
    assert_eq!(asked[2], "GET /repos/acme/docs/git/ref/heads/main token");
    assert_eq!(asked.len(), 5, "one token serves all: {asked:?}");
    scene.archive().await.unwrap();
    assert_eq!(scene.there.asked(), ZIP);
    scene.passes(Duration::from_mins(54));
    scene.archive().await.unwrap();
    assert_eq!(scene.there.asked(), ZIP);
    scene.passes(Duration::from_mins(2));
    scene.archive().await.unwrap();
    assert_eq!(scene.there.asked(), [JWT, ZIP].concat());
}

#[tokio::test]
async fn a_token_that_is_refused_is_minted_anew_once() {
    let scene = Scene::open().await;
    scene.archive().await.unwrap();
    scene.there.asked();
    scene.there.fail("zipball", Fault::Forgets);
    scene.archive().await.unwrap();
    let anew = [&ZIP[..1], &JWT, &ZIP].concat();
    assert_eq!(scene.there.asked(), anew);
    scene.there.fail("git/ref", Fault::Forgets);
    assert_eq!(scene.head("main").await.unwrap(), COMMIT.parse().ok());
    let bad = || Fault::Says(401, vec![], json!({ "message": "Bad credentials" }));
    scene.there.fail("git/ref", bad());
    scene.there.fail("git/ref", bad());
    let why = scene.head("main").await.unwrap_err();
    assert!(why.summary.contains("refuses a token"), "{why:?}");
    assert_eq!(why.retry, Retry::Never);
}

#[tokio::test]
async fn what_github_says_is_told_with_what_to_do() {
    let scene = Scene::open().await;
    let says = |status, message: &str| Fault::Says(status, vec![], json!({ "message": message }));
    for (path, fault, summary, hint, retry) in [
        (
            "installation",
            says(404, "Not Found"),
            "may not read acme/docs",
            "install the app",
            Retry::Never,
        ),
        (
            "installation",
            says(401, "Integration not found"),
            "does not believe the app",
            "private key",
            Retry::Never,
        ),
        (
            "access_tokens",
            says(403, "This installation has been suspended"),
            "suspended",
            "read access to contents",
            Retry::Never,
        ),
        (
            "access_tokens",
            says(
                422,
                "The permissions requested are not granted to this installation.",
            ),
            "not granted",
            "read access to contents",
            Retry::Never,
        ),
        (
            "access_tokens",
            says(503, "Unicorn!"),
            "503: Unicorn!",
            "githubstatus",
            Retry::Contact,
        ),
        (
            "zipball",
            says(404, "Not Found"),
            "does not give 6113728f27 any more",
            "pushed away",
            Retry::Never,
        ),
        (
            "zipball",
            says(500, "\u{1b}[31mred"),
            "500: red",
            "",
            Retry::Contact,
        ),
        (
            "zipball",
            Fault::Says(
                302,
                vec![("location", "http://codeload.acme.example/x".to_owned())],
                json!({}),
            ),
            "where its archive is",
            "api",
            Retry::Never,
        ),
        ("legacy.zip", Fault::Cut, "cut off", "curl", Retry::Contact),
        (
            "legacy.zip",
            says(404, "Not Found"),
            "may not read",
            "install",
            Retry::Never,
        ),
    ] {
        scene.there.fail(path, fault);
        let why = scene.archive().await.unwrap_err();
        assert!(why.summary.contains(summary), "{path}: {why:?}");
        assert!(
            why.hint.contains(hint) && !why.hint.is_empty(),
            "{path}: {why:?}"
        );
        assert_eq!(why.retry, retry, "{path}: {why:?}");
        assert!(!format!("{why:?}").contains("token=") && !format!("{why:?}").contains("ghs_"));
    }
    let (commit, mut to) = (COMMIT.parse().unwrap(), Vec::new());
    let long = scene
        .here
        .archive(scene.who("acme/docs"), &commit, &mut to, 40)
        .await;
    assert!(long.unwrap_err().summary.contains("more than 40 bytes"));
    let other = scene
        .here
        .archive(scene.who("acme/other"), &commit, &mut to, 40)
        .await;
    assert!(
        other
            .unwrap_err()
            .summary
            .contains("may not read acme/other")
    );
    scene
        .there
        .fail("git/ref", says(409, "Git Repository is empty."));
    assert_eq!(scene.head("main").await.unwrap(), None);
}

/// As long as GitHub says that there were too many calls, none is made.
#[tokio::test]
async fn too_many_calls_are_waited_out() {
    let scene = Scene::open().await;
    scene.archive().await.unwrap();
    let reset = (scene.now.lock().unwrap().0 / 1_000 + 600).to_string();
    let limit = |status, with| {
        Fault::Says(
            status,
            with,
            json!({ "message": "API rate limit exceeded" }),
        )
    };
    for (fault, wait) in [
        (limit(429, vec![("retry-after", "120".to_owned())]), 120),
        (limit(403, vec![("retry-after", "30".to_owned())]), 30),
        (
            limit(
                403,
                vec![
                    ("x-ratelimit-remaining", "0".to_owned()),
                    ("x-ratelimit-reset", reset),
                ],
            ),
            450,
        ),
        (limit(403, vec![]), 60),
    ] {
        scene.there.fail("zipball", fault);
        scene.archive().await.unwrap_err();
        scene.there.asked();
        scene.passes(Duration::from_secs(wait - 1));
        let why = scene.archive().await.unwrap_err();
        assert!(
            why.summary.contains("no more calls of the app 20431 until"),
            "{why:?}"
        );
        assert_eq!(why.retry, Retry::Contact);
        assert_eq!(scene.there.asked(), [""; 0]);
        scene.passes(Duration::from_secs(1));
        scene.archive().await.unwrap();
    }
}

#[tokio::test]
async fn both_forms_of_a_key_are_read_and_a_clock_that_is_wrong_is_named() {
    let mut scene = Scene::open().await;
    scene.key = Secret::new(key().pkcs1.clone());
    scene.archive().await.unwrap();
    scene.passes(Duration::from_hours(2));
    for none in [
        "",
        "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n",
        "ssh-rsa AAAA",
    ] {
        scene.key = Secret::new(none.to_owned());
        let why = scene.archive().await.unwrap_err();
        assert!(
            why.summary.contains("private key of the GitHub app 20431"),
            "{why:?}"
        );
    }
    scene.key = Secret::new(key().pkcs8.clone());
    *scene.apart.lock().unwrap() = Duration::from_secs(50);
    scene.archive().await.unwrap();
    *scene.apart.lock().unwrap() = Duration::from_hours(3);
    let why = scene.archive().await.unwrap_err();
    assert!(
        why.summary.contains("'iat'") && why.hint.contains("clock"),
        "{why:?}"
    );
    assert!(!format!("{:?} {why:?}", scene.key).contains("BEGIN"));
}

#[tokio::test]
async fn an_interface_that_is_not_there_is_waited_for() {
    let mut scene = Scene::open().await;
    let nobody = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    scene.app.api = Some(format!("http://{}", nobody.local_addr().unwrap()));
    drop(nobody);
    let why = scene.archive().await.unwrap_err();
    assert!(why.summary.contains("cannot be reached"), "{why:?}");
    assert_eq!(why.retry, Retry::Contact);
}

const AUTH: (&str, &str) = (
    "Authorization",
    "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0",
);

/// The step: a commit of GitHub comes to where its build reads it, or nothing does.
#[tokio::test(flavor = "multi_thread")]
async fn the_source_of_exactly_one_commit_comes_without_the_folder_around_it() {
    let shop = Workshop::open().await;
    let endpoint = shop.cloud().endpoint();
    let place = "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
    assert_eq!(
        http(&endpoint, "PUT", "/sources", &[AUTH], place).status,
        200
    );
    let cloud = shop.shared();
    let there = github::GitHub::open(Arc::new(move || cloud.now()), |router| router).await;
    there.push("main", COMMIT, FILES.to_vec());
    there.push("main", OTHER, vec![("a/../../x", "x")]);
    let folder = tempfile::tempdir().unwrap();
    let app = github::app(&there, folder.path());
    let fetch = async |commit: &str| {
        let app = json!({ "id": app["id"], "secrets": { "private_key": app["private_key"] }, "api": app["api"] });
        let params = json!({
            "repository": "https://github.com/acme/docs", "app": app,
            "commit": commit, "bucket": "sources", "key": "docs.zip",
        });
        let executor = shop.executor("source.fetch");
        executor.check(&params).unwrap();
        let job = Job {
            folder: folder.path().join("job"),
            lasting: folder.path().join("lasting"),
            ..shop.job(params)
        };
        executor.run(job).await
    };
    let there_is = || http(&endpoint, "GET", "/sources/docs.zip", &[AUTH], "").status;

    let why = fetch(OTHER).await.unwrap_err();
    assert!(
        why.summary.contains("leads out of the archive") && why.as_before,
        "{why:?}"
    );
    there.lie(COMMIT, OTHER);
    let why = fetch(COMMIT).await.unwrap_err();
    assert!(
        why.summary.contains("gives 0123456789 where 6113728f27"),
        "{why:?}"
    );
    there.forget(COMMIT);
    let why = fetch(COMMIT).await.unwrap_err();
    assert!(why.summary.contains("does not give 6113728f27"), "{why:?}");
    assert_eq!(there_is(), 404, "nothing was put");

    there.push("main", COMMIT, FILES.to_vec());
    there.lie(COMMIT, COMMIT);
    let done = fetch(COMMIT).await.unwrap().public;
    assert_eq!(done["commit"], Value::from(COMMIT));
    let came = http(&endpoint, "GET", "/sources/docs.zip", &[AUTH], "");
    assert_eq!(came.status, 200);
    assert!(
        came.body.contains("src/index.js") && !came.body.contains("acme-docs"),
        "{}",
        came.body
    );
    assert!(!folder.path().join("job/source.zip").exists());
}
