//! A site from its first page to its teardown, on emulators that nobody here wrote. What each
//! cannot show is in tests/peers/README.md.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Bench, Workshop};
use crate::peers::endpoint;
use crate::wire::http;
use crate::zip::zip;
use holdpoint::domain::artifact::Artifact;
use holdpoint::domain::digest::Digest;
use holdpoint::exec::Job;

const AUTH: (&str, &str) = (
    "Authorization",
    "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0",
);
const ZONE_AUTH: (&str, &str) = (
    "Authorization",
    "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/route53/aws4_request, SignedHeaders=host, Signature=0",
);

impl Workshop {
    /// A job with content that is kept.
    fn job_with(&self, params: Value, content: &[u8], folder: &std::path::Path) -> Job {
        let bench = Bench {
            content: content.to_vec(),
            ..self.bench(None)
        };
        Job {
            port: Arc::new(bench),
            folder: folder.to_owned(),
            ..self.job(params)
        }
    }

    async fn does(&self, kind: &str, params: Value) -> Value {
        let done = self.run(kind, params).await;
        done.unwrap_or_else(|failure| panic!("{kind}: {failure:?}"))
            .public
    }
}

/// The keys below the prefix.
async fn live(shop: &Workshop, bucket: &str) -> BTreeSet<String> {
    let cloud = shop.clients.of(&shop.target).await.unwrap();
    let live = cloud.objects(bucket, "pipeline/fox/").await.unwrap();
    live.into_iter().map(|one| one.key).collect()
}

async fn from_its_first_page_to_its_teardown(shop: &Workshop, endpoint: &str, bucket: &str) {
    let place = "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
    let made = http(endpoint, "PUT", &format!("/{bucket}"), &[AUTH], place);
    assert!([200, 409].contains(&made.status), "{made:?}");
    let unique = shop.job(Value::Null).no.0;
    let zone = format!(
        "<CreateHostedZoneRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Name>fox.example.</Name><CallerReference>{unique}</CallerReference></CreateHostedZoneRequest>"
    );
    let made = http(
        endpoint,
        "POST",
        "/2013-04-01/hostedzone",
        &[ZONE_AUTH],
        &zone,
    );
    assert_eq!(made.status, 201, "{made:?}");
    let zone = made.body.split_once("/hostedzone/").unwrap().1;
    let zone = zone.split_once('<').unwrap().0.to_owned();

    let prefix = json!({ "bucket": bucket, "prefix": "pipeline/fox" });
    shop.does("s3.clear", prefix.clone()).await;
    let placeholder = json!({ "bucket": bucket, "key": "pipeline/fox/index.html", "text": "<p>soon", "unless_there": true });
    assert_eq!(
        shop.does("s3.put", placeholder.clone()).await["put"],
        json!(true)
    );
    assert_eq!(shop.does("s3.put", placeholder).await["put"], json!(false));
    let oac = shop
        .does("cloudfront.oac", json!({ "name": "distro-to-s3" }))
        .await;
    let again = shop
        .does("cloudfront.oac", json!({ "name": "distro-to-s3" }))
        .await;
    assert_eq!(oac, again);
    let host = format!("n{unique}.fox.example");
    let site = json!({
        "caller_reference": format!("fox-{unique}"),
        "comment": "fox",
        "alias": host,
        "origin_domain": format!("{bucket}.s3.eu-west-1.amazonaws.com"),
        "origin_path": "/pipeline/fox",
        "oac": oac["id"],
        "certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012",
    });
    let made = shop.does("cloudfront.create", site.clone()).await;
    assert_eq!(
        shop.does("cloudfront.create", site).await,
        made,
        "made once"
    );
    let by_id = json!({ "id": made["id"] });
    let alias = json!({ "zone_id": zone, "name": host, "dns_name": made["domain_name"], "kinds": ["A", "AAAA"] });
    assert_eq!(
        shop.does("route53.upsert", alias.clone()).await["changed"],
        json!(true)
    );
    assert_eq!(
        shop.does("route53.upsert", alias.clone()).await["changed"],
        json!(false)
    );
    let deployed = shop.does("cloudfront.deployed", by_id.clone()).await;
    assert_eq!(deployed["enabled"], json!(true));

    let folder = tempfile::tempdir().unwrap();
    for (files, uploaded, deleted) in [
        (
            &[
                ("a b/é+.css", "p{}"),
                ("index.html", "<p>1"),
                ("old.txt", "x"),
            ][..],
            3,
            0,
        ),
        (&[("a b/é+.css", "p{}"), ("index.html", "<p>22")][..], 1, 1),
        (&[("a b/é+.css", "p{}"), ("index.html", "<p>22")][..], 0, 0),
    ] {
        let bytes = zip(files);
        let archive = Artifact {
            digest: Digest::of_bytes(&bytes),
            length: bytes.len() as u64,
            what: "site.zip".to_owned(),
        };
        let params = json!({ "archive": archive, "bucket": bucket, "prefix": "pipeline/fox" });
        let job = shop.job_with(params, &bytes, &folder.path().join("job"));
        let done = shop.executor("s3.publish").run(job).await.unwrap().public;
        assert_eq!(
            (&done["uploaded"], &done["deleted"]),
            (&json!(uploaded), &json!(deleted))
        );
        let keys = files.iter().map(|(name, _)| format!("pipeline/fox/{name}"));
        assert_eq!(live(shop, bucket).await, keys.collect());
    }
    let stale = json!({ "id": made["id"], "paths": ["/*"] });
    shop.does("cloudfront.invalidate", stale).await;

    for _ in 0..2 {
        shop.does("cloudfront.disable", by_id.clone()).await;
    }
    for _ in 0..2 {
        shop.does("cloudfront.delete", by_id.clone()).await;
    }
    assert_eq!(
        shop.does("route53.remove", alias.clone()).await["removed"],
        json!(["A", "AAAA"])
    );
    assert_eq!(
        shop.does("route53.remove", alias).await["removed"],
        json!([])
    );
    assert_eq!(
        shop.does("s3.clear", prefix.clone()).await["deleted"],
        json!(2)
    );
    assert_eq!(shop.does("s3.clear", prefix).await["deleted"], json!(0));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto; .ci/run starts it"]
async fn moto_has_a_site_from_its_first_page_to_its_teardown() {
    let endpoint = endpoint("HOLDPOINT_MOTO");
    let shop = Workshop::at(&endpoint);
    from_its_first_page_to_its_teardown(&shop, &endpoint, "hp-sites").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ministack; .ci/run starts it"]
async fn ministack_has_a_site_from_its_first_page_to_its_teardown() {
    let endpoint = endpoint("HOLDPOINT_MINISTACK");
    let shop = Workshop::at(&endpoint);
    from_its_first_page_to_its_teardown(&shop, &endpoint, "hp-sites").await;
}

/// Its distributions take time, and what is enabled or not yet disabled everywhere is not deleted.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs fakecloud; .ci/nightly starts it"]
async fn fakecloud_has_a_site_from_its_first_page_to_its_teardown() {
    let endpoint = endpoint("HOLDPOINT_FAKECLOUD");
    let shop = Workshop::at(&endpoint);
    from_its_first_page_to_its_teardown(&shop, &endpoint, "hp-sites").await;
}
