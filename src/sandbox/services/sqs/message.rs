//! A message: what it says, and how often and until when somebody has it.

use std::collections::BTreeMap;

use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::time::Time;
use crate::sandbox::call::Params;

/// A message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// What it says.
    pub body: String,
    /// What stands beside it, by name: `DataType` and `StringValue` or `BinaryValue`.
    #[serde(default)]
    pub attributes: BTreeMap<String, Value>,
    /// Who sent it.
    pub sender: String,
    /// When.
    pub sent: Time,
    /// From when on it can be received.
    pub visible: Time,
    /// When it was first received.
    #[serde(default)]
    pub first: Option<Time>,
    /// How often.
    #[serde(default)]
    pub received: u64,
    /// What the newest receiver calls it.
    #[serde(default)]
    pub handle: Option<String>,
}

impl Message {
    /// A message that is sent now.
    #[must_use]
    pub fn new(id: String, body: String, sender: &str, now: Time) -> Self {
        Self {
            id,
            body,
            attributes: BTreeMap::new(),
            sender: sender.to_owned(),
            sent: now,
            visible: now,
            first: None,
            received: 0,
            handle: None,
        }
    }

    /// The sums by which a sender sees that it arrived whole.
    pub(super) fn sums(&self) -> (String, Option<String>) {
        let of = |bytes: &[u8]| hex::encode(Md5::digest(bytes));
        let attributes = (!self.attributes.is_empty()).then(|| of(&self.packed()));
        (of(self.body.as_bytes()), attributes)
    }

    /// The attributes as their sum is taken: each its name, its type, 1 for a text, and its value,
    /// all with their lengths.
    fn packed(&self) -> Vec<u8> {
        let sized = |part: &str| {
            let length = u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes();
            [&length, part.as_bytes()].concat()
        };
        self.attributes
            .iter()
            .flat_map(|(name, value)| {
                let part = |field| Params(value).text(field).unwrap_or("");
                let ends = [&[1], &sized(part("StringValue"))[..]].concat();
                [sized(name), sized(part("DataType")), ends].concat()
            })
            .collect()
    }

    /// As it is received.
    pub(super) fn told(&self, params: Params<'_>) -> Value {
        let (body, attributes) = self.sums();
        let mut asked = params.texts("MessageSystemAttributeNames");
        asked.extend(params.texts("AttributeNames"));
        let system: BTreeMap<&str, String> = [
            ("SenderId", Some(self.sender.clone())),
            ("SentTimestamp", Some(self.sent.0.to_string())),
            ("ApproximateReceiveCount", Some(self.received.to_string())),
            (
                "ApproximateFirstReceiveTimestamp",
                self.first.map(|at| at.0.to_string()),
            ),
        ]
        .into_iter()
        .filter(|(name, _)| asked.contains(&"All") || asked.contains(name))
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
        let wanted = params.texts("MessageAttributeNames");
        let own: BTreeMap<&String, &Value> = self
            .attributes
            .iter()
            .filter(|(name, _)| {
                wanted.iter().any(|wanted| {
                    matches!(*wanted, "All" | ".*")
                        || wanted == name
                        || wanted
                            .strip_suffix(".*")
                            .is_some_and(|begin| name.starts_with(begin))
                })
            })
            .collect();
        json!({
            "MessageId": self.id,
            "ReceiptHandle": self.handle,
            "Body": self.body,
            "MD5OfBody": body,
            "Attributes": (!system.is_empty()).then_some(system),
            "MD5OfMessageAttributes": attributes.filter(|_| !own.is_empty()),
            "MessageAttributes": (!own.is_empty()).then_some(own),
        })
    }
}
