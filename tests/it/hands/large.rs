//! Templates that a call cannot carry travel through a bucket: on the embedded cloud, and on
//! emulators that nobody here wrote.

use serde_json::{Value, json};

use super::Workshop;
use crate::peers::endpoint;
use crate::wire::http;
use holdpoint::aws::cfn::input::Given;
use holdpoint::domain::digest::Digest;
use holdpoint::domain::failure::Retry;
use holdpoint::domain::plan::Does;
use holdpoint::forms::cloudformation::{CfnInput, ChangeFacts};
use holdpoint::observe::cloudformation::look;
use holdpoint::os::clock::Real;

const BUCKET: &str = "hp-large.templates";
const AUTH: (&str, &str) = (
    "Authorization",
    "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0",
);

/// A template of 60,000 bytes with these resources.
fn padded(resources: &str) -> String {
    let body = format!("Resources:\n{resources}#");
    let rest = 60_000 - body.len();
    format!("{body}{}\n", "é".repeat(rest / 2))
}

fn first() -> String {
    padded("  Queue: { Type: \"AWS::SQS::Queue\", Properties: { DelaySeconds: 5 } }\n")
}

fn second() -> String {
    padded(
        "  Queue: { Type: \"AWS::SQS::Queue\", Properties: { DelaySeconds: 5 } }\n  Other: { Type: \"AWS::SNS::Topic\" }\n",
    )
}

fn key(template: &str) -> String {
    let digest = Digest::of_bytes(template.as_bytes());
    format!("/{BUCKET}/holdpoint/templates/{digest}.template")
}

/// A workshop with two large templates, and the bucket for them.
fn furnished(shop: Workshop, endpoint: &str) -> Workshop {
    let place = "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
    let made = http(endpoint, "PUT", &format!("/{BUCKET}"), &[AUTH], place);
    assert!([200, 409].contains(&made.status), "{made:?}");
    shop.through(BUCKET)
        .with_file("first.yaml", &first())
        .with_file("second.yaml", &second())
}

async fn here() -> Workshop {
    let shop = Workshop::open().await;
    let endpoint = shop.cloud().endpoint();
    furnished(shop, &endpoint)
}

fn input(shop: &Workshop, file: &str) -> Value {
    json!({
        "stack_name": "hp-large",
        "template": { "bundle": shop.bundle.digest(), "path": file },
        "parameters": {},
        "declared": {},
    })
}

/// It is made, previewed, changed by a change set and by an update, all with large templates.
async fn made_and_changed(shop: &Workshop, endpoint: &str) {
    let delete = json!({ "stack_name": "hp-large" });
    shop.run("cloudformation.delete", delete.clone())
        .await
        .unwrap();
    let create = json!({ "input": input(shop, "first.yaml") });
    let made = shop.run("cloudformation.create", create).await.unwrap();
    assert_eq!(made.public["status"], "CREATE_COMPLETE");
    let there = http(endpoint, "GET", &key(&first()), &[AUTH], "");
    assert_eq!((there.status, there.body), (200, first()));

    let cloud = shop.clients.of(&shop.target).await.unwrap();
    let wanted: CfnInput = serde_json::from_value(input(shop, "second.yaml")).unwrap();
    let (clock, place) = (Real::shared(), shop.place());
    let changes = look::changes(
        &cloud,
        &clock,
        "0a1b2c3d",
        "hint",
        &wanted,
        &shop.bundle,
        &place,
    );
    let ChangeFacts::Rows { rows } = changes.await.unwrap() else {
        panic!("no rows")
    };
    assert!(
        rows.iter()
            .any(|row| row.logical == "Other" && row.does == Does::Add),
        "{rows:?}"
    );
    let set = json!({ "input": input(shop, "second.yaml") });
    let set = shop.run("cloudformation.change-set", set).await.unwrap();
    let execute = json!({ "stack_name": "hp-large", "change_set": set.public["arn"], "rows": set.public["rows"] });
    let executed = shop.run("cloudformation.execute", execute).await.unwrap();
    assert_eq!(executed.public["status"], "UPDATE_COMPLETE");

    let back = json!({ "input": input(shop, "first.yaml") });
    let updated = shop.run("cloudformation.update", back).await.unwrap();
    assert_eq!(updated.public["status"], "UPDATE_COMPLETE");
    let left = look::stack(&cloud, "hp-large", true).await.unwrap();
    let left: Vec<_> = left
        .resources
        .iter()
        .filter(|one| !one.is_gone())
        .map(|one| one.logical.as_str())
        .collect();
    assert_eq!(left, ["Queue"]);
    shop.run("cloudformation.delete", delete).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_template_travels_through_the_bucket_and_is_put_once() {
    let shop = here().await;
    made_and_changed(&shop, &shop.cloud().endpoint()).await;
    assert_eq!(shop.effects("PutObject"), 2, "one for each content");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto; .ci/run starts it"]
async fn moto_takes_large_templates() {
    let endpoint = endpoint("HOLDPOINT_MOTO");
    made_and_changed(&furnished(Workshop::at(&endpoint), &endpoint), &endpoint).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ministack; .ci/run starts it"]
async fn ministack_takes_large_templates() {
    let endpoint = endpoint("HOLDPOINT_MINISTACK");
    made_and_changed(&furnished(Workshop::at(&endpoint), &endpoint), &endpoint).await;
}

/// Killed between putting and creating: what was put is found again.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_put_before_a_kill_is_not_put_again() {
    let shop = here().await;
    let cloud = shop.clients.of(&shop.target).await.unwrap();
    let wanted: CfnInput = serde_json::from_value(input(&shop, "first.yaml")).unwrap();
    let none = std::collections::BTreeMap::new();
    let (place, region) = (shop.place(), "eu-west-1");
    let given = Given::new(&wanted, &shop.bundle, &none, None, Some(&place), region).unwrap();
    assert_eq!(cloud.bring(&given).await, Ok(Some(BUCKET)));
    assert_eq!(cloud.bring(&given).await, Ok(None));
    let create = json!({ "input": input(&shop, "first.yaml") });
    shop.run("cloudformation.create", create).await.unwrap();
    assert_eq!(
        (shop.effects("PutObject"), shop.effects("CreateStack")),
        (1, 1)
    );
    // A step says what it puts.
    let update = json!({ "input": input(&shop, "second.yaml") });
    let (updated, lines) = shop
        .run_cancelled("cloudformation.update", update, "never")
        .await;
    assert!(updated.is_ok(), "{updated:?}");
    let put = "put the template into the bucket hp-large.templates";
    assert_eq!(lines[0], put, "{lines:?}");
}

/// What stands under a digest and is something else is never deployed.
#[tokio::test(flavor = "multi_thread")]
async fn another_content_under_the_digest_is_put_right() {
    let shop = here().await;
    let endpoint = shop.cloud().endpoint();
    let foreign = "Resources: { Bad: { Type: 'AWS::SNS::Topic' } }";
    let planted = http(&endpoint, "PUT", &key(&first()), &[AUTH], foreign);
    assert_eq!(planted.status, 200, "{planted:?}");
    let create = json!({ "input": input(&shop, "first.yaml") });
    shop.run("cloudformation.create", create).await.unwrap();
    let there = http(&endpoint, "GET", &key(&first()), &[AUTH], "");
    assert_eq!(there.body, first());
    let cloud = shop.clients.of(&shop.target).await.unwrap();
    let made = look::stack(&cloud, "hp-large", true).await.unwrap();
    assert_eq!(made.resources[0].logical, "Queue");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_cannot_be_put_says_why_and_changes_nothing() {
    let create = |shop: &Workshop| json!({ "input": input(shop, "first.yaml") });
    let nowhere = here().await.through("hp-nowhere");
    let params = create(&nowhere);
    let told = nowhere.run("cloudformation.create", params).await;
    let told = told.unwrap_err();
    assert!(
        told.summary.contains("there is no bucket hp-nowhere")
            && told
                .hint
                .contains("aws s3 mb s3://hp-nowhere --region eu-west-1")
            && told.as_before,
        "{told:?}"
    );
    assert_eq!(nowhere.effects("CreateStack"), 0);
    for (kind, hint, retry) in [
        (
            "access_denied",
            "allow s3:PutObject and s3:GetObject on holdpoint/templates/* of the bucket hp-large.templates",
            Retry::Never,
        ),
        ("expired_token", "", Retry::Contact),
        ("cut_before", "check the network", Retry::Contact),
        (
            "page_before",
            "a proxy or the login page of a network",
            Retry::Contact,
        ),
    ] {
        let shop = here().await;
        shop.cloud()
            .pull("Chaos", json!({ "action": "PutObject", "kind": kind }))
            .unwrap();
        let told = shop.run("cloudformation.create", create(&shop)).await;
        let told = told.unwrap_err();
        assert!(
            told.summary.contains("s3:PutObject")
                && told.hint.contains(hint)
                && told.retry == retry
                && told.as_before,
            "{kind}: {told:?}"
        );
        assert_eq!(shop.effects("CreateStack"), 0, "{kind}");
    }
    // Who may not look may still put.
    let shop = here().await;
    shop.cloud()
        .pull(
            "Chaos",
            json!({ "action": "GetObject", "kind": "access_denied" }),
        )
        .unwrap();
    let made = shop.run("cloudformation.create", create(&shop)).await;
    assert!(made.is_ok(), "{made:?}");
}
