//! CloudWatch Logs: groups, streams and events in the order in which they arrived.

pub mod api;
pub mod filter;
pub mod tail;

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::domain::time::Time;
use crate::sandbox::call::{AwsError, Call};
use crate::sandbox::door::{Ready, Thing};
use crate::sandbox::protocol::Protocol;
use crate::sandbox::realm::Cx;
use crate::sandbox::service::{Body, Offer, Reply, Service};
use crate::sandbox::values::number;

/// CloudWatch Logs.
pub const OFFER: Offer = Offer {
    subjects: &["logGroupName", "logGroupIdentifier"],
    types: include_str!("resources.yaml"),
    ..Offer::of::<Logs>(
        "logs",
        Protocol::Json {
            version: "1.1",
            target: "Logs_20140328",
        },
    )
};

/// How many events a group keeps: those of the longest build that anybody watches.
const KEEPS: usize = 100_000;

/// All log groups of a realm.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Logs {
    /// By name.
    pub groups: BTreeMap<String, Group>,
}

/// One log group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Group {
    /// When it was made.
    pub created: Time,
    /// Days that events are kept.
    pub retention: Option<i64>,
    /// Streams by name.
    pub streams: BTreeMap<String, Stream>,
    events: VecDeque<LogEvent>,
    arrived: u64,
}

/// One stream.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Stream {
    /// When it was made.
    pub created: Time,
    /// The first event's time.
    pub first: Option<Time>,
    /// The last event's time.
    pub last: Option<Time>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEvent {
    /// Its number in the group, by arrival.
    pub number: u64,
    /// When it happened, by its sender's word.
    pub at: Time,
    /// When it arrived.
    pub arrived: Time,
    /// In which stream.
    pub stream: String,
    /// The text.
    pub message: String,
}

impl Service for Logs {
    fn call(&mut self, call: &Call, cx: &mut Cx<'_>) -> Result<Reply, AwsError> {
        match call.action.as_str() {
            "StartLiveTail" => Ok(Reply::of(Body::Feed(Box::new(tail::Tail::open(
                self,
                cx,
                call.params(),
            )?)))),
            _ => api::call(self, cx, call).map(Reply::from),
        }
    }

    fn make(&mut self, thing: &Thing<'_>, is_new: bool, cx: &mut Cx<'_>) -> Result<Ready, String> {
        if is_new && self.groups.contains_key(thing.name) {
            return Err(format!(
                "Resource handler returned message: \"Resource of type 'AWS::Logs::LogGroup' with identifier '{}' already exists.\"",
                thing.name
            ));
        }
        let group = self
            .groups
            .entry(thing.name.to_owned())
            .or_insert_with(|| Group::new(cx.now));
        group.retention = thing.properties.get("RetentionInDays").and_then(number);
        Ok(Ready::InTime)
    }

    fn remove(&mut self, thing: &Thing<'_>, _: &mut Cx<'_>) -> Result<Ready, String> {
        self.groups.remove(thing.name);
        Ok(Ready::InTime)
    }
}

impl Group {
    /// An empty group.
    #[must_use]
    pub fn new(now: Time) -> Self {
        Self {
            created: now,
            retention: None,
            streams: BTreeMap::new(),
            events: VecDeque::new(),
            arrived: 0,
        }
    }

    /// An event arrives; its stream is made when it is missing.
    pub fn put(&mut self, stream: &str, at: Time, now: Time, message: String) {
        let entry = self
            .streams
            .entry(stream.to_owned())
            .or_insert_with(|| Stream {
                created: now,
                ..Stream::default()
            });
        entry.first = Some(entry.first.map_or(at, |first| first.min(at)));
        entry.last = Some(entry.last.map_or(at, |last| last.max(at)));
        if self.events.len() >= KEEPS {
            self.events.pop_front();
        }
        self.events.push_back(LogEvent {
            number: self.arrived,
            at,
            arrived: now,
            stream: stream.to_owned(),
            message,
        });
        self.arrived += 1;
    }

    /// The number that the next event will get.
    #[must_use]
    pub fn arrived(&self) -> u64 {
        self.arrived
    }

    /// Events by arrival, from this number on.
    pub fn since(&self, number: u64) -> impl Iterator<Item = &LogEvent> {
        self.events
            .iter()
            .skip_while(move |event| event.number < number)
    }

    /// All events by time.
    #[must_use]
    pub fn by_time(&self) -> Vec<&LogEvent> {
        let mut events: Vec<&LogEvent> = self.events.iter().collect();
        events.sort_by_key(|event| (event.at, event.number));
        events
    }
}

impl LogEvent {
    /// The id on the wire: 56 digits that sort by time.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{:026}{:030}", self.at.0.max(0), self.number)
    }
}
