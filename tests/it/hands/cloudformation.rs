//! Step kinds of CloudFormation.

use serde_json::{Value, json};

use super::Workshop;
use holdpoint::domain::failure::Retry;

const TEMPLATE: &str = r#"
Parameters:
  DesiredCount: { Type: Number, Default: 2 }
  Delay: { Type: Number, Default: 5 }
  Name: { Type: String, Default: one }
Resources:
  Queue: { Type: "AWS::SQS::Queue", Properties: { DelaySeconds: !Ref Delay } }
  Topic: { Type: "AWS::SNS::Topic", Properties: { TopicName: !Ref Name } }
  Count: { Type: "AWS::SSM::Parameter", Properties: { Type: String, Value: !Ref DesiredCount } }
Outputs:
  Url: { Value: !Ref Queue }
"#;

async fn workshop() -> Workshop {
    Workshop::open().await.with_file("orders.yaml", TEMPLATE)
}

fn input(shop: &Workshop, parameters: impl serde::Serialize) -> Value {
    json!({
        "stack_name": "dev-orders",
        "template": { "bundle": shop.bundle.digest(), "path": "orders.yaml" },
        "parameters": parameters,
        "declared": {},
        "tags": { "holdpoint:store": "0a1b2c3d" },
    })
}

async fn created() -> Workshop {
    let shop = workshop().await;
    shop.run(
        "cloudformation.create",
        json!({ "input": input(&shop, json!({})) }),
    )
    .await
    .unwrap();
    shop
}

#[tokio::test]
async fn a_service_is_made_changed_scaled_and_deleted() {
    let shop = workshop().await;
    let made = shop
        .run(
            "cloudformation.create",
            json!({ "input": input(&shop, json!({ "Delay": "5" })) }),
        )
        .await
        .unwrap();
    assert_eq!(
        (&made.public["status"], &made.public["noop"]),
        (&json!("CREATE_COMPLETE"), &json!(false))
    );
    assert!(made.public["outputs"]["Url"].is_string());

    let set = shop
        .run(
            "cloudformation.change-set",
            json!({ "input": input(&shop, json!({ "Delay": "7", "Name": "two" })) }),
        )
        .await
        .unwrap();
    let rows: Vec<_> = set.public["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["logical"].clone(), row["does"].clone()))
        .collect();
    assert_eq!(
        rows,
        [
            (json!("Queue"), json!("change")),
            (json!("Topic"), json!("replace"))
        ]
    );
    assert_eq!(set.public["name"], "hp-0a1b2c3d-41-step-2-1");

    let executed = shop
        .run("cloudformation.execute", json!({ "stack_name": "dev-orders", "change_set": set.public["arn"], "rows": set.public["rows"] }))
        .await
        .unwrap();
    assert_eq!(executed.public["status"], "UPDATE_COMPLETE");

    let scaled = shop
        .run(
            "cloudformation.scale",
            json!({ "stack_name": "dev-orders", "counts": { "DesiredCount": "0" } }),
        )
        .await
        .unwrap();
    assert_eq!(
        (&scaled.public["status"], &scaled.public["noop"]),
        (&json!("UPDATE_COMPLETE"), &json!(false))
    );
    let verified = shop
        .run("cloudformation.verify", json!({ "stack_name": "dev-orders", "expect": "complete", "counts": { "DesiredCount": "0" } }))
        .await;
    assert!(verified.is_ok(), "{verified:?}");

    let again = shop
        .run(
            "cloudformation.scale",
            json!({ "stack_name": "dev-orders", "counts": { "DesiredCount": "0" } }),
        )
        .await
        .unwrap();
    assert_eq!(again.public["noop"], true, "no updates is success");

    let updated = shop
        .run(
            "cloudformation.update",
            json!({ "input": input(&shop, json!({ "Delay": "9", "Name": "two" })), "counts": { "DesiredCount": "3" } }),
        )
        .await
        .unwrap();
    assert_eq!(updated.public["status"], "UPDATE_COMPLETE");

    let deleted = shop
        .run(
            "cloudformation.delete",
            json!({ "stack_name": "dev-orders", "retain": [] }),
        )
        .await
        .unwrap();
    assert_eq!(deleted.public["status"], "MISSING");
    shop.run(
        "cloudformation.verify",
        json!({ "stack_name": "dev-orders", "expect": "missing" }),
    )
    .await
    .unwrap();
    let nothing = shop
        .run(
            "cloudformation.delete",
            json!({ "stack_name": "dev-orders" }),
        )
        .await
        .unwrap();
    assert_eq!(nothing.public["noop"], true);
}

#[tokio::test]
async fn an_empty_change_set_says_so_and_leaves_nothing() {
    let shop = created().await;
    let set = shop
        .run(
            "cloudformation.change-set",
            json!({ "input": input(&shop, json!({})) }),
        )
        .await
        .unwrap();
    assert_eq!(
        (&set.public["empty"], &set.public["rows"]),
        (&json!(true), &json!([]))
    );
    let cloud = shop.clients.of(&shop.target).await.ok().unwrap();
    assert!(cloud.change_sets("dev-orders").await.unwrap().is_empty());
}

#[tokio::test]
async fn the_first_real_failure_is_the_reason() {
    let shop = created().await;
    shop.cloud().pull("Fail", json!({ "stack": "dev-orders", "logical": "Topic", "reason": "topic-full", "after": 1.0 })).unwrap();
    let failure = shop
        .run(
            "cloudformation.update",
            json!({ "input": input(&shop, json!({ "Delay": "8", "Name": "three" })) }),
        )
        .await
        .unwrap_err();
    assert_eq!(failure.summary, "dev-orders/Topic: topic-full");
    assert!(failure.hint.contains("as it was before"), "{failure:?}");
    assert_eq!(failure.retry, Retry::Never);

    let other = workshop().await;
    other.cloud().pull("Fail", json!({ "stack": "dev-orders", "logical": "Queue", "reason": "no queue", "after": 1.0 })).unwrap();
    let failure = other
        .run(
            "cloudformation.create",
            json!({ "input": input(&other, json!({})) }),
        )
        .await
        .unwrap_err();
    assert_eq!(failure.summary, "dev-orders/Queue: no queue");
    assert!(failure.hint.contains("unblock"), "{failure:?}");
}

#[tokio::test]
async fn a_cancelled_update_is_rolled_back_before_it_is_called_cancelled() {
    let shop = created().await;
    let params = json!({ "input": input(&shop, json!({ "Delay": "8", "Name": "three" })) });
    let (result, lines) = shop
        .run_cancelled("cloudformation.update", params, "UPDATE_IN_PROGRESS")
        .await;
    let failure = result.unwrap_err();
    assert!(
        failure.summary.contains("cancelled")
            && failure.detail.contains("UPDATE_ROLLBACK_COMPLETE"),
        "{failure:?} {lines:?}"
    );
    assert!(
        failure.as_before && failure.changed_at.is_some(),
        "what is taken back leaves a time: {failure:?}"
    );
    assert_eq!(shop.effects("CancelUpdateStack"), 1);

    let fresh = workshop().await;
    let (result, lines) = fresh
        .run_cancelled(
            "cloudformation.create",
            json!({ "input": input(&fresh, json!({})) }),
            "CREATE_IN_PROGRESS",
        )
        .await;
    assert!(
        result.is_ok()
            && lines
                .iter()
                .any(|line| line.contains("cannot cancel a create")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn what_changed_since_the_approval_is_not_executed() {
    let shop = created().await;
    let set = shop
        .run(
            "cloudformation.change-set",
            json!({ "input": input(&shop, json!({ "Delay": "7" })) }),
        )
        .await
        .unwrap();
    let approved =
        json!({ "stack_name": "dev-orders", "change_set": set.public["arn"], "rows": [] });
    assert!(
        shop.run("cloudformation.execute", approved)
            .await
            .unwrap_err()
            .summary
            .contains("does not show what was approved")
    );
    shop.run(
        "cloudformation.update",
        json!({ "input": input(&shop, json!({ "Delay": "6" })) }),
    )
    .await
    .unwrap();
    let late = json!({ "stack_name": "dev-orders", "change_set": set.public["arn"], "rows": set.public["rows"] });
    assert!(
        shop.run("cloudformation.execute", late)
            .await
            .unwrap_err()
            .summary
            .contains("is gone")
    );
    assert_eq!(shop.effects("ExecuteChangeSet"), 0);
}

/// A note stands for what may have been done: one that cannot be read is no leave to do it again.
#[tokio::test]
async fn a_note_that_cannot_be_read_is_for_a_person() {
    let shop = created().await;
    for (kind, note) in [
        ("cloudformation.update", "intent"),
        ("cloudformation.update", "sent"),
        ("cloudformation.change-set", "useless"),
    ] {
        let mut job = shop.job(json!({ "input": input(&shop, json!({ "Delay": "8" })) }));
        job.notes.insert(note.to_owned(), json!(5));
        let failure = shop.executor(kind).run(job).await.unwrap_err();
        assert!(
            failure.retry == Retry::AskAPerson && failure.summary.contains(note),
            "{kind} {note}: {failure:?}"
        );
    }
    assert_eq!(
        (shop.effects("UpdateStack"), shop.effects("CreateChangeSet")),
        (0, 0)
    );
}

#[tokio::test]
async fn somebody_elses_stack_is_not_taken_over() {
    let shop = created().await;
    let failure = shop
        .run(
            "cloudformation.create",
            json!({ "input": input(&shop, json!({})) }),
        )
        .await
        .unwrap_err();
    assert!(failure.summary.contains("is there already"), "{failure:?}");
    assert_eq!(shop.effects("CreateStack"), 1);
}

/// The answer of the call is lost, or the call itself: it is asked for, not made twice.
#[tokio::test]
async fn a_lost_answer_is_asked_for() {
    for mishap in ["cut_after", "cut_before", "server_error"] {
        let shop = workshop().await;
        shop.cloud()
            .pull(
                "Chaos",
                json!({ "action": "CreateStack", "kind": mishap, "times": 4 }),
            )
            .unwrap();
        let made = shop
            .run(
                "cloudformation.create",
                json!({ "input": input(&shop, json!({})) }),
            )
            .await;
        assert!(made.is_ok(), "{mishap}: {made:?}");
        assert_eq!(shop.effects("CreateStack"), 1, "{mishap}");
    }
}

/// A proxy answers in the place of AWS, with a page or with nothing, once and longer than anybody
/// here asks again: it is trouble of the way there, and no step fails of it. Also where the SDK
/// does not look at what an answer holds.
#[tokio::test]
async fn what_a_proxy_answers_is_no_answer() {
    let kinds = ["page_before", "page_after", "empty_before", "empty_after"];
    for (kind, times) in kinds.into_iter().flat_map(|kind| [(kind, 1), (kind, 4)]) {
        for action in ["CreateStack", "DescribeStacks", "DescribeStackEvents"] {
            let shop = workshop().await;
            shop.cloud()
                .pull(
                    "Chaos",
                    json!({ "action": action, "kind": kind, "times": times }),
                )
                .unwrap();
            let made = shop
                .to_its_end(
                    "cloudformation.create",
                    json!({ "input": input(&shop, json!({})) }),
                )
                .await;
            assert!(made.is_ok(), "{action} {kind} {times}: {made:?}");
            assert_eq!(shop.effects("CreateStack"), 1, "{action} {kind} {times}");
        }
        let shop = created().await;
        let set = shop
            .run(
                "cloudformation.change-set",
                json!({ "input": input(&shop, json!({ "Delay": "7" })) }),
            )
            .await
            .unwrap();
        shop.cloud()
            .pull(
                "Chaos",
                json!({ "action": "ExecuteChangeSet", "kind": kind, "times": times }),
            )
            .unwrap();
        let params = json!({ "stack_name": "dev-orders", "change_set": set.public["arn"], "rows": set.public["rows"] });
        let executed = shop.to_its_end("cloudformation.execute", params).await;
        assert!(
            executed.is_ok(),
            "ExecuteChangeSet {kind} {times}: {executed:?}"
        );
        shop.cloud()
            .pull(
                "Chaos",
                json!({ "action": "DeleteStack", "kind": kind, "times": times }),
            )
            .unwrap();
        let deleted = shop
            .to_its_end(
                "cloudformation.delete",
                json!({ "stack_name": "dev-orders", "retain": [] }),
            )
            .await;
        assert!(deleted.is_ok(), "DeleteStack {kind} {times}: {deleted:?}");
        assert_eq!(
            (
                shop.effects("ExecuteChangeSet"),
                shop.effects("DeleteStack")
            ),
            (1, 1),
            "{kind} {times}"
        );
    }
}

/// Looks fail for every reason while an update goes on: it is out of sight, and never over.
#[tokio::test]
async fn a_look_that_fails_ends_no_operation() {
    for kind in ["expired_token", "access_denied", "page_before"] {
        let shop = created().await;
        let job = shop.job(json!({ "input": input(&shop, json!({ "Delay": "8" })) }));
        // The look before it begins, and the one that finds what to change, are well.
        shop.cloud()
            .pull(
                "Chaos",
                json!({ "action": "DescribeStacks", "kind": kind, "skip": 2 }),
            )
            .unwrap();
        let failure = shop
            .executor("cloudformation.update")
            .run(job.clone())
            .await
            .unwrap_err();
        assert_eq!(failure.retry, Retry::Contact, "{kind}: {failure:?}");
        assert_eq!(shop.effects("UpdateStack"), 1, "{kind}");
    }
}

#[tokio::test]
async fn expired_credentials_wait_and_throttles_slow_down() {
    let shop = workshop().await;
    shop.cloud()
        .pull(
            "Chaos",
            json!({ "action": "DescribeStacks", "kind": "expired_token", "skip": 2 }),
        )
        .unwrap();
    let job = shop.job(json!({ "input": input(&shop, json!({})) }));
    let failure = shop
        .executor("cloudformation.create")
        .run(job)
        .await
        .unwrap_err();
    assert_eq!(failure.retry, Retry::Contact, "{failure:?}");
    assert!(failure.hint.contains("log in"), "{failure:?}");
    shop.cloud().pull("Calm", json!({})).unwrap();

    let slow = created().await;
    slow.cloud()
        .pull("Chaos", json!({ "kind": "throttle", "times": 6 }))
        .unwrap();
    let updated = slow
        .run(
            "cloudformation.update",
            json!({ "input": input(&slow, json!({ "Delay": "7" })) }),
        )
        .await;
    assert!(updated.is_ok(), "{updated:?}");
    assert_eq!(slow.effects("UpdateStack"), 1);
}
