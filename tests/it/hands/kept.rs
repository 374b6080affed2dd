//! What templates retain is read from the stack itself, and stays; the embedded cloud and an
//! emulator that nobody here wrote.

use serde_json::{Value, json};

use super::Workshop;
use crate::peers::endpoint;
use holdpoint::domain::plan::{ChangeRow, Does, Fate};
use holdpoint::forms::cloudformation::{CfnInput, ChangeFacts};
use holdpoint::observe::cloudformation::look;
use holdpoint::os::clock::Real;

const BEFORE: &str = r#"
Parameters:
  Keep: { Type: String, Default: "no" }
  DesiredCount: { Type: Number, Default: 1, MinValue: 1 }
Conditions: { Kept: !Equals [ !Ref Keep, "yes" ] }
Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [ { AttributeName: id, AttributeType: S } ]
      KeySchema: [ { AttributeName: id, KeyType: HASH } ]
  Archive: { Type: AWS::S3::Bucket, Condition: Kept }
  Queue: { Type: AWS::SQS::Queue, Properties: { VisibilityTimeout: !Ref DesiredCount } }
"#;
const AFTER: &str = "
Parameters: { DesiredCount: { Type: Number, Default: 1, MinValue: 1 } }
Resources:
  Queue: { Type: AWS::SQS::Queue, Properties: { VisibilityTimeout: !Ref DesiredCount } }
";

fn input(shop: &Workshop, file: &str) -> Value {
    json!({
        "stack_name": "hp-kept",
        "template": { "bundle": shop.bundle.digest(), "path": file },
        "parameters": {},
        "declared": {},
    })
}

/// `tells`: its change sets say what becomes of what is there.
async fn read_and_kept(shop: &Workshop, tells: bool) {
    let delete = json!({ "stack_name": "hp-kept" });
    shop.run("cloudformation.delete", delete.clone())
        .await
        .unwrap();
    let made = json!({ "input": input(shop, "before.yaml") });
    shop.run("cloudformation.create", made).await.unwrap();
    let cloud = shop.clients.of(&shop.target).await.unwrap();
    let seen = look::stack(&cloud, "hp-kept", true).await.unwrap();
    let fates: Vec<_> = seen
        .resources
        .iter()
        .map(|one| (one.logical.as_str(), one.fate))
        .collect();
    assert_eq!(
        fates,
        [("Orders", Some(Fate::Stays)), ("Queue", Some(Fate::Goes))],
        "what a condition leaves out is not there"
    );
    let fixed = seen.fixed.unwrap();
    assert!(fixed.contains_key("DesiredCount"), "{fixed:?}");
    let wanted: CfnInput = serde_json::from_value(input(shop, "after.yaml")).unwrap();
    let clock = Real::shared();
    let (bundle, place) = (&shop.bundle, shop.place());
    let changes = look::changes(&cloud, &clock, "0a1b2c3d", "hint", &wanted, bundle, &place);
    let ChangeFacts::Rows { rows } = changes.await.unwrap() else {
        panic!("no rows")
    };
    let orders = rows.iter().find(|row| row.logical == "Orders").unwrap();
    assert_eq!(orders.does, Does::Remove);
    assert_eq!(orders.fate == Fate::Stays, tells, "{rows:?}");
    assert_eq!(rows.iter().any(ChangeRow::is_left), tells);
    shop.run("cloudformation.delete", delete).await.unwrap();
}

#[tokio::test]
async fn what_a_template_retains_is_read_from_the_stack() {
    let shop = Workshop::open()
        .await
        .with_file("before.yaml", BEFORE)
        .with_file("after.yaml", AFTER);
    read_and_kept(&shop, true).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto; .ci/run starts it"]
async fn moto_tells_what_a_template_retains() {
    let shop = Workshop::at(&endpoint("HOLDPOINT_MOTO"))
        .with_file("before.yaml", BEFORE)
        .with_file("after.yaml", AFTER);
    read_and_kept(&shop, false).await;
}

/// Tags that somebody else gave a stack are there after an update, and those of a release before
/// are not. `takes`: its change sets take tags.
async fn tags_kept(shop: &Workshop, takes: bool) {
    let delete = json!({ "stack_name": "hp-tags" });
    let tagged = |tags: Value, delay: u32| {
        json!({
            "stack_name": "hp-tags",
            "template": { "bundle": shop.bundle.digest(), "path": "tags.yaml" },
            "parameters": { "Delay": delay.to_string() },
            "declared": { "Delay": { "secret": false, "default": true } },
            "tags": tags,
            "untag": ["cost"],
        })
    };
    shop.run("cloudformation.delete", delete.clone())
        .await
        .unwrap();
    let theirs = tagged(json!({ "owner": "ana", "cost": "12", "team": "shop" }), 1);
    shop.run("cloudformation.create", json!({ "input": theirs }))
        .await
        .unwrap();
    let set = shop
        .run(
            "cloudformation.change-set",
            json!({ "input": tagged(json!({ "team": "web" }), 2) }),
        )
        .await
        .unwrap();
    let execute = json!({ "stack_name": "hp-tags", "change_set": set.public["arn"], "rows": set.public["rows"] });
    shop.run("cloudformation.execute", execute).await.unwrap();
    let cloud = shop.clients.of(&shop.target).await.unwrap();
    let tags = async || look::stack(&cloud, "hp-tags", false).await.unwrap().tags;
    let of = |pairs: &[(&str, &str)]| -> std::collections::BTreeMap<String, String> {
        let owned = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        owned.collect()
    };
    if takes {
        assert_eq!(tags().await, of(&[("owner", "ana"), ("team", "web")]));
    }
    let update = json!({ "input": tagged(json!({ "team": "app" }), 3) });
    shop.run("cloudformation.update", update).await.unwrap();
    assert_eq!(tags().await, of(&[("owner", "ana"), ("team", "app")]));
    shop.run("cloudformation.delete", delete).await.unwrap();
}

const TAGGED: &str = r#"
Parameters: { Delay: { Type: Number, Default: 1 } }
Resources:
  Queue: { Type: "AWS::SQS::Queue", Properties: { DelaySeconds: !Ref Delay } }
"#;

#[tokio::test]
async fn tags_of_others_are_kept() {
    let shop = Workshop::open().await.with_file("tags.yaml", TAGGED);
    tags_kept(&shop, true).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto; .ci/run starts it"]
async fn moto_keeps_tags_of_others() {
    let shop = Workshop::at(&endpoint("HOLDPOINT_MOTO"));
    tags_kept(&shop.with_file("tags.yaml", TAGGED), false).await;
}
