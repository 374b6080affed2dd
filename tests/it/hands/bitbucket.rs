//! Sources as an app of Bitbucket gets them: which installation has a repository, for how long a token
//! is used and where it goes, how it is proven whose commit an archive has, and what is said where
//! something is missing.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use holdpoint::domain::failure::{Failure, Retry};
use holdpoint::domain::refs::Commit;
use holdpoint::domain::time::Time;
use holdpoint::exec::{Job, executors};
use holdpoint::forms::bitbucket::{App, Tenant, Tenants};
use holdpoint::hosts::Hosts;
use holdpoint::hosts::bitbucket::{Bitbucket, Who};
use holdpoint::hosts::github::GitHub;
use serde_json::{Value, json};

use super::Workshop;
use crate::bitbucket::{self, ACME, Account, KEY, OTHER, known};
use crate::github::Fault;
use crate::wire::http;

const COMMIT: &str = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
const ANOTHER: &str = "0123456789abcdef0123456789abcdef01234567";
const FILES: [(&str, &str); 2] = [("package.json", "{}"), ("src/index.js", "let a = 1;")];

const TOKEN: &str = "POST /site/oauth2/access_token app";
/// The repositories of the account are on three pages.
const LISTED: [&str; 4] = [
    TOKEN,
    "GET /2.0/repositories/%7B58e8bb1e-704e-4239-b082-b4ceaf8cc369%7D connection:123",
    "GET /2.0/repositories/%7B58e8bb1e-704e-4239-b082-b4ceaf8cc369%7D?page=2 connection:123",
    "GET /2.0/repositories/%7B58e8bb1e-704e-4239-b082-b4ceaf8cc369%7D?page=3 connection:123",
];
const ZIP: [&str; 2] = [
    "GET /2.0/repositories/acme/docs/commit/6113728f27ae82c7b1a177c8d03f9e96e0adf246 {acme-docs}",
    "GET /acme/docs/get/6113728f27ae82c7b1a177c8d03f9e96e0adf246.zip {acme-docs}",
];
const BRANCH: &str = "GET /2.0/repositories/acme/docs/refs/branches/main {acme-docs}";

/// A Bitbucket, what is known of it here, and the time of both.
struct Scene {
    there: bitbucket::Bitbucket,
    here: Bitbucket,
    known: Arc<Mutex<Result<Tenants, String>>>,
    now: Arc<Mutex<Time>>,
    apart: Arc<Mutex<Duration>>,
    app: App,
}

impl Scene {
    async fn open(accounts: &[Account]) -> Self {
        let now = Arc::new(Mutex::new(Time(1_790_000_000_000)));
        let apart: Arc<Mutex<Duration>> = Arc::default();
        let known = Arc::new(Mutex::new(Ok(known(accounts))));
        let (theirs, ours, by) = (Arc::clone(&now), Arc::clone(&now), Arc::clone(&apart));
        let told = Arc::new(move || *theirs.lock().unwrap());
        let there = bitbucket::Bitbucket::open(told, |router| router).await;
        there.push("main", COMMIT, FILES.to_vec());
        there.push("feat/x", ANOTHER, FILES.to_vec());
        let installations = Arc::clone(&known);
        let here = there.called(
            Arc::new(move || *ours.lock().unwrap() + *by.lock().unwrap()),
            Arc::new(move || installations.lock().unwrap().clone()),
        );
        Self {
            there,
            here,
            known,
            now,
            apart,
            app: App {
                key: KEY.to_owned(),
            },
        }
    }

    fn who<'a>(&'a self, repository: &'a str) -> Who<'a> {
        Who {
            app: &self.app,
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

    /// From now on that is known of the installations here.
    fn know(&self, tenants: Tenants) {
        *self.known.lock().unwrap() = Ok(tenants);
    }
}

#[tokio::test]
async fn the_installation_whose_account_has_the_repository_reads_that_one_alone() {
    let scene = Scene::open(&[OTHER, ACME]).await;
    scene.there.install(OTHER, &["acme/other"]);
    assert_eq!(scene.head("main").await.unwrap(), COMMIT.parse().ok());
    let others = [
        TOKEN,
        "GET /2.0/repositories/%7B0f0e0d0c-704e-4239-b082-b4ceaf8cc369%7D connection:077",
    ];
    let asked = scene.there.asked();
    assert_eq!(asked, [&others, &LISTED[..], &[TOKEN, BRANCH]].concat());
    // What was found holds, also for another branch and for the archive.
    assert_eq!(scene.head("feat/x").await.unwrap(), ANOTHER.parse().ok());
    scene.archive().await.unwrap();
    assert_eq!(scene.there.asked()[1..], ZIP);
    // Where a branch is not there, it is looked whether the repository still is.
    assert_eq!(scene.head("feat").await.unwrap(), None, "no part of a name");
    let who = scene.who("ACME/Docs");
    assert_eq!(scene.here.account(who).await.unwrap(), ACME.id);
}

#[tokio::test]
async fn a_token_is_used_until_shortly_before_its_end_and_goes_to_nobody_else() {
    let scene = Scene::open(&[ACME]).await;
    scene.archive().await.unwrap();
    scene.there.asked();
    scene.passes(Duration::from_mins(54));
    scene.archive().await.unwrap();
    assert_eq!(scene.there.asked(), ZIP);
    scene.passes(Duration::from_mins(2));
    scene.archive().await.unwrap();
    assert_eq!(scene.there.asked(), [&[TOKEN][..], &ZIP].concat());
    // One that is refused is minted anew once, by both of those who refuse it.
    scene.there.fail("commit", Fault::Forgets);
    scene.archive().await.unwrap();
    assert_eq!(scene.there.asked(), [&[ZIP[0], TOKEN][..], &ZIP].concat());
    scene.there.fail("/get/", Fault::Forgets);
    scene.archive().await.unwrap();
    assert_eq!(
        scene.there.asked(),
        [&ZIP[..], &[TOKEN], &ZIP[1..]].concat()
    );
    let signs_in = || {
        let to = "https://id.atlassian.com/login?continue=x".to_owned();
        Fault::Says(302, vec![("location", to)], json!({}))
    };
    scene.there.fail("/get/", signs_in());
    scene.there.fail("/get/", signs_in());
    let why = scene.archive().await.unwrap_err();
    assert!(
        why.summary.contains("refuses a token") && why.summary.contains("sign in"),
        "{why:?}"
    );
    scene.there.asked();
    // An archive that is elsewhere is fetched by its address alone.
    let elsewhere = format!("{}/2.0/elsewhere?sig=AAAB", scene.there.api);
    let leads = Fault::Says(302, vec![("location", elsewhere)], json!({}));
    scene.there.fail("/get/", leads);
    let why = scene.archive().await.unwrap_err();
    let asked = scene.there.asked();
    assert_eq!(asked[2..], ["GET /2.0/elsewhere nobody"]);
    assert!(!format!("{why:?}").contains("AAAB"), "{why:?}");
}

#[tokio::test]
async fn what_is_missing_is_named_with_what_to_do() {
    let scene = Scene::open(&[]).await;
    let mut over = known(&[ACME]);
    over.keep(ACME.client, over.get(ACME.client).unwrap().clone().over());
    let mut unnamed = known(&[ACME]);
    unnamed.name(&BTreeSet::new());
    let mut odd = Tenants::default();
    let account = "../../2.0/user".into();
    odd.keep(
        ACME.client,
        Tenant::new(ACME.secret.to_owned(), account, true),
    );
    let refused = Account {
        secret: "a secret of before the app was installed anew",
        ..ACME
    };
    for (tenants, summary, hint) in [
        (
            Tenants::default(),
            "no installation of the Bitbucket app holdpoint-acme is known",
            "install the app in the workspace acme",
        ),
        (over, "was removed from every account", "install it in"),
        (
            unnamed,
            "nobody has named its installation connection:123",
            "--bitbucket-client connection:123",
        ),
        (
            known(&[refused]),
            "does not believe the app holdpoint-acme for its installation connection:123: Signature verification failed",
            "install it again",
        ),
        (odd, "names no account", "install it again"),
    ] {
        scene.know(tenants);
        for why in [
            scene.head("main").await.unwrap_err(),
            scene.archive().await.unwrap_err(),
        ] {
            assert!(why.summary.contains(summary), "{why:?}");
            assert!(why.hint.contains(hint), "{why:?}");
            assert_eq!(why.retry, Retry::Never);
            assert!(!format!("{why:?}").contains("secret of"), "{why:?}");
        }
    }
    scene.know(known(&[OTHER]));
    scene.there.install(OTHER, &["acme/other", "acme/docs-2"]);
    let why = scene.head("main").await.unwrap_err();
    assert!(
        why.summary.contains("no installation") && why.summary.contains("has acme/docs"),
        "{why:?}"
    );
    assert!(why.detail.contains(OTHER.client), "{why:?}");
    *scene.known.lock().unwrap() = Err("heard/bitbucket.json: chmod 600".to_owned());
    let why = scene.head("main").await.unwrap_err();
    assert!(why.summary.contains("chmod 600"), "{why:?}");
    assert_eq!(why.retry, Retry::Contact);
}

/// What was found before is taken as long as it holds: not from an installation that is over, nor by a
/// secret of before.
#[tokio::test]
async fn what_changes_here_counts_with_the_next_call() {
    let scene = Scene::open(&[ACME]).await;
    scene.archive().await.unwrap();
    let mut over = known(&[ACME]);
    over.keep(ACME.client, over.get(ACME.client).unwrap().clone().over());
    scene.know(over);
    let why = scene.archive().await.unwrap_err();
    assert!(why.summary.contains("was removed"), "{why:?}");
    let anew = Account {
        secret: "the secret of the second installation",
        ..ACME
    };
    scene.there.install(anew, &["acme/docs"]);
    scene.know(known(&[anew]));
    scene.archive().await.unwrap();
    // The repository goes to another account.
    scene.there.install(anew, &["acme/a"]);
    scene.there.install(OTHER, &["acme/docs"]);
    scene.know(known(&[anew, OTHER]));
    scene
        .there
        .fail("commit", Fault::Says(404, vec![], json!({})));
    let why = scene.archive().await.unwrap_err();
    assert!(why.summary.contains("does not give"), "{why:?}");
    scene.archive().await.unwrap();
    assert!(
        scene
            .there
            .asked()
            .iter()
            .any(|call| call.contains("connection:077"))
    );
}

/// Pages are followed on the same host alone, and to an end.
#[tokio::test]
async fn a_token_follows_no_page_to_another_host() {
    let scene = Scene::open(&[ACME]).await;
    for elsewhere in [
        "https://evil.example",
        &scene.there.site,
        "http://localhost:1",
    ] {
        scene.there.lead(elsewhere);
        let why = scene.head("main").await.unwrap_err();
        assert!(
            why.summary.contains("which repositories an account has"),
            "{why:?}"
        );
        assert!(
            scene
                .there
                .asked()
                .iter()
                .all(|call| !call.contains("page=2"))
        );
    }
    let scene = Scene::open(&[ACME]).await;
    let again = json!({
        "values": [],
        "next": format!("{}/2.0/repositories/%7B58e8bb1e-704e-4239-b082-b4ceaf8cc369%7D", scene.there.api),
    });
    for _ in 0..100 {
        scene
            .there
            .fail("/2.0/repositories", Fault::Says(200, vec![], again.clone()));
    }
    let why = scene.head("main").await.unwrap_err();
    assert!(why.summary.contains("first 10000 repositories"), "{why:?}");
}

#[tokio::test]
async fn what_bitbucket_says_is_told_with_what_to_do() {
    let scene = Scene::open(&[ACME]).await;
    scene.archive().await.unwrap();
    let says = |status, message: &str| {
        Fault::Says(status, vec![], json!({ "error": { "message": message } }))
    };
    let limit = Fault::Says(429, vec![("retry-after", "120".to_owned())], json!({}));
    for (path, fault, summary, hint, retry) in [
        (
            "commit",
            says(403, "Access denied"),
            "does not let the app",
            "give the app access",
            Retry::Never,
        ),
        (
            "commit",
            says(404, "Not found"),
            "does not give 6113728f27 any more",
            "pushed away",
            Retry::Never,
        ),
        (
            "commit",
            says(503, "\u{1b}[31mred"),
            "503: red",
            "bitbucket.status",
            Retry::Contact,
        ),
        (
            "commit",
            Fault::Says(200, vec![], json!({ "hash": ANOTHER })),
            "which commit it has",
            "curl",
            Retry::Never,
        ),
        ("commit", Fault::Cut, "cut off", "curl", Retry::Contact),
        (
            "/get/",
            says(404, "Not found"),
            "does not give 6113728f27 any more",
            "pushed away",
            Retry::Never,
        ),
        (
            "/get/",
            says(403, "Access denied"),
            "does not let the app",
            "give the app access",
            Retry::Never,
        ),
        (
            "/get/",
            Fault::Says(
                302,
                vec![("location", "http://bbuseruploads.example/x".to_owned())],
                json!({}),
            ),
            "where its archive is",
            "curl",
            Retry::Never,
        ),
        (
            "/get/",
            says(418, "<html>"),
            "418",
            "something else answers",
            Retry::Never,
        ),
        (
            "/get/",
            limit,
            "takes no more calls of the app holdpoint-acme until",
            "wait",
            Retry::Contact,
        ),
    ] {
        scene.there.fail(path, fault);
        let why = scene.archive().await.unwrap_err();
        assert!(why.summary.contains(summary), "{path}: {why:?}");
        assert!(why.hint.contains(hint), "{path}: {why:?}");
        assert_eq!(why.retry, retry, "{path}: {why:?}");
        assert!(!format!("{why:?}").contains("bbt_"), "{why:?}");
    }
    scene.there.asked();
    scene.passes(Duration::from_secs(119));
    assert!(scene.archive().await.is_err());
    assert_eq!(scene.there.asked(), [""; 0], "nothing is asked meanwhile");
    scene.passes(Duration::from_secs(1));
    scene.archive().await.unwrap();
    let (commit, mut to) = (COMMIT.parse().unwrap(), Vec::new());
    let who = scene.who("acme/docs");
    let long = scene.here.archive(who, &commit, &mut to, 40).await;
    assert!(long.unwrap_err().summary.contains("more than 40 bytes"));
    *scene.apart.lock().unwrap() = Duration::from_hours(3);
    let why = scene.archive().await.unwrap_err();
    assert!(
        why.summary.contains("expired") && why.hint.contains("clock"),
        "{why:?}"
    );
}

const AUTH: (&str, &str) = (
    "Authorization",
    "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0",
);

/// The step: a commit of Bitbucket comes to where its build reads it, or nothing does.
#[tokio::test(flavor = "multi_thread")]
async fn the_source_of_exactly_one_commit_comes_from_bitbucket() {
    let shop = Workshop::open().await;
    let endpoint = shop.cloud().endpoint();
    let place = "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
    assert_eq!(
        http(&endpoint, "PUT", "/sources", &[AUTH], place).status,
        200
    );
    let cloud = shop.shared();
    let now = Arc::new(move || cloud.now());
    let there = bitbucket::Bitbucket::open(now.clone(), |router| router).await;
    there.push("main", COMMIT, FILES.to_vec());
    let folder = tempfile::tempdir().unwrap();
    let hosts = Arc::new(Hosts {
        github: GitHub::new(now.clone()),
        bitbucket: there.called(now, Arc::new(|| Ok(known(&[ACME])))),
    });
    let executor = executors(&shop.clients, &hosts)
        .into_iter()
        .find(|one| one.kind().as_str() == "source.fetch")
        .unwrap();
    let fetch = async || {
        let params = json!({
            "repository": "https://bitbucket.org/acme/docs.git", "app": { "bitbucket": KEY },
            "commit": COMMIT, "bucket": "sources", "key": "docs.zip",
        });
        executor.check(&params).unwrap();
        let job = Job {
            folder: folder.path().join("job"),
            lasting: folder.path().join("lasting"),
            ..shop.job(params)
        };
        executor.run(job).await
    };
    let there_is = || http(&endpoint, "GET", "/sources/docs.zip", &[AUTH], "").status;
    for (around, comment, other) in [
        ("acme-docs-0123456789ab", "", "acme-docs-0123456789ab"),
        ("acme-docs-6113728f27af", "", "acme-docs-6113728f27af"),
        ("acme-docs", "", "acme-docs"),
        ("acme-docs-6113", "", "acme-docs-6113"),
        ("acme-docs-6113728f27ae", ANOTHER, "0123456789"),
    ] {
        there.say(COMMIT, around, comment);
        let why = fetch().await.unwrap_err();
        assert!(
            why.summary
                .contains(&format!("gives {other} where 6113728f27"))
                && why.as_before,
            "{why:?}"
        );
    }
    assert_eq!(there_is(), 404, "nothing was put");
    for comment in ["", COMMIT, "made by hand"] {
        there.say(COMMIT, "acme-docs-6113728f27ae", comment);
        let done = fetch().await.unwrap().public;
        assert_eq!(done["commit"], Value::from(COMMIT));
    }
    let came = http(&endpoint, "GET", "/sources/docs.zip", &[AUTH], "");
    assert!(
        came.body.contains("src/index.js") && !came.body.contains("acme-docs"),
        "{}",
        came.body
    );
    there.forget(COMMIT);
    let why = fetch().await.unwrap_err();
    assert!(why.summary.contains("does not give 6113728f27"), "{why:?}");
}
