//! What is published, as it comes to queues.

use serde_json::{Value, json};

use crate::domain::time::Time;
use crate::sandbox::call::Call;
use crate::sandbox::who::ACCOUNT;
use crate::sandbox::world::World;

const REGION: &str = "eu-west-1";

fn on(world: &mut World, service: &str, action: &str, params: Value) -> Result<Value, String> {
    let call = Call::new(service, action, params).by(ACCOUNT, REGION);
    let answer = world.call(world.now, &call).answer;
    answer
        .map(|reply| reply.tree().clone())
        .map_err(|error| error.code)
}

/// A topic with a queue that gets envelopes and one that gets what is published.
fn stage() -> (World, Value) {
    let mut world = World::new(Time(1_790_000_000_000), 3, 1.0);
    let topic = on(
        &mut world,
        "sns",
        "CreateTopic",
        json!({ "Name": "builds" }),
    )
    .unwrap()["TopicArn"]
        .clone();
    for (queue, is_raw) in [("wrapped", "false"), ("raw", "true")] {
        on(
            &mut world,
            "sqs",
            "CreateQueue",
            json!({ "QueueName": queue }),
        )
        .unwrap();
        let subscription = json!({
            "TopicArn": topic, "Protocol": "sqs", "Endpoint": format!("arn:aws:sqs:eu-west-1:000000000000:{queue}"),
            "Attributes": { "entry": [{ "key": "RawMessageDelivery", "value": is_raw }] },
        });
        let first = on(&mut world, "sns", "Subscribe", subscription.clone()).unwrap();
        let again = on(&mut world, "sns", "Subscribe", subscription).unwrap();
        assert_eq!(first, again, "the same subscription is one");
    }
    (world, topic)
}

fn received(world: &mut World, queue: &str) -> Vec<Value> {
    let url = format!("https://sqs.eu-west-1.amazonaws.com/000000000000/{queue}");
    let params = json!({ "QueueUrl": url, "MessageAttributeNames": ["All"] });
    let answer = on(world, "sqs", "ReceiveMessage", params).unwrap();
    answer["Messages"].as_array().cloned().unwrap_or_default()
}

#[test]
fn a_message_comes_in_an_envelope_or_as_it_was_published() {
    let (mut world, topic) = stage();
    let message = json!({
        "TopicArn": topic, "Message": "{\"a\":1}", "Subject": "s",
        "MessageAttributes": { "entry": [{ "Name": "kind", "Value": { "DataType": "String", "StringValue": "x" } }] },
    });
    let id = on(&mut world, "sns", "Publish", message).unwrap()["MessageId"].clone();
    let wrapped = received(&mut world, "wrapped");
    let envelope: Value = serde_json::from_str(wrapped[0]["Body"].as_str().unwrap()).unwrap();
    assert_eq!(
        ["Type", "MessageId", "TopicArn", "Message", "Subject"].map(|name| envelope[name].clone()),
        [
            json!("Notification"),
            id,
            topic,
            json!("{\"a\":1}"),
            json!("s")
        ]
    );
    assert_eq!(
        envelope["MessageAttributes"]["kind"],
        json!({ "Type": "String", "Value": "x" })
    );
    let raw = received(&mut world, "raw");
    assert_eq!(raw[0]["Body"], json!("{\"a\":1}"));
    assert_eq!(
        raw[0]["MessageAttributes"]["kind"]["StringValue"],
        json!("x")
    );
}

#[test]
fn what_is_unsubscribed_or_deleted_gets_nothing() {
    let (mut world, topic) = stage();
    let listed = on(
        &mut world,
        "sns",
        "ListSubscriptionsByTopic",
        json!({ "TopicArn": topic }),
    )
    .unwrap();
    let raw = listed["Subscriptions"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["Endpoint"].as_str().unwrap().ends_with("raw"));
    let arn = raw.unwrap()["SubscriptionArn"].clone();
    on(
        &mut world,
        "sns",
        "Unsubscribe",
        json!({ "SubscriptionArn": arn }),
    )
    .unwrap();
    on(
        &mut world,
        "sns",
        "Publish",
        json!({ "TopicArn": topic, "Message": "m" }),
    )
    .unwrap();
    assert_eq!(
        (
            received(&mut world, "wrapped").len(),
            received(&mut world, "raw").len()
        ),
        (1, 0)
    );
    on(
        &mut world,
        "sns",
        "DeleteTopic",
        json!({ "TopicArn": topic }),
    )
    .unwrap();
    let gone = on(
        &mut world,
        "sns",
        "Publish",
        json!({ "TopicArn": topic, "Message": "m" }),
    );
    assert_eq!(gone, Err("NotFound".to_owned()));
}

#[test]
fn only_queues_of_the_same_place_subscribe() {
    let (mut world, topic) = stage();
    for (protocol, endpoint) in [
        ("https", "https://example.com"),
        ("sqs", "arn:aws:sqs:us-east-1:000000000000:raw"),
        ("sqs", "arn:aws:sqs:eu-west-1:111111111111:raw"),
    ] {
        let asked = json!({ "TopicArn": topic, "Protocol": protocol, "Endpoint": endpoint });
        assert_eq!(
            on(&mut world, "sns", "Subscribe", asked),
            Err("InvalidParameter".to_owned()),
            "{endpoint}"
        );
    }
}
