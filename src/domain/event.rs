//! The log: streams, stored events, and appends over several streams at once.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::deployment::DeploymentEvent;
use super::digest::Digest;
use super::environment::EnvironmentEvent;
use super::ids::{AskId, DeploymentId, DeploymentNo, EnvName, StackId};
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
        let unknown = || format!("{text:?} is not a stream");
        let (kind, rest) = text.split_once('/').ok_or_else(unknown)?;
        match kind {
            "environment" => rest
                .parse()
                .map(StreamId::Environment)
                .map_err(|e| e.to_string()),
            "stack" => rest.parse().map(StreamId::Stack).map_err(|e| e.to_string()),
            "deployment" => rest
                .parse()
                .map(StreamId::Deployment)
                .map_err(|e| e.to_string()),
            _ => Err(unknown()),
        }
    }
}

impl From<StreamId> for String {
    fn from(id: StreamId) -> String {
        id.to_string()
    }
}

/// An event of any stream. It is written as what it is; of which stream it is says where to read it
/// back ([`Event::read`]).
#[derive(Debug, Clone, PartialEq, Serialize)]
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
            Event::Environment(EnvironmentEvent::Locked { .. }) => "locked",
            Event::Stack(event) => event.tag(),
            Event::Deployment(event) => event.tag(),
        }
    }

    /// Reads a stored payload; `form` says in which form it was written.
    ///
    /// # Errors
    /// A sentence when this program does not know the form, the event, or anything in it: what it
    /// cannot say again would be lost.
    pub fn read(stream: &StreamId, form: u32, payload: &Value) -> Result<Event, String> {
        if form > FORM {
            return Err(format!(
                "an event of {stream} has form {form}; this program knows forms up to {FORM}"
            ));
        }
        let event = match stream {
            StreamId::Environment(_) => {
                EnvironmentEvent::deserialize(payload).map(Event::Environment)
            }
            StreamId::Stack(_) => StackEvent::deserialize(payload).map(Event::Stack),
            StreamId::Deployment(_) => DeploymentEvent::deserialize(payload)
                .map(|event| Event::Deployment(Box::new(event))),
        };
        let event = event.map_err(|why| format!("an event of {stream} cannot be read: {why}"))?;
        // What is stored was written from an event: whatever this program knows of it stands in its
        // own form again.
        let again = serde_json::to_value(&event)
            .map_err(|why| format!("an event of {stream} cannot be written again: {why}"))?;
        match unknown(payload, &again) {
            None => Ok(event),
            Some(at) => Err(format!(
                "an event of {stream} says {at}, which this program does not know: a newer one wrote it"
            )),
        }
    }
}

/// Where a stored value says something that is not in what was read from it.
fn unknown(stored: &Value, read: &Value) -> Option<String> {
    match (stored, read) {
        (Value::Object(stored), Value::Object(read)) => stored
            .iter()
            .filter(|(_, value)| !is_nothing(value))
            .find_map(
                |(key, value)| match read.get(key).map(|read| unknown(value, read)) {
                    None => Some(key.clone()),
                    Some(None) => None,
                    Some(Some(below)) => Some(format!("{key}/{below}")),
                },
            ),
        (Value::Array(stored), Value::Array(read)) if stored.len() == read.len() => (0..)
            .zip(stored.iter().zip(read))
            .find_map(|(nth, (stored, read))| Some(format!("{nth}/{}", unknown(stored, read)?))),
        (Value::Array(stored), Value::Array(read)) => {
            Some(format!("{} more", stored.len().abs_diff(read.len())))
        }
        // A text may have been cleaned again; that says nothing new.
        _ => None,
    }
}

/// True for what is left out where it is stored by a program that leaves nothings out.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) | Value::Number(_) => false,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

#[cfg(test)]
mod golden;

/// An event as the store gives it back.
#[derive(Debug, Clone, PartialEq)]
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
            None => self.writes.push(Write {
                stream,
                expected,
                events: vec![event],
            }),
        }
    }

    /// Whether it begins the deployment of that number.
    #[must_use]
    pub fn creates(&self, no: DeploymentNo) -> bool {
        let mut events = self.writes.iter().flat_map(|write| &write.events);
        events.any(|event| match event {
            Event::Deployment(event) => match event.as_ref() {
                DeploymentEvent::Created { request } => request.no == no,
                _ => false,
            },
            _ => false,
        })
    }

    /// True when nothing is written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.blobs.is_empty()
    }
}
