//! Buckets and objects, as data: calls at times in, answers out.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::S3;
use crate::domain::time::Time;
use crate::sandbox::call::{AwsError, Blob, Call};
use crate::sandbox::service::{Body, Reply};
use crate::sandbox::who::ACCOUNT;
use crate::sandbox::world::World;

/// A world with one bucket.
struct Stage {
    world: World,
}

impl Stage {
    fn new() -> Self {
        let mut stage = Self {
            world: World::new(Time(1_790_000_000_000), 3, 1.0),
        };
        stage.on("CreateBucket", json!({ "Bucket": "b", "CreateBucketConfiguration": { "LocationConstraint": "eu-west-1" } })).unwrap();
        stage
    }

    fn on(&mut self, action: &str, params: Value) -> Result<Reply, AwsError> {
        self.call(&Call::new("s3", action, params))
    }

    fn call(&mut self, call: &Call) -> Result<Reply, AwsError> {
        let call = call.clone().by(ACCOUNT, "eu-west-1");
        self.world.call(self.world.now, &call).answer
    }

    fn put(&mut self, key: &str, bytes: &[u8], told: &Value) -> Reply {
        let mut params = json!({ "Bucket": "b", "Key": key });
        params
            .as_object_mut()
            .unwrap()
            .extend(told.as_object().unwrap().clone());
        self.call(&Call {
            body: Blob(bytes.to_vec()),
            ..Call::new("s3", "PutObject", params)
        })
        .unwrap()
    }

    fn get(&mut self, params: &Value) -> Result<Reply, AwsError> {
        let mut all = json!({ "Bucket": "b" });
        all.as_object_mut()
            .unwrap()
            .extend(params.as_object().unwrap().clone());
        self.on("GetObject", all)
    }

    fn list(&mut self, params: &Value) -> Value {
        let mut all = json!({ "Bucket": "b" });
        all.as_object_mut()
            .unwrap()
            .extend(params.as_object().unwrap().clone());
        let reply = self.on("ListObjectsV2", all).unwrap();
        reply.tree()["ListBucketResult"].clone()
    }

    fn keys(&self) -> Vec<String> {
        let s3: &S3 = self.world.get(ACCOUNT, "eu-west-1").unwrap();
        s3.buckets["b"].objects.keys().cloned().collect()
    }
}

fn header<'a>(reply: &'a Reply, name: &str) -> &'a str {
    let mut found = reply.headers.iter().filter(|(other, _)| other == name);
    found.next().map_or("", |(_, value)| value)
}

fn bytes(reply: &Reply) -> &[u8] {
    match &reply.body {
        Body::Bytes(bytes) => bytes,
        other => panic!("{other:?}"),
    }
}

/// The rows of a page: keys, and prefixes with a star behind.
fn rows(page: &Value) -> Vec<String> {
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let keys = page["Contents"].as_array().unwrap().iter();
    let prefixes = page["CommonPrefixes"].as_array().unwrap().iter();
    keys.map(|row| text(row, "Key"))
        .chain(prefixes.map(|row| text(row, "Prefix") + "*"))
        .collect()
}

#[test]
fn an_object_is_given_back_as_it_was_put() {
    let mut stage = Stage::new();
    stage
        .world
        .advance(stage.world.now + Duration::from_secs(90));
    let told = json!({ "ContentType": "text/html", "CacheControl": "no-cache", "Metadata": { "release": "7" } });
    let put = stage.put("a/index.html", b"hello", &told);
    assert_eq!(
        header(&put, "etag"),
        "\"5d41402abc4b2a76b9719d911017c592\"",
        "MD5 of hello"
    );
    for action in ["GetObject", "HeadObject"] {
        let got = stage
            .on(action, json!({ "Bucket": "b", "Key": "a/index.html" }))
            .unwrap();
        assert_eq!(bytes(&got), b"hello");
        for (name, value) in [
            ("etag", "\"5d41402abc4b2a76b9719d911017c592\""),
            ("content-type", "text/html"),
            ("cache-control", "no-cache"),
            ("x-amz-meta-release", "7"),
            ("last-modified", "Mon, 21 Sep 2026 14:14:50 GMT"),
        ] {
            assert_eq!(header(&got, name), value, "{action}: {name}");
        }
    }
    stage.put("a/index.html", b"", &json!({}));
    let got = stage.get(&json!({ "Key": "a/index.html" })).unwrap();
    assert_eq!(
        (
            header(&got, "content-type"),
            header(&got, "cache-control"),
            header(&got, "etag")
        ),
        (
            "binary/octet-stream",
            "",
            "\"d41d8cd98f00b204e9800998ecf8427e\""
        ),
        "nothing of the old object stays"
    );
}

#[test]
fn a_range_is_a_part() {
    let mut stage = Stage::new();
    stage.put("k", b"0123456789", &json!({}));
    for (range, status, part, told) in [
        ("bytes=0-3", 206, &b"0123"[..], "bytes 0-3/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=4-", 206, b"456789", "bytes 4-9/10"),
        ("bytes=-2", 200, b"0123456789", ""),
        ("lines=1-2", 200, b"0123456789", ""),
    ] {
        let got = stage.get(&json!({ "Key": "k", "Range": range })).unwrap();
        assert_eq!(
            (got.status, bytes(&got), header(&got, "content-range")),
            (status, part, told),
            "{range}"
        );
    }
    for range in ["bytes=10-", "bytes=5-4", "bytes=11-12"] {
        let error = stage
            .get(&json!({ "Key": "k", "Range": range }))
            .unwrap_err();
        assert_eq!(
            (error.status, error.code.as_str()),
            (416, "InvalidRange"),
            "{range}"
        );
    }
}

#[test]
fn what_is_not_there_or_not_served_is_refused() {
    let mut stage = Stage::new();
    stage.put("k", b"x", &json!({}));
    for (action, params, status, code) in [
        (
            "GetObject",
            json!({ "Bucket": "b", "Key": "none" }),
            404,
            "NoSuchKey",
        ),
        (
            "HeadObject",
            json!({ "Bucket": "no", "Key": "k" }),
            404,
            "NoSuchBucket",
        ),
        ("HeadBucket", json!({ "Bucket": "no" }), 404, "NoSuchBucket"),
        (
            "ListObjectsV2",
            json!({ "Bucket": "no" }),
            404,
            "NoSuchBucket",
        ),
        (
            "ListObjectsV2",
            json!({ "Bucket": "b", "max-keys": "-1" }),
            400,
            "InvalidArgument",
        ),
        (
            "ListObjectsV2",
            json!({ "Bucket": "b", "continuation-token": "x" }),
            400,
            "InvalidArgument",
        ),
        (
            "DeleteBucket",
            json!({ "Bucket": "b" }),
            409,
            "BucketNotEmpty",
        ),
        (
            "CreateBucket",
            json!({ "Bucket": "b" }),
            409,
            "BucketAlreadyOwnedByYou",
        ),
        (
            "DeleteObjects",
            json!({ "Bucket": "b", "Delete": { "Object": [] } }),
            400,
            "MalformedXML",
        ),
        (
            "DeleteObjects",
            json!({ "Bucket": "b", "Delete": { "Object": vec![json!({ "Key": "k" }); 1_001] } }),
            400,
            "MalformedXML",
        ),
        (
            "DeleteObjects",
            json!({ "Bucket": "b", "Delete": { "Object": [{ "Key": "k" }, { "Id": "k" }] } }),
            400,
            "MalformedXML",
        ),
        (
            "DeleteBucket",
            json!({ "Bucket": "b", "policy": "" }),
            400,
            "UnknownOperationException",
        ),
        (
            "PutObject",
            json!({ "Bucket": "b", "Key": "k", "CopySource": "b/other" }),
            400,
            "UnknownOperationException",
        ),
        (
            "PutObject",
            json!({ "Bucket": "b", "Key": "k", "Chunks": "5" }),
            400,
            "UnknownOperationException",
        ),
    ] {
        let error = stage.on(action, params.clone()).unwrap_err();
        assert_eq!(
            (error.status, error.code.as_str()),
            (status, code),
            "{action} {params}"
        );
    }
    assert_eq!(stage.keys(), ["k"], "and nothing of it has an effect");
    stage
        .on("CreateBucket", json!({ "Bucket": "first" }))
        .unwrap();
    let again = stage.on("CreateBucket", json!({ "Bucket": "first" }));
    assert_eq!(
        again.unwrap().status,
        200,
        "as AWS has it in its first region alone"
    );
}

#[test]
fn pages_hold_every_row_once() {
    let mut stage = Stage::new();
    for key in ["a", "b/1", "b/2", "b/c/3", "b0", "c/4", "d"] {
        stage.put(key, b"xy", &json!({}));
    }
    for (params, expected) in [
        (json!({}), "a b/1 b/2 b/c/3 b0 c/4 d"),
        (json!({ "prefix": "b/" }), "b/1 b/2 b/c/3"),
        (json!({ "delimiter": "/" }), "a b0 d b/* c/*"),
        (json!({ "delimiter": "/", "prefix": "b/" }), "b/1 b/2 b/c/*"),
        (json!({ "start-after": "b/2" }), "b/c/3 b0 c/4 d"),
        (
            json!({ "prefix": "b/", "start-after": "a" }),
            "b/1 b/2 b/c/3",
        ),
        (json!({ "prefix": "none" }), ""),
    ] {
        let whole = stage.list(&params);
        assert_eq!(rows(&whole).join(" "), expected, "{params}");
        assert_eq!(
            (&whole["IsTruncated"], &whole["MaxKeys"]),
            (&json!(false), &json!(1_000))
        );
        for most in 1..4 {
            let (mut all, mut token) = (Vec::new(), Value::Null);
            loop {
                let mut params = params.clone();
                params["max-keys"] = json!(most.to_string());
                params["continuation-token"] = token;
                let page = stage.list(&params);
                let found = rows(&page);
                assert_eq!(page["KeyCount"], json!(found.len()));
                assert!(found.len() <= most);
                all.extend(found);
                token = page["NextContinuationToken"].clone();
                if page["IsTruncated"] == json!(false) {
                    assert_eq!(token, Value::Null);
                    break;
                }
            }
            let mut expected: Vec<&str> = expected.split_whitespace().collect();
            expected.sort_unstable();
            all.sort_unstable();
            assert_eq!(all, expected, "{params} by {most}");
        }
    }
    let row = stage.list(&json!({ "max-keys": "1" }))["Contents"][0].clone();
    assert_eq!(
        row,
        json!({ "Key": "a", "LastModified": "2026-09-21T14:13:20.000Z", "ETag": "\"3e44107170a520582ade522fa73c1d15\"", "Size": 2, "StorageClass": "STANDARD" })
    );
    let none = stage.list(&json!({ "max-keys": "0" }));
    assert_eq!(
        (&none["KeyCount"], &none["IsTruncated"]),
        (&json!(0), &json!(false))
    );
}

#[test]
fn keys_are_encoded_where_that_is_asked_for() {
    let mut stage = Stage::new();
    stage.put("a b/ü&<.txt", b"", &json!({}));
    assert_eq!(stage.list(&json!({}))["Contents"][0]["Key"], "a b/ü&<.txt");
    let page = stage.list(&json!({ "encoding-type": "url", "prefix": "a " }));
    assert_eq!(
        (
            &page["Contents"][0]["Key"],
            &page["Prefix"],
            &page["EncodingType"]
        ),
        (&json!("a+b/%C3%BC%26%3C.txt"), &json!("a+"), &json!("url"))
    );
    let page = stage.list(&json!({ "encoding-type": "url", "delimiter": "/" }));
    assert_eq!(page["CommonPrefixes"][0]["Prefix"], "a+b/");
}

#[test]
fn many_are_deleted_at_once() {
    let mut stage = Stage::new();
    for key in ["a", "b", "c"] {
        stage.put(key, b"", &json!({}));
    }
    let both =
        json!({ "Bucket": "b", "Delete": { "Object": [{ "Key": "a" }, { "Key": "none" }] } });
    let told = stage.on("DeleteObjects", both).unwrap();
    assert_eq!(
        told.tree(),
        &json!({ "DeleteResult": { "Deleted": [{ "Key": "a" }, { "Key": "none" }] } })
    );
    let one = json!({ "Bucket": "b", "Delete": { "Object": { "Key": "c" }, "Quiet": "true" } });
    let told = stage.on("DeleteObjects", one.clone()).unwrap();
    assert_eq!(told.tree(), &json!({ "DeleteResult": { "Deleted": [] } }));
    assert_eq!(stage.keys(), ["b"]);
    stage.on("DeleteObjects", one).unwrap();
    let effects: Vec<_> = stage
        .world
        .ledger
        .effects()
        .map(|entry| entry.effect.clone().unwrap())
        .collect();
    assert_eq!(
        effects[4..],
        ["1 objects of b deleted", "1 objects of b deleted"],
        "what deletes nothing has no effect"
    );
}

#[test]
fn an_account_sees_its_own_buckets() {
    let mut stage = Stage::new();
    let told = stage.on("ListBuckets", json!({})).unwrap();
    assert_eq!(
        told.tree()["ListAllMyBucketsResult"]["Buckets"]["Bucket"],
        json!([{ "Name": "b", "CreationDate": "2026-09-21T14:13:20.000Z", "BucketRegion": "eu-west-1" }])
    );
    let other = Call::new("s3", "ListBuckets", json!({})).by("111111111111", "eu-west-1");
    let told = stage.world.call(stage.world.now, &other).answer.unwrap();
    assert_eq!(
        told.tree()["ListAllMyBucketsResult"]["Buckets"]["Bucket"],
        json!([])
    );
}

proptest! {
    /// What a bucket holds is what was put and not deleted, and a stored world is the same world.
    #[test]
    fn a_bucket_holds_what_was_put_last(acts in prop::collection::vec((0..6_u8, prop::option::of(any::<Vec<u8>>())), 0..30)) {
        let mut stage = Stage::new();
        let mut expected = std::collections::BTreeMap::new();
        for (key, bytes) in acts {
            let key = key.to_string();
            if let Some(bytes) = bytes {
                stage.put(&key, &bytes, &json!({}));
                expected.insert(key, bytes);
            } else {
                stage.on("DeleteObject", json!({ "Bucket": "b", "Key": key })).unwrap();
                expected.remove(&key);
            }
        }
        let s3: &S3 = stage.world.get(ACCOUNT, "eu-west-1").unwrap();
        let stored: S3 = serde_json::from_value(serde_json::to_value(s3).unwrap()).unwrap();
        let held: std::collections::BTreeMap<_, _> = stored.buckets["b"].objects.iter().map(|(key, object)| (key.clone(), object.blob.0.clone())).collect();
        prop_assert_eq!(held, expected);
    }
}
