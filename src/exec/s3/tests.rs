//! The hands on a bucket in this process.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use md5::{Digest as _, Md5};
use serde_json::{Value, json};

use crate::aws::double::{Account, Answered, Came};
use crate::domain::failure::Retry;
use crate::exec::Found;
use crate::exec::double::Bench;
use crate::os::mutex::locked;
use crate::text::archive::tests::{Packed, zip};

/// A bucket.
#[derive(Clone, Default)]
struct Bucket {
    objects: Arc<Mutex<BTreeMap<String, Object>>>,
    /// Its objects are encrypted by a key of somebody's own.
    encrypted: bool,
    /// The next uploads are refused.
    refuses: Arc<Mutex<usize>>,
}

#[derive(Clone, Default)]
struct Object {
    bytes: Vec<u8>,
    headers: BTreeMap<String, String>,
}

impl Bucket {
    fn account(&self) -> Account {
        let bucket = self.clone();
        Account::new(move |call| bucket.answer(call))
    }

    fn keys(&self) -> Vec<String> {
        locked(&self.objects).keys().cloned().collect()
    }

    fn put(&self, key: &str, bytes: &[u8]) {
        let object = Object {
            bytes: bytes.to_vec(),
            ..Object::default()
        };
        locked(&self.objects).insert(key.to_owned(), object);
    }

    fn of(&self, key: &str) -> Object {
        locked(&self.objects)[key].clone()
    }

    fn answer(&self, call: &Came) -> Answered {
        let mut objects = locked(&self.objects);
        let key = call
            .path
            .strip_prefix("/live/")
            .unwrap_or_default()
            .to_owned();
        match (call.method.as_str(), call.path.as_str()) {
            ("GET", "/live") => self.listed(&call.query["prefix"], &objects),
            ("POST", "/live") => {
                for key in call.text().split("<Key>").skip(1) {
                    objects.remove(key.split_once("</Key>").unwrap().0);
                }
                Answered::new(200, "<DeleteResult/>")
            }
            ("PUT", _) => {
                let mut refuses = locked(&self.refuses);
                if *refuses > 0 {
                    *refuses -= 1;
                    return Answered::new(403, "<Error><Code>AccessDenied</Code></Error>");
                }
                let object = Object {
                    bytes: call.body.clone(),
                    headers: call.headers.clone(),
                };
                objects.insert(key, object);
                Answered::new(200, "")
            }
            ("HEAD", _) => match objects.get(&key) {
                Some(object) => object
                    .headers
                    .get("x-amz-meta-holdpoint-sha256")
                    .iter()
                    .fold(Answered::new(200, ""), |told, sum| {
                        told.with("x-amz-meta-holdpoint-sha256", sum)
                    }),
                None => Answered::new(404, ""),
            },
            ("GET", _) => match objects.get(&key) {
                Some(object) => Answered::new(200, object.bytes.clone()),
                None => Answered::new(404, "<Error><Code>NoSuchKey</Code></Error>"),
            },
            (_, _) => panic!("{call:?}"),
        }
    }

    /// A page, as long as those of S3.
    fn listed(&self, prefix: &str, objects: &BTreeMap<String, Object>) -> Answered {
        let mut below = objects.iter().filter(|(key, _)| key.starts_with(prefix));
        let mut told = String::new();
        for (key, object) in below.by_ref().take(1_000) {
            let sum = if self.encrypted {
                "0".repeat(32)
            } else {
                hex::encode(Md5::digest(&object.bytes))
            };
            let size = object.bytes.len();
            let _ = write!(
                told,
                "<Contents><Key>{key}</Key><ETag>\"{sum}\"</ETag><Size>{size}</Size></Contents>"
            );
        }
        let more = below.next().is_some();
        Answered::new(
            200,
            format!(
                "<ListBucketResult><IsTruncated>{more}</IsTruncated><NextContinuationToken>x</NextContinuationToken>{told}</ListBucketResult>"
            ),
        )
    }
}

fn site(version: &str) -> Vec<u8> {
    zip(&[
        Packed::deflated("assets/app.js", format!("run({version})").as_bytes()),
        Packed::deflated("assets/same.css", b"p{}"),
        Packed::deflated("index.html", format!("<p>{version}").as_bytes()),
        Packed::deflated("about/index.html", b"<p>about"),
    ])
}

/// A bench with an archive, and the parameters that publish it.
fn publishing(account: &Account, archive: Vec<u8>) -> (Bench, Value) {
    let bench = Bench::over(account).keeping(archive);
    let params = json!({ "archive": bench.artifact(), "bucket": "live", "prefix": "site" });
    (bench, params)
}

async fn publish(account: &Account, archive: Vec<u8>) -> Value {
    let (bench, params) = publishing(account, archive);
    let published = Arc::new(bench).run("s3.publish", params).await;
    published.unwrap().public
}

#[tokio::test]
async fn a_site_becomes_what_its_archive_is() {
    let bucket = Bucket::default();
    let account = bucket.account();
    bucket.put("site2/index.html", b"somebody else's");
    assert_eq!(
        publish(&account, site("1")).await,
        json!({ "objects": 4, "uploaded": 4, "unchanged": 0, "deleted": 0, "bytes": 21 })
    );
    let page = bucket.of("site/index.html");
    assert_eq!(page.bytes, b"<p>1");
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(page.headers["cache-control"], "no-cache");
    let script = bucket.of("site/assets/app.js");
    assert_eq!(script.headers["cache-control"], "public, max-age=300");
    bucket.put("site/old.html", b"old");

    let before = account.calls().len();
    assert_eq!(
        publish(&account, site("22")).await,
        json!({ "objects": 4, "uploaded": 2, "unchanged": 2, "deleted": 1, "bytes": 12 })
    );
    // Pages come after all else, and what is gone goes last.
    let calls = account.calls();
    let calls: Vec<String> = calls[before..].iter().map(Came::what).collect();
    assert_eq!(
        calls,
        [
            "GET /live",
            "PUT /live/site/assets/app.js",
            "PUT /live/site/index.html",
            "POST /live"
        ]
    );
    assert!(!bucket.keys().contains(&"site/old.html".to_owned()));
    assert!(bucket.keys().contains(&"site2/index.html".to_owned()));

    let before = account.calls().len();
    let again = publish(&account, site("22")).await;
    assert_eq!(
        (&again["uploaded"], &again["deleted"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(account.calls().len(), before + 1, "one listing");
}

#[tokio::test]
async fn what_is_encrypted_is_known_by_the_digest_that_it_keeps() {
    let bucket = Bucket {
        encrypted: true,
        ..Bucket::default()
    };
    let account = bucket.account();
    publish(&account, site("1")).await;
    let again = publish(&account, site("2")).await;
    assert_eq!(
        (&again["uploaded"], &again["unchanged"]),
        (&json!(2), &json!(2))
    );
}

#[tokio::test]
async fn an_archive_that_is_not_taken_changes_nothing() {
    let bucket = Bucket::default();
    bucket.put("site/index.html", b"<p>");
    let account = bucket.account();
    for (archive, says) in [
        (
            zip(&[
                Packed::stored("index.html", b""),
                Packed::stored("../x", b""),
            ]),
            "leads out",
        ),
        (
            zip(&[Packed::stored("dist/index.html", b"")]),
            "no index.html",
        ),
        (b"<html>".to_vec(), "no zip archive"),
    ] {
        let (bench, params) = publishing(&account, archive);
        let failure = Arc::new(bench).run("s3.publish", params).await.unwrap_err();
        assert!(
            failure.summary.contains(says) && failure.as_before,
            "{failure:?}"
        );
    }
    let (bench, mut params) = publishing(&account, site("1"));
    params["prefix"] = json!("/");
    let bench = Arc::new(bench);
    assert!(bench.executor("s3.publish").check(&params).is_err());
    assert!(bench.run("s3.publish", params).await.is_err());
    assert_eq!(account.count("PUT") + account.count("POST"), 0);
    assert_eq!(bucket.of("site/index.html").bytes, b"<p>");
}

/// Whatever was uploaded before an end in the middle is there, and is not uploaded again.
#[tokio::test]
async fn what_ended_in_the_middle_goes_on() {
    let bucket = Bucket::default();
    let account = bucket.account();
    let (bench, params) = publishing(&account, site("1"));
    let bench = Arc::new(bench);
    assert_eq!(
        bench.find("s3.publish", params.clone()).await,
        Found::NeverStarted
    );
    *locked(&bucket.refuses) = 1;
    let failure = bench.run("s3.publish", params.clone()).await.unwrap_err();
    assert!(
        failure.hint.contains("s3:PutObject") && !failure.as_before,
        "{failure:?}"
    );
    assert!(
        !bucket.keys().iter().any(|key| key.ends_with("index.html")),
        "no page before its assets"
    );
    assert_eq!(
        bench.find("s3.publish", params.clone()).await,
        Found::StillRunning
    );
    let there = bucket.keys().len();
    let published = bench.run("s3.publish", params).await.unwrap().public;
    assert_eq!(published["unchanged"], json!(there));
    assert_eq!(bucket.keys().len(), 4);
}

#[tokio::test]
async fn a_cancel_leaves_the_pages_and_says_so() {
    let bucket = Bucket::default();
    bucket.put("site/old.html", b"old");
    let account = bucket.account();
    let (bench, params) = publishing(&account, site("1"));
    let bench = Arc::new(bench.cancelled_on("2 of 2 assets"));
    let failure = bench.run("s3.publish", params).await.unwrap_err();
    assert!(failure.summary.contains("0 of 2 pages"), "{failure:?}");
    assert!(bucket.keys().contains(&"site/old.html".to_owned()));
    let fresh = Arc::new(publishing(&account, site("1")).0.cancelled_on("4 files"));
    let params = publishing(&account, site("1")).1;
    let failure = fresh.run("s3.publish", params).await.unwrap_err();
    assert!(failure.as_before, "{failure:?}");
}

#[tokio::test]
async fn a_placeholder_never_stands_over_a_page() {
    let bucket = Bucket::default();
    let account = bucket.account();
    let bench = Arc::new(Bench::over(&account));
    let params = json!({ "bucket": "live", "key": "site/index.html", "text": "soon", "content_type": "text/html", "cache_control": "no-cache", "unless_there": true });
    let put = bench.run("s3.put", params.clone()).await.unwrap();
    assert_eq!(put.public, json!({ "put": true }));
    bucket.put("site/index.html", b"<p>");
    let put = Arc::new(Bench::over(&account)).run("s3.put", params).await;
    assert_eq!(put.unwrap().public, json!({ "put": false }));
    assert_eq!(bucket.of("site/index.html").bytes, b"<p>");
}

#[tokio::test]
async fn everything_below_a_prefix_goes_and_nothing_beside_it() {
    let bucket = Bucket::default();
    let account = bucket.account();
    for n in 0..2_500 {
        bucket.put(&format!("site/{n}"), b"");
    }
    bucket.put("site2/a", b"");
    let bench = Arc::new(Bench::over(&account));
    let params = json!({ "bucket": "live", "prefix": "site/" });
    let cleared = bench.run("s3.clear", params.clone()).await.unwrap();
    assert_eq!(cleared.public, json!({ "deleted": 2_500 }));
    assert_eq!(bucket.keys(), ["site2/a"]);
    assert_eq!(account.count("POST"), 3);
    let again = Arc::new(Bench::over(&account))
        .run("s3.clear", params)
        .await;
    assert_eq!(again.unwrap().public, json!({ "deleted": 0 }));
    let all = json!({ "bucket": "live", "prefix": "" });
    assert!(bench.executor("s3.clear").check(&all).is_err());
    assert!(bench.run("s3.clear", all).await.unwrap_err().as_before);
}

#[tokio::test]
async fn a_bucket_that_is_gone_is_well_cleared_and_cannot_be_published_to() {
    let account = Account::new(|_| {
        Answered::new(
            404,
            "<Error><Code>NoSuchBucket</Code><Message>no</Message></Error>",
        )
    });
    let bench = Arc::new(Bench::over(&account));
    let params = json!({ "bucket": "live", "prefix": "site" });
    assert!(bench.run("s3.clear", params).await.is_ok());
    let (bench, params) = publishing(&account, site("1"));
    let failure = Arc::new(bench).run("s3.publish", params).await.unwrap_err();
    assert!(
        failure.summary.contains("no bucket live") && failure.as_before,
        "{failure:?}"
    );
    assert_eq!(failure.retry, Retry::Never);
}
