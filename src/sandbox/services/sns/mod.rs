//! SNS: topics, and what is published to them as it comes to their queues. Queues are all that may
//! subscribe, and only those of the topic's own account and region.

mod publish;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::publish::{Notice, publish};
use crate::sandbox::call::{Answer, AwsError, Call, Params};
use crate::sandbox::protocol::Protocol;
use crate::sandbox::realm::{Cx, Site};
use crate::sandbox::service::{Offer, Reply, Service};
use crate::sandbox::values::text_of;

/// SNS.
pub const OFFER: Offer = Offer {
    subjects: &["TopicArn", "Name", "SubscriptionArn"],
    ..Offer::of::<Sns>(
        "sns",
        Protocol::Query {
            version: "2010-03-31",
            namespace: "http://sns.amazonaws.com/doc/2010-03-31/",
        },
    )
};

/// A page has so many rows.
const PAGE: usize = 100;
/// The attribute of a subscription to which a message comes as it was published.
const RAW: &str = "RawMessageDelivery";

/// The topics of a realm.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Sns {
    /// By name.
    pub topics: BTreeMap<String, Topic>,
}

/// A topic.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Topic {
    /// Where its messages go, by the id of the subscription.
    pub subscriptions: BTreeMap<String, Subscription>,
}

/// A queue that gets what is published.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Subscription {
    /// The ARN of the queue.
    pub queue: String,
    /// True where a message comes as it was published, not in an envelope.
    pub is_raw: bool,
}

impl Service for Sns {
    fn call(&mut self, call: &Call, cx: &mut Cx<'_>) -> Result<Reply, AwsError> {
        let params = call.params();
        let answer = match call.action.as_str() {
            "CreateTopic" => self.create(params, cx),
            "DeleteTopic" => {
                let name = last(need(params, "TopicArn")?);
                if self.topics.remove(name).is_some() {
                    cx.effect = Some(format!("topic {name} deleted"));
                }
                Ok(json!({}))
            }
            "ListTopics" => {
                let arns = self.topics.keys().map(|name| arn(&cx.place, name));
                let rows = arns.map(|arn| json!({ "TopicArn": arn })).collect();
                page(params, "Topics", rows)
            }
            "Subscribe" => self.subscribe(params, cx),
            "Unsubscribe" => {
                let (topic, id) = self.subscribed(params)?;
                let topic = self.topics.get_mut(&topic).ok_or_else(no_topic)?;
                topic.subscriptions.remove(&id);
                cx.effect = Some(format!("subscription {id} deleted"));
                Ok(json!({}))
            }
            "SetSubscriptionAttributes" => {
                let (name, id) = self.subscribed(params)?;
                let is_raw = raw(
                    need(params, "AttributeName")?,
                    params.text("AttributeValue").unwrap_or(""),
                )?;
                let topic = self.topics.get_mut(&name).ok_or_else(no_topic)?;
                let row = topic.subscriptions.get_mut(&id);
                row.ok_or_else(no_subscription)?.is_raw = is_raw;
                cx.effect = Some(format!("subscription {id} changed"));
                Ok(json!({}))
            }
            "ListSubscriptions" => self.list(params, None, &cx.place),
            "ListSubscriptionsByTopic" => {
                let name = self.named(params)?;
                self.list(params, Some(&name), &cx.place)
            }
            "Publish" => self.publish(params, cx),
            _ => Err(AwsError::new(
                "InvalidAction",
                format!("The embedded cloud does not answer {} of sns", call.action),
            )),
        };
        answer.map(Reply::from)
    }
}

impl Sns {
    fn create(&mut self, params: Params<'_>, cx: &mut Cx<'_>) -> Answer {
        let name = need(params, "Name")?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if name.len() > 256 || !name.chars().all(is_plain) {
            return Err(invalid("Topic Name"));
        }
        if !self.topics.contains_key(name) {
            self.topics.insert(name.to_owned(), Topic::default());
            cx.effect = Some(format!("topic {name}"));
        }
        Ok(json!({ "TopicArn": arn(&cx.place, name) }))
    }

    fn subscribe(&mut self, params: Params<'_>, cx: &mut Cx<'_>) -> Answer {
        let name = self.named(params)?;
        let queue = params.text("Endpoint").unwrap_or("");
        let own = format!("arn:aws:sqs:{}:{}:", cx.place.region, cx.place.account);
        if params.text("Protocol") != Some("sqs") || !queue.starts_with(&own) {
            return Err(invalid(
                "the embedded cloud delivers to queues of the topic's own account and region: Protocol sqs, Endpoint their ARN",
            ));
        }
        let entries = params.0.get("Attributes").unwrap_or(&Value::Null);
        let mut is_raw = false;
        for entry in Params(entries).list("entry") {
            let part = |name: &str| entry.get(name).map(text_of).unwrap_or_default();
            is_raw = raw(&part("key"), &part("value"))?;
        }
        let id = cx.dice.uuid();
        let topic = self.topics.get_mut(&name).ok_or_else(no_topic)?;
        let mut rows = topic.subscriptions.iter();
        let same = rows.find(|(_, row)| row.queue == queue);
        let id = if let Some((same, row)) = same {
            if row.is_raw != is_raw {
                return Err(invalid(
                    "Attributes: Subscription already exists with different attributes",
                ));
            }
            same.clone()
        } else {
            let row = Subscription {
                queue: queue.to_owned(),
                is_raw,
            };
            topic.subscriptions.insert(id.clone(), row);
            cx.effect = Some(format!("subscription {id}"));
            id
        };
        Ok(json!({ "SubscriptionArn": format!("{}:{id}", arn(&cx.place, &name)) }))
    }

    fn publish(&self, params: Params<'_>, cx: &mut Cx<'_>) -> Answer {
        let name = self.named(params)?;
        let entries = params.0.get("MessageAttributes").unwrap_or(&Value::Null);
        let attributes = Params(entries)
            .list("entry")
            .iter()
            .filter_map(|entry| {
                let name = Params(entry).text("Name")?;
                Some((name.to_owned(), entry.get("Value")?.clone()))
            })
            .collect();
        let notice = Notice {
            subject: params.text("Subject"),
            message: need(params, "Message")?,
            attributes,
        };
        let topic = self.topics.get(&name).ok_or_else(no_topic)?;
        let id = publish::deliver(&name, topic, &notice, cx);
        cx.effect = Some(format!("message {id}"));
        Ok(json!({ "MessageId": id }))
    }

    fn list(&self, params: Params<'_>, only: Option<&str>, place: &Site) -> Answer {
        let topics = self
            .topics
            .iter()
            .filter(|(name, _)| only.is_none_or(|only| only == name.as_str()));
        let rows = topics.flat_map(|(name, topic)| {
            topic.subscriptions.iter().map(move |(id, row)| {
                json!({
                    "SubscriptionArn": format!("{}:{id}", arn(place, name)),
                    "TopicArn": arn(place, name),
                    "Protocol": "sqs",
                    "Endpoint": row.queue,
                    "Owner": place.account,
                })
            })
        });
        page(params, "Subscriptions", rows.collect())
    }

    fn named(&self, params: Params<'_>) -> Result<String, AwsError> {
        let name = last(need(params, "TopicArn")?);
        self.topics
            .contains_key(name)
            .then(|| name.to_owned())
            .ok_or_else(no_topic)
    }

    /// The topic and the id of a subscription that is there.
    fn subscribed(&self, params: Params<'_>) -> Result<(String, String), AwsError> {
        let arn = need(params, "SubscriptionArn")?;
        let (topic, id) = arn.rsplit_once(':').ok_or_else(no_subscription)?;
        let topic = self.topics.get_key_value(last(topic));
        topic
            .filter(|(_, topic)| topic.subscriptions.contains_key(id))
            .map(|(name, _)| (name.clone(), id.to_owned()))
            .ok_or_else(no_subscription)
    }
}

fn page(params: Params<'_>, name: &str, rows: Vec<Value>) -> Answer {
    let from = params
        .text("NextToken")
        .map_or(Some(0), |token| token.parse::<usize>().ok())
        .ok_or_else(|| invalid("NextToken"))?;
    let next = (from + PAGE < rows.len()).then(|| (from + PAGE).to_string());
    let rows: Vec<Value> = rows.into_iter().skip(from).take(PAGE).collect();
    Ok(json!({ name: rows, "NextToken": next }))
}

/// Whether messages come as they were published.
fn raw(name: &str, value: &str) -> Result<bool, AwsError> {
    match (name, value) {
        (RAW, "true") => Ok(true),
        (RAW, "false") => Ok(false),
        (RAW, _) => Err(invalid("Attributes: RawMessageDelivery is true or false")),
        (other, _) => Err(invalid(&format!(
            "Attributes: the embedded cloud knows no {other}"
        ))),
    }
}

/// The ARN of a topic.
#[must_use]
pub fn arn(place: &Site, name: &str) -> String {
    format!("arn:aws:sns:{}:{}:{name}", place.region, place.account)
}

fn last(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

fn need<'a>(params: Params<'a>, name: &str) -> Result<&'a str, AwsError> {
    params.text(name).ok_or_else(|| invalid(name))
}

fn invalid(what: &str) -> AwsError {
    AwsError::new("InvalidParameter", format!("Invalid parameter: {what}"))
}

fn no_topic() -> AwsError {
    AwsError::missing("NotFound", "Topic does not exist")
}

fn no_subscription() -> AwsError {
    AwsError::missing("NotFound", "Subscription does not exist")
}
