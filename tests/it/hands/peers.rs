//! The hands and eyes on emulators that nobody here wrote. What each cannot show is in
//! tests/peers/README.md.

use serde_json::{Value, json};

use super::Workshop;
use crate::peers::endpoint;
use holdpoint::forms::cloudformation::{CfnInput, ChangeFacts};
use holdpoint::observe::cloudformation::{look, serve};
use holdpoint::os::clock::Real;

const TEMPLATE: &str = r#"
Parameters:
  DesiredCount: { Type: Number, Default: 2 }
  Delay: { Type: Number, Default: 5 }
Resources:
  Bucket: { Type: "AWS::S3::Bucket" }
  Queue: { Type: "AWS::SQS::Queue", Properties: { DelaySeconds: !Ref Delay } }
  Topic: { Type: "AWS::SNS::Topic" }
  Count: { Type: "AWS::SQS::Queue", Properties: { VisibilityTimeout: !Ref DesiredCount } }
Outputs:
  Url: { Value: !Ref Queue }
"#;
const MORE: &str = r#"  Other: { Type: "AWS::SQS::Queue" }
Outputs:"#;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto; .ci/run starts it"]
async fn moto_is_deployed_to_and_torn_down() {
    deployed_and_torn_down(&endpoint("HOLDPOINT_MOTO"), false).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ministack; .ci/run starts it"]
async fn ministack_is_deployed_to_and_torn_down() {
    deployed_and_torn_down(&endpoint("HOLDPOINT_MINISTACK"), true).await;
}

/// `exact`: the peer knows what changes, refuses what changes nothing, and keeps the values that it
/// is told to keep.
async fn deployed_and_torn_down(endpoint: &str, exact: bool) {
    let more = TEMPLATE.replace("Outputs:", MORE);
    let shop = Workshop::at(endpoint)
        .with_file("a.yaml", TEMPLATE)
        .with_file("b.yaml", &more);
    let input = |file: &str, parameters: Value| {
        json!({
            "stack_name": "hp-hands",
            "template": { "bundle": shop.bundle.digest(), "path": file },
            "parameters": parameters,
            "declared": {},
            "tags": { "holdpoint:store": "0a1b2c3d" },
        })
    };
    // Whatever an earlier run left.
    shop.run("cloudformation.delete", json!({ "stack_name": "hp-hands" }))
        .await
        .unwrap();

    let made = shop
        .run(
            "cloudformation.create",
            json!({ "input": input("a.yaml", json!({})) }),
        )
        .await
        .unwrap();
    assert_eq!(made.public["status"], "CREATE_COMPLETE");
    assert!(
        made.public["outputs"]["Url"]
            .as_str()
            .unwrap()
            .contains("hp-hands"),
        "{made:?}"
    );
    let again = shop
        .run(
            "cloudformation.create",
            json!({ "input": input("a.yaml", json!({})) }),
        )
        .await
        .unwrap_err();
    assert!(again.summary.contains("is there already"), "{again:?}");

    let cloud = shop.clients.of(&shop.target).await.unwrap();
    let seen = look::stack(&cloud, "hp-hands", true).await.unwrap();
    assert_eq!(
        (seen.status.as_str(), seen.resources.len()),
        ("CREATE_COMPLETE", 4),
        "{seen:?}"
    );
    assert_eq!(
        seen.tags.get("holdpoint:store").map(String::as_str),
        Some("0a1b2c3d")
    );
    let wanted: CfnInput =
        serde_json::from_value(input("b.yaml", json!({ "Delay": "7" }))).unwrap();
    let changes = look::changes(
        &cloud,
        &Real::shared(),
        "0a1b2c3d",
        "hint-1",
        &wanted,
        &shop.bundle,
        &shop.place(),
    )
    .await
    .unwrap();
    let ChangeFacts::Rows { rows } = changes else {
        panic!("rows, not {changes:?}")
    };
    assert!(
        rows.iter()
            .any(|row| row.logical == "Other" && row.does == holdpoint::domain::plan::Does::Add),
        "{rows:?}"
    );
    let left = cloud.change_sets("hp-hands").await.unwrap();
    assert!(
        !left
            .iter()
            .any(|(_, name)| name.starts_with("hp-0a1b2c3d-p-")),
        "a preview leaves nothing: {left:?}"
    );
    assert_eq!(
        cloud
            .identity(Real::shared().now())
            .await
            .unwrap()
            .whose
            .len(),
        12
    );
    let (members, services) = serve::resources(&cloud, "hp-hands").await.unwrap();
    assert!(services.is_empty() && !members.is_empty(), "{members:?}");

    let set = shop
        .run(
            "cloudformation.change-set",
            json!({ "input": input("b.yaml", json!({ "Delay": "7" })) }),
        )
        .await
        .unwrap();
    assert!(set.public["rows"].to_string().contains("Other"), "{set:?}");
    let execute = json!({ "stack_name": "hp-hands", "change_set": set.public["arn"], "rows": set.public["rows"] });
    let executed = shop.run("cloudformation.execute", execute).await.unwrap();
    assert_eq!(executed.public["status"], "UPDATE_COMPLETE");

    if exact {
        let scale = json!({ "stack_name": "hp-hands", "counts": { "DesiredCount": "0" } });
        let scaled = shop
            .run("cloudformation.scale", scale.clone())
            .await
            .unwrap();
        assert_eq!(
            (&scaled.public["status"], &scaled.public["noop"]),
            (&json!("UPDATE_COMPLETE"), &json!(false))
        );
        let expect = json!({ "stack_name": "hp-hands", "expect": "complete", "counts": { "DesiredCount": "0", "Delay": "7" } });
        shop.run("cloudformation.verify", expect).await.unwrap();
        assert_eq!(
            shop.run("cloudformation.scale", scale)
                .await
                .unwrap()
                .public["noop"],
            true
        );
        let same = shop
            .run(
                "cloudformation.change-set",
                json!({ "input": input("b.yaml", json!({ "Delay": "7", "DesiredCount": "0" })) }),
            )
            .await;
        assert_eq!(same.unwrap().public["empty"], true);
    }

    shop.run("cloudformation.delete", json!({ "stack_name": "hp-hands" }))
        .await
        .unwrap();
    shop.run(
        "cloudformation.verify",
        json!({ "stack_name": "hp-hands", "expect": "missing" }),
    )
    .await
    .unwrap();
    let failed = shop
        .run(
            "cloudformation.scale",
            json!({ "stack_name": "hp-hands", "counts": {} }),
        )
        .await
        .unwrap_err();
    assert!(
        failed.summary.contains("there is no CloudFormation stack"),
        "{failed:?}"
    );
}
