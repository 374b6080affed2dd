//! A queue and what is done with its messages. A message keeps its number: the handles that
//! receivers have name it, and how often it had been received then.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::message::Message;
use super::{BATCH, arn, attributes, need};
use crate::domain::time::Time;
use crate::sandbox::call::{Answer, AwsError, Params};
use crate::sandbox::realm::Cx;

/// A queue.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Queue {
    /// What was said of it.
    pub attributes: BTreeMap<String, String>,
    /// When it was made.
    pub created: Time,
    /// When it was changed last.
    pub modified: Time,
    /// The number of the next message.
    next: u64,
    /// Its messages, by number.
    pub messages: BTreeMap<u64, Message>,
}

impl Queue {
    pub(super) fn new(attributes: BTreeMap<String, String>, now: Time) -> Self {
        Self {
            attributes,
            created: now,
            modified: now,
            next: 0,
            messages: BTreeMap::new(),
        }
    }

    /// What an attribute is.
    pub(super) fn attribute(&self, name: &str) -> &str {
        self.attributes
            .get(name)
            .map_or_else(|| attributes::preset(name), String::as_str)
    }

    /// An attribute in seconds.
    pub(super) fn seconds(&self, name: &str) -> u64 {
        self.attribute(name).parse().unwrap_or(0)
    }

    /// How many messages can be received.
    pub(super) fn visible(&self, now: Time) -> usize {
        self.kept(now)
            .filter(|message| message.visible <= now)
            .count()
    }

    /// Adds a message.
    pub(super) fn add(&mut self, mut message: Message, now: Time) {
        let delay = now + Duration::from_secs(self.seconds("DelaySeconds"));
        message.visible = message.visible.max(delay);
        self.messages.insert(self.next, message);
        self.next += 1;
    }

    pub(super) fn send(&mut self, params: Params<'_>, cx: &mut Cx<'_>) -> Answer {
        let body = need(params, "MessageBody")?;
        if body.len() > usize::try_from(self.seconds("MaximumMessageSize")).unwrap_or(0) {
            return Err(AwsError::new(
                "InvalidParameterValue",
                format!(
                    "One or more parameters are invalid. Reason: Message must be shorter than {} bytes.",
                    self.seconds("MaximumMessageSize")
                ),
            ));
        }
        let delay = attributes::within(params, "DelaySeconds", 0..=900)?.unwrap_or(0);
        let mut message = Message::new(
            cx.dice.uuid(),
            body.to_owned(),
            &cx.caller.who.user_id,
            cx.now,
        );
        message.visible = cx.now + Duration::from_secs(delay);
        let own = params.0.get("MessageAttributes").and_then(Value::as_object);
        for (name, value) in own.into_iter().flatten() {
            if Params(value).text("StringValue").is_none() {
                return Err(AwsError::new(
                    "InvalidParameterValue",
                    format!(
                        "The message attribute '{name}' must have a StringValue: the embedded cloud keeps no others"
                    ),
                ));
            }
            message.attributes.insert(name.clone(), value.clone());
        }
        let ((body, own), id) = (message.sums(), message.id.clone());
        cx.effect = Some(format!("message {id}"));
        self.add(message, cx.now);
        Ok(json!({ "MessageId": id, "MD5OfMessageBody": body, "MD5OfMessageAttributes": own }))
    }

    pub(super) fn receive(&mut self, params: Params<'_>, cx: &mut Cx<'_>) -> Answer {
        let many = attributes::within(params, "MaxNumberOfMessages", 1..=10)?.unwrap_or(1);
        let hidden = attributes::within(params, "VisibilityTimeout", 0..=43_200)?
            .unwrap_or_else(|| self.seconds("VisibilityTimeout"));
        let now = cx.now;
        let oldest = self.oldest(now);
        let many = usize::try_from(many).unwrap_or(BATCH);
        let mut told = Vec::new();
        let due = self
            .messages
            .iter_mut()
            .filter(|(_, message)| message.sent >= oldest && message.visible <= now);
        for (number, message) in due.take(many) {
            message.received += 1;
            message.first.get_or_insert(now);
            message.visible = now + Duration::from_secs(hidden);
            message.handle = Some(format!("{number}-{}-{}", message.received, message.id));
            told.push(message.told(params));
        }
        if !told.is_empty() {
            cx.effect = Some(format!("{} received", told.len()));
            self.messages.retain(|_, message| message.sent >= oldest);
        }
        Ok(json!({ "Messages": (!told.is_empty()).then_some(told) }))
    }

    /// Deletes what a handle names; what is gone already is no error.
    pub(super) fn delete(&mut self, params: Params<'_>, cx: &mut Cx<'_>) -> Answer {
        let (number, _) = self.handle(params)?;
        if let Some(message) = self.messages.remove(&number) {
            cx.effect = Some(format!("message {} deleted", message.id));
        }
        Ok(json!({}))
    }

    /// Says anew how long a message that somebody has is out of sight.
    pub(super) fn hide(&mut self, params: Params<'_>, cx: &mut Cx<'_>) -> Answer {
        let (number, is_newest) = self.handle(params)?;
        let seconds =
            attributes::within(params, "VisibilityTimeout", 0..=43_200)?.ok_or_else(|| {
                need(params, "VisibilityTimeout")
                    .err()
                    .unwrap_or_else(invalid)
            })?;
        let message = self.messages.get_mut(&number).filter(|_| is_newest);
        let Some(message) = message.filter(|message| message.visible > cx.now) else {
            return Err(AwsError::new(
                "MessageNotInflight",
                "The message referred to is not in flight.",
            ));
        };
        message.visible = cx.now + Duration::from_secs(seconds);
        cx.effect = Some(format!("message {} hidden", message.id));
        Ok(json!({}))
    }

    /// The number in a handle, and whether it is the newest of its message.
    fn handle(&self, params: Params<'_>) -> Result<(u64, bool), AwsError> {
        let handle = need(params, "ReceiptHandle")?;
        let number = handle.split('-').next().and_then(|text| text.parse().ok());
        let number: u64 = number.filter(|number| *number < self.next).ok_or_else(|| {
            AwsError::new(
                "ReceiptHandleIsInvalid",
                format!("The input receipt handle \"{handle}\" is not a valid receipt handle."),
            )
        })?;
        let newest = self.messages.get(&number).and_then(|m| m.handle.as_deref());
        Ok((number, newest == Some(handle)))
    }

    /// The attributes that a call asks for.
    pub(super) fn told(&self, name: &str, params: Params<'_>, cx: &Cx<'_>) -> Value {
        let asked = params.texts("AttributeNames");
        let count = |is: &dyn Fn(&Message) -> bool| self.kept(cx.now).filter(|m| is(m)).count();
        let is_new = |m: &Message| m.visible > cx.now && m.received == 0;
        let mut all: BTreeMap<&str, String> = attributes::presets()
            .map(|name| (name, self.attribute(name).to_owned()))
            .collect();
        let others = [
            ("QueueArn", arn(&cx.place, name)),
            ("CreatedTimestamp", (self.created.0 / 1_000).to_string()),
            (
                "LastModifiedTimestamp",
                (self.modified.0 / 1_000).to_string(),
            ),
            (
                "ApproximateNumberOfMessages",
                self.visible(cx.now).to_string(),
            ),
            (
                "ApproximateNumberOfMessagesNotVisible",
                count(&|m| m.visible > cx.now && m.received > 0).to_string(),
            ),
            (
                "ApproximateNumberOfMessagesDelayed",
                count(&is_new).to_string(),
            ),
        ];
        all.extend(others);
        all.extend(
            self.attributes
                .iter()
                .map(|(name, value)| (name.as_str(), value.clone())),
        );
        all.retain(|name, _| asked.contains(&"All") || asked.contains(name));
        json!(all)
    }

    fn kept(&self, now: Time) -> impl Iterator<Item = &Message> {
        let oldest = self.oldest(now);
        self.messages
            .values()
            .filter(move |message| message.sent >= oldest)
    }

    fn oldest(&self, now: Time) -> Time {
        let kept = self.seconds("MessageRetentionPeriod");
        now - Duration::from_secs(kept)
    }
}

fn invalid() -> AwsError {
    AwsError::new(
        "InvalidParameterValue",
        "One or more parameters are invalid.",
    )
}
