//! Builds on the embedded cloud: to each of their ends, stopped, cut off at their call, and with
//! engines that die at every point; and on emulators that nobody here wrote.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Either, select};
use holdpoint::domain::artifact::Artifact;
use holdpoint::domain::deployment::StepRun;
use holdpoint::domain::digest::Digest;
use holdpoint::domain::failure::{Failure, Retry};
use holdpoint::domain::line::Severity;
use holdpoint::domain::masks::Secret;
use holdpoint::domain::request::SourceBundle;
use holdpoint::domain::secret_ref::SecretRef;
use holdpoint::domain::time::Time;
use holdpoint::exec::{Content, Found, Job, Port};
use holdpoint::sandbox::services::logs::Logs;
use holdpoint::text::safe::Safe;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::{Bench, Workshop};
use crate::peers::endpoint;
use crate::wire::{Answer, http};

const BUILDSPEC: &str = "
version: 0.2
phases:
  install: { runtime-versions: { nodejs: 22 }, commands: [npm ci] }
  build: { commands: ['echo stage ${STAGE}', npm run build] }
artifacts: { files: ['**/*'], base-directory: dist }
";
const KIND: &str = "codebuild.build";
const ACCOUNT: &str = "000000000000";

/// A call of a service as it stands on the wire.
pub(crate) fn called(
    at: &str,
    service: &str,
    how: (&str, &str),
    target: &str,
    body: &str,
) -> Answer {
    called_by("test", at, service, how, target, body)
}

/// The same with a key, which may be the account whose key it is.
fn called_by(
    key: &str,
    at: &str,
    service: &str,
    how: (&str, &str),
    target: &str,
    body: &str,
) -> Answer {
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={key}/20260101/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    );
    let headers = [
        ("Authorization", authorization.as_str()),
        ("X-Amz-Target", target),
        ("Content-Type", "application/x-amz-json-1.1"),
    ];
    let headers = if target.is_empty() {
        &headers[..1]
    } else {
        &headers[..]
    };
    http(at, how.0, how.1, headers, body)
}

/// A project with its buckets, and the archive of a source.
pub(crate) fn prepare(at: &str, account: &str) {
    prepare_by("test", at, account);
}

fn prepare_by(key: &str, at: &str, account: &str) {
    let place = "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
    let s3 = |path: &str, body: &str| called_by(key, at, "s3", ("PUT", path), "", body).status;
    assert!([200, 409].contains(&s3("/hp-builds", place)));
    assert_eq!(s3("/hp-builds/source.zip", "zip"), 200);
    let project = json!({
        "name": "shop",
        "source": { "type": "S3", "location": "hp-builds/source.zip", "buildspec": BUILDSPEC },
        "artifacts": { "type": "S3", "location": "hp-builds", "packaging": "ZIP", "name": "shop.zip" },
        "environment": { "type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0", "computeType": "BUILD_GENERAL1_SMALL" },
        "serviceRole": format!("arn:aws:iam::{account}:role/build"),
    });
    let target = "CodeBuild_20161006.CreateProject";
    let project = project.to_string();
    let made = called_by(key, at, "codebuild", ("POST", "/"), target, &project);
    assert!(
        made.status == 200 || made.body.contains("already exists"),
        "{made:?}"
    );
}

pub(crate) async fn workshop() -> Workshop {
    let shop = Workshop::open().await;
    prepare(&shop.cloud().endpoint(), ACCOUNT);
    shop
}

fn build(env: &Value) -> Value {
    json!({
        "project": "shop",
        "source": { "bucket": "hp-builds", "key": "source.zip" },
        "env": env,
        "artifacts": { "bucket": "hp-builds", "key": "shop/v7.zip" },
    })
}

/// What containers wrote, in all their streams.
pub(crate) fn written(shop: &Workshop) -> Vec<String> {
    shop.cloud().look(|world| {
        let logs: Option<&Logs> = world.get(ACCOUNT, "eu-west-1");
        let group = logs.and_then(|logs| logs.groups.get("/aws/codebuild/shop"));
        let events = group.map(holdpoint::sandbox::services::logs::Group::by_time);
        let all = events.unwrap_or_default().into_iter();
        all.map(|event| event.message.trim_end_matches('\n').to_owned())
            .collect()
    })
}

/// A line as an engine keeps it.
#[derive(Debug, Clone, PartialEq)]
struct Kept {
    nth: u64,
    severity: Severity,
    part: String,
    text: String,
}

/// An engine that keeps the lines by their numbers, and dies once it was asked so often for
/// something that takes time.
struct Mortal {
    bench: Arc<Bench>,
    kept: Arc<Mutex<Vec<Kept>>>,
    left: AtomicUsize,
    died: Notify,
}

impl Mortal {
    fn new(bench: &Arc<Bench>, kept: &Arc<Mutex<Vec<Kept>>>, lives: usize) -> Arc<Self> {
        Arc::new(Self {
            bench: Arc::clone(bench),
            kept: Arc::clone(kept),
            left: AtomicUsize::new(lives),
            died: Notify::new(),
        })
    }

    async fn passes(&self) {
        let left = self.left.load(Ordering::SeqCst);
        if left == 0 {
            self.died.notify_one();
            std::future::pending::<()>().await;
        }
        self.left.store(left - 1, Ordering::SeqCst);
    }
}

impl Port for Mortal {
    fn note<'a>(&'a self, key: &'a str, value: Value) -> BoxFuture<'a, Result<(), Failure>> {
        async move {
            self.passes().await;
            self.bench.note(key, value).await?;
            self.passes().await;
            Ok(())
        }
        .boxed()
    }

    fn out(&self, _: Severity, _: &str, text: Safe) {
        panic!("a line without a number: {text:?}");
    }

    fn line(&self, nth: u64, severity: Severity, part: &str, text: Safe) {
        let mut kept = self.kept.lock().unwrap();
        assert!(kept.last().is_none_or(|last| last.nth < nth), "{text:?}");
        kept.push(Kept {
            nth,
            severity,
            part: part.to_owned(),
            text: text.into_string(),
        });
    }

    fn reached(&self) -> BoxFuture<'_, Option<u64>> {
        let last = self.kept.lock().unwrap().last().map(|line| line.nth);
        async move { last }.boxed()
    }

    fn bundle(&self, digest: Digest) -> BoxFuture<'_, Result<SourceBundle, Failure>> {
        self.bench.bundle(digest)
    }

    fn put<'a>(
        &'a self,
        content: Content,
        what: &'a str,
    ) -> BoxFuture<'a, Result<Artifact, Failure>> {
        self.bench.put(content, what)
    }

    fn get<'a>(&'a self, artifact: &'a Artifact) -> BoxFuture<'a, Result<Content, Failure>> {
        self.bench.get(artifact)
    }

    fn secret<'a>(&'a self, reference: &'a SecretRef) -> BoxFuture<'a, Result<Secret, Failure>> {
        self.bench.secret(reference)
    }

    fn covers(&self, _: &holdpoint::domain::masks::Secret) {}

    fn cancelled(&self) -> BoxFuture<'_, ()> {
        self.bench.cancelled()
    }

    fn is_cancelled(&self) -> bool {
        self.bench.is_cancelled()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        async move {
            self.passes().await;
            self.bench.sleep(duration).await;
        }
        .boxed()
    }
}

/// One attempt over engines that die.
struct Attempt<'a> {
    shop: &'a Workshop,
    bench: Arc<Bench>,
    kept: Arc<Mutex<Vec<Kept>>>,
    job: Job,
}

impl<'a> Attempt<'a> {
    fn new(shop: &'a Workshop, params: Value) -> Self {
        Self {
            shop,
            bench: Arc::new(shop.bench(None)),
            kept: Arc::default(),
            job: shop.job(params),
        }
    }

    /// What comes of it with an engine that has so many lives; none where it died.
    async fn lives(&self, lives: usize) -> Option<Result<Value, Failure>> {
        let port = Mortal::new(&self.bench, &self.kept, lives);
        let job = Job {
            notes: self.bench.notes.lock().unwrap().clone(),
            port: port.clone(),
            ..self.job.clone()
        };
        let executor = self.shop.executor(KIND);
        let is_new = job.notes.is_empty();
        let found = executor.find(job.clone()).await;
        assert_eq!(
            found,
            if is_new {
                Found::NeverStarted
            } else {
                Found::StillRunning
            }
        );
        let died = std::pin::pin!(port.died.notified());
        match select(executor.run(job), died).await {
            Either::Left((result, _)) => Some(result.map(|output| output.public)),
            Either::Right(_) => None,
        }
    }

    async fn to_its_end(&self) -> Result<Value, Failure> {
        self.lives(usize::MAX).await.unwrap()
    }

    fn kept(&self) -> Vec<Kept> {
        self.kept.lock().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_is_told_phase_by_phase_and_leaves_an_archive() {
    let shop = workshop().await;
    let attempt = Attempt::new(&shop, build(&json!({ "STAGE": "live" })));
    let output = attempt.to_its_end().await.unwrap();
    let id = output["build_id"].as_str().unwrap();
    let stream = id.strip_prefix("shop:").unwrap();
    assert_eq!(
        output["logs"],
        json!({ "group": "/aws/codebuild/shop", "stream": stream })
    );
    assert_eq!(
        output["artifact"],
        json!({ "bucket": "hp-builds", "key": "shop/v7.zip" })
    );
    let phases = output["phases"].as_array().unwrap();
    assert_eq!(
        (phases.len(), &phases[6]),
        (
            11,
            &json!({ "name": "BUILD", "status": "SUCCEEDED", "seconds": 14 })
        )
    );
    let cloud = shop.clients.of(&shop.target).await.unwrap();
    let archive = cloud
        .object("hp-builds", "shop/v7.zip")
        .await
        .unwrap()
        .unwrap();
    assert!(archive.starts_with(b"PK"));

    let kept = attempt.kept();
    let begun: Vec<&str> = kept
        .iter()
        .filter(|line| line.text == "begins")
        .map(|line| line.part.as_str())
        .collect();
    let names: Vec<&str> = phases
        .iter()
        .map(|phase| phase["name"].as_str().unwrap())
        .collect();
    assert_eq!(begun, names[..10], "each once, in its order");
    let of = |part: &str, text: &str| {
        let found = kept
            .iter()
            .position(|line| line.part == part && line.text.ends_with(text));
        found.unwrap_or_else(|| panic!("{part} {text}\n{kept:#?}"))
    };
    let order = [
        of("INSTALL", "begins"),
        of("INSTALL", "Running command npm ci"),
        of("INSTALL", "SUCCEEDED after 8s"),
        of("BUILD", "Entering phase BUILD"),
        of("BUILD", "stage live"),
        of("BUILD", "SUCCEEDED after 14s"),
        of("UPLOAD_ARTIFACTS", "Found 3 file(s)"),
        of("COMPLETED", "SUCCEEDED after 35s"),
    ];
    assert!(order.is_sorted(), "{order:?}");
    let written = written(&shop);
    let read: Vec<String> = kept
        .iter()
        .filter(|line| written.contains(&line.text))
        .map(|line| line.text.clone())
        .collect();
    assert_eq!(read, written, "every line once, in its order");
}

/// What a page shows of a build is noted as it goes on: it is known also of one that failed.
#[tokio::test(flavor = "multi_thread")]
async fn its_phases_are_noted_however_it_ends() {
    let shop = workshop().await;
    for (env, ended, is_bad) in [
        (json!({ "STAGE": "live" }), "SUCCEEDED", false),
        (json!({ "EXIT_CODE": "2" }), "FAILED", true),
    ] {
        let attempt = Attempt::new(&shop, build(&env));
        assert_eq!(attempt.to_its_end().await.is_err(), is_bad);
        let mut run = StepRun::blocked();
        run.notes = attempt.bench.notes.lock().unwrap().clone();
        let phases = run.phases();
        let of = |name: &str| phases.iter().find(|phase| phase.name.as_str() == name);
        for (name, status, bad) in [
            ("SUBMITTED", "SUCCEEDED", false),
            ("INSTALL", "SUCCEEDED", false),
            ("BUILD", ended, is_bad),
            ("COMPLETED", ended, is_bad),
        ] {
            let phase = of(name).unwrap_or_else(|| panic!("{name}: {phases:?}"));
            assert_eq!((phase.word(), phase.is_bad), (status, bad), "{name}");
        }
        let install = of("INSTALL").unwrap();
        assert_eq!(install.took(&run, Time(0)), Some(Duration::from_secs(8)));
        assert_eq!(run.phase(), None, "nothing goes on");
    }
}

/// A build in another account: what it reads, writes and leaves is there, and none of it here.
#[tokio::test(flavor = "multi_thread")]
async fn a_build_runs_in_the_account_of_the_role_that_is_assumed() {
    let (shop, theirs) = (Workshop::open().await, "222233334444");
    prepare_by(theirs, &shop.cloud().endpoint(), theirs);
    let role = format!("arn:aws:iam::{theirs}:role/builds");
    let mut params = build(&json!({}));
    let nothing = shop.run(KIND, params.clone()).await.unwrap_err();
    assert!(nothing.summary.contains("no project shop"), "{nothing:?}");
    params["assumes"] = json!(role);
    params["logs"] = json!({ "bucket": "hp-builds", "key": "kept/docs" });
    let attempt = Attempt::new(&shop, params);
    let output = attempt.to_its_end().await.unwrap();
    let stream = output["logs"]["stream"].as_str().unwrap();
    let log = format!("kept/docs/{stream}.gz");
    assert_eq!(
        output["log"],
        json!({ "bucket": "hp-builds", "key": log }),
        "where its lines are kept"
    );
    let clients = &shop.clients;
    let there = clients.assuming(&shop.place(), Some(&role)).await.unwrap();
    let object = |key: &str| {
        let (there, key) = (Arc::clone(&there), key.to_owned());
        async move { there.object("hp-builds", &key).await.unwrap() }
    };
    assert!(object("shop/v7.zip").await.is_some());
    let (packed, mut lines) = (object(&log).await.unwrap(), String::new());
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&packed[..]), &mut lines)
        .unwrap();
    assert!(lines.contains("Running command npm run build"), "{lines}");
    let ours = clients.at(&shop.place()).await.unwrap();
    let copy = ours.object("hp-builds", "shop/v7.zip").await;
    assert!(!matches!(copy, Ok(Some(_))), "nothing of it is here");

    // A role that is not given is named, and waited for: it may be given yet.
    let mishap = json!({ "action": "AssumeRole", "kind": "access_denied" });
    shop.cloud().pull("Chaos", mishap).unwrap();
    let other = json!({ "project": "shop", "assumes": "arn:aws:iam::222233334444:role/other" });
    let failure = shop.run(KIND, other).await.unwrap_err();
    assert_eq!(failure.retry, Retry::Contact);
    assert!(
        failure.summary.contains("role/other was not given to us")
            && failure.hint.contains("sts:AssumeRole"),
        "{failure:?}"
    );
}

/// A parameter with a secret.
fn put_parameter(shop: &Workshop, name: &str) {
    let body = json!({ "Name": name, "Value": "s3cret", "Type": "SecureString" }).to_string();
    let (at, target) = (shop.cloud().endpoint(), "AmazonSSM.PutParameter");
    let put = called(&at, "ssm", ("POST", "/"), target, &body);
    assert_eq!(put.status, 200, "{put:?}");
}

/// Who looks sees the names of parameters, page by page, and no value.
#[tokio::test(flavor = "multi_thread")]
async fn parameters_are_seen_by_their_names() {
    let shop = Workshop::open().await;
    for nth in 0..120 {
        put_parameter(&shop, &format!("/sites/docs/K{nth:03}"));
    }
    let cloud = shop.clients.at(&shop.place()).await.unwrap();
    let names = cloud.parameters("/sites/docs").await.unwrap();
    assert_eq!(
        (names.len(), names[119].as_str()),
        (120, "/sites/docs/K119")
    );
    assert!(cloud.parameters("/sites/doc").await.unwrap().is_empty());
    let rule = json!({ "action": "DescribeParameters", "kind": "access_denied" });
    shop.cloud().pull("Chaos", rule).unwrap();
    let trouble = cloud.parameters("/sites/docs").await.unwrap_err();
    assert!(
        trouble
            .failure
            .hint
            .contains("allow ssm:DescribeParameters on /sites/docs"),
        "{trouble:?}"
    );
}

/// Traps 3 and 4: four ends are failures, and say where and why.
#[tokio::test(flavor = "multi_thread")]
async fn every_end_but_one_is_a_failure() {
    let shop = workshop().await;
    for (env, says, quotes, retry) in [
        (
            json!({ "EXIT_CODE": "2" }),
            "failed in BUILD: Error while executing command: npm run build. Reason: exit status 2",
            "error TS2304",
            Retry::Never,
        ),
        (
            json!({ "ENDS": "INSTALL:FAILED" }),
            "failed in INSTALL: Error while executing command: npm ci",
            "npm ci exit status 1",
            Retry::Never,
        ),
        (
            json!({ "ENDS": "PROVISIONING:FAULT" }),
            "CodeBuild failed in build shop:",
            "all lines: https://",
            Retry::After(Duration::from_secs(30)),
        ),
        (
            json!({ "ENDS": "BUILD:TIMED_OUT" }),
            "timed out in BUILD after 14s",
            "Running command npm run build",
            Retry::Never,
        ),
    ] {
        let attempt = Attempt::new(&shop, build(&env));
        let failure = attempt.to_its_end().await.unwrap_err();
        assert!(failure.summary.contains(says), "{failure:?}");
        assert!(failure.detail.contains(quotes), "{failure:?}");
        assert_eq!(failure.retry, retry);
        let last = attempt.kept().pop().unwrap();
        assert_eq!(
            (last.part.as_str(), last.severity),
            ("COMPLETED", Severity::Error)
        );
    }
    let mut nowhere = build(&json!({}));
    nowhere["source"]["key"] = json!("none.zip");
    let failure = shop.run(KIND, nowhere).await.unwrap_err();
    assert!(
        failure
            .summary
            .contains("failed in DOWNLOAD_SOURCE: NoSuchKey"),
        "{failure:?}"
    );
    let failure = shop
        .run(KIND, json!({ "project": "none" }))
        .await
        .unwrap_err();
    assert!(
        failure.summary.contains("no project none") && failure.as_before,
        "{failure:?}"
    );
    let cloud = shop.clients.of(&shop.target).await.unwrap();
    assert_eq!(
        cloud.object("hp-builds", "shop/v7.zip").await.unwrap(),
        None
    );
}

/// Trap 9.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_stops_the_build() {
    let shop = workshop().await;
    let long = build(&json!({ "STAGE": "live", "SECONDS": "600" }));
    let (result, lines) = shop.run_cancelled(KIND, long, "stage live").await;
    let failure = result.unwrap_err();
    assert!(
        failure.summary.starts_with("cancelled; build shop:")
            && failure.summary.contains("was stopped in BUILD"),
        "{failure:?}"
    );
    assert_eq!(shop.effects("StopBuild"), 1);
    let has = |text: &str| lines.iter().any(|line| line.contains(text));
    assert!(
        has("BUILD: stop asked for") && has("BUILD: STOPPED after"),
        "{lines:#?}"
    );

    // What is refused is told, and its end waited for.
    let rule = json!({ "action": "StopBuild", "kind": "access_denied" });
    shop.cloud().pull("Chaos", rule).unwrap();
    let short = build(&json!({ "STAGE": "live" }));
    let (result, lines) = shop.run_cancelled(KIND, short, "stage live").await;
    assert!(result.is_ok(), "{result:?}");
    assert!(
        lines
            .iter()
            .any(|line| line.contains("cannot be stopped, and goes on")),
        "{lines:#?}"
    );

    let attempt = Attempt::new(&shop, build(&json!({})));
    attempt.bench.cancel.send_replace(true);
    let failure = attempt.to_its_end().await.unwrap_err();
    assert!(failure.as_before, "{failure:?}");
    assert_eq!(shop.effects("StartBuild"), 2);
}

/// No build goes on for days that nobody waits for any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_takes_longer_than_its_step_may_is_stopped() {
    let shop = workshop().await;
    let mut attempt = Attempt::new(&shop, build(&json!({ "SECONDS": "600" })));
    attempt.job.limit = Duration::from_mins(2);
    let failure = attempt.to_its_end().await.unwrap_err();
    assert!(
        failure
            .summary
            .contains("had no end after 2:00, and was stopped in BUILD"),
        "{failure:?}"
    );
    assert_eq!(shop.effects("StopBuild"), 1);
}

/// An engine that dies at its call, or at any look after it, is followed by one that goes on: one
/// build, every line once.
#[tokio::test(flavor = "multi_thread")]
async fn a_death_at_every_point_leaves_one_build_told_once() {
    let shop = workshop().await;
    let params = || build(&json!({ "STAGE": "live" }));
    let plain = Attempt::new(&shop, params());
    plain.to_its_end().await.unwrap();
    let texts = |attempt: &Attempt<'_>| -> Vec<(u64, String)> {
        let kept = attempt.kept().into_iter();
        // Without the time and the id of each.
        kept.filter(|line| !line.text.starts_with("shop:"))
            .map(|line| {
                let text = line
                    .text
                    .strip_prefix("[Container] ")
                    .map(|rest| rest[27..].to_owned());
                (line.nth, text.unwrap_or(line.text))
            })
            .collect()
    };
    let expected = texts(&plain);
    for lives in 0.. {
        let before = shop.effects("StartBuild");
        let attempt = Attempt::new(&shop, params());
        let whole = attempt.lives(lives).await;
        let output = match &whole {
            Some(result) => result.clone(),
            None => attempt.to_its_end().await,
        };
        assert_eq!(output.unwrap()["phases"].as_array().unwrap().len(), 11);
        assert_eq!(shop.effects("StartBuild"), before + 1, "after {lives}");
        assert_eq!(texts(&attempt), expected, "after {lives}");
        if whole.is_some() {
            assert!(lives > 30, "{lives}");
            break;
        }
    }
}

/// CodeBuild knows a token for five minutes; an engine may be gone for longer.
#[tokio::test(flavor = "multi_thread")]
async fn a_build_is_found_also_once_its_token_is_forgotten() {
    let shop = workshop().await;
    let attempt = Attempt::new(&shop, build(&json!({ "SECONDS": "900" })));
    // It died with the answer in its hand: before it could note which build it is.
    assert!(attempt.lives(2).await.is_none());
    assert_eq!(shop.effects("StartBuild"), 1);
    assert_eq!(
        attempt
            .bench
            .notes
            .lock()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["intent"]
    );
    shop.cloud().tick(Duration::from_mins(10));
    attempt.to_its_end().await.unwrap();
    assert_eq!(shop.effects("StartBuild"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_lost_starts_no_second_build() {
    for (times, kind) in [
        (1, "cut_after"),
        (3, "cut_after"),
        (2, "server_error"),
        (1, "throttle"),
    ] {
        let shop = workshop().await;
        let rule = json!({ "action": "StartBuild", "kind": kind, "times": times });
        shop.cloud().pull("Chaos", rule).unwrap();
        shop.to_its_end(KIND, build(&json!({}))).await.unwrap();
        assert_eq!(shop.effects("StartBuild"), 1, "{kind} {times}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_may_not_be_read_are_missed_aloud() {
    let shop = workshop().await;
    let rule = json!({ "action": "GetLogEvents", "kind": "access_denied", "times": 99 });
    shop.cloud().pull("Chaos", rule).unwrap();
    let attempt = Attempt::new(&shop, build(&json!({})));
    attempt.to_its_end().await.unwrap();
    let kept = attempt.kept();
    let gaps: Vec<&Kept> = kept
        .iter()
        .filter(|line| line.severity == Severity::Gap)
        .collect();
    assert!(
        gaps.len() == 1
            && gaps[0]
                .text
                .contains("its lines are missing here: logs:GetLogEvents"),
        "{gaps:?}"
    );
    assert_eq!(kept.iter().filter(|line| line.text == "begins").count(), 10);
    let asked = shop.cloud().ledger();
    assert_eq!(
        asked
            .iter()
            .filter(|entry| entry.action == "GetLogEvents")
            .count(),
        1,
        "once"
    );
}

/// What is there is told by what CodeBuild itself covers, and by its form.
#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_not_told() {
    let shop = workshop().await;
    put_parameter(&shop, "/shop/key");
    let mut params = build(&json!({ "LEAKED": "ghp_0123456789abcdefghijklmnopqrstuvwxyz" }));
    params["parameters"] = json!({ "KEPT": "/shop/key" });
    params["buildspec"] = json!("version: 0.2\nphases: { build: { commands: [env] } }");
    let attempt = Attempt::new(&shop, params);
    attempt.to_its_end().await.unwrap();
    let told: BTreeSet<String> = attempt.kept().into_iter().map(|line| line.text).collect();
    assert!(
        told.contains("KEPT=***") && told.contains("LEAKED=***"),
        "{told:#?}"
    );
    assert!(
        told.iter()
            .any(|line| line.starts_with("HOLDPOINT_BUILD=hp-")),
        "{told:#?}"
    );
}

async fn is_followed(variable: &str, account: &str) {
    let at = endpoint(variable);
    prepare(&at, account);
    let shop = Workshop::at(&at);
    let output = shop
        .run(KIND, build(&json!({ "STAGE": "live" })))
        .await
        .unwrap();
    let output = output.public;
    assert!(
        output["build_id"].as_str().unwrap().starts_with("shop:"),
        "{output}"
    );
    let phases = output["phases"].as_array().unwrap();
    let names: Vec<&str> = phases
        .iter()
        .map(|phase| phase["name"].as_str().unwrap())
        .collect();
    assert!(
        names.ends_with(&["UPLOAD_ARTIFACTS", "FINALIZING", "COMPLETED"]),
        "{names:?}"
    );
    let failure = shop
        .run(KIND, json!({ "project": "none" }))
        .await
        .unwrap_err();
    assert!(failure.summary.contains("no project none"), "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto; .ci/run starts it"]
async fn moto_has_a_build_that_is_followed() {
    is_followed("HOLDPOINT_MOTO", "123456789012").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ministack; .ci/run starts it"]
async fn ministack_has_a_build_that_is_followed() {
    is_followed("HOLDPOINT_MINISTACK", "000000000000").await;
}

/// A peer runs the buildspec, by a container CLI: what its commands write is what is kept, and a
/// command that fails ends the step, with the phase.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs fakecloud; .ci/nightly starts it"]
async fn fakecloud_runs_the_buildspec_of_a_build() {
    let at = endpoint("HOLDPOINT_FAKECLOUD");
    prepare(&at, "123456789012");
    let shop = Workshop::at(&at);
    let spec = |last: &str| {
        let commands = json!(["mkdir out", "echo page of $STAGE > out/index.html", last]);
        let artifacts = json!({ "base-directory": "out", "files": ["**/*"] });
        let phases = json!({ "build": { "commands": commands } });
        json!({ "version": 0.2, "phases": phases, "artifacts": artifacts }).to_string()
    };
    let mut params = build(&json!({ "STAGE": "live" }));
    params["buildspec"] = json!(spec("cat out/index.html"));
    let built = Attempt::new(&shop, params.clone());
    let output = built.to_its_end().await.unwrap();
    let told: Vec<String> = built.kept().into_iter().map(|line| line.text).collect();
    assert!(told.iter().any(|line| line == "page of live"), "{told:#?}");
    assert_eq!(output["artifact"]["key"], json!("shop/v7.zip"));
    let kept = called_by("test", &at, "s3", ("GET", "/hp-builds/shop/v7.zip"), "", "");
    assert!(kept.status == 200 && kept.body.contains("index.html"));
    params["buildspec"] = json!(spec("exit 3"));
    let failure = shop.run(KIND, params).await.unwrap_err();
    assert!(failure.summary.contains("failed in BUILD"), "{failure:?}");
}
