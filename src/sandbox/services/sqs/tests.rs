//! Queues through time, as data: calls at times in, answers out.

use std::time::Duration;

use serde_json::{Value, json};

use crate::domain::time::Time;
use crate::sandbox::call::Call;
use crate::sandbox::service::Body;
use crate::sandbox::who::ACCOUNT;
use crate::sandbox::world::World;

const REGION: &str = "eu-west-1";
const URL: &str = "https://sqs.eu-west-1.amazonaws.com/000000000000/work";

struct Stage(World);

impl Stage {
    fn new() -> Self {
        let mut stage = Self(World::new(Time(1_790_000_000_000), 3, 1.0));
        stage
            .on("CreateQueue", json!({ "QueueName": "work" }))
            .unwrap();
        stage
    }

    fn on(&mut self, action: &str, mut params: Value) -> Result<Value, String> {
        if action != "CreateQueue" && params.get("QueueUrl").is_none() {
            params["QueueUrl"] = json!(URL);
        }
        let call = Call::new("sqs", action, params).by(ACCOUNT, REGION);
        let answer = self.0.call(self.0.now, &call).answer;
        answer
            .map(|reply| reply.tree().clone())
            .map_err(|error| error.code)
    }

    fn wait(&mut self, seconds: u64) {
        self.0.advance(self.0.now + Duration::from_secs(seconds));
    }

    fn send(&mut self, body: &str) {
        self.on("SendMessage", json!({ "MessageBody": body }))
            .unwrap();
    }

    /// Bodies and handles of what is received now.
    fn receive(&mut self, params: Value) -> Vec<(String, String)> {
        let answer = self.on("ReceiveMessage", params).unwrap();
        let rows = answer["Messages"].as_array().cloned().unwrap_or_default();
        rows.iter()
            .map(|row| {
                let part = |name: &str| row[name].as_str().unwrap().to_owned();
                (part("Body"), part("ReceiptHandle"))
            })
            .collect()
    }

    fn bodies(&mut self) -> Vec<String> {
        let many = self.receive(json!({ "MaxNumberOfMessages": 10 }));
        many.into_iter().map(|(body, _)| body).collect()
    }
}

#[test]
fn a_message_that_is_received_comes_again_unless_it_is_deleted() {
    let mut stage = Stage::new();
    stage.send("a");
    stage.send("b");
    let first = stage.receive(json!({ "VisibilityTimeout": 10 }));
    assert_eq!(first[0].0, "a");
    assert_eq!(stage.bodies(), ["b"], "the first is out of sight");
    stage.wait(10);
    let again = stage.receive(json!({ "AttributeNames": ["All"] }));
    assert_eq!(again[0].0, "a");
    assert_ne!(
        again[0].1, first[0].1,
        "each receiver has a handle of its own"
    );
    stage
        .on("DeleteMessage", json!({ "ReceiptHandle": again[0].1 }))
        .unwrap();
    stage
        .on("DeleteMessage", json!({ "ReceiptHandle": again[0].1 }))
        .unwrap();
    stage.wait(30);
    assert_eq!(stage.bodies(), ["b"]);
}

#[test]
fn only_who_has_a_message_says_how_long_it_is_hidden() {
    let mut stage = Stage::new();
    stage.send("a");
    let old = stage.receive(json!({ "VisibilityTimeout": 5 }));
    let hide = |handle: &str, seconds: u64| json!({ "ReceiptHandle": handle, "VisibilityTimeout": seconds });
    stage
        .on("ChangeMessageVisibility", hide(&old[0].1, 60))
        .unwrap();
    stage.wait(30);
    assert!(stage.bodies().is_empty());
    stage
        .on("ChangeMessageVisibility", hide(&old[0].1, 0))
        .unwrap();
    assert_eq!(stage.receive(json!({}))[0].0, "a");
    let gone = stage.on("ChangeMessageVisibility", hide(&old[0].1, 9));
    assert_eq!(
        gone,
        Err("MessageNotInflight".to_owned()),
        "another has it now"
    );
    let wrong = stage.on("DeleteMessage", json!({ "ReceiptHandle": "x" }));
    assert_eq!(wrong, Err("ReceiptHandleIsInvalid".to_owned()));
}

#[test]
fn an_empty_queue_answers_later_and_a_message_makes_it_ready() {
    let mut stage = Stage::new();
    let wait = json!({ "QueueUrl": URL, "WaitTimeSeconds": 20 });
    let call = Call::new("sqs", "ReceiveMessage", wait).by(ACCOUNT, REGION);
    let outcome = stage.0.call(stage.0.now, &call);
    let Body::Later(patience) = outcome.answer.unwrap().body else {
        panic!("it waits");
    };
    assert!(!outcome.changed, "waiting changes nothing");
    assert_eq!(patience.until, stage.0.now + Duration::from_secs(20));
    let is_ready =
        |stage: &Stage| (patience.is_ready)(stage.0.realms.at(&outcome.place), stage.0.now);
    assert!(!is_ready(&stage));
    stage
        .on(
            "SendMessage",
            json!({ "MessageBody": "late", "DelaySeconds": 5 }),
        )
        .unwrap();
    assert!(!is_ready(&stage));
    stage.wait(5);
    assert!(is_ready(&stage));
}

#[test]
fn what_is_too_old_is_gone_and_attributes_are_held_to_their_bounds() {
    let mut stage = Stage::new();
    let short = json!({ "Attributes": { "MessageRetentionPeriod": "60" } });
    stage.on("SetQueueAttributes", short).unwrap();
    stage.send("a");
    let count = |stage: &mut Stage| {
        let asked = json!({ "AttributeNames": ["ApproximateNumberOfMessages"] });
        stage.on("GetQueueAttributes", asked).unwrap()["Attributes"]["ApproximateNumberOfMessages"]
            .clone()
    };
    assert_eq!(count(&mut stage), json!("1"));
    stage.wait(61);
    assert_eq!((count(&mut stage), stage.bodies().len()), (json!("0"), 0));
    for (attributes, code) in [
        (
            json!({ "VisibilityTimeout": "43201" }),
            "InvalidAttributeValue",
        ),
        (json!({ "FifoQueue": "true" }), "InvalidAttributeName"),
    ] {
        let set = stage.on("SetQueueAttributes", json!({ "Attributes": attributes }));
        assert_eq!(set, Err(code.to_owned()));
    }
    let missing = stage.on(
        "SendMessage",
        json!({ "QueueUrl": "https://x/1/none", "MessageBody": "x" }),
    );
    assert_eq!(missing, Err("QueueDoesNotExist".to_owned()));
}

#[test]
fn a_batch_answers_for_each_entry() {
    let mut stage = Stage::new();
    let entries = json!({ "Entries": [
        { "Id": "1", "MessageBody": "a" }, { "Id": "2" }, { "Id": "3", "MessageBody": "c" },
    ] });
    let answer = stage.on("SendMessageBatch", entries).unwrap();
    let ids = |name: &str| -> Vec<Value> {
        answer[name]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["Id"].clone())
            .collect()
    };
    assert_eq!(
        (ids("Successful"), ids("Failed")),
        (vec![json!("1"), json!("3")], vec![json!("2")])
    );
    assert_eq!(stage.bodies(), ["a", "c"]);
    let none = stage.on("SendMessageBatch", json!({ "Entries": [] }));
    assert_eq!(none, Err("EmptyBatchRequest".to_owned()));
}
