//! SQS: messages are received, hidden for longer, and deleted. A receive waits for messages, and so
//! none of these calls takes a turn in the budget of reads: SQS has no quota that they share with it.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::clients::Cloud;
use super::rest::{Answer, Ask, Json, Service};
use super::trouble::Trouble;
use super::xml::Unread;

/// How long a receive waits for messages; SQS lets none wait longer.
pub const WAIT: Duration = Duration::from_secs(20);
/// How many messages one receive gives at most.
const MOST: u32 = 10;

/// Where it is for a region.
pub(super) fn service(region: &str) -> Service {
    Service::in_region("sqs", region, WAIT + Duration::from_secs(10))
}

/// A message, as it was received this time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id, the same each time.
    pub id: String,
    /// What this receiver calls it.
    pub handle: String,
    /// What it says.
    pub body: String,
    /// How often it was received.
    pub received: u32,
}

impl Cloud {
    /// The address of the queue of that name, in the account of the caller or that of `owner`.
    pub async fn queue(&self, name: &str, owner: Option<&str>) -> Result<String, Trouble> {
        let mut asked = json!({ "QueueName": name });
        if let Some(owner) = owner {
            asked["QueueOwnerAWSAccountId"] = json!(owner);
        }
        let read = |answer: &Answer| {
            let tree: Value = answer.json()?;
            let url = tree.get("QueueUrl").and_then(Value::as_str);
            url.map(str::to_owned)
                .ok_or_else(|| Unread("no QueueUrl comes with it".to_owned()))
        };
        self.sqs("sqs:GetQueueUrl", "GetQueueUrl", name, &asked, read)
            .await
    }

    /// Messages, each hidden from others for so long; waits for the first.
    pub async fn receive(&self, queue: &str, hidden: Duration) -> Result<Vec<Message>, Trouble> {
        let asked = json!({
            "QueueUrl": queue,
            "MaxNumberOfMessages": MOST,
            "WaitTimeSeconds": WAIT.as_secs(),
            "VisibilityTimeout": hidden.as_secs(),
            // Its name of today, and the one that every emulator knows.
            "MessageSystemAttributeNames": ["ApproximateReceiveCount"],
            "AttributeNames": ["ApproximateReceiveCount"],
        });
        self.sqs(
            "sqs:ReceiveMessage",
            "ReceiveMessage",
            queue,
            &asked,
            messages,
        )
        .await
    }

    /// Deletes a message; one that is gone already is no error.
    pub async fn delete_message(&self, queue: &str, handle: &str) -> Result<(), Trouble> {
        let asked = json!({ "QueueUrl": queue, "ReceiptHandle": handle });
        self.sqs("sqs:DeleteMessage", "DeleteMessage", queue, &asked, |_| {
            Ok(())
        })
        .await
    }

    /// Hides a message from others for so long from now on.
    pub async fn hide_message(
        &self,
        queue: &str,
        handle: &str,
        hidden: Duration,
    ) -> Result<(), Trouble> {
        let asked = json!({
            "QueueUrl": queue, "ReceiptHandle": handle, "VisibilityTimeout": hidden.as_secs(),
        });
        let action = "sqs:ChangeMessageVisibility";
        self.sqs(action, "ChangeMessageVisibility", queue, &asked, |_| Ok(()))
            .await
    }

    async fn sqs<T>(
        &self,
        action: &'static str,
        target: &'static str,
        on: &str,
        asked: &Value,
        read: impl Fn(&Answer) -> Result<T, Unread>,
    ) -> Result<T, Trouble> {
        let name = on.rsplit('/').next().unwrap_or(on);
        let target = format!("AmazonSQS.{target}");
        self.call_beside(action, name, || {
            self.sqs.call(Ask::json(Json::V1_0, &target, asked), &read)
        })
        .await
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Received {
    #[serde(default)]
    messages: Option<Vec<Row>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    message_id: String,
    receipt_handle: String,
    body: String,
    #[serde(default)]
    attributes: Option<Attributes>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes {
    approximate_receive_count: Option<String>,
}

fn messages(answer: &Answer) -> Result<Vec<Message>, Unread> {
    let received: Received = answer.json()?;
    let message = |row: Row| {
        let count = row.attributes.and_then(|all| all.approximate_receive_count);
        Message {
            id: row.message_id,
            handle: row.receipt_handle,
            body: row.body,
            received: count.and_then(|count| count.parse().ok()).unwrap_or(1),
        }
    };
    let rows = received.messages.unwrap_or_default();
    Ok(rows.into_iter().map(message).collect())
}
