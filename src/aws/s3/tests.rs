//! How S3 is called, and what is made of its answers.

use super::*;
use crate::aws::double::{Account, Answered};

#[test]
fn every_region_has_its_address() {
    for (region, is) in [
        ("eu-west-1", "https://s3.eu-west-1.amazonaws.com"),
        ("us-east-1", "https://s3.us-east-1.amazonaws.com"),
        ("us-gov-west-1", "https://s3.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "https://s3.cn-north-1.amazonaws.com.cn"),
    ] {
        assert_eq!(address(region), is);
    }
}

#[tokio::test]
async fn an_object_is_put_with_all_that_is_said_of_it() {
    let account = Account::new(|_| Answered::new(200, ""));
    let cloud = account.cloud("eu-west-1").await;
    let object = Object {
        bytes: b"<p>",
        content_type: "text/html; charset=utf-8",
        cache_control: "no-cache",
        unless_there: true,
    };
    let put = cloud.put_object("acme.sites", "a b/é+.html", &object).await;
    assert_eq!(put, Ok(true));
    let calls = account.calls();
    let [call] = calls.as_slice() else {
        panic!("{calls:?}")
    };
    assert_eq!(call.host, "s3.eu-west-1.amazonaws.com");
    assert_eq!(call.what(), "PUT /acme.sites/a b/é+.html");
    let sum = Digest::of_bytes(b"<p>").to_string();
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-cache"),
        ("if-none-match", "*"),
        (SUM, sum.as_str()),
        ("x-amz-content-sha256", sum.as_str()),
    ] {
        assert_eq!(
            call.headers.get(name).map(String::as_str),
            Some(value),
            "{name}"
        );
    }
    assert!(call.headers["authorization"].contains("/eu-west-1/s3/aws4_request"));
    assert_eq!(call.body, b"<p>");
}

#[tokio::test]
async fn what_is_there_already_and_what_is_not_there_are_answers() {
    let account = Account::new(|call| match call.method.as_str() {
        "PUT" => Answered::new(412, "<Error><Code>PreconditionFailed</Code></Error>"),
        "HEAD" => Answered::new(404, ""),
        _ => Answered::new(
            404,
            "<Error><Code>NoSuchKey</Code><Message>no</Message></Error>",
        ),
    });
    let cloud = account.cloud("eu-west-1").await;
    let object = Object {
        bytes: b"",
        content_type: "a/b",
        cache_control: "no-cache",
        unless_there: true,
    };
    assert_eq!(cloud.put_object("b", "k", &object).await, Ok(false));
    assert_eq!(cloud.object("b", "k").await, Ok(None));
    assert_eq!(cloud.object_sum("b", "k").await, Ok(None));
}

#[tokio::test]
async fn a_listing_is_read_to_its_end_and_keys_as_they_are() {
    let account = Account::new(|call| {
        assert_eq!(call.what(), "GET /b");
        assert_eq!(call.query["prefix"], "site/");
        let (key, next) = match call.query.get("continuation-token") {
            None => (
                "site/a+b%2B%C3%A9%0A",
                "<IsTruncated>true</IsTruncated><NextContinuationToken>1/+=</NextContinuationToken>",
            ),
            Some(token) => {
                assert_eq!(token, "1/+=");
                ("site/z", "<IsTruncated>false</IsTruncated>")
            }
        };
        Answered::new(
            200,
            format!(
                "<ListBucketResult xmlns=\"u\"><EncodingType>url</EncodingType>{next}<Contents><Key>{key}</Key><ETag>&quot;d41d&quot;</ETag><Size>7</Size></Contents></ListBucketResult>"
            ),
        )
    });
    let cloud = account.cloud("eu-west-1").await;
    let all = cloud.objects("b", "site/").await.unwrap();
    let keys: Vec<_> = all.iter().map(|one| one.key.as_str()).collect();
    assert_eq!(keys, ["site/a b+é\n", "site/z"]);
    assert_eq!((all[0].etag.as_str(), all[0].size), ("d41d", 7));
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_trouble_and_never_an_empty_list() {
    for body in [
        "<ListBucketResult/>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a</Key></Contents></ListBucketResult>",
        "<Other><IsTruncated>false</IsTruncated></Other>",
        "<html>",
    ] {
        let account = Account::new(move |_| Answered::new(200, body));
        let cloud = account.cloud("eu-west-1").await;
        let trouble = cloud.objects("b", "site/").await.unwrap_err();
        assert_eq!(trouble.kind, TroubleKind::Garbled, "{body}");
    }
    let account = Account::new(|_| {
        Answered::new(
            200,
            "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken></ListBucketResult>",
        )
    });
    let cloud = account.cloud("eu-west-1").await;
    assert!(cloud.objects("b", "site/").await.is_err(), "it goes round");
}

#[tokio::test]
async fn many_are_deleted_at_once_and_what_stays_is_told() {
    let account = Account::new(|call| match call.method.as_str() {
        "POST" => Answered::new(
            200,
            "<DeleteResult><Error><Key>a&amp;b</Key><Code>AccessDenied</Code><Message>no</Message></Error><Error><Key>c</Key><Code>NoSuchKey</Code></Error></DeleteResult>",
        ),
        _ => Answered::new(204, ""),
    });
    let cloud = account.cloud("eu-west-1").await;
    let keys = ["a&b", "c", "odd\u{1}"].map(str::to_owned);
    let stay = cloud.delete_objects("b", &keys).await.unwrap();
    assert_eq!(stay.len(), 1);
    assert_eq!(
        (stay[0].key.as_str(), stay[0].code.as_str()),
        ("a&b", "AccessDenied")
    );
    let calls = account.calls();
    assert_eq!(calls[0].what(), "POST /b");
    assert!(calls[0].query.contains_key("delete"));
    assert!(
        calls[0].text().contains("<Key>a&amp;b</Key>"),
        "{}",
        calls[0].text()
    );
    // The sum as S3 computes it itself.
    assert_eq!(calls[0].headers["content-md5"].len(), 24);
    assert_eq!(calls[1].what(), "DELETE /b/odd\u{1}");
}

/// S3 counts its calls by itself: they keep no read of anything else waiting.
#[tokio::test]
async fn a_call_for_slower_calls_is_waited_for() {
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let account = Account::new(move |_| {
        if calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 2 {
            Answered::new(503, "<Error><Code>SlowDown</Code></Error>")
        } else {
            Answered::new(200, "x")
        }
    });
    let cloud = account.cloud("eu-west-1").await;
    assert_eq!(cloud.object("b", "k").await, Ok(Some(b"x".to_vec())));
    assert_eq!(account.count("GET"), 3);
    assert_eq!(cloud.slowed(), None);
}
