//! The log: streams, stored events, and appends over several streams at once.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::deployment::DeploymentEvent;
use super::digest::Digest;
use super::environment::EnvironmentEvent;
use super::ids::{AskId, DeploymentId, EnvName, StackId};
use super::person::Person;
use super::stack::StackEvent;
use super::time::Time;

/// The form in which events are stored now; older forms are brought up to it on read.
pub const FORM: u32 = 1;

/// A stream of events.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum StreamId {
    /// `environment/NAME`
    Environment(EnvName),
    /// `stack/ENV/APP[/PART]`
    Stack(StackId),
    /// `deployment/UUID`
    Deployment(DeploymentId),
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StreamId::Environment(name) => write!(f, "environment/{name}"),
            StreamId::Stack(id) => write!(f, "stack/{id}"),
            StreamId::Deployment(id) => write!(f, "deployment/{id}"),
        }
    }
}

impl TryFrom<String> for StreamId {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let unknown = || format!("{text:?} is no stream");
        let (kind, rest) = text.split_once('/').ok_or_else(unknown)?;
        match kind {
            "environment" => rest.parse().map(StreamId::Environment).map_err(|e| e.to_string()),
            "stack" => rest.parse().map(StreamId::Stack).map_err(|e| e.to_string()),
            "deployment" => rest.parse().map(StreamId::Deployment).map_err(|e| e.to_string()),
            _ => Err(unknown()),
        }
    }
}

impl From<StreamId> for String {
    fn from(id: StreamId) -> String {
        id.to_string()
    }
}

/// An event of any stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Event {
    /// Of an environment.
    Environment(EnvironmentEvent),
    /// Of a stack.
    Stack(StackEvent),
    /// Of a deployment.
    Deployment(Box<DeploymentEvent>),
}

impl Event {
    /// The stored tag.
    #[must_use]
    pub fn tag(&self) -> &'static str {
        match self {
            Event::Environment(EnvironmentEvent::Configured { .. }) => "configured",
            Event::Environment(EnvironmentEvent::Frozen { .. }) => "frozen",
            Event::Environment(EnvironmentEvent::Thawed) => "thawed",
            Event::Stack(event) => event.tag(),
            Event::Deployment(event) => event.tag(),
        }
    }

    /// Reads a stored payload; `form` says in which form it was written.
    ///
    /// # Errors
    /// A sentence when this program does not know the form or the event.
    pub fn read(stream: &StreamId, form: u32, payload: Value) -> Result<Event, String> {
        if form > FORM {
            return Err(format!("an event of {stream} has form {form}; this program knows forms up to {FORM}"));
        }
        let event = match stream {
            StreamId::Environment(_) => serde_json::from_value(payload).map(Event::Environment),
            StreamId::Stack(_) => serde_json::from_value(payload).map(Event::Stack),
            StreamId::Deployment(_) => serde_json::from_value(payload).map(|event| Event::Deployment(Box::new(event))),
        };
        event.map_err(|why| format!("an event of {stream} cannot be read: {why}"))
    }
}

/// An event as the store gives it back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    /// Its place in the whole log.
    pub seq: u64,
    /// Its stream.
    pub stream: StreamId,
    /// Its place in the stream, from 1.
    pub version: u64,
    /// When.
    pub at: Time,
    /// Who.
    pub person: Person,
    /// The ask that led to it.
    pub cause: Option<AskId>,
    /// What; or why it cannot be read, in which case the stream is frozen for this program.
    pub event: Result<Event, String>,
}

/// What one stream gets.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// Which stream.
    pub stream: StreamId,
    /// Its version when it was decided; 0 for a new stream.
    pub expected: u64,
    /// The events, in order.
    pub events: Vec<Event>,
}

/// Events for several streams, all or none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Append {
    /// What is written; each stream once.
    pub writes: Vec<Write>,
    /// Streams that were only read, with their versions: if one has moved, nothing is written.
    pub reads: Vec<(StreamId, u64)>,
    /// Content to keep, by digest.
    pub blobs: Vec<(Digest, Vec<u8>)>,
}

impl Append {
    /// Adds an event to a stream, keeping one write per stream.
    pub fn push(&mut self, stream: StreamId, expected: u64, event: Event) {
        match self.writes.iter_mut().find(|write| write.stream == stream) {
            Some(write) => write.events.push(event),
            None => self.writes.push(Write { stream, expected, events: vec![event] }),
        }
    }

    /// True when nothing is written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.blobs.is_empty()
    }
}
