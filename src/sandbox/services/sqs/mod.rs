//! SQS: standard queues. A message that is received is out of sight for a while and comes again
//! unless it is deleted. No rights are checked, and no queue gives messages to another one.

mod attributes;
mod message;
mod queue;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::message::Message;
pub use self::queue::Queue;
use crate::domain::time::Time;
use crate::sandbox::call::{Answer, AwsError, Call, Params};
use crate::sandbox::protocol::Protocol;
use crate::sandbox::realm::{Cx, Realm, Site};
use crate::sandbox::service::{Body, Offer, Patience, Reply, Service};

/// SQS.
pub const OFFER: Offer = Offer {
    subjects: &["QueueName", "QueueUrl"],
    ..Offer::of::<Sqs>(
        "sqs",
        Protocol::Json {
            version: "1.0",
            target: "AmazonSQS",
        },
    )
};

/// One batch has so many entries, and one receive gives so many messages.
const BATCH: usize = 10;
/// A page of queues has so many rows.
const PAGE: usize = 1_000;

/// The queues of a realm.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Sqs {
    /// By name.
    pub queues: BTreeMap<String, Queue>,
}

impl Service for Sqs {
    fn call(&mut self, call: &Call, cx: &mut Cx<'_>) -> Result<Reply, AwsError> {
        let params = call.params();
        let answer = match call.action.as_str() {
            "CreateQueue" => self.create(params, cx),
            "GetQueueUrl" => {
                let name = need(params, "QueueName")?;
                self.queues.get(name).ok_or_else(no_queue)?;
                Ok(json!({ "QueueUrl": url(&cx.place, name) }))
            }
            "ListQueues" => Ok(self.list(params, &cx.place)),
            "DeleteQueue" => {
                let name = self.named(params)?;
                self.queues.remove(&name);
                cx.effect = Some(format!("queue {name} deleted"));
                Ok(json!({}))
            }
            "GetQueueAttributes" => {
                let name = self.named(params)?;
                let queue = self.of(params)?;
                Ok(json!({ "Attributes": queue.told(&name, params, cx) }))
            }
            "SetQueueAttributes" => {
                let name = self.named(params)?;
                let given = attributes::read(params)?;
                let queue = self.of_mut(params)?;
                queue.attributes.extend(given);
                queue.modified = cx.now;
                cx.effect = Some(format!("queue {name} changed"));
                Ok(json!({}))
            }
            "PurgeQueue" => {
                let name = self.named(params)?;
                self.of_mut(params)?.messages.clear();
                cx.effect = Some(format!("queue {name} emptied"));
                Ok(json!({}))
            }
            "SendMessage" => self.of_mut(params)?.send(params, cx),
            "ReceiveMessage" => return self.receive(params, cx),
            "DeleteMessage" => self.of_mut(params)?.delete(params, cx),
            "ChangeMessageVisibility" => self.of_mut(params)?.hide(params, cx),
            "SendMessageBatch" => self.batch(params, cx, Queue::send),
            "DeleteMessageBatch" => self.batch(params, cx, Queue::delete),
            "ChangeMessageVisibilityBatch" => self.batch(params, cx, Queue::hide),
            _ => Err(AwsError::unanswered(call)),
        };
        answer.map(Reply::from)
    }
}

impl Sqs {
    /// Puts a message into a queue that an ARN names, as another service of the cloud does; false
    /// where there is no such queue here.
    pub fn put(&mut self, arn: &str, message: Message, now: Time) -> bool {
        let name = arn.rsplit(':').next().unwrap_or(arn);
        let Some(queue) = self.queues.get_mut(name) else {
            return false;
        };
        queue.add(message, now);
        true
    }

    fn create(&mut self, params: Params<'_>, cx: &mut Cx<'_>) -> Answer {
        let name = need(params, "QueueName")?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if name.len() > 80 || !name.chars().all(is_plain) {
            return Err(AwsError::new(
                "InvalidParameterValue",
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
            ));
        }
        let given = attributes::read(params)?;
        if let Some(queue) = self.queues.get(name) {
            let differs = given
                .iter()
                .any(|(name, value)| queue.attribute(name) != value.as_str());
            if differs {
                return Err(AwsError::new(
                    "QueueNameExists",
                    "A queue already exists with the same name and a different value for an attribute",
                ));
            }
        } else {
            self.queues
                .insert(name.to_owned(), Queue::new(given, cx.now));
            cx.effect = Some(format!("queue {name}"));
        }
        Ok(json!({ "QueueUrl": url(&cx.place, name) }))
    }

    fn list(&self, params: Params<'_>, place: &Site) -> Value {
        let begin = params.text("QueueNamePrefix").unwrap_or("");
        let after = params.text("NextToken").unwrap_or("");
        let size = params
            .number("MaxResults")
            .and_then(|size| usize::try_from(size).ok())
            .map_or(PAGE, |size| size.clamp(1, PAGE));
        let rows: Vec<&String> = self
            .queues
            .keys()
            .filter(|name| name.starts_with(begin) && name.as_str() > after)
            .take(size + 1)
            .collect();
        let next = rows.len() > size;
        let rows = rows.get(..size.min(rows.len())).unwrap_or_default();
        let urls: Vec<String> = rows.iter().map(|name| url(place, name)).collect();
        json!({
            "QueueUrls": urls,
            "NextToken": rows.last().filter(|_| next),
        })
    }

    /// Messages that are there, or the promise of some.
    fn receive(&mut self, params: Params<'_>, cx: &mut Cx<'_>) -> Result<Reply, AwsError> {
        let name = self.named(params)?;
        let queue = self.of_mut(params)?;
        let wait = attributes::within(params, "WaitTimeSeconds", 0..=20)?
            .unwrap_or_else(|| queue.seconds("ReceiveMessageWaitTimeSeconds"));
        let tree = queue.receive(params, cx)?;
        if cx.effect.is_some() || wait == 0 {
            return Ok(tree.into());
        }
        Ok(Reply::of(Body::Later(Patience {
            until: cx.now + std::time::Duration::from_secs(wait),
            instead: tree,
            is_ready: Box::new(move |realm, now| is_there(realm, &name, now)),
        })))
    }

    /// One answer for each entry, by its `Id`.
    fn batch(
        &mut self,
        params: Params<'_>,
        cx: &mut Cx<'_>,
        work: fn(&mut Queue, Params<'_>, &mut Cx<'_>) -> Answer,
    ) -> Answer {
        let queue = self.of_mut(params)?;
        let entries = params.list("Entries");
        if entries.is_empty() {
            return Err(AwsError::new(
                "EmptyBatchRequest",
                "There should be at least one entry in the request.",
            ));
        }
        if entries.len() > BATCH {
            return Err(AwsError::new(
                "TooManyEntriesInBatchRequest",
                format!(
                    "Maximum number of entries per request are {BATCH}. You have sent {}.",
                    entries.len()
                ),
            ));
        }
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        for entry in entries {
            let id = need(Params(entry), "Id")?;
            match work(queue, Params(entry), cx) {
                Ok(Value::Object(mut fields)) => {
                    fields.insert("Id".to_owned(), json!(id));
                    done.push(Value::Object(fields));
                }
                Ok(_) => {}
                Err(error) => failed.push(json!({
                    "Id": id, "Code": error.code, "Message": error.message, "SenderFault": true,
                })),
            }
        }
        Ok(json!({ "Successful": done, "Failed": failed }))
    }

    fn named(&self, params: Params<'_>) -> Result<String, AwsError> {
        let url = need(params, "QueueUrl")?;
        let name = url.rsplit('/').next().unwrap_or(url);
        self.queues
            .contains_key(name)
            .then(|| name.to_owned())
            .ok_or_else(no_queue)
    }

    fn of(&self, params: Params<'_>) -> Result<&Queue, AwsError> {
        let name = self.named(params)?;
        self.queues.get(&name).ok_or_else(no_queue)
    }

    fn of_mut(&mut self, params: Params<'_>) -> Result<&mut Queue, AwsError> {
        let name = self.named(params)?;
        self.queues.get_mut(&name).ok_or_else(no_queue)
    }
}

fn is_there(realm: Realm<'_>, name: &str, now: Time) -> bool {
    realm
        .get::<Sqs>()
        .and_then(|sqs| sqs.queues.get(name))
        .is_none_or(|queue| queue.visible(now) > 0)
}

/// The ARN of a queue.
#[must_use]
pub fn arn(place: &Site, name: &str) -> String {
    format!("arn:aws:sqs:{}:{}:{name}", place.region, place.account)
}

fn url(place: &Site, name: &str) -> String {
    format!(
        "https://sqs.{}.amazonaws.com/{}/{name}",
        place.region, place.account
    )
}

fn need<'a>(params: Params<'a>, name: &str) -> Result<&'a str, AwsError> {
    params.text(name).ok_or_else(|| {
        AwsError::new(
            "MissingParameter",
            format!("The request must contain the parameter {name}."),
        )
    })
}

fn no_queue() -> AwsError {
    AwsError::new(
        "QueueDoesNotExist",
        "The specified queue does not exist or you do not have access to it.",
    )
}
