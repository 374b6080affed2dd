//! How what is published comes to queues: as it is, or in the envelope that SNS puts around it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Sns, Topic, arn};
use crate::sandbox::call::Params;
use crate::sandbox::realm::Cx;
use crate::sandbox::services::sqs::{Message, Sqs};
use crate::sandbox::values::iso;

/// What is published.
#[derive(Debug, Clone, Default)]
pub struct Notice<'a> {
    /// A line above it.
    pub subject: Option<&'a str>,
    /// What it says.
    pub message: &'a str,
    /// What stands beside it, by name: `DataType` and `StringValue`.
    pub attributes: BTreeMap<String, Value>,
}

/// Publishes as another service of the cloud does; nothing where there is no such topic here.
pub fn publish(topic: &str, notice: &Notice<'_>, cx: &mut Cx<'_>) {
    let name = super::last(topic);
    let found = cx.realm().get::<Sns>().and_then(|sns| sns.topics.get(name));
    if let Some(topic) = found.cloned() {
        deliver(name, &topic, notice, cx);
    }
}

/// Brings it to each queue of a topic; gives its id.
pub(super) fn deliver(name: &str, topic: &Topic, notice: &Notice<'_>, cx: &mut Cx<'_>) -> String {
    let id = cx.dice.uuid();
    let now = cx.now;
    for (subscription, row) in &topic.subscriptions {
        let mut message = Message::new(cx.dice.uuid(), String::new(), "AIDAPRACTICESNS", now);
        if row.is_raw {
            notice.message.clone_into(&mut message.body);
            message.attributes.clone_from(&notice.attributes);
        } else {
            message.body = envelope(&id, name, subscription, notice, cx).to_string();
        }
        if let Some(sqs) = cx.get_mut::<Sqs>() {
            sqs.put(&row.queue, message, now);
        }
    }
    id
}

fn envelope(id: &str, name: &str, subscription: &str, notice: &Notice<'_>, cx: &Cx<'_>) -> Value {
    let topic = arn(&cx.place, name);
    let host = format!("https://sns.{}.amazonaws.com", cx.place.region);
    let own: Map<String, Value> = notice
        .attributes
        .iter()
        .map(|(name, value)| {
            let part = |field| Params(value).text(field).unwrap_or("");
            let shown = json!({ "Type": part("DataType"), "Value": part("StringValue") });
            (name.clone(), shown)
        })
        .collect();
    let mut envelope = json!({
        "Type": "Notification",
        "MessageId": id,
        "TopicArn": topic,
        "Message": notice.message,
        "Timestamp": iso(cx.now),
        "SignatureVersion": "1",
        "Signature": "practice-only",
        "SigningCertURL": format!("{host}/SimpleNotificationService-practice.pem"),
        "UnsubscribeURL": format!("{host}/?Action=Unsubscribe&SubscriptionArn={topic}:{subscription}"),
    });
    if let Some(fields) = envelope.as_object_mut() {
        if let Some(subject) = notice.subject {
            fields.insert("Subject".to_owned(), json!(subject));
        }
        if !own.is_empty() {
            fields.insert("MessageAttributes".to_owned(), Value::Object(own));
        }
    }
    envelope
}
